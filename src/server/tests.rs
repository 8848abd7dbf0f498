//! A replica at seq n equals the rows at seq n, however slow or cut off its reader was.

use super::reader::Reader;
use super::table::{Full, Table};
use crate::api::rows::{ComingRow, Row, RowKey};
use crate::api::stream::Frame;
use crate::model::limits::{CONSOLES, DELTA_EVERY, DELTA_ROWS, REMOVED_ROWS};
use crate::model::{Seq, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::time::Instant;

fn row(key: u32, value: u32) -> Row {
    Row::Coming(ComingRow {
        subject: key.to_string(),
        at: Timestamp::from_millis(value.into()),
        text: String::new(),
    })
}

fn key(key: u32) -> RowKey {
    RowKey::Coming(key.to_string())
}

type Rows = BTreeMap<RowKey, Row>;

fn rows_of(table: &Table) -> Rows {
    table.rows().1.into_iter().map(|row| (row.key(), (*row).clone())).collect()
}

/// A console's side of the stream.
#[derive(Default)]
struct Replica {
    rows: Rows,
    at: Option<(u64, Seq)>,
    whole: bool,
}

impl Replica {
    fn hear(&mut self, frame: Frame) {
        match frame {
            Frame::Begin { epoch } => {
                *self = Self { at: Some((epoch, Seq(0))), ..Self::default() };
            }
            Frame::Row { row } => {
                assert!(self.rows.insert(row.key(), *row).is_none(), "a snapshot names a row once");
            }
            Frame::End { epoch, seq } => {
                self.at = Some((epoch, seq));
                self.whole = true;
            }
            Frame::Delta { seq, upsert, remove } => {
                assert!(self.whole, "a delta on half a snapshot");
                remove.iter().for_each(|key| drop(self.rows.remove(key)));
                self.rows.extend(upsert.into_iter().map(|row| (row.key(), row)));
                self.at = self.at.map(|(epoch, _)| (epoch, seq));
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Apply { step: u64, upserts: Vec<(u32, u32)>, removes: Vec<u32> },
    Read { reader: usize, frames: usize },
    CutOff { reader: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let apply = (
        0_u64..3,
        proptest::collection::vec((0_u32..12, 0_u32..3), 0..6),
        proptest::collection::vec(0_u32..12, 0..4),
    );
    let act = prop_oneof![
        3 => apply.prop_map(|(step, upserts, removes)| Act::Apply { step, upserts, removes }),
        3 => (0_usize..3, 0_usize..9).prop_map(|(reader, frames)| Act::Read { reader, frames }),
        1 => (0_usize..3).prop_map(|reader| Act::CutOff { reader }),
    ];
    proptest::collection::vec(act, 1..60)
}

struct World {
    table: Arc<Table>,
    seq: Seq,
    /// Every state that the rows had at a place: rows of the moment change between two events too.
    past: BTreeMap<Seq, Vec<Rows>>,
    readers: Vec<(Option<Reader>, Replica)>,
}

impl World {
    fn new() -> Self {
        let table = Table::new(7, Seq(0));
        let past = BTreeMap::from([(Seq(0), vec![Rows::new()])]);
        Self { table, seq: Seq(0), past, readers: (0..3).map(|_| (None, Replica::default())).collect() }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Apply { step, upserts, removes } => {
                self.seq = Seq(self.seq.0 + step);
                let removes: Vec<RowKey> = removes.into_iter().map(key).collect();
                self.table.apply(self.seq, upserts.into_iter().map(|(k, v)| row(k, v)).collect(), &removes);
                self.past.entry(self.seq).or_default().push(rows_of(&self.table));
            }
            Act::Read { reader, frames } => self.read(reader, frames),
            Act::CutOff { reader } => self.readers[reader].0 = None,
        }
    }

    fn read(&mut self, reader: usize, frames: usize) {
        let (connection, replica) = &mut self.readers[reader];
        let connection = connection.get_or_insert_with(|| {
            self.table.read(replica.at.filter(|_| replica.whole)).expect("three readers")
        });
        for _ in 0..frames {
            let Some(frame) = connection.take() else { break };
            replica.hear(frame);
            if replica.whole {
                let (_, seq) = replica.at.expect("a whole replica has a place");
                assert!(self.past[&seq].contains(&replica.rows), "no such rows at {seq}: {:?}", replica.rows);
            }
        }
    }
}

proptest! {
    #[test]
    fn a_replica_equals_the_rows_at_its_place(acts in acts()) {
        let mut world = World::new();
        acts.into_iter().for_each(|act| world.act(act));
        let now = rows_of(&world.table);
        for reader in 0..3 {
            world.read(reader, 1_000);
            prop_assert_eq!(&world.readers[reader].1.rows, &now);
        }
    }
}

#[test]
fn what_was_sent_last_is_not_sent_again() {
    let table = Table::new(1, Seq(0));
    let mut reader = table.read(None).unwrap();
    while reader.take().is_some() {}
    table.apply(Seq(1), vec![row(1, 1)], &[]);
    assert!(matches!(reader.take(), Some(Frame::Delta { upsert, .. }) if upsert.len() == 1));
    table.apply(Seq(2), vec![row(1, 1)], &[key(9)]);
    assert_eq!(reader.take(), None);
}

#[test]
fn who_was_away_for_too_many_removals_begins_anew() {
    let table = Table::new(1, Seq(0));
    for n in 0..=u32::try_from(REMOVED_ROWS).unwrap() {
        table.apply(Seq(u64::from(n) + 1), vec![row(n, 0)], &[]);
        table.apply(Seq(u64::from(n) + 1), vec![], &[key(n)]);
    }
    let first = |since| table.read(Some(since)).unwrap().take().unwrap();
    assert_eq!(first((1, Seq(1))), Frame::Begin { epoch: 1 });
    assert_eq!(first((2, Seq(5_000))), Frame::Begin { epoch: 1 }, "another process");
    assert_eq!(first((1, Seq(99_999))), Frame::Begin { epoch: 1 }, "a place that is not there yet");
    assert!(matches!(first((1, Seq(9_000))), Frame::Delta { remove, .. } if remove.len() == 1_002));
}

#[test]
fn a_slow_reader_that_owes_too_much_begins_anew() {
    let table = Table::new(1, Seq(0));
    let mut reader = table.read(None).unwrap();
    while reader.take().is_some() {}
    let many = (0..=u32::try_from(DELTA_ROWS).unwrap()).map(|n| row(n, 0)).collect();
    table.apply(Seq(1), many, &[]);
    assert_eq!(reader.take(), Some(Frame::Begin { epoch: 1 }));
}

#[test]
fn a_place_is_free_again_once_its_console_has_gone() {
    let table = Table::new(1, Seq(0));
    let mut readers: Vec<Reader> = (0..CONSOLES).map(|_| table.read(None).unwrap()).collect();
    assert_eq!(table.read(None).err(), Some(Full));
    readers.pop();
    assert!(table.read(None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_first_change_after_idleness_comes_at_once_and_the_next_ones_together() {
    let table = Table::new(1, Seq(0));
    let mut reader = table.read(None).unwrap();
    while !matches!(reader.next().await, Frame::End { .. }) {}
    tokio::time::advance(DELTA_EVERY.to_std() * 4).await;

    let start = Instant::now();
    table.apply(Seq(1), vec![row(1, 1)], &[]);
    reader.next().await;
    assert_eq!(start.elapsed().as_millis(), 0);

    table.apply(Seq(2), vec![row(1, 2)], &[]);
    table.apply(Seq(3), vec![row(2, 2)], &[]);
    let frame = reader.next().await;
    assert_eq!(start.elapsed(), DELTA_EVERY.to_std());
    assert_eq!(frame, Frame::Delta { seq: Seq(3), upsert: vec![row(1, 2), row(2, 2)], remove: vec![] });
}
