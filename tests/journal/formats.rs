//! Journals that older versions wrote, kept as they were: each opens, upgraded, with everything in it.
//!
//! A format that has no fixture here fails a test. A change of `FILE_FORMAT` or `EVENT_FORMAT` is made so: raise the number, write the
//! upgrade, run `cargo test --test journal -- --ignored write_the_fixture`, commit the folder that it makes. Nothing there is ever changed.

use crate::files::folder;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate::engine::{Event, State};
use tidegate::journal::{EVENT_FORMAT, FILE_FORMAT, Journal};
use tidegate::model::Seq;
use tidegate::play::Stage;
use tidegate::sim::{Sim, SimClock, WorldFile};

/// Of events, the snapshots that a fixture has were taken after this many.
const SNAPSHOTS: [usize; 2] = [30, 60];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal")
}

/// Every fixture: its folder, the format of its file, and the one of its events.
fn all() -> Vec<(PathBuf, i64, i64)> {
    let numbers = |name: &str| {
        let (file, events) = name.strip_prefix("file-")?.split_once("-events-")?;
        Some((file.parse().ok()?, events.parse().ok()?))
    };
    let folders =
        fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut all: Vec<_> = folders
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (file, events) = numbers(&name).unwrap_or_else(|| panic!("{name} is not file-N-events-N"));
            (path, file, events)
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_format_that_ever_was_has_its_fixture() {
    let help = "run `cargo test --test journal -- --ignored write_the_fixture` and commit what it makes";
    for format in 1..=FILE_FORMAT {
        assert!(
            all().iter().any(|(_, file, _)| *file == format),
            "no fixture of file format {format}: {help}"
        );
    }
    for format in 1..=EVENT_FORMAT {
        assert!(
            all().iter().any(|(.., events)| *events == format),
            "no fixture of event format {format}: {help}"
        );
    }
}

#[test]
fn what_an_older_version_wrote_opens_with_everything_that_was_in_it() {
    for (path, ..) in all() {
        let dir = folder();
        fs::copy(path.join("journal.sqlite"), dir.path().join("journal.sqlite")).unwrap();
        let wanted = fs::read_to_string(path.join("events.jsonl")).unwrap();
        let wanted: Vec<Value> = wanted.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for round in ["upgraded", "opened again"] {
            let journal = Journal::open(dir.path()).unwrap();
            let events = journal.events(Seq(0), usize::MAX).unwrap();
            assert_eq!(events.len(), wanted.len(), "{} {round}", path.display());
            for ((seq, event), wanted) in events.iter().zip(&wanted) {
                let now = serde_json::to_value(event).unwrap();
                assert!(
                    holds(&now, wanted),
                    "{} event {seq} {round}: {now} lacks some of {wanted}",
                    path.display()
                );
            }
            let (seq, _) = journal.latest_snapshot().unwrap().unwrap_or_else(|| {
                panic!(
                    "{}: no snapshot of it can be read; give what is new in the state a default",
                    path.display()
                )
            });
            assert_eq!(seq.0, SNAPSHOTS[1] as u64, "{}: the latest snapshot", path.display());
            assert_eq!(journal.replay(seq, |_, _| ()).unwrap(), (wanted.len() - SNAPSHOTS[1]) as u64);
        }
        let mut journal = Journal::open(dir.path()).unwrap();
        let next = journal.append(&[crate::files::event(i64::MAX)]).unwrap();
        assert_eq!(next, [Seq(wanted.len() as u64 + 1)]);
    }
}

/// Whether everything in `old` is in `new`; what a later version added is not asked for.
fn holds(new: &Value, old: &Value) -> bool {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            old.iter().all(|(key, old)| new.get(key).is_some_and(|new| holds(new, old)))
        }
        (Value::Array(new), Value::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| holds(new, old))
        }
        (new, old) => new == old,
    }
}

/// The story of `world.toml`, as a daemon of today records it.
fn story() -> Vec<Event> {
    let file: WorldFile =
        toml::from_str(&fs::read_to_string(fixtures().join("world.toml")).unwrap()).unwrap();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(SimClock::new(file.begins().unwrap(), 1));
        let sim = Sim::new(file.clone(), 27, clock).unwrap();
        let dir = folder();
        let stage = Stage::start(sim, dir.path().to_owned()).await.unwrap();
        stage.play(|_, _| ()).await;
        let stored = stage.memory().stored(Seq(0), usize::MAX);
        stage.handle().crash().await;
        stored.iter().map(|one| one.decode().unwrap().1).collect()
    })
}

#[test]
#[ignore = "writes the fixture of the present formats; run it when one of them was raised"]
fn write_the_fixture() {
    let folder = fixtures().join(format!("file-{FILE_FORMAT}-events-{EVENT_FORMAT}"));
    assert!(!folder.exists(), "{} is there, and nothing there is ever changed", folder.display());
    let events = story();
    let mut journal = Journal::open(&folder).unwrap();
    let mut state = State::default();
    for (nth, event) in events.iter().enumerate() {
        journal.append(std::slice::from_ref(event)).unwrap();
        state.step(event);
        if SNAPSHOTS.contains(&(nth + 1)) {
            journal.snapshot(journal.last(), &state).unwrap();
        }
    }
    drop(journal);
    for beside in ["lock", "acknowledged"] {
        fs::remove_file(folder.join(beside)).unwrap();
    }
    let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    fs::write(folder.join("events.jsonl"), lines.join("\n") + "\n").unwrap();
}
