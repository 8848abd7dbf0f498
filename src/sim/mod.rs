//! A simulated world behind the same ports: for the demo, for drills, and for the proof that nothing is lost.
//!
//! ```text
//!   file/    what a world is made of, as TOML: images, workloads, and a story of what happens when
//!   clock    time: tokio's, so paused in tests, and as fast as one likes in the demo
//!   dice     how long things take: from the seed and the thing's own name, never from the order of questions
//!   world    Sim: everything there is, behind one lock; what happens to it; its ports
//!   content  what is inside a digest: what it was built from, and what is wrong with it
//!   registry, engine (builder and tester), fleet/ (with nodes and probes), machines, recipes, notices     the ports, one each
//!   deeds    what was done to the world, by whom: the truth that invariants are checked against
//! ```
//!
//! Invariants:
//! 1. The same file, seed and calls at the same times give the same world: no clock but the given one, no hashing order, and no
//!    random number that depends on how often one was asked for.
//! 2. Nothing happens behind the lock's back: what a moment brings about is worked out when somebody looks, in the order of time.
//! 3. A call that is dropped half-way has done what it had done by then, as a killed client has.
//! 4. Ports keep the promises of [`ports`](crate::ports), also when the world behind them is at its worst.

pub mod clock;
mod content;
pub mod deeds;
pub mod dice;
mod engine;
pub mod file;
mod fleet;
mod happen;
mod machines;
#[cfg(test)]
mod node_tests;
mod notices;
mod recipes;
mod registry;
#[cfg(test)]
mod tests;
mod world;

pub use clock::SimClock;
pub use deeds::{Deed, Doing, Hand, NodeDeed};
pub use file::{WorldError, WorldFile};
pub use notices::Heard;
pub use world::Sim;

/// What the installation of a simulated daemon is called: tokens of its machines say it.
pub const INSTALL: &str = "5100d0c5a11ab1e5";
