//! How a deploy step goes on: order, hold, baseline, update, soak, verdict, put-back.

use super::advance::open_incident;
use super::evidence::evidence;
use super::image::note_usual;
use super::progress::Standing;
use super::{DeployStage, DeployStep, Run, Step, Untag, finish};
use crate::engine::hold::Hold;
use crate::engine::incident::Cause;
use crate::engine::rollout::lock;
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::engine::verdict::{self, Measure, Now, Verdict};
use crate::model::defect::{Defect, present};
use crate::model::reports::Look;
use crate::model::setup::{GateBefore, OnFailure};
use crate::model::{Action, Actor, StepKey, WorkloadId};

/// Lets the step go on where nothing needs to be done first. Answers whether its stage changed.
pub(super) fn advance(state: &mut State, run: &mut Run, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = run.steps.at(place) else { return false };
    let Some(deploy) = step.deploy() else { return false };
    // Most steps wait, and most facts change nothing for them: nothing is copied before that is known.
    if deploy.stage == DeployStage::Waiting {
        return begin(state, run, place, out);
    }
    let key = step.key.clone();
    let let_through = matches!(deploy.stage, DeployStage::Held(_))
        || (deploy.stage == DeployStage::Updating && !deploy.touched);
    if let_through && let Some(bad) = gone_bad(run, place) {
        return end(state, run, &key, DeployStage::Blocked(bad), out);
    }
    let due = |at: Option<crate::model::Timestamp>| at.is_some_and(|at| at <= state.now);
    match &deploy.stage {
        DeployStage::Held(hold) if due(hold.expires) => {
            let by = Actor::Policy(hold.gate.to_string());
            end(state, run, &key, DeployStage::Aborted(by), out)
        }
        DeployStage::Held(hold) if hold.open() => touchable(state, run, &key, out),
        DeployStage::Updating if due(deploy.deadline) => at_deadline(state, run, &key, out),
        DeployStage::Restoring(_) if due(deploy.deadline) => restore_overdue(state, run, &key, out),
        DeployStage::Soaking { until }
            if *until <= state.now && step.doing.is_none() && step.want.is_none() =>
        {
            if let Some(step) = run.steps.at_mut(place) {
                step.want = Some(Action::Look);
            }
            true
        }
        DeployStage::Waiting
        | DeployStage::Held(_)
        | DeployStage::Updating
        | DeployStage::Restoring(_)
        | DeployStage::Soaking { .. }
        | DeployStage::Healthy
        | DeployStage::Undecided(_)
        | DeployStage::Restored(_)
        | DeployStage::Failed(_)
        | DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => false,
    }
}

/// 1. A person ended the run: it is not begun.
/// 2. Its image, or a workload before it, ended badly: it is blocked.
/// 3. Its image is not published, or a workload before it is not healthy yet: it waits.
/// 4. What it should run is in quarantine: it says so and is not touched.
/// 5. A gate stands before it: it is held. Else it is touched.
fn begin(state: &mut State, run: &mut Run, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = run.steps.at(place) else { return false };
    if let Some(stop) = &run.aborted {
        let (key, by) = (step.key.clone(), stop.by.clone());
        return end(state, run, &key, DeployStage::Aborted(by), out);
    }
    let Some(deploy) = step.deploy() else { return false };
    let image = run.step_of_image(&deploy.how.image);
    if let Some(bad) = before(run, place, image, Standing::Bad) {
        let (key, bad) = (step.key.clone(), bad.key.clone());
        return end(state, run, &key, DeployStage::Blocked(bad), out);
    }
    if before(run, place, image, Standing::Open).is_some() {
        return false;
    }
    let Some(digest) = image.and_then(Step::image).and_then(|image| image.digest.clone()) else {
        return false;
    };
    let key = step.key.clone();
    if let Some(entry) = state.quarantined(run, &deploy.workload, &deploy.how.image) {
        let why = format!("run {} found it sick: {}", entry.run, entry.why);
        return end(state, run, &key, DeployStage::Quarantined(why), out);
    }
    let hold = Hold::asked(&state.setup, deploy.how.gate.as_ref(), GateBefore::Deploy, &digest, state.now);
    if let Some(deploy) = run.steps.at_mut(place).and_then(Step::deploy_mut) {
        deploy.want = Some(digest);
    }
    match hold {
        Some(hold) => enter(state, run, &key, DeployStage::Held(hold), None, out),
        None => touchable(state, run, &key, out),
    }
}

/// The image's step, or the first deploy step before this one, that stands so.
fn before<'a>(run: &'a Run, place: usize, image: Option<&'a Step>, standing: Standing) -> Option<&'a Step> {
    let earlier = run.steps.before(place).iter().filter(|step| step.deploy().is_some());
    image.into_iter().chain(earlier).find(|step| step.standing() == standing)
}

/// A workload before this one that was well when this one was let through, and was put back since, or is about to be.
fn gone_bad(run: &Run, place: usize) -> Option<StepKey> {
    let mut bad = run.steps.before(place).iter().filter(|step| {
        step.deploy().is_some_and(|deploy| {
            step.standing() == Standing::Bad || matches!(deploy.stage, DeployStage::Restoring(_))
        })
    });
    bad.next().map(|step| step.key.clone())
}

/// Takes the workload in hand, unless another run or a node step has it: then it waits as it is.
fn touchable(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) -> bool {
    let StepKey::Deploy(workload) = key else { return false };
    if holder(state, run, workload).is_some() || lock::of_workload(state, workload).is_some() {
        return false;
    }
    enter(state, run, key, DeployStage::Updating, Some(Action::Baseline), out)
}

/// The other run that has this workload in hand.
pub(in crate::engine) fn holder<'a>(state: &'a State, run: &Run, workload: &WorkloadId) -> Option<&'a Run> {
    let key = StepKey::Deploy(workload.clone());
    let has = |other: &&Run| {
        let deploy = other.steps.get(&key).and_then(Step::deploy);
        other.id != run.id && deploy.is_some_and(|step| step.stage.holds_workload())
    };
    state.active().find(has).filter(|_| !present(Defect::HolderIgnored))
}

/// The baseline was taken: the update may follow. An update of somebody else under way is waited out first. What an earlier try of this step left there
/// is no spec from before: that is the one which it replaced.
pub(in crate::engine) fn baseline_taken(
    state: &State,
    run: &mut Run,
    key: &StepKey,
    mut look: Box<Look>,
    out: &mut Outcome,
) {
    let mark = format!("tidegate-{}-r{}", state.install, run.id);
    let Some(step) = run.steps.get_mut(key) else { return };
    let Some(deploy) = step.deploy_mut() else { return };
    deploy.look = Some(look.clone());
    if let Some(replaced) = deploy.replaced.as_ref().filter(|_| look.spec.mark.as_ref() == Some(&mark)) {
        look.spec = replaced.clone();
    }
    deploy.mark = Some(mark);
    deploy.baseline = Some(look);
    step.want = Some(Action::Deploy);
    out.touch_step(run.id, key);
}

/// The spec is ours: it converges from now on, watched.
pub(in crate::engine) fn changed(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(step) = run.steps.get_mut(key) else { return };
    let Some(deploy) = step.deploy_mut() else { return };
    deploy.deadline = Some(state.now + deploy.how.deadline);
    if let Some(look) = deploy.look.as_mut().filter(|_| deploy.stage == DeployStage::Updating) {
        // The baseline's one round of probes is not part of what the watch counts.
        look.probes = None;
    }
    let watched = step.watching.is_some();
    step.want = (!watched).then_some(Action::Watch);
    out.touch_step(run.id, key);
    while_restoring(state, run, key, out);
}

/// A watched workload is not as it was.
pub(in crate::engine) fn watched(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    look: Box<Look>,
    out: &mut Outcome,
) {
    let Some(deploy) = run.steps.get_mut(key).and_then(Step::deploy_mut) else { return };
    remember(deploy, look);
    out.touch_step(run.id, key);
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    match &deploy.stage {
        DeployStage::Updating => while_updating(state, run, key, out),
        DeployStage::Soaking { .. } | DeployStage::Undecided(_) => while_soaking(state, run, key, out),
        DeployStage::Restoring(_) => while_restoring(state, run, key, out),
        DeployStage::Waiting
        | DeployStage::Held(_)
        | DeployStage::Healthy
        | DeployStage::Restored(_)
        | DeployStage::Failed(_)
        | DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => {}
    }
}

/// Keeps the newest look. A watch that began anew counts its probes from zero: the old count is kept beside it.
fn remember(deploy: &mut DeployStep, look: Box<Look>) {
    deploy.unseen = None;
    let old = deploy.look.as_ref().and_then(|look| look.probes.as_ref());
    if let (Some(old), Some(new)) = (old, look.probes.as_ref())
        && old.since != new.since
        && deploy.deadline.is_some()
    {
        deploy.failed_before = deploy.failed_before.saturating_add(old.failed);
    }
    deploy.look = Some(look);
}

fn while_updating(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    let Some(look) = deploy.look.as_ref() else { return };
    if let Some(cause) = taken_away(deploy, look) {
        return unhealthy(state, run, key, cause, out);
    }
    let Some(before) = deploy.baseline.as_ref() else { return };
    match verdict::now(before, look, Measure::of(&deploy.how), deploy.failed_before) {
        Now::Unhealthy(cause) => unhealthy(state, run, key, cause, out),
        Now::Converged => {
            let until = state.now + deploy.how.soak;
            enter(state, run, key, DeployStage::Soaking { until }, None, out);
        }
        Now::OnItsWay => {}
    }
}

fn while_soaking(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    let Some(look) = deploy.look.as_ref() else { return };
    if let Some(cause) = taken_away(deploy, look) {
        return unhealthy(state, run, key, cause, out);
    }
    let Some(before) = deploy.baseline.as_ref() else { return };
    if let Now::Unhealthy(cause) = verdict::now(before, look, Measure::of(&deploy.how), deploy.failed_before)
    {
        unhealthy(state, run, key, cause, out);
    }
}

/// The spec is not ours any more: the orchestrator's own rollback, or a person.
fn taken_away(deploy: &DeployStep, look: &Look) -> Option<Cause> {
    if deploy.mark.is_none() || look.spec.mark == deploy.mark {
        return None;
    }
    let before = deploy.baseline.as_ref().map(|look| &look.spec);
    Some(taken_by(before, &look.spec, &look.update))
}

/// Who took it: the image from before under the orchestrator's own rollback is the orchestrator's doing.
pub(in crate::engine) fn taken_by(
    before: Option<&crate::model::reports::SpecMark>,
    found: &crate::model::reports::SpecMark,
    update: &crate::model::reports::UpdateState,
) -> Cause {
    use crate::model::reports::UpdateState;
    let same = before.is_some_and(|before| before.image == found.image && before.mark == found.mark);
    match update {
        UpdateState::RollingBack(why) | UpdateState::RolledBack(why) if same => {
            Cause::OrchestratorRolledBack(why.clone())
        }
        _ => Cause::ChangedByOthers { image: found.image.clone() },
    }
}

/// The verdict is due and the workload was looked at freshly.
pub(in crate::engine) fn judge(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    fresh: &Look,
    out: &mut Outcome,
) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    if let Some(cause) = taken_away(deploy, fresh) {
        return unhealthy(state, run, key, cause, out);
    }
    let Some(before) = deploy.baseline.as_ref() else { return };
    // The one round of the fresh look is added to what the watch has counted.
    let mut look = fresh.clone();
    if let (Some(sum), Some(tally)) =
        (deploy.look.as_ref().and_then(|l| l.probes.as_ref()), look.probes.as_mut())
    {
        tally.total = tally.total.saturating_add(sum.total);
        tally.failed = tally.failed.saturating_add(sum.failed);
        tally.first = sum.first.clone().or(tally.first.take());
    }
    match verdict::at_end_of_soak(before, &look, Measure::of(&deploy.how), deploy.failed_before) {
        Verdict::Healthy => healthy(state, run, key, out),
        Verdict::Unhealthy(cause) => unhealthy(state, run, key, cause, out),
        Verdict::Unknown(why) => {
            enter(state, run, key, DeployStage::Undecided(why), None, out);
        }
    }
}

pub(in crate::engine) fn healthy(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    end(state, run, key, DeployStage::Healthy, out);
    note_usual(state, run, key);
}

/// It is unhealthy, or it was taken away:
///
/// 1. It made the workload sick: what led to it is quarantined and the public tag is put back.
/// 2. Somebody else has the workload, or the orchestrator put it back: it is not touched again.
/// 3. It is marked irreversible: it stops and pages.
/// 4. Else the spec from before is put back.
pub(in crate::engine) fn unhealthy(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    cause: Cause,
    out: &mut Outcome,
) {
    let seen = run.steps.get(key).and_then(Step::deploy).map(evidence).unwrap_or_default();
    open_incident(state, run, key, &cause, seen, out);
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    let stop = deploy.how.on_failure == OnFailure::Stop;
    if cause.quarantines() && !stop {
        contain(state, run, key, &cause, out);
    }
    match &cause {
        Cause::ChangedByOthers { .. } | Cause::Busy { .. } | Cause::Gone | Cause::UpdateRefused(_) => {
            end(state, run, key, DeployStage::Failed(cause), out);
        }
        Cause::OrchestratorRolledBack(_) => {
            set_deadline(state, run, key);
            keep_watching(run, key);
            enter(state, run, key, DeployStage::Restoring(cause), None, out);
            while_restoring(state, run, key, out);
        }
        Cause::Aborted { .. } if stop => {
            // Who ended the run may think that it was put back.
            let why = "it is marked irreversible and stays as it is".to_owned();
            not_put_back(state, run, key, why, cause, out);
        }
        _ if stop && !matches!(cause, Cause::OrderedBack { .. }) => {
            end(state, run, key, DeployStage::Failed(cause), out);
        }
        _ if present(Defect::PutBackSkipped) => {
            end(state, run, key, DeployStage::Restored(cause), out);
        }
        _ => {
            set_deadline(state, run, key);
            cancel_doing(run, key, out);
            enter(state, run, key, DeployStage::Restoring(cause), Some(Action::Restore), out);
        }
    }
}

fn set_deadline(state: &State, run: &mut Run, key: &StepKey) {
    if let Some(deploy) = run.steps.get_mut(key).and_then(Step::deploy_mut) {
        deploy.deadline = Some(state.now + deploy.how.deadline);
    }
}

/// Nothing is put back by us, but somebody must see it come back.
fn keep_watching(run: &mut Run, key: &StepKey) {
    if let Some(step) = run.steps.get_mut(key)
        && step.watching.is_none()
    {
        step.want = Some(Action::Watch);
    }
}

fn cancel_doing(run: &mut Run, key: &StepKey, out: &mut Outcome) {
    if let Some(id) = run.steps.get_mut(key).and_then(|step| step.doing.take()) {
        out.effects.push(crate::engine::Effect::Cancel(id));
    }
}

/// Quarantines what made the workload sick, and wants the public tag back.
fn contain(state: &mut State, run: &mut Run, key: &StepKey, cause: &Cause, out: &mut Outcome) {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return };
    let (workload, image) = (deploy.workload.clone(), deploy.how.image.clone());
    let Some(digest) = deploy.want.clone() else { return };
    state.quarantine(run, &workload, &image, digest, cause.to_string());
    let old = run.image_step(&image).and_then(|step| step.old.clone());
    if let Some(step) = run.steps.get_mut(key)
        && old.is_some()
    {
        step.untagging = Untag::Wanted;
    }
    out.touch(Key::Workload(workload));
    out.touch(Key::Image(image));
}

/// It is back when all that ran before runs again.
fn while_restoring(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(step) = run.steps.get(key) else { return };
    let Some(deploy) = step.deploy() else { return };
    let (Some(look), Some(before)) = (&deploy.look, &deploy.baseline) else { return };
    let asked = step.want == Some(Action::Restore)
        || step.doing.as_ref().is_some_and(|id| id.action == Action::Restore);
    let DeployStage::Restoring(cause) = &deploy.stage else { return };
    if asked || look.spec.image != before.spec.image || look.spec.mark != before.spec.mark {
        return;
    }
    let old_spec_runs =
        look.tasks.iter().all(|task| task.current || task.state != crate::model::reports::TaskState::Running);
    if look.running >= look.desired.min(before.running) && old_spec_runs {
        let cause = cause.clone();
        end(state, run, key, DeployStage::Restored(cause), out);
    }
}

/// Convergence was due. A workload that nobody could see is not blamed: a person decides.
fn at_deadline(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) -> bool {
    let Some(deploy) = run.steps.get(key).and_then(Step::deploy) else { return false };
    if let Some(unseen) = &deploy.unseen {
        let why = format!("{} gave no answer: {}", unseen.who, unseen.why);
        return enter(state, run, key, DeployStage::Undecided(why), None, out);
    }
    let (running, desired, why) = deploy.look.as_ref().map_or((0, 0, None), |look| {
        let stuck = look.tasks.iter().filter(|task| task.current).find_map(|task| task.message.clone());
        (look.running, look.desired, stuck)
    });
    unhealthy(state, run, key, Cause::NotThereByDeadline { running, desired, why }, out);
    true
}

/// The put-back was due as well. While nobody answers it is still tried; that is shown as the wait that it is.
fn restore_overdue(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) -> bool {
    let Some(step) = run.steps.get(key) else { return false };
    let Some(deploy) = step.deploy() else { return false };
    if step.retry.is_some() || deploy.unseen.is_some() {
        set_deadline(state, run, key);
        return false;
    }
    let why = deploy.look.as_ref().map_or_else(
        || "it was not seen again".to_owned(),
        |look| format!("{} of {} tasks ran by the deadline", look.running, look.desired),
    );
    let DeployStage::Restoring(cause) = deploy.stage.clone() else { return false };
    not_put_back(state, run, key, why, cause, out);
    true
}

/// It could not be put back. A person must know, also where it was a person who ordered it.
pub(in crate::engine) fn not_put_back(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    why: String,
    because: Cause,
    out: &mut Outcome,
) {
    let seen = run.steps.get(key).and_then(Step::deploy).map(evidence).unwrap_or_default();
    let cause = Cause::RestoreFailed { why, because: Box::new(because) };
    open_incident(state, run, key, &cause, seen, out);
    end(state, run, key, DeployStage::Failed(cause), out);
}

fn enter(
    state: &State,
    run: &mut Run,
    key: &StepKey,
    stage: DeployStage,
    want: Option<Action>,
    out: &mut Outcome,
) -> bool {
    let Some(step) = run.steps.get_mut(key) else { return false };
    let keep = step.want.filter(|action| *action == Action::Watch && want.is_none());
    step.enter_deploy(stage, state.now);
    step.want = want.or(keep);
    out.touch_step(run.id, key);
    if let StepKey::Deploy(workload) = key {
        out.touch(Key::Workload(workload.clone()));
    }
    true
}

/// Ends the step; its watch ends with it.
pub(in crate::engine) fn end(
    state: &State,
    run: &mut Run,
    key: &StepKey,
    stage: DeployStage,
    out: &mut Outcome,
) -> bool {
    if let Some(step) = run.steps.get_mut(key) {
        finish(step, out);
        if let Some(deploy) = step.deploy_mut() {
            deploy.deadline = None;
        }
    }
    enter(state, run, key, stage, None, out)
}
