//! Without a terminal: the story as lines.

use crate::program;
use std::path::Path;
use std::process::{Command, Output};

fn demo(folder: &Path, args: &[&str]) -> Output {
    Command::new(program()).arg("demo").args(args).env("TMPDIR", folder).current_dir(folder).output().unwrap()
}

fn left(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

/// What a newcomer must have seen happen, in this order.
const BEATS: [&str; 23] = [
    "Debian patches OpenSSL, one nginx is bad",
    "nginx:1.11 moved",
    "debian:jessie moved",
    "run 3 paused: vendor ticket 8812",
    "run 1: deploy edge updating",
    "release 2016.11 announced for pool edge-hosts",
    "incident 1: ",
    "run 1: deploy edge restored",
    "run 2: microsoft/dotnet:1.0.1-core published",
    "incident 1 taken",
    "run 2: mycriticalapp:1.4 held",
    "incident 2: tests 208/210: this update broke it (they pass on the old image)",
    "mycriticalapp:1.4 approved",
    "mycriticalapp:1.4 published",
    "run 2: deploy web healthy",
    "run 2: deploy reports undecided",
    "run 2: deploy pgproxy healthy",
    "All that may stand on the patched base does.",
    "a rollout of release 2016.11 through pool edge-hosts started",
    "requests to web failed",
    "release 2016.11.1 announced",
    "goes forward to release 2016.11.1",
    "Both nodes run 2016.11.1",
];

#[test]
fn without_a_terminal_the_whole_story_is_told_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let told = demo(folder.path(), &[]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(0), "{}", String::from_utf8_lossy(&told.stderr));
    assert_eq!(String::from_utf8_lossy(&told.stderr), "");
    let mut rest = text.as_str();
    for beat in BEATS {
        let at =
            rest.find(beat).unwrap_or_else(|| panic!("{beat:?} was not told, or not in its place:\n{text}"));
        rest = &rest[at + beat.len()..];
    }
    assert!(!text.contains("found nothing to do") && !text.contains("refused"), "{text}");
    assert_eq!(left(folder.path()), 0);
}

#[test]
fn the_same_seed_is_the_same_story_at_any_speed_and_another_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let first = demo(folder.path(), &["--seed", "7"]).stdout;
    assert_eq!(first, demo(folder.path(), &["--seed", "7"]).stdout);
    assert_ne!(first, demo(folder.path(), &["--seed", "8"]).stdout);
}

#[test]
fn a_bad_world_is_refused_with_place_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "title = \"\"\n[workloads.\"prod/web\"]\nimage = \"web:1\"\n").unwrap();
    for (args, words) in [
        (
            ["--world", "bad.toml"],
            "bad.toml: the world's workloads.\"prod/web\": needs a section [fleets.prod]",
        ),
        (["--world", "none.toml"], "cannot read none.toml"),
        (["--speed", "fast"], "write for example `10x`"),
    ] {
        let ran = demo(folder.path(), &args);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(2), "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(left(folder.path()), 1);
}

#[test]
fn every_key_of_the_worlds_file_is_documented() {
    let root = env!("CARGO_MANIFEST_DIR");
    let docs = std::fs::read_to_string(format!("{root}/docs/demo.md")).unwrap();
    let source = ["mod.rs", "things.rs", "story.rs", "pools.rs"]
        .map(|file| std::fs::read_to_string(format!("{root}/src/sim/file/{file}")).unwrap())
        .concat();
    let keys = source.lines().filter_map(|line| line.strip_prefix("    pub ")?.split_once(':'));
    for (key, _) in keys.filter(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
        assert!(docs.contains(&format!("`{key}`")), "docs/demo.md does not name {key}");
    }
}
