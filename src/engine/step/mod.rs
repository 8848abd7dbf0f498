//! What each fact changes: one file per family of facts. The dispatcher only matches and calls.

mod commands;
mod results;
mod world;

use super::effect::Effect;
use super::event::{Event, EventKind};
use super::orphans;
use super::outbox;
use super::rollout;
use super::run::{self, Run};
use super::state::{Key, State};
use crate::model::{RunId, StepKey, limits};
use std::collections::BTreeSet;

/// What a fact led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What is to be done, in order.
    pub effects: Vec<Effect>,
    /// What was touched: which rows must be made anew.
    pub touched: BTreeSet<Key>,
}

impl Outcome {
    pub(super) fn touch(&mut self, key: Key) {
        self.touched.insert(key);
    }

    /// A step, and the run whose summary it is part of.
    pub(super) fn touch_step(&mut self, run: RunId, step: &StepKey) {
        self.touch(Key::Step(run, step.clone()));
        self.touch(Key::Run(run));
        match step {
            StepKey::Image(image) => self.touch(Key::Image(image.clone())),
            StepKey::Deploy(workload) => self.touch(Key::Workload(workload.clone())),
            StepKey::Node(node) => self.touch(Key::Node(node.clone())),
        }
    }
}

impl State {
    /// Takes a fact in. Total: a fact that is illegal here is recorded as an anomaly and changes nothing else.
    pub fn step(&mut self, event: &Event) -> Outcome {
        let mut out = Outcome::default();
        self.now = self.now.max(event.at);
        match &event.kind {
            EventKind::Installed { install } => self.install.clone_from(install),
            EventKind::DaemonStarted { marks, .. } => {
                self.marks = *marks;
                out.touch(Key::All);
            }
            EventKind::ConfigLoaded { setup } => world::configured(self, setup, &mut out),
            EventKind::RecipesRead { recipes } => world::recipes_read(self, recipes, &mut out),
            EventKind::HintReceived { image, .. } => out.touch(Key::Image(image.clone())),
            EventKind::TagSeen { image, digest, .. } => {
                world::tag_seen(self, event, image, digest.as_ref(), &mut out);
            }
            EventKind::SourceLost { who, why } => world::source_lost(self, who, why, &mut out),
            EventKind::SourceFound { who } => world::source_found(self, who, &mut out),
            EventKind::WorkloadsSeen { fleet, running, gone } => {
                world::workloads_seen(self, fleet, running, gone.as_deref(), &mut out);
            }
            EventKind::FleetRefused { fleet, holder } => world::fleet_refused(self, fleet, holder, &mut out),
            EventKind::FleetClaimed { fleet } => world::fleet_claimed(self, fleet, &mut out),
            EventKind::BuildFinished { id, answer } => results::built(self, id, answer, &mut out),
            EventKind::TestsFinished { id, answer } => results::tested(self, id, answer, &mut out),
            EventKind::TagPublished { id, answer } => results::tag_moved(self, id, answer, &mut out),
            EventKind::WorkloadLooked { id, answer } => results::looked(self, id, answer, &mut out),
            EventKind::WorkloadChanged { id, answer } => results::changed(self, id, answer, &mut out),
            EventKind::WorkloadWatched { id, answer } => results::watched(self, id, answer, &mut out),
            EventKind::CandidateDiscarded { id, answer } => results::discarded(self, id, answer, &mut out),
            EventKind::NodesSeen { fleet, nodes, gone } => {
                rollout::facts::nodes_seen(self, fleet, nodes, gone, &mut out);
            }
            EventKind::OrphansSeen { pool, machines } => orphans::seen(self, pool, machines, &mut out),
            EventKind::ReleaseAnnounced { pool, release } => {
                rollout::facts::announced(self, &event.by, pool, release, &mut out);
            }
            EventKind::NodePreflighted { id, answer } => {
                rollout::results::preflighted(self, id, answer, &mut out);
            }
            EventKind::NodeProvisioned { id, answer } => {
                rollout::results::provisioned(self, id, answer, &mut out);
            }
            EventKind::MachineFound { id, answer } => rollout::results::found(self, id, answer, &mut out),
            EventKind::NodeShifted { id, answer } => rollout::results::shifted(self, id, answer, &mut out),
            EventKind::NodeChanged { id, answer } if id.run == RunId::NONE => {
                orphans::left(self, id, answer, &mut out);
            }
            EventKind::NodeChanged { id, answer } => rollout::results::changed(self, id, answer, &mut out),
            EventKind::NodeUpdated { id, answer } => rollout::results::updated(self, id, answer, &mut out),
            EventKind::NodeRemoved { id, answer } if id.run == RunId::NONE => {
                orphans::removed(self, id, answer, &mut out);
            }
            EventKind::NodeRemoved { id, answer } => rollout::results::removed(self, id, answer, &mut out),
            EventKind::NoticeSent { id, attempt } => outbox::answered(self, id, *attempt, None, &mut out),
            EventKind::NoticeFailed { id, attempt, cause } => {
                outbox::answered(self, id, *attempt, Some(cause), &mut out);
            }
            EventKind::DeadlinePassed => deadline_passed(self, &mut out),
            EventKind::Commanded { command } => commands::apply(self, event, command, &mut out),
            EventKind::CommandRefused { .. } => {}
        }
        rollout::settle(self, &mut out);
        orphans::go_on(self, &mut out);
        outbox::settle(self, &mut out);
        out
    }

    /// What must be done again after a restart, with the ids it had.
    pub fn outstanding(&self) -> Vec<Effect> {
        let rollouts = rollout::outstanding(self);
        let others = outbox::outstanding(self).chain(orphans::outstanding(self));
        run::outstanding(self).into_iter().chain(rollouts).chain(others).collect()
    }
}

/// Works on a run that is taken out of the state meanwhile, lets it go on, and starts what waited for its end.
fn with_run(
    state: &mut State,
    id: RunId,
    out: &mut Outcome,
    work: impl FnOnce(&mut State, &mut Run, &mut Outcome),
) {
    let Some(mut run) = state.runs.remove(&id) else {
        state.anomaly(&format!("there is no run {id}"));
        return;
    };
    let was_over = run.ended.is_some();
    work(state, &mut run, out);
    run::advance(state, &mut run, out);
    let over = run.ended.is_some();
    state.runs.insert(id, run);
    if over && !was_over {
        ended(state, out);
    }
}

fn ended(state: &mut State, out: &mut Outcome) {
    run::queue(state, out);
    // A workload that this run had in hand may be waited for by another.
    let others: Vec<RunId> = state.active().map(|run| run.id).collect();
    others.into_iter().for_each(|id| let_go_on(state, id, out));
    forget(state, out);
}

/// Lets every run go on: a workload that a node step had in hand may be waited for.
pub(super) fn runs_go_on(state: &mut State, out: &mut Outcome) {
    let active: Vec<RunId> = state.active().map(|run| run.id).collect();
    active.into_iter().for_each(|id| let_go_on(state, id, out));
}

fn let_go_on(state: &mut State, id: RunId, out: &mut Outcome) {
    with_run(state, id, out, |_, _, _| {});
}

/// Drops what is beyond the limits, oldest first; the journal has it all.
fn forget(state: &mut State, out: &mut Outcome) {
    let old: Vec<RunId> = state.runs.values().filter(|run| run.ended.is_some()).map(|run| run.id).collect();
    let surplus = old.len().saturating_sub(limits::ENDED_RUNS);
    for id in old.into_iter().take(surplus) {
        state.runs.remove(&id);
        out.touch(Key::Run(id));
    }
    let closed: Vec<_> = state.incidents.values().filter(|i| i.closed.is_some()).map(|i| i.id).collect();
    let surplus = closed.len().saturating_sub(limits::CLOSED_INCIDENTS);
    for id in closed.into_iter().take(surplus) {
        state.incidents.remove(&id);
        outbox::forget(state, id);
        out.touch(Key::Incident(id));
    }
}

fn deadline_passed(state: &mut State, out: &mut Outcome) {
    if state.freeze.as_ref().and_then(|f| f.until).is_some_and(|until| until <= state.now) {
        state.freeze = None;
        out.touch(Key::All);
    }
    outbox::deadline(state, out);
    let now = state.now;
    let frozen = state.freeze.is_some();
    let due = |run: &&Run| {
        let waits_for_thaw = run.ended.is_none() && !frozen;
        waits_for_thaw || run.next_deadline(state).is_some_and(|(at, _)| at <= now)
    };
    let due: Vec<RunId> = state.each_run().filter(due).map(|run| run.id).collect();
    due.into_iter().for_each(|id| let_go_on(state, id, out));
    rollout::automatic(state, out);
    rollout::all_go_on(state, out);
}
