//! Drills, as whoever practises has them.

use crate::program;
use crate::pty::Terminal;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const NAMES: [&str; 5] = ["sick-app", "bad-approval", "stuck", "sick-node", "blocked-drain"];

/// A page takes no keys in its first moment: they were typed at the screen before. Counted from when it was drawn, so this is enough.
const DEAF: Duration = Duration::from_millis(600);

fn drill(folder: &Path, args: &[&str]) -> Output {
    Command::new(program())
        .arg("drill")
        .args(args)
        .env_clear()
        .env("TMPDIR", folder)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_list_and_the_documentation_name_every_drill_with_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let listed = drill(folder.path(), &[]);
    assert!(listed.status.success());
    let documented = include_str!("../../docs/drills.md");
    assert_eq!(out(&listed).lines().count(), NAMES.len(), "{}", out(&listed));
    for name in NAMES {
        let listed = out(&listed);
        let line = listed.lines().find(|line| line.starts_with(name)).unwrap();
        let minutes = line.split_whitespace().nth(1).and_then(|time| time.strip_suffix("m00")).unwrap();
        let row = format!("| `{name}` | {minutes} min |");
        assert!(documented.contains(&row), "docs/drills.md has no row that begins {row}");
    }
}

#[test]
fn the_best_known_answer_of_each_reaches_its_goal() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let answered = drill(folder.path(), &[name, "--answer"]);
        let text = out(&answered);
        assert!(answered.status.success(), "{name}: {text}");
        assert!(text.contains("result     reached after"), "{name}: {text}");
        assert!(text.contains("best known answer"), "{name}: {text}");
    }
}

#[test]
fn nobody_at_the_keys_does_not_reach_the_goal_and_the_debriefing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let file = format!("{name}.md");
        let alone = drill(folder.path(), &[name, "--debrief", &file]);
        let text = out(&alone);
        assert!(alone.status.success(), "{name}: {text}");
        assert!(text.contains("result     not reached"), "{name}: {text}");
        let kept = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(kept.starts_with(&format!("# Drill {name}: ")), "{kept}");
        assert!(kept.contains("| result | not reached"), "{kept}");
        assert!(!kept.contains("**YOU**"), "nobody was there: {kept}");
    }
}

#[test]
fn a_file_is_checked_and_what_is_wrong_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let good = include_str!("../../worlds/drills/stuck.toml");
    std::fs::write(folder.path().join("good.toml"), good).unwrap();
    let checked = drill(folder.path(), &["--check", "good.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let missing = good.replacen("updated = \"", "updated = \"nowhere/", 1);
    assert_ne!(missing, good);
    std::fs::write(folder.path().join("bad.toml"), missing).unwrap();
    let checked = drill(folder.path(), &["--check", "bad.toml"]);
    assert_eq!(checked.status.code(), Some(2), "{checked:?}");
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(said.contains("bad.toml") && said.contains("nowhere/"), "{said}");
}

#[test]
fn a_drill_in_a_terminal_begins_with_enter_counts_hints_and_ends_with_a_debriefing() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["drill", "stuck", "--debrief", "kept.md"];
    let mut terminal = Terminal::start(program(), &args, folder.path(), (80, 24));
    let briefing = terminal.until("the briefing", |text| text.contains("Enter begins"));
    assert!(briefing.contains("goal      api and web on the new base, and well"), "{briefing}");
    std::thread::sleep(DEAF);
    terminal.press("⏎");
    terminal.until("the goal and the time", |text| text.contains("left  . hint 0 of 3"));
    terminal.press(".");
    let hint = terminal.until("the first hint", |text| text.contains("── hints ── 1 of 3 given"));
    assert!(hint.contains("1. w on the run tells what it waits for"), "{hint}");
    terminal.press("0");
    terminal.until("the console", |text| text.contains("── needs you"));
    terminal.press("9");
    terminal.until("the briefing again", |text| text.contains("Good morning."));
    terminal.press("Q");
    let debriefing = terminal.until("the debriefing", |text| text.contains("── debriefing stuck"));
    assert!(debriefing.contains("not reached: you left after"), "{debriefing}");
    assert!(debriefing.contains("hints     1 of 3"), "{debriefing}");
    std::thread::sleep(DEAF);
    terminal.press("q");
    assert_eq!(terminal.ended(), 0);
    let kept = std::fs::read_to_string(folder.path().join("kept.md")).unwrap();
    assert!(kept.contains("| hints | 1 of 3 |"), "{kept}");
}
