//! Builds.

use super::super::reporter::Sink;
use super::super::shared::Shared;
use crate::engine::EventKind;
use crate::model::jobs::BuildJob;
use std::sync::Arc;

pub(super) async fn build(shared: &Arc<Shared>, job: &BuildJob) -> EventKind {
    let sink = Sink::new(shared, &job.id);
    let answer = shared.world.builder.build(job, &sink).await;
    EventKind::BuildFinished { id: job.id.clone(), answer }
}
