//! Which tag is asked for when. Pure: time comes in, names go out.
//!
//! 1. A new tag is asked for at once; then once an interval, the tags of a registry spread evenly over it.
//! 2. A notification has its image asked for at once; several within [`HINTS_WITHIN`](limits::HINTS_WITHIN) of a HEAD share the next
//!    one. While the answer is not what the notification said, it is asked for again, after waits that double from
//!    [`HINT_AGAIN`](limits::HINT_AGAIN) to `HINTS_WITHIN`: a registry may notify before the tag has moved (distribution's
//!    `registry/handlers/manifests.go` puts the manifest, which notifies, and only then the tag). No answer counts as another one then.
//! 3. A registry that does not answer is asked for one tag only, after waits that double up to a bound, or as it asked for.

use crate::model::setup::Setup;
use crate::model::{Digest, ImageRef, Registry, Span, Timestamp, limits};
use std::collections::{BTreeMap, BTreeSet};

/// What a notification wants of the next answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Hint {
    /// None came, or what it said was found.
    Quiet,
    /// One came since the tag was asked for last: what comes back now may be from before. It said this digest.
    Came(Option<Digest>),
    /// The tag was asked for because of it, and is asked for again after `wait` unless it points where was said.
    Asked { said: Option<Digest>, wait: Span },
}

impl Hint {
    /// What is left of it when the tag is asked for; nothing once the longest wait has passed.
    fn once_more(self) -> Self {
        match self {
            Self::Quiet => Self::Quiet,
            // A notification that names no digest can be compared with nothing: one more look has to do.
            Self::Came(None) => Self::Asked { said: None, wait: limits::HINTS_WITHIN },
            Self::Came(said) => Self::Asked { said, wait: limits::HINT_AGAIN },
            Self::Asked { wait, .. } if wait >= limits::HINTS_WITHIN => Self::Quiet,
            Self::Asked { said, wait } => {
                let double = Span::from_millis(wait.as_millis().saturating_mul(2));
                Self::Asked { said, wait: double.min(limits::HINTS_WITHIN) }
            }
        }
    }
}

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    due: Timestamp,
    every: Span,
    /// Its place among the registry's tags and their number, until it was asked for once.
    slot: Option<(u64, u64)>,
    flying: bool,
    hint: Hint,
    /// When it was asked for last.
    asked: Option<Timestamp>,
}

/// One registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Health {
    flying: usize,
    /// While it does not answer: the next try, and the wait after that.
    down: Option<(Timestamp, Span)>,
}

/// All tags and registries.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    tags: BTreeMap<ImageRef, Tag>,
    registries: BTreeMap<Registry, Health>,
    /// The time of the last turn.
    latest: Option<Timestamp>,
}

impl Schedule {
    /// A turn begins. Where the clock was set back meanwhile, all that is to come keeps its distance: else no tag would be asked for until the clock is where
    /// it was.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let back = self.latest.map_or(Span::default(), |latest| latest.since(now));
        self.latest = Some(now);
        if back == Span::default() {
            return;
        }
        for tag in self.tags.values_mut() {
            tag.due = tag.due - back;
            tag.asked = tag.asked.map(|asked| asked - back);
        }
        for health in self.registries.values_mut() {
            health.down = health.down.map(|(next, wait)| (next - back, wait));
        }
    }

    /// Takes new tags in and lets others go.
    pub(super) fn watch(&mut self, watched: &BTreeSet<ImageRef>, setup: &Setup, now: Timestamp) {
        self.tags.retain(|image, tag| tag.flying || watched.contains(image));
        let mut counts: BTreeMap<Registry, u64> = BTreeMap::new();
        for image in watched {
            *counts.entry(image.registry.clone()).or_default() += 1;
        }
        let mut nth: BTreeMap<&Registry, u64> = BTreeMap::new();
        for image in watched {
            let place = nth.entry(&image.registry).or_default();
            *place += 1;
            let every = interval(setup, image);
            let slot = Some((*place, counts.get(&image.registry).copied().unwrap_or(1)));
            let new = Tag { due: now, every, slot, flying: false, hint: Hint::Quiet, asked: None };
            let tag = self.tags.entry(image.clone()).or_insert(new);
            if tag.every != every {
                tag.every = every;
                tag.due = tag.due.min(now + every);
            }
        }
    }

    /// A notification named an image; one that is not watched is none of ours.
    pub(super) fn hint(&mut self, image: &ImageRef, said: Option<Digest>, now: Timestamp) {
        if let Some(tag) = self.tags.get_mut(image) {
            tag.hint = Hint::Came(said);
            let free = tag.asked.map_or(now, |asked| asked + limits::HINTS_WITHIN);
            tag.due = tag.due.min(now.max(free));
        }
    }

    /// Asks again at once: what was seen last was not taken, because the tag moved meanwhile.
    pub(super) fn again(&mut self, image: &ImageRef, now: Timestamp) {
        if let Some(tag) = self.tags.get_mut(image) {
            tag.due = tag.due.min(now);
        }
    }

    /// The tags to ask for now; they count as asked for.
    pub(super) fn due(&mut self, now: Timestamp) -> Vec<ImageRef> {
        let mut due: Vec<(Timestamp, ImageRef)> = Vec::new();
        due.extend(
            self.tags.iter().filter(|(_, t)| !t.flying && t.due <= now).map(|(i, t)| (t.due, i.clone())),
        );
        due.sort();
        due.retain(|(_, image)| self.begin(image, now));
        due.into_iter().map(|(_, image)| image).collect()
    }

    fn begin(&mut self, image: &ImageRef, now: Timestamp) -> bool {
        let health = self.registries.entry(image.registry.clone()).or_default();
        let most = match health.down {
            None => limits::POLLS_AT_ONCE,
            Some((next, _)) if next <= now => 1,
            Some(_) => 0,
        };
        let free = health.flying < most;
        if let Some(tag) = self.tags.get_mut(image).filter(|_| free) {
            health.flying += 1;
            (tag.flying, tag.asked) = (true, Some(now));
            tag.hint = std::mem::replace(&mut tag.hint, Hint::Quiet).once_more();
        }
        free
    }

    /// The registry answered for this tag that it points to `at`, to nothing, or that we may not know.
    pub(super) fn answered(&mut self, image: &ImageRef, at: Option<&Digest>, now: Timestamp) {
        self.landed(image).down = None;
        let Some(tag) = self.tags.get_mut(image) else { return };
        tag.flying = false;
        let wait = match &tag.hint {
            Hint::Quiet => None,
            Hint::Came(_) => Some(limits::HINTS_WITHIN),
            Hint::Asked { said, wait } => (said.is_none() || said.as_ref() != at).then_some(*wait),
        };
        match wait {
            Some(wait) => tag.due = now + wait,
            None => {
                tag.hint = Hint::Quiet;
                tag.due = next(tag, now);
            }
        }
    }

    /// The registry did not answer right after its own notification, and named no time: it may be writing the tag still, during which
    /// distribution answers 500. Then the tag is asked for again soon, nothing is said of the registry, and this is true.
    pub(super) fn too_early(&mut self, image: &ImageRef, now: Timestamp) -> bool {
        let up = self.registries.get(&image.registry).is_none_or(|health| health.down.is_none());
        let Some(tag) = self.tags.get_mut(image).filter(|_| up) else { return false };
        let Hint::Asked { wait, .. } = tag.hint else { return false };
        tag.flying = false;
        tag.due = now + wait;
        self.landed(image);
        true
    }

    /// The registry did not answer. Returns when it is tried next.
    pub(super) fn silent(
        &mut self,
        image: &ImageRef,
        retry_after: Option<Span>,
        now: Timestamp,
    ) -> Timestamp {
        let health = self.landed(image);
        let (_, wait) = health.down.unwrap_or((now, limits::RETRY_FIRST));
        let next = now + retry_after.unwrap_or_default().max(wait);
        let double = Span::from_millis(wait.as_millis().saturating_mul(2)).min(limits::RETRY_LONGEST);
        health.down = Some((next, double));
        if let Some(tag) = self.tags.get_mut(image) {
            tag.flying = false;
        }
        next
    }

    fn landed(&mut self, image: &ImageRef) -> &mut Health {
        let health = self.registries.entry(image.registry.clone()).or_default();
        health.flying = health.flying.saturating_sub(1);
        health
    }

    /// When something is due next; what is on its way, or waits for a place, comes up by itself.
    pub(super) fn next(&self) -> Option<Timestamp> {
        let ready = self.tags.iter().filter(|(_, tag)| !tag.flying).filter_map(|(image, tag)| {
            let health = self.registries.get(&image.registry).copied().unwrap_or_default();
            match health.down {
                None if health.flying < limits::POLLS_AT_ONCE => Some(tag.due),
                Some((next, _)) if health.flying == 0 => Some(tag.due.max(next)),
                None | Some(_) => None,
            }
        });
        ready.min()
    }
}

/// The first time its own part of the interval, then always the whole of it.
fn next(tag: &mut Tag, now: Timestamp) -> Timestamp {
    let every = tag.every.as_millis();
    let wait = tag.slot.take().map_or(every, |(nth, of)| every * nth / of.max(1));
    let due = tag.due + Span::from_millis(wait);
    if due > now { due } else { now + Span::from_millis(wait) }
}

/// The image's own interval, its registry's, or the one for what nobody configured.
fn interval(setup: &Setup, image: &ImageRef) -> Span {
    let own = setup.upstreams.get(image).and_then(|upstream| upstream.poll);
    let registry = setup.registries.get(&image.registry).map(|registry| registry.poll);
    own.or(registry).unwrap_or(limits::POLL_UNCONFIGURED).max(limits::RETRY_FIRST)
}

#[cfg(test)]
#[path = "schedule_tests.rs"]
mod tests;
