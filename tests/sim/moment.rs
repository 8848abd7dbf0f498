//! One event with what it changed: what invariants look at.

use tidegate::engine::{Event, Outcome, State};
use tidegate::model::Seq;
use tidegate::sim::Deed;

/// One event, the state before and after it, and what was done to the world since the moment before.
pub struct Moment<'a> {
    pub seq: Seq,
    pub event: &'a Event,
    pub before: &'a State,
    pub state: &'a State,
    pub outcome: &'a Outcome,
    pub deeds: &'a [Deed],
}

/// Something that must never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its number in `invariants`, 1 to 15.
    pub invariant: u8,
    /// What always holds.
    pub sentence: &'static str,
    /// What was seen instead.
    pub what: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "invariant {} ({}): {}", self.invariant, self.sentence, self.what)
    }
}
