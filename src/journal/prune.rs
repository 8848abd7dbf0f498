//! Pruning: old events are dropped once no snapshot needs them.

use super::{AppendError, Disk, File, Journal};
use crate::model::{Timestamp, limits};
use rusqlite::params;

impl Journal {
    /// Drops events from before `before` that no kept snapshot needs, the oldest first, at most
    /// [`PRUNED_AT_ONCE`](limits::PRUNED_AT_ONCE) of them. Returns how many; call again while it is that many.
    ///
    /// An event is only dropped when all of [`SNAPSHOTS`](limits::SNAPSHOTS) snapshots are there and the oldest of them includes it: so a
    /// snapshot that turns out to be unreadable has one behind it, with all events that follow.
    ///
    /// # Errors
    /// Nothing was dropped then.
    pub fn prune(&mut self, before: Timestamp) -> Result<usize, AppendError> {
        match &mut self.disk {
            Disk::File(file) => file.prune_rows(before).map_err(AppendError::of),
            Disk::Memory(memory) => memory.prune(before),
        }
    }
}

impl File {
    fn prune_rows(&mut self, before: Timestamp) -> rusqlite::Result<usize> {
        let sql = "SELECT count(*), coalesce(min(seq), 0) FROM snapshots";
        let (kept, oldest): (i64, i64) = self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if usize::try_from(kept).unwrap_or(0) < limits::SNAPSHOTS {
            return Ok(0);
        }
        // By place and not by `at`: stamps never go backwards, so the first one that is young enough ends it, without an index.
        let most = i64::try_from(limits::PRUNED_AT_ONCE).unwrap_or(i64::MAX);
        let old = self.db.query_row(
            "SELECT coalesce(max(seq), 0) FROM
                (SELECT seq, at FROM events WHERE seq <= ?1 ORDER BY seq LIMIT ?2) WHERE at < ?3",
            params![oldest, most, before.as_millis()],
            |row| row.get::<_, i64>(0),
        )?;
        let gone = self.db.execute("DELETE FROM events WHERE seq <= ?1", [old])?;
        if gone > 0 {
            self.db.execute_batch("PRAGMA incremental_vacuum")?;
        }
        Ok(gone)
    }
}
