//! `kill -9` of the daemon, once in every state that a run goes through.

use super::harness::{Lab, ended, run, state_of, steps};
use super::updates::without_gate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// `tool` waits for approval before it is published: that makes its publication a state that can be caught.
fn with_a_gate_before_publishing(text: &str) -> String {
    let recipe = text.find("context = \"images/tool\"").unwrap();
    let (head, tail) = text.split_at(recipe);
    format!("{head}gate = \"publishing\"\n{tail}\n[gate.publishing]\nbefore = \"publish\"\napprovals = 1\n")
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_run_that_is_killed_in_every_state_ends_the_same_and_repeats_nothing_finished() {
    let mut lab = Lab::begin("kill -9 in every state");
    lab.configure(with_a_gate_before_publishing);
    lab.start_settled();
    let requests = lab.requests().len();
    lab.patch(&["good"]);
    kill_in(&mut lab, "", "building");
    kill_in(&mut lab, "", "testing");
    kill_in(&mut lab, "/tool:1", "held");
    kill_while_publishing(&mut lab);
    kill_in(&mut lab, "deploy:lab/api", "updating");
    kill_in(&mut lab, "deploy:lab/api", "soaking");
    kill_in(&mut lab, "deploy:lab/web", "held");
    lab.approve(1, "web");
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    for step in steps(&status, 1) {
        assert_eq!(step["mark"], "good", "{step:#}");
    }
    nothing_was_done_twice(&lab, &lab.requests()[requests..]);
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_run_that_is_killed_while_it_puts_back_ends_the_same() {
    let mut lab = Lab::begin("kill -9 while restoring");
    lab.configure(without_gate);
    lab.start_settled();
    let (tag, ran) = (lab.public("api"), lab.service_image("api"));
    lab.patch(&["breaks-health"]);
    kill_in(&mut lab, "deploy:lab/api", "restoring");
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "deploy:lab/api"), "restored");
    assert_eq!((lab.public("api"), lab.service_image("api")), (tag, ran));
    assert_eq!(status["incidents"].as_array().unwrap().len(), 1, "the incident was opened twice or lost");
    lab.patch(&["good"]);
    lab.wait("the good one ends", 240, |status| ended(status, 2));
}

/// Kills the daemon as soon as a step whose key ends so is in `state`, and starts it again.
fn kill_in(lab: &mut Lab, key: &str, state: &str) {
    lab.wait(&format!("{key} is {state}"), 240, |status| is_in(status, key, state));
    lab.kill();
    eprintln!("killed while {key} was {state}");
    lab.start();
    if state == "held" {
        lab.wait(&format!("{key} is still held"), 20, |status| is_in(status, key, state));
    }
}

fn is_in(status: &Value, key: &str, state: &str) -> bool {
    steps(status, 1)
        .iter()
        .any(|step| step["state"] == state && step["step"].as_str().unwrap().ends_with(key))
}

/// A publication takes a few milliseconds: the registry is stopped, so that it is caught in the middle.
fn kill_while_publishing(lab: &mut Lab) {
    let pid = std::fs::read_to_string(format!("/run/{}/registry.pid", lab.name)).unwrap();
    run(Command::new("kill").args(["-STOP", pid.trim()]));
    lab.approve(1, "tool:1");
    lab.wait("tool is publishing", 20, |status| is_in(status, "/tool:1", "publishing"));
    lab.kill();
    eprintln!("killed while /tool:1 was publishing");
    run(Command::new("kill").args(["-CONT", pid.trim()]));
    lab.start();
}

/// The registry saw each candidate and each public tag written once; each service was given its new image once.
fn nothing_was_done_twice(lab: &Lab, requests: &[String]) {
    let mut puts: BTreeMap<String, u32> = BTreeMap::new();
    for line in requests.iter().filter(|line| line.contains("PUT /v2/") && line.contains("/manifests/")) {
        let path = line.split("PUT ").nth(1).unwrap().split_whitespace().next().unwrap();
        *puts.entry(path.to_owned()).or_default() += 1;
    }
    eprintln!("manifests written: {puts:?}");
    let ours: Vec<_> = puts.iter().filter(|(path, _)| !path.starts_with("/v2/os/")).collect();
    assert_eq!(ours.len(), 10, "five candidates and five public tags: {puts:?}");
    assert!(ours.iter().all(|(_, count)| **count == 1), "written more than once: {puts:?}");
    for app in ["api", "web"] {
        let out = lab.docker(&["service", "ps", app, "--no-trunc", "--format", "{{.Name}} {{.Image}}"]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let digest = lab.public(app);
        let mut slots: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(&digest))
            .filter_map(|line| line.split(' ').next())
            .collect();
        let all = slots.len();
        slots.dedup();
        assert_eq!(slots.len(), all, "{app}: a slot was replaced twice:\n{text}");
    }
}
