//! What the engine asks for. Every effect can be issued twice; who does it looks at the world first.

use crate::model::EffectId;
use crate::model::jobs::{
    BuildJob, DeployJob, DiscardJob, LookJob, PublishJob, RestoreJob, TestJob, WatchJob,
};
use crate::model::nodes::{
    AdmitJob, AvailJob, DeprovisionJob, FindJob, PreflightJob, ProvisionJob, RetireJob, ShiftJob, UpdateJob,
};
use crate::model::notices::NoticeJob;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Do this, and send its result as the event that the job names.
    Do(Job),
    /// Stop doing this. No result is wanted; one that comes all the same changes nothing.
    Cancel(EffectId),
    /// Tell an owner's channel. → [`NoticeSent`](super::EventKind::NoticeSent) or
    /// [`NoticeFailed`](super::EventKind::NoticeFailed)
    Notify(Box<NoticeJob>),
}

/// A piece of work; each names the event that carries its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// → [`BuildFinished`](super::EventKind::BuildFinished)
    Build(Box<BuildJob>),
    /// → [`TestsFinished`](super::EventKind::TestsFinished)
    Test(Box<TestJob>),
    /// → [`TagPublished`](super::EventKind::TagPublished)
    Publish(PublishJob),
    /// → [`WorkloadLooked`](super::EventKind::WorkloadLooked)
    Look(LookJob),
    /// → [`WorkloadChanged`](super::EventKind::WorkloadChanged)
    Deploy(Box<DeployJob>),
    /// → [`WorkloadWatched`](super::EventKind::WorkloadWatched), again and again until cancelled
    Watch(WatchJob),
    /// → [`WorkloadChanged`](super::EventKind::WorkloadChanged)
    Restore(Box<RestoreJob>),
    /// → [`CandidateDiscarded`](super::EventKind::CandidateDiscarded)
    Discard(DiscardJob),
    /// → [`NodePreflighted`](super::EventKind::NodePreflighted)
    Preflight(PreflightJob),
    /// → [`NodeProvisioned`](super::EventKind::NodeProvisioned)
    Provision(Box<ProvisionJob>),
    /// → [`MachineFound`](super::EventKind::MachineFound)
    Find(FindJob),
    /// → [`NodeChanged`](super::EventKind::NodeChanged)
    Admit(Box<AdmitJob>),
    /// → [`NodeShifted`](super::EventKind::NodeShifted)
    Shift(Box<ShiftJob>),
    /// → [`NodeChanged`](super::EventKind::NodeChanged)
    Avail(AvailJob),
    /// → [`NodeUpdated`](super::EventKind::NodeUpdated)
    Update(Box<UpdateJob>),
    /// → [`NodeChanged`](super::EventKind::NodeChanged)
    Retire(RetireJob),
    /// → [`NodeRemoved`](super::EventKind::NodeRemoved)
    Deprovision(Box<DeprovisionJob>),
}

impl Job {
    /// The effect that it is.
    pub fn id(&self) -> &EffectId {
        match self {
            Self::Build(job) => &job.id,
            Self::Test(job) => &job.id,
            Self::Publish(job) => &job.id,
            Self::Look(job) => &job.id,
            Self::Deploy(job) => &job.id,
            Self::Watch(job) => &job.id,
            Self::Restore(job) => &job.id,
            Self::Discard(job) => &job.id,
            Self::Preflight(job) => &job.id,
            Self::Provision(job) => &job.id,
            Self::Find(job) => &job.id,
            Self::Admit(job) => &job.id,
            Self::Shift(job) => &job.id,
            Self::Avail(job) => &job.id,
            Self::Update(job) => &job.id,
            Self::Retire(job) => &job.id,
            Self::Deprovision(job) => &job.id,
        }
    }
}
