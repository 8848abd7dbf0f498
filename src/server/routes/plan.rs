//! `GET /v1/plan?pool=…&release=…`, or `…&nodes=…`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use crate::api::rollout::Goal;
use axum::extract::{Query, State};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    pool: String,
    release: Option<String>,
    nodes: Option<String>,
}

pub(super) async fn plan(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    let pool = ask.pool.parse().map_err(|error| Refusal::bad(format!("pool: {error}")))?;
    match doors.source.plan(&pool, &goal(&ask)?).await {
        Ok(plan) => json(&plan),
        Err(why) => Err(Refusal::conflict(why)),
    }
}

fn goal(ask: &Ask) -> Result<Goal, Refusal> {
    match (&ask.release, &ask.nodes) {
        (Some(release), None) => {
            let release = release.parse().map_err(|error| Refusal::bad(format!("release: {error}")))?;
            Ok(Goal::Release(release))
        }
        (None, Some(nodes)) => {
            let nodes = nodes.parse().map_err(|error| Refusal::bad(format!("nodes: {error}")))?;
            Ok(Goal::Nodes(nodes))
        }
        (None, None) | (Some(_), Some(_)) => {
            Err(Refusal::bad("a plan is asked for with one of `release` and `nodes`".to_owned()))
        }
    }
}
