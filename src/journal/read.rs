//! Reading back: a replay that streams, and windows for people.

use super::sum::sum;
use super::{Disk, File, Journal, upgrade};
use crate::engine::Event;
use crate::model::Seq;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use rusqlite::{Row, params};

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// An event is not understood.
    #[error(
        "read event {seq} of the journal: {why}; install the version of Tidegate that wrote it, \
         or put back a copy of the state directory from before"
    )]
    Decode {
        /// Which one.
        seq: Seq,
        /// What is wrong with it.
        why: String,
    },
    /// An event is not what was written.
    #[error(
        "read event {seq} of the journal: the disk has changed its bytes; put back a copy of the state directory from before"
    )]
    Changed {
        /// Which one.
        seq: Seq,
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
    #[error(
        "read the journal: {}; check the disk, then put back a copy of the state directory if the file is damaged",
        clean(&.0.to_string(), MESSAGE_CHARS)
    )]
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
    pub(super) fn new(seq: Seq, format: i64, text: String) -> Self {
        Self { seq, format, text }
    }

    /// Its place.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// A row of [`COLUMNS`].
    fn of(row: &Row<'_>) -> Result<Self, ReadError> {
        let seq = checked(row)?;
        Ok(Self { seq, format: row.get(1)?, text: row.get(2)? })
    }

    /// The event and its place.
    ///
    /// # Errors
    /// [`ReadError::Decode`], with its place.
    pub fn decode(&self) -> Result<(Seq, Event), ReadError> {
        decode(self.seq, self.format, &self.text)
    }
}

/// What a row is read from.
const COLUMNS: &str = "seq, format, event, at, sum";

/// The place of a row of [`COLUMNS`] that is as it was written.
fn checked(row: &Row<'_>) -> Result<Seq, ReadError> {
    let (place, format, at): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(3)?);
    let seq = Seq(place.unsigned_abs());
    if row.get::<_, i64>(4)? == sum(&[place, at, format], text(row)?) {
        Ok(seq)
    } else {
        Err(ReadError::Changed { seq })
    }
}

fn text<'a>(row: &'a Row<'_>) -> Result<&'a str, ReadError> {
    row.get_ref(2)?.as_str().map_err(broken)
}

fn decode(seq: Seq, format: i64, text: &str) -> Result<(Seq, Event), ReadError> {
    let event = upgrade::decode_event(format, text).map_err(|why| ReadError::Decode { seq, why })?;
    Ok((seq, event))
}

impl Journal {
    /// Hands every event after `after` to `each`, in order, one at a time. Returns how many there were.
    ///
    /// # Errors
    /// An event that is missing or not understood ends it; those before it were handed over.
    pub fn replay(&self, after: Seq, mut each: impl FnMut(Seq, &Event)) -> Result<u64, ReadError> {
        match &self.disk {
            Disk::File(file) => file.replay(after, each),
            Disk::Memory(memory) => {
                let stored = memory.stored(after, usize::MAX);
                for one in &stored {
                    let (seq, event) = one.decode()?;
                    each(seq, &event);
                }
                Ok(stored.len() as u64)
            }
        }
    }

    /// At most `limit` events after `after`, oldest first, as they are stored.
    ///
    /// # Errors
    /// The disk.
    pub fn stored(&self, after: Seq, limit: usize) -> Result<Vec<Stored>, ReadError> {
        match &self.disk {
            Disk::File(file) => file.stored(after, limit),
            Disk::Memory(memory) => Ok(memory.stored(after, limit)),
        }
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

impl File {
    fn replay(&self, after: Seq, mut each: impl FnMut(Seq, &Event)) -> Result<u64, ReadError> {
        let sql = format!("SELECT {COLUMNS} FROM events WHERE seq > ?1 ORDER BY seq");
        let mut select = self.db.prepare_cached(&sql)?;
        let mut rows = select.query([after.0.cast_signed()])?;
        let mut at = after;
        while let Some(row) = rows.next()? {
            let seq = checked(row)?;
            if seq.0 != at.0 + 1 {
                return Err(ReadError::Gap { wanted: Seq(at.0 + 1), found: seq });
            }
            let (seq, event) = decode(seq, row.get(1)?, text(row)?)?;
            each(seq, &event);
            at = seq;
        }
        Ok(at.0 - after.0)
    }

    fn stored(&self, after: Seq, limit: usize) -> Result<Vec<Stored>, ReadError> {
        let sql = format!("SELECT {COLUMNS} FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut select = self.db.prepare_cached(&sql)?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        select.query_and_then(params![after.0.cast_signed(), limit], Stored::of)?.collect()
    }
}

fn broken(error: rusqlite::types::FromSqlError) -> ReadError {
    ReadError::Sqlite(rusqlite::Error::FromSqlConversionFailure(
        2,
        rusqlite::types::Type::Text,
        Box::new(error),
    ))
}
