//! Where tags point: asks registries as the schedule says, and tells what is not known yet.

use super::super::inbox::Fact;
use super::super::shared::Shared;
use super::schedule::Schedule;
use super::{found, found_again, lost};
use crate::engine::EventKind;
use crate::model::reports::Answer;
use crate::model::{Actor, Digest, ImageRef, Span, Timestamp, limits, text};
use crate::ports::Resolved;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// The longest between two looks at what is to be watched.
const LOOK_AT_STATE: Span = Span::from_secs(1);
/// The longest that a fact about a tag is on its way into the state.
const TAKEN_WITHIN: Span = Span::from_secs(2);

/// One tag that was asked for.
struct Asked {
    image: ImageRef,
    /// Where the state had it then.
    known: Option<Digest>,
    answer: Answer<Resolved>,
}

/// What was told and is not in the state yet.
type Told = BTreeMap<ImageRef, (Option<Digest>, Timestamp)>;

pub(super) async fn poll(shared: &Shared) {
    let mut schedule = Schedule::default();
    let mut told = Told::new();
    let mut asking: FuturesUnordered<BoxFuture<'_, Asked>> = FuturesUnordered::new();
    loop {
        let now = shared.now();
        schedule.turn(now);
        shared.read(|state| schedule.watch(&state.watched(), &state.setup, now));
        take_hints(shared, &mut schedule, now);
        not_taken(shared, &mut told, &mut schedule, now);
        for image in schedule.due(now) {
            asking.push(Box::pin(ask(shared, image)));
        }
        let wait = schedule.next().map_or(LOOK_AT_STATE, |at| at.since(now).min(LOOK_AT_STATE));
        // In this order: answers end, and a hint is read at the next turn in any case.
        tokio::select! {
            biased;
            Some(asked) = asking.next() => answered(shared, &mut schedule, &mut told, &asked),
            () = shared.hinted.notified() => {}
            () = shared.world.clock.sleep(wait) => {}
        }
    }
}

fn take_hints(shared: &Shared, schedule: &mut Schedule, now: Timestamp) {
    let hints = std::mem::take(&mut *shared.hints.lock().unwrap_or_else(PoisonError::into_inner));
    hints.into_iter().for_each(|(image, said)| schedule.hint(&image, said, now));
}

/// A fact that was dropped because a run of ours moved the tag meanwhile: the registry is asked again.
fn not_taken(shared: &Shared, told: &mut Told, schedule: &mut Schedule, now: Timestamp) {
    told.retain(|image, (digest, at)| {
        let taken = shared.read(|state| state.digest_of(image) == digest.as_ref());
        // One from the future was told before the clock was set back.
        let late = now < *at || now.since(*at) >= TAKEN_WITHIN;
        if !taken && late {
            schedule.again(image, now);
        }
        !taken && !late
    });
}

async fn ask(shared: &Shared, image: ImageRef) -> Asked {
    let known = shared.read(|state| state.digest_of(&image).cloned());
    let answer = shared.world.registries.resolve(&image).await;
    Asked { image, known, answer }
}

fn answered(shared: &Shared, schedule: &mut Schedule, told: &mut Told, asked: &Asked) {
    let now = shared.now();
    let who = format!("registry {}", asked.image.registry);
    match &asked.answer {
        Answer::Done(resolved) => {
            let at = match resolved {
                Resolved::At(digest) => Some(digest),
                Resolved::Missing | Resolved::Refused(_) => None,
            };
            schedule.answered(&asked.image, at, now);
            found(shared, &who);
            resolved_to(shared, told, asked, resolved, now);
        }
        Answer::Unreachable(silence)
            if silence.retry_after.is_none() && schedule.too_early(&asked.image, now) => {}
        Answer::Unreachable(unreachable) => {
            let next = schedule.silent(&asked.image, unreachable.retry_after, now);
            shared.sources.silent(&who, next);
            lost(shared, &who, &unreachable.why);
        }
    }
}

fn resolved_to(shared: &Shared, told: &mut Told, asked: &Asked, resolved: &Resolved, now: Timestamp) {
    let tag = format!("tag {}", asked.image);
    let digest = match resolved {
        Resolved::At(digest) => Some(digest.clone()),
        Resolved::Missing => None,
        Resolved::Refused(why) => return lost(shared, &tag, &text::clean(why, limits::MESSAGE_CHARS)),
    };
    found_again(shared, &tag);
    let (news, before) = shared.read(|state| {
        let tag = state.tags.get(&asked.image);
        (tag.is_none_or(|tag| tag.digest != digest), tag.and_then(|tag| tag.digest.clone()))
    });
    if news {
        told.insert(asked.image.clone(), (digest.clone(), now));
        shared.observations.put(Fact {
            by: Actor::Daemon,
            kind: EventKind::TagSeen { image: asked.image.clone(), digest, before },
            unless_moved: Some(asked.known.clone()),
        });
    }
}
