//! A step's row: where it stands, what came of it, what may be done with it.

use super::run::usual;
use super::{View, hold, standing};
use crate::api::rows::{May, Row, StepRow};
use crate::engine::describe::subject;
use crate::engine::dossier;
use crate::engine::run::{Body, DeployStage, DeployStep, ImageStep, Standing, Step, Untag};
use crate::engine::{Cause, Run, State};
use crate::model::reports::{FailingCase, TestReport};
use crate::model::{Actor, Command, Digest, EffectId, Seen};

/// `plan` is the digest of its run's plan.
pub(super) fn step(view: View<'_>, run: &Run, place: usize, step: &Step, plan: &Digest) -> Row {
    let state = view.state;
    let incident = step.incident.and_then(|id| state.incidents.get(&id));
    let may = may(state, run, step);
    let (digest, before, owner) = about(state, step);
    Row::Step(Box::new(StepRow {
        run: run.id,
        step: step.key.clone(),
        place: u32::try_from(place).unwrap_or(u32::MAX),
        title: subject(&step.key),
        mark: standing::mark(run, step),
        state: step.word().to_owned(),
        result: result(step),
        digest: digest.clone(),
        before,
        started: step.started,
        ended: step.ended,
        usual: usual(state, &step.key),
        cases: report(step).map(TestReport::cases),
        failing: failing(step),
        progress: progress(view, step.doing.as_ref()),
        waiting: state.waiting(run, step),
        hold: standing::hold(step).map(|held| hold::hold(view, run, step, held)),
        verdict: verdict(step),
        seen: incident.map(|incident| incident.seen.clone()).unwrap_or_default(),
        logs: dossier::logs(run, step).iter().map(ToString::to_string).collect(),
        // The plan moves with every step of the run; only who may act on this one must have seen it.
        expect: Seen {
            digest,
            plan: (!may.is_empty() && run.ended.is_none()).then(|| plan.clone()),
            generation: Some(step.generation),
        },
        may,
        owner,
        node: None,
    }))
}

/// What it is about, what that takes the place of, and who answers for it.
fn about(state: &State, step: &Step) -> (Option<Digest>, Option<Digest>, Option<crate::model::Owner>) {
    match &step.body {
        Body::Image(image) => (image.digest.clone(), image.old.clone(), image.recipe.owner.clone()),
        Body::Deploy(deploy) => {
            (deploy.want.clone(), runs_before(state, deploy).cloned(), deploy.how.owner.clone())
        }
    }
}

/// What a workload ran before it was touched; until it is looked at for that, what it was last seen to run.
pub(super) fn runs_before<'a>(state: &'a State, deploy: &'a DeployStep) -> Option<&'a Digest> {
    match &deploy.baseline {
        Some(look) => look.digest.as_ref(),
        None => state.running.get(&deploy.workload)?.digest.as_ref(),
    }
}

/// The tests that count: the second try where there was one.
fn report(step: &Step) -> Option<&TestReport> {
    let image = step.image()?;
    image.second.as_ref().or(image.report.as_ref())
}

fn failing(step: &Step) -> Vec<FailingCase> {
    if let Some(Cause::Tests { failing, .. }) = standing::cause(step) {
        return failing.clone();
    }
    report(step)
        .map(|report| report.tests.iter().flat_map(|test| test.failing.clone()).collect())
        .unwrap_or_default()
}

/// `3ac1, tests 12/12`; `runs 3ac1`; for what failed, why.
fn result(step: &Step) -> String {
    if let Some(cause) = standing::cause(step) {
        return cause.to_string();
    }
    match &step.body {
        Body::Image(image) => image_result(image),
        Body::Deploy(deploy) => match (&deploy.stage, &deploy.want) {
            (DeployStage::Healthy, Some(digest)) => format!("runs {}", digest.short()),
            (DeployStage::Undecided(why) | DeployStage::Quarantined(why), _) => why.clone(),
            (_, Some(digest)) => digest.short().to_owned(),
            (_, None) => String::new(),
        },
    }
}

fn image_result(image: &ImageStep) -> String {
    let digest = image.digest.as_ref().map(|digest| digest.short().to_owned());
    let tests = image.second.as_ref().or(image.report.as_ref()).map(|report| {
        let (passed, total) = report.cases();
        let flaky = image.second.is_some() && report.passed();
        format!("tests {passed}/{total}{}", if flaky { " at the second try (flaky)" } else { "" })
    });
    digest.into_iter().chain(tests).collect::<Vec<_>>().join(", ")
}

/// Whose failure it is, and what was done about it.
fn verdict(step: &Step) -> Option<String> {
    let tag = match &step.untagging {
        Untag::Done => "; the public tag was put back".to_owned(),
        Untag::LeftAlone(why) => format!("; the public tag was left alone: {why}"),
        Untag::Wanted | Untag::Waiting(_) | Untag::Doing(_) => {
            "; the public tag is being put back".to_owned()
        }
        Untag::No => String::new(),
    };
    let done = match &step.body {
        Body::Image(_) => "; nothing was published".to_owned(),
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Restoring(_) => "; it is being put back".to_owned(),
            DeployStage::Restored(_) => "; it was put back".to_owned(),
            DeployStage::Undecided(why) => {
                return Some(format!("no verdict: {why}; approve to keep it, roll back to put it back"));
            }
            DeployStage::Quarantined(why) => return Some(format!("not deployed: {why}")),
            DeployStage::Failed(_) => "; it was NOT put back, a person must look".to_owned(),
            DeployStage::Waiting
            | DeployStage::Held(_)
            | DeployStage::Updating
            | DeployStage::Soaking { .. }
            | DeployStage::Healthy
            | DeployStage::Blocked(_)
            | DeployStage::Superseded
            | DeployStage::Aborted(_) => String::new(),
        },
    };
    standing::cause(step).map(|cause| format!("{cause}{done}{tag}"))
}

/// How far the work is, in words.
pub(super) fn progress(view: View<'_>, doing: Option<&EffectId>) -> Option<String> {
    let progress = view.beside.progress(doing?)?;
    match progress.total {
        0 => Some(progress.doing),
        total => Some(format!("{} of {total}: {}", progress.done, progress.doing)),
    }
}

/// What may be asked for now: a retry and a roll-back are only offered where the engine would take them.
fn may(state: &State, run: &Run, step: &Step) -> Vec<May> {
    let undecided = matches!(step.deploy().map(|deploy| &deploy.stage), Some(DeployStage::Undecided(_)));
    let held = standing::hold(step).is_some();
    let takes = |command| state.decide(&Actor::Daemon, command).is_ok();
    let (id, key, seen) = (run.id, || step.key.clone(), Seen::default);
    let back = || takes(Command::Rollback { run: id, step: key(), seen: seen(), reason: None });
    let again = || takes(Command::Retry { run: id, step: key(), seen: seen(), reason: None });
    let mut may = Vec::new();
    may.extend((held || undecided).then_some(May::Approve));
    may.extend(held.then_some(May::Reject));
    may.extend((step.standing() == Standing::Bad && again()).then_some(May::Retry));
    may.extend((step.deploy().is_some() && back()).then_some(May::Rollback));
    may
}
