//! Waves, zones, and how many nodes may be out.

use super::*;
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Strategy as _;

fn planned(fleet: &Fleet) -> Vec<(String, u32)> {
    let plan = fleet.world.state.rollout_plan(&workers(), &release("r2")).unwrap();
    plan.nodes.iter().map(|one| (one.node.name.to_string(), one.wave)).collect()
}

fn waves(fleet: &Fleet) -> Vec<u32> {
    planned(fleet).into_iter().map(|(_, wave)| wave).collect()
}

#[test]
fn first_one_node_then_a_share_then_the_rest() {
    let sizes = vec![WaveSize::Nodes(1), WaveSize::Percent(30), WaveSize::Percent(100)];
    let fleet = Fleet::of(9, Pool { waves: sizes, ..pool() });
    // 30 % of 9 is 2.7, rounded up.
    assert_eq!(waves(&fleet), [1, 2, 2, 2, 3, 3, 3, 3, 3]);
    let fleet = Fleet::of(5, Pool { waves: vec![WaveSize::Nodes(1), WaveSize::Nodes(2)], ..pool() });
    assert_eq!(waves(&fleet), [1, 2, 2, 3, 3]);
    let fleet = Fleet::of(3, Pool { waves: Vec::new(), ..pool() });
    assert_eq!(waves(&fleet), [1, 1, 1]);
    let fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Percent(1)], ..pool() });
    assert_eq!(waves(&fleet), [1, 2, 3]);
}

#[test]
fn zones_come_in_the_configured_order_and_the_daemons_own_node_last() {
    let (zones, own) = (vec!["b".to_owned()], Some("w1".parse().unwrap()));
    let mut fleet = Fleet::of(5, Pool { zones, own_node: own, ..pool() });
    for (name, zone) in [("w1", "b"), ("w2", "c"), ("w3", "a"), ("w4", "b")] {
        fleet.truth.get_mut(name).unwrap().zone = Some(zone.to_owned());
    }
    fleet.is_seen();
    let order: Vec<String> = planned(&fleet).into_iter().map(|(name, _)| name).collect();
    assert_eq!(order, ["w4", "w3", "w2", "w5", "w1"]);
}

#[test]
fn nodes_that_have_the_release_and_nodes_of_other_pools_are_left_alone() {
    let mut fleet = Fleet::of(4, pool());
    fleet.truth.get_mut("w2").unwrap().release = Some(release("r2"));
    fleet.truth.get_mut("w3").unwrap().pool = None;
    fleet.is_seen();
    assert_eq!(planned(&fleet), [("w1".to_owned(), 1), ("w4".to_owned(), 2)]);
}

#[test]
fn a_wave_begins_when_the_one_before_has_ended() {
    let mut fleet = Fleet::of(5, Pool { max_unavailable: 2, ..pool() });
    fleet.starts("r2");
    fleet.to("w1", "soaking");
    assert_eq!((fleet.rollout().flying.len(), fleet.stage("w2")), (1, "pending"));
    let waiting = fleet.world.state.node_waiting(fleet.rollout(), fleet.step("w2")).unwrap();
    assert_eq!(waiting.what, "wave 1 to end");
    fleet.to("w1", "done");
    assert_eq!((fleet.rollout().flying.len(), fleet.stage("w3")), (2, "preflight"));
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn two_zones_are_not_touched_at_the_same_time() {
    let waves = vec![WaveSize::Percent(100)];
    let mut fleet = Fleet::of(4, Pool { max_unavailable: 4, waves, ..pool() });
    for (name, zone) in [("w1", "a"), ("w2", "a"), ("w3", "b"), ("w4", "b")] {
        fleet.truth.get_mut(name).unwrap().zone = Some(zone.to_owned());
    }
    fleet.is_seen();
    fleet.starts("r2");
    assert_eq!(fleet.rollout().in_flight().map(name_of).collect::<Vec<_>>(), ["w1", "w2"]);
    fleet.until(|fleet| {
        let zones: BTreeSet<_> = fleet.rollout().in_flight().map(|step| step.zone.clone()).collect();
        assert!(zones.len() <= 1);
        false
    });
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn a_node_that_somebody_else_took_out_counts_and_is_named() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(1)], ..pool() });
    fleet.starts("r2");
    fleet.to("w1", "soaking");
    fleet.truth.get_mut("w3").unwrap().up = false;
    fleet.faults.insert("w3".to_owned(), Fault::Dies);
    fleet.is_seen();
    fleet.to("w1", "done");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w2"), "pending");
    assert_eq!(fleet.waits(), "w3 to be back (at most 1 may be out)");
    fleet.truth.get_mut("w3").unwrap().up = true;
    fleet.is_seen();
    assert_eq!(fleet.stage("w2"), "preflight");
}

#[test]
fn a_node_that_is_out_may_come_first_in_its_wave() {
    let mut fleet = Fleet::of(3, pool());
    fleet.starts("r2");
    fleet.to("w1", "soaking");
    fleet.truth.get_mut("w3").unwrap().up = false;
    fleet.faults.insert("w3".to_owned(), Fault::Dies);
    fleet.is_seen();
    fleet.to("w1", "done");
    assert_eq!((fleet.stage("w2"), fleet.stage("w3")), ("pending", "preflight"));
    fleet.faults.clear();
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn a_node_that_was_out_before_does_not_count() {
    let mut fleet = Fleet::of(3, pool());
    fleet.truth.get_mut("w3").unwrap().availability = Availability::Drained;
    fleet.is_seen();
    fleet.starts("r2");
    assert_eq!(fleet.stage("w1"), "preflight");
}

#[test]
fn a_namesake_that_left_does_not_hide_the_node_that_is_up() {
    let mut fleet = Fleet::of(1, pool());
    let up = fleet.truth["w1"].clone();
    let down = NodeLook { uid: "older".to_owned(), up: false, ..up.clone() };
    for nodes in [vec![up.clone(), down.clone()], vec![down, up.clone()]] {
        fleet.world.fact(EventKind::NodesSeen { fleet: "lab".parse().unwrap(), nodes, gone: Vec::new() });
        assert_eq!(fleet.world.state.nodes[&node("w1")], up);
    }
}

#[derive(Debug, Clone)]
struct Story {
    nodes: usize,
    pool: Pool,
    zones: Vec<usize>,
    faults: Vec<Option<Fault>>,
    /// What a person does, after so many answers, or once nothing goes on by itself.
    people: Vec<(u8, u8)>,
}

fn stories() -> impl proptest::strategy::Strategy<Value = Story> {
    let fault = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fault::NeverMade)),
        1 => Just(Some(Fault::NeverJoins)),
        1 => Just(Some(Fault::DrainBlocked)),
        1 => Just(Some(Fault::Sick)),
        1 => Just(Some(Fault::SickForGood)),
        1 => Just(Some(Fault::NotRemoved)),
        1 => Just(Some(Fault::NotUpdated)),
    ];
    let faults = prop::collection::vec(fault, 8);
    let people = prop::collection::vec((0u8..60, 0u8..9), 1..8);
    let zones = prop::collection::vec(0usize..3, 8);
    (1usize..8, 1u32..4, 0u32..3, any::<bool>(), 1u32..4, zones, faults, people).prop_map(
        |(nodes, out, budget, surge, wave, zones, faults, people)| {
            let strategy = if surge { Strategy::Surge } else { Strategy::InPlace };
            let waves = vec![WaveSize::Nodes(1), WaveSize::Nodes(wave)];
            let pool = Pool { strategy, waves, max_unavailable: out, failure_budget: budget, ..pool() };
            Story { nodes, pool, zones, faults, people }
        },
    )
}

/// What a person does with a rollout that waits: the first failed node is tried again or left out, or all goes on, back, or stays.
fn a_person_acts(fleet: &mut Fleet, choice: u8) {
    let run = fleet.rollout().id;
    let failed = fleet.rollout().bad.first().and_then(|place| fleet.rollout().at(*place)).cloned();
    let reason = "because".to_owned();
    let undecided = fleet.rollout().in_flight().next().cloned();
    if let Some(step) = undecided.filter(|step| step.word() == "undecided") {
        let _ = fleet
            .world
            .command(ben(), Command::Approve { run, step: step.key, seen: Seen::default(), note: None });
        return;
    }
    let command = match (choice, failed) {
        (0, Some(step)) => Command::Retry { run, step: step.key, seen: Seen::default(), reason: None },
        (1, Some(step)) => Command::SkipNode { run, step: step.key, seen: Seen::default(), reason },
        (2, _) => Command::RollBackAll { run, reason },
        (3, _) => Command::RollForward { run, release: release("r3"), reason: None },
        (4, _) => Command::Abort { run, reason },
        (5, _) => Command::Pause { run, reason: None, until: Some(fleet.world.now + Span::from_secs(500)) },
        (6, _) => Command::Resume { run, reason: None },
        (_, _) => match fleet.rollout().in_flight().last().cloned() {
            Some(step) => Command::Rollback { run, step: step.key, seen: Seen::default(), reason: None },
            None => return fleet.is_seen(),
        },
    };
    // It may be refused: then it changes nothing.
    let _ = fleet.world.command(ben(), command);
    fleet.never_too_many_out();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// The fleet checks after every fact that no more nodes are out than may be, and the world that nothing waits in silence and that a
    /// restart asks for what is pending. Here: that everything ends, and what it leaves behind.
    #[test]
    fn never_more_nodes_are_out_than_may_be_whatever_goes_wrong_and_whatever_people_do(story in stories()) {
        let mut fleet = Fleet::of(story.nodes, story.pool.clone());
        for (at, look) in fleet.truth.values_mut().enumerate() {
            look.zone = Some(format!("z{}", story.zones[at]));
        }
        for (at, fault) in story.faults.iter().enumerate() {
            fleet.faults.extend(fault.map(|fault| (format!("w{}", at + 1), fault)));
        }
        fleet.is_seen();
        fleet.starts("r2");
        for (answers, choice) in &story.people {
            fleet.goes_on(*answers);
            a_person_acts(&mut fleet, *choice);
        }
        // Faults off: whatever was left is aborted, and ends.
        fleet.faults.clear();
        fleet.is_seen();
        let run = fleet.rollout().id;
        let _ = fleet.world.command(ben(), Command::Abort { run, reason: "over".to_owned() });
        fleet.goes_to_the_end();
        prop_assert!(fleet.world.state.rolling().next().is_none(), "{}", fleet.waits());
        prop_assert_eq!(fleet.world.pending.len(), 0);
        let touched = fleet.world.state.rollouts.values().flat_map(|rollout| rollout.steps.values());
        for step in touched.filter(|step| step.word() == "quarantined") {
            prop_assert!(step.incident.is_some(), "{} is quarantined and nobody was told", step.key);
        }
        // Every machine is a node of the fleet, or something that could not be removed and was said to be.
        let quarantined = fleet.world.state.rollouts.values().flat_map(|rollout| rollout.steps.values())
            .any(|step| step.word() == "quarantined" || step.word() == "skipped");
        if !quarantined {
            prop_assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), fleet.truth.keys().collect::<Vec<_>>());
        }
        fleet.world.replay();
    }
}
