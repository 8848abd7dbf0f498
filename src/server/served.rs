//! The daemon behind the doors: its handle as [`Source`] and [`Beside`], and the task that keeps the table up to date.

use super::rows::{self, Answered, Beside};
use super::{About, Announcement, Hint, Source, Table, publish, why};
use crate::api;
use crate::api::rollout::{Goal, PlanRow};
use crate::api::rows::EventRow;
use crate::api::why::Why;
use crate::daemon::{Handle, Reply, Seen};
use crate::engine::{Key, Rollout};
use crate::model::dossier::Dossier;
use crate::model::reports::Look;
use crate::model::text::clean;
use crate::model::{
    Actor, Command, EffectId, ImageRef, IncidentId, PoolName, Registry, ReleaseName, Seq, Setup, Timestamp,
    WorkloadId, limits,
};
use crate::ports::Progress;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Facts of the past that `why` tells; the newest ones.
const WHY_FACTS: usize = 40;

/// Between two readings of the state: what is touched meanwhile is read together. Consoles are told less often still.
const BREATH: Duration = Duration::from_millis(10);

/// A daemon, as the server sees it.
pub struct Served {
    handle: Handle,
    since: Timestamp,
    logs: PathBuf,
}

impl Served {
    /// Behind the doors from now on.
    pub fn new(handle: Handle) -> Arc<Self> {
        let (since, logs) = (handle.now(), handle.logs().to_owned());
        Arc::new(Self { handle, since, logs })
    }

    /// The rows as they are now.
    pub fn table(&self, epoch: u64) -> Arc<Table> {
        let table = Table::new(epoch, Seq(0));
        self.refresh(&table, None, Seq(0));
        table
    }

    /// Keeps `table` up to date until `stop`: what is touched at once, when sources answered every second.
    pub async fn publish(self: Arc<Self>, table: Arc<Table>, stop: CancellationToken) {
        let mut touched = self.handle.subscribe();
        // The table may have been made before we listened: what was touched between is in here.
        let mut told = self.refresh(&table, None, Seq(0));
        let mut second = tokio::time::interval(limits::LOOK_EVERY.to_std());
        let (mut heard, mut stuck) = (self.handle.sources(), self.handle.stuck());
        loop {
            let mut keys = BTreeSet::new();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                // Before what was touched, which may never end; a tick comes once a second.
                _ = second.tick() => {
                    let before = (std::mem::replace(&mut heard, self.handle.sources()), stuck.take());
                    stuck = self.handle.stuck();
                    keys.extend(changed(&before.0, &heard).map(Key::Source));
                    if keys.is_empty() && before.1 == stuck {
                        continue;
                    }
                }
                next = touched.recv() => match next {
                    Ok(touch) => keys.extend(touch.keys),
                    Err(RecvError::Lagged(_)) => drop(keys.insert(Key::All)),
                    Err(RecvError::Closed) => return,
                },
            }
            // All that has gathered is read at once, so that a burst costs one reading. That we lag is said by the next `recv`.
            while let Ok(more) = touched.try_recv() {
                keys.extend(more.keys);
            }
            told = self.refresh(&table, Some(&keys), told);
            sleep(BREATH).await;
        }
    }

    /// Makes the rows of `keys` anew, or all; adds the journal's lines after `told` and answers which is the last one now.
    fn refresh(&self, table: &Table, keys: Option<&BTreeSet<Key>>, told: Seq) -> Seq {
        // Place and lines are read before the state, so that rows never claim a place that they do not show yet.
        let seq = self.handle.seq();
        let few = seq.0.saturating_sub(told.0) <= limits::EVENT_ROWS as u64;
        let lines = if few {
            self.handle.events(told, limits::EVENT_ROWS)
        } else {
            self.handle.tail(limits::EVENT_ROWS)
        };
        let lines = lines.unwrap_or_else(|error| {
            tracing::error!(%error, "the journal's latest lines cannot be read; the console shows none");
            Vec::new()
        });
        self.handle.read(|state| {
            match keys {
                Some(keys) => publish::publish(table, seq, state, self, keys),
                None => publish::publish_all(table, seq, state, self),
            }
            publish::publish_events(table, state, &lines);
        });
        lines.last().map_or(told, |(seq, _)| *seq)
    }
}

/// The sources that answered since, or that are asked at another moment.
fn changed<'a>(
    before: &'a BTreeMap<String, Seen>,
    now: &'a BTreeMap<String, Seen>,
) -> impl Iterator<Item = String> + 'a {
    now.iter().filter(|(name, seen)| before.get(*name) != Some(*seen)).map(|(name, _)| name.clone())
}

impl Beside for Served {
    fn about(&self) -> About {
        let options = self.handle.options();
        About {
            name: options.name.clone(),
            version: options.version.clone(),
            pid: options.pid,
            read_only: options.read_only,
        }
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
        Ok(self
            .handle
            .read(|state| events.iter().map(|(seq, event)| rows::event(state, *seq, event)).collect()))
    }

    async fn why(&self, id: &str) -> Option<Why> {
        let subject = id.parse().ok()?;
        let events = self.handle.tail(limits::EVENT_ROWS).unwrap_or_default();
        self.handle.read(|state| why::why(state, &subject, &events, WHY_FACTS))
    }

    async fn plan(&self, pool: &PoolName, goal: &Goal) -> Result<PlanRow, String> {
        let plan = self.handle.read(|state| match goal {
            Goal::Release(release) => state.rollout_plan(pool, release),
            Goal::Nodes(nodes) => state.scale_plan(pool, *nodes),
        });
        let plan = plan.map_err(|error| error.to_string())?;
        let found = self.handle.preflights(plan.preflights(limits::PLAN_NODES)).await;
        Ok(self.handle.read(|state| rows::plan(state, &plan, &found)))
    }

    async fn dossier(&self, id: IncidentId) -> Result<Option<Dossier>, String> {
        self.handle.dossier(id).await.map_err(|error| clean(&error.to_string(), limits::MESSAGE_CHARS))
    }

    async fn hint(&self, hint: Hint) -> Result<(), api::rows::Stuck> {
        let by = Actor::Webhook(hint.from.to_string());
        let stored = self.handle.hint(hint.image, hint.digest, by).await;
        stored.map(drop).map_err(|stuck| api::rows::Stuck { why: stuck.why, since: stuck.since })
    }

    async fn announce(&self, pool: PoolName, release: ReleaseName) -> Result<Announcement, api::rows::Stuck> {
        let unknown = self.handle.read(|state| match state.setup.pools.contains_key(&pool) {
            false => Some(Announcement::NoPool),
            true => state.announced(&pool, &release).map(|_| Announcement::Known),
        });
        if let Some(why) = unknown {
            return Ok(why);
        }
        let stored = self.handle.announce(pool, release, Actor::Webhook("release".to_owned())).await;
        stored
            .map(|_| Announcement::Stored)
            .map_err(|stuck| api::rows::Stuck { why: stuck.why, since: stuck.since })
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
            let doing = steps.filter_map(|step| step.doing.as_ref());
            let nodes = state.rolling().flat_map(Rollout::in_flight);
            let doing: Vec<&EffectId> = doing.chain(nodes.filter_map(|step| step.doing.as_ref())).collect();
            doing.into_iter().any(|doing| doing.to_string() == id)
        })
    }
}

/// The registry that an alias of the configuration stands for; itself when it is no alias.
fn known_as(setup: &Setup, claimed: &Registry) -> Registry {
    let alias = setup.registries.iter().find(|(_, registry)| registry.aliases.contains(claimed));
    alias.map_or_else(|| claimed.clone(), |(name, _)| name.clone())
}
