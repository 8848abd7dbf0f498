//! Invariant 4, as long as there are no node releases: what becomes of a deploy that failed.

use super::Past;
use crate::moment::Moment;
use std::collections::BTreeMap;
use tidegate::engine::{DeployStage, Step};
use tidegate::model::{Action, Digest, EffectId, RunId, WorkloadId};
use tidegate::sim::{Doing, Hand, Sim};

/// A spec that was set: by which effect of ours, and the digest that it names.
type Spec = (Option<EffectId>, Option<Digest>);

/// What each workload ran, by whom, in order.
pub struct Truth(BTreeMap<WorkloadId, Vec<Spec>>);

impl Truth {
    pub fn new(sim: &Sim) -> Self {
        let begin = |id: &WorkloadId| (id.clone(), vec![(None, sim.runs(id))]);
        Self(sim.file().workloads.keys().map(begin).collect())
    }

    /// Whether the workload runs what it ran before `run` deployed to it, or what somebody else gave it since.
    fn back(&self, workload: &WorkloadId, run: RunId) -> bool {
        let Some(specs) = self.0.get(workload) else { return true };
        let ours = |(id, _): &(Option<EffectId>, _)| {
            id.as_ref().is_some_and(|id| id.run == run && id.action == Action::Deploy)
        };
        let Some(at) = specs.iter().rposition(ours) else { return true };
        let others = specs[at..].iter().any(|(id, _)| id.is_none());
        let before = at.checked_sub(1).and_then(|index| specs.get(index)).map(|(_, digest)| digest);
        others || before == specs.last().map(|(_, digest)| digest)
    }
}

/// A deploy that failed is put back, or says that it was not, and an incident tells a person.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.specs;
    for deed in moment.deeds {
        let by = match &deed.by {
            Hand::Effect(id) => Some(id.clone()),
            Hand::Outside | Hand::Orchestrator => None,
        };
        match &deed.doing {
            Doing::SpecSet { workload, digest, .. } => {
                truth.0.entry(workload.clone()).or_default().push((by, digest.clone()));
            }
            Doing::Removed { workload } => truth.0.entry(workload.clone()).or_default().push((None, None)),
            Doing::Built { .. }
            | Doing::Tested { .. }
            | Doing::Tagged { .. }
            | Doing::Hurt { .. }
            | Doing::Well { .. }
            | Doing::Node { .. } => {}
        }
    }
    for (run, step) in changed(moment) {
        let Some(deploy) = step.deploy() else { continue };
        let told = step.incident.is_some_and(|id| moment.state.incidents.contains_key(&id));
        match &deploy.stage {
            DeployStage::Restored(cause) => {
                if !truth.back(&deploy.workload, run) {
                    return Err(format!(
                        "{} is said to be restored and does not run what it ran: {cause}",
                        deploy.workload
                    ));
                }
            }
            DeployStage::Failed(cause) if deploy.touched && !told => {
                return Err(format!("{} failed ({cause}) and no incident tells anybody", deploy.workload));
            }
            DeployStage::Failed(_)
            | DeployStage::Waiting
            | DeployStage::Held(_)
            | DeployStage::Updating
            | DeployStage::Soaking { .. }
            | DeployStage::Healthy
            | DeployStage::Undecided(_)
            | DeployStage::Restoring(_)
            | DeployStage::Quarantined(_)
            | DeployStage::Blocked(_)
            | DeployStage::Superseded
            | DeployStage::Aborted(_) => {}
        }
    }
    Ok(())
}

/// The steps whose stage this event changed.
pub fn changed<'a>(moment: &'a Moment<'_>) -> impl Iterator<Item = (RunId, &'a Step)> {
    let steps = moment.state.runs.values().flat_map(|run| run.steps.values().map(|step| (run.id, step)));
    steps.filter(|(run, step)| {
        let before = moment.before.step_of(*run, &step.key);
        before.is_none_or(|before| before.generation != step.generation)
    })
}
