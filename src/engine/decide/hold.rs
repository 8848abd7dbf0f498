//! Approving and rejecting what is held.

use super::{Rejection, find_step, needs_reason, still_as_seen};
use crate::engine::hold::Hold;
use crate::engine::run::{Body, DeployStage, ImageStage, Step};
use crate::engine::state::State;
use crate::model::{Actor, RunId, Seen, StepKey};

/// 1. The step is held, or its verdict is left to a person.
/// 2. What was shown is what is there, and a digest was shown.
/// 3. The person is one of the gate's approvers, has not approved before, and did not ask for the run.
pub(super) fn approve(
    state: &State,
    by: &Actor,
    run: RunId,
    key: &StepKey,
    seen: &Seen,
) -> Result<(), Rejection> {
    let (run, step) = find_step(state, run, key)?;
    if let Some(before) = hold_of(step).and_then(|hold| hold.approvals.iter().find(|a| a.by == *by)) {
        return Err(Rejection::Already(format!("you approved this {}", before.at.hours_minutes_seconds())));
    }
    let undecided = matches!(step.deploy().map(|d| &d.stage), Some(DeployStage::Undecided(_)));
    let Some(hold) = hold_of(step) else {
        return if undecided { still_as_seen(state, run, step, seen) } else { Err(not_held(step)) };
    };
    still_as_seen(state, run, step, seen)?;
    if seen.digest.is_none() {
        return Err(Rejection::Refused("an approval is of a digest; name the one that you saw".to_owned()));
    }
    let gate = state.setup.gates.get(&hold.gate);
    let Actor::Person { name, .. } = by else {
        return Err(Rejection::Refused(format!("{by} is no person; a gate wants people")));
    };
    if gate.is_some_and(|gate| !gate.approvers.is_empty() && !gate.approvers.contains(name)) {
        return Err(Rejection::Refused(format!("{name} is not an approver of gate {}", hold.gate)));
    }
    if run.change.by == *by {
        return Err(Rejection::Refused(format!("you started run {}; somebody else must approve it", run.id)));
    }
    Ok(())
}

pub(super) fn reject(
    state: &State,
    run: RunId,
    key: &StepKey,
    seen: &Seen,
    reason: &str,
) -> Result<(), Rejection> {
    let (run, step) = find_step(state, run, key)?;
    if hold_of(step).is_none() {
        return Err(not_held(step));
    }
    still_as_seen(state, run, step, seen)?;
    needs_reason(reason)
}

fn not_held(step: &Step) -> Rejection {
    let by = match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Aborted(by) => format!(" by {by}"),
            _ => String::new(),
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Aborted(by) => format!(" by {by}"),
            _ => String::new(),
        },
    };
    let (subject, since) = (crate::engine::describe::subject(&step.key), step.since.hours_minutes_seconds());
    Rejection::Stale { what: format!("{subject} is not held any more: {}{by} since {since}", step.word()) }
}

/// The hold of a held step.
pub(in crate::engine) fn hold_of(step: &Step) -> Option<&Hold> {
    match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Held(hold) => Some(hold),
            _ => None,
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Held(hold) => Some(hold),
            _ => None,
        },
    }
}
