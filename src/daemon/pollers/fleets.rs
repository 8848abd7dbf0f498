//! What runs on a fleet.

use super::super::shared::Shared;
use super::{found, lost};
use crate::engine::EventKind;
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
    let now: BTreeMap<WorkloadId, Running> =
        running.into_iter().map(|one| (one.workload.clone(), one)).collect();
    let same = shared.read(|state| {
        let known = state.running.iter().filter(|(workload, _)| workload.fleet == *fleet);
        known.eq(now.iter())
    });
    if !same {
        let running = now.into_values().collect();
        shared.observe(EventKind::WorkloadsSeen { fleet: fleet.clone(), running });
    }
}
