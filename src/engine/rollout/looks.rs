//! Results of looks at the workloads that a node step moves. A result that is not waited for changes nothing.

use super::advance::with_rollout;
use super::results::place_of;
use super::{NodeStep, cordon, moved};
use crate::engine::run::{Retry, again};
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::model::reports::{Answer, LookReport};
use crate::model::{Action, EffectId};

/// Result of a look at a workload that moves: the baseline, or the look for the verdict.
pub(in crate::engine) fn looked(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<LookReport>,
    out: &mut Outcome,
) {
    cordon::of_older_version(state, id, out);
    let waits = |step: &NodeStep, id: &EffectId| {
        let one = id.subject.as_ref().and_then(|of| step.watched.get(of));
        one.is_some_and(|one| one.doing.as_ref() == Some(id))
    };
    let (Some(place), Some(of)) = (place_of(state, id, waits), &id.subject) else { return };
    with_rollout(state, id.run, out, |state, rollout, out| {
        let Some(one) = rollout.at_mut(place).and_then(|step| step.watched.get_mut(of)) else { return };
        one.doing = None;
        out.touch_step(id.run, &id.step);
        let waited: Option<Retry> = one.retry.take();
        match (answer, id.action) {
            (Answer::Unreachable(cause), action) => {
                one.retry = Some(again(state.now, waited.as_ref(), cause.clone()));
                one.want = Some(action);
            }
            (Answer::Done(report), Action::Baseline) => {
                moved::baseline(state, rollout, place, of, report.clone(), waited.as_ref(), out);
            }
            (Answer::Done(report), _) => moved::judge(state, rollout, place, of, report.clone(), out),
        }
    });
}

/// A watched workload that moved is not as it was.
pub(in crate::engine) fn watched(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<LookReport>,
    out: &mut Outcome,
) {
    let waits = |step: &NodeStep, id: &EffectId| {
        let one = id.subject.as_ref().and_then(|of| step.watched.get(of));
        one.is_some_and(|one| one.watching.as_ref() == Some(id))
    };
    let (Some(place), Some(of)) = (place_of(state, id, waits), &id.subject) else { return };
    with_rollout(state, id.run, out, |state, rollout, out| {
        out.touch_step(id.run, &id.step);
        match answer {
            Answer::Unreachable(cause) => {
                if let Some(one) = rollout.at_mut(place).and_then(|step| step.watched.get_mut(of)) {
                    one.unseen = Some(cause.clone());
                }
            }
            Answer::Done(report) => moved::watched(state, rollout, place, of, report.clone(), out),
        }
    });
}
