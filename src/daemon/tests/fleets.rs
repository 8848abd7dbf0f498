//! What the daemon does about fleets: listing, claiming, watching.

use super::script::{How, Scripted, count, digest, facts, image, probe, silence, until, web};
use crate::daemon::Handle;
use crate::engine::{Effect, EventKind, Job};
use crate::model::jobs::WatchJob;
use crate::model::reports::{Answer, LookReport, Running};
use crate::model::{Action, Actor, Command, EffectId, RunId, Span, StepKey, Timestamp};
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
    let told = |handle: &Handle| {
        facts(handle).into_iter().rev().find_map(|event| match event.kind {
            EventKind::WorkloadsSeen { running, gone, .. } => Some((running, gone.unwrap())),
            _ => None,
        })
    };
    world.set(|script| script.running = Answer::Done(vec![running("a"), running("b")]));
    let handle = world.start(dir.path()).await;
    until(&handle, |state| state.running.len() == 2).await;
    world.set(|script| script.running = Answer::Done(vec![running("b"), running("a")]));
    pass(60).await;
    assert_eq!(count(&handle, seen), 1);
    world.set(|script| script.running = Answer::Done(vec![Running { running: 0, ..running("b") }]));
    until(&handle, |state| state.running.len() == 1).await;
    assert_eq!(
        told(&handle),
        Some((vec![Running { running: 0, ..running("b") }], vec![running("a").workload]))
    );
    world.set(|script| {
        script.running = Answer::Done(vec![Running { running: 0, ..running("b") }, running("c")]);
    });
    until(&handle, |state| state.running.len() == 2).await;
    assert_eq!(told(&handle), Some((vec![running("c")], Vec::new())));
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

#[tokio::test(start_paused = true)]
async fn a_watch_looks_and_probes_every_second_and_tells_only_what_is_new_until_it_is_cancelled() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let handle = world.start(dir.path()).await;
    let id = EffectId {
        run: RunId(9),
        step: StepKey::Deploy(web()),
        subject: None,
        action: Action::Watch,
        attempt: 1,
    };
    let image = image("app:1").at(digest("built"));
    let job = WatchJob { id: id.clone(), workload: web(), image: Some(image), probes: vec![probe(1_000)] };
    let told = || count(&handle, |kind| matches!(kind, EventKind::WorkloadWatched { .. }));
    handle.executor.take(vec![Effect::Do(Job::Watch(job))]);
    pass(30).await;
    assert_eq!(told(), 1);
    let samples = handle.live().watched(&web()).unwrap().samples;
    assert!((29..=31).contains(&samples.len()) && samples.iter().all(|s| s.answered && s.running == 1));
    world.set(|script| script.probe_ok = false);
    pass(3).await;
    world.set(|script| script.probe_ok = true);
    pass(5).await;
    let tally = handle.live().look(&web()).unwrap().probes.unwrap();
    assert_eq!((tally.failed, tally.sick_tasks), (3, 0), "the flap is over, and not forgotten");
    assert!((4..=6).contains(&told()), "{}", told());
    let before = told();
    world.set(|script| script.look = silence());
    pass(60).await;
    world.set(|script| script.look = Answer::Done(LookReport::Seen(Box::new(super::script::look()))));
    pass(5).await;
    assert_eq!(told() - before, 2, "silence once, and its end once");
    handle.executor.take(vec![Effect::Cancel(id)]);
    pass(1).await;
    let probes = world.get(|script| script.probes);
    pass(60).await;
    assert_eq!(world.get(|script| script.probes), probes);
    handle.shutdown().await;
}
