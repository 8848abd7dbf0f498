//! Whether what is to be reached holds now.

use crate::engine::State;
use crate::engine::run::Standing;
use crate::model::nodes::Availability;
use crate::model::{Actor, Command, Digest, ImageRef, PoolName, ReleaseName, StepKey, WorkloadId};
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
            Condition::OnRelease { pool, release, nodes } => self.on_release(pool, release, *nodes),
            Condition::Quiet => {
                let moves = |run: &crate::engine::Run| run.ended.is_none() && run.paused.is_none();
                let rolls = || self.state.rolling().any(|rollout| rollout.paused.is_none());
                self.state.freeze.is_some() || !(self.state.each_run().any(moves) || rolls())
            }
            Condition::Claimed => {
                let mut open = self.state.incidents.values().filter(|incident| incident.closed.is_none());
                !self.state.incidents.is_empty() && open.all(|incident| incident.claimed.is_some())
            }
        }
    }

    /// 1. No rollout of the pool is under way. 2. So many of its nodes, or all, run the release and take work.
    fn on_release(&self, pool: &PoolName, release: &ReleaseName, nodes: Option<u32>) -> bool {
        let Some(file) = self.sim.file().pools.get(pool) else { return false };
        let there = self.sim.nodes(&file.fleet).into_iter().filter(|node| node.pool.as_ref() == Some(pool));
        let (good, other): (Vec<_>, Vec<_>) = there.partition(|node| {
            let takes_work = node.up && node.availability == Availability::Active;
            takes_work && node.release.as_ref() == Some(release)
        });
        let enough = match nodes {
            Some(nodes) => good.len() >= nodes as usize,
            None => other.is_empty() && !good.is_empty(),
        };
        enough && !self.state.rolling().any(|rollout| rollout.pool == *pool)
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
