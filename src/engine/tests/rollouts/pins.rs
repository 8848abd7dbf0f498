//! A release that a person skips, and a pool that a person pins.

use super::*;
use crate::engine::decide::Rejection;

fn automatic() -> Pool {
    Pool { automatic_after: Some(Span::from_secs(3600)), ..pool() }
}

fn announce(fleet: &mut Fleet, name: &str) {
    fleet.fact(EventKind::ReleaseAnnounced { pool: workers(), release: release(name) });
}

fn skip(name: &str) -> Command {
    Command::SkipRelease { pool: workers(), release: release(name), reason: "its kernel leaks".to_owned() }
}

fn unskip(name: &str) -> Command {
    Command::UnskipRelease { pool: workers(), release: release(name), reason: None }
}

fn pin() -> Command {
    Command::Pin { pool: workers(), reason: "sale until Monday".to_owned() }
}

fn unpin() -> Command {
    Command::Unpin { pool: workers(), reason: None }
}

fn begun(fleet: &Fleet) -> usize {
    fleet.world.state.rollouts.len()
}

/// What is said to who asks for it.
fn refused(fleet: &mut Fleet, command: Command) -> String {
    fleet.world.command(ben(), command).unwrap_err().to_string()
}

#[test]
fn a_skipped_release_is_not_taken_by_itself_and_the_one_before_it_is() {
    let mut fleet = Fleet::of(1, automatic());
    announce(&mut fleet, "r4");
    fleet.world.command(ana(), skip("r4")).unwrap();
    assert_eq!(fleet.world.state.takes_next(&workers()).unwrap().0, release("r3"));
    fleet.world.wait(3601);
    assert_eq!((begun(&fleet), fleet.rollout().release.clone()), (1, release("r3")));
    fleet.goes_to_the_end();
    fleet.world.wait(30 * 86_400);
    assert_eq!(begun(&fleet), 1);
}

#[test]
fn a_newer_release_than_a_skipped_one_is_taken() {
    let mut fleet = Fleet::of(1, automatic());
    fleet.world.command(ana(), skip("r3")).unwrap();
    announce(&mut fleet, "r4");
    fleet.world.wait(3601);
    assert_eq!(fleet.rollout().release, release("r4"));
}

#[test]
fn a_skip_that_is_taken_back_leaves_the_release_its_age() {
    let mut fleet = Fleet::of(1, automatic());
    for name in ["r2", "r3"] {
        fleet.world.command(ana(), skip(name)).unwrap();
    }
    fleet.world.wait(86_400);
    assert_eq!(begun(&fleet), 0);
    fleet.world.command(ben(), unskip("r3")).unwrap();
    assert_eq!((begun(&fleet), fleet.rollout().release.clone()), (1, release("r3")));
}

#[test]
fn a_person_may_start_a_skipped_release_and_it_is_skipped_no_more() {
    let mut fleet = Fleet::of(1, pool());
    fleet.world.command(ana(), skip("r3")).unwrap();
    fleet.starts("r3");
    let one = fleet.world.state.announced(&workers(), &release("r3")).unwrap();
    assert!(one.taken && one.skipped.is_none(), "{one:?}");
    assert!(refused(&mut fleet, skip("r3")).contains("has begun in pool workers"));
}

#[test]
fn a_skip_needs_a_known_release_and_a_reason_and_is_said_twice_in_vain() {
    let mut fleet = Fleet::of(1, pool());
    assert!(refused(&mut fleet, skip("r9")).contains("no release r9 announced for pool workers"));
    assert!(refused(&mut fleet, unskip("r3")).contains("not skipped"));
    let blank = Command::SkipRelease { pool: workers(), release: release("r3"), reason: " ".to_owned() };
    assert!(refused(&mut fleet, blank).contains("a reason is needed"));
    fleet.world.command(ana(), skip("r3")).unwrap();
    let again = fleet.world.command(ben(), skip("r3")).unwrap_err();
    assert!(matches!(&again, Rejection::Already(text) if text.contains("ana since")), "{again}");
}

#[test]
fn a_pinned_pool_stays_on_what_it_has_until_it_is_unpinned() {
    let mut fleet = Fleet::of(1, automatic());
    fleet.world.command(ana(), pin()).unwrap();
    fleet.world.wait(30 * 86_400);
    assert_eq!((begun(&fleet), fleet.world.state.takes_next(&workers())), (0, None));
    let error = fleet.world.state.rollout_plan(&workers(), &release("r3")).unwrap_err().to_string();
    assert!(error.contains("pinned by ana since") && error.contains("sale until Monday"), "{error}");
    assert!(refused(&mut fleet, pin()).contains("is pinned by ana"));
    fleet.world.command(ben(), unpin()).unwrap();
    assert_eq!(begun(&fleet), 1);
    assert!(refused(&mut fleet, unpin()).contains("is not pinned"));
}

#[test]
fn a_pin_lets_what_is_under_way_go_on_and_be_taken_back_but_not_go_forward() {
    let mut fleet = Fleet::of(2, pool());
    let run = fleet.starts("r2");
    fleet.world.command(ana(), pin()).unwrap();
    let forward = Command::RollForward { run, release: release("r3"), reason: None };
    assert!(refused(&mut fleet, forward).contains("pinned by ana"));
    fleet.goes_to_the_end();
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r2"))));
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "slow".to_owned() }).unwrap();
    fleet.goes_to_the_end();
    assert!(fleet.truth.values().all(|look| look.release == Some(release("r1"))));
}

#[test]
fn a_pin_needs_a_known_pool_and_a_reason() {
    let mut fleet = Fleet::of(1, pool());
    let others = Command::Pin { pool: "others".parse().unwrap(), reason: "x".to_owned() };
    assert!(refused(&mut fleet, others).contains("no pool others in the configuration"));
    assert!(
        refused(&mut fleet, Command::Pin { pool: workers(), reason: String::new() }).contains("a reason")
    );
}
