//! What runs on a fleet.

use super::super::shared::Shared;
use super::{found, lost};
use crate::engine::{EventKind, State};
use crate::model::reports::{Answer, Running};
use crate::model::{FleetName, WorkloadId, limits};
use std::collections::BTreeMap;

pub(super) async fn poll(shared: &Shared, name: &FleetName) {
    let who = format!("fleet {name}");
    loop {
        match ask(shared, name).await {
            Ok(running) => {
                found(shared, &who);
                seen(shared, name, running);
            }
            Err(why) => {
                shared.sources.silent(&who, shared.now() + limits::WORKLOADS_EVERY);
                lost(shared, &who, &why);
            }
        }
        shared.world.clock.sleep(limits::WORKLOADS_EVERY).await;
    }
}

async fn ask(shared: &Shared, name: &FleetName) -> Result<Vec<Running>, String> {
    let Some(fleet) = shared.world.fleets.get(name) else { return std::future::pending().await };
    match shared.within(limits::LOOK_STALE, fleet.workloads()).await {
        Some(Answer::Done(running)) => Ok(running),
        Some(Answer::Unreachable(unreachable)) => Err(unreachable.why),
        None => Err(format!("no answer within {}", limits::LOOK_STALE)),
    }
}

/// The order in which a fleet lists its workloads means nothing.
fn seen(shared: &Shared, fleet: &FleetName, running: Vec<Running>) {
    let now = running.into_iter().map(|one| (one.workload.clone(), one)).collect();
    let (running, gone) = shared.read(|state| changed(state, fleet, now));
    if !running.is_empty() || !gone.is_empty() {
        shared.observe(EventKind::WorkloadsSeen { fleet: fleet.clone(), running, gone: Some(gone) });
    }
}

/// What the state does not know: compared as a fleet's nodes are.
fn changed(
    state: &State,
    fleet: &FleetName,
    now: BTreeMap<WorkloadId, Running>,
) -> (Vec<Running>, Vec<WorkloadId>) {
    let known = state.running.keys().filter(|workload| workload.fleet == *fleet);
    let gone = known.filter(|workload| !now.contains_key(*workload)).cloned().collect();
    let new = now.into_iter().filter(|(workload, one)| state.running.get(workload) != Some(one));
    (new.map(|(_, one)| one).collect(), gone)
}
