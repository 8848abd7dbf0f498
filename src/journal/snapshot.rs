//! Snapshots: a state as JSON, so that a start need not read everything, and an old event may be pruned.

use super::append::AppendError;
use super::{EVENT_FORMAT, Journal, ReadError};
use crate::engine::State;
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
        self.put_snapshot(seq, &text).map_err(|error| SnapshotError::Write(AppendError::of(error)))?;
        Ok(text.len())
    }

    fn put_snapshot(&mut self, seq: Seq, text: &str) -> rusqlite::Result<()> {
        let keep = i64::try_from(limits::SNAPSHOTS).unwrap_or(i64::MAX);
        let tx = self.db.transaction()?;
        tx.execute(
            "INSERT OR REPLACE INTO snapshots (seq, format, state) VALUES (?1, ?2, ?3)",
            params![seq.0.cast_signed(), EVENT_FORMAT, text],
        )?;
        tx.execute(
            "DELETE FROM snapshots WHERE seq NOT IN (SELECT seq FROM snapshots ORDER BY seq DESC LIMIT ?1)",
            [keep],
        )?;
        tx.commit()
    }

    /// The latest snapshot that can be read, with its place; none when a replay must begin at the first event.
    ///
    /// One that cannot be read (an older program's, a newer one's) is passed over with a warning: the events after the one before
    /// it are all there.
    ///
    /// # Errors
    /// The disk.
    pub fn latest_snapshot(&self) -> Result<Option<(Seq, State)>, ReadError> {
        let mut select = self.db.prepare("SELECT seq, format, state FROM snapshots ORDER BY seq DESC")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let seq = Seq(row.get::<_, i64>(0)?.unsigned_abs());
            match decode(row.get(1)?, &row.get::<_, String>(2)?) {
                Ok(mut state) => {
                    state.restore_derived();
                    return Ok(Some((seq, state)));
                }
                Err(why) => tracing::warn!(%seq, why, "passed over a snapshot that cannot be read"),
            }
        }
        Ok(None)
    }
}

fn decode(format: i64, text: &str) -> Result<State, String> {
    if format != EVENT_FORMAT {
        return Err(format!("its format is {format} and this program's {EVENT_FORMAT}"));
    }
    serde_json::from_str(text).map_err(|error| error.to_string())
}
