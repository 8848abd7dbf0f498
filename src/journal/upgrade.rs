//! Old formats are upgraded, one version at a time; each step has a fixture of the old form in the tests.

use super::FILE_FORMAT;
use super::sum::sum;
use crate::engine::Event;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use rusqlite::{Connection, Transaction, params};

/// Brings a file of format `from` to [`FILE_FORMAT`], in one transaction.
pub(super) fn file(db: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let tx = db.transaction()?;
    if from < 2 {
        to_2(&tx)?;
    }
    tx.pragma_update(None, "user_version", FILE_FORMAT)?;
    tx.commit()?;
    tracing::info!(from, to = FILE_FORMAT, "upgraded the journal's file");
    Ok(())
}

/// Format 2: each row has a sum over itself.
fn to_2(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    for (table, numbers, text) in
        [("events", "seq, at, format", "event"), ("snapshots", "seq, format", "state")]
    {
        tx.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN sum INTEGER NOT NULL DEFAULT 0"))?;
        let mut select = tx
            .prepare(&format!("SELECT {text}, {numbers} FROM {table} WHERE seq > ?1 ORDER BY seq LIMIT 1"))?;
        let mut update = tx.prepare(&format!("UPDATE {table} SET sum = ?2 WHERE seq = ?1"))?;
        let columns = select.column_count();
        let mut at = i64::MIN;
        // One row at a time: a table that is read and written at once would have to be held whole.
        loop {
            let mut rows = select.query([at])?;
            let Some(row) = rows.next()? else { break };
            let numbers: Vec<i64> = (1..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?;
            let sum = sum(&numbers, &row.get::<_, String>(0)?);
            at = numbers[0];
            update.execute(params![at, sum])?;
        }
    }
    Ok(())
}

/// Reads an event as format `format` wrote it.
///
/// # Errors
/// Why not: it is not what that format writes, or the format is a newer program's.
pub fn decode_event(format: i64, text: &str) -> Result<Event, String> {
    match format {
        // Format 1 is the first and the present one. A change of `Event` that serde's defaults do not cover makes format 2,
        // and 1 is then read by a type of its own here.
        ..=1 => serde_json::from_str(text).map_err(|error| clean(&error.to_string(), MESSAGE_CHARS)),
        _ => Err(format!("format {format} is newer than this program")),
    }
}
