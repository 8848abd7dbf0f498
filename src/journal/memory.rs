//! A journal in memory that outlives its daemon, on a disk that fails when it is told to: for the simulation.
//!
//! Events are kept as the file keeps them, as text, so that what a simulated daemon reads back is what a real one would read.

use super::lock::holder_in_this_process;
use super::{AppendError, EVENT_FORMAT, JournalError, Stored};
use crate::engine::Event;
use crate::model::{Seq, Timestamp, limits};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Where in a write the daemon is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing of the batch is on the disk.
    BeforeWrite,
    /// All of it is, and nobody was told.
    AfterWrite,
}

/// The memory. Clones are the same memory.
#[derive(Debug, Clone)]
pub struct Memory {
    rows: Arc<Mutex<Rows>>,
    crashed: Arc<watch::Sender<bool>>,
}

#[derive(Debug, Default)]
struct Rows {
    events: VecDeque<Row>,
    /// The place of the first event that is kept.
    first: u64,
    /// Oldest first.
    snapshots: Vec<(Seq, i64, String)>,
    open: bool,
    full: bool,
    /// The append that is counted down to, and where in it the daemon is killed.
    crash: Option<(u64, When)>,
    dead: bool,
}

#[derive(Debug)]
struct Row {
    at: Timestamp,
    text: Box<str>,
}

impl Default for Memory {
    fn default() -> Self {
        let rows = Rows { first: 1, ..Rows::default() };
        Self { rows: Arc::new(Mutex::new(rows)), crashed: Arc::new(watch::Sender::new(false)) }
    }
}

impl Memory {
    /// From now on there is no room, or there is room again.
    pub fn full(&self, full: bool) {
        self.lock().full = full;
    }

    /// The `n`-th append from now (from 1) kills the daemon: it fails, and so does every write after it until [`revive`](Self::revive).
    pub fn crash_at(&self, n: u64, when: When) {
        self.lock().crash = Some((n.max(1), when));
    }

    /// Returns once a write has killed the daemon.
    pub async fn crashed(&self) {
        let mut crashed = self.crashed.subscribe();
        // It ends only when the sender is gone, and `self` holds that.
        let _ = crashed.wait_for(|crashed| *crashed).await;
    }

    /// Lets the next daemon write, and forgets a crash that has not come yet.
    pub fn revive(&self) {
        let mut rows = self.lock();
        (rows.crash, rows.dead) = (None, false);
        self.crashed.send_replace(false);
    }

    /// The place of the latest event.
    pub fn last(&self) -> Seq {
        self.lock().last()
    }

    /// At most `limit` events after `after`, oldest first, also while a daemon has it open.
    pub fn stored(&self, after: Seq, limit: usize) -> Vec<Stored> {
        let rows = self.lock();
        let skip = usize::try_from((after.0 + 1).saturating_sub(rows.first)).unwrap_or(usize::MAX);
        let seqs = (rows.first..).map(Seq);
        let some = seqs.zip(&rows.events).skip(skip).take(limit);
        some.map(|(seq, row)| Stored::new(seq, EVENT_FORMAT, row.text.to_string())).collect()
    }

    pub(super) fn hold(&self) -> Result<Held, JournalError> {
        let mut rows = self.lock();
        if rows.open {
            return Err(JournalError::Locked { dir: "memory".into(), holder: holder_in_this_process() });
        }
        rows.open = true;
        drop(rows);
        Ok(Held(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // Every change in here is whole before anything could panic.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    fn last(&self) -> Seq {
        let events = self.first + self.events.len() as u64 - 1;
        Seq(self.snapshots.last().map_or(events, |(seq, _, _)| events.max(seq.0)))
    }

    fn writable(&self) -> Result<(), AppendError> {
        if self.dead {
            return Err(AppendError::Full { why: "the process was killed" });
        }
        if self.full {
            return Err(AppendError::Full { why: "no space left on device" });
        }
        Ok(())
    }
}

/// A memory that a daemon has open.
#[derive(Debug)]
pub(super) struct Held(Memory);

impl Held {
    pub fn last(&self) -> Seq {
        self.0.last()
    }

    pub fn append(&mut self, events: &[Event], texts: Vec<String>) -> Result<(), AppendError> {
        let mut rows = self.0.lock();
        rows.writable()?;
        let killed = match rows.crash.take() {
            Some((1, when)) => Some(when),
            Some((n, when)) => {
                rows.crash = Some((n - 1, when));
                None
            }
            None => None,
        };
        if killed != Some(When::BeforeWrite) {
            let new = events.iter().zip(texts).map(|(event, text)| Row { at: event.at, text: text.into() });
            rows.events.extend(new);
        }
        if killed.is_some() {
            rows.dead = true;
            self.0.crashed.send_replace(true);
            return rows.writable();
        }
        Ok(())
    }

    pub fn probe(&self) -> Result<(), AppendError> {
        self.0.lock().writable()
    }

    pub fn stored(&self, after: Seq, limit: usize) -> Vec<Stored> {
        self.0.stored(after, limit)
    }

    pub fn put_snapshot(&mut self, seq: Seq, text: String) -> Result<(), AppendError> {
        let mut rows = self.0.lock();
        rows.writable()?;
        rows.snapshots.retain(|(other, _, _)| *other != seq);
        rows.snapshots.push((seq, EVENT_FORMAT, text));
        let gone = rows.snapshots.len().saturating_sub(limits::SNAPSHOTS);
        rows.snapshots.drain(..gone);
        Ok(())
    }

    /// Newest first.
    pub fn snapshots(&self) -> Vec<(Seq, i64, String)> {
        self.0.lock().snapshots.iter().rev().cloned().collect()
    }

    pub fn prune(&mut self, before: Timestamp) -> Result<usize, AppendError> {
        let mut rows = self.0.lock();
        rows.writable()?;
        if rows.snapshots.len() < limits::SNAPSHOTS {
            return Ok(0);
        }
        let oldest = rows.snapshots.first().map_or(Seq(0), |(seq, _, _)| *seq);
        let may = usize::try_from((oldest.0 + 1).saturating_sub(rows.first)).unwrap_or(0);
        let old = rows.events.iter().take(may.min(limits::PRUNED_AT_ONCE));
        let gone = old.take_while(|row| row.at < before).count();
        rows.events.drain(..gone);
        rows.first += gone as u64;
        Ok(gone)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().open = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EventKind;
    use crate::journal::Journal;
    use crate::model::Actor;

    fn batch(from: i64, count: i64) -> Vec<Event> {
        let event = |at| Event {
            at: Timestamp::from_millis(at),
            by: Actor::Daemon,
            kind: EventKind::SourceFound { who: "registry r:1".to_owned() },
        };
        (from..from + count).map(event).collect()
    }

    fn all(journal: &Journal) -> Vec<Event> {
        journal.events(Seq(0), usize::MAX).unwrap().into_iter().map(|(_, event)| event).collect()
    }

    #[test]
    fn what_was_written_is_there_for_the_next_daemon_and_for_one_at_a_time() {
        let memory = Memory::default();
        let mut first = Journal::on(&memory).unwrap();
        assert_eq!(first.append(&batch(1, 2)).unwrap(), [Seq(1), Seq(2)]);
        assert!(matches!(Journal::on(&memory), Err(JournalError::Locked { .. })));
        drop(first);
        let mut second = Journal::on(&memory).unwrap();
        assert_eq!(second.append(&batch(3, 1)).unwrap(), [Seq(3)]);
        assert_eq!(all(&second), batch(1, 3));
    }

    #[test]
    fn a_crash_before_the_write_leaves_nothing_and_one_after_it_leaves_all() {
        for (when, left) in [(When::BeforeWrite, 1), (When::AfterWrite, 3)] {
            let memory = Memory::default();
            let mut journal = Journal::on(&memory).unwrap();
            memory.crash_at(2, when);
            journal.append(&batch(1, 1)).unwrap();
            assert!(journal.append(&batch(2, 2)).is_err());
            assert!(journal.append(&batch(4, 1)).is_err(), "the dead write nothing");
            drop(journal);
            memory.revive();
            let mut journal = Journal::on(&memory).unwrap();
            assert_eq!(journal.last(), Seq(left), "{when:?}");
            assert!(journal.append(&batch(9, 1)).is_ok());
        }
    }

    #[test]
    fn events_that_two_snapshots_include_can_be_pruned_and_places_stay() {
        let memory = Memory::default();
        let mut journal = Journal::on(&memory).unwrap();
        journal.append(&batch(1, 5)).unwrap();
        journal.snapshot(Seq(3), &crate::engine::State::default()).unwrap();
        assert_eq!(journal.prune(Timestamp::from_millis(99)).unwrap(), 0);
        journal.snapshot(Seq(5), &crate::engine::State::default()).unwrap();
        assert_eq!(journal.prune(Timestamp::from_millis(99)).unwrap(), 3);
        assert_eq!(journal.stored(Seq(3), 9).unwrap()[0].seq(), Seq(4));
        assert_eq!(journal.append(&batch(6, 1)).unwrap(), [Seq(6)]);
    }

    #[test]
    fn a_full_disk_takes_nothing_until_there_is_room() {
        let memory = Memory::default();
        let mut journal = Journal::on(&memory).unwrap();
        memory.full(true);
        assert_eq!(journal.append(&batch(1, 1)).unwrap_err().why(), "no space left on device");
        assert!(journal.probe().is_err());
        memory.full(false);
        assert!(journal.append(&batch(1, 1)).is_ok());
    }
}
