//! Reading back: a replay that streams, and windows for people.

use super::{Journal, upgrade};
use crate::engine::Event;
use crate::model::Seq;
use rusqlite::{Row, params};

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// An event is not understood.
    #[error(
        "read event {seq} of the journal: {source}; install the version of Tidegate that wrote it, \
         or put back a copy of the state directory from before"
    )]
    Decode {
        /// Which one.
        seq: Seq,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Events are missing that the replay needs.
    #[error(
        "read the journal from event {wanted}: the first one there is {found}; put back a copy of the state directory from before"
    )]
    Gap {
        /// The place that was to come next.
        wanted: Seq,
        /// The place that came.
        found: Seq,
    },
    /// The file cannot be read.
    #[error("read the journal: {0}; check the disk")]
    Sqlite(#[from] rusqlite::Error),
}

/// A row as it is stored. Read under whatever lock the caller holds, decoded after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    seq: Seq,
    format: i64,
    text: String,
}

impl Stored {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let seq: i64 = row.get(0)?;
        Ok(Self { seq: Seq(seq.unsigned_abs()), format: row.get(1)?, text: row.get(2)? })
    }

    /// The event and its place.
    ///
    /// # Errors
    /// [`ReadError::Decode`], with its place.
    pub fn decode(&self) -> Result<(Seq, Event), ReadError> {
        decode(self.seq, self.format, &self.text)
    }
}

fn decode(seq: Seq, format: i64, text: &str) -> Result<(Seq, Event), ReadError> {
    let event = upgrade::event(format, text).map_err(|source| ReadError::Decode { seq, source })?;
    Ok((seq, event))
}

impl Journal {
    /// Hands every event after `after` to `each`, in order, one at a time. Returns how many there were.
    ///
    /// # Errors
    /// An event that is missing or not understood ends it; those before it were handed over.
    pub fn replay(&self, after: Seq, mut each: impl FnMut(Seq, &Event)) -> Result<u64, ReadError> {
        let mut select =
            self.db.prepare_cached("SELECT seq, format, event FROM events WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = select.query([after.0.cast_signed()])?;
        let mut at = after;
        while let Some(row) = rows.next()? {
            let seq = Seq(row.get::<_, i64>(0)?.unsigned_abs());
            if seq.0 != at.0 + 1 {
                return Err(ReadError::Gap { wanted: Seq(at.0 + 1), found: seq });
            }
            let (seq, event) = decode(seq, row.get(1)?, row.get_ref(2)?.as_str().map_err(broken)?)?;
            each(seq, &event);
            at = seq;
        }
        Ok(at.0 - after.0)
    }

    /// At most `limit` events after `after`, oldest first, as they are stored.
    ///
    /// # Errors
    /// The disk.
    pub fn stored(&self, after: Seq, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let sql = "SELECT seq, format, event FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        let mut select = self.db.prepare_cached(sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = select.query_map(params![after.0.cast_signed(), limit], Stored::of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// At most `limit` events after `after`, oldest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn events(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Event)>, ReadError> {
        self.stored(after, limit)?.iter().map(Stored::decode).collect()
    }

    /// The latest `limit` events, oldest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn tail(&self, limit: usize) -> Result<Vec<(Seq, Event)>, ReadError> {
        let back = u64::try_from(limit).unwrap_or(u64::MAX);
        self.events(Seq(self.last.0.saturating_sub(back)), limit)
    }
}

fn broken(error: rusqlite::types::FromSqlError) -> ReadError {
    ReadError::Sqlite(rusqlite::Error::FromSqlConversionFailure(
        2,
        rusqlite::types::Type::Text,
        Box::new(error),
    ))
}
