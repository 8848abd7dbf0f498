//! Failing, and taking back what a step may have left in the world.
//!
//! ```text
//!   surge:     old node takes work again ▶ where nobody said which machine was made: that is asked
//!              ▶ work off the new one, back onto the old ▶ new node leaves the fleet ▶ machine removed ▶ Restored
//!   added:     the same without an old node                removed: the node takes work again; what moved stays where it is ▶ Restored
//!   in place:  not updated yet: the node takes work again ▶ Restored
//!              updated: its work is moved off, and it stays empty ▶ Quarantined; on a person's order updated back ▶ Restored
//! ```
//!
//! What is left to do follows from the step's [`Traces`](super::Traces) alone, so that a restart and a retry go on where it was.

use super::advance::seen;
use super::issue::finish;
use super::stage::enter;
use super::{BadRelease, NodeStage, NodeStep, Question, Rollout, Watched};
use crate::engine::incident::{Cause, Incident};
use crate::engine::run::evidence::summary;
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::defect::{Defect, present};
use crate::model::nodes::Strategy;
use crate::model::reports::Look;
use crate::model::text::tasks;
use crate::model::{Action, IncidentId, WorkloadId, limits};
use std::collections::BTreeSet;

/// A step failed, or a person wants it back:
///
/// 1. An incident is opened, unless a person wanted it; the release is not taken again by itself where it is to blame.
/// 2. The verdict was good before: nothing is taken back, a person must look.
/// 3. Nothing was touched: it has failed, and that is all.
/// 4. Else it is taken back.
///
/// Always true: the stage has changed.
pub(super) fn fail(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    cause: Cause,
    out: &mut Outcome,
) -> bool {
    open_incident(state, rollout, place, &cause, out);
    quarantine_release(state, rollout, &cause, out);
    let Some(step) = rollout.at_mut(place) else { return true };
    finish(step, out);
    let early = matches!(
        step.stage,
        NodeStage::Pending | NodeStage::Preflight | NodeStage::Undecided(Question::Gaps(_))
    );
    if step.traces.soaked {
        enter(state, rollout, place, NodeStage::Quarantined(cause), None, out);
    } else if early && !step.traces.cordoned && !step.traces.updated {
        enter(state, rollout, place, NodeStage::Failed(cause), None, out);
    } else {
        enter(state, rollout, place, NodeStage::Restoring(cause), None, out);
        go_on(state, rollout, place, out);
    }
    true
}

/// What is left to take back.
enum Left {
    /// This is next.
    Want(Action),
    /// Nothing: it is as it was.
    Nothing,
    /// Nothing that we can do: it stays as it is, and a person must look.
    Stays,
}

/// Takes the next part back, or ends.
pub(super) fn go_on(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let Some(step) = rollout.at(place) else { return };
    let NodeStage::Restoring(cause) = &step.stage else { return };
    let cause = cause.clone();
    let found = seen(state, step).map(|(node, look)| (node.clone(), look.uid.clone()));
    let found = found.filter(|(node, _)| !step.traces.emptied && *node != step.node);
    let (run, strategy) = (rollout.id, rollout.how.strategy);
    let Some(step) = rollout.at_mut(place) else { return };
    if step.traces.joined.is_none() {
        // It may have joined without having been admitted.
        step.traces.joined = found;
    }
    let left = match strategy {
        Strategy::Surge => left_of_surge(step),
        Strategy::InPlace => left_in_place(step, &cause),
    };
    match left {
        Left::Want(action) => {
            (step.want, step.deadline) = (Some(action), None);
            out.touch_step(run, &step.key);
        }
        Left::Nothing => enter(state, rollout, place, NodeStage::Restored(cause), None, out),
        Left::Stays => {
            let why = "the node was updated, carries no work and takes none".to_owned();
            quarantine(state, rollout, place, why, out);
        }
    }
}

fn left_of_surge(step: &NodeStep) -> Left {
    let traces = &step.traces;
    match &traces.joined {
        _ if traces.cordoned && !present(Defect::NodeLeftDrained) => Left::Want(Action::Uncordon),
        Some(_) if !traces.emptied => Left::Want(Action::ShiftBack),
        Some(_) => Left::Want(Action::Retire),
        None if traces.token.is_none() || present(Defect::MachineForgotten) => Left::Nothing,
        None if traces.machine.is_none() && !traces.looked => Left::Want(Action::Find),
        None => Left::Want(Action::Deprovision),
    }
}

/// An update cannot be undone by itself: only where a person ordered it, and the release from before is known.
fn left_in_place(step: &NodeStep, cause: &Cause) -> Left {
    let traces = &step.traces;
    let ordered = matches!(cause, Cause::OrderedBack { .. }) && step.was.is_some();
    match (traces.updated, traces.cordoned) {
        (true, false) => Left::Want(Action::ShiftBack),
        (true, true) if ordered => Left::Want(Action::Update),
        (true, true) => Left::Stays,
        (false, _) if traces.admitted => Left::Want(Action::Admit),
        (false, true) => Left::Want(Action::Uncordon),
        (false, false) => Left::Nothing,
    }
}

/// Taking back was due. While nobody answers it is still tried; that is shown as the wait that it is.
pub(super) fn overdue(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) -> bool {
    let longest = rollout.how.limits.shift + limits::NODE_GRACE;
    let now = state.now;
    let Some(step) = rollout.at_mut(place) else { return false };
    if step.doing.is_none() {
        step.deadline = Some(now + longest);
        return false;
    }
    quarantine(state, rollout, place, "moving the work did not end in time".to_owned(), out);
    true
}

/// It could be neither finished nor taken back. A person must know, also where it was a person who ordered it.
pub(super) fn quarantine(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    why: String,
    out: &mut Outcome,
) {
    let Some(NodeStage::Restoring(cause)) = rollout.at(place).map(|step| &step.stage) else { return };
    let cause = Cause::RestoreFailed { why, because: Box::new(cause.clone()) };
    open_incident(state, rollout, place, &cause, out);
    if let Some(step) = rollout.at_mut(place) {
        finish(step, out);
    }
    enter(state, rollout, place, NodeStage::Quarantined(cause), None, out);
}

fn open_incident(state: &mut State, rollout: &mut Rollout, place: usize, cause: &Cause, out: &mut Outcome) {
    let (run, opened) = (rollout.id, state.now);
    let Some(step) = rollout.at_mut(place).filter(|_| cause.is_incident()) else { return };
    state.last_incident = IncidentId(state.last_incident.0 + 1);
    let id = state.last_incident;
    step.incident = Some(id);
    let incident = Incident {
        id,
        run,
        step: step.key.clone(),
        cause: cause.clone(),
        seen: evidence(step, cause.workload()),
        opened,
        told: BTreeSet::new(),
        claimed: None,
        closed: None,
    };
    state.incidents.insert(id, incident);
    out.touch(Key::Incident(id));
}

/// What was seen, line by line: first the workload that fell sick, before and now, which no limit may cut off; then the node's findings,
/// what moved, and the other workloads, before and now.
fn evidence(step: &NodeStep, sick: Option<&WorkloadId>) -> Vec<String> {
    let findings = step.preflight.iter().flat_map(|report| report.blocks.iter().chain(&report.notes));
    let findings = findings.take(10).map(|finding| format!("preflight: {}", super::cause::one(finding)));
    let moved = step.moved.iter().map(|one| {
        let to: Vec<&str> = one.to.iter().map(crate::model::NodeId::as_str).collect();
        format!("{}: {} moved, to {}", one.workload, tasks(one.tasks), to.join(", "))
    });
    let (first, others): (Vec<_>, Vec<_>) =
        step.watched.iter().partition(|(workload, _)| sick == Some(*workload));
    let first = first.into_iter().flat_map(|(workload, one)| looks(workload, one));
    let others = others.into_iter().flat_map(|(workload, one)| looks(workload, one));
    first.chain(findings).chain(moved).chain(others).take(limits::ENDED_TASKS).collect()
}

/// A workload that moved, before and now.
fn looks<'a>(workload: &'a WorkloadId, one: &'a Watched) -> impl Iterator<Item = String> + 'a {
    let line = move |when: &str, look: &Look| format!("{workload} {when}: {}", summary(look));
    let before = one.baseline.as_deref().map(|look| line("before", look));
    let now = one.look.as_deref().map(|look| line("now", look));
    before.into_iter().chain(now).chain(said(one).map(move |said| format!("{workload}: {said}")))
}

fn said(one: &Watched) -> impl Iterator<Item = String> {
    let look = one.look.iter();
    look.flat_map(|look| {
        let ended = look.ended.iter().take(3).map(|task| {
            let node = task.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
            format!("{} {}{node} ended: {}", task.at.hours_minutes_seconds(), task.name, task.message)
        });
        let probe = look.probes.iter().filter_map(|tally| tally.first.as_ref());
        let probe = probe.map(|first| {
            format!(
                "first failed probe {} of {}: {}",
                first.at.hours_minutes_seconds(),
                first.task,
                first.what
            )
        });
        ended.chain(probe)
    })
}

/// A release whose nodes did not come or did not carry the work is not taken again by itself. Releases that were there before are not
/// judged by a rollout that goes back to them, nor by one that adds or removes nodes.
pub(super) fn quarantine_release(state: &mut State, rollout: &Rollout, cause: &Cause, out: &mut Outcome) {
    let known = |bad: &BadRelease| bad.pool == rollout.pool && bad.release == rollout.release;
    let judges = rollout.back_of.is_none() && rollout.scale.is_none();
    if !cause.quarantines() || !judges || state.bad_releases.iter().any(known) {
        return;
    }
    if state.bad_releases.len() >= limits::BAD_RELEASES {
        state.bad_releases.remove(0);
    }
    state.bad_releases.push(BadRelease {
        pool: rollout.pool.clone(),
        release: rollout.release.clone(),
        run: rollout.id,
        since: state.now,
        why: cause.to_string(),
    });
    out.touch(Key::Pool(rollout.pool.clone()));
}
