//! A drill: its briefing, what is known while it is played, its debriefing.

use crate::console::doc::{Block, Doc};
use crate::console::model::Model;
use crate::console::theme::Role;
use crate::model::drill::{Debriefing, Ended, Lesson, Who};

/// Before it begins.
pub fn briefing(lesson: &Lesson) -> Doc {
    let mut doc = told(lesson);
    doc.pair("hints", format!("{}, given one by one with . and counted", lesson.hints.len()));
    doc.pair("keys", "those of the console; 9 shows this page again, ? all keys");
    doc
}

/// While it is played: the same, and the hints that were given.
pub(super) fn played(model: &Model) -> Doc {
    let Some(drill) = &model.drill else { return Doc::new("no drill is played") };
    let mut doc = told(&drill.lesson);
    doc.rule(format!("hints ── {} of {} given", drill.hints, drill.lesson.hints.len()));
    for (at, hint) in drill.lesson.hints.iter().take(drill.hints).enumerate() {
        doc.text(format!("{}. {hint}", at + 1), Role::Text);
    }
    if drill.hints < drill.lesson.hints.len() {
        doc.text(". gives the next one", Role::Dim);
    }
    doc
}

fn told(lesson: &Lesson) -> Doc {
    let mut doc = Doc::new(format!("drill {} ── {}", lesson.name, lesson.title));
    for paragraph in &lesson.briefing {
        doc.text(paragraph.clone(), Role::Text);
        doc.blocks.push(Block::Gap);
    }
    doc.pair("goal", lesson.goal.clone());
    doc.pair("time", format!("{}, by the world's clock", lesson.lasts));
    doc
}

/// After it.
pub fn debriefing(told: &Debriefing) -> Doc {
    let mut doc = Doc::new(format!("debriefing {} ── {}", told.name, told.title));
    for (label, text) in told.facts() {
        let role = match (label, told.ended) {
            ("result", Ended::Reached(_)) => Role::Good,
            ("result", Ended::TimeOver | Ended::Left(_)) => Role::Failed,
            _ => Role::Text,
        };
        doc.styled(label, text, role);
    }
    doc.rule("what happened");
    for moment in &told.timeline {
        let role = match moment.who {
            Who::You => Role::Key,
            Who::Person | Who::World => Role::Text,
            Who::Users => Role::Failed,
            Who::Tidegate => Role::Dim,
        };
        let at = moment.at.hours_minutes_seconds();
        doc.led(format!("{at}  {:<8}  ", moment.column()), moment.text.clone(), role);
    }
    doc.rule(format!("best known answer ── within {}", told.within));
    for paragraph in &told.best {
        doc.text(paragraph.clone(), Role::Text);
        doc.blocks.push(Block::Gap);
    }
    doc
}
