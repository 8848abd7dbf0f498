//! Tags of a real registry: looked at, moved, removed.

use crate::lab::{BASE, effect, lab};
use std::time::Instant;
use tidegate::model::ids::Action;
use tidegate::model::jobs::PublishJob;
use tidegate::model::reports::{Answer, PublishReport};
use tidegate::ports::{Registries, Resolved};

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_tag_is_looked_at_moved_kept_and_removed() {
    let lab = lab();
    let (public, candidate) = (lab.image("tags", "1"), lab.image("tags", "c-1"));
    assert_eq!(lab.registry.resolve(&public).await, Answer::Done(Resolved::Missing));
    let digest = lab.built(&public, &candidate, BASE).await;

    let id = effect(&public, Action::Publish);
    let job = PublishJob { id, image: public.clone(), digest: digest.clone(), expect: None };
    assert_eq!(lab.registry.publish(&job).await, Answer::Done(PublishReport::Moved { found: false }));
    assert_eq!(lab.registry.publish(&job).await, Answer::Done(PublishReport::Moved { found: true }));
    assert_eq!(lab.registry.resolve(&public).await, Answer::Done(Resolved::At(digest.clone())));

    // The public tag carries the candidate's digest, listed or named: it must survive.
    assert_eq!(lab.registry.discard(&candidate, std::slice::from_ref(&public)).await, Answer::Done(false));
    assert_eq!(lab.registry.discard(&candidate, &[]).await, Answer::Done(false));
    assert_eq!(lab.registry.resolve(&candidate).await, Answer::Done(Resolved::At(digest)));

    let other = lab.built(&public, &lab.image("tags", "c-2"), &format!("{BASE}LABEL n=2\n")).await;
    let moved = PublishJob { digest: other, expect: None, ..job };
    assert!(matches!(
        lab.registry.publish(&moved).await,
        Answer::Done(PublishReport::MovedByOthers { to: Some(_) })
    ));
    assert_eq!(lab.registry.discard(&lab.image("tags", "c-2"), &[]).await, Answer::Done(true));
    assert_eq!(lab.registry.resolve(&lab.image("tags", "c-2")).await, Answer::Done(Resolved::Missing));
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_look_is_cheap() {
    let lab = lab();
    let image = lab.image("cheap", "1");
    lab.registry.resolve(&image).await;
    let started = Instant::now();
    for _ in 0..50 {
        assert_eq!(lab.registry.resolve(&image).await, Answer::Done(Resolved::Missing));
    }
    eprintln!("MEASURED: one HEAD: {:?}", started.elapsed() / 50);
}
