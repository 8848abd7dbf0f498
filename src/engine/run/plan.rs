//! What a change sets off: which images, in which order, then which workloads.

use super::{Body, DeployStage, DeployStep, ImageStage, ImageStep, Run, Standing, Step, advance, finish};
use crate::engine::origin::Origin;
use crate::engine::state::{Change, Key, State};
use crate::engine::step::Outcome;
use crate::engine::steps::Steps;
use crate::model::jobs::BaseName;
use crate::model::setup::Newer;
use crate::model::{ImageRef, RunId, StepKey};
use std::collections::{BTreeMap, BTreeSet};

/// Starts a run for `change`, or lets it wait for one that is under way:
///
/// 1. Nothing is built on the image: nothing to do.
/// 2. A run under way builds any of the same images, and the policy is `finish`: it waits; the latest change wins.
/// 3. The policy is `supersede`: what that run has not published yet is dropped.
pub(in crate::engine) fn change(state: &mut State, change: Change, out: &mut Outcome) -> Option<RunId> {
    let images = affected(state, &change.image);
    if images.is_empty() {
        return None;
    }
    let busy = overlapping(state, &images);
    if !busy.is_empty() && state.setup.newer == Newer::Finish {
        out.touch(Key::Image(change.image.clone()));
        state.queued.insert(change.image.clone(), change);
        return None;
    }
    for run in busy {
        supersede(state, run, out);
    }
    Some(begin(state, change, &images, out))
}

/// Starts the changes that waited for a run which has ended.
pub(in crate::engine) fn queue(state: &mut State, out: &mut Outcome) {
    let waiting: Vec<ImageRef> = state.queued.keys().cloned().collect();
    for image in waiting {
        let images = affected(state, &image);
        if !overlapping(state, &images).is_empty() {
            continue;
        }
        if let Some(next) = state.queued.remove(&image)
            && !images.is_empty()
        {
            begin(state, next, &images, out);
        }
    }
}

/// What is built for a change of `image`, in order: itself when it is ours, and all that is built on it.
fn affected(state: &State, image: &ImageRef) -> Vec<ImageRef> {
    let itself = state.setup.recipes.contains_key(image).then(|| image.clone());
    let after = state.lineage.affected(std::slice::from_ref(image), state.setup.build_edges);
    itself.into_iter().chain(after).collect()
}

fn overlapping(state: &State, images: &[ImageRef]) -> Vec<RunId> {
    let keys: BTreeSet<StepKey> = images.iter().cloned().map(StepKey::Image).collect();
    let busy = |run: &&Run| run.steps.keys().any(|key| keys.contains(key));
    state.active().filter(busy).map(|run| run.id).collect()
}

fn begin(state: &mut State, change: Change, images: &[ImageRef], out: &mut Outcome) -> RunId {
    state.last_run = RunId(state.last_run.0 + 1);
    let id = state.last_run;
    let within: BTreeSet<&ImageRef> = images.iter().collect();
    let images = images.iter().filter_map(|image| {
        let step = image_step(state, image, &within)?;
        Some(Step::new(StepKey::Image(image.clone()), Body::Image(Box::new(step)), state.now))
    });
    let deploys = deploys(state, &within).into_iter().map(|deploy| {
        let key = StepKey::Deploy(deploy.workload.clone());
        Step::new(key, Body::Deploy(Box::new(deploy)), state.now)
    });
    let steps = Steps::new(images.chain(deploys).collect());
    let mut run = Run {
        id,
        change,
        started: state.now,
        ended: None,
        steps,
        paused: None,
        aborted: None,
        discarded: false,
    };
    for key in run.steps.keys() {
        out.touch_step(id, key);
    }
    touch_older(state, &run, out);
    out.touch(Key::Image(run.change.image.clone()));
    advance(state, &mut run, out);
    state.runs.insert(id, Box::new(run));
    id
}

/// What may be done with a failed step of an older run changes when a newer run takes the same up.
fn touch_older(state: &State, run: &Run, out: &mut Outcome) {
    for older in state.runs.values() {
        let bad = |key: &&StepKey| older.steps.get(key).is_some_and(|step| step.standing() == Standing::Bad);
        for key in run.steps.keys().filter(bad) {
            out.touch(Key::Step(older.id, key.clone()));
        }
    }
}

fn image_step(state: &State, image: &ImageRef, within: &BTreeSet<&ImageRef>) -> Option<ImageStep> {
    let recipe = state.setup.recipes.get(image)?.clone();
    let read = state.recipes.get(image).and_then(|read| read.as_ref().ok());
    let names = read.iter().flat_map(|read| &read.bases).filter_map(|base| match &base.from {
        BaseName::Tag(name) => Some(name.clone()),
        BaseName::Pinned(_) => None,
    });
    let parents: BTreeSet<ImageRef> = names.filter(|name| within.contains(name)).collect();
    Some(ImageStep {
        image: image.clone(),
        recipe,
        inputs: None,
        parents: parents.into_iter().collect(),
        bases: BTreeMap::new(),
        origin: Origin::default(),
        candidate: None,
        digest: None,
        old: state.digest_of(image).cloned(),
        old_made: None,
        report: None,
        second: None,
        control: None,
        stage: ImageStage::Waiting,
    })
}

/// The workloads that follow these images, lower order first, then by name.
fn deploys(state: &State, images: &BTreeSet<&ImageRef>) -> Vec<DeployStep> {
    let mut follow: Vec<_> =
        state.setup.workloads.iter().filter(|(_, how)| images.contains(&how.image)).collect();
    follow.sort_by_key(|(id, how)| (how.order, (*id).clone()));
    let step = |(id, how): (&crate::model::WorkloadId, &crate::model::setup::Workload)| DeployStep {
        workload: id.clone(),
        how: how.clone(),
        want: None,
        baseline: None,
        replaced: None,
        mark: None,
        touched: false,
        look: None,
        unseen: None,
        failed_before: 0,
        deadline: None,
        stage: DeployStage::Waiting,
    };
    follow.into_iter().map(step).collect()
}

/// Drops what a run has not published and not touched yet. A workload in hand is brought to its end first.
fn supersede(state: &mut State, id: RunId, out: &mut Outcome) {
    let Some(mut run) = state.runs.remove(&id) else { return };
    let now = state.now;
    for step in run.steps.values_mut() {
        let open = step.standing() == Standing::Open;
        match &step.body {
            Body::Image(image) if open && image.stage != ImageStage::Publishing => {
                finish(step, out);
                step.enter_image(ImageStage::Superseded, now);
            }
            Body::Deploy(deploy) if open && !deploy.stage.holds_workload() => {
                finish(step, out);
                step.enter_deploy(DeployStage::Superseded, now);
            }
            Body::Image(_) | Body::Deploy(_) => {}
        }
        out.touch(Key::Step(id, step.key.clone()));
    }
    advance(state, &mut run, out);
    out.touch(Key::Run(id));
    state.runs.insert(id, run);
}
