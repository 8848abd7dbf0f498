//! The doors of a real daemon: its handle as a [`Source`], and the task that keeps the rows up to date.

use super::rows::{self, Answered, Beside};
use super::{About, Doors, Hint, Source, Table, publish, why};
use crate::api::Reply;
use crate::api::rows::{EventRow, Row, RowKey, Stuck};
use crate::api::why::Why;
use crate::daemon::{self, Handle};
use crate::engine::Key;
use crate::model::limits::{EVENT_ROWS, MESSAGE_CHARS};
use crate::model::reports::Look;
use crate::model::text::clean;
use crate::model::{Actor, Command, EffectId, ImageRef, Seq, Timestamp, WorkloadId};
use crate::ports::Progress;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Between two readings of the state: what is touched meanwhile is read together. Consoles are told less often still.
const BREATH: Duration = Duration::from_millis(10);

/// A daemon behind its handle.
pub struct Daemon {
    handle: Handle,
    table: Arc<Table>,
    since: Timestamp,
    logs: PathBuf,
}

/// The doors of `handle`, with their rows filled and kept up to date until `stop`. `epoch` must differ from that of every
/// earlier process on the same socket: the start's milliseconds do.
pub fn open(handle: Handle, epoch: u64, stop: CancellationToken) -> Doors {
    let (options, since) = (handle.options(), handle.now());
    let about = About { version: options.version.clone(), pid: options.pid, read_only: options.read_only };
    let (table, logs) = (Table::new(epoch, Seq(0)), handle.logs());
    let daemon = Arc::new(Daemon { handle, table: table.clone(), since, logs });
    // Subscribed before the first reading, so that nothing falls between.
    let touched = daemon.handle.subscribe();
    let shown = daemon.refresh(None, Seq(0));
    tokio::spawn(feed(daemon.clone(), touched, shown, stop));
    Doors { table, source: daemon, about, webhooks: Arc::default(), now: || chrono::Utc::now().into() }
}

/// Makes rows of what was touched. All that has gathered is done at once, so a burst costs one reading of the state.
async fn feed(
    daemon: Arc<Daemon>,
    mut touched: Receiver<daemon::Touched>,
    mut shown: Seq,
    stop: CancellationToken,
) {
    loop {
        let first = tokio::select! {
            () = stop.cancelled() => return,
            first = touched.recv() => first,
        };
        let mut keys = BTreeSet::new();
        match first {
            Ok(first) => keys.extend(first.keys),
            Err(RecvError::Lagged(_)) => drop(keys.insert(Key::All)),
            Err(RecvError::Closed) => return,
        }
        while let Ok(more) = touched.try_recv() {
            keys.extend(more.keys);
        }
        // Anything else that stopped it (it lagged) is seen by the next `recv`.
        shown = daemon.refresh(Some(&keys), shown);
        sleep(BREATH).await;
    }
}

impl Daemon {
    /// Makes the rows of `keys` anew, or all; then adds the lines after `shown`, and answers which is the last now.
    fn refresh(&self, keys: Option<&BTreeSet<Key>>, shown: Seq) -> Seq {
        // Place and lines are read before the state, so that the rows never claim a place that they do not show yet.
        let seq = self.handle.seq();
        let few = seq.0.saturating_sub(shown.0) <= EVENT_ROWS as u64;
        let lines = if few { self.handle.events(shown, EVENT_ROWS) } else { self.handle.tail(EVENT_ROWS) };
        let lines = lines.unwrap_or_else(|error| {
            tracing::error!(%error, "the journal's lines cannot be read");
            Vec::new()
        });
        self.handle.read(|state| {
            match keys {
                Some(keys) => publish::publish(&self.table, seq, state, self, keys),
                None => publish::publish_all(&self.table, seq, state, self),
            }
            publish::publish_events(&self.table, state, &lines);
        });
        lines.last().map_or(shown, |(seq, _)| *seq)
    }

    fn lines(&self) -> Vec<EventRow> {
        let rows = self.table.keys(RowKey::Event(Seq(0))..RowKey::Event(Seq(u64::MAX)));
        let rows = rows.iter().filter_map(|key| self.table.row(key));
        rows.filter_map(|row| if let Row::Event(row) = &*row { Some(row.clone()) } else { None }).collect()
    }
}

#[async_trait]
impl Source for Daemon {
    async fn command(&self, by: Actor, command: Command) -> Reply {
        match self.handle.command(by, command).await {
            daemon::Reply::Accepted { seq, message } => Reply::Accepted { seq, message },
            daemon::Reply::Already { message } => Reply::Already { message },
            daemon::Reply::Rejected { reason, stale } => Reply::Rejected { reason, stale },
        }
    }

    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<EventRow>, String> {
        let read = self.handle.events(after, limit);
        let events = read.map_err(|error| clean(&error.to_string(), MESSAGE_CHARS))?;
        Ok(self
            .handle
            .read(|state| events.iter().map(|(seq, event)| rows::event(state, *seq, event)).collect()))
    }

    async fn why(&self, id: &str) -> Option<Why> {
        let lines = self.lines();
        self.handle.read(|state| why::why(state, &lines, id))
    }

    async fn hint(&self, hint: Hint) -> Result<(), Stuck> {
        let by = Actor::Webhook(hint.from.to_string());
        let stored = self.handle.hint(hint.image, hint.digest, by).await;
        stored.map(drop).map_err(stuck)
    }

    fn watched(&self, claimed: &ImageRef) -> Option<ImageRef> {
        self.handle.read(|state| {
            let alias =
                state.setup.registries.iter().find(|(_, how)| how.aliases.contains(&claimed.registry));
            let real = alias.map(|(registry, _)| ImageRef { registry: registry.clone(), ..claimed.clone() });
            let watched = state.watched();
            [Some(claimed.clone()), real].into_iter().flatten().find(|image| watched.contains(image))
        })
    }

    fn logs(&self) -> &Path {
        &self.logs
    }

    fn log_open(&self, id: &str) -> bool {
        self.handle.read(|state| {
            let running =
                state.active().flat_map(|run| run.steps.values()).filter_map(|step| step.doing.as_ref());
            running.into_iter().any(|effect| effect.to_string() == id)
        })
    }
}

impl Beside for Daemon {
    fn about(&self) -> About {
        let options = self.handle.options();
        About { version: options.version.clone(), pid: options.pid, read_only: options.read_only }
    }

    fn since(&self) -> Timestamp {
        self.since
    }

    fn stuck(&self) -> Option<Stuck> {
        self.handle.stuck().map(stuck)
    }

    fn sources(&self) -> BTreeMap<String, Answered> {
        let answered = |seen: daemon::Seen| Answered { last: seen.answered, next: seen.next };
        self.handle.sources().into_iter().map(|(name, seen)| (name, answered(seen))).collect()
    }

    fn look(&self, workload: &WorkloadId) -> Option<Look> {
        self.handle.live().look(workload)
    }

    fn progress(&self, effect: &EffectId) -> Option<Progress> {
        self.handle.live().progress(effect)
    }
}

fn stuck(stuck: daemon::Stuck) -> Stuck {
    Stuck { why: clean(&stuck.why, MESSAGE_CHARS), since: stuck.since }
}
