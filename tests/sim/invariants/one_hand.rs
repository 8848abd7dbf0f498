//! Invariant 3, as long as there are no node releases: who has a workload in hand.

use super::Past;
use crate::moment::Moment;
use std::collections::BTreeMap;
use tidegate::engine::DeployStage;
use tidegate::engine::State;
use tidegate::model::{Action, RunId, StepKey, WorkloadId};
use tidegate::sim::{Doing, Hand};

/// The run that changed each workload last and has not let go of it.
#[derive(Default)]
pub struct Truth(BTreeMap<WorkloadId, RunId>);

/// Never do two runs have one workload in hand.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.hands.0;
    for deed in moment.deeds {
        let (Doing::SpecSet { workload, .. }, Hand::Effect(id)) = (&deed.doing, &deed.by) else { continue };
        if let Some(holder) = truth.get(workload).filter(|holder| **holder != id.run) {
            return Err(format!("run {} changed {workload} while run {holder} had it in hand", id.run));
        }
        if id.action == Action::Deploy {
            truth.insert(workload.clone(), id.run);
        }
    }
    // Let go of as soon as the journal says that the step is over.
    truth.retain(|workload, run| in_hand(moment.state, *run, workload));
    Ok(())
}

fn in_hand(state: &State, run: RunId, workload: &WorkloadId) -> bool {
    let step = state.step_of(run, &StepKey::Deploy(workload.clone()));
    step.and_then(|step| step.deploy()).is_some_and(|deploy| match deploy.stage {
        DeployStage::Updating
        | DeployStage::Soaking { .. }
        | DeployStage::Undecided(_)
        | DeployStage::Restoring(_) => true,
        DeployStage::Waiting
        | DeployStage::Held(_)
        | DeployStage::Healthy
        | DeployStage::Restored(_)
        | DeployStage::Failed(_)
        | DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => false,
    })
}
