//! The loop: waits for inputs, lets the core handle them, and acts on what it returned.

use super::core::{Acted, Core, Input, Ticket};
use super::executor::Executor;
use super::inbox::{Asked, Fact, Inbox};
use super::shared::Shared;
use super::{Reply, Touched};
use crate::engine::EventKind;
use crate::model::{Actor, Span, Timestamp, limits};
use std::sync::{Arc, PoisonError};
use tokio::runtime::RuntimeFlavor;
use tokio::sync::oneshot;

/// The longest that the loop sleeps before it looks at the clock again: a machine that was suspended wakes late, and a clock may be set.
const LOOK_AT_CLOCK: Span = Span::from_secs(30);

/// What the loop woke up for.
enum Woken {
    Stop,
    Inputs(Vec<Fact>, Vec<Asked>),
    Observed,
    Timer,
    Retry,
}

/// The loop with all that it owns.
pub(super) struct MainLoop {
    pub shared: Arc<Shared>,
    pub core: Core,
    pub inbox: Inbox,
    pub executor: Arc<Executor>,
    /// The deadline that was sent last, and when: one that does not move is not sent again at once.
    fired: Option<(Timestamp, Timestamp)>,
}

impl MainLoop {
    pub(super) fn new(shared: Arc<Shared>, core: Core, inbox: Inbox, executor: Arc<Executor>) -> Self {
        Self { shared, core, inbox, executor, fired: None }
    }

    /// Goes on until it is told to stop; what is in its hands then is finished first.
    pub(super) async fn run(mut self) {
        loop {
            match self.woken().await {
                Woken::Stop => break,
                Woken::Retry => {
                    let acted = self.blocking(Core::retry);
                    self.act(acted, Vec::new());
                }
                Woken::Timer => self.handle(Vec::new(), Vec::new()),
                Woken::Observed => self.handle(Vec::new(), Vec::new()),
                Woken::Inputs(results, asks) => self.handle(results, asks),
            }
            self.blocking(|core, _| core.snapshot(false));
        }
        self.end();
    }

    async fn woken(&mut self) -> Woken {
        let stuck = self.core.stuck().is_some();
        let sleep = if stuck { limits::STUCK_RETRY } else { self.until_deadline() };
        let (mut results, mut asks) = (Vec::new(), Vec::new());
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled() => return Woken::Stop,
            // While nothing can be written, results wait where they are: in their bounded queue.
            _ = self.inbox.results.recv_many(&mut results, limits::BATCH), if !stuck => {}
            _ = self.inbox.asks.recv_many(&mut asks, limits::BATCH) => {}
            () = self.shared.observations.some(), if !stuck => return Woken::Observed,
            () = self.shared.world.clock.sleep(sleep) => {
                return if stuck { Woken::Retry } else { Woken::Timer };
            }
        }
        Woken::Inputs(results, asks)
    }

    /// Everything that waits goes along, so that it shares the fsync.
    fn handle(&mut self, mut results: Vec<Fact>, mut asks: Vec<Asked>) {
        let stuck = self.core.stuck().is_some();
        while !stuck && results.len() < limits::BATCH {
            let Ok(result) = self.inbox.results.try_recv() else { break };
            results.push(result);
        }
        while asks.len() < limits::BATCH {
            let Ok(asked) = self.inbox.asks.try_recv() else { break };
            asks.push(asked);
        }
        let observed = if stuck { Vec::new() } else { self.shared.observations.take(limits::BATCH) };
        let mut inputs: Vec<Input> = results.into_iter().map(Input::Fact).collect();
        let mut replies = Vec::new();
        for (ticket, asked) in asks.into_iter().enumerate() {
            inputs.push(Input::Ask(ticket, asked.ask));
            replies.push(asked.reply);
        }
        inputs.extend(observed.into_iter().map(Input::Fact));
        // While nothing can be written no deadline is sent, and so none stands still either.
        inputs.extend(if stuck { None } else { self.deadline() });
        let acted = self.blocking(|core, now| core.handle(now, inputs));
        if self.core.stuck().is_some() {
            // What was not written was not sent. It is stamped when there is room, and where the clock went back meanwhile that may be
            // before it was due.
            self.fired = None;
        }
        self.act(acted, replies);
    }

    /// Effects first, then those who wait for an answer, then those who look on.
    fn act(&mut self, acted: Acted, replies: Vec<oneshot::Sender<Reply>>) {
        self.executor.take(acted.effects);
        *self.shared.stuck.lock().unwrap_or_else(PoisonError::into_inner) = self.core.stuck().cloned();
        let mut replies: Vec<Option<_>> = replies.into_iter().map(Some).collect();
        for (ticket, reply) in acted.replies {
            let waits: Option<oneshot::Sender<Reply>> =
                replies.get_mut::<Ticket>(ticket).and_then(Option::take);
            // Who asked may have gone away; the fact stands.
            let _ = waits.map(|waits| waits.send(reply));
        }
        if acted.stepped > 0 || !acted.touched.is_empty() {
            let keys = acted.touched.into_iter().collect();
            let _ = self.shared.touched.send(Touched { seq: self.shared.store.seq(), keys });
        }
    }

    /// The next deadline as an input, when it has come.
    fn deadline(&mut self) -> Option<Input> {
        if self.until_deadline() > Span::default() {
            return None;
        }
        let now = self.core.stamp(self.shared.now());
        let at = self.next_deadline()?;
        if self.fired.is_some_and(|(fired, _)| fired == at) {
            let what = self.shared.read(|state| state.next_deadline().map(|(_, due)| due.to_string()));
            tracing::error!(what, %at, "a deadline was sent and stands still");
        }
        self.fired = Some((at, now));
        Some(Input::Fact(Fact { by: Actor::Timer, kind: EventKind::DeadlinePassed, unless_moved: None }))
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        self.shared.read(|state| state.next_deadline().map(|(at, _)| at))
    }

    /// How long until the next deadline, at most [`LOOK_AT_CLOCK`].
    fn until_deadline(&self) -> Span {
        let now = self.core.stamp(self.shared.now());
        let Some(at) = self.next_deadline() else {
            return LOOK_AT_CLOCK;
        };
        let due = match self.fired {
            // The engine did nothing about it: a defect, which must not become a busy loop.
            Some((fired, when)) if fired == at && at <= now => when + limits::RETRY_FIRST,
            Some(_) | None => at,
        };
        due.since(now).min(LOOK_AT_CLOCK)
    }

    /// Calls the core, which writes to the disk; on a runtime with several threads the others go on meanwhile.
    fn blocking<R>(&mut self, call: impl FnOnce(&mut Core, Timestamp) -> R) -> R {
        let now = self.shared.now();
        let core = &mut self.core;
        match tokio::runtime::Handle::current().runtime_flavor() {
            RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| call(core, now)),
            _ => call(core, now),
        }
    }

    /// What was sent before the end is still written; then a snapshot, then the lock goes. A crash does none of it.
    fn end(&mut self) {
        if !self.shared.crash.is_cancelled() {
            self.inbox.results.close();
            self.inbox.asks.close();
            self.handle(Vec::new(), Vec::new());
            self.blocking(|core, _| core.snapshot(true));
        }
        self.shared.store.journal().take();
    }
}
