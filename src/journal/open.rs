//! Opening: lock, then the file, then its format.

use super::mark::{self, Mark};
use super::{Disk, FILE_FORMAT, File, Journal, JournalError, Memory, lock, upgrade};
use crate::model::Seq;
use rusqlite::{Connection, ErrorCode};
use std::path::{Path, PathBuf};

/// The file's name in the state directory.
const NAME: &str = "journal.sqlite";
/// SQLite's `application_id` of our files: "Tide".
const APPLICATION: i64 = 0x5469_6465;
/// Pages of the WAL after which it is copied into the file: 16 MiB, so that a burst of events is not slowed by it.
const CHECKPOINT_PAGES: i64 = 4_000;

const TABLES: &str = "
    CREATE TABLE events (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, format INTEGER NOT NULL, event TEXT NOT NULL,
        sum INTEGER NOT NULL) STRICT;
    CREATE TABLE snapshots (seq INTEGER PRIMARY KEY, format INTEGER NOT NULL, state TEXT NOT NULL, sum INTEGER NOT NULL) STRICT;
";

impl Journal {
    /// Opens the journal in the state directory `dir`; makes both where they are not there.
    ///
    /// # Errors
    /// See [`JournalError`]; each says what to do.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        let folder = |source| JournalError::Folder { dir: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(folder)?;
        let lock = lock::take(dir)?;
        let path = dir.join(NAME);
        let (mark, acknowledged) = Mark::open(dir).map_err(folder)?;
        let db = connect(&path)?;
        let last = last(&db).map_err(|source| sqlite(&path, source))?;
        if last < acknowledged {
            return Err(JournalError::Lost { path, last, acknowledged, mark: mark::path(dir) });
        }
        // A file that was just made must not vanish with its directory's entry in a power cut.
        std::fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(folder)?;
        Ok(Self { disk: Disk::File(File { db, mark, _lock: lock }), last, scratch: Vec::new() })
    }

    /// Opens the journal that is kept in `memory`.
    ///
    /// # Errors
    /// Somebody has it open.
    pub fn on(memory: &Memory) -> Result<Self, JournalError> {
        let held = memory.hold()?;
        let last = held.last();
        Ok(Self { disk: Disk::Memory(held), last, scratch: Vec::new() })
    }

    /// The place of the latest event; 0 when there is none.
    pub fn last(&self) -> Seq {
        self.last
    }
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let mut db = Connection::open(path).map_err(|source| sqlite(path, source))?;
    // SQLite falls back to reading alone, and nothing could be acknowledged.
    if db.is_readonly("main").map_err(|source| sqlite(path, source))? {
        return Err(JournalError::ReadOnly { path: path.to_owned() });
    }
    check_format(&mut db, path)?;
    configure(&db).map_err(|source| sqlite(path, source))?;
    Ok(db)
}

/// A damaged or foreign file is told apart from a disk that does not answer.
fn sqlite(path: &Path, source: rusqlite::Error) -> JournalError {
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => JournalError::NotOurs { path: path.to_owned() },
        Some(ErrorCode::ReadOnly) => JournalError::ReadOnly { path: path.to_owned() },
        _ => JournalError::Sqlite { path: path.to_owned(), source },
    }
}

fn configure(db: &Connection) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |_| Ok(()))
}

/// 1. An empty file is made ours. 2. A file of ours in our format is taken. 3. An older one is upgraded. 4. All others are refused.
fn check_format(db: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let fail = |source| sqlite(path, source);
    // Before the first read: only then is the index of the WAL kept in memory.
    db.pragma_update_and_check(None, "locking_mode", "EXCLUSIVE", |_| Ok(())).map_err(fail)?;
    let application: i64 = db.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fail)?;
    let format: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(fail)?;
    let tables: i64 =
        db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(fail)?;
    match (application, format) {
        (0, 0) if tables == 0 => create(db).map_err(fail),
        (APPLICATION, FILE_FORMAT) => Ok(()),
        (APPLICATION, found) if found > FILE_FORMAT => {
            Err(JournalError::Newer { path: path.to_owned(), found, known: FILE_FORMAT })
        }
        (APPLICATION, found) if found > 0 => upgrade::file(db, found).map_err(fail),
        _ => Err(JournalError::NotOurs { path: PathBuf::from(path) }),
    }
}

fn create(db: &mut Connection) -> rusqlite::Result<()> {
    // Space that pruning frees is given back; it must be said before the first table.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let tx = db.transaction()?;
    tx.execute_batch(TABLES)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", FILE_FORMAT)?;
    tx.commit()
}

/// Snapshots count too: their events may have been pruned, and a place is never used twice.
fn last(db: &Connection) -> rusqlite::Result<Seq> {
    let sql = "SELECT max(coalesce((SELECT max(seq) FROM events), 0), coalesce((SELECT max(seq) FROM snapshots), 0))";
    let seq: i64 = db.query_row(sql, [], |row| row.get(0))?;
    Ok(Seq(seq.unsigned_abs()))
}
