//! Which effects are being done, and how one begins and ends.

use super::super::inbox::Fact;
use super::super::shared::Shared;
use super::{Slots, perform, tell};
use crate::engine::{Effect, Job};
use crate::model::EffectId;
use crate::model::notices::{NoticeId, NoticeJob};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::task::AbortHandle;

/// Does effects.
pub(in super::super) struct Executor {
    shared: Arc<Shared>,
    slots: Slots,
    doing: Mutex<Doing>,
}

#[derive(Debug, Default)]
struct Doing {
    tasks: BTreeMap<EffectId, (u64, AbortHandle)>,
    /// Notices that are being told, with the try.
    telling: BTreeSet<(NoticeId, u32)>,
    /// Counts tasks, so that a task that was cancelled never takes a later one of the same id off the list.
    begun: u64,
}

impl Executor {
    pub(in super::super) fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared, slots: Slots::default(), doing: Mutex::default() })
    }

    /// Begins and cancels, in order. Never waits.
    pub(in super::super) fn take(self: &Arc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Do(job) => self.issue(job),
                Effect::Cancel(id) => self.cancel(&id),
                Effect::Notify(job) => self.tell(*job),
            }
        }
    }

    /// The effects that are being done.
    pub(in super::super) fn doing(&self) -> Vec<EffectId> {
        self.lock().tasks.keys().cloned().collect()
    }

    fn issue(self: &Arc<Self>, job: Job) {
        if self.shared.options.read_only || self.shared.stop.is_cancelled() {
            return;
        }
        let mut doing = self.lock();
        if doing.tasks.contains_key(job.id()) {
            tracing::debug!(id = %job.id(), "is being done already");
            return;
        }
        doing.begun += 1;
        let nonce = doing.begun;
        let id = job.id().clone();
        tracing::debug!(%id, "begins");
        let task = self.shared.tasks.spawn(run(self.clone(), job, nonce));
        doing.tasks.insert(id, (nonce, task.abort_handle()));
    }

    /// A notice that is being told already is not told a second time beside that.
    fn tell(self: &Arc<Self>, job: NoticeJob) {
        if self.shared.options.read_only || self.shared.stop.is_cancelled() {
            return;
        }
        let key = (job.id.clone(), job.attempt);
        if !self.lock().telling.insert(key.clone()) {
            return;
        }
        let executor = self.clone();
        self.shared.tasks.spawn(async move {
            let shared = &executor.shared;
            let work = async {
                let kind = tell::guarded(shared, &executor.slots, &job).await;
                executor.lock().telling.remove(&key);
                // The loop is gone: so is the result, and the next daemon tells it again.
                let _ = shared.senders.results.send(Fact::ours(kind)).await;
            };
            let _ = shared.stop.run_until_cancelled(work).await;
        });
    }

    fn cancel(&self, id: &EffectId) {
        let task = self.lock().tasks.remove(id);
        if let Some((_, task)) = task {
            tracing::debug!(%id, "cancelled");
            task.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Doing> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes an effect off the list however its task ends.
struct Listed {
    executor: Arc<Executor>,
    id: EffectId,
    nonce: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut doing = self.executor.lock();
        if doing.tasks.get(&self.id).is_some_and(|(nonce, _)| *nonce == self.nonce) {
            doing.tasks.remove(&self.id);
        }
        drop(doing);
        self.executor.shared.live.ended(&self.id);
    }
}

async fn run(executor: Arc<Executor>, job: Job, nonce: u64) {
    let listed = Listed { executor: executor.clone(), id: job.id().clone(), nonce };
    let shared = &executor.shared;
    let work = async {
        let kind = perform::guarded(shared, &executor.slots, &job).await;
        drop(listed);
        // The loop is gone: so is the result, and the next daemon issues the effect again.
        let _ = shared.senders.results.send(Fact::ours(kind)).await;
    };
    let _ = shared.stop.run_until_cancelled(work).await;
}
