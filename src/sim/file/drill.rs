//! What makes a world a drill: what one knows at the beginning, what is to be reached, and what the best known answer is.

use super::check::wrong;
use super::{Entry, Happens, Length, WorldError, WorldFile};
use crate::model::{PoolName, ReleaseName, WorkloadId};
use serde::{Deserialize, Serialize};

/// The goal stands on one line beside the time, on a screen of 80 cells.
const GOAL_CELLS: usize = 46;
/// The name stands in the header.
const NAME_CELLS: usize = 16;
/// More than that is no help but a walk-through.
const HINTS: usize = 9;
/// A drill that takes longer is none that one plays between two things.
const LONGEST: Length = Length::secs(3_600);

/// The drill of a world, its section `[drill]`. What it is called in a list is the world's `title`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillFile {
    /// What it is started by: `sick-app`.
    pub name: String,
    /// What one knows at the beginning. An empty line begins a paragraph.
    pub briefing: String,
    /// The time that there is.
    pub lasts: Length,
    /// Help, in the order in which it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Whose users count as hurt; those of all workloads when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users_of: Vec<WorkloadId>,
    /// What is to be reached.
    pub goal: GoalFile,
    /// The best known answer.
    pub best: BestFile,
}

/// What is to be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalFile {
    /// In one short line.
    pub says: String,
    /// From when on it counts: before an incident everything is well.
    #[serde(default)]
    pub from: Length,
    /// How long it must be so without a break.
    #[serde(default)]
    pub holds: Length,
    /// All of these together.
    pub all: Vec<Condition>,
}

/// One condition, of what is true in the world or known to the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// No user of this workload is hurt.
    Well(WorkloadId),
    /// It runs what it ran at the beginning.
    AsBefore(WorkloadId),
    /// It runs what its image's tag points to, which is not what it ran at the beginning, and no run has it in hand.
    Updated(WorkloadId),
    /// A person rejected the hold of this image or workload.
    Rejected(String),
    /// No rollout of this pool is under way, and its nodes run this release.
    OnRelease {
        /// The pool.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
        /// At least so many nodes; all of them when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nodes: Option<u32>,
    },
    /// Nothing new is started: every run and rollout has ended or is paused, or everything is frozen.
    Quiet,
    /// There is an incident, and somebody has taken each one that is open.
    Claimed,
}

/// The best known answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestFile {
    /// It reaches the goal within this time.
    pub within: Length,
    /// What it is, and why.
    pub says: String,
    /// The same as a list of what a person does when; `--answer` plays it.
    pub answer: Vec<Entry>,
}

impl WorldFile {
    /// What is wrong with the drill, where there is one.
    pub(super) fn check_drill(&self) -> Result<(), WorldError> {
        let Some(drill) = &self.drill else { return Ok(()) };
        drill.check_texts()?;
        drill.check_times()?;
        for workload in &drill.users_of {
            self.workload("drill.users_of", workload)?;
        }
        for (index, condition) in drill.goal.all.iter().enumerate() {
            self.check_condition(&format!("drill.goal.all, condition {}", index + 1), condition)?;
        }
        self.check_entries("drill.best.answer", &drill.best.answer)?;
        for (index, entry) in drill.best.answer.iter().enumerate() {
            if !matches!(entry.happens(), Some(Happens::Person(_))) {
                let place = format!("drill.best.answer, entry {}", index + 1);
                return Err(wrong(place, "an answer is what people do; give each entry a `person`"));
            }
        }
        Ok(())
    }

    fn check_condition(&self, place: &str, condition: &Condition) -> Result<(), WorldError> {
        match condition {
            Condition::Well(workload) | Condition::AsBefore(workload) | Condition::Updated(workload) => {
                self.workload(place, workload)
            }
            Condition::Rejected(name) => self.check_named(place, name),
            Condition::OnRelease { pool, .. } => self.pool(place, pool),
            Condition::Quiet | Condition::Claimed => Ok(()),
        }
    }
}

impl DrillFile {
    /// 1. The name is a word. 2. What must be said is said. 3. What stands on one line fits on it.
    fn check_texts(&self) -> Result<(), WorldError> {
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > NAME_CELLS || !self.name.chars().all(word) {
            let what = format!(
                "{:?} is no name; write at most {NAME_CELLS} of a-z, 0-9 and `-`, as in `sick-app`",
                self.name
            );
            return Err(wrong("drill.name", what));
        }
        for (place, text) in [
            ("drill.briefing", &self.briefing),
            ("drill.goal.says", &self.goal.says),
            ("drill.best.says", &self.best.says),
        ] {
            if text.trim().is_empty() {
                return Err(wrong(place, "says nothing; write what the player is to read there"));
            }
        }
        let cells = self.goal.says.chars().count();
        if cells > GOAL_CELLS {
            let what = format!("has {cells} characters; at most {GOAL_CELLS} fit beside the time");
            return Err(wrong("drill.goal.says", what));
        }
        if self.hints.len() > HINTS {
            return Err(wrong("drill.hints", format!("are more than {HINTS}; keep those that help most")));
        }
        if self.goal.all.is_empty() {
            return Err(wrong("drill.goal.all", "has no condition; write for example `all = [\"quiet\"]`"));
        }
        if self.best.answer.is_empty() {
            return Err(wrong("drill.best.answer", "is empty; a goal that nobody has reached is none"));
        }
        Ok(())
    }

    fn check_times(&self) -> Result<(), WorldError> {
        if self.lasts == Length::default() || self.lasts > LONGEST {
            return Err(wrong("drill.lasts", "is between one second and one hour; write for example `5m`"));
        }
        let within = |place: &str, length: Length| {
            if length < self.lasts {
                return Ok(());
            }
            Err(wrong(place, format!("is not within the drill, which lasts {}", self.lasts.0)))
        };
        within("drill.goal.from", self.goal.from)?;
        within("drill.best.within", self.best.within)?;
        self.best.answer.iter().try_for_each(|entry| within("drill.best.answer", entry.at))
    }
}
