//! `GET /v1/plan?pool=…&release=…`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use axum::extract::{Query, State};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    pool: String,
    release: String,
}

pub(super) async fn plan(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    let pool = ask.pool.parse().map_err(|error| Refusal::bad(format!("pool: {error}")))?;
    let release = ask.release.parse().map_err(|error| Refusal::bad(format!("release: {error}")))?;
    match doors.source.plan(&pool, &release).await {
        Ok(plan) => json(&plan),
        Err(why) => Err(Refusal::conflict(why)),
    }
}
