//! Invariant 3: who has a workload in hand.

use super::Past;
use crate::moment::Moment;
use std::collections::BTreeMap;
use tidegate::engine::DeployStage;
use tidegate::engine::State;
use tidegate::model::{Action, RunId, StepKey, WorkloadId};
use tidegate::sim::{Doing, Hand, NodeDeed};

/// Who changed or moved each workload last and has not let go of it.
#[derive(Default)]
pub struct Truth {
    runs: BTreeMap<WorkloadId, RunId>,
    nodes: BTreeMap<WorkloadId, Vec<(RunId, StepKey)>>,
}

/// Never do two runs, or a run and a node step, have one workload in hand.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.hands;
    for deed in moment.deeds {
        let Hand::Effect(id) = &deed.by else { continue };
        match &deed.doing {
            Doing::SpecSet { workload, .. } => {
                truth.changes(workload, id.run)?;
                if id.action == Action::Deploy {
                    truth.runs.insert(workload.clone(), id.run);
                }
            }
            Doing::Node { is: NodeDeed::Moves(workload), .. } => {
                if let Some(holder) = truth.runs.get(workload) {
                    return Err(format!("{id} moved {workload} while run {holder} had it in hand"));
                }
                truth.nodes.entry(workload.clone()).or_default().push((id.run, id.step.clone()));
            }
            Doing::Node { .. }
            | Doing::Built { .. }
            | Doing::Tested { .. }
            | Doing::Tagged { .. }
            | Doing::Removed { .. }
            | Doing::Hurt { .. }
            | Doing::Well { .. } => {}
        }
    }
    // Let go of as soon as the journal says that the step is over.
    truth.runs.retain(|workload, run| in_hand(moment.state, *run, workload));
    truth.nodes.retain(|_, steps| {
        let holds = |(run, key): &(RunId, StepKey)| {
            moment.state.node_step_of(*run, key).is_some_and(|step| step.stage.holds_work())
        };
        steps.retain(holds);
        !steps.is_empty()
    });
    Ok(())
}

impl Truth {
    fn changes(&self, workload: &WorkloadId, run: RunId) -> Result<(), String> {
        if let Some(holder) = self.runs.get(workload).filter(|holder| **holder != run) {
            return Err(format!("run {run} changed {workload} while run {holder} had it in hand"));
        }
        if let Some((rollout, step)) = self.nodes.get(workload).and_then(|steps| steps.first()) {
            return Err(format!(
                "run {run} changed {workload} while {step} of rollout {rollout} had it in hand"
            ));
        }
        Ok(())
    }
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
