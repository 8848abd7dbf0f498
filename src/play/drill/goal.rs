//! Whether what is to be reached holds now.

use crate::engine::State;
use crate::engine::run::Standing;
use crate::model::{Actor, Command, Digest, ImageRef, StepKey, WorkloadId};
use crate::sim::Sim;
use crate::sim::file::Condition;
use std::collections::{BTreeMap, BTreeSet};

/// What conditions are checked against.
pub(super) struct Facts<'a> {
    pub sim: &'a Sim,
    pub state: &'a State,
    /// What each workload ran at the beginning.
    pub first: &'a BTreeMap<WorkloadId, Option<Digest>>,
    /// Whose users are hurt now.
    pub hurt: &'a BTreeSet<WorkloadId>,
    /// The steps that people rejected.
    pub rejected: &'a BTreeSet<StepKey>,
}

impl Facts<'_> {
    /// Whether a condition holds.
    pub fn hold(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Well(workload) => !self.hurt.contains(workload),
            Condition::AsBefore(workload) => Some(&self.sim.runs(workload)) == self.first.get(workload),
            Condition::Updated(workload) => self.updated(workload),
            Condition::Rejected(name) => self.rejected.iter().any(|step| is(step, name)),
            Condition::Quiet => {
                let moves = |run: &crate::engine::Run| run.ended.is_none() && run.paused.is_none();
                self.state.freeze.is_some() || !self.state.each_run().any(moves)
            }
            Condition::Claimed => {
                let mut open = self.state.incidents.values().filter(|incident| incident.closed.is_none());
                !self.state.incidents.is_empty() && open.all(|incident| incident.claimed.is_some())
            }
        }
    }

    /// 1. It runs what its image's tag points to. 2. That is not what it ran at first. 3. No run has it in hand.
    fn updated(&self, workload: &WorkloadId) -> bool {
        let runs = self.sim.runs(workload);
        let tag = self.sim.file().workloads.get(workload).and_then(|file| self.sim.tag(&file.image));
        let step = StepKey::Deploy(workload.clone());
        let in_hand = self.state.runs.values().any(|run| {
            run.ended.is_none() && run.steps.get(&step).is_some_and(|step| step.standing() == Standing::Open)
        });
        runs.is_some() && runs == tag && Some(&runs) != self.first.get(workload) && !in_hand
    }
}

/// Whether a step is that of this image or workload.
fn is(step: &StepKey, name: &str) -> bool {
    match step {
        StepKey::Image(image) => name.parse().is_ok_and(|named: ImageRef| named == *image),
        StepKey::Deploy(workload) => workload.to_string() == name,
        StepKey::Node(node) => node.to_string() == name,
    }
}

/// The step that a person's command rejected.
pub(super) fn rejected<'a>(by: &Actor, command: &'a Command) -> Option<&'a StepKey> {
    match (by, command) {
        (Actor::Person { .. }, Command::Reject { step, .. }) => Some(step),
        _ => None,
    }
}
