//! `GET /v1/status`.

use super::answer::{Answer, json};
use super::doors::Doors;
use crate::server::status;
use axum::extract::State;

pub(super) async fn status(State(doors): State<Doors>) -> Answer {
    let (seq, rows) = doors.table.rows();
    json(&status::status(seq, doors.clock.now(), &rows))
}
