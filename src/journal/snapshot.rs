//! Snapshots: a state as JSON, so that a start need not read everything, and an old event may be pruned.

use super::append::AppendError;
use super::sum::sum;
use super::{Disk, EVENT_FORMAT, File, Journal, ReadError};
use crate::engine::State;
use crate::model::defect::{Defect, present};
use crate::model::text::clean;
use crate::model::{Seq, limits};
use rusqlite::params;

/// Why a snapshot was not taken. Nothing is lost: a start reads more events.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The state has no JSON form. A defect of ours.
    #[error("take a snapshot: the state has no JSON form: {0}")]
    Encode(#[source] serde_json::Error),
    /// The disk.
    #[error("take a snapshot: {0}")]
    Write(#[source] AppendError),
}

impl Journal {
    /// Keeps `state` as the one that follows from all events up to `seq`, and drops all but the latest
    /// [`SNAPSHOTS`](limits::SNAPSHOTS) snapshots. Returns its size in bytes.
    ///
    /// # Errors
    /// The snapshots that were there are still there.
    pub fn snapshot(&mut self, seq: Seq, state: &State) -> Result<usize, SnapshotError> {
        let text = serde_json::to_string(state).map_err(SnapshotError::Encode)?;
        let size = text.len();
        let put = match &mut self.disk {
            Disk::File(file) => file.put_snapshot(seq, &text).map_err(AppendError::of),
            Disk::Memory(memory) => memory.put_snapshot(seq, text),
        };
        put.map(|()| size).map_err(SnapshotError::Write)
    }

    /// The latest snapshot that can be read, with its place; none when a replay must begin at the first event.
    ///
    /// One that cannot be read (an older program's, a newer one's) is passed over with a warning: the events after the one before
    /// it are all there.
    ///
    /// # Errors
    /// The disk.
    pub fn latest_snapshot(&self) -> Result<Option<(Seq, State)>, ReadError> {
        let latest = match &self.disk {
            Disk::File(file) => file.latest_snapshot()?,
            Disk::Memory(memory) => latest(memory.snapshots()),
        };
        Ok(latest.map(|(seq, mut state)| {
            if present(Defect::SnapshotForgets) {
                state.quarantine.clear();
            }
            (seq, state)
        }))
    }
}

/// The first that can be read.
fn latest(newest_first: impl IntoIterator<Item = (Seq, i64, String)>) -> Option<(Seq, State)> {
    newest_first.into_iter().find_map(|(seq, format, text)| match decode_state(format, &text) {
        Ok(state) => Some((seq, state)),
        Err(why) => {
            tracing::warn!(%seq, why, "passed over a snapshot that cannot be read");
            None
        }
    })
}

impl File {
    fn put_snapshot(&mut self, seq: Seq, text: &str) -> rusqlite::Result<()> {
        let place = seq.0.cast_signed();
        let keep = i64::try_from(limits::SNAPSHOTS).unwrap_or(i64::MAX);
        let tx = self.db.transaction()?;
        tx.execute(
            "INSERT OR REPLACE INTO snapshots (seq, format, state, sum) VALUES (?1, ?2, ?3, ?4)",
            params![place, EVENT_FORMAT, text, sum(&[place, EVENT_FORMAT], text)],
        )?;
        tx.execute(
            "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?1)",
            [keep],
        )?;
        tx.commit()
    }

    fn latest_snapshot(&self) -> Result<Option<(Seq, State)>, ReadError> {
        let mut select =
            self.db.prepare("SELECT seq, format, state, sum FROM snapshots ORDER BY seq DESC")?;
        let mut rows = select.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let (place, format, text): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let seq = Seq(place.unsigned_abs());
            if row.get::<_, i64>(3)? == sum(&[place, format], &text) {
                found.push((seq, format, text));
            } else {
                tracing::warn!(%seq, "passed over a snapshot whose bytes the disk has changed");
            }
        }
        Ok(latest(found))
    }
}

/// Reads a state as format `format` wrote it, with what is derived from it.
///
/// # Errors
/// Why not, for a log: it is not what this program's format writes, or the format is another one.
pub fn decode_state(format: i64, text: &str) -> Result<State, String> {
    if format != EVENT_FORMAT {
        return Err(format!("its format is {format} and this program's {EVENT_FORMAT}"));
    }
    let mut state: State =
        serde_json::from_str(text).map_err(|error| clean(&error.to_string(), limits::MESSAGE_CHARS))?;
    state.restore_derived();
    Ok(state)
}
