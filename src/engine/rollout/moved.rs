//! The workloads that a step moves: baseline before, watch and verdict after.
//!
//! 1. Only what moved is judged, against the baseline taken before it moved, by the same table as a deploy ([`verdict`]).
//! 2. What ended before the step is no failure of it: the spec is the same, so the orchestrator still remembers it.
//! 3. A workload that the configuration does not name has no probe; that it runs counts as proof, since nobody asked for more.
//! 4. A workload that is gone is not judged: nobody removes a service by moving it. One that somebody changed meanwhile is unknown.

use super::restore::fail;
use super::stage::enter;
use super::{Judged, NodeCause, NodeStage, NodeStep, Question, Rollout, Watched, issue};
use crate::engine::incident::Cause;
use crate::engine::run::{Retry, again};
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::engine::verdict::{self, Measure, Now, Verdict};
use crate::model::nodes::{Moved, Strategy};
use crate::model::reports::{Look, LookReport, Unreachable, UpdateState};
use crate::model::{Action, WorkloadId};

/// Everything that would move is looked at first.
pub(super) fn want_baselines(state: &State, rollout: &mut Rollout, place: usize) {
    let Some(step) = rollout.at_mut(place) else { return };
    for workload in step.to_move(state) {
        step.watched.insert(workload, Watched { want: Some(Action::Baseline), ..Watched::default() });
    }
}

/// A baseline was taken. An update of somebody else that is under way is waited out, as long as moving the work may take: a baseline in
/// the middle of it says nothing.
pub(super) fn baseline(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    of: &WorkloadId,
    report: LookReport,
    waited: Option<&Retry>,
    out: &mut Outcome,
) {
    let (now, longest) = (state.now, rollout.how.limits.shift);
    let Some(step) = rollout.at_mut(place) else { return };
    let LookReport::Seen(look) = report else {
        step.watched.remove(of);
        return;
    };
    let Some(one) = step.watched.get_mut(of) else { return };
    match &look.update {
        UpdateState::None | UpdateState::Completed | UpdateState::Paused(_) | UpdateState::RolledBack(_) => {
            one.look = Some(look.clone());
            one.baseline = Some(look);
        }
        UpdateState::Updating | UpdateState::RollingBack(_) => {
            if let Some(over) = waited.filter(|retry| now.since(retry.since) >= longest) {
                let because = Box::new(Cause::Busy { since: over.since });
                let cause = NodeCause::WorkloadSick { workload: of.clone(), because };
                fail(state, rollout, place, Cause::Node(cause), out);
                return;
            }
            let why = "an update of somebody else is under way; it is waited out".to_owned();
            let cause = Unreachable { who: of.to_string(), why, retry_after: None };
            one.retry = Some(again(now, waited, cause));
            one.want = Some(Action::Baseline);
        }
    }
}

/// The work has moved: only what did is judged. What moved and was never looked at is judged as unknown.
pub(super) fn moved(
    state: &State,
    rollout: &mut Rollout,
    place: usize,
    moved: Vec<Moved>,
    out: &mut Outcome,
) {
    let strategy = rollout.how.strategy;
    let Some(step) = rollout.at_mut(place) else { return };
    let went = |workload: &WorkloadId| moved.iter().any(|one| one.workload == *workload && one.tasks > 0);
    step.watched.retain(|workload, _| went(workload));
    for one in moved.iter().filter(|one| one.tasks > 0) {
        step.watched.entry(one.workload.clone()).or_default();
    }
    step.moved = moved;
    match strategy {
        Strategy::Surge => soak(state, rollout, place, out),
        Strategy::InPlace => enter(state, rollout, place, NodeStage::Updating, Some(Action::Update), out),
    }
}

/// What moved is watched from now on, for the whole soak.
pub(super) fn soak(state: &State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let until = state.now + rollout.how.soak;
    enter(state, rollout, place, NodeStage::Soaking { until }, None, out);
    let Some(step) = rollout.at_mut(place) else { return };
    for one in step.watched.values_mut() {
        // The baseline's one round of probes is not part of what the watch counts.
        if let Some(look) = one.look.as_mut() {
            look.probes = None;
        }
        one.want = Some(Action::Watch);
    }
}

/// A watched workload is not as it was. One that is sick is enough: everything is taken back.
pub(super) fn watched(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    of: &WorkloadId,
    report: LookReport,
    out: &mut Outcome,
) {
    let LookReport::Seen(look) = report else { return gone(rollout, place, of, out) };
    let Some(one) = rollout.at_mut(place).and_then(|step| step.watched.get_mut(of)) else { return };
    remember(one, look);
    let Some(one) = rollout.at(place).and_then(|step| step.watched.get(of)) else { return };
    let (Some(before), Some(look)) = (&one.baseline, &one.look) else { return };
    if changed(before, look).is_some() {
        return;
    }
    let since = since(before, look);
    if let Now::Unhealthy(cause) = verdict::now(before, &since, measure(state, of), one.failed_before) {
        sick(state, rollout, place, of, cause, out);
    }
}

/// Keeps the newest look. A watch that began anew counts its probes from zero: the old count is kept beside it.
fn remember(one: &mut Watched, look: Box<Look>) {
    one.unseen = None;
    let old = one.look.as_ref().and_then(|look| look.probes.as_ref());
    if let (Some(old), Some(new)) = (old, look.probes.as_ref())
        && old.since != new.since
    {
        one.failed_before = one.failed_before.saturating_add(old.failed);
    }
    one.look = Some(look);
}

fn gone(rollout: &mut Rollout, place: usize, of: &WorkloadId, out: &mut Outcome) {
    let Some(step) = rollout.at_mut(place) else { return };
    if let Some(one) = step.watched.remove(of) {
        let ids = [one.doing, one.watching].into_iter().flatten();
        out.effects.extend(ids.map(crate::engine::Effect::Cancel));
    }
}

fn sick(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    of: &WorkloadId,
    cause: Cause,
    out: &mut Outcome,
) {
    let cause = NodeCause::WorkloadSick { workload: of.clone(), because: Box::new(cause) };
    fail(state, rollout, place, Cause::Node(cause), out);
}

/// The verdict is due and the workload was looked at freshly.
pub(super) fn judge(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    of: &WorkloadId,
    report: LookReport,
    out: &mut Outcome,
) {
    let LookReport::Seen(fresh) = report else { return gone(rollout, place, of, out) };
    let Some(one) = rollout.at(place).and_then(|step| step.watched.get(of)) else { return };
    let verdict = verdict_of(state, of, one, &fresh);
    let Some(one) = rollout.at_mut(place).and_then(|step| step.watched.get_mut(of)) else { return };
    one.judged = match verdict {
        Verdict::Healthy => Some(Judged::Healthy),
        Verdict::Unknown(why) => Some(Judged::Unknown(why)),
        Verdict::Unhealthy(cause) => return sick(state, rollout, place, of, cause, out),
    };
}

fn verdict_of(state: &State, of: &WorkloadId, one: &Watched, fresh: &Look) -> Verdict {
    let Some(before) = &one.baseline else {
        return Verdict::Unknown("it was not looked at before it moved".to_owned());
    };
    if let Some(image) = changed(before, fresh) {
        return Verdict::Unknown(format!("somebody changed it meanwhile (it names {image} now)"));
    }
    // The one round of the fresh look is added to what the watch has counted.
    let mut look = since(before, fresh);
    if let (Some(sum), Some(tally)) =
        (one.look.as_ref().and_then(|l| l.probes.as_ref()), look.probes.as_mut())
    {
        tally.total = tally.total.saturating_add(sum.total);
        tally.failed = tally.failed.saturating_add(sum.failed);
        tally.first = sum.first.clone().or(tally.first.take());
    }
    verdict::at_end_of_soak(before, &look, measure(state, of), one.failed_before)
}

/// The look without what had ended, and without what the orchestrator had said, before the step.
fn since(before: &Look, look: &Look) -> Look {
    let mut look = look.clone();
    look.ended.retain(|task| before.ended.iter().all(|known| known.id != task.id));
    if look.update == before.update {
        look.update = UpdateState::None;
    }
    look
}

/// What the spec names now, where it is not the one of the baseline any more.
fn changed<'a>(before: &Look, look: &'a Look) -> Option<&'a str> {
    let same = before.spec.image == look.spec.image && before.spec.mark == look.spec.mark;
    (!same).then_some(look.spec.image.as_str())
}

fn measure<'a>(state: &'a State, workload: &WorkloadId) -> Measure<'a> {
    let unnamed = Measure { probes: &[], accept_running: true };
    state.setup.workloads.get(workload).map_or(unnamed, Measure::of)
}

/// At the end of the soak everything that moved is looked at once more; then the step goes on, back, or to a person.
pub(super) fn advance(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) -> bool {
    let now = state.now;
    let Some(step) = rollout.at_mut(place) else { return false };
    let NodeStage::Soaking { until } = step.stage else { return false };
    if until > now {
        return false;
    }
    let open = step.watched.values_mut().filter(|one| one.judged.is_none());
    let (mut wanted, mut waits) = (false, false);
    for one in open {
        waits = true;
        if one.doing.is_none() && one.want != Some(Action::Look) {
            one.want = Some(Action::Look);
            wanted = true;
        }
    }
    if waits {
        return wanted;
    }
    match unknown(step) {
        Some(why) => {
            enter(state, rollout, place, NodeStage::Undecided(Question::Verdict(why)), None, out);
        }
        None => good(state, rollout, place, out),
    }
    true
}

fn unknown(step: &NodeStep) -> Option<String> {
    let mut unknown = step.watched.iter().filter_map(|(workload, one)| match &one.judged {
        Some(Judged::Unknown(why)) => Some(format!("{workload}: {why}")),
        Some(Judged::Healthy) | None => None,
    });
    let first = unknown.next()?;
    let more = unknown.count();
    Some(if more > 0 { format!("{first} (and {more} more)") } else { first })
}

/// The node has its release and carries the work, or what moved is well without it: the old one is not needed any more. One that was added has
/// no old one.
pub(super) fn good(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let strategy = rollout.how.strategy;
    let Some(step) = rollout.at_mut(place) else { return };
    issue::finish(step, out);
    step.traces.soaked = true;
    state.delivered.extend(step.traces.token.clone());
    if step.change.removes(strategy) {
        enter(state, rollout, place, NodeStage::Retiring, Some(Action::Retire), out);
    } else {
        enter(state, rollout, place, NodeStage::Done, None, out);
    }
}
