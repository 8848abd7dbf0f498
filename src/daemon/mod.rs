//! The daemon: one loop that makes facts of inputs, and hands what follows from them to the world.
//!
//! ```text
//!   pollers/   registries, fleets, claims, recipes ──observations──▶┐
//!   executor/  builds, tests, deploys, watches ─────────results────▶├─ inbox ─▶ main_loop ─▶ core: stamp, decide, append, step
//!   Handle     commands, hints, reload ────────────────────asks────▶┘                           │
//!              reads of state, journal, live ◀── touched keys ◀────────── publishes ◀───────────┤
//!   executor/  ◀──────────────────────────────────── effects ◀──────────────────────────────────┘
//!   reporter   logs of effects, as lines come       live    progress and health samples, never journaled
//!   retention  old logs and events                  start   lock, snapshot, replay, outstanding effects
//!   dossiers   what is known of a failure, written once
//!   preflights what a plan would meet, asked before its start
//! ```
//!
//! Invariants:
//! 1. No append, no effect: what is not on the disk was never stepped and nothing of it is done.
//! 2. Results and asks are never dropped; observations are, for a later one of the same key.
//! 3. The core is synchronous and reads no clock; everything that waits is in the loop, the executor and the pollers.
//! 4. Only the loop writes the state; everybody else reads it, briefly.
//! 5. An effect is done at most once at a time, however often it is issued.

mod claims;
mod core;
mod dossiers;
mod executor;
mod handle;
mod inbox;
mod live;
mod main_loop;
mod pollers;
mod preflights;
mod reporter;
mod retention;
mod shared;
mod sources;
mod start;

pub use dossiers::DossierError;
pub use handle::Handle;
pub use live::{Live, Sample, Watched};
pub use preflights::Preflights;
pub use sources::Seen;
pub use start::start;

use crate::engine::Key;
use crate::journal::{JournalError, ReadError};
use crate::model::{Seq, Timestamp};
use std::path::PathBuf;

/// What a daemon is started with, beside its world and its configuration.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where journal, lock and logs are.
    pub state_dir: PathBuf,
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Host and process, for people: `ops1, process 123`. What a claim on a fleet says.
    pub holder: String,
    /// What it is called on screen; its fleets when absent.
    pub name: Option<String>,
    /// Whether it only observes: no claim is made, no effect is done, every command is refused.
    pub read_only: bool,
    /// Takes fleets from whoever holds them, once, at the start, because a person said so.
    pub take_over: bool,
    /// Where the journal is kept instead of in the state directory: a simulated daemon's.
    pub memory: Option<crate::journal::Memory>,
    /// What a new installation is called; a random name when absent.
    pub install: Option<String>,
}

/// Why a daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal cannot be written.
    #[error("write the journal: {0}; make room, then start again")]
    Stuck(String),
    /// The system gives no random bytes for this installation's name.
    #[error("read /dev/urandom: {0}")]
    Random(#[source] std::io::Error),
    /// The folder of the logs cannot be made.
    #[error("make the folder {}: {source}; see that this user may write there", path.display())]
    Logs {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It is a fact now.
    Accepted {
        /// Its place in the journal.
        seq: Seq,
        /// What it did, in a sentence.
        message: String,
    },
    /// Somebody had done it already; nothing changed.
    Already {
        /// Who and when.
        message: String,
    },
    /// It was refused; nothing changed.
    Rejected {
        /// Why, and what to do next.
        reason: String,
        /// Whether what the author saw has moved.
        stale: bool,
    },
}

/// The journal cannot be written: commands are refused, results wait. It is tried again every second.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the journal: {why}; nothing was changed; it goes on by itself when there is room")]
pub struct Stuck {
    /// In the system's words: `no space left on device`.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a batch of facts, or a sample outside the state, touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// The place in the journal that the state has reached.
    pub seq: Seq,
    /// Whose rows must be made anew.
    pub keys: Vec<Key>,
}

#[cfg(test)]
mod tests;
