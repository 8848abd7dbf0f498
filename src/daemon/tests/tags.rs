//! What the daemon does about registries: intervals, hints, outages.

use super::script::{Scripted, count, digest, image, setup, silence, until};
use crate::engine::EventKind;
use crate::model::setup::RegistrySetup;
use crate::model::{Actor, Seq, Span, limits};
use std::collections::BTreeSet;

fn heads(world: &Scripted, name: &str) -> usize {
    world.get(|script| script.heads.iter().filter(|(asked, _)| *asked == image(name)).count())
}

async fn pass(span: Span) {
    tokio::time::sleep(span.to_std()).await;
}

#[tokio::test(start_paused = true)]
async fn each_tag_is_asked_for_once_an_interval_and_told_once() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.tag("os:1", "a");
    let handle = world.start(dir.path()).await;
    pass(Span::from_secs(10 * limits::POLL_UNCONFIGURED.as_secs())).await;
    assert!((10..=12).contains(&heads(&world, "os:1")), "{}", heads(&world, "os:1"));
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::TagSeen { .. })), 2);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn many_hints_make_two_heads_at_most_and_the_move_is_found_at_once() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.tag("os:1", "a");
    let handle = world.start(dir.path()).await;
    until(&handle, |state| state.tags.len() == 2).await;
    pass(Span::from_secs(1)).await;
    let (before, began) = (heads(&world, "os:1"), handle.now());
    world.tag("os:1", "b");
    for _ in 0..5 {
        let by = Actor::Webhook("reg:5000".to_owned());
        let seq = handle.hint(image("os:1"), Some(digest("b")), by).await.unwrap();
        let stored = handle.events(Seq(seq.0 - 1), 1).unwrap().remove(0).1.kind;
        assert!(matches!(stored, EventKind::HintReceived { .. }), "it is on the disk when it returns");
    }
    until(&handle, |state| state.digest_of(&image("os:1")) == Some(&digest("b"))).await;
    assert!(handle.now().since(began) < limits::HINTS_WITHIN);
    pass(Span::from_secs(1)).await;
    assert!((1..=2).contains(&(heads(&world, "os:1") - before)), "{}", heads(&world, "os:1") - before);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_one_fact_at_its_start_and_one_at_its_end_and_ends_soon() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    world.set(|script| drop(script.tags.insert(image("os:1"), silence())));
    world.set(|script| drop(script.tags.insert(image("app:1"), silence())));
    let handle = world.start(dir.path()).await;
    until(&handle, |state| state.lost.contains_key("registry reg:5000")).await;
    pass(Span::from_secs(60)).await;
    assert!(heads(&world, "os:1") + heads(&world, "app:1") < 12, "it is not hammered while it is down");
    assert!(handle.sources()["registry reg:5000"].next.is_some());
    world.tag("os:1", "a");
    world.tag("app:1", "a");
    let began = handle.now();
    until(&handle, |state| state.lost.is_empty() && state.tags.len() == 2).await;
    assert!(handle.now().since(began) <= limits::RETRY_LONGEST);
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::SourceLost { .. })), 1);
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::SourceFound { .. })), 1);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_notification_may_call_a_registry_by_an_alias() {
    let (dir, world) = (tempfile::tempdir().unwrap(), Scripted::new());
    let handle = world.start(dir.path()).await;
    let aliases = BTreeSet::from(["registry.internal".parse().unwrap()]);
    let registry = RegistrySetup { insecure: true, poll: Span::from_secs(60), aliases };
    let mut other = setup();
    other.registries.insert("reg:5000".parse().unwrap(), registry);
    handle.reload(other).await.unwrap();
    assert_eq!(handle.watched(&"registry.internal/os:1".parse().unwrap()), Some(image("os:1")));
    assert_eq!(handle.watched(&"elsewhere/os:1".parse().unwrap()), None);
    handle.shutdown().await;
}
