use super::script::{How, Scripted, count, facts, options, setup, until, words};
use crate::daemon::{Reply, StartError, start};
use crate::engine::{EventKind, State};
use crate::journal::JournalError;
use crate::model::{Actor, Command, Seq};

fn ben() -> Actor {
    Actor::Person { name: "ben".to_owned(), uid: 1000 }
}

#[tokio::test(start_paused = true)]
async fn a_first_start_records_itself_and_a_second_one_only_what_differs() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let first = world.start(dir.path()).await;
    assert_eq!(words(&first)[..4], ["installed", "daemon_started", "config_loaded", "recipes_read"]);
    let install = first.read(|state| state.install.clone());
    assert_eq!(install.len(), 16);
    first.shutdown().await;
    let before = first.seq();
    assert_eq!(before, Seq(0), "the journal is let go");
    let second = world.start(dir.path()).await;
    assert_eq!(count(&second, |kind| matches!(kind, EventKind::DaemonStarted { .. })), 2);
    assert_eq!(count(&second, |kind| matches!(kind, EventKind::ConfigLoaded { .. })), 1);
    assert_eq!(second.read(|state| state.install.clone()), install);
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_second_daemon_is_refused_while_the_first_one_runs() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let first = world.start(dir.path()).await;
    let refused = start(options(dir.path()), world.world(), setup()).await.err().unwrap();
    assert!(matches!(refused, StartError::Journal(JournalError::Locked { .. })), "{refused}");
    first.shutdown().await;
    world.start(dir.path()).await.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_while_no_daemon_ran_is_found_at_the_start() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.tag("os:1", "a");
    let first = world.start(dir.path()).await;
    until(&first, |state| !state.tags.is_empty() && state.runs.is_empty()).await;
    first.shutdown().await;
    world.tag("os:1", "b");
    let second = world.start(dir.path()).await;
    until(&second, |state| state.runs.len() == 1).await;
    second.shutdown().await;
}

/// A run of `app:1` whose build has begun.
async fn building(world: &Scripted, dir: &std::path::Path) -> crate::daemon::Handle {
    world.tag("os:1", "a");
    world.tag("app:1", "old");
    let handle = world.start(dir).await;
    until(&handle, |state| state.tags.len() == 2).await;
    let reason = Some("try it".to_owned());
    let reply = handle.command(ben(), Command::Start { image: super::script::image("app:1"), reason }).await;
    assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
    // The build is a task of its own: it begins when this one waits.
    while world.get(|script| script.builds.is_empty()) {
        tokio::task::yield_now().await;
    }
    handle
}

#[tokio::test(start_paused = true)]
async fn a_build_that_a_crash_cut_off_is_issued_again_under_the_same_id() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let first = building(&world, dir.path()).await;
    assert!(first.log_open(&world.get(|script| script.builds[0].clone())));
    first.crash().await;
    world.set(|script| script.build = How::Works);
    let second = world.start(dir.path()).await;
    until(&second, |state| state.runs.values().all(|run| run.ended.is_some())).await;
    let builds = world.get(|script| script.builds.clone());
    assert_eq!((builds.len(), &builds[0]), (2, &builds[1]));
    assert_eq!(count(&second, |kind| matches!(kind, EventKind::BuildFinished { .. })), 1);
    let log =
        std::fs::read_to_string(second.logs().join(crate::model::logname::file_name(&builds[0]).unwrap()));
    assert_eq!(log.unwrap(), "FROM os\nFROM os\n");
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_aborted_run_drops_its_build() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let handle = building(&world, dir.path()).await;
    let run = handle.read(|state| state.last_run);
    let reply = handle.command(ben(), Command::Abort { run, reason: "not now".to_owned() }).await;
    assert!(matches!(reply, Reply::Accepted { .. }), "{reply:?}");
    assert_eq!(handle.doing(), []);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_job_is_tried_again_like_an_outage() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.set(|script| script.build = How::Panics);
    let handle = building(&world, dir.path()).await;
    until(&handle, |state| {
        state.runs.values().any(|run| run.steps.values().any(|step| step.doing.is_none()))
    })
    .await;
    world.set(|script| script.build = How::Works);
    until(&handle, |state| state.runs.values().all(|run| run.ended.is_some())).await;
    let broken = facts(&handle).into_iter().find_map(|event| match event.kind {
        EventKind::BuildFinished { answer: crate::model::reports::Answer::Unreachable(who), .. } => {
            Some(who.why)
        }
        _ => None,
    });
    assert_eq!(broken.as_deref(), Some("a defect: the builder is broken"));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn the_state_after_a_restart_is_the_one_before_it() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.set(|script| script.build = How::Works);
    let first = building(&world, dir.path()).await;
    until(&first, |state| state.runs.values().all(|run| run.ended.is_some())).await;
    let events = facts(&first);
    first.shutdown().await;
    let mut replayed = State::default();
    events.iter().for_each(|event| drop(replayed.step(event)));
    let second = world.start(dir.path()).await;
    let after = second.events(Seq(events.len() as u64), 99).unwrap();
    after.iter().for_each(|(_, event)| drop(replayed.step(event)));
    assert_eq!(second.read(Clone::clone), replayed);
    assert_eq!(replayed.anomalies, Vec::<String>::new());
    second.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_only_observes_refuses_commands_and_claims_nothing() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.tag("os:1", "a");
    let options = crate::daemon::Options { read_only: true, ..options(dir.path()) };
    let handle = start(options, world.world(), setup()).await.unwrap();
    until(&handle, |state| !state.tags.is_empty()).await;
    let reply = handle.command(ben(), Command::Thaw { reason: None }).await;
    assert!(matches!(reply, Reply::Rejected { .. }));
    assert_eq!(world.get(|script| script.claims), 0);
    handle.shutdown().await;
    let reply = handle.hint(super::script::image("os:1"), None, Actor::Webhook("reg".to_owned())).await;
    assert!(reply.unwrap_err().to_string().contains("the daemon is ending"));
}

#[tokio::test(start_paused = true)]
async fn a_reload_with_the_same_configuration_is_no_fact() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let handle = world.start(dir.path()).await;
    assert_eq!(handle.reload(setup()).await.unwrap(), None);
    let other = crate::model::Setup { build_edges: true, ..setup() };
    assert!(handle.reload(other.clone()).await.unwrap().is_some());
    assert_eq!(handle.read(|state| state.setup.clone()), other);
    handle.shutdown().await;
}
