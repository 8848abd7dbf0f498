//! A daemon on a simulated world, and what happens to both as the story says.

use super::people;
use crate::daemon::{self, Handle, Options, Reply, StartError};
use crate::engine::{EventKind, State};
use crate::journal::{Memory, When};
use crate::model::{Actor, Seq, Setup, Span};
use crate::ports::Clock;
use crate::sim::Sim;
use crate::sim::file::{Entry, Happens, Machine, Person};
use std::path::PathBuf;
use std::sync::Mutex;
use tokio::sync::watch;

/// The longest that the story waits for a write to crash at; then nothing is crashed.
const NOTHING_WRITTEN: Span = Span::from_secs(60);
/// The longest between two looks of the courier while a notification is on its way: clocks may be set meanwhile.
const COURIER: Span = Span::from_millis(100);
/// How many events ago a person with a stale screen looked.
const STALE_BY: usize = 8;

/// Why there is no daemon on the stage.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

/// A daemon on a simulated world.
pub struct Stage {
    sim: Sim,
    memory: Memory,
    state_dir: PathBuf,
    /// What the daemon is configured with; the world's own until it is reloaded.
    setup: Mutex<Setup>,
    /// What the daemon is called on screen.
    name: Option<String>,
    handle: watch::Sender<Handle>,
}

impl Stage {
    /// Starts a daemon on the world. Its journal is in memory; logs go to `state_dir`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(sim: Sim, state_dir: PathBuf) -> Result<Self, StageError> {
        Self::named(sim, state_dir, None).await
    }

    /// The same, with a daemon that is called this on screen.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn named(sim: Sim, state_dir: PathBuf, name: Option<String>) -> Result<Self, StageError> {
        let (memory, setup) = (Memory::default(), Mutex::new(sim.setup().clone()));
        let options = options(&memory, &state_dir, name.clone());
        let handle = daemon::start(options, sim.world(), sim.setup().clone()).await?;
        Ok(Self { sim, memory, state_dir, setup, name, handle: watch::Sender::new(handle) })
    }

    /// The world.
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// The journal.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The daemon that runs now, or ran last.
    pub fn handle(&self) -> Handle {
        self.handle.borrow().clone()
    }

    /// Changes when another daemon was started.
    pub fn handles(&self) -> watch::Receiver<Handle> {
        self.handle.subscribe()
    }

    /// Plays the story to its last entry. `told` gets each entry when it has been played, with what became of a person's command.
    pub async fn play(&self, told: impl FnMut(&Entry, Option<Reply>) + Send) {
        self.play_all(&self.sim.file().story, told).await;
    }

    /// Plays a list of entries, as [`play`](Self::play) plays the story.
    pub async fn play_all(&self, entries: &[Entry], mut told: impl FnMut(&Entry, Option<Reply>) + Send) {
        for entry in entries {
            let wait = Span::from_millis(
                entry.at.0.as_millis().saturating_sub(self.sim.clock().passed().as_millis()),
            );
            self.sim.clock().sleep(wait).await;
            let reply = match entry.happens() {
                Some(happens) => self.perform(happens).await,
                None => None,
            };
            told(entry, reply);
        }
    }

    /// Lets one thing happen, now; what became of a command.
    pub async fn perform(&self, happens: Happens<'_>) -> Option<Reply> {
        match happens {
            Happens::Nothing => None,
            Happens::World(happening) => {
                self.sim.apply(happening);
                None
            }
            Happens::Person(person) => self.person(person).await,
            Happens::Machine(machine) => {
                self.machine(*machine).await;
                None
            }
        }
    }

    async fn person(&self, person: &Person) -> Option<Reply> {
        let handle = self.handle();
        let command = if person.stale {
            people::command(&self.earlier(STALE_BY)?, person)
        } else {
            handle.read(|state| people::command(state, person))
        };
        Some(handle.command(people::actor(&person.name), command?).await)
    }

    /// The state of so many events ago.
    fn earlier(&self, events: usize) -> Option<State> {
        let all = self.handle().events(Seq(0), usize::MAX).ok()?;
        let mut state = State::default();
        for (_, event) in all.iter().take(all.len().saturating_sub(events)) {
            state.step(event);
        }
        Some(state)
    }

    async fn machine(&self, machine: Machine) {
        match machine {
            Machine::Crash(down) => self.crash(down.0).await,
            Machine::CrashBeforeWrite(down) => self.crash_at_write(When::BeforeWrite, down.0).await,
            Machine::CrashAfterWrite(down) => self.crash_at_write(When::AfterWrite, down.0).await,
            Machine::Restart(down) => {
                self.handle().shutdown().await;
                self.begin_again(down.0).await;
            }
            Machine::Reload(longer) => self.reload(longer).await,
            Machine::DiskFull(lasts) => {
                self.memory.full(true);
                self.sim.clock().sleep(lasts.0).await;
                self.memory.full(false);
            }
            Machine::ClockForward(by) => self.sim.clock().jump(millis(by.0)),
            Machine::ClockBack(by) => self.sim.clock().jump(-millis(by.0)),
            Machine::ResultAgain(ago) => self.result_again(ago).await,
            // A console is whoever watches this stage; it does this by itself.
            Machine::ConsoleSlow(_) | Machine::ConsoleCut(_) => {}
        }
    }

    async fn crash(&self, down: Span) {
        self.handle().crash().await;
        self.begin_again(down).await;
    }

    async fn crash_at_write(&self, when: When, down: Span) {
        self.memory.crash_at(1, when);
        let crashed = tokio::select! {
            biased;
            () = self.memory.crashed() => true,
            () = self.sim.clock().sleep(NOTHING_WRITTEN) => false,
        };
        if crashed {
            self.handle().crash().await;
        }
        self.memory.revive();
        if crashed {
            self.begin_again(down).await;
        }
    }

    async fn begin_again(&self, down: Span) {
        self.sim.clock().sleep(down).await;
        loop {
            let setup = self.setup.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let options = options(&self.memory, &self.state_dir, self.name.clone());
            match daemon::start(options, self.sim.world(), setup).await {
                Ok(handle) => {
                    self.handle.send_replace(handle);
                    return;
                }
                // As whoever supervises a daemon does: again, until it starts.
                Err(error) => tracing::warn!(%error, "the daemon did not start; it is tried again"),
            }
            self.sim.clock().sleep(crate::model::limits::STUCK_RETRY).await;
        }
    }

    async fn reload(&self, longer: u32) {
        let setup = {
            let mut setup = self.setup.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for workload in setup.workloads.values_mut() {
                workload.soak = workload.soak + Span::from_secs(u64::from(longer));
            }
            setup.clone()
        };
        if let Err(stuck) = self.handle().reload(setup).await {
            tracing::warn!(%stuck, "the configuration stays as it was");
        }
    }

    /// A result that was recorded before comes once more, as a network brings it that repeats itself.
    async fn result_again(&self, ago: u32) {
        let handle = self.handle();
        let Ok(events) = handle.events(Seq(0), usize::MAX) else { return };
        let mut results = events.into_iter().rev().map(|(_, event)| event.kind).filter(is_result);
        if let Some(kind) = results.nth(usize::try_from(ago).unwrap_or(0)) {
            handle.deliver(kind).await;
        }
    }

    /// Carries the world's notifications to the daemon, for as long as it is polled.
    pub async fn courier(&self) {
        loop {
            for (image, digest) in self.sim.notifications() {
                let handle = self.handle();
                let Some(image) = handle.watched(&image) else { continue };
                let by = Actor::Webhook(image.registry.to_string());
                // A notification that nobody took is lost, as real ones are; the poll finds what it told of.
                let _ = handle.hint(image, digest, by).await;
            }
            self.sim.notification().await;
            let next =
                self.sim.next_notification().map_or(COURIER, |at| at.since(self.sim.now()).min(COURIER));
            self.sim.clock().sleep(next.max(Span::from_millis(1))).await;
        }
    }
}

fn is_result(kind: &EventKind) -> bool {
    kind.effect().is_some()
}

fn millis(span: Span) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn options(memory: &Memory, state_dir: &std::path::Path, name: Option<String>) -> Options {
    Options {
        state_dir: state_dir.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        holder: "the simulation".to_owned(),
        read_only: false,
        take_over: false,
        name,
        memory: Some(memory.clone()),
        install: Some(crate::sim::INSTALL.to_owned()),
    }
}
