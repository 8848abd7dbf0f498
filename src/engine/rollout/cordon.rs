//! Before the work of a node is taken in hand, nothing new may land on it; only then is it known what there is to move.
//!
//! ```text
//!   known work is free ▶ cordon is asked for ▶ what is on the node then ▶ free too: all of it is taken in hand ▶ Shifting
//!                              ▲                        └ somebody has some of it: the step waits, cordoned, and lets go of all
//!                              └───────────── once nobody has any of it: asked again, since the world has moved meanwhile
//! ```
//!
//! No two can wait for each other:
//! 1. Whoever waits here holds nothing, and whoever holds waits for nobody: a step holds while the cordon is asked for, and from
//!    [`Shifting`](NodeStage::Shifting) on. The answer decides in one step between all and nothing.
//! 2. What a step holds from the answer on is fixed: on a cordoned node nothing new can land.
//! 3. A deploy step has one workload, and waits for nobody while it has it.
//!
//! A pause or a freeze meanwhile gives the node back, since it may be long: it is uncordoned, and cordoned again when that ends.

use super::advance::{held_back, sick_node, with_rollout};
use super::restore::fail;
use super::results::{know, reached, refused};
use super::stage::enter;
use super::{NodeStage, NodeStep, Rollout, lock, moved};
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::model::defect::{Defect, present};
use crate::model::nodes::{Availability, NodeReport};
use crate::model::{Action, EffectId};

/// Whether the work may be taken in hand, as far as it is known:
///
/// 1. nothing is paused, frozen, or held by another daemon (what is in hand is not held across a pause), and
/// 2. no deploy step has a workload of it in hand, and no other node step is moving one.
fn free(state: &State, rollout: &Rollout, step: &NodeStep) -> bool {
    let refused = state.refused_fleets.contains_key(&rollout.how.fleet);
    let deployed = !present(Defect::DeployIgnored) && lock::of_node(state, step).is_some();
    let halted = refused || held_back(state, rollout);
    !halted && !deployed && lock::of_other_node(state, rollout, step).is_none()
}

/// All is done that comes before, and what is known of the work is free: the node is cordoned.
pub(super) fn begin(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) -> bool {
    let may = rollout.at(place).is_some_and(|step| free(state, rollout, step));
    if may {
        enter(state, rollout, place, NodeStage::Cordoning, Some(Action::Cordon), out);
    }
    may
}

/// 1. A pause takes the cordon back. An updated node that a person has tried again stays as it is: it shall take no work.
/// 2. It waited for others, or for the end of a pause, and all that it would move is free: it is cordoned again.
pub(super) fn goes_on(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = rollout.at(place) else { return false };
    if let Some(cause) = sick_node(state, step) {
        return fail(state, rollout, place, cause, out);
    }
    if step.doing.is_some() || step.want == Some(Action::Uncordon) {
        return false;
    }
    let want = match step.want {
        _ if held_back(state, rollout) => {
            (step.traces.cordoned && !step.traces.updated).then_some(Action::Uncordon)
        }
        None => free(state, rollout, step).then_some(Action::Cordon),
        asked => asked,
    };
    let changes = step.want != want;
    if let Some(step) = rollout.at_mut(place).filter(|_| changes) {
        (step.want, step.retry) = (want, None);
    }
    changes
}

/// The cordon's answer. A node that is gone by itself carries nothing any more; what it had is watched like what moved.
pub(super) fn cordoned(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    report: NodeReport,
    out: &mut Outcome,
) {
    reached(rollout, place);
    let Some(step) = rollout.at_mut(place) else { return };
    let node = step.node.clone();
    match report {
        NodeReport::Refused(why) => return refused(state, rollout, place, why, out),
        NodeReport::Gone => step.traces.cordoned = false,
        // What is there is not said: it is what was known of it.
        NodeReport::Done { .. } => step.carried = None,
        NodeReport::Cordoned { work, .. } => {
            step.carried = Some(work.clone());
            know(state, &node, out, |look| {
                if look.availability == Availability::Active {
                    look.availability = Availability::Cordoned;
                }
                look.work = work;
            });
        }
    }
    take(state, rollout, place, out);
}

/// Takes all of it in hand, or nothing.
fn take(state: &State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let Some(step) = rollout.at(place) else { return };
    if free(state, rollout, step) {
        enter(state, rollout, place, NodeStage::Shifting, None, out);
        moved::want_baselines(state, rollout, place);
    }
}

/// A journal of a version that cordoned a node only with its shift has no answer to the cordon that is asked for here. A result that the step
/// would ask for next says that it had the work in hand already: it goes on as it did.
pub(super) fn of_older_version(state: &mut State, id: &EffectId, out: &mut Outcome) {
    let step = state.node_step_of(id.run, &id.step).filter(|step| step.cordons() && asks_next(step, id));
    let Some(place) = step.map(|step| step.place) else { return };
    with_rollout(state, id.run, out, |state, rollout, out| {
        let Some(step) = rollout.at_mut(place) else { return };
        (step.doing, step.carried) = (None, None);
        enter(state, rollout, place, NodeStage::Shifting, None, out);
        moved::want_baselines(state, rollout, place);
    });
}

/// Whether this is what the step asks for first once it has the work in hand. Late results have been asked for.
fn asks_next(step: &NodeStep, id: &EffectId) -> bool {
    let asked = match &id.subject {
        Some(workload) => step.attempts_of.get(workload),
        None => Some(&step.attempts),
    };
    let times = asked.and_then(|asked| asked.get(&id.action)).copied().unwrap_or(0);
    matches!(id.action, Action::Baseline | Action::Shift) && id.attempt == times + 1
}
