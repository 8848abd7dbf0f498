//! The questions of an operator at two in the morning, asked with exactly their keys in a terminal of 80x24.
//! `tests/console/questions.rs` asks the same of the model alone.

use crate::pty::{HANGS, Terminal};
use crate::{program, until};
use rustix::process::{Pid, Signal, kill_process};

/// Questions that nothing can answer yet, and what they wait for. The test prints them.
const LATER: [(&str, &str); 1] = [("17 what does the update bring", "an index of packages")];

/// Row (as its line begins), keys, how many of them (the row's own `j`s do not count), words.
type Question = (&'static str, &'static str, &'static str, usize, &'static [&'static str]);

const EDGE: &str = "incident 1";
const BILLING: &str = "incident 2";
const HELD: &str = "mycriticalapp:1.4 held";
/// Once its steps wait for nothing but the person.
const RUN: &str = "run 2       debian:jessie";
const PAUSED: &str = "paused by ben";

#[rustfmt::skip]
const NOW: [Question; 22] = [
    ("1 what needs a person", EDGE, "", 0, &["needs you 4", "if nobody acts", "stays open", "rejected", "stands until"]),
    ("2 are users hurt", EDGE, "", 0, &["users", "probes failed", "edge"]),
    ("3 is this screen live", EDGE, "", 0, &["DEMO 20x  ● live", "Z"]),
    ("4 how do I stop this", HELD, "p", 1, &["PAUSE run 2", "finishes", "Enter does it"]),
    ("4 how do I stop everything", EDGE, "!", 1, &["FREEZE EVERYTHING", "finishes", "Enter does it"]),
    ("5 why is it waiting", HELD, "", 0, &["waits", "approval 2 of 2", "unblocks", "by itself", "rejected"]),
    ("6 if I approve now", HELD, "A", 1, &["APPROVE mycriticalapp:1.4", "in place of", "undo", "if nobody", "then Enter"]),
    ("7 what broke", BILLING, "⏎", 1, &["verdict", "this update broke it", "Tls.PinnedCipher", "control"]),
    ("8 was it put back", EDGE, "", 0, &["put back", "edge was put back to"]),
    ("9 what still stands on the old base", EDGE, "b", 1, &["behind only", "billing:3.2", "mycriticalapp:1.4"]),
    ("10 where is the failing line", BILLING, "l", 1, &["FAIL Tls.LegacyHandshake"]),
    ("13 who paused this", PAUSED, "", 0, &["paused by ben", "vendor ticket 8812", "no end set"]),
    ("14 how long is left", EDGE, "", 0, &["left", "usual"]),
    ("15 will it come back by itself", BILLING, "", 0, &["by itself"]),
    ("16 what changed", EDGE, "7", 1, &["by people", "ben", "approved"]),
    ("18 who else is affected", HELD, "i", 1, &["reach", "tasks", "owners", "team-web"]),
    ("19 who was told, did it arrive, who took it", EDGE, "⏎", 1, &["told", "vendor nginx", "webhook", "customer team-edge", "command", "ana has it"]),
    ("19 who was not told yet", BILLING, "⏎", 1, &["vendor debian", "customer team-pay NOT YET", "status 503", "try"]),
    ("20 who holds what I wait for", HELD, "w", 1, &["why: run 2", "waits", "unblocks"]),
    ("21 where does it run", EDGE, "'bill⏎", 6, &["prod/billing", "runs", "stands on"]),
    ("22 what will block this rollout", EDGE, "4n", 2, &["plan", "2016.11 through pool edge-hosts", "preflight", "2 of 2 fit", "n05", "n06"]),
    ("23 may I sleep", EDGE, "", 0, &["coming up", "rejected by itself"]),
];

/// The selected row.
fn selected(text: &str) -> &str {
    text.lines().find(|line| line.starts_with('>')).unwrap_or_default()
}

/// The overview with this row selected.
fn choose(terminal: &mut Terminal, row: &str) {
    terminal.press("0g");
    let mut before =
        terminal.until("the overview", |text| text.contains("[0 now]") && selected(text).contains(EDGE));
    while !selected(&before).contains(row) {
        let old = selected(&before).to_owned();
        terminal.press("j");
        before = terminal.until(row, |text| !selected(text).is_empty() && selected(text) != old);
    }
}

fn start(folder: &std::path::Path) -> Terminal {
    let world = until(folder, 200);
    let args = ["demo", "--speed", "20x", "--world", world.to_str().unwrap()];
    Terminal::start(program(), &args, folder, (80, 24))
}

#[test]
fn every_question_is_answered_with_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = start(folder.path());
    terminal.until("all that needs a person", |text| {
        text.contains("needs you 4")
            && text.contains(BILLING)
            && text.contains("held 1 of")
            && text.contains(RUN)
    });
    for (question, row, keys, count, words) in NOW {
        assert_eq!(keys.chars().count(), count, "{question}");
        choose(&mut terminal, row);
        terminal.press(keys);
        let asked = format!("{question}: {words:?}");
        let text = terminal.until(&asked, |text| words.iter().all(|word| text.contains(word)));
        // Esc alone is known as such only when nothing follows it.
        if text.contains("Esc leaves") {
            terminal.press("⎋");
            terminal.until("the screen before", |text| !text.contains("Esc leaves"));
        }
    }
    roll_back(&mut terminal);
    approvals(&mut terminal, folder.path());
    for (question, waits_for) in LATER {
        println!("NOT ASKED: {question}: waits for {waits_for}");
    }
    terminal.press("Q");
    assert_eq!(terminal.ended(), 0);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "only the world's own file and what was saved stay");
}

/// The world stands still some time after the first node was sick.
#[test]
fn which_node_is_sick_what_moved_there_and_was_it_sick_before() {
    let folder = tempfile::tempdir().unwrap();
    let world = until(folder.path(), 940);
    let args = ["demo", "--speed", "100x", "--world", world.to_str().unwrap()];
    let mut terminal = Terminal::start(program(), &args, folder.path(), (80, 24));
    let row = "node n05: workload unhealthy";
    terminal.until("the incident of the node", |text| text.contains(row));
    // Where rows are sorted by harm they move while users are hurt; the newest incident is first in its own view.
    terminal.press("6");
    terminal.until("the incidents", |text| selected(text).contains("unhealthy after the move"));
    terminal.press("⏎");
    // All on the first screen, however many workloads were on the node: who fell sick is told before the others.
    let words = ["node n05: prod/web is not well", "prod/web before:", "prod/web now:", "moved, to n"];
    terminal.until("11 which node is sick", |text| words.iter().all(|word| text.contains(word)));
    terminal.press("Q");
    assert_eq!(terminal.ended(), 0);
}

/// 12 what would roll back do: one key on the step of a deploy.
fn roll_back(terminal: &mut Terminal) {
    choose(terminal, RUN);
    terminal.press("⏎");
    let mut text =
        terminal.until("the run", |text| text.contains("deploy mailer") && !selected(text).is_empty());
    while !selected(&text).contains("deploy mailer") {
        let old = selected(&text).to_owned();
        terminal.press("j");
        text = terminal.until("the next step", |text| !selected(text).is_empty() && selected(text) != old);
    }
    terminal.press("R");
    let words = ["ROLL BACK deploy mailer", "back to", "quarantined", "then Enter"];
    terminal.until("12 what would roll back do", |text| words.iter().all(|word| text.contains(word)));
    terminal.press("⎋");
    terminal.until("the run again", |text| !text.contains("Esc leaves"));
}

/// 24 who approved which digest on which tests: `e`, then `o` saves it; `o` on an incident saves its dossier.
fn approvals(terminal: &mut Terminal, folder: &std::path::Path) {
    choose(terminal, HELD);
    terminal.press("e");
    let words = ["journal of run 2", "mycriticalapp:1.4 approved", "tests 210/210"];
    terminal.until("24 who approved what", |text| words.iter().all(|word| text.contains(word)));
    terminal.press("o");
    terminal.until("24 where it was saved", |text| text.contains("saved as "));
    let saved = std::fs::read_to_string(folder.join("tidegate-run-2-journal.txt")).unwrap();
    assert!(words[1..].iter().all(|word| saved.contains(word)), "{saved}");
    choose(terminal, BILLING);
    terminal.press("o");
    terminal.until("where the dossier was saved", |text| text.contains("saved as "));
    let saved = std::fs::read_to_string(folder.join("tidegate-incident-2.md")).unwrap();
    for word in ["# Incident 2: tests failed because of the update", "Tls.PinnedCipher", "## Log ", "control"]
    {
        assert!(saved.contains(word), "{word:?} is not in {saved}");
    }
}

#[test]
fn a_signal_ends_the_demo_and_it_leaves_nothing_behind() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = Terminal::start(program(), &["demo"], folder.path(), (80, 24));
        terminal.until("the demo", |text| text.contains("DEMO  ● live"));
        let process = i32::try_from(terminal.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(process).unwrap(), signal).unwrap();
        assert_eq!(terminal.ended(), 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_the_demo_writes_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(program(), &["demo"], folder.path(), (80, 24));
    terminal.until("the demo", |text| text.contains("DEMO  ● live"));
    let inside = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert_eq!(inside.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    terminal.press("Q");
    assert_eq!(terminal.ended(), 0);
}

#[test]
fn a_terminal_that_goes_away_ends_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(program(), &["demo", "--speed", "10x"], folder.path(), (80, 24));
    terminal.until("the demo", |text| text.contains("DEMO 10x  ● live"));
    let Terminal { mut child, bytes, keys, master, .. } = terminal;
    drop((bytes, keys, master));
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait().unwrap().exit_code()));
    assert!(ended.recv_timeout(HANGS).is_ok(), "it goes on without a terminal");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
