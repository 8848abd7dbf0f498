//! Deploys: order, hold, soak, put-back, quarantine, other people's hands.

use super::*;
use crate::engine::incident::Cause;
use crate::model::reports::EndedTask;

/// Everything is published and the first workload is approved.
fn approved() -> World {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    world
}

pub(super) fn ended_task() -> EndedTask {
    EndedTask {
        id: "t9".parse().unwrap(),
        name: "web.1".to_owned(),
        node: None,
        exit: Some(0),
        message: String::new(),
        at: Timestamp::from_millis(0),
    }
}

#[test]
fn workloads_follow_their_order_and_each_is_soaked_before_the_next() {
    let mut world = approved();
    assert_eq!(world.asked(), ["baseline web"].map(|s| s.replace("web", "deploy web")));
    world.converges("web");
    assert_eq!(world.stage(&dep("web")), "soaking");
    assert_eq!(world.stage(&dep("api")), "waiting");
    world.wait(11);
    world.looks(Action::Look, "web", world.ours("web"));
    assert_eq!(world.stage(&dep("web")), "healthy");
    world.converges("api");
    world.wait(11);
    world.looks(Action::Look, "api", world.ours("api"));
    assert!(world.ended());
    assert_eq!(world.state.incidents.len(), 0);
    assert!(world.pending.is_empty());
    world.replay();
}

#[test]
fn a_workload_is_moved_by_digest_and_fenced_by_the_spec_that_was_seen() {
    let mut world = approved();
    world.looks(Action::Baseline, "web", world.before("web"));
    let Job::Deploy(job) = world.job(Action::Deploy, &dep("web")) else { panic!() };
    assert_eq!(job.image, image("web").at(digest("new web r1")));
    assert_eq!(job.before, world.before("web").spec);
    assert_eq!(job.mark, "tidegate-abc-r1");
}

#[test]
fn a_sick_workload_is_put_back_its_tag_too_and_the_next_is_never_touched() {
    let mut world = approved();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    assert_eq!(world.stage(&dep("web")), "restoring");
    let Job::Publish(untag) = world.job(Action::Untag, &dep("web")) else { panic!() };
    assert_eq!((untag.digest, untag.expect), (digest("old web"), Some(digest("new web r1"))));
    let Job::Restore(restore) = world.job(Action::Restore, &dep("web")) else { panic!() };
    assert_eq!(restore.before, world.before("web").spec);
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    assert_eq!(world.stage(&dep("web")), "restored");
    assert_eq!(world.stage(&dep("api")), "blocked");
    assert_eq!(world.state.digest_of(&image("web")), Some(&digest("old web")));
    assert!(world.ended() && world.pending.is_empty());
    let incident = world.state.incidents.values().next().unwrap();
    assert!(
        incident.cause.to_string().contains("1 task ended unasked, first web.1: exit code 0"),
        "{}",
        incident.cause
    );
    assert!(incident.seen.iter().any(|line| line.contains("2 of 2 tasks run")), "{:?}", incident.seen);
    world.replay();
}

#[test]
fn a_quarantine_holds_against_a_rebuild_and_ends_when_upstream_moves_or_a_person_releases_it() {
    let mut world = approved();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    // The next poll finds nothing new.
    world.sees("os", "os 2");
    assert_eq!(world.state.runs.len(), 1);
    // A rebuild gives another digest of the same inputs.
    world.command(ben(), Command::Start { image: image("web"), reason: None }).unwrap();
    world.makes("web");
    let second = world.state.step_of(RunId(2), &dep("web")).unwrap();
    assert_eq!(second.word(), "quarantined");
    // Upstream moves: what goes in is new.
    world.sees("os", "os 3");
    world.makes_all();
    assert_eq!(world.state.step_of(RunId(3), &dep("web")).unwrap().word(), "held");
    world.replay();
}

#[test]
fn a_base_of_ours_that_was_mended_ends_the_quarantine_of_what_stands_on_it() {
    let mut world = approved();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    let mut mended = recipes();
    if let Some(Ok(framework)) = mended.get_mut(&image("framework")) {
        framework.recipe = digest("framework, mended");
    }
    world.fact(EventKind::RecipesRead { recipes: mended });
    world.command(ben(), Command::Start { image: image("framework"), reason: None }).unwrap();
    ["framework", "web"].iter().for_each(|name| world.makes(name));
    assert_eq!(world.state.step_of(RunId(2), &dep("web")).unwrap().word(), "held");
    world.replay();
}

#[test]
fn what_a_base_was_made_of_is_kept_with_it_and_not_asked_of_names_that_moved_since() {
    let mut world = approved();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    let id = world.take(Action::Untag, &dep("web"));
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(PublishReport::Moved { found: false }) });
    world.changes(Action::Restore, "web");
    world.watches("web", world.before("web"));
    // Upstream moves, and gets as far as the runtime: the framework still stands on the older one.
    world.sees("os", "os 3");
    world.makes("runtime");
    world.fails_to_build("framework");
    world.makes("tool");
    world.command(ben(), Command::Start { image: image("web"), reason: None }).unwrap();
    world.makes("web");
    let rebuilt = world.state.runs.keys().next_back().copied().unwrap();
    assert_eq!(world.state.step_of(rebuilt, &dep("web")).unwrap().word(), "quarantined");
    world.replay();
}

#[test]
fn what_is_not_there_by_its_deadline_is_put_back_and_says_what_a_task_said() {
    let mut world = approved();
    world.looks(Action::Baseline, "web", world.before("web"));
    world.changes(Action::Deploy, "web");
    let mut stuck = world.ours("web");
    stuck.running = 1;
    stuck.update = UpdateState::Updating;
    stuck.tasks[1].message = Some("no suitable node".to_owned());
    world.watches("web", stuck);
    world.wait(61);
    let DeployStage::Restoring(cause) = world.deploy_stage("web") else {
        panic!("{}", world.stage(&dep("web")))
    };
    assert_eq!(cause.to_string(), "1 of 2 tasks ran by the deadline: no suitable node");
}

#[test]
fn nobody_is_blamed_when_the_orchestrator_gave_no_answer_by_the_deadline() {
    let mut world = approved();
    world.looks(Action::Baseline, "web", world.before("web"));
    world.changes(Action::Deploy, "web");
    let id = world.take(Action::Watch, &dep("web"));
    let cause = crate::model::reports::Unreachable {
        who: "fleet lab".to_owned(),
        why: "timeout".to_owned(),
        retry_after: None,
    };
    world.fact(EventKind::WorkloadWatched { id, answer: Answer::Unreachable(cause) });
    world.wait(61);
    assert_eq!(world.stage(&dep("web")), "undecided");
    assert!(world.state.quarantine.is_empty());
}

#[test]
fn the_orchestrators_own_rollback_is_said_and_not_overwritten() {
    let mut world = approved();
    world.converges("web");
    let mut back = world.before("web");
    back.running = 1;
    back.update = UpdateState::RollingBack("update rolled back due to failure".to_owned());
    world.watches("web", back);
    assert_eq!(world.stage(&dep("web")), "restoring");
    assert!(!world.asked().iter().any(|a| a.starts_with("restore")), "{:?}", world.asked());
    let mut done = world.before("web");
    done.update = UpdateState::RolledBack("rollback completed".to_owned());
    world.watches("web", done);
    let DeployStage::Restored(cause) = world.deploy_stage("web") else { panic!() };
    assert!(matches!(cause, Cause::OrchestratorRolledBack(_)));
    assert_eq!(world.state.quarantine.len(), 1);
}

#[test]
fn a_person_who_changes_the_service_in_the_middle_keeps_it() {
    let mut world = approved();
    world.converges("web");
    world.watches("web", look_at("web@somebodys", None, 20));
    let DeployStage::Failed(cause) = world.deploy_stage("web") else {
        panic!("{}", world.stage(&dep("web")))
    };
    assert!(cause.to_string().contains("somebody else changed the workload"), "{cause}");
    assert_eq!(world.asked(), Vec::<String>::new());
    assert!(world.state.quarantine.is_empty());
    assert_eq!(world.state.incidents.len(), 1);
}

#[test]
fn an_update_that_finds_another_spec_changes_nothing() {
    let mut world = approved();
    world.looks(Action::Baseline, "web", world.before("web"));
    let id = world.take(Action::Deploy, &dep("web"));
    let found = look_at("web@somebodys", None, 20).spec;
    let report = ChangeReport::ChangedByOthers { found, update: UpdateState::None };
    world.fact(EventKind::WorkloadChanged { id, answer: Answer::Done(report) });
    assert_eq!(world.stage(&dep("web")), "failed");
    assert_eq!(world.asked(), Vec::<String>::new());
}

/// `web` is marked irreversible, and fell sick of what it was given: it runs that still.
pub(super) fn left_there() -> World {
    let mut setup = setup();
    setup.workloads.get_mut(&workload("web")).unwrap().on_failure = OnFailure::Stop;
    let mut world = World::with(setup);
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    assert_eq!(world.stage(&dep("web")), "failed");
    world
}

#[test]
fn what_is_marked_irreversible_stops_and_pages_instead_of_going_back() {
    let world = left_there();
    assert!(!world.asked().iter().any(|a| a.starts_with("restore") || a.starts_with("untag")));
    assert_eq!(world.state.incidents.len(), 1);
}

#[test]
fn an_update_of_somebody_else_under_way_is_waited_out() {
    let mut world = approved();
    let mut busy = world.before("web");
    busy.update = UpdateState::Updating;
    world.looks(Action::Baseline, "web", busy);
    assert_eq!(world.asked(), Vec::<String>::new());
    let run = &world.state.runs[&RUN];
    let waiting = world.state.waiting(run, &run.steps[&dep("web")]).unwrap();
    assert!(waiting.what.contains("somebody else"), "{waiting:?}");
    world.wait(2);
    world.looks(Action::Baseline, "web", world.before("web"));
    assert_eq!(world.asked(), ["deploy deploy web"]);
}

#[test]
fn an_update_of_somebody_else_that_does_not_end_is_asked_about_ever_more_seldom_and_then_a_person_is_told() {
    let mut world = approved();
    let mut busy = world.before("web");
    busy.update = UpdateState::Updating;
    let mut looks = 0;
    while world.stage(&dep("web")) == "updating" {
        world.looks(Action::Baseline, "web", busy.clone());
        looks += 1;
        assert!(looks < 20, "it is asked about for ever");
        let run = &world.state.runs[&RUN];
        if let Some(retry) = &run.steps[&dep("web")].retry {
            let wait = retry.at.since(world.state.now).as_secs();
            world.wait(wait);
        }
    }
    // After 0, 1, 3, 7, 15, 30, 45 and 60 s.
    assert_eq!(looks, 8);
    assert!(matches!(world.deploy_stage("web"), DeployStage::Failed(Cause::Busy { .. })));
    assert_eq!(world.state.incidents.len(), 1);
    assert!(!world.asked().iter().any(|a| a.starts_with("deploy") || a.starts_with("restore")));
}

#[test]
fn a_put_back_that_does_not_come_back_says_so() {
    let mut world = approved();
    world.converges("web");
    let mut sick = world.ours("web");
    sick.ended = vec![ended_task()];
    world.watches("web", sick);
    world.changes(Action::Restore, "web");
    let mut half = world.before("web");
    half.running = 1;
    world.watches("web", half);
    world.wait(61);
    let DeployStage::Failed(cause) = world.deploy_stage("web") else {
        panic!("{}", world.stage(&dep("web")))
    };
    assert!(cause.to_string().contains("could not be put back: 1 of 2 tasks"), "{cause}");
}

#[test]
fn a_put_back_that_a_person_ordered_and_that_fails_is_an_incident() {
    let mut world = approved();
    world.converges("web");
    let generation = world.state.step_of(RUN, &dep("web")).unwrap().generation;
    let seen = crate::model::Seen { generation: Some(generation), ..crate::model::Seen::default() };
    let back = crate::model::Command::Rollback { run: RUN, step: dep("web"), seen, reason: None };
    world.command(ana(), back).unwrap();
    assert!(world.state.incidents.is_empty());
    let id = world.take(Action::Restore, &dep("web"));
    let found = look_at("web@somebodys", None, 20).spec;
    let report = ChangeReport::ChangedByOthers { found, update: UpdateState::None };
    world.fact(EventKind::WorkloadChanged { id, answer: Answer::Done(report) });
    assert_eq!(world.stage(&dep("web")), "failed");
    assert_eq!(world.state.incidents.len(), 1, "the person who ordered it may have gone to bed");
}
