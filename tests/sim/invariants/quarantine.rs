//! Invariant 8.

use super::Past;
use super::put_back::changed;
use crate::moment::Moment;
use std::collections::BTreeSet;
use tidegate::engine::{Cause, DeployStage, EventKind};
use tidegate::model::{Action, Command, Digest, WorkloadId};
use tidegate::sim::{Doing, Hand};

/// What each workload fell sick of.
#[derive(Default)]
pub struct Truth(BTreeSet<(WorkloadId, Digest)>);

/// What a workload fell sick of is not deployed to it again by itself.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let sick = &mut past.sick.0;
    for deed in moment.deeds {
        let (Doing::SpecSet { workload, digest: Some(digest), .. }, Hand::Effect(id)) =
            (&deed.doing, &deed.by)
        else {
            continue;
        };
        if id.action == Action::Deploy && sick.contains(&(workload.clone(), digest.clone())) {
            return Err(format!("{id} gave {workload} {} again, of which it fell sick", digest.short()));
        }
    }
    if let EventKind::Commanded { command: Command::Unquarantine { workload, .. } } = &moment.event.kind {
        sick.retain(|(other, _)| other != workload);
    }
    for (_, step) in changed(moment) {
        let Some(deploy) = step.deploy() else { continue };
        if let (DeployStage::Restored(cause), Some(digest)) = (&deploy.stage, &deploy.want)
            && of_sickness(cause)
        {
            sick.insert((deploy.workload.clone(), digest.clone()));
        }
    }
    Ok(())
}

/// Whether the workload was seen to be sick of what it was given.
fn of_sickness(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::TasksEnded { .. }
            | Cause::ProbesFailed { .. }
            | Cause::NotThereByDeadline { .. }
            | Cause::FewerTasks { .. }
    )
}
