//! The only place that turns what a node step wants into effects, when it may.

use super::advance::held_back;
use super::stage::touch;
use super::{NodeStage, NodeStep, Rollout, jobs, lock};
use crate::engine::effect::Effect;
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::model::limits::NODE_GRACE;
use crate::model::{Action, EffectId, Span, WorkloadId};

/// Whether an action begins something new: a pause or a freeze holds it back. What has a workload in hand goes on to its end, and so does
/// what takes something back.
pub(super) fn begins(step: &NodeStep, action: Action) -> bool {
    match action {
        Action::Preflight | Action::Provision | Action::Cordon => true,
        Action::Retire => step.stage == NodeStage::Retiring,
        Action::Find
        | Action::Admit
        | Action::Shift
        | Action::Update
        | Action::Uncordon
        | Action::ShiftBack
        | Action::Deprovision
        | Action::Baseline
        | Action::Watch
        | Action::Look
        | Action::Build
        | Action::Test
        | Action::Retest
        | Action::Control
        | Action::Publish
        | Action::Deploy
        | Action::Restore
        | Action::Untag
        | Action::Discard => false,
    }
}

/// Issues what the step wants for itself, and for each workload that it moves:
///
/// 1. nothing of the same is being done (a watch may stand beside it), and
/// 2. the time of a retry has come, and
/// 3. neither a pause nor a freeze holds it back, and
/// 4. no other daemon holds its fleet, and
/// 5. of shifts: no other step is moving a workload of it.
pub(super) fn issue(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    if state.refused_fleets.contains_key(&rollout.how.fleet) {
        return;
    }
    own(state, rollout, place, out);
    let wants = |step: &NodeStep| {
        step.watched.iter().filter_map(|(of, one)| Some((of.clone(), one.want?))).collect::<Vec<_>>()
    };
    for (of, action) in rollout.at(place).map(wants).unwrap_or_default() {
        of_workload(state, rollout, place, &of, action, out);
    }
}

fn own(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let Some(step) = rollout.at(place) else { return };
    let Some(action) = step.want else { return };
    let early = step.retry.as_ref().is_some_and(|retry| retry.at > state.now);
    let held = held_back(state, rollout) && begins(step, action);
    if early || held || step.doing.is_some() || waits_for_move(state, rollout, step).is_some() {
        return;
    }
    let (run, longest) = (rollout.id, longest(rollout, action));
    let Some(step) = rollout.at_mut(place) else { return };
    let id = step.next_id(run, action);
    if let Some(longest) = longest {
        let whole = Some(state.now + longest);
        // The first try's stays: a pause before it does not count, and later tries do. Where silence is no verdict, a try that follows on it
        // has its whole time: only so is the end of that time one.
        let anew =
            step.retry.is_some() && !matches!(step.stage, NodeStage::Provisioning | NodeStage::Updating);
        step.deadline = if anew { whole } else { step.deadline.or(whole) };
    }
    match action {
        Action::Cordon | Action::Shift => step.traces.cordoned = true,
        Action::Update => step.traces.updated = true,
        _ => {}
    }
    (step.want, step.doing) = (None, Some(id.clone()));
    touch(run, &id.step, out);
    give(state, rollout, place, &id, out);
}

/// How long the engine waits for an action from its first try on; none where the stage has a deadline of its own, or nothing is due.
fn longest(rollout: &Rollout, action: Action) -> Option<Span> {
    let limits = &rollout.how.limits;
    let span = match action {
        Action::Provision => limits.provision,
        Action::Shift | Action::ShiftBack => limits.shift,
        Action::Update => limits.update,
        _ => return None,
    };
    Some(span + NODE_GRACE)
}

/// The other step whose move of a workload is waited for.
pub(super) fn waits_for_move<'a>(
    state: &'a State,
    rollout: &'a Rollout,
    step: &NodeStep,
) -> Option<&'a NodeStep> {
    let moves = matches!(step.want, Some(Action::Shift | Action::ShiftBack));
    moves.then(|| lock::of_other_node(state, rollout, step)).flatten()
}

fn of_workload(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    of: &WorkloadId,
    action: Action,
    out: &mut Outcome,
) {
    let (now, run) = (state.now, rollout.id);
    let Some(step) = rollout.at_mut(place) else { return };
    let Some(one) = step.watched.get(of) else { return };
    let early = one.retry.as_ref().is_some_and(|retry| retry.at > now);
    if early || (one.doing.is_some() && action != Action::Watch) {
        return;
    }
    let Some(id) = step.next_watch_id(run, of, action) else { return };
    if let Some(one) = step.watched.get_mut(of) {
        one.want = None;
        match action {
            Action::Watch => one.watching = Some(id.clone()),
            _ => one.doing = Some(id.clone()),
        }
    }
    touch(run, &id.step, out);
    give(state, rollout, place, &id, out);
}

fn give(state: &mut State, rollout: &Rollout, place: usize, id: &EffectId, out: &mut Outcome) {
    match rollout.at(place).and_then(|step| jobs::make(state, rollout, step, id)) {
        Some(job) => out.effects.push(Effect::Do(job)),
        None => state.anomaly(&format!("nothing to do for {id}")),
    }
}

/// Stops whatever is being done for a step, because its stage ends otherwise.
pub(super) fn finish(step: &mut NodeStep, out: &mut Outcome) {
    (step.want, step.retry) = (None, None);
    out.effects.extend(step.doing.take().map(Effect::Cancel));
    for one in step.watched.values_mut() {
        (one.want, one.retry, one.unseen) = (None, None, None);
        let ids = [one.doing.take(), one.watching.take()].into_iter().flatten();
        out.effects.extend(ids.map(Effect::Cancel));
    }
}

/// What must be issued again after a restart: the same ids, so that adapters find out what became of the first time.
pub(in crate::engine) fn outstanding(state: &State) -> Vec<Effect> {
    let steps = state.rolling().flat_map(|rollout| rollout.in_flight().map(move |step| (rollout, step)));
    let effects = steps.flat_map(|(rollout, step)| {
        let watched = step.watched.values().flat_map(|one| [one.doing.as_ref(), one.watching.as_ref()]);
        let ids = std::iter::once(step.doing.as_ref()).chain(watched).flatten();
        ids.filter_map(move |id| jobs::make(state, rollout, step, id)).map(Effect::Do)
    });
    effects.collect()
}
