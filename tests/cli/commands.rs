//! Each command once as it should go, and once for each way in which it should not.

use crate::world::{Memory, digest, img, serve, tidegate_at};
use clap::Parser;
use std::path::Path;
use tidegate::cli::Cli;
use tidegate::model::RunId;

fn short(name: &str) -> String {
    digest(&format!("new {name}")).short().to_owned()
}

#[test]
fn without_a_daemon_it_is_said_how_to_start_one() {
    let ran = tidegate_at(Path::new("/nonexistent/t.sock"), &["status"]);
    assert_eq!(ran.code, 3);
    assert_eq!(
        ran.err,
        "tidegate: no daemon at /nonexistent/t.sock; start one with `tidegate daemon`, or name its socket with --socket\n"
    );
}

#[test]
fn a_dead_daemons_socket_is_no_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert_eq!(tidegate_at(&path, &["runs"]).code, 3);
}

#[test]
fn a_wrong_command_line_is_told_from_a_failure() {
    for args in [&["abort", "42"][..], &["frobnicate"], &["close", "i3"], &["freeze", "--for", "soon"]] {
        let error = Cli::try_parse_from(["tidegate"].iter().chain(args)).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{args:?}");
    }
}

#[test]
fn status_is_json_for_scripts_and_lines_for_people() {
    let served = serve(&Memory::one_held());
    let ran = served.tidegate(&["status", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let status: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(status["schema"], 1);
    assert_eq!(status["holds"].as_array().unwrap().len(), 1);
    assert_eq!(status["runs"][0]["steps"].as_array().unwrap().len(), 5);
    assert_eq!(status["images"][0]["image"], "r.example:5000/os:1", "bases come first");
    let ran = served.tidegate(&["status"]);
    assert!(ran.code == 0 && ran.out.contains("web"), "{ran:?}");
}

#[test]
fn runs_are_listed_with_what_they_do() {
    let served = serve(&Memory::new());
    assert!(served.tidegate(&["runs"]).out.starts_with("no runs: nothing has moved yet"));
    served.memory.sees("os", "new");
    let ran = served.tidegate(&["runs"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("RUN  STATE"), "{ran:?}");
    assert!(lines[1].starts_with("1    0 of 5 done") && lines[1].contains("os:1 "), "{ran:?}");
}

#[test]
fn the_one_held_step_needs_no_name() {
    let served = serve(&Memory::one_held());
    let ran = served.tidegate(&["approve", "1", "--reason", "read the notes"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let again = served.tidegate(&["approve", "1"]);
    assert_eq!(again.code, 0);
    assert!(again.out.starts_with("nothing to do: you approved this"), "{again:?}");
}

#[test]
fn of_several_held_steps_one_must_be_named() {
    let served = serve(&Memory::held());
    let ran = served.tidegate(&["approve", "1"]);
    assert_eq!(ran.code, 2);
    assert_eq!(
        ran.err,
        "tidegate: run 1 has several steps to approve; name one:\n  1/image:r.example:5000/api:1  held\n  1/image:r.example:5000/web:1  held\n"
    );
    for name in ["1/web", "1/api:1"] {
        assert_eq!(served.tidegate(&["approve", name]).code, 0, "{name}");
    }
}

#[test]
fn a_pinned_digest_that_is_not_held_any_more_is_stale() {
    let served = serve(&Memory::one_held());
    let ran = served.tidegate(&["approve", "1/web", "--digest", "0123"]);
    assert_eq!(ran.code, 6);
    assert!(ran.err.contains(&format!("is about {}, not 0123", short("web"))), "{ran:?}");
    assert_eq!(served.tidegate(&["approve", "1/web", "--digest", "zz"]).code, 2);
    assert_eq!(served.tidegate(&["approve", "1/web", "--digest", &short("web")]).code, 0);
}

#[test]
fn a_rejection_needs_its_reason() {
    let served = serve(&Memory::one_held());
    assert_eq!(served.tidegate(&["reject", "1/web"]).code, 2);
    assert_eq!(served.tidegate(&["reject", "1/web", "--reason", "not tonight"]).code, 0);
    let word = served.memory.read(|state| state.step_of(RunId(1), &img("web")).unwrap().word());
    assert_eq!(word, "aborted");
}

#[test]
fn what_is_not_there_is_said_to_be_missing() {
    let served = serve(&Memory::one_held());
    for args in [
        &["approve", "9"][..],
        &["approve", "1/db"],
        &["retry", "1"],
        &["rollback", "1"],
        &["why", "9"],
        &["why", "i9"],
        &["logs", "r1/image:r.example:5000/web:1/build/1"],
        &["unquarantine", "db", "--reason", "x"],
    ] {
        let ran = served.tidegate(args);
        assert_eq!(ran.code, 5, "{args:?} {ran:?}");
    }
}

#[test]
fn what_the_engine_refuses_is_refused_with_its_reason() {
    let served = serve(&Memory::one_held());
    for args in [&["start", "r.example:5000/db:1"][..], &["pause", "9"], &["abort", "1", "--reason", " "]] {
        let ran = served.tidegate(args);
        assert_eq!(ran.code, 4, "{args:?} {ran:?}");
        assert!(ran.err.starts_with("tidegate: refused: "), "{ran:?}");
    }
}

#[test]
fn a_run_is_paused_and_resumed_and_aborted() {
    let served = serve(&Memory::one_held());
    for args in [
        &["pause", "1", "--reason", "lunch", "--for", "1h"][..],
        &["pause", "1"],
        &["resume", "1"],
        &["freeze", "--reason", "storm"],
        &["thaw"],
        &["abort", "1", "--reason", "wrong base"],
    ] {
        let ran = served.tidegate(args);
        assert_eq!(ran.code, 0, "{args:?} {ran:?}");
    }
    assert!(served.memory.read(|state| state.runs[&RunId(1)].ended.is_some()));
    assert_eq!(served.tidegate(&["pause", "1/web"]).code, 2, "a step is no run");
}

#[test]
fn a_short_name_must_be_the_only_one() {
    let served = serve(&Memory::new());
    let ran = served.tidegate(&["unquarantine", "api", "--reason", "x"]);
    assert_eq!(ran.code, 2);
    assert_eq!(ran.err, "tidegate: api means several workloads; name one:\n  prod/api\n  test/api\n");
    assert!(served.tidegate(&["unquarantine", "web", "--reason", "x"]).out.starts_with("nothing to do"));
    assert_eq!(served.tidegate(&["start", "web:1"]).code, 0);
}

#[test]
fn why_names_the_wait_and_who_can_end_it() {
    let served = serve(&Memory::one_held());
    let ran = served.tidegate(&["why", "1/web:1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("waits for approval 1 of 2 (gate release)"), "{ran:?}");
    assert!(ran.out.contains("who can end it: "), "{ran:?}");
    assert!(ran.out.contains("what led here:"), "{ran:?}");
    let both = served.tidegate(&["why", "1/web"]);
    assert_eq!(both.code, 2, "an image and a workload: {both:?}");
}

#[test]
fn a_log_is_printed_clean_from_the_beginning_or_from_its_error() {
    let served = serve(&Memory::one_held());
    let id = "r1/image:r.example:5000/web:1/build/1";
    let lines: String = (0..30).map(|n| format!("\u{1b}[32mstep {n}\u{1b}[0m\n")).collect();
    served.memory.write_log(id, &format!("{lines}error: no\n"));
    let ran = served.tidegate(&["logs", "1/image:web:1"]);
    assert!(
        ran.code == 0 && ran.out.starts_with("step 0\nstep 1\n") && ran.out.ends_with("error: no\n"),
        "{ran:?}"
    );
    assert!(served.tidegate(&["logs", id, "--error"]).out.starts_with("step 20\n"));
}

#[test]
fn events_are_lines_or_json() {
    let served = serve(&Memory::one_held());
    let ran = served.tidegate(&["events", "-n", "2"]);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 2), "{ran:?}");
    assert!(ran.out.contains("run 1: web:1: built"), "{ran:?}");
    let ran = served.tidegate(&["events", "--after", "3", "--json"]);
    let first: serde_json::Value = serde_json::from_str(ran.out.lines().next().unwrap()).unwrap();
    assert_eq!(first["seq"], 4);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let failure = tidegate::cli::Failure::Output(std::io::Write::write(&mut Closed, b"x").unwrap_err());
    assert!(failure.is_quiet() && failure.exit() == tidegate::cli::Exit::Ok);
}

#[test]
fn a_dossier_is_markdown_for_people_json_for_programs_and_a_file_on_demand() {
    let served = serve(&Memory::failed());
    let ran = served.tidegate(&["dossier", "i1"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("# Incident 1: build failed\n\nweb:1: "), "{ran:?}");
    for part in ["## What changed", "## What was built", "## Timeline", "`r.example:5000/os:1`"] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    let ran = served.tidegate(&["dossier", "1", "--json"]);
    let dossier: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&dossier["schema"], &dossier["cause"]), (&1.into(), &"build_failed".into()));
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/dossier.md")).unwrap();
    for field in dossier.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("| `{field}`")), "docs/dossier.md does not name {field}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dossier.md");
    let ran = served.tidegate(&["dossier", "incident", "1", "-o", file.to_str().unwrap()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("# Incident 1"));
    let ran = served.tidegate(&["dossier", "i9"]);
    assert_eq!(ran.code, 5, "{ran:?}");
}
