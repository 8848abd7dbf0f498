//! Journals to break: made, copied as a crash would leave them, and read as a daemon's start reads them.

use std::fs;
use std::path::Path;
use tempfile::TempDir;
use tidegate::daemon::StartError;
use tidegate::engine::{Event, EventKind, State};
use tidegate::journal::Journal;
use tidegate::model::{Actor, Seq, Timestamp};

/// A folder in memory where there is one: thousands of journals are opened, and none of them needs a disk.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

pub fn event(at: i64) -> Event {
    let kind = EventKind::SourceLost { who: "registry r:1".to_owned(), why: format!("refused {at}") };
    Event { at: Timestamp::from_millis(at), by: Actor::Daemon, kind }
}

pub fn batch(from: i64, count: i64) -> Vec<Event> {
    (from..from + count).map(event).collect()
}

pub fn database(dir: &Path) -> std::path::PathBuf {
    dir.join("journal.sqlite")
}

pub fn log(dir: &Path) -> std::path::PathBuf {
    dir.join("journal.sqlite-wal")
}

/// A journal's files as bytes: what a crash, a copy or a disk left of them.
#[derive(Debug, Clone)]
pub struct Files {
    pub database: Vec<u8>,
    pub log: Option<Vec<u8>>,
}

impl Files {
    pub fn of(dir: &Path) -> Self {
        Self { database: fs::read(database(dir)).unwrap(), log: fs::read(log(dir)).ok() }
    }

    /// Puts them into `dir` in the place of what was there.
    pub fn put(&self, dir: &Path) {
        for name in ["journal.sqlite-wal", "journal.sqlite-journal"] {
            let _ = fs::remove_file(dir.join(name));
        }
        fs::write(database(dir), &self.database).unwrap();
        if let Some(bytes) = &self.log {
            fs::write(log(dir), bytes).unwrap();
        }
    }

    /// What a start makes of them in `dir`.
    pub fn start(&self, dir: &Path) -> Result<Vec<Event>, StartError> {
        self.put(dir);
        start(dir)
    }
}

/// Reads a journal as a daemon's start does, and then all of its events.
pub fn start(dir: &Path) -> Result<Vec<Event>, StartError> {
    let journal = Journal::open(dir)?;
    let (from, _) = journal.latest_snapshot()?.unwrap_or((Seq(0), State::default()));
    journal.replay(from, |_, _| ())?;
    let all = journal.events(Seq(0), usize::MAX)?;
    Ok(all.into_iter().map(|(_, event)| event).collect())
}

/// A refusal names what it is about, and says what to do in a clause after its reason.
pub fn helpful(error: &StartError) {
    let text = error.to_string();
    let advice = [
        "put back a copy",
        "install that version",
        "name another",
        "see that it exists",
        "move it away",
        "mount it",
    ];
    assert!(advice.iter().any(|words| text.contains(words)), "it does not say what to do: {text}");
    assert!(!text.contains('\n'), "{text}");
}
