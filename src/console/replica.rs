//! The rows that the daemon sent, and the lists that are kept sorted beside them.
//!
//! Invariants: `lists` holds exactly what [`ranks`] says of the rows in `rows`; a new snapshot replaces the rows only
//! when it is whole, so that a reconnect never shows half a world.

use super::rank::{List, Rank, ranks};
use crate::api::rows::{
    DaemonRow, EventRow, ImageRow, IncidentRow, NeedRow, NodeRow, PoolRow, Row, RowKey, RunRow, StepRow,
    WorkloadRow,
};
use crate::api::stream::Frame;
use crate::model::{ImageRef, IncidentId, NodeRef, PoolName, RunId, Seq, StepKey, WorkloadId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key that several lists share.
pub type Shared = Arc<RowKey>;

/// What this console holds of the daemon's state.
#[derive(Debug, Default)]
pub struct Replica {
    live: Rows,
    coming_in: Option<Rows>,
    place: Option<(u64, Seq)>,
}

/// The rows with their lists.
#[derive(Debug, Default)]
struct Rows {
    rows: BTreeMap<Shared, Row>,
    lists: [Vec<(Rank, Shared)>; List::COUNT],
}

impl Rows {
    fn upsert(&mut self, row: Row) {
        let key = Arc::new(row.key());
        let key = self.take(&key).unwrap_or(key);
        for (list, rank) in ranks(&row).into_iter().flatten() {
            let entries = &mut self.lists[list as usize];
            let at = entries.partition_point(|(r, k)| (r, k) < (&rank, &key));
            entries.insert(at, (rank, Arc::clone(&key)));
        }
        self.rows.insert(key, row);
    }

    /// Takes a row out, and gives back its key, which can be used again.
    fn take(&mut self, key: &RowKey) -> Option<Shared> {
        let (key, row) = self.rows.remove_entry(key)?;
        for (list, rank) in ranks(&row).into_iter().flatten() {
            let entries = &mut self.lists[list as usize];
            if let Ok(at) = entries.binary_search_by(|(r, k)| (r, k).cmp(&(&rank, &key))) {
                entries.remove(at);
            }
        }
        Some(key)
    }
}

impl Replica {
    /// Takes what the stream brought; says whether anything on screen may have changed by it.
    pub fn apply(&mut self, frame: Frame) -> bool {
        match frame {
            Frame::Begin { epoch: _ } => {
                self.coming_in = Some(Rows::default());
                false
            }
            Frame::Row { row } => {
                // A row outside a snapshot is none of ours: the daemon never sends one.
                if let Some(rows) = &mut self.coming_in {
                    rows.upsert(*row);
                }
                false
            }
            Frame::End { epoch, seq } => {
                if let Some(rows) = self.coming_in.take() {
                    self.live = rows;
                }
                self.place = Some((epoch, seq));
                true
            }
            Frame::Delta { seq, upsert, remove } => {
                let changed = !upsert.is_empty() || !remove.is_empty();
                remove.iter().for_each(|key| drop(self.live.take(key)));
                upsert.into_iter().for_each(|row| self.live.upsert(row));
                self.place = self.place.map(|(epoch, _)| (epoch, seq));
                changed
            }
        }
    }

    /// The daemon's process and the place in its journal that this shows; none before the first whole snapshot.
    pub fn place(&self) -> Option<(u64, Seq)> {
        self.place
    }

    /// Rows of the snapshot that is coming in.
    pub fn arriving(&self) -> Option<usize> {
        self.coming_in.as_ref().map(|rows| rows.rows.len())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.live.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.rows.is_empty()
    }

    /// A sorted list.
    pub fn list(&self, list: List) -> &[(Rank, Shared)] {
        &self.live.lists[list as usize]
    }

    /// A row.
    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.live.rows.get(key)
    }

    /// The daemon itself.
    pub fn daemon(&self) -> Option<&DaemonRow> {
        match self.row(&RowKey::Daemon) {
            Some(Row::Daemon(row)) => Some(row),
            _ => None,
        }
    }

    /// An image.
    pub fn image(&self, image: &ImageRef) -> Option<&ImageRow> {
        match self.row(&RowKey::Image(image.clone())) {
            Some(Row::Image(row)) => Some(row),
            _ => None,
        }
    }

    /// A workload.
    pub fn workload(&self, workload: &WorkloadId) -> Option<&WorkloadRow> {
        match self.row(&RowKey::Workload(workload.clone())) {
            Some(Row::Workload(row)) => Some(row),
            _ => None,
        }
    }

    /// A pool.
    pub fn pool(&self, pool: &PoolName) -> Option<&PoolRow> {
        match self.row(&RowKey::Pool(pool.clone())) {
            Some(Row::Pool(row)) => Some(row),
            _ => None,
        }
    }

    /// A node.
    pub fn node(&self, node: &NodeRef) -> Option<&NodeRow> {
        match self.row(&RowKey::Node(node.clone())) {
            Some(Row::Node(row)) => Some(row),
            _ => None,
        }
    }

    /// A run.
    pub fn run(&self, run: RunId) -> Option<&RunRow> {
        match self.row(&RowKey::Run(run)) {
            Some(Row::Run(row)) => Some(row),
            _ => None,
        }
    }

    /// A step of a run.
    pub fn step(&self, run: RunId, step: &StepKey) -> Option<&StepRow> {
        match self.row(&RowKey::Step(run, step.clone())) {
            Some(Row::Step(row)) => Some(row),
            _ => None,
        }
    }

    /// An incident.
    pub fn incident(&self, incident: IncidentId) -> Option<&IncidentRow> {
        match self.row(&RowKey::Incident(incident)) {
            Some(Row::Incident(row)) => Some(row),
            _ => None,
        }
    }

    /// What needs a person, by its subject.
    pub fn need(&self, key: &RowKey) -> Option<&NeedRow> {
        match self.row(key) {
            Some(Row::Need(row)) => Some(row),
            _ => None,
        }
    }

    /// A line of the journal.
    pub fn event(&self, seq: Seq) -> Option<&EventRow> {
        match self.row(&RowKey::Event(seq)) {
            Some(Row::Event(row)) => Some(row),
            _ => None,
        }
    }

    /// The steps of a run, in order.
    pub fn steps(&self, run: RunId) -> &[(Rank, Shared)] {
        let steps = self.list(List::Steps);
        let number = i64::try_from(run.0).unwrap_or(i64::MAX);
        let from = steps.partition_point(|(rank, _)| rank.0 < number);
        let to = steps.partition_point(|(rank, _)| rank.0 <= number);
        &steps[from..to]
    }

    /// The rows of the steps of a run, in order.
    pub fn step_rows(&self, run: RunId) -> impl Iterator<Item = &StepRow> {
        self.steps(run).iter().filter_map(|(_, key)| match self.row(key) {
            Some(Row::Step(row)) => Some(&**row),
            _ => None,
        })
    }

    /// All images, by name. Rows are sorted by kind, so that no row is looked up by its name here.
    pub fn images(&self) -> impl Iterator<Item = (&Shared, &ImageRow)> {
        let before = |key: &RowKey| matches!(key, RowKey::Daemon | RowKey::Source(_));
        let rows = self.live.rows.iter().skip_while(move |(key, _)| before(key));
        rows.map_while(|(key, row)| if let Row::Image(row) = row { Some((key, row)) } else { None })
    }

    /// All workloads, by name.
    pub fn workloads(&self) -> impl Iterator<Item = (&Shared, &WorkloadRow)> {
        let before = |key: &RowKey| matches!(key, RowKey::Daemon | RowKey::Source(_) | RowKey::Image(_));
        let rows = self.live.rows.iter().skip_while(move |(key, _)| before(key));
        rows.map_while(|(key, row)| if let Row::Workload(row) = row { Some((key, row)) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::rows::ComingRow;
    use crate::model::Timestamp;

    fn coming(subject: &str, at: i64) -> Row {
        Row::Coming(ComingRow {
            subject: subject.to_owned(),
            at: Timestamp::from_millis(at),
            text: String::new(),
        })
    }

    fn shown(replica: &Replica) -> Vec<String> {
        let name = |(_, key): &(Rank, Shared)| match &**key {
            RowKey::Coming(subject) => subject.clone(),
            other => panic!("{other:?}"),
        };
        replica.list(List::Coming).iter().map(name).collect()
    }

    #[test]
    fn a_list_stays_sorted_while_rows_come_change_and_go() {
        let mut replica = Replica::default();
        replica.apply(Frame::Begin { epoch: 1 });
        for (name, at) in [("b", 20), ("a", 30), ("c", 10)] {
            replica.apply(Frame::Row { row: Box::new(coming(name, at)) });
        }
        assert!(replica.is_empty(), "half a snapshot is not shown");
        replica.apply(Frame::End { epoch: 1, seq: Seq(7) });
        assert_eq!(shown(&replica), ["c", "b", "a"]);
        let delta = |upsert, remove| Frame::Delta { seq: Seq(8), upsert, remove };
        assert!(replica.apply(delta(vec![coming("a", 5)], vec![])));
        assert_eq!(shown(&replica), ["a", "c", "b"]);
        assert!(replica.apply(delta(vec![], vec![RowKey::Coming("c".to_owned())])));
        assert_eq!(shown(&replica), ["a", "b"]);
        assert_eq!(replica.place(), Some((1, Seq(8))));
    }

    #[test]
    fn a_delta_without_rows_changes_nothing_on_screen() {
        let mut replica = Replica::default();
        assert!(!replica.apply(Frame::Delta { seq: Seq(1), upsert: vec![], remove: vec![] }));
    }

    #[test]
    fn a_new_snapshot_shows_nothing_of_the_old_one() {
        let mut replica = Replica::default();
        for (epoch, name) in [(1, "old"), (2, "new")] {
            replica.apply(Frame::Begin { epoch });
            replica.apply(Frame::Row { row: Box::new(coming(name, 1)) });
            replica.apply(Frame::End { epoch, seq: Seq(1) });
        }
        assert_eq!((shown(&replica), replica.len()), (vec!["new".to_owned()], 1));
    }
}
