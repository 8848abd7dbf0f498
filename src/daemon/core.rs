//! The synchronous heart: stamp, decide, append, step. No runtime, no clock; time comes in as data.

use super::inbox::{Ask, Fact};
use super::{Reply, Stuck};
use crate::engine::describe::sentence;
use crate::engine::{Effect, Event, EventKind, Key, Rejection, State};
use crate::journal::{AppendError, Journal};
use crate::model::{Actor, Command, Seq, Timestamp, limits};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

/// What the state and the journal share with those who read them.
#[derive(Debug)]
pub(super) struct Store {
    /// Written by the core only, for the time of a few steps.
    pub state: RwLock<State>,
    /// None once the daemon has ended: the next one may open it.
    pub journal: Mutex<Option<Journal>>,
}

impl Store {
    pub(super) fn new(journal: Journal, state: State) -> Self {
        Self { state: RwLock::new(state), journal: Mutex::new(Some(journal)) }
    }

    /// Reads the state; keep it short, the loop waits.
    pub(super) fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The journal; keep it short, the loop waits.
    pub(super) fn journal(&self) -> MutexGuard<'_, Option<Journal>> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which ask a reply belongs to: its number in the call.
pub(super) type Ticket = usize;

/// One thing to handle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// A result or an observation.
    Fact(Fact),
    /// A command or a hint, and who waits for its reply.
    Ask(Ticket, Ask),
}

/// What became of a call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Acted {
    /// To do, in order.
    pub effects: Vec<Effect>,
    /// Whose rows must be made anew.
    pub touched: BTreeSet<Key>,
    /// What those who asked are told; everybody is told something.
    pub replies: Vec<(Ticket, Reply)>,
    /// Facts that were appended and stepped.
    pub stepped: usize,
}

/// A fact that is to be appended next.
#[derive(Debug)]
struct Pending {
    fact: Fact,
    ticket: Option<Ticket>,
    /// What its author is told instead of "accepted".
    refusal: Option<Reply>,
}

/// The heart.
#[derive(Debug)]
pub(super) struct Core {
    store: std::sync::Arc<Store>,
    /// Facts that could not be written yet, in order; at most one batch, because the loop brings no others meanwhile.
    kept: Vec<Fact>,
    stuck: Option<Stuck>,
    since_snapshot: u64,
}

impl Core {
    pub(super) fn new(store: std::sync::Arc<Store>) -> Self {
        Self { store, kept: Vec::new(), stuck: None, since_snapshot: 0 }
    }

    /// Why nothing can be written, while that is so.
    pub(super) fn stuck(&self) -> Option<&Stuck> {
        self.stuck.as_ref()
    }

    /// The place of the latest fact.
    pub(super) fn seq(&self) -> Seq {
        self.store.journal().as_ref().map_or(Seq(0), Journal::last)
    }

    /// `now`, or the latest stamp where the clock went backwards.
    pub(super) fn stamp(&self, now: Timestamp) -> Timestamp {
        now.max(self.store.read(|state| state.now))
    }

    /// Takes `inputs` in, in order.
    ///
    /// 1. Facts share a batch. 2. A command is decided on a state in which everything before it was stepped, so it ends the batch
    /// before it. 3. What cannot be written changes nothing: asks are refused, facts are kept for [`retry`](Self::retry).
    pub(super) fn handle(&mut self, now: Timestamp, inputs: Vec<Input>) -> Acted {
        let mut acted = Acted::default();
        let mut batch = self.take_kept();
        for input in inputs {
            match input {
                Input::Fact(fact) => self.admit(now, fact, &mut batch, &mut acted),
                Input::Ask(ticket, Ask::Record { by, kind }) => {
                    let fact = Fact { by, kind, unless_moved: None };
                    batch.push(Pending { fact, ticket: Some(ticket), refusal: None });
                }
                Input::Ask(ticket, Ask::Command { by, command }) => {
                    self.flush(now, &mut batch, &mut acted);
                    batch.extend(self.decide(ticket, by, command, &mut acted));
                }
            }
            if batch.len() >= limits::BATCH {
                self.flush(now, &mut batch, &mut acted);
            }
        }
        self.flush(now, &mut batch, &mut acted);
        acted
    }

    /// Tries again to write what was kept, or whether anything can be written.
    pub(super) fn retry(&mut self, now: Timestamp) -> Acted {
        let mut acted = self.handle(now, Vec::new());
        if self.stuck.is_some() && self.kept.is_empty() && self.probe().is_ok() {
            self.unstick(&mut acted);
        }
        acted
    }

    fn probe(&self) -> Result<(), AppendError> {
        self.store.journal().as_mut().map_or(Ok(()), Journal::probe)
    }

    fn take_kept(&mut self) -> Vec<Pending> {
        let kept = std::mem::take(&mut self.kept);
        let kept = kept.into_iter().filter(|fact| !self.outdated(fact));
        kept.map(|fact| Pending { fact, ticket: None, refusal: None }).collect()
    }

    /// Puts a fact into the batch, unless it is outdated. What a registry said is compared with a state that knows of our own moves.
    fn admit(&mut self, now: Timestamp, fact: Fact, batch: &mut Vec<Pending>, acted: &mut Acted) {
        let moves = |pending: &Pending| matches!(pending.fact.kind, EventKind::TagPublished { .. });
        if fact.unless_moved.is_some() && batch.iter().any(moves) {
            self.flush(now, batch, acted);
        }
        if !self.outdated(&fact) {
            batch.push(Pending { fact, ticket: None, refusal: None });
        }
    }

    /// What is to be recorded of a command: that it was given, or that it was refused.
    fn decide(&self, ticket: Ticket, by: Actor, command: Command, acted: &mut Acted) -> Option<Pending> {
        if !self.kept.is_empty()
            && let Some(stuck) = &self.stuck
        {
            acted.replies.push((ticket, refused(stuck)));
            return None;
        }
        let (kind, refusal) = match self.store.read(|state| state.decide(&by, command.clone())) {
            Ok(kind) => (kind, None),
            Err(Rejection::Already(message)) => {
                acted.replies.push((ticket, Reply::Already { message }));
                return None;
            }
            Err(rejection) => {
                let reason = rejection.to_string();
                let stale = matches!(rejection, Rejection::Stale { .. });
                let reply = Reply::Rejected { reason: reason.clone(), stale };
                (EventKind::CommandRefused { command, reason }, Some(reply))
            }
        };
        Some(Pending { fact: Fact { by, kind, unless_moved: None }, ticket: Some(ticket), refusal })
    }

    /// Appends the batch, then steps it; or keeps its facts and refuses its asks.
    fn flush(&mut self, now: Timestamp, batch: &mut Vec<Pending>, acted: &mut Acted) {
        let batch = std::mem::take(batch);
        if batch.is_empty() {
            return;
        }
        let at = self.stamp(now);
        let event = |fact: &Fact| Event { at, by: fact.by.clone(), kind: fact.kind.clone() };
        let events: Vec<Event> = batch.iter().map(|pending| event(&pending.fact)).collect();
        let appended = match self.store.journal().as_mut() {
            Some(journal) => journal.append(&events),
            None => return,
        };
        match appended {
            Ok(seqs) => {
                self.unstick(acted);
                self.step(&events, acted);
                let told = batch.into_iter().zip(seqs).zip(&events);
                let told = told.filter_map(|((pending, seq), event)| self.told(pending, seq, event));
                acted.replies.extend(told);
            }
            Err(error) => self.keep(now, &error, batch, acted),
        }
    }

    fn outdated(&self, fact: &Fact) -> bool {
        match (&fact.unless_moved, &fact.kind) {
            (Some(known), EventKind::TagSeen { image, .. }) => self
                .store
                .read(|state| state.tags.get(image).and_then(|tag| tag.digest.as_ref()) != known.as_ref()),
            _ => false,
        }
    }

    /// What the author of a fact is told, if it was asked for.
    fn told(&self, pending: Pending, seq: Seq, event: &Event) -> Option<(Ticket, Reply)> {
        let ticket = pending.ticket?;
        let accepted = || Reply::Accepted { seq, message: self.store.read(|state| sentence(state, event)) };
        Some((ticket, pending.refusal.unwrap_or_else(accepted)))
    }

    fn step(&mut self, events: &[Event], acted: &mut Acted) {
        let mut state = self.store.state.write().unwrap_or_else(PoisonError::into_inner);
        for event in events {
            let outcome = state.step(event);
            acted.effects.extend(outcome.effects);
            acted.touched.extend(outcome.touched);
        }
        acted.stepped += events.len();
        self.since_snapshot += events.len() as u64;
    }

    fn keep(&mut self, now: Timestamp, error: &AppendError, batch: Vec<Pending>, acted: &mut Acted) {
        if self.stuck.is_none() {
            tracing::error!(
                why = error.why(),
                "cannot write the journal; nothing is done until there is room"
            );
            acted.touched.insert(Key::All);
        }
        let since = self.stuck.take().map_or(now, |stuck| stuck.since);
        let stuck = Stuck { why: error.why(), since };
        for pending in batch {
            match pending.ticket {
                Some(ticket) => acted.replies.push((ticket, refused(&stuck))),
                None => self.kept.push(pending.fact),
            }
        }
        self.stuck = Some(stuck);
    }

    fn unstick(&mut self, acted: &mut Acted) {
        if self.stuck.take().is_some() {
            tracing::info!("the journal can be written again");
            acted.touched.insert(Key::All);
        }
    }

    /// Takes a snapshot when enough was stepped since the last one, or when `anyway`. A failure costs only time at the next start.
    pub(super) fn snapshot(&mut self, anyway: bool) {
        if self.since_snapshot == 0 || (!anyway && self.since_snapshot < limits::SNAPSHOT_EVERY) {
            return;
        }
        self.since_snapshot = 0;
        let taken = self.store.journal().as_mut().map(|journal| {
            let seq = journal.last();
            self.store.read(|state| journal.snapshot(seq, state))
        });
        if let Some(Err(error)) = taken {
            tracing::warn!(%error, "the next start will read more events");
        }
    }
}

fn refused(stuck: &Stuck) -> Reply {
    Reply::Rejected { reason: stuck.to_string(), stale: false }
}
