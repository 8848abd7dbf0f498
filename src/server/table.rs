//! The rows as they are now, and who reads them.
//!
//! ```text
//!   apply(seq, upserts, removes) ──▶ rows ──▶ outbox of each reader ──▶ Reader::take ──▶ Frame
//! ```
//!
//! Invariants: a reader's replica at seq n equals the rows at seq n, however slow or cut off it was; a row that did
//! not change is not sent; nothing here grows with how slow a reader is.

use super::outbox::{Outbox, Owed};
use super::reader::Reader;
use crate::api::rows::{Row, RowKey};
use crate::model::Seq;
use crate::model::limits::{CONSOLES, REMOVED_ROWS};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// Why nobody can read the rows now: [`CONSOLES`] others do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{CONSOLES} consoles are connected already; close one and try again")]
pub struct Full;

/// All rows of one daemon process.
#[derive(Debug)]
pub struct Table {
    epoch: u64,
    inner: Mutex<Inner>,
    seq: watch::Sender<Seq>,
}

#[derive(Debug)]
struct Inner {
    seq: Seq,
    rows: BTreeMap<RowKey, Held>,
    /// Rows that went, oldest first, at most [`REMOVED_ROWS`].
    removed: VecDeque<(Seq, RowKey)>,
    /// Who was away since before this place does not learn what went; it begins anew.
    forgotten: Seq,
    readers: BTreeMap<u64, Waiting>,
    next_reader: u64,
}

#[derive(Debug)]
struct Held {
    row: Arc<Row>,
    since: Seq,
}

#[derive(Debug)]
struct Waiting {
    outbox: Outbox,
    wake: Arc<Notify>,
}

/// What a reader is told next.
#[derive(Debug)]
pub enum Batch {
    /// Everything, as of `seq`.
    Anew {
        /// The place in the journal.
        seq: Seq,
        /// All rows.
        rows: VecDeque<Arc<Row>>,
    },
    /// What it does not know.
    Delta {
        /// The place in the journal.
        seq: Seq,
        /// Rows that came or changed.
        upsert: Vec<Row>,
        /// Rows that went.
        remove: Vec<RowKey>,
    },
}

impl Table {
    /// An empty table. `epoch` tells this process from every other one.
    pub fn new(epoch: u64, seq: Seq) -> Arc<Self> {
        let inner = Inner {
            seq,
            rows: BTreeMap::new(),
            removed: VecDeque::new(),
            forgotten: seq,
            readers: BTreeMap::new(),
            next_reader: 0,
        };
        Arc::new(Self { epoch, inner: Mutex::new(inner), seq: watch::Sender::new(seq) })
    }

    /// Which process this is.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The rows are now at `seq`, with these changes. Rows that are there already as they are change nothing.
    pub fn apply(&self, seq: Seq, upserts: Vec<Row>, removes: &[RowKey]) {
        let mut inner = self.lock();
        inner.seq = inner.seq.max(seq);
        let changed = upserts.into_iter().filter_map(|row| inner.upsert(row)).count()
            + removes.iter().filter(|key| inner.remove(key)).count();
        let seq = inner.seq;
        if changed > 0 {
            inner.readers.values().for_each(|reader| reader.wake.notify_one());
        }
        drop(inner);
        self.seq.send_if_modified(|known| std::mem::replace(known, seq) != seq);
    }

    /// The rows become exactly `rows`, beside the lines of the journal: what is not among them goes.
    pub fn replace(&self, seq: Seq, rows: Vec<Row>) {
        let keep: BTreeSet<RowKey> = rows.iter().map(Row::key).collect();
        let mut gone = self.keys(RowKey::Daemon..RowKey::Event(Seq(0)));
        gone.retain(|key| !keep.contains(key));
        self.apply(seq, rows, &gone);
    }

    /// All rows in the order of their keys, and their place in the journal.
    pub fn rows(&self) -> (Seq, Vec<Arc<Row>>) {
        let inner = self.lock();
        (inner.seq, inner.rows.values().map(|held| held.row.clone()).collect())
    }

    /// One row.
    pub fn row(&self, key: &RowKey) -> Option<Arc<Row>> {
        self.lock().rows.get(key).map(|held| held.row.clone())
    }

    /// The keys in a range.
    pub fn keys(&self, range: Range<RowKey>) -> Vec<RowKey> {
        self.lock().rows.range(range).map(|(key, _)| key.clone()).collect()
    }

    /// Tells when the place in the journal moves.
    pub fn watch(&self) -> watch::Receiver<Seq> {
        self.seq.subscribe()
    }

    /// How many read.
    pub fn readers(&self) -> usize {
        self.lock().readers.len()
    }

    /// A reader; `since` is the epoch and place of what it knows from before.
    pub fn read(self: &Arc<Self>, since: Option<(u64, Seq)>) -> Result<Reader, Full> {
        let mut inner = self.lock();
        if inner.readers.len() >= CONSOLES {
            return Err(Full);
        }
        let known =
            since.filter(|(epoch, seq)| *epoch == self.epoch && *seq >= inner.forgotten && *seq <= inner.seq);
        let outbox = known.map_or_else(Outbox::anew, |(_, seq)| Outbox::resumed(inner.missed(seq)));
        let id = inner.next_reader;
        inner.next_reader += 1;
        let wake = Arc::new(Notify::new());
        inner.readers.insert(id, Waiting { outbox, wake: wake.clone() });
        drop(inner);
        Ok(Reader::new(self.clone(), id, wake))
    }

    /// What reader `id` does not know yet; none when it knows all.
    pub(super) fn take(&self, id: u64) -> Option<Batch> {
        let mut inner = self.lock();
        let outbox = &mut inner.readers.get_mut(&id)?.outbox;
        if outbox.is_empty() {
            return None;
        }
        let owed = outbox.take();
        let seq = inner.seq;
        Some(match owed {
            None => Batch::Anew { seq, rows: inner.rows.values().map(|held| held.row.clone()).collect() },
            Some(owed) => inner.delta(owed),
        })
    }

    /// Where the rows are now.
    pub(super) fn at(&self) -> Seq {
        self.lock().seq
    }

    /// Reader `id` has gone.
    pub(super) fn leave(&self, id: u64) {
        self.lock().readers.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way through a change, so a poisoned table is a whole one.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn upsert(&mut self, row: Row) -> Option<()> {
        let key = row.key();
        let known = self.rows.get(&key);
        if known.is_some_and(|held| *held.row == row) {
            return None;
        }
        let was_there = known.is_some();
        self.readers.values_mut().for_each(|reader| reader.outbox.upserted(&key, was_there));
        self.rows.insert(key, Held { row: Arc::new(row), since: self.seq });
        Some(())
    }

    fn remove(&mut self, key: &RowKey) -> bool {
        if self.rows.remove(key).is_none() {
            return false;
        }
        self.readers.values_mut().for_each(|reader| reader.outbox.removed(key));
        self.removed.push_back((self.seq, key.clone()));
        if self.removed.len() > REMOVED_ROWS
            && let Some((seq, _)) = self.removed.pop_front()
        {
            // Rows change within one place too, so that place itself is no longer whole.
            self.forgotten = Seq(seq.0 + 1);
        }
        true
    }

    /// What a replica at `seq` does not know. Rows may change while the place stays, so the place itself counts as missed.
    fn missed(&self, seq: Seq) -> BTreeMap<RowKey, Owed> {
        let gone = self.removed.iter().filter(|(at, _)| *at >= seq).map(|(_, key)| (key.clone(), Owed::Gone));
        let changed = self.rows.iter().filter(|(_, held)| held.since >= seq);
        gone.chain(changed.map(|(key, _)| (key.clone(), Owed::Changed))).collect()
    }

    fn delta(&self, owed: BTreeMap<RowKey, Owed>) -> Batch {
        let (mut upsert, mut remove) = (Vec::new(), Vec::new());
        for (key, _) in owed {
            match self.rows.get(&key) {
                Some(held) => upsert.push((*held.row).clone()),
                None => remove.push(key),
            }
        }
        Batch::Delta { seq: self.seq, upsert, remove }
    }
}
