//! What a person may ask of a rollout, and what it does.

use super::*;

fn refused(fleet: &mut Fleet, command: Command) -> String {
    fleet.world.command(ben(), command).unwrap_err().to_string()
}

fn start(name: &str, plan: Option<Digest>) -> Command {
    let seen = Seen { plan, ..Seen::default() };
    Command::StartRollout { pool: workers(), release: release(name), seen, reason: None }
}

fn plan(fleet: &Fleet, name: &str) -> Digest {
    fleet.world.state.rollout_plan(&workers(), &release(name)).unwrap().hash()
}

#[test]
fn a_start_from_a_stale_plan_is_refused() {
    let mut fleet = Fleet::of(3, pool());
    let shown = plan(&fleet, "r2");
    fleet.truth.remove("w3");
    fleet.is_seen();
    let said = refused(&mut fleet, start("r2", Some(shown.clone())));
    assert_eq!(said, "the plan for pool workers has changed since; look again, then decide again");
    let said = refused(&mut fleet, start("r2", None));
    assert_eq!(said, "a rollout is started from a plan; name the one that you saw");
    // The work on the nodes is no part of the plan: it moves all the time.
    let shown = plan(&fleet, "r2");
    fleet.truth.get_mut("w1").unwrap().work.clear();
    fleet.is_seen();
    fleet.world.command(ben(), start("r2", Some(shown))).unwrap();
}

#[test]
fn a_plan_of_another_release_or_under_another_policy_is_another_plan() {
    let fleet = Fleet::of(3, pool());
    let other = Fleet::of(3, Pool { max_unavailable: 2, ..pool() });
    assert_ne!(plan(&fleet, "r2"), plan(&fleet, "r3"));
    assert_ne!(plan(&fleet, "r2"), plan(&other, "r2"));
    assert_eq!(plan(&fleet, "r2"), plan(&Fleet::of(3, pool()), "r2"));
}

#[test]
fn what_cannot_be_started_says_why() {
    let mut fleet = Fleet::of(2, pool());
    let anything = Some(digest("plan"));
    let said = refused(&mut fleet, start("r9", anything.clone()));
    assert!(said.starts_with("release r9 was not announced for pool workers"), "{said}");
    let said = refused(&mut fleet, start("r1", anything.clone()));
    assert!(said.starts_with("release r1 was not announced"), "{said}");
    fleet.starts("r2");
    let said = refused(&mut fleet, start("r3", anything.clone()));
    assert!(said.starts_with("rollout 1 of pool workers has not ended"), "{said}");
    fleet.goes_to_the_end();
    let said = refused(&mut fleet, start("r2", anything.clone()));
    assert_eq!(said, "every node of pool workers has release r2");
    let mut fleet = Fleet::of(0, pool());
    assert!(
        refused(&mut fleet, start("r2", anything.clone())).starts_with("no node of fleet lab was seen yet")
    );
    let mut fleet = Fleet::of(2, Pool { max_unavailable: 0, ..pool() });
    assert!(refused(&mut fleet, start("r2", anything)).contains("max_unavailable 0"));
}

#[test]
fn a_release_is_announced_once_and_only_for_a_pool_that_is_there() {
    let mut fleet = Fleet::of(1, pool());
    let again = Command::Release { pool: workers(), release: release("r2") };
    assert!(refused(&mut fleet, again).starts_with("ana announced r2"));
    let other = Command::Release { pool: "others".parse().unwrap(), release: release("r2") };
    assert!(refused(&mut fleet, other).starts_with("there is no pool others"));
}

#[test]
fn a_pause_begins_no_node_and_lets_what_is_in_hand_go_on_to_its_safe_point() {
    let mut fleet = Fleet::of(2, pool());
    let run = fleet.starts("r2");
    fleet.to("w1", "shifting");
    let pause = Command::Pause { run, reason: Some("lunch".to_owned()), until: None };
    fleet.world.command(ben(), pause.clone()).unwrap();
    assert!(refused(&mut fleet, pause).starts_with("ben paused this"));
    fleet.goes_to_the_end();
    // The old node is kept: to remove it begins something.
    assert_eq!((fleet.stage("w1"), fleet.stage("w2")), ("retiring", "pending"));
    assert_eq!(fleet.waits(), "paused by ben: lunch");
    assert!(fleet.truth.contains_key("w1"));
    fleet.world.command(ben(), Command::Resume { run, reason: None }).unwrap();
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn a_pause_before_a_machine_is_asked_for_does_not_use_up_its_time() {
    let mut fleet = Fleet::of(1, pool());
    let run = fleet.starts("r2");
    let pause = Command::Pause { run, reason: None, until: None };
    fleet.world.command(ben(), pause).unwrap();
    fleet.until(|fleet| fleet.stage("w1") == "provisioning");
    fleet.world.wait(86_400);
    assert_eq!(fleet.waits(), "paused by ben");
    fleet.world.command(ben(), Command::Resume { run, reason: None }).unwrap();
    fleet.to("w1", "done");
}

#[test]
fn a_pause_that_ends_by_itself_lets_it_go_on() {
    let mut fleet = Fleet::of(1, pool());
    let run = fleet.starts("r2");
    fleet.to("w1", "joining");
    let until = Some(fleet.world.now + Span::from_secs(3600));
    fleet.world.command(ben(), Command::Pause { run, reason: None, until }).unwrap();
    fleet.until(|fleet| fleet.step("w1").traces.admitted);
    // It joined while it was paused: the work is not taken in hand.
    assert_eq!((fleet.stage("w1"), fleet.waits().as_str()), ("joining", "paused by ben"));
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn a_freeze_begins_no_node_and_a_thaw_lets_all_go_on() {
    let mut fleet = Fleet::of(1, pool());
    fleet.world.command(ben(), Command::Freeze { reason: None, until: None }).unwrap();
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.deeds.len(), fleet.waits().as_str()), (0, "everything is frozen by ben"));
    fleet.world.command(ben(), Command::Thaw { reason: None }).unwrap();
    fleet.to("w1", "done");
}

#[test]
fn a_failure_is_taken_back_while_everything_is_frozen() {
    let mut fleet = Fleet::of(1, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.to("w1", "soaking");
    fleet.world.command(ben(), Command::Freeze { reason: None, until: None }).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "restored");
}

#[test]
fn a_fleet_that_another_daemon_holds_is_not_touched() {
    let mut fleet = Fleet::of(1, pool());
    let held = EventKind::FleetRefused { fleet: "lab".parse().unwrap(), holder: "host2 pid 7".to_owned() };
    fleet.fact(held);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.deeds.len(), fleet.waits().as_str()), (0, "fleet lab: it is held by host2 pid 7"));
    fleet.fact(EventKind::FleetClaimed { fleet: "lab".parse().unwrap() });
    fleet.to("w1", "done");
}

#[test]
fn a_gap_is_shown_to_a_person_and_only_then_the_work_is_moved() {
    let mut fleet = Fleet::of(1, pool());
    let gap = finding(FindingKind::Gap, "it is down for a moment: its port is bound on the host");
    fleet.blocks.insert("w1".to_owned(), vec![gap]);
    let run = fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.deeds.len()), ("undecided", 1));
    assert_eq!(fleet.waits(), "a person: lab/web: it is down for a moment: its port is bound on the host");
    let seen = fleet.seen("w1");
    fleet
        .world
        .command(ben(), Command::Approve { run, step: key("w1"), seen: seen.clone(), note: None })
        .unwrap();
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    let Job::Shift(job) = fleet.world.job(Action::Shift, &key("w1")) else { panic!() };
    assert_eq!(job.gaps, BTreeSet::from([workload("web")]));
    let said = refused(&mut fleet, Command::Approve { run, step: key("w1"), seen, note: None });
    assert!(said.contains("has changed since"), "{said}");
    fleet.to("w1", "done");
}

#[test]
fn an_agreed_gap_does_not_let_another_block_pass() {
    let mut fleet = Fleet::of(1, pool());
    let gap = finding(FindingKind::Gap, "it is down for a moment");
    fleet.blocks.insert("w1".to_owned(), vec![gap.clone()]);
    let run = fleet.starts("r2");
    fleet.to("w1", "undecided");
    let other = Finding { workload: Some(workload("api")), ..gap.clone() };
    fleet.blocks.insert("w1".to_owned(), vec![gap, other]);
    let seen = fleet.seen("w1");
    fleet.world.command(ben(), Command::Approve { run, step: key("w1"), seen, note: None }).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(
        (fleet.stage("w1"), fleet.waits().as_str()),
        ("undecided", "a person: lab/api: it is down for a moment")
    );
}

#[test]
fn what_was_sick_before_is_not_blamed_on_the_node_and_a_person_decides() {
    for accepted in [true, false] {
        let mut fleet = Fleet::of(1, pool());
        let run = fleet.starts("r2");
        fleet.to("w1", "shifting");
        let id = fleet.world.take(Action::Baseline, &key("w1"));
        let sick =
            || Answer::Done(LookReport::Seen(Box::new(Look { running: 1, ..look_at("web@old", None, 5) })));
        fleet.fact(EventKind::WorkloadLooked { id, answer: sick() });
        fleet.to("w1", "soaking");
        fleet.world.wait(60);
        let id = fleet.world.take(Action::Look, &key("w1"));
        fleet.fact(EventKind::WorkloadLooked { id, answer: sick() });
        assert_eq!(fleet.stage("w1"), "undecided");
        assert_eq!(fleet.waits(), "a person: lab/web: it was sick before the update and is no worse now");
        let seen = fleet.seen("w1");
        let step = key("w1");
        let command = if accepted {
            Command::Approve { run, step, seen, note: None }
        } else {
            Command::Rollback { run, step, seen, reason: None }
        };
        fleet.world.command(ben(), command).unwrap();
        fleet.to("w1", if accepted { "done" } else { "restored" });
        assert_eq!(fleet.world.state.incidents.len(), 0);
    }
}

#[test]
fn what_moved_without_having_been_looked_at_is_a_persons_to_judge() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    let work = BTreeMap::from([(workload("web"), 1), (workload("late"), 1)]);
    fleet.truth.get_mut("w1").unwrap().work = work;
    fleet.goes_to_the_end();
    assert_eq!(fleet.waits(), "a person: lab/late: it was not looked at before it moved");
}

#[test]
fn a_node_that_a_person_takes_back_stops_the_rollout_without_an_incident() {
    let mut fleet = Fleet::of(2, pool());
    let run = fleet.starts("r2");
    fleet.to("w1", "soaking");
    let command =
        Command::Rollback { run, step: key("w1"), seen: fleet.seen("w1"), reason: Some("slow".to_owned()) };
    fleet.world.command(ben(), command).unwrap();
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.stage("w2")), ("restored", "pending"));
    assert_eq!(fleet.waits(), "a person: it stopped, node w1: put back by ben: slow");
    assert_eq!(fleet.world.state.incidents.len(), 0);
}

#[test]
fn a_node_whose_old_one_is_leaving_is_not_taken_back_half_way() {
    let mut fleet = Fleet::of(1, pool());
    let run = fleet.starts("r2");
    fleet.to("w1", "retiring");
    let command = Command::Rollback { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    let said = refused(&mut fleet, command);
    assert_eq!(said, "the old node of node:lab/w1 is leaving; roll it back when it is done");
}

#[test]
fn a_node_that_is_left_out_lets_the_others_go_on() {
    let mut fleet = Fleet::of(3, pool());
    fleet.faults.insert("w1".to_owned(), Fault::NeverJoins);
    let run = fleet.starts("r2");
    fleet.goes_to_the_end();
    let skip = |fleet: &Fleet, reason: &str| Command::SkipNode {
        run,
        step: key("w1"),
        seen: fleet.seen("w1"),
        reason: reason.to_owned(),
    };
    let without = skip(&fleet, " ");
    assert!(refused(&mut fleet, without).starts_with("a reason is needed"));
    let command = skip(&fleet, "its rack is full");
    fleet.world.command(ben(), command).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(["w1", "w2", "w3"].map(|name| fleet.stage(name)), ["skipped", "done", "done"]);
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.truth["w1"].release, Some(release("r1")));
}

#[test]
fn a_node_that_is_tried_again_gets_a_machine_of_its_own() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::NeverJoins);
    let run = fleet.starts("r2");
    fleet.to("w1", "joining");
    let first = fleet.step("w1").traces.token.clone();
    fleet.goes_to_the_end();
    fleet.faults.clear();
    let retry = Command::Retry { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), retry.clone()).unwrap();
    assert!(refused(&mut fleet, retry).contains("has changed since"));
    fleet.to("w1", "joining");
    assert_ne!(fleet.step("w1").traces.token, first);
    fleet.goes_to_the_end();
    assert_eq!(["w1", "w2"].map(|name| fleet.stage(name)), ["done", "done"]);
}

#[test]
fn a_node_that_is_tried_again_asks_for_nothing_by_an_id_that_was_used_before() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::DrainBlocked);
    let run = fleet.starts("r2");
    let looks = |fleet: &Fleet| -> Vec<_> {
        let looks = fleet.world.pending.iter().filter(|job| matches!(job, Job::Look(_)));
        looks.map(|job| job.id().clone()).collect()
    };
    fleet.to("w1", "shifting");
    let first = looks(&fleet);
    fleet.goes_to_the_end();
    let retry = Command::Retry { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), retry).unwrap();
    fleet.to("w1", "shifting");
    let second = looks(&fleet);
    assert!(!first.is_empty() && first.len() == second.len(), "{first:?} {second:?}");
    assert!(second.iter().all(|id| !first.contains(id)), "{first:?} {second:?}");
}

#[test]
fn a_node_that_is_gone_from_its_fleet_is_left_out_by_itself() {
    let mut fleet = Fleet::of(2, pool());
    fleet.starts("r2");
    fleet.truth.remove("w1");
    fleet.goes_to_the_end();
    assert_eq!(["w1", "w2"].map(|name| fleet.stage(name)), ["skipped", "done"]);
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn what_is_no_rollouts_is_refused() {
    let mut fleet = Fleet::of(1, pool());
    let run = RunId(7);
    let said = refused(&mut fleet, Command::RollBackAll { run, reason: "x".to_owned() });
    assert!(said.starts_with("there is no rollout 7"), "{said}");
    let run = fleet.starts("r2");
    let seen = Seen::default();
    let reject = Command::Reject { run, step: key("w1"), seen: seen.clone(), reason: "no".to_owned() };
    assert!(refused(&mut fleet, reject).starts_with("nothing is held in a rollout"));
    let missing = Command::Retry { run, step: key("w9"), seen, reason: None };
    assert!(refused(&mut fleet, missing).starts_with("there is no step node:lab/w9 in rollout 1"));
}
