//! Plays a world's story against a daemon: what the demo, the drills and the simulation's tests have in common.
//!
//! ```text
//!   WorldFile.story ──▶ Stage::play ─┬ world    ▶ Sim::apply
//!                                    ├ person   ▶ people::command ▶ Handle::command
//!                                    └ machine  ▶ crash, restart, full disk, a clock that is set, …
//!   Sim::notifications ──▶ courier ──▶ Handle::hint
//!   Stage's journal ──▶ Story::tell ──▶ lines, for whoever has no terminal
//! ```
//!
//! Invariants: the daemon is the production one, on ports that are simulated; a story's person does nothing that one with a console
//! could not do.

pub mod drill;
mod people;
mod rollouts;
mod stage;
mod story;
#[cfg(test)]
mod tests;
mod words;

pub use people::{actor, command};
pub use stage::{Stage, StageError};
pub use story::Story;

/// The world of `tidegate demo`.
pub const DEMO: &str = include_str!("../../worlds/demo.toml");
