//! What waits for the loop: results and asks in bounded queues, observations one a key.

use super::Reply;
use crate::engine::EventKind;
use crate::model::{Actor, Command, Digest, FleetName, ImageRef, PoolName, ReleaseName, limits};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, oneshot};

/// A fact on its way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    /// Who or what brought it about.
    pub by: Actor,
    /// What happened.
    pub kind: EventKind,
    /// For a tag that was seen: where the state had it when the registry was asked. A tag that was moved meanwhile was
    /// perhaps moved after the registry's answer, so the fact is dropped and the poller asks again.
    pub unless_moved: Option<Option<Digest>>,
}

impl Fact {
    /// A fact of the daemon's own.
    pub(super) fn ours(kind: EventKind) -> Self {
        Self { by: Actor::Daemon, kind, unless_moved: None }
    }
}

/// Something that wants a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// Decide and record.
    Command { by: Actor, command: Command },
    /// Record: on the disk before the reply.
    Record { by: Actor, kind: EventKind },
}

/// An ask and where its reply goes.
#[derive(Debug)]
pub(super) struct Asked {
    pub ask: Ask,
    pub reply: oneshot::Sender<Reply>,
}

/// What an observation is about: a later one of the same key takes the place of an earlier one that still waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Tag(ImageRef),
    Workloads(FleetName),
    Nodes(FleetName),
    Claim(FleetName),
    Source(String),
    Orphans(PoolName),
    Release(PoolName, ReleaseName),
    Recipes,
    Other(&'static str),
}

impl About {
    fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::TagSeen { image, .. } | EventKind::HintReceived { image, .. } => {
                Self::Tag(image.clone())
            }
            EventKind::WorkloadsSeen { fleet, .. } => Self::Workloads(fleet.clone()),
            EventKind::NodesSeen { fleet, .. } => Self::Nodes(fleet.clone()),
            EventKind::OrphansSeen { pool, .. } => Self::Orphans(pool.clone()),
            // Each release is a fact of its own: none takes the place of another.
            EventKind::ReleaseAnnounced { pool, release } => Self::Release(pool.clone(), release.clone()),
            EventKind::FleetRefused { fleet, .. } | EventKind::FleetClaimed { fleet } => {
                Self::Claim(fleet.clone())
            }
            EventKind::SourceLost { who, .. } | EventKind::SourceFound { who } => Self::Source(who.clone()),
            EventKind::RecipesRead { .. } => Self::Recipes,
            EventKind::Installed { .. }
            | EventKind::DaemonStarted { .. }
            | EventKind::ConfigLoaded { .. }
            | EventKind::BuildFinished { .. }
            | EventKind::TestsFinished { .. }
            | EventKind::TagPublished { .. }
            | EventKind::WorkloadLooked { .. }
            | EventKind::WorkloadChanged { .. }
            | EventKind::WorkloadWatched { .. }
            | EventKind::CandidateDiscarded { .. }
            | EventKind::NodePreflighted { .. }
            | EventKind::NodeProvisioned { .. }
            | EventKind::MachineFound { .. }
            | EventKind::NodeShifted { .. }
            | EventKind::NodeChanged { .. }
            | EventKind::NodeUpdated { .. }
            | EventKind::NodeRemoved { .. }
            | EventKind::NoticeSent { .. }
            | EventKind::NoticeFailed { .. }
            | EventKind::DeadlinePassed
            | EventKind::Commanded { .. }
            | EventKind::CommandRefused { .. } => Self::Other(kind.word()),
        }
    }
}

/// Observations that wait. There are never more than there are things to observe.
#[derive(Debug, Default)]
pub(super) struct Observations {
    waiting: Mutex<(VecDeque<About>, BTreeMap<About, Fact>)>,
    some: Notify,
}

impl Observations {
    /// Puts one in; an earlier one of the same key is replaced and keeps its place in the queue.
    pub(super) fn put(&self, fact: Fact) {
        let about = About::of(&fact.kind);
        {
            let mut waiting = self.lock();
            let (order, facts) = &mut *waiting;
            if facts.insert(about.clone(), fact).is_none() {
                order.push_back(about);
            }
        }
        self.some.notify_one();
    }

    /// Takes at most `limit`, oldest first.
    pub(super) fn take(&self, limit: usize) -> Vec<Fact> {
        let mut waiting = self.lock();
        let (order, facts) = &mut *waiting;
        let count = limit.min(order.len());
        let taken = order.drain(..count).filter_map(|about| facts.remove(&about)).collect();
        if !order.is_empty() {
            self.some.notify_one();
        }
        taken
    }

    /// Returns once something waits. Safe to drop.
    pub(super) async fn some(&self) {
        loop {
            if !self.lock().0.is_empty() {
                return;
            }
            self.some.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, (VecDeque<About>, BTreeMap<About, Fact>)> {
        // Nothing in here panics half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The ends that the loop reads, beside the observations.
#[derive(Debug)]
pub(super) struct Inbox {
    pub results: mpsc::Receiver<Fact>,
    pub asks: mpsc::Receiver<Asked>,
}

/// The ends that everybody else writes.
#[derive(Debug, Clone)]
pub(super) struct Senders {
    /// Waits while the queue is full, so that nothing is dropped.
    pub results: mpsc::Sender<Fact>,
    /// Waits while the queue is full, so that nothing is dropped.
    pub asks: mpsc::Sender<Asked>,
}

/// Both ends.
pub(super) fn new() -> (Senders, Inbox) {
    let (results, results_in) = mpsc::channel(limits::INBOX);
    let (asks, asks_in) = mpsc::channel(limits::INBOX);
    (Senders { results, asks }, Inbox { results: results_in, asks: asks_in })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(image: &str, digest: &str) -> Fact {
        let digest = Some(Digest::of(digest.as_bytes()));
        Fact::ours(EventKind::TagSeen { image: image.parse().unwrap(), digest, before: None })
    }

    #[test]
    fn the_latest_observation_of_a_key_wins_and_keeps_its_place() {
        let observations = Observations::default();
        for fact in [seen("a:1", "old"), seen("b:1", "x"), seen("a:1", "new")] {
            observations.put(fact);
        }
        assert_eq!(observations.take(9), [seen("a:1", "new"), seen("b:1", "x")]);
        assert_eq!(observations.take(9), []);
    }

    #[test]
    fn a_source_that_is_lost_and_found_again_is_found() {
        let observations = Observations::default();
        let (who, why) = ("registry r:1".to_owned(), "refused".to_owned());
        observations.put(Fact::ours(EventKind::SourceLost { who: who.clone(), why }));
        observations.put(Fact::ours(EventKind::SourceFound { who: who.clone() }));
        assert_eq!(observations.take(9), [Fact::ours(EventKind::SourceFound { who })]);
    }

    #[tokio::test]
    async fn what_was_left_behind_wakes_the_loop_again() {
        let observations = Observations::default();
        observations.put(seen("a:1", "x"));
        observations.put(seen("b:1", "x"));
        assert_eq!(observations.take(1).len(), 1);
        observations.some().await;
        assert_eq!(observations.take(1).len(), 1);
    }
}
