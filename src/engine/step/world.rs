//! What was seen of the world: configuration, tags, workloads, sources.

use super::{Outcome, let_go_on};
use crate::engine::event::Event;
use crate::engine::orphans;
use crate::engine::rollout;
use crate::engine::run;
use crate::engine::state::{Change, Key, Lost, State, TagState};
use crate::model::jobs::Ingredients;
use crate::model::reports::Running;
use crate::model::{Digest, FleetName, ImageRef, RunId, Setup, WorkloadId};
use std::collections::BTreeMap;

pub(super) fn configured(state: &mut State, setup: &Setup, out: &mut Outcome) {
    state.setup = setup.clone();
    state.configured = Some(state.now);
    out.touch(Key::All);
    rollout::automatic(state, out);
}

pub(super) fn recipes_read(
    state: &mut State,
    recipes: &BTreeMap<ImageRef, Result<Ingredients, String>>,
    out: &mut Outcome,
) {
    state.recipes.clone_from(recipes);
    state.restore_derived();
    out.touch(Key::All);
    all_go_on(state, out);
}

/// A tag is not where it was known to be:
///
/// 1. It was never seen before: that is where it is, nothing has moved.
/// 2. It is where a run of ours is just moving it: our own push, seen before its own report.
/// 3. It is an image of ours: somebody else pushed it. It has passed no tests here, so nothing is started; said on screen.
/// 4. It is gone: said on screen.
/// 5. Else it moved: a change.
pub(super) fn tag_seen(
    state: &mut State,
    event: &Event,
    image: &ImageRef,
    digest: Option<&Digest>,
    out: &mut Outcome,
) {
    let known = state.tags.get(image).cloned();
    out.touch(Key::Image(image.clone()));
    if known.as_ref().is_some_and(|tag| tag.digest.as_ref() == digest) {
        return;
    }
    let ours = digest.and_then(|digest| publishing(state, image, digest));
    let before = known.as_ref().and_then(|tag| tag.digest.clone());
    let tag = TagState { digest: digest.cloned(), since: state.now, before: before.clone(), by_run: ours };
    state.tags.insert(image.clone(), tag);
    let upstream = !state.setup.recipes.contains_key(image);
    if known.is_some() && upstream && ours.is_none() && digest.is_some() {
        let change = Change {
            image: image.clone(),
            from: before.clone(),
            to: digest.cloned(),
            by: event.by.clone(),
            at: state.now,
            reason: None,
        };
        run::change(state, change, out);
    }
    if before.is_none() {
        // Steps may have waited for this base: never seen, or not in its registry until now.
        all_go_on(state, out);
    }
}

/// The run that is moving `image` to `digest` itself.
fn publishing(state: &State, image: &ImageRef, digest: &Digest) -> Option<RunId> {
    let moves = |run: &&run::Run| {
        run.image_step(image)
            .is_some_and(|step| step.digest.as_ref() == Some(digest) || step.old.as_ref() == Some(digest))
    };
    state.active().find(moves).map(|run| run.id)
}

fn all_go_on(state: &mut State, out: &mut Outcome) {
    let active: Vec<RunId> = state.active().map(|run| run.id).collect();
    active.into_iter().for_each(|id| let_go_on(state, id, out));
}

pub(super) fn source_lost(state: &mut State, who: &str, why: &str, out: &mut Outcome) {
    let since = state.now;
    state.lost.entry(who.to_owned()).or_insert(Lost { why: why.to_owned(), since });
    out.touch(Key::Source(who.to_owned()));
}

pub(super) fn source_found(state: &mut State, who: &str, out: &mut Outcome) {
    state.lost.remove(who);
    orphans::heard_again(state, who);
    out.touch(Key::Source(who.to_owned()));
}

pub(super) fn workloads_seen(
    state: &mut State,
    fleet: &FleetName,
    running: &[Running],
    gone: Option<&[WorkloadId]>,
    out: &mut Outcome,
) {
    let untold = || state.running.keys().filter(|id| id.fleet == *fleet).cloned().collect();
    for id in gone.map_or_else(untold, <[_]>::to_vec) {
        state.running.remove(&id);
        out.touch(Key::Workload(id));
    }
    for seen in running {
        out.touch(Key::Workload(seen.workload.clone()));
        state.running.insert(seen.workload.clone(), seen.clone());
    }
}

pub(super) fn fleet_refused(state: &mut State, fleet: &FleetName, holder: &str, out: &mut Outcome) {
    state.refused_fleets.insert(fleet.clone(), holder.to_owned());
    out.touch(Key::All);
}

pub(super) fn fleet_claimed(state: &mut State, fleet: &FleetName, out: &mut Outcome) {
    if state.refused_fleets.remove(fleet).is_some() {
        out.touch(Key::All);
        all_go_on(state, out);
        rollout::all_go_on(state, out);
    }
}
