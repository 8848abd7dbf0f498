//! Deploy and restore, fenced: what the spec that is there asks for.
//!
//! A spec that looks like the one from before may be one that we had changed and the orchestrator put back: that is somebody else's
//! change, as on a real Swarm, where only the word of a rollback and a version that moved tell it.

use super::service::{Service, Spec};
use super::{Around, FleetPart};
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::reports::{ChangeReport, SpecMark, UpdateState};
use crate::model::{PinnedRef, Timestamp};
use crate::sim::file::Fleet as Answers;

impl FleetPart {
    pub fn deploy(&mut self, job: &DeployJob, at: Timestamp, around: &mut Around<'_>) -> ChangeReport {
        let Some(service) = self.services.get(&job.workload) else { return ChangeReport::Gone };
        let seen = service.mark();
        if seen.mark.as_ref() == Some(&job.mark) {
            return ChangeReport::Changed { version: seen.version, found: true };
        }
        if !same(&seen, &job.before) || (seen.version != job.before.version && rolled_back(service)) {
            return others(service);
        }
        if self.answers == Answers::Refuses {
            return refused();
        }
        let spec = Spec {
            image: image_text(job),
            digest: Some(job.image.digest.clone()),
            mark: Some(job.mark.clone()),
            ..service.spec.clone()
        };
        self.set(&job.workload, spec, Self::effect(&job.id), at, around);
        self.changed(&job.workload)
    }

    pub fn restore(&mut self, job: &RestoreJob, at: Timestamp, around: &mut Around<'_>) -> ChangeReport {
        let Some(service) = self.services.get(&job.workload) else { return ChangeReport::Gone };
        let seen = service.mark();
        if same(&seen, &job.before) {
            return ChangeReport::Changed { version: seen.version, found: true };
        }
        if seen.mark.as_ref() != Some(&job.mark) {
            return others(service);
        }
        if self.answers == Answers::Refuses {
            return refused();
        }
        let digest = job.before.image.rsplit_once('@').and_then(|(_, digest)| digest.parse().ok());
        let spec = Spec {
            image: job.before.image.clone(),
            digest: digest.or_else(|| service.previous.as_ref().and_then(|before| before.digest.clone())),
            mark: job.before.mark.clone(),
            ..service.spec.clone()
        };
        self.set(&job.workload, spec, Self::effect(&job.id), at, around);
        self.changed(&job.workload)
    }

    fn changed(&self, workload: &crate::model::WorkloadId) -> ChangeReport {
        let version = self.services.get(workload).map_or(0, |service| service.version);
        ChangeReport::Changed { version, found: false }
    }
}

fn refused() -> ChangeReport {
    ChangeReport::Refused(
        "rpc error: code = InvalidArgument desc = name conflicts with an existing object".to_owned(),
    )
}

fn others(service: &Service) -> ChangeReport {
    ChangeReport::ChangedByOthers { found: service.mark(), update: service.update.clone() }
}

fn same(seen: &SpecMark, before: &SpecMark) -> bool {
    (&seen.image, &seen.mark, &seen.rest) == (&before.image, &before.mark, &before.rest)
}

fn rolled_back(service: &Service) -> bool {
    matches!(service.update, UpdateState::RollingBack(_) | UpdateState::RolledBack(_))
}

/// The name with its tag for people, the digest for the engine.
fn image_text(job: &DeployJob) -> String {
    let pinned: &PinnedRef = &job.image;
    if job.named.at(pinned.digest.clone()) == *pinned {
        format!("{}@{}", job.named, pinned.digest)
    } else {
        pinned.to_string()
    }
}
