//! `GET /v1/dossier?incident=3`.

use super::answer::{Answer, Refusal, json};
use super::doors::Doors;
use crate::model::IncidentId;
use axum::extract::{Query, State};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    incident: u64,
}

pub(super) async fn dossier(State(doors): State<Doors>, Query(ask): Query<Ask>) -> Answer {
    match doors.source.dossier(IncidentId(ask.incident)).await {
        Ok(Some(dossier)) => json(&dossier),
        Ok(None) => {
            let what = "or its run is not kept any more; `tidegate status` lists the incidents";
            Err(Refusal::missing(format!("there is no incident {}, {what}", ask.incident)))
        }
        Err(why) => Err(Refusal::failed(why)),
    }
}
