//! Old formats are upgraded, one version at a time; each step has a fixture of the old form in the tests.

use super::FILE_FORMAT;
use crate::engine::Event;
use rusqlite::Connection;

/// Brings a file of format `from` to [`FILE_FORMAT`], in one transaction.
pub(super) fn file(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    // Format 1 is the first: there are no steps yet. The next one goes here as `if from < 2 { … }`.
    tracing::info!(from, to = FILE_FORMAT, "upgraded the journal's file");
    tx.pragma_update(None, "user_version", FILE_FORMAT)?;
    tx.commit()
}

/// Reads an event as format `format` wrote it.
pub(super) fn event(format: i64, text: &str) -> Result<Event, serde_json::Error> {
    match format {
        // Format 1 is the first and the present one. A change of `Event` that serde's defaults do not cover makes format 2,
        // and 1 is then read by a type of its own here.
        ..=1 => serde_json::from_str(text),
        _ => Err(serde::de::Error::custom(format!("format {format} is newer than this program"))),
    }
}
