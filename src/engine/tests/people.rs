//! People: approvals, pauses, freezes, aborts, retries, put-backs.

use super::deploys::{ended_task, left_there};
use super::*;

fn held() -> World {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    assert_eq!(world.stage(&dep("web")), "held");
    world
}

#[test]
fn a_stale_approval_is_refused_and_changes_nothing() {
    let mut world = held();
    let seen = Seen { digest: Some(digest("another")), plan: None, generation: None };
    let command = Command::Approve { run: RUN, step: dep("web"), seen, note: None };
    let refused = world.command(ana(), command).unwrap_err();
    assert!(matches!(refused, Rejection::Stale { .. }), "{refused}");
    let blind = Command::Approve { run: RUN, step: dep("web"), seen: Seen::default(), note: None };
    assert!(world.command(ana(), blind).is_err());
    assert_eq!(world.stage(&dep("web")), "held");
}

#[test]
fn two_approvals_must_come_from_two_people() {
    let mut setup = setup();
    setup.gates.get_mut(&"prod".parse().unwrap()).unwrap().approvals = 2;
    let mut world = World::with(setup);
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    assert!(matches!(world.approve(ana(), &dep("web")), Err(Rejection::Already(_))));
    assert_eq!(world.stage(&dep("web")), "held");
    world.approve(ben(), &dep("web")).unwrap();
    assert_eq!(world.stage(&dep("web")), "updating");
}

#[test]
fn who_started_a_run_does_not_approve_it() {
    let mut world = World::new();
    world.command(ana(), Command::Start { image: image("web"), reason: None }).unwrap();
    world.makes("web");
    assert!(matches!(world.approve(ana(), &dep("web")), Err(Rejection::Refused(_))));
    world.approve(ben(), &dep("web")).unwrap();
}

#[test]
fn an_approval_that_nobody_gives_expires_and_blocks_what_follows() {
    let mut world = held();
    world.wait(3601);
    assert_eq!(world.stage(&dep("web")), "aborted");
    assert_eq!(world.stage(&dep("api")), "blocked");
    assert!(world.ended());
    world.replay();
}

#[test]
fn a_rejected_image_rejects_what_was_built_on_it() {
    let mut setup = setup();
    setup.gates.get_mut(&"prod".parse().unwrap()).unwrap().before = GateBefore::Publish;
    setup.recipes.get_mut(&image("framework")).unwrap().gate = Some("prod".parse().unwrap());
    let mut world = World::with(setup);
    world.sees("os", "os 2");
    for name in ["tool", "runtime"] {
        world.makes(name);
    }
    world.builds("framework");
    world.tests(Action::Test, "framework", true);
    world.builds("web");
    world.tests(Action::Test, "web", true);
    assert_eq!(world.stage(&img("web")), "cleared");
    let seen = Seen { digest: Some(digest("new framework r1")), ..Seen::default() };
    let reject = |reason: &str| Command::Reject {
        run: RUN,
        step: img("framework"),
        seen: seen.clone(),
        reason: reason.to_owned(),
    };
    assert!(world.command(ana(), reject(" ")).is_err());
    world.command(ana(), reject("not on a Friday")).unwrap();
    assert_eq!(world.stage(&img("framework")), "aborted");
    assert_eq!(world.stage(&img("web")), "blocked");
    assert_eq!(world.stage(&img("api")), "blocked");
    assert!(!world.done.contains(&"publish web:1".to_owned()));
    assert!(world.ended() && world.pending.is_empty());
}

#[test]
fn a_pause_starts_nothing_new_and_what_is_in_flight_goes_on_to_its_next_safe_point() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.command(ana(), Command::Pause { run: RUN, reason: None, until: None }).unwrap();
    world.builds("runtime");
    assert_eq!(world.asked(), ["build tool:1"]);
    let run = &world.state.runs[&RUN];
    assert!(world.state.waiting(run, &run.steps[&img("runtime")]).unwrap().what.contains("paused by ana"));
    let again = world.command(ben(), Command::Pause { run: RUN, reason: None, until: None });
    assert!(matches!(again, Err(Rejection::Already(_))));
    world.command(ben(), Command::Resume { run: RUN, reason: None }).unwrap();
    assert_eq!(world.asked(), ["build tool:1", "test runtime:1"]);
    world.replay();
}

#[test]
fn a_pause_with_an_end_ends_by_itself() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let until = Some(world.now + Span::from_secs(30));
    world.command(ana(), Command::Pause { run: RUN, reason: None, until }).unwrap();
    world.builds("runtime");
    world.wait(31);
    assert_eq!(world.asked(), ["build tool:1", "test runtime:1"]);
}

#[test]
fn a_freeze_holds_everything_back_and_a_thaw_lets_it_go_on() {
    let mut world = World::new();
    world.command(ana(), Command::Freeze { reason: None, until: None }).unwrap();
    world.sees("os", "os 2");
    assert_eq!(world.asked(), Vec::<String>::new());
    world.command(ana(), Command::Thaw { reason: None }).unwrap();
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
}

#[test]
fn an_abort_puts_back_what_is_being_updated_and_begins_nothing() {
    let mut world = held();
    world.approve(ana(), &dep("web")).unwrap();
    world.converges("web");
    world.command(ana(), Command::Abort { run: RUN, reason: "wrong day".to_owned() }).unwrap();
    assert_eq!(world.stage(&dep("web")), "restoring");
    assert_eq!(world.stage(&dep("api")), "aborted");
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    assert_eq!(world.stage(&dep("web")), "restored");
    assert!(world.ended() && world.pending.is_empty());
    assert!(world.state.quarantine.is_empty(), "an abort blames nothing");
    world.replay();
}

#[test]
fn a_retry_begins_where_it_failed_and_wakes_what_was_blocked() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes("tool");
    world.fails_to_build("runtime");
    assert!(world.ended());
    let retry = Command::Retry { run: RUN, step: img("runtime"), seen: Seen::default(), reason: None };
    world.command(ana(), retry).unwrap();
    assert!(!world.ended());
    for name in ["runtime", "framework", "web", "api"] {
        world.makes(name);
    }
    assert_eq!(world.stage(&dep("web")), "held");
    assert_eq!(world.stage(&dep("api")), "waiting");
    world.replay();
}

#[test]
fn a_step_of_an_older_run_is_not_tried_again_over_a_newer_one() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes("tool");
    world.fails_to_build("runtime");
    world.sees("os", "os 3");
    world.fails_to_build("runtime");
    let retry = Command::Retry { run: RUN, step: img("runtime"), seen: Seen::default(), reason: None };
    let refused = world.command(ana(), retry).unwrap_err();
    assert!(refused.to_string().contains("run 2 is newer"), "{refused}");
}

#[test]
fn an_approval_of_what_is_no_longer_held_is_stale_and_says_what_became_of_it() {
    let mut world = held();
    let found = world.state.step_of(RUN, &dep("web")).unwrap();
    let seen = Seen { digest: crate::engine::decide::about(found).cloned(), ..Seen::default() };
    let (run, step) = (RUN, dep("web"));
    let reject = Command::Reject { run, step: step.clone(), seen: seen.clone(), reason: "no".to_owned() };
    world.command(ben(), reject).unwrap();
    let refused = world.command(ana(), Command::Approve { run, step, seen, note: None }).unwrap_err();
    assert!(matches!(refused, Rejection::Stale { .. }), "{refused}");
    assert!(refused.to_string().contains("aborted by ben"), "{refused}");
}

#[test]
fn a_healthy_workload_can_be_put_back_and_what_it_ran_stays_away() {
    let mut world = held();
    world.approve(ana(), &dep("web")).unwrap();
    for name in ["web", "api"] {
        world.converges(name);
        world.wait(11);
        world.looks(Action::Look, name, world.ours(name));
    }
    assert!(world.ended());
    let back = Command::Rollback {
        run: RUN,
        step: dep("web"),
        seen: Seen::default(),
        reason: Some("slow".to_owned()),
    };
    world.command(ana(), back).unwrap();
    assert_eq!(world.stage(&dep("web")), "restoring");
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    assert_eq!(world.stage(&dep("web")), "restored");
    assert!(world.ended() && world.pending.is_empty());
    assert_eq!(world.state.quarantine.len(), 1);
    assert!(world.state.incidents.is_empty(), "an order is no incident");
    world.replay();
}

#[test]
fn what_was_let_through_after_a_workload_is_blocked_when_a_person_orders_that_one_back() {
    for asked_for_approval in [true, false] {
        let mut setup = setup();
        if asked_for_approval {
            setup.workloads.insert(workload("api"), follows("api", 2, Some("prod")));
        }
        let mut world = World::with(setup);
        world.sees("os", "os 2");
        world.makes_all();
        world.approve(ana(), &dep("web")).unwrap();
        world.converges("web");
        world.wait(11);
        world.looks(Action::Look, "web", world.ours("web"));
        assert_eq!(world.stage(&dep("api")), if asked_for_approval { "held" } else { "updating" });
        let back = Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
        world.command(ana(), back).unwrap();
        assert_eq!(world.stage(&dep("api")), "blocked");
        assert!(!world.asked().contains(&"baseline deploy api".to_owned()), "{:?}", world.asked());
        assert!(world.approve(ana(), &dep("api")).is_err());
        world.replay();
    }
}

#[test]
fn what_failed_and_was_not_put_back_can_be_put_back_by_a_person() {
    let mut world = left_there();
    let back = || Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    world.command(ana(), back()).unwrap();
    assert_eq!(world.stage(&dep("web")), "restoring");
    world.changes(Action::Restore, "web");
    world.wait(61);
    assert_eq!(world.stage(&dep("web")), "failed", "it did not come back in time");
    world.command(ana(), back()).unwrap();
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    assert_eq!(world.stage(&dep("web")), "restored");
    assert_eq!(world.state.incidents.len(), 1, "it is one failure all along");
    world.replay();
}

fn tries_web_again(world: &mut World) {
    let retry = Command::Retry { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    world.command(ana(), retry).unwrap();
}

/// The spec that the update of `web` takes for the one from before.
fn taken_for_before(world: &World) -> SpecMark {
    let Job::Deploy(job) = world.job(Action::Deploy, &dep("web")) else { panic!() };
    job.before
}

#[test]
fn what_an_earlier_try_left_there_is_not_taken_for_what_was_there_before() {
    let mut world = left_there();
    let before = world.before("web").spec;
    for _ in 0..2 {
        tries_web_again(&mut world);
        world.approve(ana(), &dep("web")).unwrap();
        world.looks(Action::Baseline, "web", world.ours("web"));
        assert_eq!(taken_for_before(&world), before);
        world.changes(Action::Deploy, "web");
        let mut sick = world.ours("web");
        sick.ended = vec![ended_task()];
        world.watches("web", world.ours("web"));
        world.watches("web", sick);
        assert_eq!(world.stage(&dep("web")), "failed");
    }
    let back = Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    world.command(ana(), back).unwrap();
    let Job::Restore(job) = world.job(Action::Restore, &dep("web")) else { panic!() };
    assert_eq!(job.before, before);
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    assert_eq!(world.stage(&dep("web")), "restored");
    world.replay();
}

#[test]
fn nor_is_it_where_the_next_try_looks_twice_or_does_not_come_to_look() {
    let mut world = left_there();
    let before = world.before("web").spec;
    tries_web_again(&mut world);
    world.command(ana(), Command::Abort { run: RUN, reason: "not today".to_owned() }).unwrap();
    assert_eq!(world.stage(&dep("web")), "aborted");
    tries_web_again(&mut world);
    world.approve(ana(), &dep("web")).unwrap();
    world.command(ana(), Command::Pause { run: RUN, reason: None, until: None }).unwrap();
    world.looks(Action::Baseline, "web", world.ours("web"));
    world.wait(crate::model::limits::LOOK_STALE.as_secs() + 1);
    world.command(ana(), Command::Resume { run: RUN, reason: None }).unwrap();
    let mut again = world.ours("web");
    again.at = world.now;
    world.looks(Action::Baseline, "web", again);
    assert_eq!(taken_for_before(&world), before);
    world.replay();
}

#[test]
fn what_somebody_else_gave_it_between_two_tries_is_from_before() {
    let mut world = left_there();
    tries_web_again(&mut world);
    world.approve(ana(), &dep("web")).unwrap();
    let theirs = look_at("web@somebodys", None, 20);
    world.looks(Action::Baseline, "web", theirs.clone());
    assert_eq!(taken_for_before(&world), theirs.spec);
}

#[test]
fn what_somebody_else_has_taken_is_not_put_back() {
    let mut world = held();
    world.approve(ana(), &dep("web")).unwrap();
    world.converges("web");
    world.watches("web", look_at("web@somebodys", None, 20));
    assert_eq!(world.stage(&dep("web")), "failed");
    let back = Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    let refused = world.command(ana(), back).unwrap_err();
    assert!(refused.to_string().contains("nothing of this run"), "{refused}");
}

#[test]
fn a_deploy_in_quarantine_is_not_retried_before_it_is_released() {
    let mut world = held();
    world.approve(ana(), &dep("web")).unwrap();
    world.converges("web");
    let back = Command::Rollback { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    world.command(ana(), back).unwrap();
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    let retry = Command::Retry { run: RUN, step: dep("web"), seen: Seen::default(), reason: None };
    assert!(world.command(ana(), retry.clone()).is_err(), "the public tag is still being put back");
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    let refused = world.command(ana(), retry.clone()).unwrap_err();
    assert!(refused.to_string().contains("unquarantine"), "{refused}");
    let release = Command::Unquarantine { workload: workload("web"), reason: "it was the load".to_owned() };
    world.command(ana(), release).unwrap();
    world.command(ana(), retry).unwrap();
    assert_eq!(world.stage(&dep("web")), "held");
}

#[test]
fn incidents_are_taken_and_closed_by_name() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.fails_to_build("tool");
    let id = *world.state.incidents.keys().next().unwrap();
    world.command(ana(), Command::Claim { incident: id }).unwrap();
    assert!(world.command(ana(), Command::Close { incident: id, reason: String::new() }).is_err());
    world.command(ana(), Command::Close { incident: id, reason: "fixed".to_owned() }).unwrap();
    assert!(matches!(world.command(ben(), Command::Claim { incident: id }), Err(Rejection::Already(_))));
}
