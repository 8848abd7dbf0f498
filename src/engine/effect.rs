//! What the engine asks for. Every effect can be issued twice; who does it looks at the world first.

use crate::model::EffectId;
use crate::model::jobs::{
    BuildJob, DeployJob, DiscardJob, LookJob, PublishJob, RestoreJob, TestJob, WatchJob,
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
        }
    }
}
