//! The ordered facts, on disk: append, read back, snapshot, prune.
//!
//! ```text
//!   STATE/lock             who works on it (lock.rs): one daemon per state directory
//!   STATE/journal.sqlite   events     seq, at, format, event as JSON      append.rs, read.rs, prune.rs
//!                          snapshots  seq, format, state as JSON          snapshot.rs
//!                          user_version  the file's own format            open.rs, upgrade.rs
//! ```
//!
//! Invariants:
//! 1. What [`append`](Journal::append) returned for is on the disk (one fsync for the batch) and survives a crash; of a batch that
//!    failed nothing is there.
//! 2. Places ([`Seq`]) are dense, grow, and are never used twice.
//! 3. An older file is upgraded, never reinterpreted; a newer one is refused with what to do.
//! 4. Nothing that the latest readable snapshot needs after itself is ever pruned.
//!
//! SQLite runs in WAL mode with `synchronous=FULL` and holds the file exclusively: the index of the WAL is then in memory and
//! not a shared mapping, which a full disk would answer with SIGBUS (<https://sqlite.org/wal.html>, "Use of WAL Without
//! Shared-Memory").

mod append;
mod lock;
mod open;
mod prune;
mod read;
mod snapshot;
mod upgrade;

pub use append::AppendError;
pub use read::{ReadError, Stored};
pub use snapshot::SnapshotError;

use crate::model::Seq;
use std::path::PathBuf;

/// The format of the file that this program writes: the tables.
pub const FILE_FORMAT: i64 = 1;
/// The format of the events and snapshots that this program writes: the JSON in the tables.
pub const EVENT_FORMAT: i64 = 1;

/// An open journal. Dropping it closes the file and lets the next daemon in.
#[derive(Debug)]
pub struct Journal {
    db: rusqlite::Connection,
    path: PathBuf,
    last: Seq,
    /// Last, so that the file is closed before the next daemon may open it.
    _lock: lock::Lock,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another daemon works on this state directory.
    #[error(
        "lock the state directory {}: {holder} works on it; stop that one, or name another with --state-dir",
        dir.display()
    )]
    Locked {
        /// The state directory.
        dir: PathBuf,
        /// `the daemon with process id 123`.
        holder: String,
    },
    /// The state directory cannot be made or used.
    #[error("use the state directory {}: {source}; see that it exists and that this user may write to it", dir.display())]
    Folder {
        /// The state directory.
        dir: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A newer program wrote the file.
    #[error(
        "open {}: a newer Tidegate wrote it (format {found}, this program knows up to {known}); install that version again, \
         or put back a copy of the state directory from before the upgrade",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// The file is not a journal.
    #[error("open {}: it is not a Tidegate journal; move it away, or name another state directory with --state-dir", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// SQLite cannot open, read or upgrade it.
    #[error("open {}: {source}; check the disk, then put back a copy of the state directory if the file is damaged", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

#[cfg(test)]
pub(crate) mod tests;
