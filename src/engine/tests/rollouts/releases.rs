//! Where a release comes from, and what is taken by itself.

use super::*;

fn automatic() -> Pool {
    Pool { automatic_after: Some(Span::from_secs(3600)), ..pool() }
}

fn announce(fleet: &mut Fleet, name: &str) {
    let by = Actor::Webhook("vendor".to_owned());
    fleet.world.fact_by(by, EventKind::ReleaseAnnounced { pool: workers(), release: release(name) });
}

#[test]
fn a_release_is_not_taken_by_itself_unless_the_pool_says_so() {
    let mut fleet = Fleet::of(1, pool());
    fleet.world.wait(30 * 86_400);
    assert_eq!(fleet.world.state.rollouts.len(), 0);
}

#[test]
fn the_newest_release_is_taken_by_itself_once_it_is_old_enough() {
    let mut fleet = Fleet::of(2, automatic());
    fleet.world.wait(3590);
    assert_eq!(fleet.world.state.rollouts.len(), 0);
    announce(&mut fleet, "r4");
    fleet.world.wait(3590);
    assert_eq!(fleet.world.state.rollouts.len(), 0);
    fleet.world.wait(20);
    assert_eq!(fleet.rollout().release, release("r4"));
    assert_eq!(fleet.rollout().by.to_string(), "policy automatic_after of pool workers");
    fleet.goes_to_the_end();
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r4"))));
    fleet.world.wait(30 * 86_400);
    assert_eq!(fleet.world.state.rollouts.len(), 1);
}

#[test]
fn a_release_that_is_announced_again_does_not_get_younger() {
    let mut fleet = Fleet::of(1, automatic());
    announce(&mut fleet, "r4");
    fleet.world.wait(3000);
    announce(&mut fleet, "r4");
    fleet.world.wait(601);
    assert_eq!(fleet.rollout().release, release("r4"));
}

#[test]
fn a_release_that_failed_is_not_started_again_by_itself_and_by_a_person_it_is() {
    let mut fleet = Fleet::of(2, automatic());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.world.wait(3601);
    fleet.goes_to_the_end();
    let run = fleet.rollout().id;
    fleet.world.command(ben(), Command::Abort { run, reason: "bad".to_owned() }).unwrap();
    fleet.world.wait(30 * 86_400);
    assert_eq!((fleet.world.state.rollouts.len(), fleet.world.state.bad_releases.len()), (1, 1));
    fleet.faults.clear();
    fleet.starts("r3");
    assert_eq!(fleet.world.state.bad_releases.len(), 0);
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn a_newer_release_waits_for_a_rollout_that_waits_for_a_person() {
    let mut fleet = Fleet::of(2, automatic());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.world.wait(3601);
    fleet.goes_to_the_end();
    announce(&mut fleet, "r4");
    fleet.world.wait(86_400);
    assert_eq!(fleet.world.state.rollouts.len(), 1);
    let run = fleet.rollout().id;
    fleet.faults.clear();
    fleet.world.command(ben(), Command::Abort { run, reason: "on".to_owned() }).unwrap();
    assert_eq!(fleet.rollout().release, release("r4"));
}

#[test]
fn nothing_is_taken_by_itself_while_everything_is_frozen() {
    let mut fleet = Fleet::of(1, automatic());
    fleet.world.command(ben(), Command::Freeze { reason: None, until: None }).unwrap();
    fleet.world.wait(86_400);
    assert_eq!(fleet.world.state.rollouts.len(), 0);
    fleet.world.command(ben(), Command::Thaw { reason: None }).unwrap();
    assert_eq!(fleet.world.state.rollouts.len(), 1);
}

#[test]
fn a_webhook_for_a_pool_that_is_not_there_is_kept_nowhere() {
    let mut fleet = Fleet::of(1, pool());
    let others: PoolName = "others".parse().unwrap();
    fleet.fact(EventKind::ReleaseAnnounced { pool: others.clone(), release: release("r4") });
    assert!(!fleet.world.state.releases.contains_key(&others));
}
