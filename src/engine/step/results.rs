//! Results of effects. A result that is not waited for (late, double, cancelled) changes nothing.

use super::{Outcome, with_run};
use crate::engine::incident::Cause;
use crate::engine::rollout;
use crate::engine::run::deploy::{self, taken_by};
use crate::engine::run::{self, DeployStage, DeployStep, Retry, Run, Step, Untag, image};
use crate::engine::state::{Key, State, TagState};
use crate::model::defect::{Defect, present};
use crate::model::reports::{
    Answer, BuildReport, ChangeReport, LookReport, PublishReport, TestReport, Unreachable, UpdateState,
};
use crate::model::{Action, EffectId, StepKey};

/// Whether the step still waits for this effect, which is then over.
fn take(state: &State, id: &EffectId, kind: fn(&Step, &EffectId) -> bool) -> bool {
    state.runs.get(&id.run).and_then(|run| run.steps.get(&id.step)).is_some_and(|step| kind(step, id))
}

fn doing(step: &Step, id: &EffectId) -> bool {
    step.doing.as_ref() == Some(id)
}

/// Takes a result in: a good answer goes to `good`, with the action done; "not reached" is tried again later.
fn result<T: Clone>(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<T>,
    out: &mut Outcome,
    good: impl FnOnce(&mut State, &mut Run, &StepKey, T, &mut Outcome),
) {
    if !take(state, id, doing) {
        if present(Defect::LateResultOdd) {
            state.anomaly(&format!("nobody waits for {id}"));
        }
        return;
    }
    with_run(state, id.run, out, |state, run, out| {
        let Some(step) = run.steps.get_mut(&id.step) else { return };
        step.doing = None;
        out.touch_step(id.run, &id.step);
        match answer {
            Answer::Unreachable(cause) => {
                step.retry = Some(run::again(state.now, step.retry.as_ref(), cause.clone()));
                step.want = Some(id.action);
            }
            Answer::Done(report) => {
                step.retry = None;
                good(state, run, &id.step, report.clone(), out);
            }
        }
    });
}

pub(super) fn built(state: &mut State, id: &EffectId, answer: &Answer<BuildReport>, out: &mut Outcome) {
    result(state, id, answer, out, image::built);
}

pub(super) fn tested(state: &mut State, id: &EffectId, answer: &Answer<TestReport>, out: &mut Outcome) {
    result(state, id, answer, out, |state, run, key, report, out| {
        image::judged(state, run, key, id.action, report, out);
    });
}

pub(super) fn tag_moved(state: &mut State, id: &EffectId, answer: &Answer<PublishReport>, out: &mut Outcome) {
    match id.action {
        Action::Untag => untagged(state, id, answer, out),
        _ => result(state, id, answer, out, image::published),
    }
}

fn untagged(state: &mut State, id: &EffectId, answer: &Answer<PublishReport>, out: &mut Outcome) {
    if !take(state, id, |step, id| step.untagging == Untag::Doing(id.clone())) {
        return;
    }
    with_run(state, id.run, out, |state, run, out| {
        let untagging = match answer {
            Answer::Unreachable(cause) => {
                let before = run::Retry {
                    cause: cause.clone(),
                    since: state.now,
                    at: state.now,
                    tries: id.attempt - 1,
                };
                Untag::Waiting(run::again(state.now, Some(&before), cause.clone()))
            }
            Answer::Done(PublishReport::Moved { .. }) => {
                put_back(state, run, &id.step, out);
                Untag::Done
            }
            Answer::Done(PublishReport::MovedByOthers { .. }) => {
                Untag::LeftAlone("somebody else had moved it meanwhile".to_owned())
            }
            Answer::Done(PublishReport::Refused(why)) => {
                Untag::LeftAlone(format!("the registry refused: {why}"))
            }
        };
        if let Some(step) = run.steps.get_mut(&id.step) {
            step.untagging = untagging;
        }
        out.touch_step(id.run, &id.step);
    });
}

/// The public tag is where it was before this run; so is what we know of its making.
fn put_back(state: &mut State, run: &Run, key: &StepKey, out: &mut Outcome) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    let image = &deploy.how.image;
    let Some(step) = run.image_step(image) else { return };
    let (Some(old), made) = (step.old.clone(), step.old_made.clone()) else { return };
    let tag =
        TagState { digest: Some(old), since: state.now, before: deploy.want.clone(), by_run: Some(run.id) };
    state.tags.insert(image.clone(), tag);
    match made {
        Some(made) => state.made.insert(image.clone(), made),
        None => state.made.remove(image),
    };
    out.touch(Key::Image(image.clone()));
}

pub(super) fn looked(state: &mut State, id: &EffectId, answer: &Answer<LookReport>, out: &mut Outcome) {
    if matches!(id.step, StepKey::Node(_)) {
        return rollout::looks::looked(state, id, answer, out);
    }
    let waited = state.step_of(id.run, &id.step).and_then(|step| step.retry.clone());
    result(state, id, answer, out, |state, run, key, report, out| match (report, id.action) {
        (LookReport::Gone, _) => deploy::unhealthy(state, run, key, Cause::Gone, out),
        (LookReport::Seen(look), Action::Baseline) => baseline(state, run, key, look, waited.as_ref(), out),
        (LookReport::Seen(look), _) => deploy::judge(state, run, key, &look, out),
    });
}

/// An update of somebody else that is under way is waited out: a baseline in the middle of it says nothing. It may take as long as
/// one of ours; then a person must look.
fn baseline(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    look: Box<crate::model::reports::Look>,
    waited: Option<&Retry>,
    out: &mut Outcome,
) {
    match &look.update {
        UpdateState::Updating | UpdateState::RollingBack(_) => {
            let Some(step) = run.steps.get_mut(key) else { return };
            let longest = step.deploy().map(|deploy| deploy.how.deadline);
            let over =
                |retry: &&Retry| longest.is_some_and(|longest| state.now.since(retry.since) >= longest);
            if let Some(since) = waited.filter(over).map(|retry| retry.since) {
                deploy::unhealthy(state, run, key, Cause::Busy { since }, out);
                return;
            }
            let cause = Unreachable {
                who: format!("{key}"),
                why: "an update of somebody else is under way; it is waited out".to_owned(),
                retry_after: None,
            };
            step.retry = Some(run::again(state.now, waited, cause));
            step.want = Some(Action::Baseline);
        }
        UpdateState::None | UpdateState::Completed | UpdateState::Paused(_) | UpdateState::RolledBack(_) => {
            deploy::baseline_taken(state, run, key, look, out);
        }
    }
}

pub(super) fn changed(state: &mut State, id: &EffectId, answer: &Answer<ChangeReport>, out: &mut Outcome) {
    result(state, id, answer, out, |state, run, key, report, out| match report {
        ChangeReport::Changed { .. } => deploy::changed(state, run, key, out),
        ChangeReport::Gone => deploy::unhealthy(state, run, key, Cause::Gone, out),
        ChangeReport::ChangedByOthers { found, update } => {
            let before =
                run.steps.get(key).and_then(Step::deploy).and_then(|d| d.baseline.as_ref()).map(|l| &l.spec);
            let cause = taken_by(before, &found, &update);
            not_changed(state, run, key, cause, out);
        }
        ChangeReport::Refused(why) => not_changed(state, run, key, Cause::UpdateRefused(why), out),
    });
}

/// Our change was not made:
///
/// 1. It was the put-back, and the orchestrator has put the workload back by itself: it is watched until it is well.
/// 2. It was the put-back, and somebody else has the workload: it stays theirs, and the step failed.
/// 3. It was the update: the step failed, nothing of ours is there.
fn not_changed(state: &mut State, run: &mut Run, key: &StepKey, cause: Cause, out: &mut Outcome) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    match (&deploy.stage, &cause) {
        (DeployStage::Restoring(_), Cause::OrchestratorRolledBack(_)) => {
            deploy::changed(state, run, key, out);
        }
        (DeployStage::Restoring(because), _) => {
            let because = because.clone();
            deploy::not_put_back(state, run, key, cause.to_string(), because, out);
        }
        _ => deploy::unhealthy(state, run, key, cause, out),
    }
}

pub(super) fn watched(state: &mut State, id: &EffectId, answer: &Answer<LookReport>, out: &mut Outcome) {
    if matches!(id.step, StepKey::Node(_)) {
        return rollout::looks::watched(state, id, answer, out);
    }
    if !take(state, id, |step, id| step.watching.as_ref() == Some(id)) {
        return;
    }
    with_run(state, id.run, out, |state, run, out| match answer {
        Answer::Unreachable(cause) => {
            if let Some(deploy) = run.steps.get_mut(&id.step).and_then(Step::deploy_mut) {
                unseen(deploy, cause);
            }
            out.touch_step(id.run, &id.step);
        }
        Answer::Done(LookReport::Gone) => deploy::unhealthy(state, run, &id.step, Cause::Gone, out),
        Answer::Done(LookReport::Seen(look)) => deploy::watched(state, run, &id.step, look.clone(), out),
    });
}

fn unseen(deploy: &mut DeployStep, cause: &Unreachable) {
    deploy.unseen = Some(cause.clone());
}

pub(super) fn discarded(state: &mut State, id: &EffectId, answer: &Answer<bool>, out: &mut Outcome) {
    result(state, id, answer, out, |_, run, key, _, _| {
        if let Some(image) = run.steps.get_mut(key).and_then(Step::image_mut) {
            image.candidate = None;
        }
    });
}
