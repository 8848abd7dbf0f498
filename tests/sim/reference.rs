//! A small model of what a run may do, beside the system and compared with it: read it to learn the rules.

use crate::moment::Moment;
use std::collections::BTreeSet;
use tidegate::engine::run::Body;
use tidegate::engine::{Effect, ImageStage, Job, NodeStep, Run, State, Step};
use tidegate::model::{Action, EffectId, RunId, StepKey};

/// What an image step may become, from each of its stages.
const IMAGE: [(&str, &[&str]); 11] = [
    ("waiting", &["building", "failed", "blocked", "superseded", "aborted"]),
    ("building", &["testing", "failed", "blocked", "superseded", "aborted"]),
    // Without a gate, and with all parents published, several stages pass at one moment.
    ("testing", &["held", "cleared", "publishing", "failed", "blocked", "superseded", "aborted"]),
    ("held", &["cleared", "publishing", "blocked", "superseded", "aborted"]),
    ("cleared", &["publishing", "blocked", "superseded", "aborted"]),
    ("publishing", &["published", "failed", "aborted"]),
    ("published", &[]),
    // A person tries again; and what a failed step blocked goes on then.
    // Tests that failed are run again on the candidate that is there, and one that its registry refused is published. Where a parent has failed
    // meanwhile, it waits for that one's next try.
    ("failed", &["waiting", "building", "testing", "cleared", "publishing", "blocked"]),
    ("blocked", &["waiting", "building"]),
    ("aborted", &["waiting", "building"]),
    ("superseded", &["waiting", "building"]),
];

/// What a deploy step may become, from each of its stages.
const DEPLOY: [(&str, &[&str]); 13] = [
    ("waiting", &["held", "updating", "quarantined", "failed", "blocked", "superseded", "aborted"]),
    ("held", &["updating", "quarantined", "blocked", "superseded", "aborted"]),
    (
        "updating",
        &[
            "soaking",
            "restoring",
            "restored",
            "undecided",
            "failed",
            "healthy",
            "aborted",
            "blocked",
            "superseded",
        ],
    ),
    ("soaking", &["healthy", "restoring", "undecided", "failed", "restored"]),
    ("undecided", &["healthy", "restoring", "failed", "restored"]),
    ("restoring", &["restored", "failed"]),
    // A person orders it back.
    ("healthy", &["restoring"]),
    ("restored", &["waiting", "held", "updating"]),
    ("failed", &["waiting", "held", "updating", "restoring"]),
    ("quarantined", &["waiting", "held", "updating"]),
    ("blocked", &["waiting", "held", "updating", "quarantined"]),
    ("aborted", &["waiting", "held", "updating"]),
    ("superseded", &["waiting", "held", "updating"]),
];

/// What a node step may become, from each of its stages; one that adds a node asks nothing beforehand. What asks nothing of anybody passes at one moment.
const NODE: [(&str, &[&str]); 19] = [
    ("pending", &["preflight", "provisioning", "skipped", "superseded", "aborted"]),
    (
        "preflight",
        &[
            "provisioning",
            "cordoning",
            "undecided",
            "failed",
            "restoring",
            "skipped",
            "superseded",
            "aborted",
        ],
    ),
    ("provisioning", &["joining", "restoring"]),
    // One that is added is done with that.
    ("joining", &["cordoning", "done", "restoring"]),
    // Nothing was moved: it takes work again at once.
    ("cordoning", &["shifting", "restoring", "restored", "quarantined"]),
    // In place, a node that an earlier round has updated stays as it is: empty, and a person must look.
    ("shifting", &["soaking", "updating", "restoring", "restored", "quarantined"]),
    ("updating", &["rejoining", "restoring", "quarantined"]),
    ("rejoining", &["soaking", "restoring", "quarantined"]),
    // Work that is gone by the end of its soak is not judged.
    ("soaking", &["undecided", "retiring", "done", "restoring", "quarantined"]),
    ("undecided", &["preflight", "retiring", "done", "restoring", "skipped", "superseded", "aborted"]),
    ("retiring", &["done", "quarantined"]),
    ("done", &[]),
    ("restoring", &["restored", "quarantined"]),
    // A person tries again, or leaves it out.
    ("restored", &["pending", "preflight", "provisioning", "skipped"]),
    ("failed", &["pending", "preflight", "provisioning", "skipped"]),
    (
        "quarantined",
        &["pending", "preflight", "provisioning", "retiring", "restoring", "restored", "skipped"],
    ),
    ("skipped", &["pending", "preflight", "provisioning"]),
    ("superseded", &[]),
    ("aborted", &[]),
];

/// Every stage that a step can be in, as the counts of a report name it.
pub fn stages() -> impl Iterator<Item = String> {
    let image = IMAGE.iter().map(|(stage, _)| format!("stage image {stage}"));
    let deploy = DEPLOY.iter().map(|(stage, _)| format!("stage deploy {stage}"));
    image.chain(deploy).chain(NODE.iter().map(|(stage, _)| format!("stage node {stage}")))
}

/// What the model remembers: the effects that were asked for and have no result.
#[derive(Default)]
pub struct Reference {
    asked: BTreeSet<EffectId>,
}

impl Reference {
    /// A run does only what it may.
    pub fn check(&mut self, moment: &Moment<'_>) -> Result<(), String> {
        for run in moment.state.runs.values() {
            for step in run.steps.values() {
                stage_follows(moment.before, run, step)?;
            }
        }
        for rollout in moment.state.rollouts.values() {
            for step in rollout.steps.values() {
                node_stage_follows(moment.before, rollout.id, step)?;
            }
        }
        for effect in &moment.outcome.effects {
            match effect {
                Effect::Do(job) => {
                    may_be_asked(moment.state, job)?;
                    if !self.asked.insert(job.id().clone()) {
                        return Err(format!("{} is asked for twice", job.id()));
                    }
                }
                Effect::Cancel(_) | Effect::Notify(_) => {}
            }
        }
        Ok(())
    }
}

/// A stage is followed only by one that the tables name, and begins with `waiting`.
fn stage_follows(before: &State, run: &Run, step: &Step) -> Result<(), String> {
    let Some(old) = before.step_of(run.id, &step.key) else { return Ok(()) };
    if old.word() == step.word() {
        return Ok(());
    }
    let table: &[(&str, &[&str])] = match step.body {
        Body::Image(_) => &IMAGE,
        Body::Deploy(_) => &DEPLOY,
    };
    follows(table, old.word(), step.word()).map_err(|what| format!("run {}: {} {what}", run.id, step.key))
}

fn node_stage_follows(before: &State, run: RunId, step: &NodeStep) -> Result<(), String> {
    let Some(old) = before.node_step_of(run, &step.key) else { return Ok(()) };
    if old.word() == step.word() {
        return Ok(());
    }
    follows(&NODE, old.word(), step.word()).map_err(|what| format!("rollout {run}: {} {what}", step.key))
}

fn follows(table: &[(&str, &[&str])], from: &str, to: &str) -> Result<(), String> {
    let may = table.iter().find(|(stage, _)| *stage == from).map_or(&[][..], |(_, may)| may);
    if may.contains(&to) { Ok(()) } else { Err(format!("went from {from} to {to}")) }
}

/// An effect is asked for only where its step stands.
fn may_be_asked(state: &State, job: &Job) -> Result<(), String> {
    let id = job.id();
    if id.run == RunId::NONE {
        let asked = state.orphans.values().any(|one| one.doing.as_ref() == Some(id));
        return if asked { Ok(()) } else { Err(format!("{id} is of no machine that nobody needs")) };
    }
    if let Some(step) = state.node_step_of(id.run, &id.step) {
        return may_be_asked_of_node(step, id);
    }
    let Some(run) = state.runs.get(&id.run) else { return Err(format!("{id} is of no run")) };
    let Some(step) = run.steps.get(&id.step) else { return Err(format!("{id} is of no step")) };
    let stages: &[&str] = match id.action {
        Action::Build => &["building"],
        Action::Test | Action::Retest | Action::Control => &["testing"],
        Action::Publish => &["publishing"],
        Action::Baseline | Action::Deploy => &["updating"],
        Action::Watch => &["updating", "soaking", "undecided", "restoring"],
        Action::Look => &["updating", "soaking", "undecided"],
        Action::Restore => &["restoring"],
        // Beside whatever the step does.
        Action::Untag | Action::Discard => return Ok(()),
        Action::Preflight
        | Action::Provision
        | Action::Find
        | Action::Admit
        | Action::Cordon
        | Action::Shift
        | Action::Update
        | Action::Uncordon
        | Action::ShiftBack
        | Action::Retire
        | Action::Deprovision => return Err(format!("{id} is no run's")),
    };
    if !stages.contains(&step.word()) {
        return Err(format!("{id} is asked for while the step is {}", step.word()));
    }
    match id.action {
        Action::Build => parents_tested(run, step),
        Action::Publish => parents_published(run, step),
        // One that nobody answered may be there already: it goes on, whatever became of those before it meanwhile.
        Action::Deploy if step.retry.is_some() => Ok(()),
        Action::Deploy => predecessors_over(run, &id.step),
        Action::Test
        | Action::Retest
        | Action::Control
        | Action::Baseline
        | Action::Watch
        | Action::Look
        | Action::Restore
        | Action::Untag
        | Action::Discard
        | Action::Preflight
        | Action::Provision
        | Action::Find
        | Action::Admit
        | Action::Cordon
        | Action::Shift
        | Action::Update
        | Action::Uncordon
        | Action::ShiftBack
        | Action::Retire
        | Action::Deprovision => Ok(()),
    }
}

/// The same for a rollout's effects.
fn may_be_asked_of_node(step: &NodeStep, id: &EffectId) -> Result<(), String> {
    let stages: &[&str] = match id.action {
        Action::Preflight => &["preflight"],
        Action::Provision => &["provisioning"],
        Action::Find => &["restoring"],
        Action::Admit => &["joining", "rejoining", "restoring"],
        Action::Cordon => &["cordoning"],
        Action::Shift | Action::Baseline => &["shifting"],
        Action::Update => &["updating", "restoring"],
        // While it is paused or waits for another one it is none that is out for it.
        Action::Uncordon => &["cordoning", "rejoining", "restoring"],
        Action::ShiftBack => &["restoring"],
        Action::Retire | Action::Deprovision => &["retiring", "restoring"],
        Action::Watch | Action::Look => &["soaking", "undecided"],
        Action::Build
        | Action::Test
        | Action::Retest
        | Action::Control
        | Action::Publish
        | Action::Deploy
        | Action::Restore
        | Action::Untag
        | Action::Discard => &[],
    };
    if stages.contains(&step.word()) {
        return Ok(());
    }
    Err(format!("{id} is asked for while the step is {}", step.word()))
}

/// A child is built only once the parents that this run builds are tested.
fn parents_tested(run: &Run, step: &Step) -> Result<(), String> {
    let Some(image) = step.image() else { return Ok(()) };
    for parent in &image.parents {
        let stage = run.image_step(parent).map(|parent| &parent.stage);
        let tested = matches!(
            stage,
            Some(ImageStage::Held(_) | ImageStage::Cleared | ImageStage::Publishing | ImageStage::Published)
        );
        if !tested {
            return Err(format!(
                "run {}: {} is built before {parent} is tested: {stage:?}",
                run.id, step.key
            ));
        }
    }
    Ok(())
}

/// Parents are published first.
fn parents_published(run: &Run, step: &Step) -> Result<(), String> {
    let Some(image) = step.image() else { return Ok(()) };
    let open = |parent: &&tidegate::model::ImageRef| {
        !matches!(run.image_step(parent).map(|parent| &parent.stage), Some(ImageStage::Published))
    };
    match image.parents.iter().find(open) {
        Some(parent) => Err(format!("run {}: {} is published before {parent}", run.id, step.key)),
        None => Ok(()),
    }
}

/// Deploys go one after the other in the configured order, and a failure blocks the rest.
fn predecessors_over(run: &Run, key: &StepKey) -> Result<(), String> {
    let before =
        run.steps.values().take_while(|step| step.key != *key).filter(|step| step.deploy().is_some());
    let mut open = before.filter(|step| step.word() != "healthy");
    match open.next() {
        Some(step) => Err(format!("run {}: {key} is deployed while {} is {}", run.id, step.key, step.word())),
        None => Ok(()),
    }
}
