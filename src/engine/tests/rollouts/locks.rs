//! Deploy steps and node steps wait for one another, by name.

use super::*;
use crate::engine::tests::restart::away;

/// `web` soaks in run 1, on every node.
pub(super) fn soaking_deploy() -> Fleet {
    let mut fleet = Fleet::of(2, pool());
    fleet.world.sees("os", "os 2");
    fleet.world.makes_all();
    fleet.world.approve(ana(), &dep("web")).unwrap();
    fleet.world.converges("web");
    assert_eq!(fleet.world.stage(&dep("web")), "soaking");
    fleet
}

#[test]
fn no_node_is_drained_while_a_workload_on_it_soaks() {
    let mut fleet = soaking_deploy();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.step("w1").traces.admitted);
    assert_eq!(fleet.stage("w1"), "joining");
    let said = fleet.waits();
    assert!(said.starts_with("run 1 to let go of deploy web, which is soaking since "), "{said}");
    assert!(
        !fleet.deeds.contains(&"cordon w1".to_owned()),
        "what is known is waited for before the node is touched"
    );
    fleet.world.wait(10);
    fleet.world.looks(Action::Look, "web", fleet.world.ours("web"));
    assert_eq!(fleet.world.stage(&dep("web")), "healthy");
    assert_eq!(fleet.stage("w1"), "cordoning");
    fleet.to("w1", "done");
}

#[test]
fn a_workload_elsewhere_keeps_nothing_waiting() {
    let mut fleet = soaking_deploy();
    for look in fleet.truth.values_mut() {
        look.work = BTreeMap::from([(workload("other"), 1)]);
    }
    fleet.is_seen();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "shifting");
    assert_eq!(fleet.world.stage(&dep("web")), "soaking");
}

#[test]
fn no_deploy_begins_while_its_workload_is_being_moved_and_it_says_for_whom_it_waits() {
    let mut fleet = Fleet::of(2, pool());
    fleet.world.sees("os", "os 2");
    fleet.world.makes_all();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "soaking");
    fleet.world.approve(ana(), &dep("web")).unwrap();
    assert_eq!(fleet.world.stage(&dep("web")), "held");
    let run = &fleet.world.state.runs[&RUN];
    let waiting = fleet.world.state.waiting(run, &run.steps[&dep("web")]).unwrap();
    assert!(
        waiting.what.starts_with("rollout 2 to let go of it: node w1 is soaking since "),
        "{}",
        waiting.what
    );
    fleet.until(|fleet| fleet.stage("w1") == "retiring");
    assert_eq!(fleet.world.stage(&dep("web")), "updating");
    // The next node waits in turn.
    fleet.until(|fleet| fleet.step("w2").traces.admitted);
    assert!(
        fleet.waits().starts_with("run 1 to let go of deploy web, which is updating"),
        "{}",
        fleet.waits()
    );
}

#[test]
fn a_deploy_without_a_gate_says_for_whom_it_waits_too() {
    let mut fleet = Fleet::of(1, pool());
    fleet.truth.get_mut("w1").unwrap().work = BTreeMap::from([(workload("api"), 1)]);
    fleet.is_seen();
    fleet.world.sees("os", "os 2");
    fleet.world.makes_all();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "soaking");
    fleet.world.approve(ana(), &dep("web")).unwrap();
    fleet.world.converges("web");
    fleet.world.wait(11);
    fleet.world.looks(Action::Look, "web", fleet.world.ours("web"));
    assert_eq!(fleet.world.stage(&dep("api")), "waiting");
    let run = &fleet.world.state.runs[&RUN];
    let waiting = fleet.world.state.waiting(run, &run.steps[&dep("api")]).unwrap();
    assert!(waiting.what.starts_with("rollout 2 to let go of it: node w1 is soaking"), "{}", waiting.what);
    fleet.until(|fleet| fleet.stage("w1") == "done");
    assert_eq!(fleet.world.stage(&dep("api")), "updating");
}

#[test]
fn a_deploy_is_not_rolled_back_while_its_workload_is_being_moved() {
    let mut fleet = soaking_deploy();
    fleet.world.wait(10);
    fleet.world.looks(Action::Look, "web", fleet.world.ours("web"));
    fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "soaking");
    let back = Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    let said = fleet.world.command(ana(), back).unwrap_err().to_string();
    assert_eq!(said, "rollout 2 has lab/web in hand now, with node lab/w1");
}

#[test]
fn what_waits_for_a_pause_holds_no_workload() {
    let mut fleet = Fleet::of(1, pool());
    fleet.world.sees("os", "os 2");
    fleet.world.makes_all();
    let run = fleet.starts("r2");
    fleet.world.command(ben(), Command::Pause { run, reason: None, until: None }).unwrap();
    fleet.until(|fleet| fleet.waits() == "paused by ben");
    fleet.world.approve(ana(), &dep("web")).unwrap();
    assert_eq!(fleet.world.stage(&dep("web")), "updating");
}

#[test]
fn two_nodes_of_one_workload_are_made_beside_each_other_and_moved_one_after_the_other() {
    let waves = vec![WaveSize::Nodes(4)];
    let mut fleet = Fleet::of(2, Pool { max_unavailable: 2, waves, ..pool() });
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    fleet.until(|fleet| fleet.stage("w2") == "joining" && fleet.step("w2").traces.admitted);
    let said = fleet.world.state.node_waiting(fleet.rollout(), fleet.step("w2"));
    let first = fleet.stage("w1");
    if first == "shifting" {
        assert_eq!(said.unwrap().what, "node w1 to have moved a workload of it");
    }
    fleet.until(|fleet| fleet.stage("w2") == "soaking");
    // Watching overlaps.
    assert_eq!(fleet.stage("w1"), "soaking");
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

/// What became due while another step is moving the same work is no deadline: the timer would fire for it again and again.
#[test]
fn a_retry_that_waits_for_another_nodes_move_is_not_a_deadline() {
    let waves = vec![WaveSize::Nodes(4)];
    let mut fleet = Fleet::of(2, Pool { max_unavailable: 2, waves, ..pool() });
    let run = fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w1") == "soaking" && fleet.stage("w2") == "soaking");
    fleet.world.command(ana(), Command::Abort { run, reason: "not now".to_owned() }).unwrap();
    let uncordoned = |fleet: &mut Fleet, name: &str| {
        let id = fleet.world.take(Action::Uncordon, &key(name));
        fleet.fact(EventKind::NodeChanged { id, answer: Answer::Done(NodeReport::Done { found: false }) });
    };
    uncordoned(&mut fleet, "w2");
    let id = fleet.world.take(Action::ShiftBack, &key("w2"));
    fleet.fact(EventKind::NodeShifted { id, answer: Answer::Unreachable(away("fleet lab")) });
    uncordoned(&mut fleet, "w1");
    // The retry of the second comes due, and the first has the work.
    fleet.world.wait(10);
    assert_eq!(fleet.world.asked(), ["shift_back node w1"]);
    let said = fleet.world.state.node_waiting(fleet.rollout(), fleet.step("w2")).unwrap();
    assert_eq!(said.what, "node w1 to have moved a workload of it");
    let id = fleet.world.take(Action::ShiftBack, &key("w1"));
    let report = ShiftReport::Shifted { moved: Vec::new() };
    fleet.fact(EventKind::NodeShifted { id, answer: Answer::Done(report) });
    assert!(fleet.world.asked().contains(&"shift_back node w2".to_owned()), "{:?}", fleet.world.asked());
}
