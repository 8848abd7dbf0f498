//! A simulated world, the production daemon on it, and its doors on a socket that nobody else may reach: all in this process.
//!
//! ```text
//!   WorldFile ─▶ Sim ─▶ play::Stage (daemon, journal in memory) ─▶ doors ─▶ FOLDER/socket ◀─ console
//!                           ▲ story, courier                               FOLDER/logs
//! ```
//!
//! The folder is ours alone (0700) and goes with the show, however that ends; only a kill that cannot be caught leaves it.

use super::Trouble;
use super::doors::Open;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tidegate::cli::{ConsoleStart, PlayStart};
use tidegate::console::{Options, Source, Time};
use tidegate::play::Stage;
use tidegate::ports::Clock;
use tidegate::sim::file::Entry;
use tidegate::sim::{Sim, SimClock, WorldError, WorldFile};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A world that is played, until [`close`](Self::close).
pub struct Show {
    /// The stage.
    pub stage: Arc<Stage>,
    clock: Arc<SimClock>,
    speed: u32,
    /// What goes on beside it: the story, the courier.
    beside: JoinSet<()>,
    doors: TaskTracker,
    stop: CancellationToken,
    folder: TempDir,
}

impl Show {
    /// Starts the world's daemon. What happens in the world begins with [`play`](Self::play); doors are opened by [`serve`](Self::serve).
    pub async fn begin(world: WorldFile, play: &PlayStart, name: &str) -> Result<Self, Trouble> {
        let begins = world.begins().map_err(|e| Trouble::usage(&e))?;
        let clock = Arc::new(SimClock::new(begins, play.speed));
        let sim = Sim::new(world, play.seed, clock.clone()).map_err(|e| Trouble::usage(&e))?;
        let folder = folder().map_err(|e| Trouble::failed(&e))?;
        let called = if play.speed == 1 { name.to_owned() } else { format!("{name} {}x", play.speed) };
        let stage = Stage::named(sim, folder.path().to_owned(), Some(called)).await;
        let stage = Arc::new(stage.map_err(|e| Trouble::failed(&e))?);
        let mut beside = JoinSet::new();
        let courier = stage.clone();
        beside.spawn(async move { courier.courier().await });
        let (doors, stop) = (TaskTracker::new(), CancellationToken::new());
        Ok(Self { stage, clock, speed: play.speed, beside, doors, stop, folder })
    }

    /// Opens the doors of the daemon, and of every daemon that the story starts after it.
    pub async fn serve(&mut self) -> Result<(), Trouble> {
        let (stage, clock, socket, stop) =
            (self.stage.clone(), self.clock.clone(), self.socket(), self.stop.clone());
        let mut open = Open::at(&stage.handle(), &socket, clock.clone()).await?;
        self.doors.spawn(async move {
            let mut handles = stage.handles();
            loop {
                let another = tokio::select! {
                    biased;
                    () = stop.cancelled() => false,
                    changed = handles.changed() => changed.is_ok(),
                };
                open.close().await;
                if !another {
                    return;
                }
                open = match Open::at(&stage.handle(), &socket, clock.clone()).await {
                    Ok(open) => open,
                    // The console says that nobody answers, and why is in the log.
                    Err(trouble) => return tracing::error!("{}", trouble.said),
                };
            }
        });
        Ok(())
    }

    /// Plays the story from now on.
    pub fn play(&mut self) {
        let stage = self.stage.clone();
        self.beside.spawn(async move { stage.play(|_: &Entry, _| {}).await });
    }

    /// How a console is started on it.
    pub fn console(&self, start: &ConsoleStart) -> Options {
        let clock = self.clock.clone();
        Options {
            source: Source::Socket(self.socket()),
            theme: start.theme.clone().unwrap_or_else(|| "dark".to_owned()),
            ascii: start.ascii,
            colour: None,
            read_only: false,
            time: Time::of(move || clock.now(), self.speed),
            drill: None,
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Ends the daemon and removes what it wrote.
    pub async fn close(mut self) -> Result<(), Trouble> {
        self.beside.shutdown().await;
        self.stop.cancel();
        self.doors.close();
        self.doors.wait().await;
        self.stage.handle().shutdown().await;
        self.folder.close().map_err(|e| Trouble::failed(&e))
    }
}

/// Nobody else may look into it: temporary folders are everybody's.
fn folder() -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix("tidegate-").permissions(Permissions::from_mode(0o700)).tempdir()
}

/// A world's file; what is wrong with it is an error of whoever wrote it.
pub fn world(file: &Path) -> Result<WorldFile, Trouble> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Trouble::usage(&format!("cannot read {shown}: {error}; name a file with a world"))
    })?;
    WorldFile::parse(&text).map_err(|error: WorldError| Trouble::usage(&format!("{shown}: {error}")))
}

/// The signals that end a show. They are caught from the moment that this is made.
pub struct Signals([Signal; 3]);

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Result<Self, Trouble> {
        let listen = |kind| signal(kind).map_err(|e| Trouble::failed(&e));
        Ok(Self([
            listen(SignalKind::terminate())?,
            listen(SignalKind::interrupt())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    /// Comes back when one of them has come.
    pub async fn any(&mut self) {
        let [term, int, hup] = &mut self.0;
        tokio::select! {
            _ = term.recv() => {},
            _ = int.recv() => {},
            _ = hup.recv() => {},
        }
    }
}
