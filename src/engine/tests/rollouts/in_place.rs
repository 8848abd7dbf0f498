//! Nodes that are updated where they stand.

use super::*;

fn in_place() -> Pool {
    Pool { strategy: Strategy::InPlace, ..pool() }
}

#[test]
fn every_node_is_emptied_updated_and_takes_work_again() {
    let mut fleet = Fleet::of(3, in_place());
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
    let first =
        ["preflight", "cordon", "shift", "update", "admit", "uncordon"].map(|deed| format!("{deed} w1"));
    assert_eq!(fleet.deeds[..6], first);
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r2"))));
    assert_eq!(fleet.truth.keys().collect::<Vec<_>>(), ["w1", "w2", "w3"]);
    assert_eq!(fleet.out(), Vec::<&str>::new());
}

#[test]
fn a_drain_that_is_blocked_lets_the_node_take_work_again() {
    let mut fleet = Fleet::of(2, in_place());
    fleet.faults.insert("w1".to_owned(), Fault::DrainBlocked);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds, ["preflight w1", "cordon w1", "shift w1", "uncordon w1"]);
    assert_eq!((fleet.stage("w1"), fleet.out()), ("restored", vec![]));
}

#[test]
fn a_node_that_was_not_updated_stays_empty_and_a_person_is_told() {
    let mut fleet = Fleet::of(2, in_place());
    fleet.faults.insert("w1".to_owned(), Fault::NotUpdated);
    let run = fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.out()), ("quarantined", vec!["w1"]));
    let words: Vec<_> = fleet.world.state.incidents.values().map(|one| one.cause.word()).collect();
    assert_eq!(words, ["node_not_updated", "put_back_failed"]);
    fleet.faults.clear();
    let retry = Command::Retry { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), retry).unwrap();
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.stage("w2"), fleet.out()), ("done", "done", vec![]));
}

#[test]
fn what_is_sick_on_an_updated_node_is_moved_off_and_the_node_stays_empty() {
    let mut fleet = Fleet::of(2, in_place());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds[5..], ["uncordon w1", "shift_back w1"]);
    assert_eq!((fleet.stage("w1"), fleet.stage("w2"), fleet.out()), ("quarantined", "pending", vec!["w1"]));
}

#[test]
fn a_person_takes_an_updated_node_back_to_the_release_from_before() {
    let mut fleet = Fleet::of(2, in_place());
    let run = fleet.starts("r2");
    fleet.to("w1", "soaking");
    let back = Command::Rollback { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), back).unwrap();
    fleet.until(|fleet| fleet.world.asked() == ["update node w1"]);
    let Job::Update(job) = fleet.world.job(Action::Update, &key("w1")) else { panic!() };
    assert_eq!((job.release, job.address.is_some()), (release("r1"), true));
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds[6..], ["shift_back w1", "update w1", "admit w1", "uncordon w1"]);
    assert_eq!((fleet.stage("w1"), fleet.out()), ("restored", vec![]));
    assert_eq!(fleet.truth["w1"].release, Some(release("r1")));
}

#[test]
fn a_node_that_does_not_come_back_up_is_a_persons_at_its_deadline() {
    let mut fleet = Fleet::of(2, in_place());
    fleet.starts("r2");
    fleet.to("w1", "updating");
    fleet.truth.get_mut("w1").unwrap().up = false;
    fleet.is_seen();
    fleet.to("w1", "rejoining");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "quarantined");
    let words: Vec<_> = fleet.world.state.incidents.values().map(|one| one.cause.word()).collect();
    assert_eq!(words[0], "node_never_joined");
    assert_eq!(fleet.stage("w2"), "pending");
}

#[test]
fn all_that_was_updated_is_updated_back() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(3)], ..in_place() });
    let run = fleet.starts("r2");
    fleet.to("w3", "updating");
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "x".to_owned() }).unwrap();
    fleet.goes_to_the_end();
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r1"))), "{:?}", fleet.truth);
    assert_eq!(fleet.out(), Vec::<&str>::new());
}
