//! `GET /v1/logs?id=LOG[&offset=N|&at=first_error|&at=end]`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use crate::server::logs::{At, LogError, window};
use axum::extract::{Query, State};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    id: String,
    offset: Option<u64>,
    at: Option<Place>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    FirstError,
    End,
}

pub(super) async fn logs(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    let at = match (ask.offset, ask.at) {
        (Some(offset), _) => At::Offset(offset),
        (None, Some(Place::FirstError)) => At::FirstError,
        (None, Some(Place::End)) => At::End,
        (None, None) => At::Offset(0),
    };
    // Asked before the file is read: a log that ends meanwhile is read to its end the next time.
    let open = doors.source.log_open(&ask.id);
    let folder = doors.source.logs().to_owned();
    let read = tokio::task::spawn_blocking(move || window(&folder, &ask.id, at, open)).await;
    match read.map_err(|error| Refusal::failed(error.to_string()))? {
        Ok(window) => json(&window),
        Err(error @ LogError::NotAnId(_)) => Err(Refusal::bad(error.to_string())),
        Err(error @ LogError::Missing(_)) => Err(Refusal::missing(error.to_string())),
        Err(error @ LogError::System { .. }) => Err(Refusal::failed(error.to_string())),
    }
}
