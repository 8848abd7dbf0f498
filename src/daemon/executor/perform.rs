//! One job from its slot to its result; the dispatcher only matches and calls.

use super::super::shared::Shared;
use super::{Slots, build, change, look, nodes, publish, test, watch};
use crate::engine::{EventKind, Job};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{limits, text};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Does the job; a panic in it becomes "not reachable".
pub(super) async fn guarded(shared: &Arc<Shared>, slots: &Slots, job: &Job) -> EventKind {
    match AssertUnwindSafe(perform(shared, slots, job)).catch_unwind().await {
        Ok(kind) => kind,
        Err(panic) => {
            let why = text::clean(&message(panic.as_ref()), limits::MESSAGE_CHARS);
            tracing::error!(id = %job.id(), why, "a job panicked; this is a defect of Tidegate");
            let who = "tidegate itself".to_owned();
            unreachable(job, Unreachable { who, why: format!("a defect: {why}"), retry_after: None })
        }
    }
}

async fn perform(shared: &Arc<Shared>, slots: &Slots, job: &Job) -> EventKind {
    let _slot = match job {
        Job::Build(_) => Some(slot(&slots.builds).await),
        Job::Test(_) => Some(slot(&slots.tests).await),
        Job::Publish(_)
        | Job::Look(_)
        | Job::Deploy(_)
        | Job::Restore(_)
        | Job::Discard(_)
        | Job::Preflight(_)
        | Job::Find(_)
        | Job::Admit(_)
        | Job::Avail(_)
        | Job::Retire(_) => Some(slot(&slots.others).await),
        Job::Provision(_) | Job::Shift(_) | Job::Update(_) | Job::Deprovision(_) => {
            Some(slot(&slots.nodes).await)
        }
        Job::Watch(_) => None,
    };
    match job {
        Job::Build(job) => build::build(shared, job).await,
        Job::Test(job) => test::test(shared, job).await,
        Job::Publish(job) => publish::publish(shared, job).await,
        Job::Look(job) => look::look(shared, job).await,
        Job::Deploy(job) => change::deploy(shared, job).await,
        Job::Watch(job) => watch::watch(shared, &slots.watches, job).await,
        Job::Restore(job) => change::restore(shared, job).await,
        Job::Discard(job) => publish::discard(shared, job).await,
        Job::Preflight(job) => nodes::preflight(shared, job).await,
        Job::Provision(job) => nodes::provision(shared, job).await,
        Job::Find(job) => nodes::find(shared, job).await,
        Job::Admit(job) => nodes::admit(shared, job).await,
        Job::Shift(job) => nodes::shift(shared, job).await,
        Job::Avail(job) => nodes::avail(shared, job).await,
        Job::Update(job) => nodes::update(shared, job).await,
        Job::Retire(job) => nodes::retire(shared, job).await,
        Job::Deprovision(job) => nodes::deprovision(shared, job).await,
    }
}

pub(super) async fn slot(slots: &Semaphore) -> SemaphorePermit<'_> {
    slots.acquire().await.expect("nobody closes the semaphores of the executor")
}

fn unreachable(job: &Job, who: Unreachable) -> EventKind {
    let id = job.id().clone();
    match job {
        Job::Build(_) => EventKind::BuildFinished { id, answer: Answer::Unreachable(who) },
        Job::Test(_) => EventKind::TestsFinished { id, answer: Answer::Unreachable(who) },
        Job::Publish(_) => EventKind::TagPublished { id, answer: Answer::Unreachable(who) },
        Job::Look(_) => EventKind::WorkloadLooked { id, answer: Answer::Unreachable(who) },
        Job::Deploy(_) | Job::Restore(_) => {
            EventKind::WorkloadChanged { id, answer: Answer::Unreachable(who) }
        }
        Job::Watch(_) => EventKind::WorkloadWatched { id, answer: Answer::Unreachable(who) },
        Job::Discard(_) => EventKind::CandidateDiscarded { id, answer: Answer::Unreachable(who) },
        Job::Preflight(_) => EventKind::NodePreflighted { id, answer: Answer::Unreachable(who) },
        Job::Provision(_) => EventKind::NodeProvisioned { id, answer: Answer::Unreachable(who) },
        Job::Find(_) => EventKind::MachineFound { id, answer: Answer::Unreachable(who) },
        Job::Shift(_) => EventKind::NodeShifted { id, answer: Answer::Unreachable(who) },
        Job::Admit(_) | Job::Avail(_) | Job::Retire(_) => {
            EventKind::NodeChanged { id, answer: Answer::Unreachable(who) }
        }
        Job::Update(_) => EventKind::NodeUpdated { id, answer: Answer::Unreachable(who) },
        Job::Deprovision(_) => EventKind::NodeRemoved { id, answer: Answer::Unreachable(who) },
    }
}

pub(super) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
