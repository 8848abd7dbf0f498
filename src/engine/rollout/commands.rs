//! What an accepted command changes in releases and rollouts.

use super::advance::with_rollout;
use super::decide::again;
use super::issue::finish;
use super::restore::{fail, go_on, quarantine_release};
use super::stage::enter;
use super::{Choice, Next, NodeStage, Question, Rollout, begin, facts, moved};
use crate::engine::event::Event;
use crate::engine::incident::Cause;
use crate::engine::orphans;
use crate::engine::state::{State, Stop};
use crate::engine::step::Outcome;
use crate::model::nodes::Strategy;
use crate::model::{Action, Command, PoolName, ReleaseName, RunId, StepKey};

pub(in crate::engine) fn release(
    state: &mut State,
    event: &Event,
    pool: &PoolName,
    release: &ReleaseName,
    out: &mut Outcome,
) {
    facts::announced(state, &event.by, pool, release, out);
}

/// A person who starts a release knows what is known of it: it is in quarantine no more.
pub(in crate::engine) fn start(
    state: &mut State,
    event: &Event,
    pool: &PoolName,
    release: &ReleaseName,
    reason: Option<&str>,
    out: &mut Outcome,
) {
    let Ok(plan) = state.rollout_plan(pool, release) else {
        state.anomaly(&format!("nothing to start for pool {pool} and release {release}"));
        return;
    };
    state.bad_releases.retain(|bad| bad.pool != *pool || bad.release != *release);
    begin::start(state, plan, &event.by, reason.map(ToOwned::to_owned), None, out);
}

/// The pool grows or shrinks. No release is judged by that: what is in quarantine stays there.
pub(in crate::engine) fn scale(
    state: &mut State,
    event: &Event,
    pool: &PoolName,
    nodes: u32,
    reason: Option<&str>,
    out: &mut Outcome,
) {
    match state.scale_plan(pool, nodes) {
        Ok(plan) => {
            begin::start(state, plan, &event.by, reason.map(ToOwned::to_owned), None, out);
        }
        Err(error) => state.anomaly(&format!("pool {pool} cannot be scaled to {nodes}: {error}")),
    }
}

/// A command about a rollout that is known.
pub(in crate::engine) fn steer(
    state: &mut State,
    event: &Event,
    run: RunId,
    command: &Command,
    out: &mut Outcome,
) {
    match command {
        Command::Approve { step, .. } => approve(state, run, step, out),
        Command::Pause { reason, until, .. } => with_rollout(state, run, out, |_, rollout, out| {
            rollout.paused = Some(Stop { until: *until, ..stop(event, reason.as_deref()) });
            State::touch_pool(out, rollout);
        }),
        Command::Resume { .. } => with_rollout(state, run, out, |_, rollout, out| {
            rollout.paused = None;
            State::touch_pool(out, rollout);
        }),
        Command::Abort { reason, .. } => abort(state, event, run, reason, out),
        Command::Retry { step, .. } => retry(state, run, step, out),
        Command::Rollback { step, reason, .. } => rollback(state, event, run, step, reason.as_deref(), out),
        Command::RollBackAll { reason, .. } => roll_back_all(state, event, run, reason, out),
        Command::RollForward { release, reason, .. } => {
            let stop = stop(event, reason.as_deref());
            roll_forward(state, stop, run, release, out);
        }
        Command::SkipNode { step, .. } => skip(state, event, run, step, out),
        Command::Reject { .. }
        | Command::Start { .. }
        | Command::Release { .. }
        | Command::SkipRelease { .. }
        | Command::UnskipRelease { .. }
        | Command::Pin { .. }
        | Command::Unpin { .. }
        | Command::StartRollout { .. }
        | Command::Scale { .. }
        | Command::Unquarantine { .. }
        | Command::Freeze { .. }
        | Command::Thaw { .. }
        | Command::Claim { .. }
        | Command::Close { .. } => {}
    }
}

fn stop(event: &Event, reason: Option<&str>) -> Stop {
    Stop { by: event.by.clone(), reason: reason.map(ToOwned::to_owned), since: event.at, until: None }
}

/// Gaps that were shown may be: the node is looked at once more, and goes on. A verdict that could not be given is given.
fn approve(state: &mut State, run: RunId, key: &StepKey, out: &mut Outcome) {
    with_rollout(state, run, out, |state, rollout, out| {
        let Some(step) = rollout.steps.get_mut(key) else { return };
        let place = step.place;
        match &step.stage {
            NodeStage::Undecided(Question::Gaps(findings)) => {
                step.gaps.extend(findings.iter().filter_map(|finding| finding.workload.clone()));
                enter(state, rollout, place, NodeStage::Preflight, Some(Action::Preflight), out);
            }
            NodeStage::Undecided(Question::Verdict(_)) => moved::good(state, rollout, place, out),
            _ => {}
        }
    });
}

/// Nothing more is begun. What has not touched anything ends; what has is taken back, unless it is nearly done or being taken back.
fn end_all(
    state: &mut State,
    rollout: &mut Rollout,
    untouched: &NodeStage,
    cause: Option<&Cause>,
    out: &mut Outcome,
) {
    for place in rollout.pending.clone() {
        enter(state, rollout, place, untouched.clone(), None, out);
    }
    for place in rollout.flying.clone() {
        let Some(step) = rollout.at_mut(place) else { continue };
        match &step.stage {
            NodeStage::Preflight | NodeStage::Undecided(Question::Gaps(_)) => {
                finish(step, out);
                enter(state, rollout, place, untouched.clone(), None, out);
            }
            NodeStage::Retiring | NodeStage::Restoring(_) => {}
            _ => {
                if let Some(cause) = cause {
                    fail(state, rollout, place, cause.clone(), out);
                }
            }
        }
    }
    let given_up = rollout.steps.values().filter(|step| again(rollout, step).is_err());
    orphans::let_go(state, &rollout.pool, given_up);
    State::touch_pool(out, rollout);
}

fn abort(state: &mut State, event: &Event, run: RunId, reason: &str, out: &mut Outcome) {
    with_rollout(state, run, out, |state, rollout, out| {
        rollout.aborted = Some(stop(event, Some(reason)));
        rollout.paused = None;
        let cause = Cause::Aborted { by: event.by.clone(), reason: Some(reason.to_owned()) };
        end_all(state, rollout, &NodeStage::Aborted(event.by.clone()), Some(&cause), out);
    });
}

fn roll_back_all(state: &mut State, event: &Event, run: RunId, reason: &str, out: &mut Outcome) {
    let over = state.rollouts.get(&run).is_some_and(|rollout| rollout.ended.is_some());
    with_rollout(state, run, out, |state, rollout, out| {
        let stop = stop(event, Some(reason));
        rollout.choice = Some(Choice { stop, next: Next::Back, begun: None });
        rollout.paused = None;
        let cause = Cause::OrderedBack { by: event.by.clone(), reason: Some(reason.to_owned()) };
        quarantine_release(state, rollout, &cause, out);
        end_all(state, rollout, &NodeStage::Superseded, Some(&cause), out);
    });
    if over {
        begin::follow(state, run, out);
    }
}

/// Steps in flight go on to their end; everything else is planned anew with the release that was chosen.
fn roll_forward(state: &mut State, stop: Stop, run: RunId, release: &ReleaseName, out: &mut Outcome) {
    with_rollout(state, run, out, |state, rollout, out| {
        state.bad_releases.retain(|bad| bad.pool != rollout.pool || bad.release != *release);
        rollout.choice = Some(Choice { stop, next: Next::Forward(release.clone()), begun: None });
        rollout.paused = None;
        end_all(state, rollout, &NodeStage::Superseded, None, out);
    });
}

/// 1. The verdict was good: the old node leaves, tried again.
/// 2. It could not be taken back: that is tried again.
/// 3. Else it begins anew.
fn retry(state: &mut State, run: RunId, key: &StepKey, out: &mut Outcome) {
    with_rollout(state, run, out, |state, rollout, out| {
        let surge = rollout.how.strategy == Strategy::Surge;
        let Some(step) = rollout.steps.get_mut(key) else { return };
        let place = step.place;
        let back = match &step.stage {
            NodeStage::Quarantined(_) if step.traces.soaked => {
                return enter(state, rollout, place, NodeStage::Retiring, Some(Action::Retire), out);
            }
            NodeStage::Quarantined(Cause::RestoreFailed { because, .. }) if surge => {
                Some((**because).clone())
            }
            _ => None,
        };
        match back {
            Some(cause) => {
                step.traces.looked = false;
                enter(state, rollout, place, NodeStage::Restoring(cause), None, out);
                go_on(state, rollout, place, out);
            }
            None => {
                step.reset();
                enter(state, rollout, place, NodeStage::Pending, None, out);
            }
        }
    });
}

/// What is in flight is taken back; what is done is by a rollout of its own.
fn rollback(
    state: &mut State,
    event: &Event,
    run: RunId,
    key: &StepKey,
    reason: Option<&str>,
    out: &mut Outcome,
) {
    let reason = reason.map(ToOwned::to_owned);
    let Some(rollout) = state.rollouts.get(&run) else { return };
    if rollout.steps.get(key).is_some_and(|step| step.stage == NodeStage::Done) {
        if let Some(plan) = state.plan_back(rollout, Some(key)) {
            begin::start(state, plan, &event.by, reason, Some(run), out);
        }
        return;
    }
    let cause = Cause::OrderedBack { by: event.by.clone(), reason };
    with_rollout(state, run, out, |state, rollout, out| {
        if let Some(place) = rollout.steps.get(key).map(|step| step.place) {
            fail(state, rollout, place, cause, out);
        }
    });
}

fn skip(state: &mut State, event: &Event, run: RunId, key: &StepKey, out: &mut Outcome) {
    with_rollout(state, run, out, |state, rollout, out| {
        let Some(step) = rollout.steps.get_mut(key) else { return };
        let place = step.place;
        finish(step, out);
        enter(state, rollout, place, NodeStage::Skipped(event.by.clone()), None, out);
    });
}
