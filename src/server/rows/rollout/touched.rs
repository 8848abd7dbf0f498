//! Which rows a fact about rollouts, nodes and pools concerns. The rules, each for something that a row is made of:
//!
//! 1. A node step: its rollout, its nodes, their pool; whoever may wait for what it has in hand, which are the runs and rollouts that go on.
//! 2. A rollout: its row and open steps; once it has ended all of them, since what may be asked for has changed.
//! 3. A node: its pool, what waits for it to be back, and the steps that may or may not be taken back as long as it is there.
//! 4. A pool: its rollouts; only one can go on at a time, so what the others may be asked for depends on it.

use super::in_hand;
use crate::engine::run::Standing;
use crate::engine::{NodeStep, Rollout, State};
use crate::model::{NodeRef, PoolName, RunId, StepKey};
use crate::server::rows::touched::{Change, Subjects};
use crate::server::rows::{View, rollout};

/// The subjects of everything that there is.
pub(in crate::server::rows) fn all(state: &State, subjects: &mut Subjects) {
    for rollout in state.rollouts.values() {
        subjects.runs.insert(rollout.id);
        subjects.steps.extend(rollout.steps.keys().map(|key| (rollout.id, key.clone())));
    }
    subjects.nodes.extend(state.nodes.keys().cloned());
    subjects.pools.extend(state.setup.pools.keys().cloned());
}

/// See rule 1; `id` is a rollout's.
pub(in crate::server::rows) fn step(state: &State, id: RunId, key: &StepKey, subjects: &mut Subjects) {
    let Some(rollout) = state.rollouts.get(&id) else { return };
    subjects.steps.insert((id, key.clone()));
    subjects.pools.insert(rollout.pool.clone());
    subjects.runs.extend(state.active().map(|run| run.id));
    subjects.runs.extend(state.rolling().map(|rollout| rollout.id));
    subjects.nodes.extend(rollout.steps.get(key).into_iter().flat_map(in_hand));
    // Also those of earlier rounds: a step that begins anew forgets them, and they say how it is now.
    let of_it = state.incidents.values().filter(|incident| incident.run == id && incident.step == *key);
    subjects.incidents.extend(of_it.map(|incident| incident.id));
}

/// See rule 2.
pub(in crate::server::rows) fn run(state: &State, rollout: &Rollout, subjects: &mut Subjects) {
    subjects.runs.insert(rollout.id);
    subjects.pools.insert(rollout.pool.clone());
    let of_it = state.incidents.values().filter(|incident| incident.run == rollout.id);
    subjects.incidents.extend(of_it.map(|incident| incident.id));
    subjects.nodes.extend(rollout.in_flight().flat_map(in_hand));
}

/// See rule 3; what of it concerns rollouts is found by [`follow_nodes`], once for all nodes.
pub(in crate::server::rows) fn node(state: &State, node: &NodeRef, subjects: &mut Subjects) {
    subjects.nodes.insert(node.clone());
    // Its pool may have been another one before, or it is gone and nobody knows any more which one that was.
    let pools = state.setup.pools.iter().filter(|(_, how)| how.fleet == node.fleet);
    subjects.pools.extend(pools.map(|(pool, _)| pool.clone()));
    let waits = state.rolling().filter(|rollout| rollout.how.fleet == node.fleet);
    subjects.runs.extend(waits.map(|rollout| rollout.id));
}

/// See rule 4.
pub(in crate::server::rows) fn pool(state: &State, pool: &PoolName, subjects: &mut Subjects) {
    subjects.pools.insert(pool.clone());
    let of_it = state.rollouts.values().filter(|rollout| rollout.pool == *pool);
    of_it.for_each(|rollout| run(state, rollout, subjects));
}

/// The steps that are about one of the nodes that were touched, and their rollouts.
pub(in crate::server::rows) fn follow_nodes(state: &State, subjects: &mut Subjects) {
    if subjects.nodes.is_empty() {
        return;
    }
    for rollout in state.rollouts.values() {
        let about = |step: &&NodeStep| in_hand(step).any(|node| subjects.nodes.contains(&node));
        let found: Vec<StepKey> = rollout.steps.values().filter(about).map(|step| step.key.clone()).collect();
        if !found.is_empty() {
            subjects.summaries.insert(rollout.id);
            subjects.steps.extend(found.into_iter().map(|key| (rollout.id, key)));
        }
    }
}

impl Subjects {
    /// A rollout's row, and those of its steps that are open or were touched.
    pub(in crate::server::rows) fn make_rollout(&self, view: View<'_>, found: &Rollout, change: &mut Change) {
        change.upsert.push(rollout::rollout(view, found));
        let whole = self.runs.contains(&found.id);
        let wanted = |step: &&NodeStep| {
            let open = whole && (found.ended.is_some() || step.standing() == Standing::Open);
            open || self.steps.contains(&(found.id, step.key.clone()))
        };
        change
            .upsert
            .extend(found.steps.values().filter(wanted).map(|step| rollout::step(view, found, step)));
    }
}
