//! Machines that no step knows of: which they are, and how they go.

use super::*;
use crate::engine::orphans::OrphanStage;
use crate::model::limits::{ORPHAN_NODE, ORPHAN_SURE};
use crate::model::nodes::ProvisionReport::{Done, Failed};
use crate::model::token;

const LEFT: &str = "n-left";

fn ours() -> String {
    token::make("abc", "9 node:lab/w9 uid-w9 0")
}

/// Two nodes, and a machine of ours that nobody knows.
fn with_one_left() -> Fleet {
    let mut fleet = Fleet::of(2, pool());
    fleet.machines.insert(LEFT.to_owned(), Some(ours()));
    fleet
}

fn machine(name: &str, token: Option<String>) -> Machine {
    Machine { node: name.parse().unwrap(), address: None, token, release: None }
}

/// The poller asks the provisioner, and tells what is news; whether anything was.
fn is_listed(fleet: &mut Fleet) -> bool {
    let listed: Vec<Machine> =
        fleet.machines.iter().map(|(name, token)| machine(name, token.clone())).collect();
    let news = fleet.world.state.orphans_news(&workers(), &listed, fleet.world.now);
    let pool = workers();
    news.map(|machines| fleet.fact(EventKind::OrphansSeen { pool, machines })).is_some()
}

/// Seen twice, so that it would be removed.
fn is_suspected(fleet: &mut Fleet) {
    assert!(is_listed(fleet));
    fleet.world.wait(ORPHAN_SURE.as_secs());
    is_listed(fleet);
}

fn stage(fleet: &Fleet) -> Option<OrphanStage> {
    fleet.world.state.orphans.values().next().map(|one| one.stage.clone())
}

fn is_orphan(fleet: &Fleet, name: &str, token: Option<String>) -> bool {
    !fleet.world.state.orphans_among(&workers(), &[machine(name, token)]).is_empty()
}

/// A node of the left machine's name, otherwise as `change` makes it.
fn joins(fleet: &mut Fleet, change: impl FnOnce(&mut NodeLook)) {
    let mut joined = NodeLook { pool: None, release: None, work: BTreeMap::new(), ..look(LEFT, "r1") };
    change(&mut joined);
    fleet.truth.insert(LEFT.to_owned(), joined);
    fleet.is_seen();
}

fn down(look: &mut NodeLook) {
    (look.up, look.message) = (false, Some("heartbeat failure".to_owned()));
}

#[test]
fn a_machine_of_ours_that_no_step_knows_is_removed_after_a_second_look_and_not_before() {
    let mut fleet = with_one_left();
    assert!(is_listed(&mut fleet));
    assert_eq!((stage(&fleet), fleet.world.pending.len()), (Some(OrphanStage::Suspected), 0));
    fleet.world.wait(ORPHAN_SURE.as_secs() - 1);
    assert!(!is_listed(&mut fleet), "nothing is news before its time");
    fleet.world.wait(1);
    assert_eq!(fleet.world.pending.len(), 0, "a second look decides, not time alone");
    assert!(is_listed(&mut fleet));
    let Job::Deprovision(job) = fleet.world.job(Action::Deprovision, &key(LEFT)) else { panic!() };
    assert_eq!((job.id.run, job.token), (RunId::NONE, Some(ours())));
    assert_eq!(job.unused, Some(node(LEFT)), "the fleet is looked at right before");
    fleet.goes_to_the_end();
    assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), ["w1", "w2"]);
    assert!(fleet.world.state.orphans.is_empty());
    fleet.world.replay();
}

#[test]
fn a_machine_that_is_not_listed_at_the_second_look_is_forgotten_and_begins_anew() {
    let mut fleet = with_one_left();
    is_listed(&mut fleet);
    fleet.machines.remove(LEFT);
    assert!(is_listed(&mut fleet));
    assert_eq!(stage(&fleet), None);
    fleet.world.wait(ORPHAN_SURE.as_secs());
    fleet.machines.insert(LEFT.to_owned(), Some(ours()));
    is_listed(&mut fleet);
    assert_eq!(stage(&fleet), Some(OrphanStage::Suspected));
}

#[test]
fn only_a_token_of_this_installation_makes_an_orphan() {
    let fleet = Fleet::of(2, pool());
    assert!(is_orphan(&fleet, LEFT, Some(ours())));
    let others = [
        None,
        Some(token::make("another", "9 node:lab/w9 uid-w9 0")),
        Some(token::unmarked("abc", "9 node:lab/w9 uid-w9 0")),
        Some("check-0123456789ab".to_owned()),
    ];
    for other in others {
        assert!(!is_orphan(&fleet, LEFT, other.clone()), "{other:?}");
    }
}

#[test]
fn a_machine_under_a_node_that_is_used_is_none() {
    type Change = fn(&mut NodeLook);
    let used: [(&str, Change); 5] = [
        ("up", |_| {}),
        ("with work", |look| {
            down(look);
            look.work.insert(workload("web"), 1);
        }),
        ("of a pool", |look| {
            down(look);
            look.pool = Some(workers());
        }),
        ("a manager", |look| {
            down(look);
            look.role = NodeRole::Manager { reachable: false, leader: false };
        }),
        ("up, of a pool, and drained", |look| {
            (look.availability, look.pool) = (Availability::Drained, Some(workers()));
        }),
    ];
    for (how, change) in used {
        let mut fleet = with_one_left();
        joins(&mut fleet, change);
        assert!(!is_orphan(&fleet, LEFT, Some(ours())), "{how}");
    }
    for (how, change) in
        [("down", down as Change), ("drained", |look| look.availability = Availability::Drained)]
    {
        let mut fleet = with_one_left();
        joins(&mut fleet, change);
        assert!(is_orphan(&fleet, LEFT, Some(ours())), "{how}");
    }
}

#[test]
fn where_it_is_not_known_which_nodes_there_are_nothing_is_an_orphan() {
    let mut fleet = with_one_left();
    let who = crate::engine::orphans::nodes_source(&"lab".parse().unwrap());
    fleet.world.fact(EventKind::SourceLost { who, why: "refused".to_owned() });
    assert!(!is_orphan(&fleet, LEFT, Some(ours())));
    let mut fleet = with_one_left();
    fleet.truth.clear();
    fleet.is_seen();
    assert!(!is_orphan(&fleet, LEFT, Some(ours())));
}

#[test]
fn what_a_step_has_in_hand_is_none_in_any_stage() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "provisioning");
    let token = fleet.step("w1").traces.token.clone();
    let mut stages = BTreeSet::new();
    while fleet.stage("w1") != "done" {
        stages.insert(fleet.stage("w1"));
        for name in ["n-other", "w1"] {
            assert!(!is_orphan(&fleet, name, token.clone()), "{name} while {}", fleet.stage("w1"));
        }
        // The old node's machine, which has left the fleet by then, has a token of ours too.
        assert!(!is_orphan(&fleet, "w1", Some(ours())), "while {}", fleet.stage("w1"));
        fleet.goes_on(1);
    }
    assert_eq!(stages.len(), 6, "{stages:?}");
}

#[test]
fn what_a_person_may_try_again_is_none_and_is_one_once_nobody_can() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::SickForGood);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "quarantined");
    let made = fleet.step("w1").traces.machine.clone().unwrap();
    // Its node is gone by itself, so that nothing but the step speaks for the machine.
    fleet.truth.remove(made.node.as_str());
    fleet.is_seen();
    let orphan = |fleet: &Fleet| is_orphan(fleet, made.node.as_str(), made.token.clone());
    assert!(!orphan(&fleet));
    let (run, reason) = (RunId(1), "leave it".to_owned());
    let skip = Command::SkipNode { run, step: key("w1"), seen: Seen::default(), reason: reason.clone() };
    fleet.world.command(ana(), skip).unwrap();
    assert!(!orphan(&fleet), "who left it out may have it tried again");
    fleet.world.command(ana(), Command::Abort { run, reason }).unwrap();
    assert!(orphan(&fleet));
}

#[test]
fn the_node_of_a_machine_that_its_step_could_not_remove_goes_once_nobody_may_try_the_step_again() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::SickForGood);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "quarantined");
    let machine = fleet.step("w1").traces.machine.clone().unwrap();
    let made = machine.node.to_string();
    // The command had removed the machine before it failed: no list has it, and its node is down.
    fleet.machines.remove(&made);
    let look = fleet.truth.get_mut(&made).unwrap();
    down(look);
    (look.work, look.token) = (BTreeMap::new(), machine.token);
    fleet.is_seen();
    let (run, reason) = (RunId(1), "leave it".to_owned());
    let skip = Command::SkipNode { run, step: key("w1"), seen: Seen::default(), reason: reason.clone() };
    fleet.world.command(ana(), skip).unwrap();
    fleet.goes_to_the_end();
    assert!(fleet.truth.contains_key(&made), "who left it out may have it tried again");
    fleet.world.command(ana(), Command::Abort { run, reason }).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds.last(), Some(&format!("retire {made}")));
    assert!(!fleet.truth.contains_key(&made));
    fleet.world.replay();
}

#[test]
fn a_machine_that_was_handed_over_is_none_even_when_its_rollout_is_forgotten_and_its_node_gone() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.goes_to_the_end();
    let made = fleet.step("w1").traces.machine.clone().unwrap();
    assert_eq!(fleet.world.state.delivered.iter().collect::<Vec<_>>(), [made.token.as_ref().unwrap()]);
    fleet.truth = BTreeMap::from([("w9".to_owned(), look("w9", "r2"))]);
    fleet.is_seen();
    fleet.world.state.rollouts.clear();
    assert!(!is_orphan(&fleet, made.node.as_str(), made.token));
}

#[test]
fn a_machine_that_was_handed_over_is_forgotten_once_another_took_its_place() {
    let mut fleet = Fleet::of(1, pool());
    for name in ["r2", "r3"] {
        fleet.starts(name);
        fleet.goes_to_the_end();
    }
    let there: Vec<&String> = fleet.machines.values().flatten().collect();
    assert_eq!(fleet.world.state.delivered.iter().collect::<Vec<_>>(), there);
    assert_eq!(there.len(), 1);
}

#[test]
fn an_old_machine_that_its_step_could_not_remove_is_one_once_the_step_is_given_up() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.goes_to_the_end();
    let old = fleet.step("w1").traces.machine.clone().unwrap();
    fleet.faults.insert(old.node.to_string(), Fault::NotRemoved);
    let run = fleet.starts("r3");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage(old.node.as_str()), "quarantined");
    assert!(!is_orphan(&fleet, old.node.as_str(), old.token.clone()));
    let reason = "we do not wait for it".to_owned();
    let (step, seen) = (key(old.node.as_str()), Seen::default());
    fleet.world.command(ana(), Command::SkipNode { run, step, seen, reason: reason.clone() }).unwrap();
    assert!(fleet.rollout().ended.is_some());
    assert!(!is_orphan(&fleet, old.node.as_str(), old.token.clone()), "it may be tried again");
    fleet.world.state.rollouts.remove(&run);
    assert!(is_orphan(&fleet, old.node.as_str(), old.token.clone()));
    let new: Vec<&String> =
        fleet.machines.iter().filter(|(name, _)| **name != old.node.as_str()).map(|(name, _)| name).collect();
    let token = fleet.machines[new[0]].clone();
    assert!(!is_orphan(&fleet, new[0], token), "what took its place is wanted");
}

#[test]
fn nothing_is_removed_in_a_freeze_in_a_pause_and_where_another_daemon_has_the_fleet() {
    let fleet_is = |ours: bool| match (ours, "lab".parse().unwrap()) {
        (true, fleet) => EventKind::FleetClaimed { fleet },
        (false, fleet) => EventKind::FleetRefused { fleet, holder: "ops2".to_owned() },
    };
    let mut fleet = with_one_left();
    fleet.world.command(ana(), Command::Freeze { reason: None, until: None }).unwrap();
    is_suspected(&mut fleet);
    assert_eq!((stage(&fleet), fleet.world.pending.len()), (Some(OrphanStage::Removing), 0));
    fleet.world.fact(fleet_is(false));
    fleet.world.command(ana(), Command::Thaw { reason: None }).unwrap();
    assert_eq!(fleet.world.pending.len(), 0);
    fleet.world.fact(fleet_is(true));
    assert_eq!(fleet.world.asked(), [format!("deprovision node {LEFT}")]);

    let mut fleet = with_one_left();
    let run = fleet.starts("r2");
    fleet.world.command(ana(), Command::Pause { run, reason: None, until: None }).unwrap();
    is_suspected(&mut fleet);
    let removals = |fleet: &Fleet| fleet.world.asked().iter().filter(|one| one.contains(LEFT)).count();
    assert_eq!(removals(&fleet), 0);
    fleet.world.command(ana(), Command::Resume { run, reason: None }).unwrap();
    assert_eq!(removals(&fleet), 1);
}

#[test]
fn a_removal_that_fails_is_tried_again_ever_more_seldom() {
    let mut fleet = with_one_left();
    is_suspected(&mut fleet);
    let mut waits = Vec::new();
    for _ in 0..14 {
        let id = fleet.world.take(Action::Deprovision, &key(LEFT));
        let report = Failed { what: "it ended with 1".to_owned(), stderr: "quota".to_owned() };
        fleet.fact(EventKind::NodeRemoved { id, answer: Answer::Done(report) });
        let retry = fleet.world.state.orphans[&ours()].retry.clone().unwrap();
        assert_eq!(retry.cause.why, "it ended with 1 (quota)");
        waits.push(retry.at.since(fleet.world.now).as_secs());
        fleet.world.wait(retry.at.since(fleet.world.now).as_millis().div_ceil(1000));
    }
    assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32]);
    assert_eq!(waits.last(), Some(&900));
    fleet.goes_to_the_end();
    assert!(!fleet.machines.contains_key(LEFT));
}

#[test]
fn a_machine_whose_node_is_used_meanwhile_is_not_removed() {
    let mut fleet = with_one_left();
    is_suspected(&mut fleet);
    let id = fleet.world.take(Action::Deprovision, &key(LEFT));
    let who = Unreachable { who: "machine".to_owned(), why: "it is used".to_owned(), retry_after: None };
    fleet.fact(EventKind::NodeRemoved { id, answer: Answer::Unreachable(who) });
    joins(&mut fleet, |_| {});
    fleet.world.wait(3_600);
    assert_eq!((fleet.world.pending.len(), stage(&fleet)), (0, None));
}

#[test]
fn the_node_that_a_removed_machine_leaves_in_its_fleet_goes_too() {
    let mut fleet = with_one_left();
    joins(&mut fleet, down);
    is_suspected(&mut fleet);
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds, [format!("deprovision {LEFT}"), format!("retire {LEFT}")]);
    assert!(!fleet.truth.contains_key(LEFT) && !fleet.world.state.nodes.contains_key(&node(LEFT)));
    fleet.world.replay();
}

#[test]
fn a_node_that_the_orchestrator_does_not_let_go_is_asked_for_again_and_not_forgotten() {
    let mut fleet = with_one_left();
    joins(&mut fleet, down);
    is_suspected(&mut fleet);
    assert!(fleet.does_one());
    for wait in [1, 2, 4] {
        let id = fleet.world.take(Action::Retire, &key(LEFT));
        let refused = NodeReport::Refused("permission denied".to_owned());
        fleet.fact(EventKind::NodeChanged { id, answer: Answer::Done(refused) });
        let retry = fleet.world.state.orphans.values().next().unwrap().retry.clone().unwrap();
        assert_eq!((retry.cause.who.as_str(), retry.cause.why.as_str()), ("fleet lab", "permission denied"));
        assert_eq!(fleet.world.pending.len(), 0);
        fleet.world.wait(wait);
    }
    assert!(fleet.does_one());
    assert_eq!((fleet.deeds.last(), stage(&fleet)), (Some(&format!("retire {LEFT}")), None));
}

#[test]
fn that_node_is_not_forgotten_while_nobody_knows_which_nodes_there_are() {
    let mut fleet = with_one_left();
    is_suspected(&mut fleet);
    assert!(fleet.does_one());
    assert_eq!(fleet.deeds, [format!("deprovision {LEFT}")]);
    let who = crate::engine::orphans::nodes_source(&"lab".parse().unwrap());
    fleet.world.fact(EventKind::SourceLost { who: who.clone(), why: "refused".to_owned() });
    fleet.world.wait(ORPHAN_NODE.as_secs() + 60);
    fleet.world.fact(EventKind::SourceFound { who });
    joins(&mut fleet, down);
    assert!(fleet.does_one());
    assert_eq!(fleet.deeds.last(), Some(&format!("retire {LEFT}")));
}

#[test]
fn a_machine_that_joined_while_its_step_removed_it_leaves_no_node_behind() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::NeverJoins);
    fleet.starts("r2");
    fleet.to("w1", "restored");
    let deed = "deprovision w1".to_owned();
    assert_eq!(fleet.deeds.last(), Some(&deed));
    let name = fleet.world.state.orphans.values().next().unwrap().node.name.to_string();
    let joined = NodeLook { pool: None, release: None, work: BTreeMap::new(), ..look(&name, "r1") };
    fleet.truth.insert(name.clone(), joined);
    fleet.is_seen();
    assert_eq!(fleet.world.pending.len(), 0, "the orchestrator has not noticed yet");
    down(fleet.truth.get_mut(&name).unwrap());
    fleet.is_seen();
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds.last(), Some(&format!("retire {name}")));
    assert!(!fleet.truth.contains_key(&name));
}

#[test]
fn a_node_of_that_name_that_is_anothers_is_left_alone() {
    type Change = fn(&mut NodeLook);
    let others: [Change; 3] = [
        |look| look.pool = Some(workers()),
        |look| look.token = Some("check-0123456789ab".to_owned()),
        |look| look.work = BTreeMap::from([(workload("web"), 1)]),
    ];
    for change in others {
        let mut fleet = with_one_left();
        is_suspected(&mut fleet);
        let id = fleet.world.take(Action::Deprovision, &key(LEFT));
        fleet.fact(EventKind::NodeRemoved { id, answer: Answer::Done(Done(())) });
        joins(&mut fleet, |look| {
            down(look);
            change(look);
        });
        assert_eq!(fleet.world.pending.len(), 0);
        fleet.world.wait(ORPHAN_NODE.as_secs());
        assert_eq!((fleet.world.pending.len(), stage(&fleet)), (0, None), "it is not waited for without end");
    }
}

#[test]
fn a_node_of_another_name_is_known_by_its_label_of_the_token() {
    let mut fleet = with_one_left();
    let labelled = NodeLook { token: Some(ours()), ..look("w9", "r2") };
    fleet.truth.insert("w9".to_owned(), NodeLook { up: false, work: BTreeMap::new(), ..labelled });
    fleet.is_seen();
    is_suspected(&mut fleet);
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds, [format!("deprovision {LEFT}"), "retire w9".to_owned()]);
    assert!(!fleet.truth.contains_key("w9"));
}

#[test]
fn a_second_result_of_a_removal_changes_nothing() {
    let mut fleet = with_one_left();
    is_suspected(&mut fleet);
    let id = fleet.world.job(Action::Deprovision, &key(LEFT)).id().clone();
    fleet.goes_to_the_end();
    fleet.machines.insert(LEFT.to_owned(), Some(ours()));
    is_suspected(&mut fleet);
    let before = fleet.world.state.orphans.clone();
    fleet.fact(EventKind::NodeRemoved { id, answer: Answer::Done(Done(())) });
    assert_eq!(fleet.world.state.orphans, before);
}
