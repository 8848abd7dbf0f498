//! Disks as they are: a small one that fills, a limit on a file's size, a mount that may only be read.
//!
//! Each needs something of the system that a test process has not: a child process of this test has it. Where it cannot be had, the
//! test says SKIPPED and why.

use crate::files::{Files, batch, folder, log, start};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegate::engine::Event;
use tidegate::journal::{AppendError, Journal};

/// Says to a child which folder it works in.
const FOLDER: &str = "TIDEGATE_TEST_SMALL_DISK";

/// Runs the ignored test `name` of this file in a shell, after `before`; none when `before` cannot be done here.
fn child(before: &str, name: &str, dir: &Path) -> Option<()> {
    let test = std::env::current_exe().unwrap();
    let script = format!(
        "{{ {before}; }} || exit 77; exec \"$TEST\" --exact small_disk::{name} --ignored --nocapture"
    );
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", &script]).env("TEST", test).env(FOLDER, dir);
    // A limit on a file's size needs no right of its own.
    if before.starts_with("trap") {
        command = Command::new("sh");
        command.args(["-c", &script]).env("TEST", std::env::current_exe().unwrap()).env(FOLDER, dir);
    }
    let Ok(output) = command.output() else {
        eprintln!("SKIPPED: {name}: this machine has no unshare(1)");
        return None;
    };
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let ran = told.contains("1 passed");
    if !ran && !told.contains("panicked") {
        eprintln!("SKIPPED: {name}: `{before}` cannot be done here: {}", told.trim());
        return None;
    }
    assert!(output.status.success(), "{told}");
    Some(())
}

fn given() -> PathBuf {
    std::env::var_os(FOLDER).expect("the test that starts this one says where").into()
}

#[test]
fn a_small_disk_that_fills_keeps_what_was_acknowledged_and_goes_on_once_there_is_room() {
    let dir = folder();
    let mount = format!("mount -t tmpfs -o size=512k none '{}'", dir.path().display());
    child(&mount, "fills_the_disk", dir.path());
}

#[test]
fn a_limit_on_the_files_size_keeps_what_was_acknowledged() {
    let dir = folder();
    child("trap '' XFSZ; ulimit -f 512", "fills_the_file", dir.path());
}

#[test]
fn an_error_in_the_middle_of_a_write_leaves_no_half_batch_and_the_same_journal_goes_on() {
    let dir = folder();
    child("trap '' XFSZ", "is_cut_off_in_the_middle_of_writes", dir.path());
}

#[test]
fn a_mount_that_may_only_be_read_is_refused_with_what_to_do() {
    let dir = folder();
    Journal::open(dir.path()).unwrap().append(&batch(1, 2)).unwrap();
    let path = dir.path().display();
    child(
        &format!("mount --bind '{path}' '{path}' && mount -o remount,bind,ro '{path}'"),
        "finds_it_read_only",
        dir.path(),
    );
    let file = format!("{path}/journal.sqlite");
    child(
        &format!("mount --bind '{file}' '{file}' && mount -o remount,bind,ro '{file}'"),
        "finds_the_file_read_only",
        dir.path(),
    );
    assert_eq!(start(dir.path()).unwrap(), batch(1, 2));
}

/// Appends until the disk refuses, and returns what was acknowledged.
fn fill(journal: &mut Journal) -> (Vec<Event>, AppendError) {
    let mut acknowledged = Vec::new();
    loop {
        let next = batch(i64::try_from(acknowledged.len()).unwrap() + 1, 7);
        match journal.append(&next) {
            Ok(_) => acknowledged.extend(next),
            Err(error) => return (acknowledged, error),
        }
        assert!(acknowledged.len() < 100_000, "the disk never fills");
    }
}

#[test]
#[ignore = "needs a small disk of its own: another test makes one and runs this one on it"]
fn fills_the_disk() {
    let dir = given();
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 100 << 10]).unwrap();
    let mut journal = Journal::open(&dir).unwrap();
    let (acknowledged, error) = fill(&mut journal);
    assert_eq!(error.why(), "no space left on device");
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    assert!(journal.append(&batch(1, 500)).is_err());
    drop(journal);
    assert_eq!(start(&dir).unwrap(), acknowledged, "on the full disk");
    std::fs::remove_file(ballast).unwrap();
    let mut journal = Journal::open(&dir).unwrap();
    let next = batch(i64::try_from(acknowledged.len()).unwrap() + 1, 7);
    journal.append(&next).unwrap();
    drop(journal);
    assert_eq!(start(&dir).unwrap(), [acknowledged, next].concat());
}

#[test]
#[ignore = "needs a limit on a file's size: another test sets one and runs this one under it"]
fn fills_the_file() {
    let dir = given();
    let mut journal = Journal::open(&dir).unwrap();
    let (acknowledged, error) = fill(&mut journal);
    assert!(matches!(error, AppendError::Full { .. }), "{error:?}");
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    drop(journal);
    assert_eq!(start(&dir).unwrap(), acknowledged);
}

/// From here on no file of this process grows beyond `bytes`: a write that would is cut short there, and the next one is an error.
fn limit(bytes: Option<u64>) {
    let old = rustix::process::getrlimit(rustix::process::Resource::Fsize);
    let limit = rustix::process::Rlimit { current: bytes, maximum: old.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
}

#[test]
#[ignore = "needs a process that does not die of a limit: another test makes one and runs this one in it"]
fn is_cut_off_in_the_middle_of_writes() {
    let dir = given();
    let mut journal = Journal::open(&dir).unwrap();
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    // Each step that a commit has in the log is met: frame headers, pages, the commit's own frame.
    for beyond in (0..9_000).step_by(41) {
        let next = batch(i64::try_from(acknowledged.len()).unwrap() + 1, 3);
        limit(Some(std::fs::metadata(log(&dir)).unwrap().len() + beyond));
        let answer = journal.append(&next);
        limit(None);
        if let Err(error) = answer {
            assert_eq!(error.why(), "input/output error", "{beyond} bytes into it");
            refused += 1;
            assert_eq!(
                Files::of(&dir).start(folder().path()).unwrap(),
                acknowledged,
                "{beyond} bytes into it"
            );
            journal.append(&next).unwrap();
        }
        acknowledged.extend(next);
    }
    assert!(refused > 50, "{refused} writes were cut off");
    drop(journal);
    assert_eq!(start(&dir).unwrap(), acknowledged);
}

#[test]
#[ignore = "needs a mount that may only be read: another test makes one and runs this one on it"]
fn finds_it_read_only() {
    let refused = Journal::open(&given()).unwrap_err().to_string();
    assert!(refused.contains("Read-only file system") && refused.contains("see that it exists"), "{refused}");
}

#[test]
#[ignore = "needs a file that may only be read: another test makes one and runs this one on it"]
fn finds_the_file_read_only() {
    let refused = Journal::open(&given()).unwrap_err().to_string();
    assert!(refused.contains("it may only be read; give this user the right to write it"), "{refused}");
}
