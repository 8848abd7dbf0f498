//! Other hands on the same service: a person's, and the orchestrator's own.

use super::harness::{Lab, ended, state_of, step};
use super::updates::without_gate;
use std::time::Duration;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_person_who_changes_the_service_in_the_middle_keeps_it() {
    let mut lab = Lab::begin("a person in the middle");
    lab.configure(without_gate);
    lab.start_settled();
    let before = lab.public("api");
    lab.patch(&["good"]);
    lab.wait("api soaks", 180, |status| state_of(status, 1, "deploy:lab/api") == "soaking");
    let old = format!("{}@{before}", lab.image("api"));
    let out = lab.docker(&[
        "service",
        "update",
        "--detach",
        "--no-resolve-image",
        "--image",
        &old,
        "--label-rm",
        "tidegate.mark",
        "--env-add",
        "CHANGED_BY=a-person",
        "api",
    ]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let status = lab.wait("the run ends", 120, |status| ended(status, 1));
    let api = step(&status, 1, "deploy:lab/api");
    assert_eq!(api["state"], "failed", "{api:#}");
    let verdict = api["verdict"].as_str().unwrap();
    assert!(verdict.contains("somebody else changed the workload"), "{verdict}");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(lab.service_image("api"), old, "the person's choice was overwritten");
    assert_eq!(state_of(&status, 1, "deploy:lab/web"), "blocked");
    lab.docker(&["service", "update", "--detach", "--env-rm", "CHANGED_BY", "api"]);
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_rollback_by_the_swarm_itself_is_noticed_and_not_overwritten() {
    let mut lab = Lab::begin("the swarm's own rollback");
    lab.configure(without_gate);
    let own = [
        "service",
        "update",
        "--detach",
        "--update-failure-action",
        "rollback",
        "--update-monitor",
        "30s",
        "api",
    ];
    assert!(lab.docker(&own).status.success());
    lab.start_settled();
    let ran = lab.service_image("api");
    lab.patch(&["breaks-health"]);
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    let api = step(&status, 1, "deploy:lab/api");
    eprintln!("said: {} ({})", api["verdict"], api["state"]);
    assert_eq!(api["state"], "restored", "{api:#}");
    assert_eq!(lab.service_image("api"), ran);
    // Whoever was first, it was put back once: the service is on the spec from before and nobody moves it again.
    // (Its version may still grow: the Swarm writes what became of its update.)
    let spec = lab.service("api")["Spec"].clone();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(lab.service("api")["Spec"], spec, "somebody still changes it");
    lab.docker(&[
        "service",
        "update",
        "--detach",
        "--update-failure-action",
        "pause",
        "--update-monitor",
        "5s",
        "api",
    ]);
    lab.patch(&["good"]);
    lab.wait("the good one ends", 240, |status| ended(status, 2));
}
