//! The daemon behind the doors: its handle as [`Source`] and [`Beside`], and the task that keeps the table up to date.

use super::rows::{self, Answered, Beside};
use super::{About, Hint, Source, Table, publish, why};
use crate::api;
use crate::api::rows::EventRow;
use crate::api::why::Why;
use crate::daemon::{Handle, Reply, Touched};
use crate::engine::Key;
use crate::model::reports::Look;
use crate::model::{Actor, Command, EffectId, ImageRef, Registry, Seq, Setup, Timestamp, WorkloadId, limits};
use crate::ports::Progress;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Facts of the past that `why` tells; the newest ones.
const WHY_FACTS: usize = 40;

/// A daemon, as the server sees it.
pub struct Served {
    handle: Handle,
    since: Timestamp,
    logs: PathBuf,
}

impl Served {
    /// Behind the doors from now on.
    pub fn new(handle: Handle) -> Arc<Self> {
        let (since, logs) = (handle.now(), handle.logs());
        Arc::new(Self { handle, since, logs })
    }

    /// The rows as they are now.
    pub fn table(&self, epoch: u64) -> Arc<Table> {
        let seq = self.handle.seq();
        let tail = self.handle.tail(limits::EVENT_ROWS).unwrap_or_else(|error| {
            tracing::error!(%error, "the journal's latest lines cannot be read; the console shows none");
            Vec::new()
        });
        self.handle.read(|state| publish::table(epoch, seq, state, self, &tail))
    }

    /// Keeps `table` up to date until `stop`: what facts touch at once, what moves without facts every second.
    pub async fn publish(self: Arc<Self>, table: Arc<Table>, stop: CancellationToken) {
        let mut touched = self.handle.subscribe();
        let mut told = self.handle.seq();
        let mut second = tokio::time::interval(limits::LOOK_EVERY.to_std());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                next = touched.recv() => match next {
                    Ok(touch) => self.touched(&table, &touch, &mut told),
                    Err(RecvError::Lagged(_)) => self.all(&table, &mut told),
                    Err(RecvError::Closed) => return,
                },
                _ = second.tick() => self.moving(&table),
            }
        }
    }

    fn touched(&self, table: &Table, touch: &Touched, told: &mut Seq) {
        let keys: BTreeSet<Key> = touch.keys.iter().cloned().collect();
        self.handle.read(|state| publish::publish(table, self.handle.seq().max(touch.seq), state, self, &keys));
        self.lines(table, told);
    }

    fn all(&self, table: &Table, told: &mut Seq) {
        let seq = self.handle.seq();
        self.handle.read(|state| publish::publish_all(table, seq, state, self));
        *told = (*told).max(Seq(seq.0.saturating_sub(limits::EVENT_ROWS as u64)));
        self.lines(table, told);
    }

    /// New lines of the journal.
    fn lines(&self, table: &Table, told: &mut Seq) {
        let Ok(events) = self.handle.events(*told, limits::EVENT_ROWS) else { return };
        if let Some((last, _)) = events.last() {
            *told = *last;
            self.handle.read(|state| publish::publish_events(table, state, &events));
        }
    }

    /// Progress, probes, sources: they change without a fact. Only what differs reaches a reader.
    fn moving(&self, table: &Table) {
        let seq = self.handle.seq();
        self.handle.read(|state| {
            let mut keys: BTreeSet<Key> = self.handle.sources().into_keys().map(Key::Source).collect();
            keys.extend(state.active().map(|run| Key::Run(run.id)));
            let deploys = state.active().flat_map(|run| run.steps.keys()).filter_map(|key| match key {
                crate::model::StepKey::Deploy(id) => Some(Key::Workload(id.clone())),
                crate::model::StepKey::Image(_) => None,
            });
            keys.extend(deploys);
            publish::publish(table, seq, state, self, &keys);
        });
    }
}

impl Beside for Served {
    fn about(&self) -> About {
        let options = self.handle.options();
        About { version: options.version.clone(), pid: options.pid, read_only: options.read_only }
    }

    fn since(&self) -> Timestamp {
        self.since
    }

    fn stuck(&self) -> Option<api::rows::Stuck> {
        self.handle.stuck().map(|stuck| api::rows::Stuck { why: stuck.why, since: stuck.since })
    }

    fn sources(&self) -> BTreeMap<String, Answered> {
        let seen = self.handle.sources().into_iter();
        seen.map(|(name, seen)| (name, Answered { last: seen.answered, next: seen.next })).collect()
    }

    fn look(&self, workload: &WorkloadId) -> Option<Look> {
        self.handle.live().look(workload)
    }

    fn progress(&self, effect: &EffectId) -> Option<Progress> {
        self.handle.live().progress(effect)
    }
}

#[async_trait]
impl Source for Served {
    async fn command(&self, by: Actor, command: Command) -> api::Reply {
        match self.handle.command(by, command).await {
            Reply::Accepted { seq, message } => api::Reply::Accepted { seq, message },
            Reply::Already { message } => api::Reply::Already { message },
            Reply::Rejected { reason, stale } => api::Reply::Rejected { reason, stale },
        }
    }

    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<EventRow>, String> {
        let events = self.handle.events(after, limit).map_err(|error| error.to_string())?;
        Ok(self.handle.read(|state| events.iter().map(|(seq, event)| rows::event(state, *seq, event)).collect()))
    }

    async fn why(&self, id: &str) -> Option<Why> {
        let subject = id.parse().ok()?;
        let events = self.handle.tail(limits::EVENT_ROWS).unwrap_or_default();
        self.handle.read(|state| why::why(state, &subject, &events, WHY_FACTS))
    }

    async fn hint(&self, hint: Hint) -> Result<(), api::rows::Stuck> {
        let by = Actor::Webhook(hint.from.to_string());
        let stored = self.handle.hint(hint.image, hint.digest, by).await;
        stored.map(drop).map_err(|stuck| api::rows::Stuck { why: stuck.why, since: stuck.since })
    }

    fn watched(&self, claimed: &ImageRef) -> Option<ImageRef> {
        self.handle.read(|state| {
            let registry = known_as(&state.setup, &claimed.registry);
            let image = ImageRef { registry, ..claimed.clone() };
            state.watched().contains(&image).then_some(image)
        })
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    fn log_open(&self, id: &str) -> bool {
        self.handle.read(|state| {
            let steps = state.active().flat_map(|run| run.steps.values());
            let doing: Vec<&EffectId> = steps.filter_map(|step| step.doing.as_ref()).collect();
            doing.into_iter().any(|doing| doing.to_string() == id)
        })
    }
}

/// The registry that an alias of the configuration stands for; itself when it is no alias.
fn known_as(setup: &Setup, claimed: &Registry) -> Registry {
    let alias = setup.registries.iter().find(|(_, registry)| registry.aliases.contains(claimed));
    alias.map_or_else(|| claimed.clone(), |(name, _)| name.clone())
}
