//! Watching a workload until cancelled: looks and probes beside each other, so that a slow one delays no other.

use super::super::inbox::Fact;
use super::super::shared::Shared;
use super::look;
use super::perform::slot;
use super::probing::Question;
use super::watching::Watching;
use crate::engine::{EventKind, Key};
use crate::model::jobs::WatchJob;
use crate::model::reports::{Answer, LookReport, ProbeAnswer};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::sync::Semaphore;

/// What a watch waits for.
enum Happened {
    Tick,
    Looked(Answer<LookReport>),
    Probed(Question, ProbeAnswer),
}

type Doing<'a> = FuturesUnordered<BoxFuture<'a, Happened>>;

/// Ends only when it is dropped, or when the loop is gone.
pub(super) async fn watch(shared: &Shared, slots: &Semaphore, job: &WatchJob) -> EventKind {
    let mut watching = Watching::new(job, shared.now());
    let mut doing: Doing<'_> = FuturesUnordered::new();
    doing.push(Box::pin(async { Happened::Tick }));
    while let Some(happened) = doing.next().await {
        match happened {
            Happened::Tick => tick(shared, slots, job, &mut watching, &doing),
            Happened::Looked(answer) => {
                watching.looked(answer, shared.now());
                sample(shared, job, &mut watching);
            }
            Happened::Probed(question, answer) => watching.probed(&question, answer, shared.now()),
        }
        if let Some(answer) = watching.news(shared.now()) {
            let kind = EventKind::WorkloadWatched { id: job.id.clone(), answer };
            if shared.senders.results.send(Fact::ours(kind)).await.is_err() {
                break;
            }
        }
    }
    std::future::pending().await
}

fn tick<'a>(
    shared: &'a Shared,
    slots: &'a Semaphore,
    job: &'a WatchJob,
    watching: &mut Watching,
    doing: &Doing<'a>,
) {
    let now = shared.now();
    if watching.look_now(now) {
        doing.push(Box::pin(async move {
            let _slot = slot(slots).await;
            Happened::Looked(look::once(shared, &job.workload).await)
        }));
    }
    for question in watching.probes_now(now) {
        doing.push(Box::pin(async move {
            let (question, answer) = look::ask(shared, question).await;
            Happened::Probed(question, answer)
        }));
    }
    let tick = watching.tick();
    doing.push(Box::pin(async move {
        shared.world.clock.sleep(tick).await;
        Happened::Tick
    }));
}

fn sample(shared: &Shared, job: &WatchJob, watching: &mut Watching) {
    match watching.look() {
        Some(look) => shared.live.looked(&job.workload, look),
        None => shared.live.silent(&job.workload, shared.now()),
    }
    shared.touch(vec![Key::Workload(job.workload.clone())]);
}
