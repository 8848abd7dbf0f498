//! A release that is good, by surge.

use super::*;

#[test]
fn every_node_is_replaced_one_after_the_other_and_nothing_of_the_old_is_left() {
    let mut fleet = Fleet::of(3, pool());
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.truth.len(), 3);
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r2"))));
    assert!(fleet.truth.values().all(|look| look.availability == Availability::Active));
    assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), fleet.truth.keys().collect::<Vec<_>>());
    assert_eq!(fleet.world.state.incidents.len(), 0);
    fleet.world.replay();
}

#[test]
fn a_step_asks_first_then_makes_moves_watches_and_only_then_removes() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.goes_to_the_end();
    let wanted = ["preflight", "provision", "admit", "cordon", "shift", "retire", "deprovision"];
    assert_eq!(fleet.deeds, wanted.map(|deed| format!("{deed} w1")));
}

#[test]
fn the_old_node_stays_until_the_soak_is_over() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "soaking");
    assert_eq!(fleet.truth["w1"].availability, Availability::Drained);
    fleet.world.wait(59);
    assert_eq!(fleet.stage("w1"), "soaking");
    assert_eq!(fleet.waits(), "the end of its soak");
    fleet.world.wait(1);
    fleet.to("w1", "done");
    assert!(!fleet.truth.contains_key("w1"));
}

#[test]
fn a_new_machine_gets_the_zone_of_the_old_one_and_a_token_of_its_own() {
    let mut fleet = Fleet::of(2, pool());
    fleet.truth.get_mut("w1").unwrap().zone = Some("a".to_owned());
    fleet.is_seen();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "provisioning");
    let Job::Provision(job) = fleet.world.job(Action::Provision, &key("w1")) else { panic!() };
    assert_eq!(job.zone.as_deref(), Some("a"));
    assert!(crate::model::token::is_of("abc", &job.token), "{}", job.token);
    let first = job.token;
    fleet.until(|fleet| fleet.stage("w2") == "provisioning");
    let Job::Provision(job) = fleet.world.job(Action::Provision, &key("w2")) else { panic!() };
    assert_ne!(job.token, first);
}

#[test]
fn a_manager_is_replaced_by_a_manager() {
    let mut fleet = Fleet::of(1, pool());
    fleet.truth.get_mut("w1").unwrap().role = NodeRole::Manager { reachable: true, leader: true };
    fleet.is_seen();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["admit node w1"]);
    let Job::Admit(job) = fleet.world.job(Action::Admit, &key("w1")) else { panic!() };
    assert!(job.manager);
    assert_eq!((job.pool, job.release), (workers(), release("r2")));
}

#[test]
fn who_cannot_be_reached_is_waited_for_and_said() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "provisioning");
    let id = fleet.world.take(Action::Provision, &key("w1"));
    let who =
        Unreachable { who: "provisioner".to_owned(), why: "no such file".to_owned(), retry_after: None };
    fleet.fact(EventKind::NodeProvisioned { id, answer: Answer::Unreachable(who) });
    assert_eq!(fleet.waits(), "provisioner: no such file");
    assert_eq!(fleet.world.asked(), Vec::<String>::new());
    fleet.world.wait(1);
    assert_eq!(fleet.world.asked(), ["provision node w1"]);
    fleet.to("w1", "done");
}

#[test]
fn work_of_which_nothing_is_configured_is_moved_and_running_is_proof_enough() {
    let mut fleet = Fleet::of(1, pool());
    fleet.truth.get_mut("w1").unwrap().work = BTreeMap::from([(workload("metrics"), 2)]);
    fleet.is_seen();
    fleet.starts("r2");
    fleet.to("w1", "done");
}

#[test]
fn a_task_that_ended_before_the_move_is_not_blamed_on_it() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "shifting");
    let mut crashed = fleet.well();
    crashed.ended.push(crate::model::reports::EndedTask {
        id: "t0".parse().unwrap(),
        name: "web.1".to_owned(),
        node: None,
        exit: Some(1),
        message: "exit 1".to_owned(),
        at: fleet.world.now,
    });
    let seen = |look: &Look| Answer::Done(LookReport::Seen(Box::new(look.clone())));
    let id = fleet.world.take(Action::Baseline, &key("w1"));
    fleet.fact(EventKind::WorkloadLooked { id, answer: seen(&crashed) });
    fleet.until(|fleet| fleet.stage("w1") == "soaking");
    let id = fleet.world.take(Action::Watch, &key("w1"));
    fleet.fact(EventKind::WorkloadWatched { id: id.clone(), answer: seen(&crashed) });
    assert_eq!(fleet.stage("w1"), "soaking");
    crashed.ended[0].id = "t1".parse().unwrap();
    fleet.fact(EventKind::WorkloadWatched { id, answer: seen(&crashed) });
    assert_eq!(fleet.stage("w1"), "restoring");
}
