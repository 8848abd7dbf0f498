//! Which answer it is, and the one of runs.

use super::rollout;
use crate::api::rollout::called;
use crate::api::subject::{Subject, matching};
use crate::api::why::{Fact, Link, Why};
use crate::engine::run::{Body, DeployStage, ImageStage, Run, Step};
use crate::engine::{Event, State, describe, dossier};
use crate::model::{IncidentId, Seq, StepKey};

/// Why a thing is as it is; none when there is no such thing, or when a short name means several.
pub fn why(state: &State, subject: &Subject, events: &[(Seq, Event)], most: usize) -> Option<Why> {
    if let Some(found) = rollout::of(state, subject, events, most) {
        return found;
    }
    match subject {
        Subject::Run(id) => {
            let run = state.runs.get(id)?;
            let first = run.steps.values().find(|step| state.waiting(run, step).is_some());
            let chain = first.map_or_else(Vec::new, |step| chain(state, run, &step.key));
            Some(Why {
                subject: subject.to_string(),
                state: of_run(run),
                chain,
                facts: facts(state, run, None, events, most),
            })
        }
        Subject::Step(id, text) => {
            let run = state.runs.get(id)?;
            let [key] = matching(run.steps.keys(), text)[..] else { return None };
            let step = run.steps.get(key)?;
            let subject = format!("run {} {}", run.id, describe::subject(key));
            let facts = facts(state, run, Some(key), events, most);
            Some(Why { subject, state: of_step(step), chain: chain(state, run, key), facts })
        }
        Subject::Incident(id) => of_incident(state, *id, events, most),
    }
}

fn of_incident(state: &State, id: IncidentId, events: &[(Seq, Event)], most: usize) -> Option<Why> {
    let incident = state.incidents.get(&id)?;
    let seen = incident.seen.iter().map(|line| Fact {
        at: incident.opened,
        who: "seen".to_owned(),
        text: line.clone(),
    });
    let (run, rolled) = (state.runs.get(&incident.run), state.rollouts.get(&incident.run));
    let facts = match (run, rolled) {
        (Some(run), _) => facts(state, run, Some(&incident.step), events, most),
        (None, Some(rolled)) => rollout::facts(state, rolled, Some(&incident.step), events, most),
        (None, None) => Vec::new(),
    };
    let chain = match (run, rolled) {
        (Some(run), _) => chain(state, run, &incident.step),
        (None, Some(rolled)) => rollout::chain(state, rolled, &incident.step),
        (None, None) => Vec::new(),
    };
    let called = called(incident.run, &incident.step);
    Some(Why {
        subject: format!("incident {id}: {called} {}", describe::subject(&incident.step)),
        state: format!("{}: {}", incident.cause.class(), incident.cause),
        chain,
        facts: seen.chain(facts).collect(),
    })
}

fn of_run(run: &Run) -> String {
    let ended = run.ended.map(|at| format!("ended {}", at.hours_minutes_seconds()));
    let open = run.steps.values().filter(|step| step.ended.is_none()).count();
    let how = ended.unwrap_or_else(|| format!("{open} of {} steps are not done", run.steps.len()));
    format!("{how}; set off by {}, {}", run.change.image.short(), crate::engine::waiting::set_off_by(run))
}

/// The stage in a sentence: for what ended badly, the cause.
fn of_step(step: &Step) -> String {
    let since = step.since.hours_minutes_seconds();
    let why = match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Failed(cause) => Some(cause.to_string()),
            ImageStage::Blocked(by) => Some(format!("by {}", describe::subject(by))),
            ImageStage::Aborted(by) => Some(format!("by {by}")),
            _ => None,
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Failed(cause) | DeployStage::Restored(cause) | DeployStage::Restoring(cause) => {
                Some(cause.to_string())
            }
            DeployStage::Quarantined(why) | DeployStage::Undecided(why) => Some(why.clone()),
            DeployStage::Blocked(by) => Some(format!("by {}", describe::subject(by))),
            DeployStage::Aborted(by) => Some(format!("by {by}")),
            _ => None,
        },
    };
    format!("{} since {since}{}", step.word(), why.map(|why| format!(": {why}")).unwrap_or_default())
}

fn chain(state: &State, run: &Run, key: &StepKey) -> Vec<Link> {
    let links = state.waiting_chain(run, key).into_iter();
    links.map(|(key, waiting)| Link { subject: describe::subject(&key), waiting }).collect()
}

/// The latest facts that touched the step, or anything of the run; and the move that set the run off.
fn facts(
    state: &State,
    run: &Run,
    step: Option<&StepKey>,
    events: &[(Seq, Event)],
    most: usize,
) -> Vec<Fact> {
    let concerns = |event: &&Event| dossier::concerns(run, step, event);
    let found: Vec<&Event> = events.iter().map(|(_, event)| event).filter(concerns).collect();
    told(state, &found, most)
}

/// The latest of these facts.
pub(super) fn told(state: &State, events: &[&Event], most: usize) -> Vec<Fact> {
    let fact = |event: &&Event| Fact {
        at: event.at,
        who: event.by.to_string(),
        text: describe::sentence(state, event),
    };
    events[events.len().saturating_sub(most)..].iter().map(fact).collect()
}
