//! A daemon in memory: `os` under `web` and `api`, a gate for two people before `web` is published, one before `api` is deployed.

use crate::pool::found_in;
use async_trait::async_trait;
use clap::Parser;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tidegate::api::Reply;
use tidegate::api::rollout::{Goal, PlanRow};
use tidegate::api::rows::{EventRow, Stuck};
use tidegate::api::why::Why;
use tidegate::cli::{Cli, ConsoleStart, DaemonStart, DemoStart, DrillStart, Entry, Exit};
use tidegate::engine::{Event, EventKind, Rejection, State};
use tidegate::model::dossier::Dossier;
use tidegate::model::jobs::{Base, BaseName, Ingredients, Role};
use tidegate::model::reports::{Answer, BuildCause, BuildReport, Look, Running};
use tidegate::model::setup::{Gate, GateBefore, OnFailure, Recipe, Workload};
use tidegate::model::{
    Action, Actor, Command, Digest, EffectId, ImageRef, IncidentId, PoolName, ReleaseName, RunId, Seq, Setup,
    Span, StepKey, Timestamp, WorkloadId,
};
use tidegate::ports::{Clock, Progress};
use tidegate::server::rows::{self, Answered, Beside};
use tidegate::server::socket::Socket;
use tidegate::server::{About, Announcement, Doors, Hint, Source, Table, publish, routes, why};
use tokio_util::sync::CancellationToken;

pub fn image(name: &str) -> ImageRef {
    format!("r.example:5000/{name}:1").parse().unwrap()
}

pub fn img(name: &str) -> StepKey {
    StepKey::Image(image(name))
}

pub fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn ingredients(name: &str) -> Ingredients {
    Ingredients {
        dockerfile: digest(name),
        recipe: digest(name),
        bases: vec![Base { from: BaseName::Tag(image("os")), role: Role::Runtime, places: vec![] }],
        unknown: vec![],
        buildkit: None,
    }
}

fn setup() -> Setup {
    let recipe = |gate: Option<&str>| Recipe {
        context: "/images".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: vec![],
        owner: None,
        gate: gate.map(|gate| gate.parse().unwrap()),
        build_timeout: Span::from_secs(600),
    };
    let gate = |before, approvals| Gate { before, approvals, approvers: BTreeSet::new(), expires: None };
    let follows = |name: &str| Workload {
        image: image(name),
        order: 1,
        soak: Span::from_secs(600),
        deadline: Span::from_secs(60),
        probes: vec![],
        on_failure: OnFailure::Rollback,
        accept_running: true,
        gate: None,
        owner: Some("shop".parse().unwrap()),
    };
    let mut setup = Setup::default();
    setup.recipes.insert(image("web"), recipe(Some("release")));
    setup.recipes.insert(image("api"), recipe(Some("release")));
    setup.gates.insert("release".parse().unwrap(), gate(GateBefore::Publish, 2));
    setup.workloads.insert("prod/web".parse().unwrap(), follows("web"));
    setup.workloads.insert("prod/api".parse().unwrap(), follows("api"));
    setup.workloads.insert("test/api".parse().unwrap(), follows("api"));
    setup
}

fn running(workload: &str) -> Running {
    let name = workload.rsplit('/').next().unwrap();
    Running {
        workload: workload.parse().unwrap(),
        image: image(name).to_string(),
        digest: Some(digest("old")),
        running: 2,
        desired: 2,
        nodes: vec![],
    }
}

/// The daemon.
pub struct Memory {
    inner: Mutex<Inner>,
    pub table: Arc<Table>,
    logs: tempfile::TempDir,
}

struct Inner {
    state: State,
    log: Vec<(Seq, Event)>,
}

/// Nothing beside the state.
pub struct Nothing;

impl Beside for Nothing {
    fn about(&self) -> About {
        About { name: None, version: "1.2.3".to_owned(), pid: 42, read_only: false }
    }
    fn since(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
    fn stuck(&self) -> Option<Stuck> {
        None
    }
    fn sources(&self) -> BTreeMap<String, Answered> {
        BTreeMap::new()
    }
    fn look(&self, _: &WorkloadId) -> Option<Look> {
        None
    }
    fn progress(&self, _: &EffectId) -> Option<Progress> {
        None
    }
}

impl Memory {
    pub fn new() -> Arc<Self> {
        Self::with(setup())
    }

    /// Like [`new`](Self::new), and there is a pool.
    pub fn pool() -> Arc<Self> {
        let mut setup = setup();
        crate::pool::add(&mut setup);
        Self::with(setup)
    }

    fn with(setup: Setup) -> Arc<Self> {
        let inner = Mutex::new(Inner { state: State::default(), log: Vec::new() });
        let this = Self { inner, table: Table::new(7, Seq(0)), logs: tempfile::tempdir().unwrap() };
        this.fact(EventKind::Installed { install: "abc".to_owned() });
        this.fact(EventKind::ConfigLoaded { setup: Box::new(setup) });
        let read = ["web", "api"].map(|name| (image(name), Ok(ingredients(name))));
        this.fact(EventKind::RecipesRead { recipes: read.into() });
        for name in ["os", "web", "api"] {
            this.sees(name, "old");
        }
        for (fleet, there) in [("prod", vec!["prod/api", "prod/web"]), ("test", vec!["test/api"])] {
            let running = there.into_iter().map(running).collect();
            this.fact(EventKind::WorkloadsSeen {
                fleet: fleet.parse().unwrap(),
                running,
                gone: Some(Vec::new()),
            });
        }
        Arc::new(this)
    }

    /// `os` has moved and both images are built: run 1 has two held steps.
    pub fn held() -> Arc<Self> {
        let this = Self::new();
        this.sees("os", "new");
        this.builds("web");
        this.builds("api");
        this
    }

    /// Like [`held`](Self::held), but only `web` got as far.
    pub fn one_held() -> Arc<Self> {
        let this = Self::new();
        this.sees("os", "new");
        this.builds("web");
        this
    }

    /// `os` has moved and `web` cannot be built on it: incident 1.
    pub fn failed() -> Arc<Self> {
        let this = Self::new();
        this.sees("os", "new");
        let id =
            EffectId { run: RunId(1), step: img("web"), subject: None, action: Action::Build, attempt: 1 };
        let message = "exit code 1".to_owned();
        let report = BuildReport::Failed { cause: BuildCause::Instruction, message };
        this.fact(EventKind::BuildFinished { id, answer: Answer::Done(report) });
        this
    }

    pub fn sees(&self, name: &str, content: &str) {
        self.fact(EventKind::TagSeen { image: image(name), digest: Some(digest(content)), before: None });
    }

    pub fn builds(&self, name: &str) {
        let id =
            EffectId { run: RunId(1), step: img(name), subject: None, action: Action::Build, attempt: 1 };
        let report = BuildReport::Built { digest: digest(&format!("new {name}")), found: false };
        self.fact(EventKind::BuildFinished { id, answer: Answer::Done(report) });
    }

    pub fn fact(&self, kind: EventKind) -> Seq {
        self.fact_by(Actor::Daemon, kind)
    }

    fn fact_by(&self, by: Actor, kind: EventKind) -> Seq {
        let mut inner = self.inner.lock().unwrap();
        let seq = Seq(inner.log.len() as u64 + 1);
        let at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(seq.0).unwrap() * 1_000);
        let event = Event { at, by, kind };
        let touched = inner.state.step(&event).touched;
        assert!(inner.state.anomalies.is_empty(), "{:?}", inner.state.anomalies);
        inner.log.push((seq, event.clone()));
        publish::publish(&self.table, seq, &inner.state, &Nothing, &touched);
        publish::publish_events(&self.table, &inner.state, &[(seq, event)]);
        seq
    }

    pub fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.inner.lock().unwrap().state)
    }

    pub fn write_log(&self, id: &str, text: &str) {
        let name = tidegate::api::logs::file_name(id).unwrap();
        std::fs::write(self.logs.path().join(name), text).unwrap();
    }
}

#[async_trait]
impl Source for Memory {
    async fn command(&self, by: Actor, command: Command) -> Reply {
        let decided = self.read(|state| state.decide(&by, command));
        let rejected = |error: Rejection, stale| Reply::Rejected { reason: error.to_string(), stale };
        match decided {
            Ok(kind) => {
                let seq = self.fact_by(by, kind);
                Reply::Accepted { seq, message: format!("done at {seq}") }
            }
            Err(Rejection::Already(message)) => Reply::Already { message },
            Err(error @ Rejection::Stale { .. }) => rejected(error, true),
            Err(error @ (Rejection::Missing { .. } | Rejection::Refused(_))) => rejected(error, false),
        }
    }
    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<EventRow>, String> {
        let inner = self.inner.lock().unwrap();
        let later = inner.log.iter().filter(|(seq, _)| *seq > after).take(limit);
        Ok(later.map(|(seq, event)| rows::event(&inner.state, *seq, event)).collect())
    }
    async fn why(&self, id: &str) -> Option<Why> {
        let inner = self.inner.lock().unwrap();
        why::why(&inner.state, &id.parse().ok()?, &inner.log, 40)
    }
    async fn plan(&self, pool: &PoolName, goal: &Goal) -> Result<PlanRow, String> {
        self.read(|state| {
            let plan = match goal {
                Goal::Release(release) => state.rollout_plan(pool, release),
                Goal::Nodes(nodes) => state.scale_plan(pool, *nodes),
            };
            let plan = plan.map_err(|error| error.to_string())?;
            Ok(rows::plan(state, &plan, &found_in(&plan)))
        })
    }
    async fn dossier(&self, id: IncidentId) -> Result<Option<Dossier>, String> {
        let inner = self.inner.lock().unwrap();
        let events: Vec<Event> = inner.log.iter().map(|(_, event)| event.clone()).collect();
        Ok(tidegate::engine::dossier::make(&inner.state, id, &events, &[]))
    }
    async fn hint(&self, hint: Hint) -> Result<(), Stuck> {
        self.fact(EventKind::HintReceived { image: hint.image, digest: hint.digest });
        Ok(())
    }
    async fn announce(&self, pool: PoolName, release: ReleaseName) -> Result<Announcement, Stuck> {
        self.fact(EventKind::ReleaseAnnounced { pool, release });
        Ok(Announcement::Stored)
    }
    fn watched(&self, claimed: &ImageRef) -> Option<ImageRef> {
        self.read(|state| state.watched().get(claimed).cloned())
    }
    fn logs(&self) -> &Path {
        self.logs.path()
    }
    fn log_open(&self, _: &str) -> bool {
        false
    }
}

/// A clock at which a status is stamped always the same.
struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_100_000)
    }
    async fn sleep(&self, _: Span) {
        std::future::pending::<()>().await;
    }
}

/// A daemon in memory behind a real socket, on a thread of its own.
pub struct Served {
    pub memory: Arc<Memory>,
    pub socket: PathBuf,
    stop: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}

pub fn serve(memory: &Arc<Memory>) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let (socket, stop) = (folder.path().join("t.sock"), CancellationToken::new());
    let doors = Doors {
        table: memory.table.clone(),
        source: memory.clone(),
        about: Nothing.about(),
        webhooks: Arc::default(),
        clock: Arc::new(Stopped),
    };
    let (path, token) = (socket.clone(), stop.clone());
    let (ready, bound) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let socket = Socket::bind(&path).await.unwrap();
            ready.send(()).unwrap();
            routes::serve(socket, doors, token).await;
        });
    });
    bound.recv().unwrap();
    Served { memory: memory.clone(), socket, stop, thread: Some(thread), _folder: folder }
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub out: String,
    pub err: String,
}

struct NoEntry;

impl Entry for NoEntry {
    fn console(&self, _: &ConsoleStart, _: &Path, _: Option<&Path>) -> Exit {
        unreachable!("no test opens a console")
    }
    fn notify(&self, _: &str, _: Option<&Path>) -> Exit {
        unreachable!("no test tries a channel")
    }
    fn provisioner(&self, _: &str, _: Option<&str>, _: Option<&Path>) -> Exit {
        unreachable!("the tests of provisioners start the program itself")
    }
    fn demo(&self, _: &DemoStart, _: &ConsoleStart) -> Exit {
        unreachable!("no test plays a demo")
    }
    fn drill(&self, _: &DrillStart, _: &ConsoleStart) -> Exit {
        unreachable!("no test plays a drill")
    }
    fn daemon(&self, _: &DaemonStart, _: Option<&Path>, _: Option<&Path>) -> Exit {
        unreachable!("no test starts a daemon")
    }
}

pub fn tidegate_at(socket: &Path, args: &[&str]) -> Ran {
    let socket = socket.to_str().unwrap();
    let cli = Cli::try_parse_from(["tidegate", "--socket", socket].iter().chain(args)).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = tidegate::cli::run(&cli, &NoEntry, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: exit.code(), out: text(out), err: text(err) }
}

impl Served {
    pub fn tidegate(&self, args: &[&str]) -> Ran {
        tidegate_at(&self.socket, args)
    }
}
