//! `GET /v1/why?id=…`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use axum::extract::{Query, State};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    id: String,
}

pub(super) async fn why(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    match doors.source.why(&ask.id).await {
        Some(why) => json(&why),
        None => {
            let id: String = ask.id.chars().take(200).collect();
            Err(Refusal::missing(format!("there is no {id:?}; `tidegate runs` lists the runs")))
        }
    }
}
