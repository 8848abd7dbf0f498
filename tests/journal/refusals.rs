//! Files that are not taken, each with what to do; and a lock of a process that is no more.

use crate::files::{batch, database, folder, helpful, start};
use std::fs;
use std::path::Path;
use tidegate::daemon::StartError;
use tidegate::journal::{FILE_FORMAT, Journal};
use tidegate::model::Seq;

fn refused(dir: &Path, words: &str) {
    let error: StartError = start(dir).expect_err(words);
    helpful(&error);
    assert!(error.to_string().contains(words), "{error}");
}

fn with(sql: &str) -> tempfile::TempDir {
    let dir = folder();
    drop(Journal::open(dir.path()).unwrap());
    rusqlite::Connection::open(database(dir.path())).unwrap().execute_batch(sql).unwrap();
    dir
}

#[test]
fn a_newer_version_another_application_and_a_version_that_never_was_are_refused() {
    let newer = FILE_FORMAT + 1;
    let message =
        format!("a newer Tidegate wrote it (format {newer}, this program knows up to {FILE_FORMAT})");
    refused(with(&format!("PRAGMA user_version = {newer}")).path(), &message);
    refused(with("PRAGMA application_id = 7").path(), "it is not a Tidegate journal");
    refused(with("PRAGMA user_version = 0").path(), "it is not a Tidegate journal");
    refused(with("PRAGMA user_version = -3").path(), "it is not a Tidegate journal");
    // An upgrade that was done already, and whose number the disk changed.
    refused(with("PRAGMA user_version = 1").path(), "duplicate column");
}

#[test]
fn an_empty_file_is_a_new_journal_only_where_nothing_was_ever_acknowledged() {
    let dir = folder();
    fs::write(database(dir.path()), "").unwrap();
    let mut journal = Journal::open(dir.path()).unwrap();
    journal.append(&batch(1, 2)).unwrap();
    drop(journal);
    fs::write(database(dir.path()), "").unwrap();
    refused(dir.path(), "it ends at event 0, and had come to event 2 at least");
}

#[test]
fn a_refusal_changes_nothing_in_the_folder() {
    let dir = with("PRAGMA application_id = 7");
    let before = fs::read(database(dir.path())).unwrap();
    refused(dir.path(), "move it away");
    assert!(fs::read(database(dir.path())).unwrap() == before, "the file was changed");
}

#[test]
fn a_folder_where_the_file_should_be_is_refused() {
    let dir = folder();
    fs::create_dir(database(dir.path())).unwrap();
    refused(dir.path(), "put back a copy");
    let dir = folder();
    fs::create_dir(dir.path().join("lock")).unwrap();
    refused(dir.path(), "use the state directory");
    let dir = folder();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    refused(&file, "use the state directory");
}

#[test]
fn the_lock_of_a_process_that_is_no_more_holds_nobody_up() {
    let dir = folder();
    // What a killed daemon leaves: its number in the file, and no lock on it. Also one that another process has by now.
    for left in ["4194304", "1", "no number", ""] {
        fs::write(dir.path().join("lock"), left).unwrap();
        let mut journal = Journal::open(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("lock")).unwrap(), std::process::id().to_string());
        journal.append(&batch(journal.last().0.cast_signed() + 1, 1)).unwrap();
    }
    assert_eq!(Journal::open(dir.path()).unwrap().last(), Seq(4));
}

#[test]
fn a_mark_that_cannot_be_read_holds_nobody_up() {
    let dir = folder();
    Journal::open(dir.path()).unwrap().append(&batch(1, 2)).unwrap();
    for left in ["no number", "", "-3", "\u{0}\u{0}", "99999999999999999999999999999999"] {
        fs::write(dir.path().join("acknowledged"), left).unwrap();
        assert_eq!(start(dir.path()).unwrap(), batch(1, 2), "{left:?}");
    }
}
