//! How a node step's stage changes, what a stage means for others, and when something happens by itself.

use super::{NodeStage, NodeStep, Question, Rollout, Traces, Watched};
use crate::engine::due::Due;
use crate::engine::incident::Cause;
use crate::engine::run::{Retry, Standing};
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::{Action, EffectId, FleetName, RunId, StepKey, Timestamp, WorkloadId};
use std::collections::BTreeMap;

impl NodeStage {
    /// How far it is. What a person left out is no failure.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Pending
            | Self::Preflight
            | Self::Provisioning
            | Self::Joining
            | Self::Cordoning
            | Self::Shifting
            | Self::Updating
            | Self::Rejoining
            | Self::Soaking { .. }
            | Self::Undecided(_)
            | Self::Retiring
            | Self::Restoring(_) => Standing::Open,
            Self::Done | Self::Skipped(_) => Standing::Good,
            Self::Restored(_)
            | Self::Failed(_)
            | Self::Quarantined(_)
            | Self::Superseded
            | Self::Aborted(_) => Standing::Bad,
        }
    }

    /// Its word in rows and sentences.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Preflight => "preflight",
            Self::Provisioning => "provisioning",
            Self::Joining => "joining",
            Self::Cordoning => "cordoning",
            Self::Shifting => "shifting",
            Self::Updating => "updating",
            Self::Rejoining => "rejoining",
            Self::Soaking { .. } => "soaking",
            Self::Undecided(_) => "undecided",
            Self::Retiring => "retiring",
            Self::Done => "done",
            Self::Restoring(_) => "restoring",
            Self::Restored(_) => "restored",
            Self::Failed(_) => "failed",
            Self::Quarantined(_) => "quarantined",
            Self::Skipped(_) => "skipped",
            Self::Superseded => "superseded",
            Self::Aborted(_) => "aborted",
        }
    }

    /// Why it failed or is taken back.
    pub fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Restoring(cause)
            | Self::Restored(cause)
            | Self::Failed(cause)
            | Self::Quarantined(cause) => Some(cause),
            Self::Pending
            | Self::Preflight
            | Self::Provisioning
            | Self::Joining
            | Self::Cordoning
            | Self::Shifting
            | Self::Updating
            | Self::Rejoining
            | Self::Soaking { .. }
            | Self::Undecided(_)
            | Self::Retiring
            | Self::Done
            | Self::Skipped(_)
            | Self::Superseded
            | Self::Aborted(_) => None,
        }
    }

    /// Whether the node's work is in our hands for as long as it lasts: no deploy step may touch a workload that it moves.
    pub fn holds_work(&self) -> bool {
        match self {
            Self::Shifting
            | Self::Updating
            | Self::Rejoining
            | Self::Soaking { .. }
            | Self::Undecided(Question::Verdict(_))
            | Self::Restoring(_) => true,
            Self::Pending
            | Self::Preflight
            | Self::Provisioning
            | Self::Joining
            | Self::Cordoning
            | Self::Undecided(Question::Gaps(_))
            | Self::Retiring
            | Self::Done
            | Self::Restored(_)
            | Self::Failed(_)
            | Self::Quarantined(_)
            | Self::Skipped(_)
            | Self::Superseded
            | Self::Aborted(_) => false,
        }
    }
}

impl NodeStep {
    /// How far it is.
    pub fn standing(&self) -> Standing {
        self.stage.standing()
    }

    /// Its stage's word.
    pub fn word(&self) -> &'static str {
        self.stage.word()
    }

    /// Whether anything of it is being done or wanted.
    pub fn busy(&self) -> bool {
        let watches = |one: &Watched| one.want.is_some() || one.doing.is_some() || one.watching.is_some();
        self.want.is_some() || self.doing.is_some() || self.watched.values().any(watches)
    }

    /// The id of the next effect of this kind.
    pub(super) fn next_id(&mut self, run: RunId, action: Action) -> EffectId {
        let attempt = count(&mut self.attempts, action);
        EffectId { run, step: self.key.clone(), subject: None, action, attempt }
    }

    /// The id of the next effect of this kind for a workload that moves.
    pub(super) fn next_watch_id(&mut self, run: RunId, of: &WorkloadId, action: Action) -> Option<EffectId> {
        self.watched.get(of)?;
        let attempt = count(self.attempts_of.entry(of.clone()).or_default(), action);
        Some(EffectId { run, step: self.key.clone(), subject: Some(of.clone()), action, attempt })
    }

    /// It begins anew, with a machine of its own.
    pub(super) fn reset(&mut self) {
        self.round += 1;
        (self.preflight, self.incident, self.carried, self.moved) = (None, None, None, Vec::new());
        self.watched.clear();
        self.gaps.clear();
        // An old node that is still cordoned, or was updated in place, is so in the next round too.
        let Traces { cordoned, updated, .. } = self.traces;
        self.traces = Traces { cordoned, updated, ..Traces::default() };
    }

    fn entered(&mut self, stage: NodeStage, now: Timestamp) {
        let pending = stage == NodeStage::Pending;
        self.stage = stage;
        self.generation += 1;
        self.since = now;
        (self.retry, self.want, self.deadline) = (None, None, None);
        match self.standing() {
            Standing::Open if pending => (self.started, self.ended) = (None, None),
            Standing::Open => {
                self.started.get_or_insert(now);
                self.ended = None;
            }
            Standing::Good | Standing::Bad => self.ended = Some(now),
        }
    }
}

fn count(attempts: &mut BTreeMap<Action, u32>, action: Action) -> u32 {
    let attempt = attempts.entry(action).or_insert(0);
    *attempt += 1;
    *attempt
}

impl Rollout {
    /// The step at a place of the order.
    pub fn at(&self, place: usize) -> Option<&NodeStep> {
        self.steps.at(place)
    }

    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut NodeStep> {
        self.steps.at_mut(place)
    }

    /// The steps that have begun and not ended.
    pub fn in_flight(&self) -> impl Iterator<Item = &NodeStep> {
        self.flying.iter().filter_map(|place| self.at(*place))
    }

    /// Whether more has failed than may: nothing more is begun until a person says how it goes on.
    pub fn stopped(&self) -> bool {
        self.bad.len() > self.how.failure_budget as usize
    }

    /// Whether a person has ended it: nothing more is begun.
    pub fn is_ending(&self) -> bool {
        self.aborted.is_some() || self.choice.is_some()
    }
}

/// The only way that a step's stage changes; the rollout's sets of places follow it.
pub(super) fn enter(
    state: &State,
    rollout: &mut Rollout,
    place: usize,
    stage: NodeStage,
    want: Option<Action>,
    out: &mut Outcome,
) {
    let Some(step) = rollout.at_mut(place) else { return };
    step.entered(stage, state.now);
    step.want = want;
    let (standing, pending) = (step.standing(), step.stage == NodeStage::Pending);
    let (key, failed) = (step.key.clone(), step.stage.cause().is_some());
    for set in [&mut rollout.pending, &mut rollout.flying, &mut rollout.bad] {
        set.remove(&place);
    }
    match standing {
        Standing::Open if pending => drop(rollout.pending.insert(place)),
        Standing::Open => drop(rollout.flying.insert(place)),
        Standing::Good | Standing::Bad => {}
    }
    if failed {
        rollout.bad.insert(place);
    }
    touch(rollout.id, &key, out);
}

/// A step, its node, and the rollout whose summary it is part of.
pub(super) fn touch(run: RunId, key: &StepKey, out: &mut Outcome) {
    out.touch_step(run, key);
}

/// The next moment at which something in a rollout, or by a pool's own rule, happens by itself.
pub(in crate::engine) fn next_deadline(state: &State) -> Option<(Timestamp, Due<'_>)> {
    let frozen = state.freeze.is_some();
    let own = state.rolling().flat_map(|rollout| {
        let halt = Halt {
            paused: frozen || rollout.paused.is_some(),
            refused: state.refused_fleets.contains_key(&rollout.how.fleet),
        };
        let pause = rollout.paused.as_ref().and_then(|pause| pause.until);
        let pause = pause.map(|at| (at, Due::Resume(rollout.id)));
        let steps = rollout.in_flight().filter_map(move |step| {
            let (at, how) = step.next_deadline(state, rollout, halt)?;
            Some((at, Due::Step(rollout.id, &step.key, how)))
        });
        pause.into_iter().chain(steps)
    });
    own.chain(super::begin::next_deadline(state)).min()
}

/// What holds a whole rollout back now.
#[derive(Debug, Clone, Copy)]
struct Halt {
    /// A pause or a freeze: nothing new begins.
    paused: bool,
    /// Another daemon has the fleet: nothing is asked of it.
    refused: bool,
}

impl NodeStep {
    /// The next moment at which something in it happens by itself, and what. Times that have passed and were acted on are not
    /// named again: each is tied to the stage that it ends. Nor is a retry that waits for more than its time.
    fn next_deadline(
        &self,
        state: &State,
        rollout: &Rollout,
        halt: Halt,
    ) -> Option<(Timestamp, &'static str)> {
        let held = |action| halt.paused && super::issue::begins(self, action);
        let may = |_: &&Retry| {
            let wants = self.want.is_some_and(|action| !held(action));
            wants && !halt.refused && super::issue::waits_for_move(state, rollout, self).is_none()
        };
        let retry = self.retry.as_ref().filter(may).map(|retry| (retry.at, "is tried again"));
        let watched = self.watched.values().filter(|one| one.want.is_some() && !halt.refused);
        let watched = watched.filter_map(|one| Some((one.retry.as_ref()?.at, "is looked at again")));
        let own = match &self.stage {
            NodeStage::Soaking { until } if !self.being_judged() => Some((*until, "verdict")),
            NodeStage::Provisioning
            | NodeStage::Joining
            | NodeStage::Cordoning
            | NodeStage::Shifting
            | NodeStage::Updating
            | NodeStage::Rejoining
            | NodeStage::Restoring(_) => self.deadline.map(|at| (at, "is due")),
            NodeStage::Pending
            | NodeStage::Preflight
            | NodeStage::Soaking { .. }
            | NodeStage::Undecided(_)
            | NodeStage::Retiring
            | NodeStage::Done
            | NodeStage::Restored(_)
            | NodeStage::Failed(_)
            | NodeStage::Quarantined(_)
            | NodeStage::Skipped(_)
            | NodeStage::Superseded
            | NodeStage::Aborted(_) => None,
        };
        retry.into_iter().chain(watched).chain(own).min()
    }

    /// Whether the looks at the end of the soak have begun.
    pub(super) fn being_judged(&self) -> bool {
        let look = |one: &Watched| {
            let doing = one.doing.as_ref().is_some_and(|id| id.action == Action::Look);
            doing || one.want == Some(Action::Look) || one.judged.is_some()
        };
        self.watched.values().any(look)
    }
}

impl State {
    /// Rollouts that have not ended.
    pub fn rolling(&self) -> impl Iterator<Item = &Rollout> {
        self.rollouts.values().filter(|rollout| rollout.ended.is_none())
    }

    /// Since when a step of a rollout waits for a node to come into this fleet, or back; of several the one that began last.
    pub fn node_awaited_since(&self, fleet: &FleetName) -> Option<Timestamp> {
        let awaits = |step: &NodeStep| match step.stage {
            NodeStage::Joining => step.traces.joined.is_none(),
            NodeStage::Rejoining => true,
            _ => false,
        };
        self.rolling()
            .filter(|rollout| rollout.how.fleet == *fleet)
            .flat_map(|rollout| rollout.in_flight().filter(|step| awaits(step)).map(|step| step.since))
            .max()
    }

    /// A step of a rollout.
    pub fn node_step_of(&self, run: RunId, step: &StepKey) -> Option<&NodeStep> {
        self.rollouts.get(&run)?.steps.get(step)
    }

    pub(super) fn touch_pool(out: &mut Outcome, rollout: &Rollout) {
        out.touch(Key::Run(rollout.id));
        out.touch(Key::Pool(rollout.pool.clone()));
    }
}
