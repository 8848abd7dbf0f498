//! What an accepted command changes. It was checked by `decide`; what no longer fits is an anomaly.

use super::{Outcome, with_run};
use crate::engine::event::Event;
use crate::engine::hold::{Approval, Hold};
use crate::engine::incident::Cause;
use crate::engine::rollout;
use crate::engine::run::{self, Body, DeployStage, ImageStage, Run, Standing, Step, deploy, image};
use crate::engine::state::{Change, Key, State, Stop};
use crate::model::{Action, Command, ImageRef, IncidentId, RunId, StepKey, Timestamp, WorkloadId};

pub(super) fn apply(state: &mut State, event: &Event, command: &Command, out: &mut Outcome) {
    if let Some(id) = state.rollout_of(command).map(|rollout| rollout.id) {
        return rollout::commands::steer(state, event, id, command, out);
    }
    match command {
        Command::Release { pool, release } => rollout::commands::release(state, event, pool, release, out),
        Command::SkipRelease { pool, release, reason } => {
            let skipped = stop(event, Some(reason), None);
            rollout::pins::skip(state, pool, release, Some(&skipped), out);
        }
        Command::UnskipRelease { pool, release, .. } => rollout::pins::skip(state, pool, release, None, out),
        Command::Pin { pool, reason } => rollout::pins::pin(state, event, pool, reason, out),
        Command::Unpin { pool, .. } => rollout::pins::unpin(state, pool, out),
        Command::StartRollout { pool, release, reason, .. } => {
            rollout::commands::start(state, event, pool, release, reason.as_deref(), out);
        }
        Command::Scale { pool, nodes, reason, .. } => {
            rollout::commands::scale(state, event, pool, *nodes, reason.as_deref(), out);
        }
        Command::RollBackAll { run, .. }
        | Command::RollForward { run, .. }
        | Command::SkipNode { run, .. } => state.anomaly(&format!("there is no rollout {run}")),
        Command::Approve { run, step, note, .. } => approve(state, event, *run, step, note.as_deref(), out),
        Command::Reject { run, step, .. } => reject(state, event, *run, step, out),
        Command::Pause { run, reason, until } => pause(state, event, *run, reason.as_deref(), *until, out),
        Command::Resume { run, .. } => with_run(state, *run, out, |_, run, out| {
            run.paused = None;
            out.touch(Key::Run(run.id));
        }),
        Command::Abort { run, reason } => abort(state, event, *run, reason, out),
        Command::Retry { run, step, .. } => retry(state, *run, step, out),
        Command::Rollback { run, step, reason, .. } => {
            rollback(state, event, *run, step, reason.as_deref(), out);
        }
        Command::Start { image, reason } => start(state, event, image, reason.as_deref(), out),
        Command::Unquarantine { workload, .. } => unquarantine(state, workload, out),
        Command::Freeze { reason, until } => {
            state.freeze = Some(stop(event, reason.as_deref(), *until));
            out.touch(Key::All);
            // A node that is cordoned and waits is given back meanwhile.
            rollout::all_go_on(state, out);
        }
        Command::Thaw { .. } => thaw(state, out),
        Command::Claim { incident } => claim(state, event, *incident, out),
        Command::Close { incident, reason } => close(state, event, *incident, reason, out),
    }
}

fn stop(event: &Event, reason: Option<&str>, until: Option<Timestamp>) -> Stop {
    Stop { by: event.by.clone(), reason: reason.map(ToOwned::to_owned), since: event.at, until }
}

fn approve(
    state: &mut State,
    event: &Event,
    run: RunId,
    key: &StepKey,
    note: Option<&str>,
    out: &mut Outcome,
) {
    with_run(state, run, out, |state, run, out| {
        let Some(step) = run.steps.get_mut(key) else { return };
        out.touch_step(run.id, key);
        if let Some(hold) = hold_mut(step) {
            let note = note.map(ToOwned::to_owned);
            hold.approvals.push(Approval { by: event.by.clone(), at: event.at, note });
            step.generation += 1;
        } else if matches!(step.deploy().map(|d| &d.stage), Some(DeployStage::Undecided(_))) {
            deploy::healthy(state, run, key, out);
        }
    });
}

fn hold_mut(step: &mut Step) -> Option<&mut Hold> {
    match &mut step.body {
        Body::Image(image) => match &mut image.stage {
            ImageStage::Held(hold) => Some(hold),
            _ => None,
        },
        Body::Deploy(deploy) => match &mut deploy.stage {
            DeployStage::Held(hold) => Some(hold),
            _ => None,
        },
    }
}

fn reject(state: &mut State, event: &Event, run: RunId, key: &StepKey, out: &mut Outcome) {
    let by = event.by.clone();
    with_run(state, run, out, |state, run, out| match key {
        StepKey::Image(_) => {
            image::end(state, run, key, ImageStage::Aborted(by), out);
        }
        StepKey::Deploy(_) => {
            deploy::end(state, run, key, DeployStage::Aborted(by), out);
        }
        // Those are steps of rollouts.
        StepKey::Node(_) => {}
    });
}

fn pause(
    state: &mut State,
    event: &Event,
    run: RunId,
    reason: Option<&str>,
    until: Option<Timestamp>,
    out: &mut Outcome,
) {
    with_run(state, run, out, |_, run, out| {
        run.paused = Some(stop(event, reason, until));
        out.touch(Key::Run(run.id));
    });
}

/// Nothing new begins; what is being published is published; what is being updated is put back.
fn abort(state: &mut State, event: &Event, run: RunId, reason: &str, out: &mut Outcome) {
    with_run(state, run, out, |state, run, out| {
        run.aborted = Some(stop(event, Some(reason), None));
        run.paused = None;
        for place in 0..run.steps.len() {
            let Some(step) = run.steps.at(place).filter(|step| step.standing() == Standing::Open) else {
                continue;
            };
            let key = step.key.clone();
            match &step.body {
                Body::Image(image) if image.stage == ImageStage::Publishing => {}
                Body::Image(_) => {
                    image::end(state, run, &key, ImageStage::Aborted(event.by.clone()), out);
                }
                Body::Deploy(deploy)
                    if deploy.touched && !matches!(deploy.stage, DeployStage::Restoring(_)) =>
                {
                    let cause = Cause::Aborted { by: event.by.clone(), reason: Some(reason.to_owned()) };
                    deploy::unhealthy(state, run, &key, cause, out);
                }
                Body::Deploy(deploy) if matches!(deploy.stage, DeployStage::Restoring(_)) => {}
                Body::Deploy(_) => {
                    deploy::end(state, run, &key, DeployStage::Aborted(event.by.clone()), out);
                }
            }
        }
    });
}

/// The failed step begins again where it failed, and what it had blocked waits again.
fn retry(state: &mut State, run: RunId, key: &StepKey, out: &mut Outcome) {
    with_run(state, run, out, |state, run, out| {
        again(state, run, key, out);
        let mut open = vec![key.clone()];
        while let Some(blocker) = open.pop() {
            let blocked: Vec<StepKey> =
                run.steps.values().filter(|s| blocked_by(s, &blocker)).map(|s| s.key.clone()).collect();
            for key in blocked {
                again(state, run, &key, out);
                open.push(key);
            }
        }
        run.aborted = None;
    });
}

fn blocked_by(step: &Step, blocker: &StepKey) -> bool {
    match &step.body {
        Body::Image(image) => matches!(&image.stage, ImageStage::Blocked(by) if by == blocker),
        Body::Deploy(deploy) => matches!(&deploy.stage, DeployStage::Blocked(by) if by == blocker),
    }
}

/// Tests that failed are run again on the candidate that is there; everything else begins anew.
fn again(state: &State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(step) = run.steps.get_mut(key) else { return };
    step.incident = None;
    out.touch_step(run.id, key);
    match &mut step.body {
        Body::Image(image) if matches!(image.stage, ImageStage::Failed(Cause::Tests { .. })) => {
            step.enter_image(ImageStage::Testing, state.now);
            step.want = Some(Action::Test);
        }
        Body::Image(image) if matches!(image.stage, ImageStage::Failed(Cause::PublishRefused(_))) => {
            step.enter_image(ImageStage::Cleared, state.now);
        }
        Body::Image(image) => {
            image.old = state.digest_of(&image.image).cloned();
            image.digest = None;
            step.enter_image(ImageStage::Waiting, state.now);
        }
        Body::Deploy(deploy) => {
            if let Some(before) = deploy.baseline.take() {
                deploy.replaced = Some(before.spec);
            }
            (deploy.look, deploy.unseen) = (None, None);
            (deploy.touched, deploy.failed_before, deploy.deadline) = (false, 0, None);
            step.untagging = run::Untag::No;
            step.enter_deploy(DeployStage::Waiting, state.now);
        }
    }
}

fn rollback(
    state: &mut State,
    event: &Event,
    run: RunId,
    key: &StepKey,
    reason: Option<&str>,
    out: &mut Outcome,
) {
    let cause = Cause::OrderedBack { by: event.by.clone(), reason: reason.map(ToOwned::to_owned) };
    with_run(state, run, out, |state, run, out| deploy::unhealthy(state, run, key, cause, out));
}

/// A person wants an image and all that is built on it made anew.
fn start(state: &mut State, event: &Event, image: &ImageRef, reason: Option<&str>, out: &mut Outcome) {
    let to = state.digest_of(image).cloned();
    let from = state.tags.get(image).and_then(|tag| tag.before.clone());
    let reason = reason.map(ToOwned::to_owned);
    let change = Change { image: image.clone(), from, to, by: event.by.clone(), at: event.at, reason };
    run::change(state, change, out);
}

fn unquarantine(state: &mut State, workload: &WorkloadId, out: &mut Outcome) {
    state.quarantine.retain(|entry| entry.workload != *workload);
    out.touch(Key::Workload(workload.clone()));
}

fn thaw(state: &mut State, out: &mut Outcome) {
    state.freeze = None;
    out.touch(Key::All);
    let active: Vec<RunId> = state.active().map(|run| run.id).collect();
    active.into_iter().for_each(|id| super::let_go_on(state, id, out));
    rollout::automatic(state, out);
    rollout::all_go_on(state, out);
}

fn claim(state: &mut State, event: &Event, id: IncidentId, out: &mut Outcome) {
    if let Some(incident) = state.incidents.get_mut(&id) {
        incident.claimed = Some((event.by.clone(), event.at));
        out.touch(Key::Incident(id));
    }
}

fn close(state: &mut State, event: &Event, id: IncidentId, reason: &str, out: &mut Outcome) {
    if let Some(incident) = state.incidents.get_mut(&id) {
        incident.closed = Some((event.by.clone(), event.at, reason.to_owned()));
        out.touch(Key::Incident(id));
    }
}
