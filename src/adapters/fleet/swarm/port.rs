//! [`Fleet`] for a Swarm.

use super::change::{deploy_step, restore_step};
use super::manager::{HostError, Manager, Trouble};
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::reports::{Answer, ChangeReport, LookReport};
use crate::model::{FleetName, ImageRef, PinnedRef, Registry, Timestamp, WorkloadId};
use crate::ports::{Claim, Claimed, Fleet, Running};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// A Docker Swarm, reached through one of its managers.
pub struct Swarm {
    pub(super) manager: Manager,
    pub(super) fleet: FleetName,
    auths: BTreeMap<Registry, String>,
}

impl Swarm {
    /// The Swarm called `fleet` behind the manager at `host` (`unix:///…`, `http://…`); nothing is sent yet.
    pub fn new(fleet: FleetName, host: &str) -> Result<Self, HostError> {
        let manager = Manager::new(format!("fleet {fleet}"), host)?;
        Ok(Self { manager, fleet, auths: BTreeMap::new() })
    }

    /// With credentials for the nodes' pulls: by registry, the value of an `X-Registry-Auth` header (base64url of JSON, as the
    /// Engine API describes it). Without one a service keeps the credentials that it has.
    #[must_use]
    pub fn with_registry_auths(self, auths: BTreeMap<Registry, String>) -> Self {
        Self { auths, ..self }
    }

    /// The credentials for an image as a spec names it.
    pub(super) fn auth_for(&self, image: &str) -> Option<&str> {
        let pinned = image.parse::<PinnedRef>().map(|image| image.registry);
        let registry = pinned.or_else(|_| image.parse::<ImageRef>().map(|image| image.registry)).ok()?;
        self.auths.get(&registry).map(String::as_str)
    }

    /// A refusal where the port knows none (a proxy that forbids reading) is no verdict on a workload: nobody answered.
    pub(super) fn answer<T>(&self, result: Result<T, Trouble>) -> Answer<T> {
        let why = match result {
            Ok(done) => return Answer::Done(done),
            Err(Trouble::Silent(silence)) => return Answer::Unreachable(silence),
            Err(Trouble::Refused(why)) => why,
            Err(Trouble::Missing) => "the manager knows no such path".to_owned(),
            Err(Trouble::Moved) => "the version moved under a request that carries none".to_owned(),
            Err(Trouble::Exists) => "the manager answered with an unexpected conflict".to_owned(),
        };
        Answer::Unreachable(self.manager.silence(&why))
    }
}

#[async_trait]
impl Fleet for Swarm {
    async fn claim(&self, claim: &Claim) -> Answer<Claimed> {
        self.answer(self.claim_once(claim).await)
    }

    async fn workloads(&self) -> Answer<Vec<Running>> {
        self.answer(self.workloads_once().await)
    }

    async fn look(&self, workload: &WorkloadId, at: Timestamp) -> Answer<LookReport> {
        self.answer(self.look_once(workload, at).await)
    }

    async fn deploy(&self, job: &DeployJob) -> Answer<ChangeReport> {
        self.answer(self.change(&job.workload, |service| deploy_step(service, job)).await)
    }

    async fn restore(&self, job: &RestoreJob) -> Answer<ChangeReport> {
        self.answer(self.change(&job.workload, |service| restore_step(service, job)).await)
    }
}
