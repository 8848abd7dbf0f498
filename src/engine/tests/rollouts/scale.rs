//! A pool that grows or shrinks.

use super::restarts::{after_a_restart, pending};
use super::*;
use crate::engine::rollout::PlanError;
use crate::model::nodes::Scale;

fn plan(fleet: &Fleet, nodes: u32) -> Result<crate::engine::rollout::Plan, PlanError> {
    fleet.world.state.scale_plan(&workers(), nodes)
}

fn command(nodes: u32, plan: Option<Digest>) -> Command {
    Command::Scale { pool: workers(), nodes, seen: Seen { plan, ..Seen::default() }, reason: None }
}

fn scales(fleet: &mut Fleet, nodes: u32) -> RunId {
    let hash = plan(fleet, nodes).unwrap().hash();
    fleet.world.command(ana(), command(nodes, Some(hash))).unwrap();
    fleet.world.state.last_run
}

fn names(fleet: &Fleet, nodes: u32) -> Vec<String> {
    plan(fleet, nodes).unwrap().nodes.iter().map(|one| one.node.name.to_string()).collect()
}

fn refused(fleet: &mut Fleet, command: Command) -> String {
    fleet.world.command(ben(), command).unwrap_err().to_string()
}

fn sees(fleet: &mut Fleet, name: &str, change: impl FnOnce(&mut NodeLook)) {
    change(fleet.truth.get_mut(name).unwrap());
    fleet.is_seen();
}

#[test]
fn a_pool_grows_by_nodes_of_the_release_that_it_has_and_moves_nothing() {
    let mut fleet = Fleet::of(2, pool());
    scales(&mut fleet, 4);
    assert_eq!(fleet.rollout().scale, Some(Scale { from: 2, to: 4 }));
    assert_eq!(fleet.world.asked(), ["provision node new:1", "provision node new:2"]);
    let Job::Provision(job) = fleet.world.job(Action::Provision, &key("new:1")) else { panic!() };
    assert_eq!((job.release, job.replaces, job.zone), (release("r1"), None, None));
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
    let wanted = ["provision new:1", "provision new:2", "admit new:1", "admit new:2"];
    let mut deeds = fleet.deeds.clone();
    deeds.sort();
    let mut wanted = wanted.map(ToOwned::to_owned).to_vec();
    wanted.sort();
    assert_eq!(deeds, wanted);
    assert_eq!((fleet.truth.len(), fleet.machines.len()), (4, 4));
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r1"))));
    // What was added carries work from now on: it is no machine that nobody needs.
    let made: Vec<&String> = fleet.machines.values().flatten().collect();
    assert!(made.len() == 2 && made.iter().all(|token| fleet.world.state.delivered.contains(*token)));
    fleet.world.replay();
}

#[test]
fn a_pool_that_may_have_none_out_can_grow_and_not_shrink() {
    let mut fleet = Fleet::of(2, Pool { max_unavailable: 0, ..pool() });
    assert_eq!(plan(&fleet, 1).unwrap_err(), PlanError::NoneMayBeOut(workers()));
    scales(&mut fleet, 3);
    fleet.goes_to_the_end();
    assert_eq!(fleet.truth.len(), 3);
}

#[test]
fn not_all_machines_are_asked_for_at_once() {
    let mut fleet = Fleet::of(1, pool());
    scales(&mut fleet, 8);
    let asked = fleet.world.asked();
    assert_eq!(asked.len(), crate::model::limits::GROW_AT_ONCE, "{asked:?}");
    let waits = fleet.world.state.node_waiting(fleet.rollout(), fleet.step("new:7"));
    assert_eq!(waits.unwrap().what, "others to have joined (4 at a time)");
    fleet.goes_to_the_end();
    assert_eq!(fleet.truth.len(), 8);
}

#[test]
fn a_machine_that_never_joins_is_removed_again_and_the_release_is_not_to_blame() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("new:1".to_owned(), Fault::NeverJoins);
    let run = scales(&mut fleet, 3);
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("new:1"), "restored");
    assert_eq!((fleet.truth.len(), fleet.machines.len()), (2, 2));
    assert!(fleet.world.state.bad_releases.is_empty());
    assert_eq!(fleet.world.state.incidents.len(), 1);
    assert!(fleet.waits().starts_with("a person: it stopped"), "{}", fleet.waits());
    let who = fleet.world.state.rollout_waiting(fleet.rollout()).unwrap().who;
    assert!(!who.contains("forward"), "{who}");
    // It begins anew, with a machine of its own.
    let first = fleet.step("new:1").attempts.clone();
    fleet.faults.clear();
    let again = Command::Retry { run, step: key("new:1"), seen: fleet.seen("new:1"), reason: None };
    fleet.world.command(ana(), again).unwrap();
    fleet.goes_to_the_end();
    assert!(first[&Action::Provision] == 1 && fleet.rollout().ended.is_some());
    assert_eq!(fleet.truth.len(), 3);
    fleet.world.replay();
}

#[test]
fn a_node_that_leaves_is_emptied_and_watched_before_it_goes() {
    let mut fleet = Fleet::of(3, pool());
    scales(&mut fleet, 2);
    let Job::Preflight(job) = fleet.world.job(Action::Preflight, &key("w1")) else { panic!() };
    assert!(job.removes && !job.surge);
    fleet.to("w1", "shifting");
    fleet.until(|fleet| fleet.world.asked().iter().any(|asked| asked == "shift node w1"));
    let Job::Shift(job) = fleet.world.job(Action::Shift, &key("w1")) else { panic!() };
    assert_eq!(job.onto, None);
    fleet.to("w1", "soaking");
    assert_eq!(fleet.waits(), "the end of its soak");
    fleet.to("w1", "done");
    assert_eq!(
        fleet.deeds,
        ["preflight", "cordon", "shift", "retire", "deprovision"].map(|deed| format!("{deed} w1"))
    );
    assert_eq!(fleet.truth.keys().collect::<Vec<_>>(), ["w2", "w3"]);
    assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), ["w2", "w3"]);
    assert!(fleet.rollout().ended.is_some());
    fleet.world.replay();
}

#[test]
fn work_that_is_sick_after_the_move_keeps_the_node() {
    let mut fleet = Fleet::of(3, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    scales(&mut fleet, 1);
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.stage("w2")), ("restored", "pending"));
    assert_eq!(fleet.truth.len(), 3);
    assert!(fleet.truth.values().all(|look| look.availability == Availability::Active));
    assert!(!fleet.deeds.iter().any(|deed| deed.starts_with("retire") || deed.contains("back")));
    assert!(fleet.world.state.bad_releases.is_empty());
    fleet.world.replay();
}

#[test]
fn what_fits_nowhere_else_keeps_the_node_before_anything_is_touched() {
    let mut fleet = Fleet::of(2, pool());
    let block = finding(FindingKind::FitsNowhere, "it fits on no other node");
    fleet.blocks.insert("w1".to_owned(), vec![block]);
    scales(&mut fleet, 1);
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "failed");
    assert_eq!(fleet.deeds, ["preflight w1"]);
}

#[test]
fn which_nodes_leave() {
    let mut fleet = Fleet::of(6, pool());
    // Zone a: w1 to w4, zone b: w5 and w6. w4 has the least work.
    for (name, zone, tasks) in
        [("w1", "a", 3), ("w2", "a", 2), ("w3", "a", 2), ("w4", "a", 1), ("w5", "b", 1), ("w6", "b", 2)]
    {
        let look = fleet.truth.get_mut(name).unwrap();
        look.zone = Some(zone.to_owned());
        look.work = BTreeMap::from([(workload("web"), tasks)]);
    }
    fleet.is_seen();
    assert_eq!(
        names(&fleet, 2),
        ["w4", "w2", "w5", "w3"],
        "of the fullest zone, counted anew; then by work and name"
    );
    // What cannot take work goes first; managers stay.
    sees(&mut fleet, "w6", |look| look.availability = Availability::Drained);
    sees(&mut fleet, "w4", |look| look.role = NodeRole::Manager { reachable: true, leader: false });
    assert_eq!(names(&fleet, 2), ["w6", "w2", "w3", "w1"]);
    assert_eq!(names(&fleet, 1).len(), 5);
    sees(&mut fleet, "w1", |look| look.role = NodeRole::Manager { reachable: true, leader: false });
    assert_eq!(plan(&fleet, 1).unwrap_err(), PlanError::TheyStay { pool: workers(), stay: 2 });
}

#[test]
fn the_daemons_own_node_stays() {
    let fleet = Fleet::of(2, Pool { own_node: Some("w1".parse().unwrap()), ..pool() });
    assert_eq!(names(&fleet, 1), ["w2"]);
}

#[test]
fn new_nodes_come_where_the_fewest_are() {
    let mut fleet = Fleet::of(3, Pool { zones: vec!["a".to_owned(), "c".to_owned()], ..pool() });
    for (name, zone) in [("w1", "a"), ("w2", "a"), ("w3", "b")] {
        fleet.truth.get_mut(name).unwrap().zone = Some(zone.to_owned());
    }
    fleet.is_seen();
    let plan = plan(&fleet, 6).unwrap();
    let zones: Vec<&str> = plan.nodes.iter().filter_map(|one| one.zone.as_deref()).collect();
    assert_eq!(zones, ["c", "b", "c"]);
}

#[test]
fn new_nodes_have_the_release_of_most_of_the_pool() {
    let mut fleet = Fleet::of(3, pool());
    sees(&mut fleet, "w3", |look| look.release = Some(release("r2")));
    assert_eq!(plan(&fleet, 4).unwrap().release, release("r1"));
    sees(&mut fleet, "w2", |look| look.release = None);
    assert_eq!(plan(&fleet, 4).unwrap().release, release("r2"), "of as many the one announced last");
    for name in ["w1", "w3"] {
        sees(&mut fleet, name, |look| look.release = None);
    }
    assert_eq!(plan(&fleet, 4).unwrap().release, release("r3"), "else the newest that was announced");
}

#[test]
fn what_cannot_be_scaled_says_why() {
    let mut fleet = Fleet::of(2, pool());
    for (nodes, why) in [
        (2, "pool workers has 2 nodes already"),
        (0, "a pool keeps at least one node; workers would have none"),
        (10_001, "a pool has at most 10000 nodes"),
    ] {
        assert_eq!(refused(&mut fleet, command(nodes, Some(digest("plan")))), why);
    }
    assert!(refused(&mut fleet, command(3, None)).contains("name the one that you saw"));
    let stale = plan(&fleet, 3).unwrap().hash();
    sees(&mut fleet, "w2", |look| look.zone = Some("a".to_owned()));
    assert!(refused(&mut fleet, command(3, Some(stale))).contains("has changed since"));
    fleet.starts("r2");
    assert!(
        refused(&mut fleet, command(3, Some(digest("plan"))))
            .starts_with("rollout 1 of pool workers has not")
    );
    let mut fleet = Fleet::of(2, Pool { strategy: Strategy::InPlace, ..pool() });
    assert!(refused(&mut fleet, command(3, Some(digest("plan")))).contains("is updated in place"));
}

#[test]
fn it_is_taken_back_by_scaling_back_alone_and_a_pin_does_not_matter() {
    let mut fleet = Fleet::of(3, pool());
    let pin = Command::Pin { pool: workers(), reason: "disks are being swapped".to_owned() };
    fleet.world.command(ana(), pin).unwrap();
    let run = scales(&mut fleet, 2);
    fleet.to("w1", "soaking");
    let all = Command::RollBackAll { run, reason: "no".to_owned() };
    let forward = Command::RollForward { run, release: release("r3"), reason: None };
    for command in [all.clone(), forward] {
        let said = refused(&mut fleet, command);
        assert!(said.ends_with("`tidegate scale workers 3` takes that back"), "{said}");
    }
    // In flight a single node is taken back as ever.
    let back = Command::Rollback { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), back).unwrap();
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.truth["w1"].availability), ("restored", Availability::Active));
    let abort = Command::Abort { run, reason: "enough".to_owned() };
    fleet.world.command(ben(), abort).unwrap();
    assert!(fleet.rollout().ended.is_some());
    let run = scales(&mut fleet, 4);
    fleet.goes_to_the_end();
    let back = Command::Rollback { run, step: key("new:1"), seen: fleet.seen("new:1"), reason: None };
    assert!(refused(&mut fleet, back).contains("`tidegate scale workers 3`"));
    assert!(fleet.world.state.kept(fleet.rollout()).is_empty());
    scales(&mut fleet, 3);
    fleet.goes_to_the_end();
    assert_eq!((fleet.truth.len(), fleet.machines.len()), (3, 3));
}

#[test]
fn a_restart_in_every_stage_asks_for_the_very_same_jobs_and_it_goes_on_to_its_end() {
    for (nodes, fault) in [
        (3, None),
        (3, Some(Fault::NeverJoins)),
        (3, Some(Fault::MadeUnsaid)),
        (1, None),
        (1, Some(Fault::Sick)),
        (1, Some(Fault::DrainBlocked)),
        (1, Some(Fault::NotRemoved)),
    ] {
        let mut fleet = Fleet::of(2, pool());
        let name = if nodes == 3 { "new:1" } else { "w1" };
        fleet.faults.extend(fault.map(|fault| (name.to_owned(), fault)));
        scales(&mut fleet, nodes);
        for _ in 0..100 {
            assert_eq!(after_a_restart(&fleet.world.state), pending(&fleet));
            if !fleet.does_one() {
                let Some((at, _)) = fleet.world.state.next_deadline() else { break };
                fleet.world.wait(at.since(fleet.world.now).as_millis().div_ceil(1000));
            }
        }
        let well = match (nodes, fault) {
            (3, None) => 3,
            (1, None | Some(Fault::NotRemoved)) => 1,
            _ => 2,
        };
        assert_eq!(fleet.truth.len(), well, "{nodes} {fault:?}: {:?}", fleet.deeds);
        if fault == Some(Fault::NotRemoved) {
            assert_eq!(fleet.stage("w1"), "quarantined");
        } else {
            assert_eq!(fleet.machines.len(), well, "{nodes} {fault:?}: {:?}", fleet.deeds);
        }
    }
}
