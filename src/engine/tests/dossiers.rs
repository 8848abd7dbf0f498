//! What a dossier holds, and what it never does.

use super::*;
use crate::engine::dossier::{concerns, logs, make};
use crate::model::dossier::LogTail;
use crate::model::reports::FailingCase;
use crate::model::{IncidentId, limits};

const ONE: IncidentId = IncidentId(1);

fn secret_setup() -> Setup {
    let mut setup = setup();
    for recipe in setup.recipes.values_mut() {
        recipe.tests[0].env.insert("PASSWORD".to_owned(), "hunter2".to_owned());
        recipe.args.insert("TOKEN".to_owned(), "s3cr3t-token".to_owned());
    }
    setup
}

/// The runtime's tests fail on the new base and pass on the old one; a case says its password.
fn broken() -> World {
    let mut world = World::with(secret_setup());
    world.sees("os", "os 2");
    world.builds("runtime");
    let case = FailingCase {
        name: "Login[hunter2]".to_owned(),
        message: "hunter2 is not taken any more".to_owned(),
    };
    let outcome = TestOutcome {
        name: "unit".to_owned(),
        passed: false,
        exit: Some(1),
        cases: None,
        failing: vec![case],
        reason: Some("tried with s3cr3t-token".to_owned()),
        took: Span::from_secs(1),
    };
    for action in [Action::Test, Action::Retest] {
        let id = world.take(action, &img("runtime"));
        let report = TestReport { tests: vec![outcome.clone()] };
        world.fact(EventKind::TestsFinished { id, answer: Answer::Done(report) });
    }
    world.tests(Action::Control, "runtime", true);
    world
}

#[test]
fn it_has_what_changed_what_was_built_every_round_of_tests_and_the_timeline() {
    let world = broken();
    let dossier = make(&world.state, ONE, world.log(), &[]).unwrap();
    assert!(dossier.complete);
    assert_eq!(dossier.cause, "tests_failed_because_of_update");
    assert_eq!((dossier.changed.image, dossier.changed.to), (Some(image("os")), Some(digest("os 2"))));
    let built = dossier.built.unwrap();
    assert_eq!(built.bases, [(image("os"), digest("os 2"))]);
    let rounds: Vec<&str> = dossier.tests.iter().map(|round| round.what.as_str()).collect();
    assert_eq!(rounds, ["first try", "second try", "control"]);
    assert_eq!(dossier.tests[2].on, built.before);
    assert!(dossier.timeline.first().unwrap().text.contains("os:1"), "{:?}", dossier.timeline);
    assert!(dossier.timeline.len() >= 5, "{:?}", dossier.timeline);
    assert!(dossier.reproduce[1].ends_with(" /test"), "{:?}", dossier.reproduce);
}

#[test]
fn no_value_of_an_environment_is_in_it_also_where_a_test_or_a_log_says_it() {
    let world = broken();
    let lines = vec!["login with hunter2".to_owned(), "\u{1b}[31mcurl -H s3cr3t-token\u{1b}[0m".to_owned()];
    let log = LogTail { id: "r1/image:runtime:1/test/1".to_owned(), lines, cut: false };
    let dossier = make(&world.state, ONE, world.log(), &[log]).unwrap();
    let text = serde_json::to_string(&dossier).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("s3cr3t"), "{text}");
    assert_eq!(dossier.logs[0].lines, ["login with [PASSWORD]", "curl -H [TOKEN]"]);
    assert_eq!(dossier.environment, ["PASSWORD", "TOKEN"]);
    assert_eq!(dossier.tests[0].tests[0].failing[0].message, "[PASSWORD] is not taken any more");
}

#[test]
fn of_logs_and_facts_only_the_end_is_in_it() {
    let world = broken();
    let lines = (0..500).map(|n| format!("line {n}")).collect();
    let log = LogTail { id: "r1/a".to_owned(), lines, cut: false };
    let many = vec![log; limits::DOSSIER_LOGS + 3];
    let facts: Vec<Event> = world.log().iter().cycle().take(limits::DOSSIER_FACTS * 3).cloned().collect();
    let dossier = make(&world.state, ONE, &facts, &many).unwrap();
    assert_eq!(dossier.logs.len(), limits::DOSSIER_LOGS);
    assert_eq!(dossier.logs[0].lines.len(), limits::DOSSIER_LOG_LINES);
    assert!(dossier.logs[0].cut && dossier.logs[0].lines.last().unwrap() == "line 499");
    assert!(dossier.timeline.len() <= limits::DOSSIER_FACTS);
}

#[test]
fn a_step_that_goes_on_again_is_not_complete() {
    let mut world = broken();
    let retry = Command::Retry { run: RUN, step: img("runtime"), seen: Seen::default(), reason: None };
    world.command(ana(), retry).unwrap();
    assert!(!make(&world.state, ONE, world.log(), &[]).unwrap().complete);
    assert_eq!(make(&world.state, IncidentId(9), world.log(), &[]), None);
}

#[test]
fn its_logs_are_those_of_builds_and_tests_and_its_facts_those_of_the_run() {
    let world = broken();
    let run = &world.state.runs[&RUN];
    let ids: Vec<String> = logs(run, &run.steps[&img("runtime")]).iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert!(ids[0].contains("/control/"), "{ids:?}");
    let other = Event {
        at: world.state.now,
        by: Actor::Daemon,
        kind: EventKind::TagSeen { image: image("tool"), digest: None, before: None },
    };
    assert!(!concerns(run, None, &other));
}

#[test]
fn of_tests_that_passed_the_second_time_the_log_of_the_failure_comes_last() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", false);
    world.tests(Action::Retest, "runtime", true);
    let run = &world.state.runs[&RunId(1)];
    let last = logs(run, &run.steps[&img("runtime")]).pop().unwrap();
    assert_eq!(last.action, Action::Test);
}
