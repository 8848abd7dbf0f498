//! The only place that turns what a step wants into an effect, when it may.

use super::{Retry, Run, Step, Untag, image, jobs};
use crate::engine::effect::{Effect, Job};
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::model::reports::Unreachable;
use crate::model::{Action, EffectId, Span, StepKey, Timestamp, limits};

/// Whether an action begins something new: a pause or a freeze holds it back. Evidence and put-backs go on.
pub(super) fn begins(action: Action) -> bool {
    match action {
        Action::Build | Action::Test | Action::Publish | Action::Baseline | Action::Deploy => true,
        Action::Retest
        | Action::Control
        | Action::Watch
        | Action::Look
        | Action::Restore
        | Action::Untag
        | Action::Discard
        // Those are never a run's.
        | Action::Preflight
        | Action::Provision
        | Action::Find
        | Action::Admit
        | Action::Cordon
        | Action::Shift
        | Action::Update
        | Action::Uncordon
        | Action::ShiftBack
        | Action::Retire
        | Action::Deprovision => false,
    }
}

/// Whether there is anything for [`issue`] to do, now or once it may.
pub(super) fn asks(step: &Step) -> bool {
    step.want.is_some() || matches!(step.untagging, Untag::Wanted | Untag::Waiting(_))
}

/// Issues what the step wants:
///
/// 1. nothing of it is being done (a watch may stand beside it), and
/// 2. the time of a retry has come, and
/// 3. neither a pause nor a freeze holds it back, and
/// 4. no other daemon holds its fleet.
pub(super) fn issue(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    untag(state, run, key, out);
    let stopped = state.freeze.is_some() || run.paused.is_some();
    let Some(step) = run.steps.get(key) else { return };
    let Some(action) = step.want else { return };
    let early = step.retry.as_ref().is_some_and(|retry| retry.at > state.now);
    let standing_watch = action == Action::Watch;
    if early
        || (step.doing.is_some() && !standing_watch)
        || (stopped && begins(action))
        || elsewhere(state, key)
    {
        return;
    }
    let action = prepare(state, run, key, action);
    let Some(step) = run.steps.get_mut(key) else { return };
    let id = step.next_id(run.id, action);
    let Some(job) = jobs::make(state, run, key, &id) else {
        state.anomaly(&format!("nothing to do for {id}"));
        return;
    };
    if let Some(step) = run.steps.get_mut(key) {
        step.want = None;
        match action {
            Action::Watch => step.watching = Some(id),
            _ => step.doing = Some(id),
        }
    }
    out.touch_step(run.id, key);
    out.effects.push(Effect::Do(job));
}

/// Whether another daemon has the fleet that the step is about.
pub(super) fn elsewhere(state: &State, key: &StepKey) -> bool {
    match key {
        StepKey::Deploy(workload) => state.refused_fleets.contains_key(&workload.fleet),
        StepKey::Image(_) | StepKey::Node(_) => false,
    }
}

/// What must be fixed before the job can be made. A baseline that has grown old is taken anew, unless the update may have
/// happened already.
fn prepare(state: &State, run: &mut Run, key: &StepKey, action: Action) -> Action {
    match action {
        Action::Build => {
            let retried = run.steps.get(key).is_some_and(|step| step.retry.is_some());
            if !retried {
                image::fix_inputs(state, run, key);
            }
            action
        }
        Action::Deploy => {
            let Some(deploy) = run.steps.get_mut(key).and_then(Step::deploy_mut) else { return action };
            let age = deploy.baseline.as_ref().map(|look| state.now.since(look.at));
            if !deploy.touched && age.is_some_and(|age| age > limits::LOOK_STALE) {
                return Action::Baseline;
            }
            deploy.touched = true;
            action
        }
        _ => action,
    }
}

fn untag(state: &State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(step) = run.steps.get_mut(key) else { return };
    let due = match &step.untagging {
        Untag::Wanted => true,
        Untag::Waiting(retry) => retry.at <= state.now,
        Untag::No | Untag::Doing(_) | Untag::Done | Untag::LeftAlone(_) => false,
    };
    if !due {
        return;
    }
    let id = step.next_id(run.id, Action::Untag);
    let job = jobs::make(state, run, key, &id);
    let Some(step) = run.steps.get_mut(key) else { return };
    match job {
        Some(job) => {
            step.untagging = Untag::Doing(id);
            out.effects.push(Effect::Do(job));
        }
        None => step.untagging = Untag::LeftAlone("there was no public tag before".to_owned()),
    }
    out.touch_step(run.id, key);
}

/// Somebody could not be reached: when the same thing is asked for again. The wait doubles up to its limit, and a server's own
/// word (`Retry-After`) is respected.
pub(in crate::engine) fn again(now: Timestamp, before: Option<&Retry>, cause: Unreachable) -> Retry {
    again_within(now, before, cause, limits::RETRY_LONGEST)
}

/// [`again`], with a longest wait of its own.
pub(in crate::engine) fn again_within(
    now: Timestamp,
    before: Option<&Retry>,
    cause: Unreachable,
    longest: Span,
) -> Retry {
    let tries = before.map_or(0, |retry| retry.tries) + 1;
    let doubled = limits::RETRY_FIRST.as_millis() << tries.saturating_sub(1).min(16);
    let wait = doubled.min(longest.as_millis());
    let asked = cause.retry_after.map_or(0, Span::as_millis);
    Retry {
        since: before.map_or(now, |retry| retry.since),
        at: now + Span::from_millis(wait.max(asked)),
        tries,
        cause,
    }
}

/// What must be issued again after a restart: the same ids, so that adapters find out what became of the first time.
pub(in crate::engine) fn outstanding(state: &State) -> Vec<Effect> {
    let mut effects = Vec::new();
    for run in state.runs.values() {
        for step in run.steps.values() {
            let untag = match &step.untagging {
                Untag::Doing(id) => Some(id),
                Untag::No | Untag::Wanted | Untag::Waiting(_) | Untag::Done | Untag::LeftAlone(_) => None,
            };
            let ids: Vec<&EffectId> =
                [step.doing.as_ref(), step.watching.as_ref(), untag].into_iter().flatten().collect();
            effects.extend(
                ids.into_iter().filter_map(|id| jobs::make(state, run, &step.key, id)).map(Effect::Do),
            );
        }
    }
    effects
}

/// See [`Job`].
pub(super) type Made = Option<Job>;
