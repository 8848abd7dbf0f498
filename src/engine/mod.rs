//! THE CORE: facts in, effects out. No async, no clock, no I/O, no log.
//!
//! ```text
//!            command ── State::decide ──▶ Event  or  Rejection
//!                                           │ appended to the journal, then
//!            Event ──── State::step ───▶ Outcome { effects to do, keys touched }
//!            State::next_deadline ─────▶ when the daemon must send DeadlinePassed
//!            State::outstanding ───────▶ what to do again after a restart
//!
//!   event.rs     the facts              step/   one file per family of facts: what it changes
//!   effect.rs    what is asked for      run/    a run, its steps, how they go on
//!   state.rs     all there is           rollout/ a node release, its steps, how they go on
//!   verdict.rs   healthy, unhealthy,    decide/ one file per command
//!                unknown                due.rs  what happens by itself
//!   steps.rs     a run's or rollout's steps, by place and by key
//!   orphans/     machines that no step knows of, how they go
//! ```
//!
//! Invariants:
//! 1. `step` is total and the only way that `State` changes; time enters only as `event.at`.
//! 2. Every wait has a deadline in `State` or a person who can end it ([`State::waiting`]).
//! 3. An effect's result carries its id; late and double results change nothing.
//! 4. `replay(journal) == State`, byte for byte: no floats, no hashing order, no randomness.

pub mod candidate;
pub mod decide;
pub mod describe;
pub mod dossier;
mod due;
pub mod effect;
pub mod event;
pub mod hold;
pub mod incident;
mod notice;
pub mod origin;
pub mod orphans;
pub mod outbox;
pub mod quarantine;
pub mod rollout;
pub mod run;
pub mod state;
pub mod step;
pub mod steps;
mod veil;
pub mod verdict;
pub mod waiting;

#[cfg(test)]
mod tests;

pub use decide::Rejection;
pub use due::Due;
pub use effect::{Effect, Job};
pub use event::{Event, EventKind};
pub use incident::{Cause, Incident};
pub use rollout::{NodeStage, NodeStep, Rollout};
pub use run::{Body, DeployStage, DeployStep, ImageStage, ImageStep, Run, Step};
pub use state::{Key, State};
pub use step::Outcome;
