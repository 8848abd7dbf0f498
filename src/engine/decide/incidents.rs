//! Taking and closing incidents.

use super::{Rejection, needs_reason};
use crate::engine::incident::Incident;
use crate::engine::state::State;
use crate::model::{Actor, IncidentId};

fn open(state: &State, id: IncidentId) -> Result<&Incident, Rejection> {
    let missing = || Rejection::Missing { what: format!("incident {id}") };
    let incident = state.incidents.get(&id).ok_or_else(missing)?;
    match &incident.closed {
        Some((by, at, _)) => {
            Err(Rejection::Already(format!("{by} closed this {}", at.hours_minutes_seconds())))
        }
        None => Ok(incident),
    }
}

pub(super) fn claim(state: &State, by: &Actor, id: IncidentId) -> Result<(), Rejection> {
    match &open(state, id)?.claimed {
        Some((who, at)) if who == by => {
            Err(Rejection::Already(format!("you took this {}", at.hours_minutes_seconds())))
        }
        Some(_) | None => Ok(()),
    }
}

pub(super) fn close(state: &State, id: IncidentId, reason: &str) -> Result<(), Rejection> {
    open(state, id)?;
    needs_reason(reason)
}
