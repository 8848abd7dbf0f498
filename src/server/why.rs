//! The answer to "why", from the state and the latest lines of the journal.

use super::rows::words;
use crate::api::rows::EventRow;
use crate::api::subject::{Subject, matching};
use crate::api::why::{Fact, Link, Why};
use crate::engine::describe::subject as title;
use crate::engine::run::Step;
use crate::engine::{Run, State};
use crate::model::{RunId, StepKey};

/// Lines of the journal that an answer carries.
const FACTS: usize = 40;

/// Why the thing that `id` names is as it is; none when there is no such thing, or more than one. `lines` are the latest
/// lines of the journal, oldest first.
pub fn why(state: &State, lines: &[EventRow], id: &str) -> Option<Why> {
    match id.parse::<Subject>().ok()? {
        Subject::Run(id) => {
            let run = state.runs.get(&id)?;
            Some(of_run(state, run, facts(lines, |line| line.run == Some(id))))
        }
        Subject::Step(id, name) => {
            let run = state.runs.get(&id)?;
            let [key] = matching(run.order.iter(), &name)[..] else { return None };
            let step = run.steps.get(key)?;
            // The run's own commands (a pause, an abort) are part of what led to its steps.
            let about =
                |line: &EventRow| line.run == Some(id) && line.step.as_ref().is_none_or(|step| step == key);
            Some(of_step(state, run, step, facts(lines, about)))
        }
        Subject::Incident(id) => {
            let incident = state.incidents.get(&id)?;
            let about = |line: &EventRow| {
                line.run == Some(incident.run) && line.step.as_ref() == Some(&incident.step)
            };
            let claimed = incident.claimed.as_ref().map(|(by, _)| format!("; {by} looks at it"));
            let closed = incident.closed.as_ref().map(|(by, _, what)| format!("; closed by {by}: {what}"));
            Some(Why {
                subject: format!("incident {id}, run {} {}", incident.run, title(&incident.step)),
                state: format!("{}{}", incident.cause, closed.or(claimed).unwrap_or_default()),
                chain: chain(state, incident.run, &incident.step),
                facts: facts(lines, about),
            })
        }
    }
}

fn of_run(state: &State, run: &Run, facts: Vec<Fact>) -> Why {
    let steps = run.in_order().map(|step| format!("{} {}", title(&step.key), words(step)));
    let first = run.in_order().find(|step| state.waiting(run, step).is_some());
    Why {
        subject: format!("run {}", run.id),
        state: steps.collect::<Vec<_>>().join(", "),
        chain: first.map(|step| chain(state, run.id, &step.key)).unwrap_or_default(),
        facts,
    }
}

fn of_step(state: &State, run: &Run, step: &Step, facts: Vec<Fact>) -> Why {
    Why {
        subject: format!("run {} {}", run.id, title(&step.key)),
        state: format!("{} since {}", words(step), step.since.hours_minutes_seconds()),
        chain: chain(state, run.id, &step.key),
        facts,
    }
}

fn chain(state: &State, run: RunId, step: &StepKey) -> Vec<Link> {
    let Some(run) = state.runs.get(&run) else { return Vec::new() };
    let link = |(key, waiting)| Link { subject: title(&key), waiting };
    state.waiting_chain(run, step).into_iter().map(link).collect()
}

fn facts(lines: &[EventRow], about: impl Fn(&EventRow) -> bool) -> Vec<Fact> {
    let all: Vec<&EventRow> = lines.iter().filter(|line| about(line)).collect();
    let latest = all.iter().skip(all.len().saturating_sub(FACTS));
    latest.map(|line| Fact { at: line.at, who: line.by.to_string(), text: line.text.clone() }).collect()
}
