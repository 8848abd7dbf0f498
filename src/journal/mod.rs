//! The ordered facts, on disk: append, read back, snapshot, prune.
//!
//! ```text
//!   STATE/lock             who works on it (lock.rs): one daemon per state directory
//!   STATE/journal.sqlite   events     seq, at, format, event as JSON, sum   append.rs, read.rs, prune.rs
//!                          snapshots  seq, format, state as JSON, sum       snapshot.rs; the sums: sum.rs
//!                          user_version  the file's own format              open.rs, upgrade.rs
//!   STATE/acknowledged     how far it had come, at least                    mark.rs
//!   or, simulated: Memory  the same rows, and a disk that fails when told to          memory.rs
//! ```
//!
//! Invariants:
//! 1. What [`append`](Journal::append) returned for is on the disk (one fsync for the batch) and survives a crash; of a batch that
//!    failed nothing is there.
//! 2. Places ([`Seq`]) are dense, grow, and are never used twice.
//! 3. An older file is upgraded, never reinterpreted; a newer one is refused with what to do.
//! 4. What was acknowledged is never missing in silence: a row that the disk changed, a gap, and an end that is not there any more are
//!    refused with what to do.
//! 5. Nothing that the latest readable snapshot needs after itself is ever pruned.
//!
//! SQLite runs in WAL mode with `synchronous=FULL` and holds the file exclusively: the index of the WAL is then in memory and
//! not a shared mapping, which a full disk would answer with SIGBUS (<https://sqlite.org/wal.html>, "Use of WAL Without
//! Shared-Memory").

mod append;
mod lock;
mod mark;
mod memory;
mod open;
mod prune;
mod read;
mod snapshot;
mod sum;
mod upgrade;

pub use append::AppendError;
pub use memory::{Memory, When};
pub use read::{ReadError, Stored};
pub use snapshot::{SnapshotError, decode_state};
pub use upgrade::decode_event;

use crate::model::Seq;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use std::path::PathBuf;

/// The format of the file that this program writes: the tables.
pub const FILE_FORMAT: i64 = 2;
/// The format of the events and snapshots that this program writes: the JSON in the tables.
pub const EVENT_FORMAT: i64 = 1;

/// An open journal. Dropping it closes it and lets the next daemon in.
#[derive(Debug)]
pub struct Journal {
    disk: Disk,
    last: Seq,
    /// What the JSON of events is written into.
    scratch: Vec<u8>,
}

/// What it is kept on.
#[derive(Debug)]
enum Disk {
    /// A file: what a daemon has.
    File(File),
    /// Memory that outlives the daemon: what a simulated one has.
    Memory(memory::Held),
}

/// An open file.
#[derive(Debug)]
struct File {
    db: rusqlite::Connection,
    mark: mark::Mark,
    /// Last, so that the file is closed before the next daemon may open it.
    _lock: lock::Lock,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another daemon works on this state directory.
    #[error(
        "lock the state directory {}: {holder} works on it; stop that one, or name another as `state_dir`",
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
    #[error(
        "open {}: it is not a Tidegate journal, or its beginning is damaged; put back a copy of the state directory, \
         move it away, or name another as `state_dir`",
        path.display()
    )]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// The file can be read and not be written.
    #[error("open {}: it may only be read; give this user the right to write it, or mount it writable", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// What was acknowledged is not there any more.
    #[error(
        "open {}: it ends at event {last}, and had come to event {acknowledged} at least; put back its -wal file if that was taken away, \
         or put back a copy of the state directory; to go on without those events, remove {}",
        path.display(),
        mark.display()
    )]
    Lost {
        /// The file.
        path: PathBuf,
        /// The last event in it.
        last: Seq,
        /// The last one that is known to have been in it.
        acknowledged: Seq,
        /// The file that knows.
        mark: PathBuf,
    },
    /// SQLite cannot open, read or upgrade it.
    #[error(
        "open {}: {}; check the disk, then put back a copy of the state directory if the file is damaged",
        path.display(),
        clean(&source.to_string(), MESSAGE_CHARS)
    )]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
}

#[cfg(test)]
pub(crate) mod tests;
