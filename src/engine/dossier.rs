//! The dossier of an incident, from the state, the run's facts and the ends of its logs.
//!
//! Whoever calls gathers facts and logs: they are outside the state. What comes out is bounded by
//! [`limits`](crate::model::limits), and holds no value of any environment.

use super::describe;
use super::event::{Event, EventKind};
use super::incident::Incident;
use super::notice::{candidate, reproduce};
use super::outbox::{customer, vendor};
use super::rollout;
use super::run::{DeployStep, ImageStep, Run, Step};
use super::state::State;
use super::veil::{self, Veil};
use crate::model::dossier::{
    Built, Changed, DOSSIER_SCHEMA, Deployed, Dossier, LogTail, Moment, Seen, TestRound,
};
use crate::model::reports::{Look, TestReport};
use crate::model::{Action, EffectId, IncidentId, StepKey, Timestamp, limits};

/// The dossier as it is now; none when the incident, or the run that it happened in, is not in the state any more.
pub fn make(state: &State, id: IncidentId, events: &[Event], logs: &[LogTail]) -> Option<Dossier> {
    let incident = state.incidents.get(&id)?;
    if let Some(rollout) = state.rollouts.get(&incident.run) {
        return rollout::dossier::make(state, rollout, incident, events, logs);
    }
    let run = state.runs.get(&incident.run)?;
    let step = run.steps.get(&incident.step)?;
    let veil = Veil::of(run);
    let tested = candidate(run, &incident.step);
    Some(Dossier {
        schema: DOSSIER_SCHEMA,
        install: state.install.clone(),
        incident: id,
        run: run.id,
        step: step.key.clone(),
        opened: incident.opened,
        written: state.now,
        complete: is_complete(state, incident),
        cause: incident.cause.word().to_owned(),
        class: incident.cause.class().to_owned(),
        sentence: veil.over(&format!("{}: {}", describe::subject(&step.key), incident.cause)),
        flaky_before: step.image().and_then(|image| state.flaky.get(&image.image)).copied().unwrap_or(0),
        vendor: vendor(state, incident).cloned(),
        customer: customer(state, incident).cloned(),
        changed: changed(run),
        built: step.image().map(built),
        tests: step.image().map_or_else(Vec::new, |image| rounds(image, &veil)),
        deployed: step.deploy().map(|deploy| deployed(deploy, &veil)),
        node: None,
        seen: incident.seen.iter().map(|line| veil.over(line)).collect(),
        logs: logs.iter().take(limits::DOSSIER_LOGS).map(|log| tail(log, &veil)).collect(),
        timeline: timeline(state, &|event| concerns(run, None, event), events, &veil),
        reproduce: tested.map(|(image, digest)| reproduce(run, &image, &digest)).unwrap_or_default(),
        environment: veil::names(run, &step.key),
    })
}

/// Whether all evidence is there: the step has ended, put back or not.
pub fn is_complete(state: &State, incident: &Incident) -> bool {
    if let Some(step) = state.node_step_of(incident.run, &incident.step) {
        return step.ended.is_some();
    }
    state.step_of(incident.run, &incident.step).is_some_and(|step| step.ended.is_some())
}

/// Since when an incident's facts count, and the logs that the work of its step has written; none when its step is gone.
pub fn sources(state: &State, id: IncidentId) -> Option<(Timestamp, Vec<EffectId>)> {
    let incident = state.incidents.get(&id)?;
    if let Some(rollout) = state.rollouts.get(&incident.run) {
        let step = rollout.steps.get(&incident.step)?;
        let announced = state.announced(&rollout.pool, &rollout.release).map(|one| one.at);
        return Some((announced.unwrap_or(rollout.started), rollout::dossier::logs(rollout, step)));
    }
    let run = state.runs.get(&incident.run)?;
    Some((run.change.at, logs(run, run.steps.get(&incident.step)?)))
}

/// The logs that the work of a step has written; the one that tells most comes last: that of a failure, and not of the control or
/// of the second try that passed.
pub fn logs(run: &Run, step: &Step) -> Vec<EffectId> {
    let written =
        |action: &&Action| matches!(action, Action::Build | Action::Test | Action::Retest | Action::Control);
    let attempts = step.attempts.iter().filter(|(action, _)| written(action));
    let ids = attempts.flat_map(|(action, attempts)| {
        (1..=*attempts).map(|attempt| EffectId {
            run: run.id,
            step: step.key.clone(),
            subject: None,
            action: *action,
            attempt,
        })
    });
    let mut ids: Vec<EffectId> = ids.collect();
    let passed_then = step.image().and_then(|image| image.second.as_ref()).is_some_and(TestReport::passed);
    let tells = |action: Action| match (action == Action::Control, action == Action::Retest && passed_then) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    };
    ids.sort_by_key(|id| (tells(id.action), id.attempt, id.action));
    ids
}

/// Whether a fact belongs to a run, or to one of its steps; and the move that set the run off.
pub fn concerns(run: &Run, step: Option<&StepKey>, event: &Event) -> bool {
    match event.kind.subject() {
        Some((id, about)) => id == run.id && (step.is_none() || about.is_none() || about.as_ref() == step),
        None => {
            let moved = matches!(&event.kind, EventKind::TagSeen { image, .. } if *image == run.change.image);
            moved && event.at <= run.started
        }
    }
}

fn changed(run: &Run) -> Changed {
    Changed {
        image: Some(run.change.image.clone()),
        release: None,
        from: run.change.from.clone(),
        to: run.change.to.clone(),
        by: run.change.by.to_string(),
        at: run.change.at,
        reason: run.change.reason.clone(),
    }
}

fn built(image: &ImageStep) -> Built {
    Built {
        image: image.image.clone(),
        candidate: image.digest.clone(),
        before: image.old.clone(),
        bases: image.bases.iter().map(|(base, digest)| (base.clone(), digest.clone())).collect(),
        dockerfile: image.inputs.as_ref().map(|inputs| inputs.dockerfile.clone()),
        recipe: image.inputs.as_ref().map(|inputs| inputs.recipe.clone()),
    }
}

fn rounds(image: &ImageStep, veil: &Veil) -> Vec<TestRound> {
    let of = [
        ("first try", &image.digest, &image.report),
        ("second try", &image.digest, &image.second),
        ("control", &image.old, &image.control),
    ];
    let round = |what: &str, on: &Option<_>, report: &TestReport| {
        let (passed, total) = report.cases();
        let mut tests = report.tests.clone();
        for test in &mut tests {
            for case in &mut test.failing {
                case.name = veil.over(&case.name);
                case.message = veil.over(&case.message);
            }
            test.reason = test.reason.as_deref().map(|reason| veil.over(reason));
        }
        TestRound { what: what.to_owned(), on: on.clone(), passed, total, tests }
    };
    of.into_iter().filter_map(|(what, on, report)| Some(round(what, on, report.as_ref()?))).collect()
}

fn deployed(deploy: &DeployStep, veil: &Veil) -> Deployed {
    Deployed {
        want: deploy.want.clone(),
        before: deploy.baseline.as_deref().map(|look| seen(look, veil)),
        last: deploy.look.as_deref().map(|look| seen(look, veil)),
        ended: deploy.stage.word().to_owned(),
    }
}

pub(super) fn seen(look: &Look, veil: &Veil) -> Seen {
    let mut seen = Seen {
        at: look.at,
        digest: look.digest.clone(),
        running: look.running,
        desired: look.desired,
        tasks: look.tasks.clone(),
        ended: look.ended.clone(),
        probes: look.probes.clone(),
        update: look.update.clone(),
    };
    seen.ended.iter_mut().for_each(|task| task.message = veil.over(&task.message));
    for task in &mut seen.tasks {
        task.message = task.message.as_deref().map(|message| veil.over(message));
    }
    seen
}

pub(super) fn tail(log: &LogTail, veil: &Veil) -> LogTail {
    let over = log.lines.len().saturating_sub(limits::DOSSIER_LOG_LINES);
    let lines = log.lines[over..].iter();
    let clean = |line: &String| crate::model::text::clean(&veil.over(line), limits::MESSAGE_CHARS);
    LogTail { id: log.id.clone(), lines: lines.map(clean).collect(), cut: log.cut || over > 0 }
}

pub(super) fn timeline(
    state: &State,
    concerns: &dyn Fn(&Event) -> bool,
    events: &[Event],
    veil: &Veil,
) -> Vec<Moment> {
    let told: Vec<&Event> = events.iter().filter(|event| concerns(event)).collect();
    let moment = |event: &&Event| Moment {
        at: event.at,
        by: event.by.to_string(),
        text: veil.over(&describe::sentence(state, event)),
    };
    told[told.len().saturating_sub(limits::DOSSIER_FACTS)..].iter().map(moment).collect()
}
