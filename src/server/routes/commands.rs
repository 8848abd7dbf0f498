//! `POST /v1/commands`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use crate::model::Command;
use crate::model::limits::REQUEST_BODY_BYTES;
use crate::server::accept::Uid;
use crate::server::peer::person;
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, State};

pub(super) async fn commands(
    State(doors): State<Doors>,
    Extension(uid): Extension<Uid>,
    body: Body,
) -> Answer {
    let body = to_bytes(body, REQUEST_BODY_BYTES).await.map_err(|_| Refusal::too_large())?;
    let command: Command = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("the body is no command: {error}; see /v1/openapi.json")))?;
    json(&doors.source.command(person(uid.0), command).await)
}
