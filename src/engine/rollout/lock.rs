//! Who has a workload in hand: deploy steps and node steps exclude each other, step by step and never across a hold or a pause.
//!
//! A deploy step has its workload from its update to its verdict. A node step has what it moves from the cordon that it asks for to the verdict,
//! or until everything is back; while it waits for others, cordoned, it has nothing ([`cordon`](super::cordon) says why nobody waits in a
//! circle). What is in hand is waited for, by name.

use super::{NodeStage, NodeStep, Rollout};
use crate::engine::run::{Run, Step};
use crate::engine::state::State;
use crate::model::{Action, WorkloadId};
use std::collections::{BTreeMap, BTreeSet};

/// The node step that has this workload in hand.
pub(in crate::engine) fn of_workload<'a>(
    state: &'a State,
    workload: &WorkloadId,
) -> Option<(&'a Rollout, &'a NodeStep)> {
    let has = |step: &NodeStep| step.holds_work() && step.moves(state, workload);
    state.rolling().find_map(|rollout| Some((rollout, rollout.in_flight().find(|step| has(step))?)))
}

/// The deploy step that has a workload in hand which this node step would move.
pub(in crate::engine) fn of_node<'a>(state: &'a State, step: &NodeStep) -> Option<(&'a Run, &'a Step)> {
    state.active().find_map(|run| {
        let has = |one: &&Step| {
            one.deploy()
                .is_some_and(|deploy| deploy.stage.holds_workload() && step.moves(state, &deploy.workload))
        };
        Some((run, run.steps.values().find(has)?))
    })
}

/// The other node step that is moving a workload which this one would move: one workload is moved by one step at a time. Watching it
/// may overlap.
pub(in crate::engine) fn of_other_node<'a>(
    state: &'a State,
    rollout: &'a Rollout,
    step: &NodeStep,
) -> Option<&'a NodeStep> {
    let moving = |other: &NodeStep| {
        let back = other.doing.as_ref().is_some_and(|id| id.action == Action::ShiftBack);
        other.stage == NodeStage::Shifting || other.cordons() || back
    };
    let all = state.rolling().filter(|other| other.id != rollout.id).chain([rollout]);
    let mut others = all.flat_map(Rollout::in_flight).filter(|other| other.key != step.key && moving(other));
    let shares = |other: &&NodeStep| other.may_move(state).any(|workload| step.moves(state, workload));
    others.find(shares)
}

impl NodeStep {
    /// What is on its node, with how many tasks, as well as it is known: what was there when nothing new could land any more; before that
    /// what the preflight named.
    pub fn carries(&self) -> Option<&BTreeMap<WorkloadId, u32>> {
        self.carried.as_ref().or(self.preflight.as_ref().map(|report| &report.moves))
    }

    /// Whether it has what it moves in hand: no deploy step may touch that.
    fn holds_work(&self) -> bool {
        self.stage.holds_work() || self.cordons()
    }

    /// Whether the cordon is asked for now, and its answer not known.
    pub(super) fn cordons(&self) -> bool {
        let doing = self.doing.as_ref().is_some_and(|id| id.action == Action::Cordon);
        self.stage == NodeStage::Cordoning && (doing || self.want == Some(Action::Cordon))
    }

    /// Whether it moves, or would move, this workload.
    fn moves(&self, state: &State, workload: &WorkloadId) -> bool {
        let guessed = || {
            let found = self.preflight.as_ref().is_some_and(|report| report.moves.contains_key(workload));
            found || state.nodes.get(&self.node).is_some_and(|look| look.work.contains_key(workload))
        };
        let moves = self.carried.as_ref().map_or_else(guessed, |work| work.contains_key(workload));
        moves || self.watched.contains_key(workload)
    }

    /// What it would move: what was on the node when nothing new could land there any more. Before that is known, what the preflight named
    /// and what was seen on the node since.
    pub(super) fn to_move(&self, state: &State) -> BTreeSet<WorkloadId> {
        self.may_move(state).cloned().collect()
    }

    fn may_move<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a WorkloadId> {
        let guessed = self.carried.is_none();
        let found = self.preflight.iter().filter(move |_| guessed).flat_map(|report| report.moves.keys());
        let there = state.nodes.get(&self.node).filter(|_| guessed);
        let there = there.into_iter().flat_map(|look| look.work.keys());
        let carried = self.carried.iter().flat_map(|work| work.keys());
        found.chain(there).chain(carried).chain(self.watched.keys())
    }
}
