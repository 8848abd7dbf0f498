//! Invariant 7.

use super::Past;
use crate::moment::Moment;
use std::collections::BTreeMap;
use tidegate::engine::EventKind;
use tidegate::model::{Action, Command, Digest, RunId, StepKey, WorkloadId};
use tidegate::sim::{Doing, Hand};

/// What was done last to each thing.
#[derive(Default)]
pub struct Truth {
    specs: BTreeMap<WorkloadId, (RunId, Action, Option<Digest>)>,
    /// What each image step of a run built, until a person has it tried again.
    built: BTreeMap<(RunId, StepKey), Digest>,
}

/// Any effect done twice leaves the same world: what a daemon does again after it was killed, it finds done.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.once;
    if let EventKind::Commanded { command: Command::Retry { run, .. } } = &moment.event.kind {
        // A person has a step tried again, and all that it blocked.
        truth.built.retain(|(built, _), _| built != run);
    }
    for deed in moment.deeds {
        let Hand::Effect(id) = &deed.by else {
            // What somebody else did between makes a second time a first one.
            if let Doing::SpecSet { workload, .. } | Doing::Removed { workload } = &deed.doing {
                truth.specs.remove(workload);
            }
            continue;
        };
        match &deed.doing {
            Doing::SpecSet { workload, digest, .. } => {
                let now = (id.run, id.action, digest.clone());
                if truth.specs.insert(workload.clone(), now.clone()).as_ref() == Some(&now) {
                    return Err(format!("{id} was done a second time on {workload}"));
                }
            }
            Doing::Built { candidate, digest, .. } => {
                if let Some(before) = truth.built.insert((id.run, id.step.clone()), digest.clone()) {
                    return Err(format!(
                        "{id} built {candidate} a second time: {} and {}",
                        before.short(),
                        digest.short()
                    ));
                }
            }
            Doing::Tagged { image, from, to } if from == to => {
                return Err(format!("{id} moved {image} to where it was"));
            }
            Doing::Tagged { .. }
            | Doing::Tested { .. }
            | Doing::Removed { .. }
            | Doing::Hurt { .. }
            | Doing::Well { .. }
            | Doing::Node { .. } => {}
        }
    }
    Ok(())
}
