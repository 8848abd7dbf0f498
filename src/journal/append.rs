//! Appending: one transaction, and so one fsync, for a batch.

use super::sum::sum;
use super::{Disk, EVENT_FORMAT, File, Journal};
use crate::engine::Event;
use crate::model::Seq;
use rusqlite::{ErrorCode, params};

/// Why nothing of a batch was written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no room, or the disk refuses: the same batch can be tried again later.
    #[error("write the journal: {why}")]
    Full {
        /// In the system's words: `no space left on device`.
        why: &'static str,
    },
    /// An event has no JSON form. A defect of ours.
    #[error("write the journal: an event has no JSON form: {0}")]
    Encode(#[source] serde_json::Error),
    /// Anything else: a damaged file, a lock.
    #[error("write the journal: {0}")]
    Sqlite(#[source] rusqlite::Error),
}

impl AppendError {
    pub(super) fn of(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { why: "no space left on device" },
            Some(ErrorCode::ReadOnly) => Self::Full { why: "read-only file system" },
            Some(ErrorCode::SystemIoFailure) => Self::Full { why: "input/output error" },
            _ => Self::Sqlite(error),
        }
    }

    /// The reason alone, for a sentence of the caller's.
    pub fn why(&self) -> String {
        match self {
            Self::Full { why } => (*why).to_owned(),
            Self::Encode(error) => error.to_string(),
            Self::Sqlite(error) => error.to_string(),
        }
    }
}

impl Journal {
    /// Puts `events` on the disk, in order, and returns their places: the first one, then one after the other.
    ///
    /// # Errors
    /// Nothing of the batch is there then, and the same call may succeed later.
    pub fn append(&mut self, events: &[Event]) -> Result<Vec<Seq>, AppendError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let texts: Result<Vec<String>, _> = events.iter().map(|event| self.text(event)).collect();
        let texts = texts.map_err(AppendError::Encode)?;
        let first = self.last.0 + 1;
        match &mut self.disk {
            Disk::File(file) => file.insert(first, events, &texts).map_err(AppendError::of)?,
            Disk::Memory(memory) => memory.append(events, texts)?,
        }
        let seqs: Vec<Seq> = (first..).map(Seq).take(events.len()).collect();
        self.last = seqs.last().copied().unwrap_or(self.last);
        Ok(seqs)
    }

    /// An event's JSON, through a buffer that is kept: the text is then allocated once, in its own size.
    fn text(&mut self, event: &Event) -> Result<String, serde_json::Error> {
        self.scratch.clear();
        serde_json::to_writer(&mut self.scratch, event)?;
        Ok(String::from_utf8_lossy(&self.scratch).into_owned())
    }

    /// Whether anything can be written now, by a small write that changes nothing.
    ///
    /// # Errors
    /// As [`append`](Self::append) has them.
    pub fn probe(&mut self) -> Result<(), AppendError> {
        match &mut self.disk {
            Disk::File(file) => {
                file.db.pragma_update(None, "user_version", super::FILE_FORMAT).map_err(AppendError::of)
            }
            Disk::Memory(memory) => memory.probe(),
        }
    }
}

impl File {
    fn insert(&mut self, first: u64, events: &[Event], texts: &[String]) -> rusqlite::Result<()> {
        let tx = self.db.transaction()?;
        {
            let mut insert = tx.prepare_cached(
                "INSERT INTO events (seq, at, format, event, sum) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for ((seq, event), text) in (first..).zip(events).zip(texts) {
                let (seq, at) = (seq.cast_signed(), event.at.as_millis());
                insert.execute(params![seq, at, EVENT_FORMAT, text, sum(&[seq, at, EVENT_FORMAT], text)])?;
            }
        }
        tx.commit()?;
        self.mark.set(Seq(first + events.len() as u64 - 1));
        Ok(())
    }
}
