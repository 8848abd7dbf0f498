//! Who has a workload in hand: deploy steps and node steps exclude each other, step by step and never across a hold or a pause.
//!
//! A deploy step has its workload from its update to its verdict. A node step has what it moves from the first baseline to the verdict,
//! or until everything is back. What is in hand is waited for, by name.

use super::{NodeStage, NodeStep, Rollout};
use crate::engine::run::{Run, Step};
use crate::engine::state::State;
use crate::model::{Action, WorkloadId};
use std::collections::BTreeSet;

/// The node step that has this workload in hand.
pub(in crate::engine) fn of_workload<'a>(
    state: &'a State,
    workload: &WorkloadId,
) -> Option<(&'a Rollout, &'a NodeStep)> {
    let has = |step: &NodeStep| step.stage.holds_work() && step.moves(state, workload);
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
        other.stage == NodeStage::Shifting || back
    };
    let all = state.rolling().filter(|other| other.id != rollout.id).chain([rollout]);
    let mut others = all.flat_map(Rollout::in_flight).filter(|other| other.key != step.key && moving(other));
    let shares = |other: &&NodeStep| other.may_move(state).any(|workload| step.moves(state, workload));
    others.find(shares)
}

impl NodeStep {
    /// Whether it moves, or would move, this workload.
    fn moves(&self, state: &State, workload: &WorkloadId) -> bool {
        let found = self.preflight.as_ref().is_some_and(|report| report.moves.contains_key(workload));
        let there = state.nodes.get(&self.node).is_some_and(|look| look.work.contains_key(workload));
        found || there || self.watched.contains_key(workload)
    }

    /// What it would move: what the preflight named, and what was seen on the node since.
    pub(super) fn to_move(&self, state: &State) -> BTreeSet<WorkloadId> {
        self.may_move(state).cloned().collect()
    }

    fn may_move<'a>(&'a self, state: &'a State) -> impl Iterator<Item = &'a WorkloadId> {
        let found = self.preflight.iter().flat_map(|report| report.moves.keys());
        let there = state.nodes.get(&self.node).into_iter().flat_map(|look| look.work.keys());
        found.chain(there).chain(self.watched.keys())
    }
}
