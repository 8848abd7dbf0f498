//! Deploy and restore: what the spec that is there asks for, and the fenced change.
//!
//! A spec that looks like the one from before may be one that was changed by us and then rolled back by Swarm. Swarm leaves no label
//! of ours, but it leaves a moved version and a rollback in `UpdateStatus`. So "the spec of before" is
//! 1. the same image, mark and rest, and
//! 2. the same version, or no word of a rollback. (A version moves with every update state, also under an untouched spec.)
//!
//! For putting back, a spec that Swarm rolled back already is the wanted one, and the second condition is not asked.

use super::manager::Trouble;
use super::port::Swarm;
use super::spec::{Mode, Service};
use crate::model::WorkloadId;
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::limits::FENCE_ROUNDS;
use crate::model::reports::{ChangeReport, SpecMark};
use serde_json::Value;

/// What the spec that is there asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// Nothing: it is the wanted one.
    Found,
    /// Send this one, under the version just read.
    Send(Value),
    /// Leave it alone.
    Others,
    /// It cannot be done, whoever asks.
    Refuse(&'static str),
}

/// The numbered conditions of [`DeployJob`].
pub(super) fn deploy_step(service: &Service, job: &DeployJob) -> Step {
    let seen = service.mark();
    if seen.mark.as_ref() == Some(&job.mark) {
        return Step::Found;
    }
    if !same(&seen, &job.before) || (seen.version != job.before.version && service.status.is_rollback()) {
        return Step::Others;
    }
    match service.mode() {
        Mode::Job(_) => Step::Refuse("it is a job: a new image would run it again at once; run it by hand"),
        Mode::Replicated(_) | Mode::Global if service.image().is_none() => {
            Step::Refuse("it runs a plugin and no containers; update it by hand")
        }
        Mode::Replicated(_) | Mode::Global => Step::Send(service.with(&image_text(job), Some(&job.mark))),
    }
}

/// The numbered conditions of [`RestoreJob`].
pub(super) fn restore_step(service: &Service, job: &RestoreJob) -> Step {
    let seen = service.mark();
    if same(&seen, &job.before) {
        return Step::Found;
    }
    if seen.mark.as_ref() == Some(&job.mark) {
        return Step::Send(service.with(&job.before.image, job.before.mark.as_deref()));
    }
    Step::Others
}

/// The name with its tag for people, the digest for the engine: `r.example/web:1@sha256:…`.
fn image_text(job: &DeployJob) -> String {
    let named = &job.named;
    if named.at(job.image.digest.clone()) == job.image {
        format!("{named}@{}", job.image.digest)
    } else {
        job.image.to_string()
    }
}

fn same(seen: &SpecMark, before: &SpecMark) -> bool {
    (&seen.image, &seen.mark, &seen.rest) == (&before.image, &before.mark, &before.rest)
}

impl Swarm {
    /// Looks, decides, and changes at most once; a version that moved in between means looking again.
    pub(super) async fn change(
        &self,
        workload: &WorkloadId,
        step: impl Fn(&Service) -> Step + Send + Sync,
    ) -> Result<ChangeReport, Trouble> {
        let mut sent = false;
        for _ in 0..FENCE_ROUNDS {
            let Some(service) = self.service(&workload.name).await? else { return Ok(ChangeReport::Gone) };
            let spec = match step(&service) {
                Step::Found => {
                    return Ok(ChangeReport::Changed { version: service.version, found: !sent });
                }
                Step::Refuse(why) => return Ok(ChangeReport::Refused(why.to_owned())),
                // What was sent once and is not there any more was undone by somebody: never sent again.
                Step::Send(spec) if !sent => spec,
                Step::Send(_) | Step::Others => {
                    return Ok(ChangeReport::ChangedByOthers {
                        found: service.mark(),
                        update: service.update(),
                    });
                }
            };
            match self.send(&service, &spec).await {
                Ok(()) => sent = true,
                Err(Trouble::Moved | Trouble::Missing) => {}
                Err(Trouble::Refused(why)) => return Ok(ChangeReport::Refused(why)),
                Err(other @ (Trouble::Silent(_) | Trouble::Exists)) => return Err(other),
            }
        }
        Err(self.manager.silent("the service changes faster than it can be looked at"))
    }

    pub(super) async fn send(&self, service: &Service, spec: &Value) -> Result<(), Trouble> {
        let path = format!("/services/{}/update?version={}", service.id, service.version);
        let image = spec.pointer("/TaskTemplate/ContainerSpec/Image").and_then(Value::as_str).unwrap_or("");
        self.manager.post(&path, spec, self.auth_for(image)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Action, Digest, EffectId, ImageRef, RunId, StepKey};
    use serde_json::json;

    const OLD: &str = "r.example/web:1@sha256:aa";

    fn service(version: u64, spec: &Value, rollback: bool) -> Service {
        let status = if rollback { json!({"State": "rollback_completed"}) } else { Value::Null };
        Service::read(
            &json!({"ID": "x", "Version": {"Index": version}, "Spec": spec, "UpdateStatus": status}),
        )
        .unwrap()
    }

    fn web() -> Value {
        json!({"Name": "web", "Labels": {}, "TaskTemplate": {"ContainerSpec": {"Image": OLD}},
            "Mode": {"Replicated": {"Replicas": 2}}})
    }

    fn id(action: Action) -> EffectId {
        let step = StepKey::Deploy("prod/web".parse().unwrap());
        EffectId { run: RunId(1), step, subject: None, action, attempt: 1 }
    }

    fn deploy() -> DeployJob {
        let named: ImageRef = "r.example/web:1".parse().unwrap();
        DeployJob {
            id: id(Action::Deploy),
            workload: "prod/web".parse().unwrap(),
            image: named.at(Digest::of(b"new")),
            named,
            mark: "r1/deploy:prod/web".to_owned(),
            before: service(7, &web(), false).mark(),
        }
    }

    fn restore() -> RestoreJob {
        let job = deploy();
        RestoreJob { id: id(Action::Restore), workload: job.workload, mark: job.mark, before: job.before }
    }

    fn sent(step: Step) -> Value {
        match step {
            Step::Send(spec) => spec,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_spec_of_before_is_given_image_and_mark() {
        let spec = sent(deploy_step(&service(7, &web(), false), &deploy()));
        let after = service(8, &spec, false);
        assert_eq!(after.image(), Some(format!("r.example/web:1@{}", Digest::of(b"new")).as_str()));
        assert_eq!(deploy_step(&after, &deploy()), Step::Found);
    }

    #[test]
    fn a_version_that_moved_under_the_same_spec_is_no_change() {
        assert!(matches!(deploy_step(&service(9, &web(), false), &deploy()), Step::Send(_)));
    }

    #[test]
    fn what_swarm_rolled_back_is_not_deployed_again() {
        assert_eq!(deploy_step(&service(9, &web(), true), &deploy()), Step::Others);
    }

    #[test]
    fn a_rollback_of_long_ago_does_not_stand_in_the_way() {
        assert!(matches!(deploy_step(&service(7, &web(), true), &deploy()), Step::Send(_)));
    }

    #[test]
    fn a_spec_of_somebody_else_is_left_alone() {
        let mut other = web();
        other["Mode"]["Replicated"]["Replicas"] = json!(5);
        assert_eq!(deploy_step(&service(8, &other, false), &deploy()), Step::Others);
        assert_eq!(restore_step(&service(8, &other, false), &restore()), Step::Others);
    }

    #[test]
    fn our_mark_under_somebody_elses_image_is_left_alone() {
        let mut spec = sent(deploy_step(&service(7, &web(), false), &deploy()));
        spec["TaskTemplate"]["ContainerSpec"]["Image"] = json!("r.example/web:hotfix");
        assert_eq!(deploy_step(&service(9, &spec, false), &deploy()), Step::Others);
        assert_eq!(restore_step(&service(9, &spec, false), &restore()), Step::Others);
    }

    #[test]
    fn restoring_sends_the_spec_of_before_and_then_finds_it() {
        let ours = sent(deploy_step(&service(7, &web(), false), &deploy()));
        assert_eq!(sent(restore_step(&service(8, &ours, false), &restore())), web());
        assert_eq!(restore_step(&service(9, &web(), false), &restore()), Step::Found);
        assert_eq!(restore_step(&service(9, &web(), true), &restore()), Step::Found);
    }

    #[test]
    fn restoring_gives_back_the_mark_of_an_earlier_deploy() {
        let first = sent(deploy_step(&service(7, &web(), false), &deploy()));
        let before = service(8, &first, false).mark();
        let second = DeployJob { mark: "r2".to_owned(), before: before.clone(), ..deploy() };
        let spec = sent(deploy_step(&service(8, &first, false), &second));
        let back = RestoreJob { mark: "r2".to_owned(), before, ..restore() };
        assert_eq!(sent(restore_step(&service(9, &spec, false), &back)), first);
    }

    #[test]
    fn jobs_and_plugins_are_refused() {
        for spec in [
            json!({"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": OLD}}, "Mode": {"GlobalJob": {}}}),
            json!({"Name": "web", "TaskTemplate": {"PluginSpec": {}}, "Mode": {"Global": {}}}),
        ] {
            let there = service(7, &spec, false);
            let job = DeployJob { before: there.mark(), ..deploy() };
            assert!(matches!(deploy_step(&there, &job), Step::Refuse(_)));
        }
    }
}
