//! Tests.

use super::super::reporter::Sink;
use super::super::shared::Shared;
use crate::engine::EventKind;
use crate::model::jobs::TestJob;
use std::sync::Arc;

pub(super) async fn test(shared: &Arc<Shared>, job: &TestJob) -> EventKind {
    let sink = Sink::new(shared, &job.id);
    let answer = shared.world.tester.test(job, &sink).await;
    EventKind::TestsFinished { id: job.id.clone(), answer }
}
