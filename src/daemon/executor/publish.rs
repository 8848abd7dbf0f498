//! Tags: the public one moves, the candidate's goes.

use super::super::shared::Shared;
use crate::engine::EventKind;
use crate::model::jobs::{DiscardJob, PublishJob};

pub(super) async fn publish(shared: &Shared, job: &PublishJob) -> EventKind {
    let answer = shared.world.registries.publish(job).await;
    EventKind::TagPublished { id: job.id.clone(), answer }
}

pub(super) async fn discard(shared: &Shared, job: &DiscardJob) -> EventKind {
    let answer = shared.world.registries.discard(&job.candidate, &job.keep).await;
    EventKind::CandidateDiscarded { id: job.id.clone(), answer }
}
