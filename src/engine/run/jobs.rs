//! Each action's job, made from the state alone: the same id gives the same job, also after a restart.

use super::issue::Made;
use super::{DeployStep, ImageStep, Run, Step};
use crate::engine::candidate;
use crate::engine::effect::Job;
use crate::engine::state::State;
use crate::model::defect::{Defect, present};
use crate::model::jobs::{
    BuildJob, DeployJob, DiscardJob, LookJob, PublishJob, RestoreJob, TestJob, WatchJob,
};
use crate::model::{Action, Digest, EffectId, ImageRef, StepKey};
use std::collections::BTreeMap;

/// The job of an effect; none when the step has not what it needs.
pub(super) fn make(state: &State, run: &Run, key: &StepKey, id: &EffectId) -> Made {
    let step = run.steps.get(key)?;
    match id.action {
        Action::Build => build(run, step.image()?, id),
        Action::Test | Action::Retest => test(step.image()?, step.image()?.digest.clone()?, id),
        Action::Control => test(step.image()?, step.image()?.old.clone()?, id),
        Action::Publish => publish(step.image()?, id),
        Action::Discard => discard(state, step.image()?, id),
        Action::Baseline | Action::Look => look(step.deploy()?, id),
        Action::Deploy => deploy(step.deploy()?, id),
        Action::Watch => watch(step.deploy()?, id),
        Action::Restore => restore(step.deploy()?, id),
        Action::Untag => untag(run, step, id),
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
        | Action::Deprovision => None,
    }
}

fn build(run: &Run, image: &ImageStep, id: &EffectId) -> Made {
    let inputs = image.inputs.as_ref()?;
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    labels.insert("tidegate.run".to_owned(), run.id.to_string());
    labels.insert("tidegate.recipe".to_owned(), inputs.recipe.to_string());
    if let Some(base) = super::image::runtime_base(inputs) {
        labels.insert("org.opencontainers.image.base.name".to_owned(), base.to_string());
        let digest = image.bases.get(base).map(ToString::to_string);
        labels.extend(digest.map(|digest| ("org.opencontainers.image.base.digest".to_owned(), digest)));
    }
    Some(Job::Build(Box::new(BuildJob {
        id: id.clone(),
        image: image.image.clone(),
        candidate: candidate_of(image, id)?,
        context: image.recipe.context.clone(),
        dockerfile: image.recipe.dockerfile.clone(),
        dockerfile_digest: inputs.dockerfile.clone(),
        edits: candidate::edits(inputs, &image.bases),
        target: image.recipe.target.clone(),
        args: image.recipe.args.clone(),
        platform: image.recipe.platform.clone(),
        labels,
        buildkit: inputs.buildkit.clone(),
        timeout: image.recipe.build_timeout,
    })))
}

fn candidate_of(image: &ImageStep, id: &EffectId) -> Option<ImageRef> {
    let candidate = image.candidate.clone()?;
    if !present(Defect::BuiltUnderAnotherTag) {
        return Some(candidate);
    }
    format!("{}-{}", candidate.tag, id.attempt).parse().ok().map(|tag| candidate.with_tag(tag))
}

fn test(image: &ImageStep, subject: Digest, id: &EffectId) -> Made {
    let job = TestJob { id: id.clone(), subject: image.image.at(subject), tests: image.recipe.tests.clone() };
    Some(Job::Test(Box::new(job)))
}

fn publish(image: &ImageStep, id: &EffectId) -> Made {
    let digest = image.digest.clone()?;
    let job = PublishJob { id: id.clone(), image: image.image.clone(), digest, expect: image.old.clone() };
    Some(Job::Publish(job))
}

fn discard(state: &State, image: &ImageStep, id: &EffectId) -> Made {
    let candidate = image.candidate.clone()?;
    let beside = |name: &&crate::model::ImageRef| {
        name.registry == candidate.registry && name.repository == candidate.repository
    };
    let keep = state.setup.recipes.keys().filter(beside).cloned().collect();
    Some(Job::Discard(DiscardJob { id: id.clone(), candidate, keep }))
}

fn look(deploy: &DeployStep, id: &EffectId) -> Made {
    let (workload, probes) = (deploy.workload.clone(), deploy.how.probes.clone());
    Some(Job::Look(LookJob { id: id.clone(), workload, probes }))
}

fn deploy(deploy: &DeployStep, id: &EffectId) -> Made {
    Some(Job::Deploy(Box::new(DeployJob {
        id: id.clone(),
        workload: deploy.workload.clone(),
        image: deploy.how.image.at(deploy.want.clone()?),
        named: deploy.how.image.clone(),
        mark: deploy.mark.clone()?,
        before: deploy.baseline.as_ref()?.spec.clone(),
    })))
}

fn watch(deploy: &DeployStep, id: &EffectId) -> Made {
    Some(Job::Watch(WatchJob {
        id: id.clone(),
        workload: deploy.workload.clone(),
        image: Some(deploy.how.image.at(deploy.want.clone()?)),
        probes: deploy.how.probes.clone(),
    }))
}

fn restore(deploy: &DeployStep, id: &EffectId) -> Made {
    Some(Job::Restore(Box::new(RestoreJob {
        id: id.clone(),
        workload: deploy.workload.clone(),
        mark: deploy.mark.clone()?,
        before: deploy.baseline.as_ref()?.spec.clone(),
    })))
}

/// Back to where the tag pointed when the run was planned, if it still points to what this run published.
fn untag(run: &Run, step: &Step, id: &EffectId) -> Made {
    let deploy = step.deploy()?;
    let image = run.image_step(&deploy.how.image)?;
    Some(Job::Publish(PublishJob {
        id: id.clone(),
        image: image.image.clone(),
        digest: image.old.clone()?,
        expect: deploy.want.clone(),
    }))
}
