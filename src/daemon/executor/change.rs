//! Changes to a fleet: only under a fresh claim of ours.

use super::super::shared::Shared;
use super::look::{fleet_of, name_of, nobody};
use crate::engine::EventKind;
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::reports::{Answer, ChangeReport, Unreachable};
use crate::model::{FleetName, WorkloadId, limits};
use crate::ports::Fleet;

pub(super) async fn deploy(shared: &Shared, job: &DeployJob) -> EventKind {
    let answer = match claimed(shared, &job.workload).await {
        Ok(fleet) => fleet.deploy(job).await,
        Err(unreachable) => Answer::<ChangeReport>::Unreachable(unreachable),
    };
    EventKind::WorkloadChanged { id: job.id.clone(), answer }
}

pub(super) async fn restore(shared: &Shared, job: &RestoreJob) -> EventKind {
    let answer = match claimed(shared, &job.workload).await {
        Ok(fleet) => fleet.restore(job).await,
        Err(unreachable) => Answer::<ChangeReport>::Unreachable(unreachable),
    };
    EventKind::WorkloadChanged { id: job.id.clone(), answer }
}

/// The workload's fleet, once it is known to be ours.
async fn claimed<'a>(shared: &'a Shared, workload: &WorkloadId) -> Result<&'a dyn Fleet, Unreachable> {
    let fleet = fleet_of(shared, workload)?;
    may(shared, &workload.fleet).await.map(|()| fleet)
}

/// Right after the start nothing is known yet: that is worth a moment, and not a failure.
pub(super) async fn may(shared: &Shared, fleet: &FleetName) -> Result<(), Unreachable> {
    shared.within(limits::LOOK_STALE, shared.claims.known(fleet)).await;
    shared.claims.may(fleet, shared.now()).map_err(|why| nobody(name_of(fleet), why))
}
