//! What runs on a fleet.

use super::super::shared::Shared;
use super::{changed, found, lost};
use crate::engine::EventKind;
use crate::model::reports::{Answer, Running};
use crate::model::{FleetName, WorkloadId, limits};

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
    let of_fleet = |workload: &WorkloadId| workload.fleet == *fleet;
    let (running, gone) = shared.read(|state| changed(&state.running, of_fleet, now));
    if !running.is_empty() || !gone.is_empty() {
        shared.observe(EventKind::WorkloadsSeen { fleet: fleet.clone(), running, gone: Some(gone) });
    }
}
