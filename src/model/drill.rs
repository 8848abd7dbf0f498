//! A drill as it is shown: what its player is told before, and what is said after.

use super::time::{Span, Timestamp};
use std::fmt::Write as _;

/// What the player of a drill is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// What it is started by.
    pub name: String,
    /// What it is about, in a sentence.
    pub title: String,
    /// What one knows at the beginning, in paragraphs.
    pub briefing: Vec<String>,
    /// What is to be reached, in one short line.
    pub goal: String,
    /// Help, in the order in which it is given.
    pub hints: Vec<String>,
    /// What its clock shows at the beginning.
    pub begins: Timestamp,
    /// The time that there is.
    pub lasts: Span,
}

impl Lesson {
    /// When time is over.
    pub fn ends(&self) -> Timestamp {
        self.begins + self.lasts
    }
}

/// How a drill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The goal was reached, after so long.
    Reached(Span),
    /// It was not, and time is over.
    TimeOver,
    /// Its player left, after so long.
    Left(Span),
}

/// Who did something; in this order where several things happen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The player.
    You,
    /// Somebody else of the story.
    Person,
    /// Users, who are hurt or are not any more.
    Users,
    /// The world: upstream, registries, engines.
    World,
    /// Tidegate, by itself.
    Tidegate,
}

/// One line of what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// Their name.
    pub name: String,
    /// What.
    pub text: String,
}

/// What is said after a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debriefing {
    /// The drill's name.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What was to be reached.
    pub goal: String,
    /// How it ended.
    pub ended: Ended,
    /// The time that there was.
    pub lasts: Span,
    /// Hints that were given, of how many.
    pub hints: (usize, usize),
    /// How long users were affected, and by what: one line each, the sum first.
    pub users: Vec<String>,
    /// What happened when.
    pub timeline: Vec<Moment>,
    /// The best known answer, in paragraphs.
    pub best: Vec<String>,
    /// The time within which it reaches the goal.
    pub within: Span,
}

impl Debriefing {
    /// Whether the goal was reached, and when, in a sentence.
    pub fn result(&self) -> String {
        match self.ended {
            Ended::Reached(after) => {
                format!("reached after {after}; the best known answer does so within {}", self.within)
            }
            Ended::TimeOver => format!("not reached within {}", self.lasts),
            Ended::Left(after) => format!("not reached: you left after {after} of {}", self.lasts),
        }
    }

    /// How many hints were taken, in words.
    pub fn hints_taken(&self) -> String {
        match self.hints {
            (_, 0) => "there are none".to_owned(),
            (0, all) => format!("none of {all}"),
            (taken, all) => format!("{taken} of {all}"),
        }
    }

    /// What the player did.
    pub fn yours(&self) -> impl Iterator<Item = &Moment> {
        self.timeline.iter().filter(|moment| moment.who == Who::You)
    }

    /// As lines, for a terminal that scrolls by itself.
    pub fn lines(&self) -> String {
        let mut out = format!("DRILL {}: {}\n\n", self.name, self.title);
        for (label, text) in self.facts() {
            let _ = writeln!(out, "{label:<10} {text}");
        }
        out.push_str("\nwhat happened\n");
        for moment in &self.timeline {
            let (at, name) = (moment.at.hours_minutes_seconds(), moment.column());
            let _ = writeln!(out, "{at}  {name:<8}  {}", moment.text);
        }
        let _ = writeln!(out, "\nbest known answer, within {}", self.within);
        for paragraph in &self.best {
            let _ = writeln!(out, "{paragraph}");
        }
        out
    }

    /// As Markdown, to keep.
    pub fn markdown(&self) -> String {
        let mut out = format!("# Drill {}: {}\n\n| | |\n| --- | --- |\n", self.name, escaped(&self.title));
        for (label, text) in self.facts() {
            let _ = writeln!(out, "| {label} | {} |", escaped(&text));
        }
        out.push_str("\n## What happened\n\n| when | who | what |\n| --- | --- | --- |\n");
        for moment in &self.timeline {
            let (at, name, text) =
                (moment.at.hours_minutes_seconds(), escaped(&moment.column()), escaped(&moment.text));
            let _ = match moment.who {
                Who::You | Who::Person => writeln!(out, "| {at} | **{name}** | **{text}** |"),
                Who::Users | Who::World | Who::Tidegate => writeln!(out, "| {at} | {name} | {text} |"),
            };
        }
        let _ = writeln!(out, "\n## The best known answer, within {}", self.within);
        for paragraph in &self.best {
            let _ = writeln!(out, "\n{paragraph}");
        }
        out
    }

    /// What matters most, as labels with texts; a label that is empty goes on with the one above.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts = vec![("goal", self.goal.clone()), ("result", self.result())];
        for (at, text) in self.users.iter().enumerate() {
            facts.push((if at == 0 { "users" } else { "" }, text.clone()));
        }
        facts.push(("hints", self.hints_taken()));
        let mut yours: Vec<String> = self
            .yours()
            .map(|moment| format!("{} {}", moment.at.hours_minutes_seconds(), moment.text))
            .collect();
        if yours.is_empty() {
            yours.push("nothing".to_owned());
        }
        facts.extend(
            yours.into_iter().enumerate().map(|(at, text)| (if at == 0 { "you did" } else { "" }, text)),
        );
        facts
    }
}

impl Moment {
    /// Who, as the column of a timeline has it.
    pub fn column(&self) -> String {
        match self.who {
            Who::You => "YOU".to_owned(),
            Who::Person => self.name.to_uppercase(),
            Who::Users | Who::World | Who::Tidegate => self.name.clone(),
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
