//! The traits through which the daemon reaches the world: one meaning, many worlds.
//!
//! ```text
//!   Registries   tags and manifests          adapters::registry   sim
//!   Builder      a Dockerfile to a candidate adapters::builder    sim
//!   Tester       a candidate to a report     adapters::tester     sim
//!   Fleet        an orchestrator             adapters::fleet      sim
//!   Nodes        an orchestrator's nodes     adapters::fleet      sim
//!   Provisioner  machines of a pool          adapters::provisioner sim
//!   Prober       our own HTTP requests       adapters::probe      sim
//!   Notifier     an owner's channel        adapters::notify     sim
//!   Recipes      Dockerfiles and contexts    files                sim
//!   Clock        now, and waiting            adapters::clock      sim
//! ```
//!
//! Invariants:
//! 1. Every call may be made twice; it looks at the world before it changes it.
//! 2. Dropping the future of a call cancels it and leaves nothing running that a second call would trip over.
//! 3. "Nobody answered" is [`Answer::Unreachable`], never a verdict and never retried in here: the engine decides when to ask again.
//! 4. What comes back was cleaned ([`model::text`](crate::model::text)) and cut to its limit.

mod nodes;

use crate::model::ids::FleetName;
use crate::model::jobs::{BuildJob, DeployJob, Ingredients, PublishJob, RestoreJob, TestJob};
use crate::model::notices::NoticeJob;
pub use crate::model::reports::Running;
use crate::model::reports::{
    Answer, BuildReport, ChangeReport, LookReport, ProbeAnswer, PublishReport, TestReport,
};
use crate::model::setup::{ProbeSpec, Setup};
use crate::model::{Digest, ImageRef, Span, Timestamp, WorkloadId};
use async_trait::async_trait;
pub use nodes::{NoProvisioner, Nodes, Provisioner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tags and manifests.
#[async_trait]
pub trait Registries: Send + Sync {
    /// Where a tag points now: one HEAD, never a pull. `None`: there is no such tag.
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved>;

    /// Moves a tag as [`PublishJob`] says, by a PUT of the manifest's own bytes.
    async fn publish(&self, job: &PublishJob) -> Answer<PublishReport>;

    /// Removes a candidate tag, unless its digest is carried by any tag of `keep`: registries delete by digest, and take every
    /// tag with it. Answers whether it was removed.
    async fn discard(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool>;
}

/// What a registry said of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// It points here.
    At(Digest),
    /// There is no such tag or repository.
    Missing,
    /// We may not know: refused for good (credentials, rights), with the reason.
    Refused(String),
}

/// Where a piece of work tells how it goes. Calls never block for long and never fail: a full disk cuts the log, not the work.
pub trait Reporter: Send + Sync {
    /// A line of its log, raw; the sink cleans nothing, the reader does.
    fn line(&self, line: &str);
    /// How far it is.
    fn progress(&self, progress: Progress);
}

/// How far a piece of work is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What it does now: `step 3 of 5: RUN make`, cleaned.
    pub doing: String,
    /// Parts done.
    pub done: u32,
    /// All parts; 0 when unknown.
    pub total: u32,
}

/// Builds candidates.
#[async_trait]
pub trait Builder: Send + Sync {
    /// Builds and pushes as [`BuildJob`] says. A candidate that is there already is the answer.
    async fn build(&self, job: &BuildJob, reporter: &dyn Reporter) -> Answer<BuildReport>;
}

/// Runs tests.
#[async_trait]
pub trait Tester: Send + Sync {
    /// Runs all tests of the job, in order, each in containers of its own that are gone afterwards. Containers that an earlier
    /// attempt with the same effect id left behind are removed first.
    async fn test(&self, job: &TestJob, reporter: &dyn Reporter) -> Answer<TestReport>;
}

/// One orchestrator: a Docker host, a Swarm, a Kubernetes cluster.
#[async_trait]
pub trait Fleet: Send + Sync {
    /// Takes or renews the claim that keeps a second daemon away.
    async fn claim(&self, claim: &Claim) -> Answer<Claimed>;

    /// All workloads that run there, ours or not.
    async fn workloads(&self) -> Answer<Vec<Running>>;

    /// One workload, without probes (`probes` of the answer is none).
    async fn look(&self, workload: &WorkloadId, at: Timestamp) -> Answer<LookReport>;

    /// Moves it as [`DeployJob`] says.
    async fn deploy(&self, job: &DeployJob) -> Answer<ChangeReport>;

    /// Puts it back as [`RestoreJob`] says.
    async fn restore(&self, job: &RestoreJob) -> Answer<ChangeReport>;
}

/// A daemon's claim on a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The installation (state directory) that claims, random and lasting.
    pub install: String,
    /// Host and process, for people.
    pub holder: String,
    /// When the heartbeat was made.
    pub beat: Timestamp,
    /// Take it from somebody else, because a person said so.
    pub force: bool,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours.
    Ours,
    /// Somebody else's, with their latest heartbeat.
    Theirs(Claim),
}

/// Makes our own requests.
#[async_trait]
pub trait Prober: Send + Sync {
    /// One request to one task's node address. Redirects are not followed.
    async fn probe(&self, spec: &ProbeSpec, address: &str) -> ProbeAnswer;
}

/// Tells owners.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Tells the job's channel, once. The receiver may have been told before: the notice's id is the same then. Everything but
    /// a receiver's clear yes is "not arrived, as far as we know", and is tried again by the engine.
    async fn notify(&self, job: &NoticeJob) -> Answer<()>;
}

/// Reads recipes from where they are kept.
#[async_trait]
pub trait Recipes: Send + Sync {
    /// Every recipe's ingredients, or why a recipe cannot be read now, by image.
    async fn read(&self, setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>>;
}

/// Time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
    /// Returns once `span` has passed.
    async fn sleep(&self, span: Span);
}

/// All of the world that the daemon reaches.
pub struct World {
    /// Tags and manifests.
    pub registries: Box<dyn Registries>,
    /// Builds.
    pub builder: Box<dyn Builder>,
    /// Tests.
    pub tester: Box<dyn Tester>,
    /// Orchestrators by name.
    pub fleets: BTreeMap<FleetName, Box<dyn Fleet>>,
    /// Nodes of those orchestrators whose nodes can be changed.
    pub nodes: BTreeMap<FleetName, Box<dyn Nodes>>,
    /// Machines of pools.
    pub provisioner: Box<dyn Provisioner>,
    /// Requests.
    pub prober: Box<dyn Prober>,
    /// Dockerfiles.
    pub recipes: Box<dyn Recipes>,
    /// Owners' channels.
    pub notifier: Box<dyn Notifier>,
    /// Time.
    pub clock: std::sync::Arc<dyn Clock>,
}

#[async_trait]
impl<T: Registries + ?Sized> Registries for std::sync::Arc<T> {
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved> {
        (**self).resolve(image).await
    }

    async fn publish(&self, job: &PublishJob) -> Answer<PublishReport> {
        (**self).publish(job).await
    }

    async fn discard(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool> {
        (**self).discard(candidate, keep).await
    }
}
