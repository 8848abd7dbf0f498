//! The files cut at every byte of their last pages, and the log taken away.

use crate::files::{Files, batch, folder, helpful, log, start};
use std::fs;
use tempfile::TempDir;
use tidegate::engine::Event;
use tidegate::journal::Journal;

/// Events of one batch.
const BATCH: i64 = 3;
/// Batches in the log.
const BATCHES: usize = 8;

/// A journal that a process left by being killed: its files, and how long its log was after each batch.
pub fn killed() -> (Files, Vec<usize>, TempDir) {
    let dir = folder();
    let mut journal = Journal::open(dir.path()).unwrap();
    let length = || usize::try_from(fs::metadata(log(dir.path())).unwrap().len()).unwrap();
    let mut ends = vec![length()];
    for nth in 0..BATCHES {
        journal.append(&acknowledged(nth)).unwrap();
        ends.push(length());
    }
    let files = Files::of(dir.path());
    drop(journal);
    (files, ends, dir)
}

fn acknowledged(nth: usize) -> Vec<Event> {
    batch(1 + i64::try_from(nth).unwrap() * BATCH, BATCH)
}

/// All events of the first `count` batches.
pub fn first(count: usize) -> Vec<Event> {
    (0..count).flat_map(acknowledged).collect()
}

#[test]
fn a_log_that_was_cut_anywhere_keeps_every_batch_before_the_cut_and_no_half_of_one() {
    let (files, ends, _) = killed();
    let (whole, dir) = (files.log.clone().unwrap(), folder());
    // The last two batches byte by byte; and every place where a batch ends.
    let last = ends[BATCHES - 2]..=ends[BATCHES];
    for cut in last.chain(ends.clone()).chain(0..40) {
        let batches = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
        let cut_off = Files { log: Some(whole[..cut].to_vec()), ..files.clone() };
        let kept = cut_off.start(dir.path()).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
        assert_eq!(kept, first(batches), "cut at {cut}");
    }
}

#[test]
fn where_the_mark_is_there_a_log_that_was_cut_is_missed() {
    let (files, ends, dir) = killed();
    let whole = files.log.clone().unwrap();
    let last = ends[BATCHES - 1]..ends[BATCHES];
    for cut in last.step_by(7).chain([0, 31, 32, ends[1], ends[BATCHES - 1]]) {
        let cut_off = Files { log: Some(whole[..cut].to_vec()), ..files.clone() };
        let refused = cut_off.start(dir.path()).expect_err("the last batch is not there");
        helpful(&refused);
        assert!(refused.to_string().contains("had come to event 24 at least"), "{refused}");
    }
    assert_eq!(files.start(dir.path()).unwrap(), first(BATCHES));
}

#[test]
fn a_log_that_was_taken_away_is_missed_and_what_is_left_can_be_taken_on_purpose() {
    let (files, _, dir) = killed();
    let without = Files { log: None, ..files.clone() };
    let refused = without.start(dir.path()).unwrap_err();
    helpful(&refused);
    let mark = dir.path().join("acknowledged");
    assert!(refused.to_string().ends_with(&format!("remove {}", mark.display())), "{refused}");
    fs::remove_file(mark).unwrap();
    assert_eq!(start(dir.path()).unwrap(), []);
}

#[test]
fn a_file_that_was_cut_anywhere_in_its_last_pages_is_whole_or_refused() {
    let (files, _, dir) = killed();
    assert_eq!(files.start(dir.path()).unwrap(), first(BATCHES));
    // Closed in good order, everything is in the one file.
    let closed = Files::of(dir.path());
    assert_eq!(closed.log, None);
    let length = closed.database.len();
    let mut opened = 0;
    for cut in (0..600).chain(length - 2 * 4_096..=length) {
        let cut_off = Files { database: closed.database[..cut].to_vec(), log: None };
        match cut_off.start(dir.path()) {
            Ok(kept) => {
                assert_eq!(kept, first(BATCHES), "cut at {cut} of {length}");
                opened += 1;
            }
            Err(refused) => helpful(&refused),
        }
        // What a refused start leaves behind must not change what the next one finds.
        assert!(closed.start(dir.path()).is_ok_and(|kept| kept.len() == first(BATCHES).len()), "after {cut}");
    }
    assert!(opened > 0, "the whole file is among them");
}
