//! What is said before and after a drill.

use super::harm::{Hurt, hurts, together};
use crate::engine::describe::{sentence, subject};
use crate::engine::{EventKind, State};
use crate::journal::ReadError;
use crate::model::drill::{Debriefing, Ended, Lesson, Moment, Who};
use crate::model::{Actor, RunId, Seq, StepKey, Timestamp};
use crate::play::{Stage, actor, words};
use crate::sim::file::{DrillFile, Entry, Happens};
use crate::sim::{WorldError, WorldFile};
use std::collections::{BTreeMap, BTreeSet};

/// What its player is told before.
///
/// # Errors
/// When the world begins is no time.
pub fn lesson(world: &WorldFile, drill: &DrillFile) -> Result<Lesson, WorldError> {
    Ok(Lesson {
        name: drill.name.clone(),
        title: world.title.clone(),
        briefing: paragraphs(&drill.briefing),
        goal: drill.goal.says.clone(),
        hints: drill.hints.clone(),
        begins: world.begins()?,
        lasts: drill.lasts.0,
    })
}

/// What is said after it; `hints` are the moments at which one was given.
///
/// # Errors
/// The journal could not be read.
pub fn debriefing(
    stage: &Stage,
    drill: &DrillFile,
    ended: Ended,
    hints: &[Timestamp],
) -> Result<Debriefing, ReadError> {
    let world = stage.sim().file();
    let passed = match ended {
        Ended::Reached(after) | Ended::Left(after) => after,
        Ended::TimeOver => drill.lasts.0,
    };
    let begins = stage.sim().now() - stage.sim().clock().passed();
    let end = begins + passed;
    let hurts = hurts(&stage.sim().deeds(0), &drill.users_of, end);
    let others: BTreeSet<Actor> = world.story.iter().filter_map(person).map(actor).collect();
    let mut timeline = told(&world.story, begins, end);
    timeline.extend(of_users(&hurts));
    timeline.extend(hints.iter().enumerate().map(|(at, given)| {
        moment(*given, Who::You, "you", format!("asked for hint {}: {}", at + 1, drill.hints[at]))
    }));
    timeline.extend(of_journal(&stage.handle().events(Seq(0), usize::MAX)?, &others, end));
    timeline.sort_by_key(|moment| (moment.at, moment.who));
    Ok(Debriefing {
        name: drill.name.clone(),
        title: world.title.clone(),
        goal: drill.goal.says.clone(),
        ended,
        lasts: drill.lasts.0,
        hints: (hints.len(), drill.hints.len()),
        users: affected(&hurts),
        timeline,
        best: paragraphs(&drill.best.says),
        within: drill.best.within.0,
    })
}

/// Text of a file, whose lines were broken for its author's editor.
fn paragraphs(text: &str) -> Vec<String> {
    let words = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim().split("\n\n").map(words).filter(|text| !text.is_empty()).collect()
}

fn moment(at: Timestamp, who: Who, name: &str, text: String) -> Moment {
    Moment { at, who, name: name.to_owned(), text }
}

fn person(entry: &Entry) -> Option<&str> {
    entry.person.as_ref().map(|person| person.name.as_str())
}

/// What the world's own story says; what people of it do is in the journal.
fn told(story: &[Entry], begins: Timestamp, end: Timestamp) -> Vec<Moment> {
    let of = |entry: &Entry| {
        let at = begins + entry.at.0;
        let text = entry.says.clone().filter(|_| at <= end)?;
        let who = match entry.happens()? {
            Happens::Person(person) => return Some(moment(at, Who::Person, &person.name, text)),
            Happens::World(_) | Happens::Machine(_) | Happens::Nothing => Who::World,
        };
        Some(moment(at, who, "world", text))
    };
    story.iter().filter_map(of).collect()
}

fn of_users(hurts: &[Hurt]) -> Vec<Moment> {
    let begun = hurts.iter().map(|hurt| {
        let by = hurt.by.as_ref().map_or(String::new(), |by| format!(", after {by}"));
        moment(hurt.from, Who::Users, "users", format!("requests to {} fail{by}", hurt.workload))
    });
    let over = hurts.iter().filter(|hurt| !hurt.open).map(|hurt| {
        let text = format!("requests to {} are answered again, after {}", hurt.workload, hurt.lasted());
        moment(hurt.until, Who::Users, "users", text)
    });
    begun.chain(over).collect()
}

/// The sum first, then what it is made of.
fn affected(hurts: &[Hurt]) -> Vec<String> {
    if hurts.is_empty() {
        return vec!["not affected".to_owned()];
    }
    let mut lines = vec![format!("affected for {}", together(hurts))];
    lines.extend(hurts.iter().map(|hurt| {
        let by = hurt.by.as_ref().map_or("by itself".to_owned(), |by| format!("by {by}"));
        let (from, until) = (hurt.from.hours_minutes_seconds(), hurt.until.hours_minutes_seconds());
        let open = if hurt.open { ", and still" } else { "" };
        format!("{} for {}, {from} to {until}{open}, {by}", hurt.workload, hurt.lasted())
    }));
    lines
}

/// What people asked for, and what came of steps and incidents.
fn of_journal(
    events: &[(Seq, crate::engine::Event)],
    others: &BTreeSet<Actor>,
    end: Timestamp,
) -> Vec<Moment> {
    let (mut state, mut shown, mut incidents) = (State::default(), BTreeMap::new(), 0);
    let mut out = Vec::new();
    for (_, event) in events.iter().filter(|(_, event)| event.at <= end) {
        state.step(event);
        match (&event.by, &event.kind) {
            (Actor::Person { name, .. }, _) => {
                let who = if others.contains(&event.by) { Who::Person } else { Who::You };
                out.push(moment(event.at, who, name, sentence(&state, event)));
            }
            (_, EventKind::TagSeen { before: Some(_), .. })
            | (_, EventKind::SourceLost { .. } | EventKind::SourceFound { .. }) => {
                out.push(moment(event.at, Who::Tidegate, "tidegate", sentence(&state, event)));
            }
            _ => {}
        }
        let now = all_words(&state);
        for ((run, step), word) in &now {
            if is_news(word) && shown.get(&(*run, step.clone())) != Some(word) {
                let kind = if matches!(step, StepKey::Node(_)) { "rollout" } else { "run" };
                let text = format!("{kind} {run}: {} {word}", subject(step));
                out.push(moment(event.at, Who::Tidegate, "tidegate", text));
            }
        }
        shown = now;
        for incident in state.incidents.values().skip(incidents) {
            let text = format!("incident {}: {}", incident.id, incident.cause);
            out.push(moment(event.at, Who::Tidegate, "tidegate", text));
        }
        incidents = state.incidents.len();
    }
    out
}

fn all_words(state: &State) -> BTreeMap<(RunId, StepKey), &'static str> {
    let mut words = words::of_runs(state, state.each_run());
    let of_nodes = state
        .rollouts
        .values()
        .flat_map(|rollout| rollout.steps.values().map(|step| ((rollout.id, step.key.clone()), step.word())));
    words.extend(of_nodes);
    words
}

/// What is only on its way, and what follows from another line, is left out.
fn is_news(word: &str) -> bool {
    !matches!(
        word,
        "waiting"
            | "building"
            | "testing"
            | "cleared"
            | "publishing"
            | "blocked"
            | "pending"
            | "preflight"
            | "provisioning"
            | "joining"
            | "cordoning"
            | "shifting"
            | "rejoining"
            | "retiring"
    )
}
