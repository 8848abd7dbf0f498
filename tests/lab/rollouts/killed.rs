//! `kill -9` of the daemon, once in every state of a node step.

use super::pool::{Rolling, key};
use crate::harness::{ended, run, run_of, step};
use crate::machines::names;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// One node may fail, so that a failure is there to be counted while the next node is under way.
fn with_a_budget(text: &str) -> String {
    text.replace(
        "waves = [1, \"100%\"]\nsoak = \"8s\"",
        "waves = [1, \"100%\"]\nsoak = \"6s\"\nfailure_budget = 1",
    )
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_rollout_that_is_killed_in_every_state_goes_on_with_the_same_failures_and_deadlines() {
    let mut rolling = Rolling::begin("kill -9 in every state of a node step", with_a_budget);
    let before = names(&rolling.lab);
    let release = rolling.release("good");
    let plan = rolling.plan(&release);
    let [fails, moves, stays] = [0, 1, 2].map(|at| plan["nodes"][at]["node"].as_str().unwrap().to_owned());
    let mut seen = BTreeMap::new();

    // The first node fails: no machine is made.
    rolling.fault("provision", "exit");
    rolling.fault("deprovision", "slow");
    kill_in_preflight(&mut rolling, &release, &fails);
    rolling.lab.does(&["skip", &format!("1/{stays}"), "--reason", "two are enough here"]);
    kill_in(&mut rolling, &fails, "restoring", "provision", "slow", &mut seen);
    // The second one goes well.
    kill_in(&mut rolling, &moves, "provisioning", "deprovision", "slow", &mut seen);
    rolling.lab.does(&["pause", "1"]);
    kill_in(&mut rolling, &moves, "joining", "provision", "", &mut seen);
    kill_in_cordoning(&mut rolling, &moves);
    for state in ["shifting", "soaking", "retiring"] {
        kill_in(&mut rolling, &moves, state, "provision", "", &mut seen);
    }
    let status = rolling.lab.wait("the rollout ends", 90, |status| ended(status, 1));

    let states = [&fails, &moves, &stays].map(|node| step(&status, 1, &key(node))["state"].clone());
    assert_eq!(states, ["restored", "done", "skipped"]);
    assert_eq!(failures(&status), 1);
    assert_eq!(status["incidents"].as_array().unwrap().len(), 1, "the incident was opened twice or lost");
    // A restart takes a moment, and the shortest states may be over by then. These are not.
    for state in ["restoring", "provisioning", "shifting", "soaking"] {
        assert_eq!(
            seen.get(state),
            Some(&true),
            "{state} was over before its deadline was seen again: {seen:?}"
        );
    }
    one_machine_was_made(&rolling, &before, &moves);
}

fn in_place(text: &str) -> String {
    text.replace("waves = [1, \"100%\"]", "strategy = \"in_place\"\nwaves = [1, \"100%\"]")
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn an_update_in_place_that_is_killed_again_and_again_goes_on_with_the_same_deadlines() {
    let mut rolling = Rolling::begin("kill -9 again and again in an update in place", in_place);
    // Its port is free on one node then, so that what leaves another one has a place.
    rolling.scale("web", 2);
    let before = names(&rolling.lab);
    let release = rolling.release("good");
    let plan = rolling.plan(&release);
    let [moves, back, stays] = [0, 1, 2].map(|at| plan["nodes"][at]["node"].as_str().unwrap().to_owned());
    let labelled = |rolling: &Rolling, node: &str| {
        rolling.inspect(node)["Spec"]["Labels"]["tidegate.release"].as_str().unwrap_or_default().to_owned()
    };
    let old = labelled(&rolling, &back);
    let mut seen = BTreeMap::new();

    // The first node goes well.
    rolling.fault("update", "slow");
    kill_in_preflight(&mut rolling, &release, &moves);
    rolling.lab.does(&["skip", &format!("1/{stays}"), "--reason", "two are enough here"]);
    for state in ["updating", "soaking"] {
        kill_in(&mut rolling, &moves, state, "list", "", &mut seen);
    }
    rolling.node(1, &moves, "done", 60);
    // The second one is ordered back once it has been updated.
    rolling.node(1, &back, "updating", 60);
    let manager = Stopped::manager(&rolling);
    kill_while_stopped(&mut rolling, &back, "rejoining", manager);
    rolling.node(1, &back, "soaking", 60);
    rolling.lab.does(&["rollback", &format!("1/{back}"), "--reason", "seen enough"]);
    // Its work has been moved off again, and the update back has begun: each of the two has a deadline of its own.
    rolling.lab.wait("the node is being updated back", 60, |status| {
        let logs = &step(status, 1, &key(&back))["logs"];
        logs.as_array().is_some_and(|logs| logs.iter().filter(|log| is_update(log)).count() > 1)
    });
    kill_in(&mut rolling, &back, "restoring", "list", "", &mut seen);
    rolling.node(1, &back, "restored", 120);

    assert_eq!([&moves, &back].map(|node| labelled(&rolling, node)), [release, old]);
    assert_eq!(names(&rolling.lab), before, "a machine was made or removed");
    assert_eq!(rolling.asked("provision"), Vec::<Value>::new());
    for state in ["updating", "soaking", "restoring"] {
        assert_eq!(
            seen.get(state),
            Some(&true),
            "{state} was over before its deadline was seen again: {seen:?}"
        );
    }
    rolling.nothing_is_left_behind();
}

fn is_update(log: &Value) -> bool {
    log.as_str().is_some_and(|log| log.contains("/update/"))
}

/// Kills the daemon as soon as the step is in `state`, sets a fault while nobody is there to ask, and starts it again. What it says then must
/// be what it said: the same failures, and as long as the state is the same, the same deadlines.
fn kill_in(
    rolling: &mut Rolling,
    node: &str,
    state: &str,
    action: &str,
    fault: &str,
    seen: &mut BTreeMap<String, bool>,
) {
    let mut before = rolling.node(1, node, state, 90);
    while state == "shifting" && before["waiting"]["deadline"].is_null() {
        // Moving is due once the work has been looked at.
        before = rolling.node(1, node, state, 10);
    }
    while state == "joining" && !before["waiting"]["deadline"].is_null() {
        // It waits for the pause once the new node has joined.
        before = rolling.node(1, node, state, 10);
    }
    let failed = failures(&rolling.lab.status().unwrap());
    rolling.lab.kill();
    rolling.fault(action, fault);
    rolling.lab.start();
    let status = rolling.lab.status().unwrap();
    let after = step(&status, 1, &key(node));
    let same = after["state"] == state;
    eprintln!("killed while {node} was {state}; then {}", after["state"]);
    assert_eq!(failures(&status), failed, "{status:#}");
    if same {
        assert_eq!(deadlines(&after), deadlines(&before), "{state}: {after:#}");
    }
    seen.insert(state.to_owned(), same);
}

/// A preflight takes a few milliseconds: the manager is stopped, so that it is caught in the middle.
fn kill_in_preflight(rolling: &mut Rolling, release: &str, node: &str) {
    let manager = Stopped::manager(rolling);
    rolling.roll(release);
    kill_while_stopped(rolling, node, "preflight", manager);
}

/// So does a cordon; before it the step waits for the end of a pause.
fn kill_in_cordoning(rolling: &mut Rolling, node: &str) {
    let manager = Stopped::manager(rolling);
    rolling.lab.does(&["resume", "1"]);
    kill_while_stopped(rolling, node, "cordoning", manager);
}

fn kill_while_stopped(rolling: &mut Rolling, node: &str, state: &str, manager: Stopped) {
    rolling.node(1, node, state, 10);
    rolling.lab.kill();
    eprintln!("killed while {node} was {state}");
    drop(manager);
    rolling.lab.start();
}

/// A process that goes on when this goes, also where a test fails.
struct Stopped(String);

impl Stopped {
    fn manager(rolling: &Rolling) -> Self {
        let engine = format!("dockerd --data-root {}/nodes/m1/root", rolling.lab.state.display());
        let found = run(Command::new("pgrep").args(["-f", &engine]));
        let manager = Self(found.lines().last().unwrap().to_owned());
        run(Command::new("kill").args(["-STOP", &manager.0]));
        manager
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-CONT", &self.0]).status();
    }
}

/// Node steps that count against the budget.
fn failures(status: &Value) -> u64 {
    run_of(status, 1).unwrap()["run"]["rollout"]["failures"].as_u64().unwrap()
}

/// Since when the stage is, when it is due, and when its soak ends.
fn deadlines(step: &Value) -> [Value; 3] {
    [&step["waiting"]["since"], &step["waiting"]["deadline"], &step["node"]["soaks_until"]].map(Clone::clone)
}

/// The provisioner was asked again after a kill, with the same token, and made one machine. It took the old one's place.
fn one_machine_was_made(rolling: &Rolling, before: &BTreeSet<String>, old: &str) {
    let of = |node: &str| {
        let asked = rolling.asked("provision").into_iter().filter(|asked| asked["replaces"] == node);
        asked.map(|asked| asked["token"].to_string()).collect::<Vec<_>>()
    };
    let tokens = of(old);
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), 1, "several tokens for one machine: {tokens:?}");
    let now = names(&rolling.lab);
    assert_eq!(before.difference(&now).collect::<Vec<_>>(), [old]);
    assert_eq!(now.difference(before).count(), 1, "{before:?} became {now:?}");
    rolling.is_gone(old);
    rolling.nothing_is_left_behind();
}
