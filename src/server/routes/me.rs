//! `GET /v1/me`.

use super::answer::{Answer, json};
use super::doors::Doors;
use crate::api::{Me, VERSION};
use crate::server::accept::Uid;
use crate::server::peer::person;
use axum::extract::{Extension, State};

pub(super) async fn me(State(doors): State<Doors>, Extension(uid): Extension<Uid>) -> Answer {
    let about = doors.about;
    json(&Me {
        actor: person(uid.0),
        version: about.version,
        api: VERSION,
        pid: about.pid,
        read_only: about.read_only,
    })
}
