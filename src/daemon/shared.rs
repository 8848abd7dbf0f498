//! What the daemon's tasks share, and the two ways in which they wait.

use super::claims::Claims;
use super::core::Store;
use super::inbox::{Fact, Observations, Senders};
use super::live::Live;
use super::sources::Sources;
use super::{Options, Stuck, Touched};
use crate::engine::{Key, State};
use crate::model::{Digest, ImageRef, Span, Timestamp};
use crate::ports::World;
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every task holds.
pub(super) struct Shared {
    pub store: Arc<Store>,
    pub world: World,
    pub options: Options,
    /// The folder of the logs.
    pub logs: PathBuf,
    pub senders: Senders,
    pub observations: Observations,
    pub live: Live,
    pub sources: Sources,
    pub claims: Claims,
    pub touched: broadcast::Sender<Touched>,
    pub stuck: Mutex<Option<Stuck>>,
    /// Images that a notification named, and where the latest one said that they point.
    pub hints: Mutex<BTreeMap<ImageRef, Option<Digest>>>,
    pub hinted: Notify,
    /// The configuration or the recipes may have changed.
    pub reread: Notify,
    /// Ends every task.
    pub stop: CancellationToken,
    /// Ends the loop without a snapshot, as a kill would.
    pub crash: CancellationToken,
    pub tasks: TaskTracker,
}

impl Shared {
    /// Reads the state; keep it short, the loop waits.
    pub(super) fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        self.store.read(read)
    }

    /// Now, by the world's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Something was observed.
    pub(super) fn observe(&self, kind: crate::engine::EventKind) {
        self.observations.put(Fact::ours(kind));
    }

    /// Tells listeners that these rows must be made anew though no fact touched them.
    pub(super) fn touch(&self, keys: Vec<Key>) {
        // Nobody listens: nobody needs it.
        let _ = self.touched.send(Touched { seq: self.store.seq(), keys });
    }

    /// What `work` answers within `span`; none when it takes longer, and it is dropped then.
    pub(super) async fn within<T>(&self, span: Span, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.world.clock.sleep(span) => None,
        }
    }

    /// Why nothing can be written, while that is so.
    pub(super) fn stuck(&self) -> Option<Stuck> {
        self.stuck.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs `work` as a task of the daemon, for as long as the daemon runs. A panic is a defect: logged, and begun anew after a second.
pub(super) fn forever<F>(
    shared: &Arc<Shared>,
    what: &'static str,
    work: impl Fn(Arc<Shared>) -> F + Send + Sync + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let shared = shared.clone();
    shared.tasks.clone().spawn(async move {
        let stop = shared.stop.clone();
        let repeat = async {
            while AssertUnwindSafe(work(shared.clone())).catch_unwind().await.is_err() {
                tracing::error!(what, "a task of the daemon panicked; it begins anew");
                shared.world.clock.sleep(crate::model::limits::RETRY_FIRST).await;
            }
        };
        let _ = stop.run_until_cancelled(repeat).await;
    });
}
