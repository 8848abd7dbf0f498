//! The journal on a real file: what was acknowledged, a torn tail, a full disk, old and newer formats.

use super::*;
use crate::engine::{Event, EventKind, State};
use crate::model::{Actor, Timestamp, limits};
use std::path::Path;
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn event(at: i64) -> Event {
    let kind = EventKind::SourceLost { who: "registry r:1".to_owned(), why: format!("refused {at}") };
    Event { at: Timestamp::from_millis(at), by: Actor::Daemon, kind }
}

fn batch(from: i64, count: i64) -> Vec<Event> {
    (from..from + count).map(event).collect()
}

fn all(journal: &Journal) -> Vec<Event> {
    journal.events(Seq(0), usize::MAX).unwrap().into_iter().map(|(_, event)| event).collect()
}

fn db(journal: &Journal) -> &rusqlite::Connection {
    match &journal.disk {
        Disk::File(file) => &file.db,
        Disk::Memory(_) => panic!("these tests are about the file"),
    }
}

/// Enough rows that the journal has room for nothing more, until `room` gives it back.
pub(crate) fn no_room(journal: &Journal) {
    let pages: i64 = db(journal).pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    db(journal).pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
}

pub(crate) fn room(journal: &Journal) {
    db(journal).pragma_update_and_check(None, "max_page_count", 1_000_000, |_| Ok(())).unwrap();
}

#[test]
fn what_was_acknowledged_is_there_after_reopening() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    assert_eq!(journal.append(&batch(1, 3)).unwrap(), [Seq(1), Seq(2), Seq(3)]);
    assert_eq!(journal.append(&batch(4, 1)).unwrap(), [Seq(4)]);
    drop(journal);
    let mut journal = Journal::open(dir.path()).unwrap();
    assert_eq!(all(&journal), batch(1, 4));
    assert_eq!(journal.append(&batch(5, 1)).unwrap(), [Seq(5)]);
}

#[test]
fn a_window_begins_after_its_place_and_a_tail_ends_at_the_end() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 9)).unwrap();
    let seqs = |events: Vec<(Seq, Event)>| events.into_iter().map(|(seq, _)| seq.0).collect::<Vec<_>>();
    assert_eq!(seqs(journal.events(Seq(3), 2).unwrap()), [4, 5]);
    assert_eq!(seqs(journal.tail(2).unwrap()), [8, 9]);
    assert_eq!(seqs(journal.tail(99).unwrap()).len(), 9);
}

#[test]
fn a_second_daemon_is_refused_with_the_first_ones_pid() {
    let dir = folder();
    let first = Journal::open(dir.path()).unwrap();
    let refused = Journal::open(dir.path()).unwrap_err().to_string();
    assert!(refused.contains(&format!("process id {}", std::process::id())), "{refused}");
    drop(first);
    Journal::open(dir.path()).unwrap();
}

#[test]
fn a_newer_file_is_refused_with_what_to_do() {
    let dir = folder();
    let journal = Journal::open(dir.path()).unwrap();
    db(&journal).pragma_update(None, "user_version", FILE_FORMAT + 1).unwrap();
    drop(journal);
    let refused = Journal::open(dir.path()).unwrap_err();
    assert!(matches!(refused, JournalError::Newer { found, .. } if found == FILE_FORMAT + 1));
    assert!(refused.to_string().contains("install that version again"));
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let dir = folder();
    let path = dir.path().join("journal.sqlite");
    std::fs::write(
        &path,
        "notes of mine, not a database at all, but long enough to be taken for one".repeat(20),
    )
    .unwrap();
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::NotOurs { .. })));
    std::fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE notes (text)").unwrap();
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::NotOurs { .. })));
}

#[test]
fn a_full_disk_takes_nothing_of_the_batch_and_a_later_append_works() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 2)).unwrap();
    no_room(&journal);
    let error = journal.append(&batch(3, 500)).unwrap_err();
    assert!(matches!(error, AppendError::Full { why: "no space left on device" }), "{error:?}");
    assert_eq!(all(&journal), batch(1, 2));
    room(&journal);
    assert_eq!(journal.append(&batch(3, 1)).unwrap(), [Seq(3)]);
    drop(journal);
    assert_eq!(all(&Journal::open(dir.path()).unwrap()), batch(1, 3));
}

/// Copies the files of an open journal as a crash would leave them, with the WAL cut to `wal` bytes.
fn crashed(dir: &Path, wal: u64) -> TempDir {
    let copy = folder();
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
        std::fs::copy(dir.join(name), copy.path().join(name)).unwrap();
    }
    let file = std::fs::OpenOptions::new().write(true).open(copy.path().join("journal.sqlite-wal")).unwrap();
    file.set_len(wal).unwrap();
    copy
}

#[test]
fn a_torn_tail_keeps_every_batch_before_the_cut_and_no_half_of_one() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    let wal = || std::fs::metadata(dir.path().join("journal.sqlite-wal")).unwrap().len();
    let mut ends = vec![wal()];
    for nth in 0..40 {
        journal.append(&batch(1 + nth * 7, 7)).unwrap();
        ends.push(wal());
    }
    let cuts = ends.iter().flat_map(|end| [end.saturating_sub(4_000), end.saturating_sub(1), *end, end + 9]);
    for cut in cuts.filter(|cut| (ends[0]..=ends[40]).contains(cut)) {
        let copy = crashed(dir.path(), cut);
        let batches = ends.iter().filter(|end| **end <= cut).count() - 1;
        let kept = all(&Journal::open(copy.path()).unwrap());
        assert_eq!(kept, batch(1, 7 * i64::try_from(batches).unwrap()), "cut at {cut}");
    }
}

/// Changes event 2 as a newer program would have written it, or as a disk would have it, and says what a replay makes of that.
fn replayed_with(event: &str, format: i64, summed: bool) -> ReadError {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 3)).unwrap();
    let sum = if summed { sum::sum(&[2, 2, format], event) } else { 7 };
    let sql = "UPDATE events SET event = ?1, format = ?2, sum = ?3 WHERE seq = 2";
    db(&journal).execute(sql, rusqlite::params![event, format, sum]).unwrap();
    let mut seen = 0;
    let error = journal.replay(Seq(0), |_, _| seen += 1).unwrap_err();
    assert_eq!(seen, 1);
    error
}

#[test]
fn an_event_that_is_not_understood_is_named_with_what_to_do() {
    let good = serde_json::to_string(&event(2)).unwrap();
    for (event, format) in [("{\"at\":0}", EVENT_FORMAT), (good.as_str(), 99)] {
        let error = replayed_with(event, format, true);
        assert!(matches!(error, ReadError::Decode { seq: Seq(2), .. }), "{error}");
        assert!(error.to_string().contains("install the version"), "{error}");
    }
}

#[test]
fn an_event_that_the_disk_has_changed_is_never_replayed() {
    let error = replayed_with(&serde_json::to_string(&event(3)).unwrap(), EVENT_FORMAT, false);
    assert!(matches!(error, ReadError::Changed { seq: Seq(2) }), "{error}");
    assert!(error.to_string().contains("put back a copy"), "{error}");
}

#[test]
fn a_missing_event_ends_a_replay() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 3)).unwrap();
    db(&journal).execute("DELETE FROM events WHERE seq = 2", []).unwrap();
    let error = journal.replay(Seq(0), |_, _| ()).unwrap_err();
    assert!(matches!(error, ReadError::Gap { wanted: Seq(2), found: Seq(3) }), "{error}");
}

fn state(now: i64) -> State {
    let mut state = State { now: Timestamp::from_millis(now), ..State::default() };
    state.restore_derived();
    state
}

#[test]
fn the_latest_readable_snapshot_is_taken_and_only_two_are_kept() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    assert_eq!(journal.latest_snapshot().unwrap(), None);
    journal.append(&batch(1, 9)).unwrap();
    for seq in [3, 6, 9] {
        journal.snapshot(Seq(seq), &state(i64::try_from(seq).unwrap())).unwrap();
    }
    assert_eq!(journal.latest_snapshot().unwrap(), Some((Seq(9), state(9))));
    db(&journal).execute("UPDATE snapshots SET state = '{' WHERE seq = 9", []).unwrap();
    assert_eq!(journal.latest_snapshot().unwrap(), Some((Seq(6), state(6))));
    db(&journal).execute("UPDATE snapshots SET format = 99 WHERE seq = 6", []).unwrap();
    assert_eq!(journal.latest_snapshot().unwrap(), None);
}

#[test]
fn pruning_keeps_what_is_young_and_what_a_snapshot_needs() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 30)).unwrap();
    let first = |journal: &Journal| journal.events(Seq(0), 1).unwrap().first().map(|(seq, _)| seq.0);
    let late = Timestamp::from_millis(1_000);
    journal.snapshot(Seq(10), &state(10)).unwrap();
    assert_eq!(journal.prune(late).unwrap(), 0, "one snapshot alone may be unreadable");
    journal.snapshot(Seq(20), &state(20)).unwrap();
    assert_eq!(journal.prune(Timestamp::from_millis(5)).unwrap(), 4);
    assert_eq!(first(&journal), Some(5));
    assert_eq!(journal.prune(late).unwrap(), 6);
    assert_eq!(first(&journal), Some(11));
    assert_eq!(journal.replay(Seq(10), |_, _| ()).unwrap(), 20);
    assert!(matches!(journal.replay(Seq(0), |_, _| ()), Err(ReadError::Gap { .. })));
}

#[test]
fn pruning_goes_in_small_parts() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    let many = i64::try_from(limits::PRUNED_AT_ONCE).unwrap() + 5;
    journal.append(&batch(1, many)).unwrap();
    for seq in [journal.last(), Seq(journal.last().0 - 1)] {
        journal.snapshot(seq, &state(1)).unwrap();
    }
    let late = Timestamp::from_millis(1_000_000);
    assert_eq!(journal.prune(late).unwrap(), limits::PRUNED_AT_ONCE);
    assert_eq!(journal.prune(late).unwrap(), 4);
    assert_eq!(journal.append(&batch(many, 1)).unwrap().len(), 1);
}

#[test]
fn a_place_is_not_used_again_when_all_events_are_gone() {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 3)).unwrap();
    journal.snapshot(Seq(3), &state(3)).unwrap();
    db(&journal).execute("DELETE FROM events", []).unwrap();
    drop(journal);
    assert_eq!(Journal::open(dir.path()).unwrap().append(&batch(4, 1)).unwrap(), [Seq(4)]);
}
