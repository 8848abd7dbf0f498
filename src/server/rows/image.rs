//! An image's row: where its tag points, what it stands on, whether that has moved on.

use super::{View, standing};
use crate::api::rows::{BaseRow, ImageRow, Mark, Row};
use crate::engine::{Body, ImageStage, Run, State};
use crate::model::jobs::{BaseName, Role};
use crate::model::{Digest, ImageRef, Owner, StepKey, Timestamp};
use std::collections::BTreeSet;

/// Every image that has a row.
pub(super) fn images(state: &State) -> BTreeSet<ImageRef> {
    state.watched().into_iter().chain(state.tags.keys().cloned()).collect()
}

pub(super) fn image(view: View<'_>, image: &ImageRef) -> Row {
    let state = view.state;
    let tag = state.tags.get(image);
    let read = state.recipes.get(image).and_then(|read| read.as_ref().ok());
    let why_behind = why_behind(state, image, &mut BTreeSet::new());
    let (mark, words, since) = stands(state, image, why_behind.is_some());
    let registry = format!("registry {}", image.registry);
    Row::Image(ImageRow {
        image: image.clone(),
        upstream: !state.setup.recipes.contains_key(image),
        owner: owner(state, image),
        digest: tag.and_then(|tag| tag.digest.clone()),
        mark,
        state: words,
        since,
        bases: bases(state, image),
        unknown: read.map(|read| read.unknown.clone()).unwrap_or_default(),
        stands_on: stands_on(state, image),
        behind: why_behind.is_some(),
        why_behind,
        run: run_of(state, image).map(|run| run.id),
        workloads: state
            .setup
            .workloads
            .iter()
            .filter(|(_, how)| how.image == *image)
            .map(|(id, _)| id.clone())
            .collect(),
        polled: tag.and_then(|_| view.sources.get(&registry)?.last),
    })
}

fn owner(state: &State, image: &ImageRef) -> Option<Owner> {
    let ours = state.setup.recipes.get(image).and_then(|recipe| recipe.owner.clone());
    ours.or_else(|| state.setup.upstreams.get(image)?.owner.clone())
}

fn bases(state: &State, image: &ImageRef) -> Vec<BaseRow> {
    let Some(Ok(read)) = state.recipes.get(image) else { return Vec::new() };
    let made = state.made.get(image);
    let row = |base: &crate::model::jobs::Base| match &base.from {
        BaseName::Tag(name) => BaseRow {
            name: name.to_string(),
            image: Some(name.clone()),
            role: base.role,
            digest: made.and_then(|made| made.bases.get(name).cloned()),
        },
        BaseName::Pinned(pinned) => BaseRow {
            name: pinned.to_string(),
            image: None,
            role: base.role,
            digest: Some(pinned.digest.clone()),
        },
    };
    read.bases.iter().map(row).collect()
}

/// The base of the final stage, when it is named by its tag.
fn runtime_base(state: &State, image: &ImageRef) -> Option<ImageRef> {
    let read = state.recipes.get(image)?.as_ref().ok()?;
    read.bases.iter().find(|base| base.role == Role::Runtime).and_then(|base| match &base.from {
        BaseName::Tag(name) => Some(name.clone()),
        BaseName::Pinned(_) => None,
    })
}

/// The root of the runtime chain, and the digest of it in the *public* content: followed only as long as each base
/// still is the very content that was built on.
pub(super) fn stands_on(state: &State, image: &ImageRef) -> Option<(ImageRef, Option<Digest>)> {
    let mut seen = BTreeSet::from([image.clone()]);
    let mut at = image.clone();
    let mut digest = state.made.get(image).map(|made| made.digest.clone());
    while let Some(base) = runtime_base(state, &at) {
        if !seen.insert(base.clone()) {
            return None;
        }
        let made = state.made.get(&at).filter(|made| Some(&made.digest) == digest.as_ref());
        digest = made.and_then(|made| made.bases.get(&base).cloned());
        at = base;
    }
    (at != *image).then_some((at, digest))
}

/// Why the public content stands on something older than there is: a base of it moved, or stands on something older itself.
fn why_behind(state: &State, image: &ImageRef, seen: &mut BTreeSet<ImageRef>) -> Option<String> {
    if !seen.insert(image.clone()) {
        return None;
    }
    let Some(made) = state.made.get(image) else { return not_rebuilt(state, image) };
    let moved = |(base, built_on): (&ImageRef, &Digest)| {
        let now = state.digest_of(base)?;
        let text =
            || format!("{} is at {}, it was built from {}", base.short(), now.short(), built_on.short());
        (now != built_on).then(text)
    };
    let direct = made.bases.iter().find_map(moved);
    direct.or_else(|| {
        made.bases.keys().find_map(|base| {
            why_behind(state, base, seen).map(|why| format!("{} is behind: {why}", base.short()))
        })
    })
}

/// What somebody built before we did: its bases are not known, but when one of them moved while we looked and our
/// candidate on that is not published, then what is public stands on the old one.
fn not_rebuilt(state: &State, image: &ImageRef) -> Option<String> {
    let run = run_of(state, image)?;
    let Body::Image(step) = &run.steps.get(&StepKey::Image(image.clone()))?.body else { return None };
    let moved = &run.change;
    let (from, to) = (moved.from.as_ref()?, moved.to.as_ref()?);
    (from != to && step.stage != ImageStage::Published).then(|| {
        format!("{} moved to {}, and nothing built on that is published", moved.image.short(), to.short())
    })
}

/// The run that moves it now, or the latest one that did.
fn run_of<'a>(state: &'a State, image: &ImageRef) -> Option<&'a Run> {
    let key = StepKey::Image(image.clone());
    let about = |run: &&Run| run.change.image == *image || run.steps.contains_key(&key);
    let all = || state.each_run().rev().filter(about);
    all().find(|run| run.ended.is_none()).or_else(|| all().next())
}

/// How it stands: its step of a run under way; what is wrong with it; how its latest run left it; else its tag.
fn stands(state: &State, image: &ImageRef, behind: bool) -> (Mark, String, Option<Timestamp>) {
    let run = run_of(state, image);
    let step = run.and_then(|run| Some((run, run.steps.get(&StepKey::Image(image.clone()))?)));
    let tag = state.tags.get(image);
    if let Some((run, step)) = step
        && (run.ended.is_none() || standing::cause(step).is_some())
    {
        return (standing::mark(run, step), standing::words(step), Some(step.since));
    }
    if let Some(Err(_)) = state.recipes.get(image) {
        return (Mark::Unknown, "recipe unreadable".to_owned(), None);
    }
    if let Some(change) = state.queued.get(image) {
        return (
            Mark::Moved,
            format!("moved {}, waits for a run", change.at.hours_minutes()),
            Some(change.at),
        );
    }
    if let Some(run) = run.filter(|run| run.ended.is_none() && run.change.image == *image) {
        return (Mark::Moved, format!("moved {}", run.change.at.hours_minutes()), Some(run.change.at));
    }
    match tag {
        None => (Mark::Unknown, "not seen yet".to_owned(), None),
        Some(tag) if tag.digest.is_none() => {
            (Mark::Unknown, "not in its registry".to_owned(), Some(tag.since))
        }
        Some(tag) if behind => (Mark::Moved, "behind".to_owned(), Some(tag.since)),
        // Somebody built it before we did: nobody here knows what from.
        Some(tag) if state.setup.recipes.contains_key(image) && !state.made.contains_key(image) => {
            (Mark::Unknown, "base not known".to_owned(), Some(tag.since))
        }
        Some(tag) => (Mark::Good, "current".to_owned(), Some(tag.since)),
    }
}
