//! Dossiers on the disk: one file for each incident, written once when its step has ended, and never changed.
//!
//! ```text
//!   a step with an incident ends ─▶ state + the run's facts + the ends of its logs ─▶ dossiers/7-3ac1….json
//! ```
//!
//! A dossier is no fact of the journal: it holds the ends of logs, and outlives what the journal keeps. It follows from journal and logs, so
//! a daemon that was killed before it wrote one writes it at the next start. Its name carries the digest of its content: a file
//! that was changed is not shown as what it was.

use super::shared::{Shared, forever};
use crate::engine::{Event, dossier};
use crate::journal::ReadError;
use crate::model::dossier::{Dossier, LogTail};
use crate::model::{Digest, IncidentId, Seq, limits, logname};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// Events that are read at a time, so that the loop gets at the journal in between.
const AT_ONCE: usize = 512;
/// Hexadecimal digits of a content's digest in its file's name.
const DIGITS: usize = 32;

/// Why a dossier cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DossierError {
    /// Its file cannot be read or written.
    #[error("use {}: {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its file is not what was written.
    #[error("{} is not as it was written; restore it from a backup, or remove it to have what is still known", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

pub(super) fn begin(shared: &Arc<Shared>) {
    if !shared.options.read_only {
        forever(shared, "dossiers", |shared| async move { keep(&shared).await });
    }
}

/// Writes what is complete, now and after every fact. What the disk refuses is tried again with the next fact.
async fn keep(shared: &Shared) {
    let mut touched = shared.touched.subscribe();
    let mut written = BTreeSet::new();
    loop {
        for id in complete(shared, &written) {
            match write(shared, id).await {
                Ok(true) => drop(written.insert(id)),
                Ok(false) => {}
                Err(error) => tracing::warn!(incident = %id, %error, "its dossier is not written yet"),
            }
        }
        match touched.recv().await {
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
        while touched.try_recv().is_ok() {}
    }
}

fn complete(shared: &Shared, written: &BTreeSet<IncidentId>) -> Vec<IncidentId> {
    shared.read(|state| {
        let new = state.incidents.values().filter(|incident| !written.contains(&incident.id));
        new.filter(|incident| dossier::is_complete(state, incident)).map(|incident| incident.id).collect()
    })
}

/// Whether it is on the disk now.
async fn write(shared: &Shared, id: IncidentId) -> Result<bool, DossierError> {
    let folder = folder(shared);
    if find(&folder, id)?.is_some() {
        return Ok(true);
    }
    // A person may have tried the step again meanwhile: then its end is written, not its middle.
    let Some(made) = make(shared, id).await?.filter(|made| made.complete) else { return Ok(false) };
    let text = serde_json::to_vec_pretty(&made).expect("a dossier has only what JSON has");
    let path = folder.join(name(id, &text));
    store(&folder, &path, &text).map_err(|source| DossierError::File { path, source })?;
    Ok(true)
}

/// The dossier: as it was written, or, before that, as it is now.
pub(super) async fn read(shared: &Shared, id: IncidentId) -> Result<Option<Dossier>, DossierError> {
    let Some(path) = find(&folder(shared), id)? else { return make(shared, id).await };
    let text = fs::read(&path).map_err(|source| DossierError::File { path: path.clone(), source })?;
    let same = path.file_name().is_some_and(|found| found.to_string_lossy() == name(id, &text));
    let read = same.then(|| serde_json::from_slice(&text).ok()).flatten();
    read.map(Some).ok_or(DossierError::Changed { path })
}

async fn make(shared: &Shared, id: IncidentId) -> Result<Option<Dossier>, DossierError> {
    let found = shared.read(|state| dossier::sources(state, id));
    let Some((since, logs)) = found else { return Ok(None) };
    let newest = logs.len().saturating_sub(limits::DOSSIER_LOGS);
    let logs: Vec<LogTail> = logs[newest..].iter().map(|id| tail(&shared.logs, &id.to_string())).collect();
    let events = events(shared, since).await?;
    Ok(shared.read(|state| dossier::make(state, id, &events, &logs)))
}

/// The events since then, the latest ones where there are many.
async fn events(shared: &Shared, since: crate::model::Timestamp) -> Result<Vec<Event>, ReadError> {
    let end = shared.store.seq();
    let mut after = Seq(end.0.saturating_sub(limits::DOSSIER_EVENTS));
    let mut events = Vec::new();
    loop {
        let stored = match shared.store.journal().as_ref() {
            Some(journal) => journal.stored(after, AT_ONCE)?,
            None => Vec::new(),
        };
        for one in &stored {
            let (seq, event) = one.decode()?;
            after = seq;
            if event.at >= since {
                events.push(event);
            }
        }
        if stored.len() < AT_ONCE {
            return Ok(events);
        }
        tokio::task::yield_now().await;
    }
}

/// The end of a log; empty when there is none.
fn tail(folder: &Path, id: &str) -> LogTail {
    let read = || -> io::Result<(Vec<u8>, bool)> {
        let name = logname::file_name(id).ok_or(io::ErrorKind::InvalidFilename)?;
        let mut file = File::open(folder.join(name))?;
        let size = file.metadata()?.len();
        let from = size.saturating_sub(limits::LOG_WINDOW_BYTES as u64);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(limits::LOG_WINDOW_BYTES as u64).read_to_end(&mut bytes)?;
        Ok((bytes, from > 0))
    };
    let (bytes, cut) = read().unwrap_or_default();
    // Where it was cut, the first line may be half a one.
    let lines = String::from_utf8_lossy(&bytes).lines().skip(usize::from(cut)).map(str::to_owned).collect();
    LogTail { id: id.to_owned(), lines, cut }
}

pub(super) fn folder(shared: &Shared) -> PathBuf {
    shared.options.state_dir.join("dossiers")
}

fn name(id: IncidentId, text: &[u8]) -> String {
    format!("{id}-{}.json", &Digest::of(text).hex()[..DIGITS])
}

/// The file of an incident, if it was written.
fn find(folder: &Path, id: IncidentId) -> Result<Option<PathBuf>, DossierError> {
    let failed = |source| DossierError::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let prefix = format!("{id}-");
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&prefix) && name.ends_with(".json") {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Whole or not at all: written beside, then renamed. Its name says what is in it, so who writes it twice writes the same.
fn store(folder: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("part");
    let mut file = File::create(&beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dossier_is_found_by_its_incident_and_not_by_another_that_begins_alike() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name(IncidentId(12), b"{}"));
        store(dir.path(), &path, b"{}").unwrap();
        assert_eq!(find(dir.path(), IncidentId(12)).unwrap(), Some(path));
        assert_eq!(find(dir.path(), IncidentId(1)).unwrap(), None);
        assert_eq!(find(&dir.path().join("none"), IncidentId(1)).unwrap(), None);
    }

    #[test]
    fn of_a_long_log_the_end_is_kept_and_whole_lines_only() {
        let dir = tempfile::tempdir().unwrap();
        let id = "r1/image:web:1/build/1";
        let lines: String = (0..50_000).map(|n| format!("line {n}\n")).collect();
        fs::write(dir.path().join(logname::file_name(id).unwrap()), lines).unwrap();
        let tail = tail(dir.path(), id);
        assert!(tail.cut && tail.lines[0].starts_with("line "), "{:?}", tail.lines.first());
        assert_eq!(tail.lines.last().unwrap(), "line 49999");
        assert_eq!(super::tail(dir.path(), "r1/none").lines, Vec::<String>::new());
    }
}
