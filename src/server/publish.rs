//! Keeps the table up to date: what a fact touched is made anew, and its line is added.

use super::rows::{self, Beside};
use super::table::Table;
use crate::api::rows::{Row, RowKey};
use crate::engine::{Event, Key, State};
use crate::model::Seq;
use crate::model::limits::EVENT_ROWS;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Makes the table whole: at the start, and for a listener that fell behind.
pub fn publish_all(table: &Table, seq: Seq, state: &State, beside: &dyn Beside) {
    table.replace(seq, rows::all(state, beside));
}

/// Makes the rows of `keys` anew. `state` is the state at `seq`.
pub fn publish(table: &Table, seq: Seq, state: &State, beside: &dyn Beside, keys: &BTreeSet<Key>) {
    match rows::change(state, beside, keys, &|range| table.keys(range)) {
        Some(change) => table.apply(seq, change.upsert, &change.remove),
        None => publish_all(table, seq, state, beside),
    }
}

/// Adds lines of the journal, oldest first; the oldest lines go once there are more than [`EVENT_ROWS`].
pub fn publish_events(table: &Table, state: &State, events: &[(Seq, Event)]) {
    let Some((last, _)) = events.last() else { return };
    let first = Seq(last.0.saturating_sub(EVENT_ROWS as u64) + 1);
    let fresh = events.iter().filter(|(seq, event)| *seq >= first && !state.is_routine(event));
    let upsert = fresh.map(|(seq, event)| Row::Event(rows::event(state, *seq, event))).collect();
    let old = table.keys(RowKey::Event(Seq(0))..RowKey::Event(first));
    table.apply(*last, upsert, &old);
}

/// A table for this process, filled from the state at `seq` and the journal's latest lines.
pub fn table(
    epoch: u64,
    seq: Seq,
    state: &State,
    beside: &dyn Beside,
    events: &[(Seq, Event)],
) -> Arc<Table> {
    let table = Table::new(epoch, seq);
    publish_all(&table, seq, state, beside);
    publish_events(&table, state, events);
    table
}
