//! How an image step goes on: parents, build, tests, hold, publication.

use super::advance::open_incident;
use super::progress::Standing;
use super::{ImageStage, ImageStep, Run, Step, finish};
use crate::engine::candidate;
use crate::engine::hold::Hold;
use crate::engine::incident::{Blame, Cause};
use crate::engine::state::{Key, Made, State, TagState};
use crate::engine::step::Outcome;
use crate::model::defect::{Defect, present};
use crate::model::jobs::{BaseName, Ingredients, Role};
use crate::model::limits;
use crate::model::reports::{BuildCause, BuildReport, PublishReport, TestReport};
use crate::model::setup::GateBefore;
use crate::model::{Action, Actor, Digest, ImageRef, StepKey};
use std::collections::BTreeMap;

/// Lets the step go on where nothing needs to be done first. Answers whether its stage changed.
pub(super) fn advance(state: &mut State, run: &mut Run, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = run.steps.at(place) else { return false };
    let Some(image) = step.image() else { return false };
    if step.standing() != Standing::Open {
        return false;
    }
    if let Some(bad) = bad_parent(run, image) {
        let key = step.key.clone();
        return end(state, run, &key, ImageStage::Blocked(bad), out);
    }
    match &image.stage {
        ImageStage::Waiting => begin(state, run, place, out),
        ImageStage::Held(hold) if hold.expires.is_some_and(|at| at <= state.now) => {
            let (key, by) = (step.key.clone(), Actor::Policy(hold.gate.to_string()));
            end(state, run, &key, ImageStage::Aborted(by), out)
        }
        ImageStage::Held(hold) if hold.open() => {
            let key = step.key.clone();
            enter(state, run, &key, ImageStage::Cleared, None, out)
        }
        ImageStage::Cleared if parents_published(run, image) => {
            let key = step.key.clone();
            refresh_old(state, run, &key);
            enter(state, run, &key, ImageStage::Publishing, Some(Action::Publish), out)
        }
        ImageStage::Held(_)
        | ImageStage::Cleared
        | ImageStage::Building
        | ImageStage::Testing
        | ImageStage::Publishing
        | ImageStage::Published
        | ImageStage::Failed(_)
        | ImageStage::Blocked(_)
        | ImageStage::Superseded
        | ImageStage::Aborted(_) => false,
    }
}

/// 1. A person ended the run: it is not begun.
/// 2. Its recipe cannot be read: it fails.
/// 3. A parent in this run is not tested yet, or a base outside was never seen: it waits.
/// 4. Else it is built.
fn begin(state: &mut State, run: &mut Run, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = run.steps.at(place) else { return false };
    if let Some(stop) = &run.aborted {
        let (key, by) = (step.key.clone(), stop.by.clone());
        return end(state, run, &key, ImageStage::Aborted(by), out);
    }
    let Some(image) = step.image() else { return false };
    match state.recipes.get(&image.image) {
        Some(Err(why)) => {
            let (key, cause) = (step.key.clone(), Cause::Recipe(why.clone()));
            fail(state, run, &key, cause, out);
            true
        }
        Some(Ok(read)) if missing_base(state, run, image, read).is_none() => {
            let key = step.key.clone();
            enter(state, run, &key, ImageStage::Building, Some(Action::Build), out)
        }
        Some(Ok(_)) | None => false,
    }
}

/// What `image` cannot be built without: a parent of this run that is not tested, or a base that was never seen.
pub(in crate::engine) fn missing_base<'a>(
    state: &State,
    run: &Run,
    image: &'a ImageStep,
    read: &'a Ingredients,
) -> Option<&'a ImageRef> {
    let untested = |parent: &&ImageRef| {
        run.image_step(parent).is_some_and(|p| !p.stage.tested() && !present(Defect::ChildBuiltEarly))
    };
    image.parents.iter().find(untested).or_else(|| {
        let names = read.bases.iter().filter_map(|base| match &base.from {
            BaseName::Tag(name) => Some(name),
            BaseName::Pinned(_) => None,
        });
        names.into_iter().find(|name| base_digest(state, run, name).is_none())
    })
}

/// The digest that a base is fixed to: what moved, what this run tested, else where its tag points.
fn base_digest(state: &State, run: &Run, base: &ImageRef) -> Option<Digest> {
    if *base == run.change.image && run.image_step(base).is_none() {
        return run.change.to.clone();
    }
    match run.image_step(base) {
        Some(parent) => parent.digest.clone(),
        None => state.digest_of(base).cloned(),
    }
}

/// Fixes what the build takes: called when the build is issued for the first time.
pub(super) fn fix_inputs(state: &State, run: &mut Run, key: &StepKey) -> Option<()> {
    let image = run.steps.get(key)?.image()?;
    let read = state.recipes.get(&image.image)?.as_ref().ok()?.clone();
    let named = read.bases.iter().filter_map(|base| match &base.from {
        BaseName::Tag(name) => base_digest(state, run, name).map(|digest| (name.clone(), digest)),
        BaseName::Pinned(_) => None,
    });
    let bases: BTreeMap<ImageRef, Digest> = named.collect();
    let origin = state.origin_from(run, &image.image, &read.recipe, &bases);
    let tag = candidate::tag(&state.install, run.id, &image.image, &read.recipe, &bases).ok()?;
    let image = run.steps.get_mut(key)?.image_mut()?;
    image.candidate = Some(image.image.with_tag(tag));
    image.inputs = Some(read.clone());
    image.bases = bases;
    image.origin = origin;
    if let Some(recipe) = state.setup.recipes.get(&image.image) {
        image.recipe = recipe.clone();
    }
    Some(())
}

pub(in crate::engine) fn built(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    report: BuildReport,
    out: &mut Outcome,
) {
    match report {
        BuildReport::Built { digest, .. } => {
            let Some(step) = run.steps.get_mut(key) else { return };
            let Some(image) = step.image_mut() else { return };
            image.digest = Some(digest);
            (image.report, image.second, image.control) = (None, None, None);
            if image.recipe.tests.is_empty() {
                tested(state, run, key, out);
            } else {
                enter(state, run, key, ImageStage::Testing, Some(Action::Test), out);
            }
        }
        BuildReport::Failed { cause: BuildCause::Context, .. } if recipe_changed(state, run, key) => {
            enter(state, run, key, ImageStage::Waiting, None, out);
        }
        BuildReport::Failed { cause, message } => fail(state, run, key, Cause::Build { cause, message }, out),
    }
}

/// Whether the recipe was read again, and differently, since this build's inputs were fixed: then they are fixed anew.
fn recipe_changed(state: &State, run: &Run, key: &StepKey) -> bool {
    let Some(image) = run.steps.get(key).and_then(Step::image) else { return false };
    let now = state.recipes.get(&image.image).and_then(|read| read.as_ref().ok());
    let then = image.inputs.as_ref();
    now.is_some() && now.map(|read| &read.recipe) != then.map(|read| &read.recipe)
}

/// What the tests said, by which of the three runs it was: see `A run` 4 in the design.
pub(in crate::engine) fn judged(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    action: Action,
    report: TestReport,
    out: &mut Outcome,
) {
    let Some(step) = run.steps.get_mut(key) else { return };
    let Some(image) = step.image_mut() else { return };
    let passed = report.passed() || present(Defect::FailedTestsPass);
    match action {
        Action::Retest => {
            image.second = Some(report);
            if passed {
                *state.flaky.entry(image.image.clone()).or_insert(0) += 1;
                tested(state, run, key, out);
            } else if image.old.is_some() && image.old != image.digest {
                step.want = Some(Action::Control);
            } else {
                blame(state, run, key, Blame::NoControl, out);
            }
        }
        Action::Control => {
            image.control = Some(report);
            blame(state, run, key, if passed { Blame::ThisUpdate } else { Blame::BeforeToo }, out);
        }
        _ => {
            image.report = Some(report);
            if passed {
                tested(state, run, key, out);
            } else {
                step.want = Some(Action::Retest);
            }
        }
    }
}

fn blame(state: &mut State, run: &mut Run, key: &StepKey, blame: Blame, out: &mut Outcome) {
    let Some(image) = run.steps.get(key).and_then(Step::image) else { return };
    let Some(report) = image.second.as_ref().or(image.report.as_ref()) else { return };
    let (passed, total) = report.cases();
    let failing =
        report.tests.iter().flat_map(|test| test.failing.clone()).take(limits::FAILING_CASES).collect();
    fail(state, run, key, Cause::Tests { blame, passed, total, failing }, out);
}

/// The candidate is good: it waits for its gate, or for its parents.
fn tested(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let Some(image) = run.steps.get(key).and_then(Step::image) else { return };
    let Some(digest) = image.digest.clone() else { return };
    let hold = Hold::asked(&state.setup, image.recipe.gate.as_ref(), GateBefore::Publish, &digest, state.now);
    let stage = hold.map_or(ImageStage::Cleared, ImageStage::Held);
    enter(state, run, key, stage, None, out);
}

pub(in crate::engine) fn published(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    report: PublishReport,
    out: &mut Outcome,
) {
    match report {
        PublishReport::Moved { .. } => {
            record_publication(state, run, key, out);
            enter(state, run, key, ImageStage::Published, None, out);
            note_usual(state, run, key);
        }
        PublishReport::MovedByOthers { to } => fail(state, run, key, Cause::TagMovedByOthers(to), out),
        PublishReport::Refused(why) => fail(state, run, key, Cause::PublishRefused(why), out),
    }
}

fn record_publication(state: &mut State, run: &mut Run, key: &StepKey, out: &mut Outcome) {
    let id = run.id;
    let Some(image) = run.steps.get_mut(key).and_then(Step::image_mut) else { return };
    let recipe = image.inputs.as_ref().map(|inputs| inputs.recipe.clone());
    let (Some(digest), Some(recipe)) = (image.digest.clone(), recipe) else { return };
    let before =
        state.digest_of(&image.image).cloned().filter(|d| *d != digest).or_else(|| image.old.clone());
    let tag = TagState { digest: Some(digest.clone()), since: state.now, before, by_run: Some(id) };
    state.tags.insert(image.image.clone(), tag);
    let (bases, origin) = (image.bases.clone(), image.origin.clone());
    let made = Made { digest, bases, recipe, origin, run: id, at: state.now };
    let old = image.old.clone();
    image.old_made =
        state.made.insert(image.image.clone(), made).filter(|made| Some(&made.digest) == old.as_ref());
    out.touch(Key::Image(image.image.clone()));
}

/// Remembers how long a step that ended well took.
pub(in crate::engine) fn note_usual(state: &mut State, run: &Run, key: &StepKey) {
    let Some(step) = run.steps.get(key) else { return };
    let (Some(started), Some(ended)) = (step.started, step.ended) else { return };
    let past = state.usual.entry(key.clone()).or_default();
    if past.len() >= 5 {
        past.remove(0);
    }
    past.push(ended.since(started));
}

/// A run of ours may have moved the public tag since this one was planned: that is what this one takes the place of.
fn refresh_old(state: &State, run: &mut Run, key: &StepKey) {
    let Some(image) = run.steps.get_mut(key).and_then(Step::image_mut) else { return };
    if let Some(tag) = state.tags.get(&image.image).filter(|tag| tag.by_run.is_some()) {
        image.old = tag.digest.clone();
    }
}

fn bad_parent(run: &Run, image: &ImageStep) -> Option<StepKey> {
    let bad = |parent: &&ImageRef| run.standing_of(parent) == Some(Standing::Bad);
    image.parents.iter().find(bad).cloned().map(StepKey::Image)
}

fn parents_published(run: &Run, image: &ImageStep) -> bool {
    image.parents.iter().all(|parent| run.standing_of(parent).is_none_or(|s| s == Standing::Good))
}

fn enter(
    state: &State,
    run: &mut Run,
    key: &StepKey,
    stage: ImageStage,
    want: Option<Action>,
    out: &mut Outcome,
) -> bool {
    let Some(step) = run.steps.get_mut(key) else { return false };
    step.enter_image(stage, state.now);
    step.want = want;
    out.touch_step(run.id, key);
    true
}

/// Ends the step in a stage that needs no evidence.
pub(in crate::engine) fn end(
    state: &State,
    run: &mut Run,
    key: &StepKey,
    stage: ImageStage,
    out: &mut Outcome,
) -> bool {
    if let Some(step) = run.steps.get_mut(key) {
        finish(step, out);
    }
    enter(state, run, key, stage, None, out)
}

pub(in crate::engine) fn fail(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    cause: Cause,
    out: &mut Outcome,
) {
    let seen = run.steps.get(key).and_then(Step::image).map(evidence).unwrap_or_default();
    open_incident(state, run, key, &cause, seen, out);
    end(state, run, key, ImageStage::Failed(cause), out);
}

/// What was seen of a failed image step, line by line.
fn evidence(image: &ImageStep) -> Vec<String> {
    let mut lines: Vec<String> =
        image.bases.iter().map(|(base, d)| format!("built from {base} at {}", d.short())).collect();
    let runs = [
        ("tests", &image.report),
        ("second try", &image.second),
        ("control, on the old image", &image.control),
    ];
    for (name, report) in runs {
        let Some(report) = report else { continue };
        let (passed, total) = report.cases();
        lines.push(format!("{name}: {passed} of {total} passed"));
        for test in report.tests.iter().filter(|test| !test.passed) {
            lines.extend(test.reason.iter().map(|why| format!("  {}: {why}", test.name)));
            lines.extend(
                test.failing.iter().take(10).map(|case| format!("  {}: {}", case.name, case.message)),
            );
        }
    }
    lines
}

/// The runtime base of a recipe, as far as it is named by a tag.
pub(in crate::engine) fn runtime_base(read: &Ingredients) -> Option<&ImageRef> {
    read.bases.iter().find_map(|base| match (&base.from, base.role) {
        (BaseName::Tag(image), Role::Runtime) => Some(image),
        (BaseName::Tag(_) | BaseName::Pinned(_), _) => None,
    })
}
