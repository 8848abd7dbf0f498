use super::script::{How, Scripted, count, image, silence, until, web};
use crate::engine::EventKind;
use crate::model::reports::{Answer, Running};
use crate::model::{Actor, Command, Span, Timestamp};
use crate::ports::{Claim, Claimed};

fn running(name: &str) -> Running {
    Running {
        workload: format!("prod/{name}").parse().unwrap(),
        image: "reg:5000/app:1".to_owned(),
        digest: None,
        running: 1,
        desired: 1,
        nodes: Vec::new(),
    }
}

fn theirs() -> Answer<Claimed> {
    let beat = Timestamp::from_millis(0);
    let holder = "ops2, process 9".to_owned();
    Answer::Done(Claimed::Theirs(Claim { install: "other".to_owned(), holder, beat, force: false }))
}

async fn pass(secs: u64) {
    tokio::time::sleep(Span::from_secs(secs).to_std()).await;
}

#[tokio::test(start_paused = true)]
async fn what_runs_is_told_when_it_changes_and_not_when_only_its_order_does() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let seen = |kind: &EventKind| matches!(kind, EventKind::WorkloadsSeen { .. });
    world.set(|script| script.running = Answer::Done(vec![running("a"), running("b")]));
    let handle = world.start(dir.path()).await;
    until(&handle, |state| state.running.len() == 2).await;
    world.set(|script| script.running = Answer::Done(vec![running("b"), running("a")]));
    pass(60).await;
    assert_eq!(count(&handle, seen), 1);
    world.set(|script| script.running = Answer::Done(vec![running("b")]));
    until(&handle, |state| state.running.len() == 1).await;
    world.set(|script| script.running = silence());
    until(&handle, |state| state.lost.contains_key("fleet prod")).await;
    assert_eq!(handle.read(|state| state.running.len()), 1, "silence is not absence");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deployed_to_a_fleet_that_somebody_else_holds_until_it_is_let_go() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.set(|script| {
        script.claim = theirs();
        script.build = How::Works;
        script.running = Answer::Done(vec![running("web")]);
    });
    world.tag("os:1", "a");
    world.tag("app:1", "old");
    let handle = world.start(dir.path()).await;
    until(&handle, |state| state.tags.len() == 2 && state.running.contains_key(&web())).await;
    assert_eq!(handle.read(|state| state.refused_fleets.len()), 1);
    let ben = Actor::Person { name: "ben".to_owned(), uid: 1000 };
    handle.command(ben, Command::Start { image: image("app:1"), reason: None }).await;
    pass(120).await;
    assert_eq!(world.get(|script| script.deploys), 0);
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::FleetRefused { .. })), 1);
    world.set(|script| script.claim = Answer::Done(Claimed::Ours));
    until(&handle, |state| state.refused_fleets.is_empty()).await;
    pass(60).await;
    assert_eq!(world.get(|script| script.deploys), 1);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_fleet_where_nothing_is_ours_to_move_is_not_claimed() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let setup =
        crate::model::Setup { workloads: std::collections::BTreeMap::new(), ..super::script::setup() };
    let handle =
        crate::daemon::start(super::script::options(dir.path()), world.world(), setup).await.unwrap();
    pass(60).await;
    assert_eq!(world.get(|script| script.claims), 0);
    handle.shutdown().await;
}
