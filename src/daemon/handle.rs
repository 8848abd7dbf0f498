//! The daemon from outside: what the server, the command line and the simulation hold.

use super::dossiers;
use super::executor::Executor;
use super::inbox::{Ask, Asked, Fact};
use super::live::Live;
use super::preflights::{self, Preflights};
use super::shared::Shared;
use super::{DossierError, Options, Reply, Seen, Stuck, Touched};
use crate::engine::{Event, EventKind, State};
use crate::journal::{ReadError, Stored};
use crate::model::dossier::Dossier;
use crate::model::nodes::PreflightJob;
use crate::model::{
    Actor, Command, Digest, EffectId, ImageRef, IncidentId, PoolName, ReleaseName, Seq, Setup, Timestamp,
    WorkloadId,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use tokio::sync::{broadcast, oneshot};

/// Events that are read under one lock of the journal, so that a long answer does not keep the loop waiting.
const AT_ONCE: usize = 512;

/// A running daemon. Clones are the same daemon; dropping all of them does not end it.
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: Arc<Shared>,
    pub(super) executor: Arc<Executor>,
}

impl Handle {
    /// Does what a person asks for, or says why not. On the disk before it returns.
    pub async fn command(&self, actor: Actor, command: Command) -> Reply {
        if self.shared.options.read_only {
            let reason = "this daemon only observes; start `tidegate daemon` to act".to_owned();
            return Reply::Rejected { reason, stale: false };
        }
        self.ask(Ask::Command { by: actor, command }).await
    }

    /// Records that a notification named an image, and has the registry asked. On the disk before it returns.
    ///
    /// # Errors
    /// It is not recorded when nothing can be written; whoever notified should do so again.
    pub async fn hint(&self, image: ImageRef, digest: Option<Digest>, by: Actor) -> Result<Seq, Stuck> {
        let seq =
            self.record(by, EventKind::HintReceived { image: image.clone(), digest: digest.clone() }).await?;
        self.shared.sources.answered("webhook", self.shared.now());
        self.shared.hints.lock().unwrap_or_else(PoisonError::into_inner).insert(image, digest);
        self.shared.hinted.notify_one();
        Ok(seq)
    }

    /// Records that a vendor announced a node release. On the disk before it returns.
    ///
    /// # Errors
    /// It is not recorded when nothing can be written; whoever announced should do so again.
    pub async fn announce(&self, pool: PoolName, release: ReleaseName, by: Actor) -> Result<Seq, Stuck> {
        let seq = self.record(by, EventKind::ReleaseAnnounced { pool, release }).await?;
        self.shared.sources.answered("webhook", self.shared.now());
        Ok(seq)
    }

    /// Puts another configuration in force; nothing happens when it is the present one.
    ///
    /// # Errors
    /// The old one stays in force when nothing can be written.
    pub async fn reload(&self, setup: Setup) -> Result<Option<Seq>, Stuck> {
        if self.read(|state| state.configured.is_some() && state.setup == setup) {
            return Ok(None);
        }
        let seq = self.record(Actor::Daemon, EventKind::ConfigLoaded { setup: Box::new(setup) }).await?;
        // Read first: who reads the state may ask for live samples, so nobody may ask for the state while holding those.
        let keep: BTreeSet<WorkloadId> = self.read(|state| state.setup.workloads.keys().cloned().collect());
        self.shared.live.retain(|workload| keep.contains(workload));
        self.shared.reread.notify_one();
        self.shared.hinted.notify_one();
        Ok(Some(seq))
    }

    async fn record(&self, by: Actor, kind: EventKind) -> Result<Seq, Stuck> {
        let since = self.shared.now();
        match self.ask(Ask::Record { by, kind }).await {
            Reply::Accepted { seq, .. } => Ok(seq),
            Reply::Already { message: why } | Reply::Rejected { reason: why, .. } => {
                Err(self.stuck().unwrap_or(Stuck { why, since }))
            }
        }
    }

    async fn ask(&self, ask: Ask) -> Reply {
        let gone = || Reply::Rejected {
            reason: "the daemon is ending; nothing was changed".to_owned(),
            stale: false,
        };
        let (reply, answer) = oneshot::channel();
        if self.shared.senders.asks.send(Asked { ask, reply }).await.is_err() {
            return gone();
        }
        answer.await.unwrap_or_else(|_| gone())
    }

    /// Reads the state. The loop waits meanwhile: keep it short, and call nothing of this handle in there.
    pub fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        self.shared.read(read)
    }

    /// The place in the journal that the state has reached.
    pub fn seq(&self) -> Seq {
        self.shared.store.seq()
    }

    /// Reads the state together with the place in the journal that it has reached; as short as [`read`](Self::read).
    pub fn read_at<R>(&self, read: impl FnOnce(Seq, &State) -> R) -> R {
        self.shared.store.read_at(read)
    }

    /// What is touched from now on. A reader that lags is told so, and then reads everything anew.
    pub fn subscribe(&self) -> broadcast::Receiver<Touched> {
        self.shared.touched.subscribe()
    }

    /// At most `limit` events after `after`, oldest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn events(&self, after: Seq, limit: usize) -> Result<Vec<(Seq, Event)>, ReadError> {
        let mut events: Vec<(Seq, Event)> = Vec::new();
        while events.len() < limit {
            let from = events.last().map_or(after, |(seq, _)| *seq);
            let most = AT_ONCE.min(limit - events.len());
            let stored = self.stored(from, most)?;
            for one in &stored {
                events.push(one.decode()?);
            }
            if stored.len() < most {
                break;
            }
        }
        Ok(events)
    }

    fn stored(&self, after: Seq, limit: usize) -> Result<Vec<Stored>, ReadError> {
        self.shared.store.journal().as_ref().map_or(Ok(Vec::new()), |journal| journal.stored(after, limit))
    }

    /// The latest `limit` events, oldest first.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn tail(&self, limit: usize) -> Result<Vec<(Seq, Event)>, ReadError> {
        let back = u64::try_from(limit).unwrap_or(u64::MAX);
        self.events(Seq(self.seq().0.saturating_sub(back)), limit)
    }

    /// The dossier of an incident: as it was written when its step ended; before that, as it is now. None when there is no such incident.
    ///
    /// # Errors
    /// See [`DossierError`].
    pub async fn dossier(&self, id: IncidentId) -> Result<Option<Dossier>, DossierError> {
        dossiers::read(&self.shared, id).await
    }

    /// What the fleet finds about the nodes of a plan, or why that is not known: asked now, and nothing is changed or journaled.
    pub async fn preflights(&self, jobs: Vec<PreflightJob>) -> Preflights {
        preflights::ask(&self.shared, jobs).await
    }

    /// Progress and health samples.
    pub fn live(&self) -> &Live {
        &self.shared.live
    }

    /// The effects that are being done.
    pub fn doing(&self) -> Vec<EffectId> {
        self.executor.doing()
    }

    /// Why nothing can be written, while that is so.
    pub fn stuck(&self) -> Option<Stuck> {
        self.shared.stuck()
    }

    /// When each source answered last.
    pub fn sources(&self) -> BTreeMap<String, Seen> {
        self.shared.sources.all()
    }

    /// Now, by the world's clock.
    pub fn now(&self) -> Timestamp {
        self.shared.now()
    }

    /// What the daemon was started with.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The folder of the logs; a log's file is [`file_name`](crate::model::logname::file_name) of its effect's id.
    pub fn logs(&self) -> &Path {
        &self.shared.logs
    }

    /// Whether the work that writes this log (`r42/image:web:1/build/1`) goes on.
    pub fn log_open(&self, id: &str) -> bool {
        self.executor.doing().iter().any(|doing| doing.to_string() == id)
    }

    /// The image that is watched under the name that a notification gives it: its registry may be called by an alias.
    pub fn watched(&self, claimed: &ImageRef) -> Option<ImageRef> {
        self.read(|state| {
            let watched = state.watched();
            let named =
                state.setup.registries.iter().filter(|(_, setup)| setup.aliases.contains(&claimed.registry));
            let names = named.map(|(registry, _)| ImageRef { registry: registry.clone(), ..claimed.clone() });
            std::iter::once(claimed.clone()).chain(names).find(|image| watched.contains(image))
        })
    }

    /// Hands a result to the loop as the executor does, for the simulation: one that comes twice, or late. Other facts are ignored.
    pub async fn deliver(&self, kind: EventKind) {
        if kind.effect().is_some() {
            // The loop is gone: so is the result.
            let _ = self.shared.senders.results.send(Fact::ours(kind)).await;
        }
    }

    /// Ends the daemon: finishes the batch in hand, takes a snapshot, lets the next daemon in. Work that was under way is dropped, and
    /// issued again by the next daemon.
    pub async fn shutdown(&self) {
        self.shared.stop.cancel();
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Ends everything as a kill would: nothing is finished, no snapshot is taken. For the simulation and for tests.
    pub async fn crash(&self) {
        self.shared.crash.cancel();
        self.shutdown().await;
    }
}
