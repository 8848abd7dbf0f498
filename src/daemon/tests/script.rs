//! A small scripted world: it answers what the test says, and remembers what it was asked.

use crate::daemon::{Handle, Options, start};
use crate::engine::{Event, EventKind, State};
use crate::model::jobs::{
    Base, BaseName, BuildJob, DeployJob, Ingredients, Place, PublishJob, RestoreJob, Role, TestJob,
};
use crate::model::reports::{
    Answer, BuildReport, ChangeReport, Look, LookReport, ProbeAnswer, PublishReport, Running, SpecMark,
    TaskLook, TaskState, TestReport, Unreachable, UpdateState,
};
use crate::model::setup::{FleetKind, FleetSetup, OnFailure, ProbeSpec, Recipe, Retention, Setup, Workload};
use crate::model::{Digest, ImageRef, Seq, Span, Timestamp, WorkloadId};
use crate::ports::{self, Claim, Claimed, Reporter, Resolved, World};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// What the world answers, and what it was asked.
#[derive(Debug, Clone)]
pub struct Script {
    pub tags: BTreeMap<ImageRef, Answer<Resolved>>,
    pub heads: Vec<(ImageRef, Timestamp)>,
    pub builds: Vec<String>,
    pub build: How,
    pub running: Answer<Vec<Running>>,
    pub claim: Answer<Claimed>,
    pub claims: usize,
    pub look: Answer<LookReport>,
    pub deploys: usize,
    pub probe_ok: bool,
    pub probes: usize,
}

/// How a build goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Hangs,
    Panics,
    Works,
}

/// The script behind every port.
#[derive(Clone)]
pub struct Scripted(pub Arc<Mutex<Script>>, pub Instant);

pub const EPOCH: i64 = 1_700_000_000_000;

pub fn image(name: &str) -> ImageRef {
    format!("reg:5000/{name}").parse().unwrap()
}

pub fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub fn web() -> WorkloadId {
    "prod/web".parse().unwrap()
}

pub fn silence<T>() -> Answer<T> {
    let (who, why) = ("somebody".to_owned(), "connection refused".to_owned());
    Answer::Unreachable(Unreachable { who, why, retry_after: None })
}

impl Scripted {
    pub fn new() -> Self {
        let script = Script {
            tags: BTreeMap::new(),
            heads: Vec::new(),
            builds: Vec::new(),
            build: How::Hangs,
            running: Answer::Done(Vec::new()),
            claim: Answer::Done(Claimed::Ours),
            claims: 0,
            look: Answer::Done(LookReport::Seen(Box::new(look()))),
            deploys: 0,
            probe_ok: true,
            probes: 0,
        };
        Self(Arc::new(Mutex::new(script)), Instant::now())
    }

    pub fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.lock().unwrap());
    }

    pub fn get<R>(&self, read: impl FnOnce(&Script) -> R) -> R {
        read(&self.0.lock().unwrap())
    }

    pub fn tag(&self, name: &str, content: &str) {
        self.set(|script| drop(script.tags.insert(image(name), Answer::Done(Resolved::At(digest(content))))));
    }

    pub fn world(&self) -> World {
        let fleet: Box<dyn ports::Fleet> = Box::new(self.clone());
        World {
            registries: Box::new(self.clone()),
            builder: Box::new(self.clone()),
            tester: Box::new(self.clone()),
            fleets: BTreeMap::from([("prod".parse().unwrap(), fleet)]),
            nodes: BTreeMap::new(),
            provisioner: Box::new(crate::ports::NoProvisioner),
            prober: Box::new(self.clone()),
            recipes: Box::new(self.clone()),
            notifier: Box::new(self.clone()),
            clock: Arc::new(self.clone()),
        }
    }

    pub async fn start(&self, dir: &Path) -> Handle {
        start(options(dir), self.world(), setup()).await.unwrap()
    }
}

pub fn options(dir: &Path) -> Options {
    Options {
        state_dir: dir.to_owned(),
        version: "1".to_owned(),
        pid: 7,
        holder: "ops1, process 7".to_owned(),
        read_only: false,
        take_over: false,
        name: None,
        memory: None,
        install: None,
    }
}

/// One recipe `app:1` on `os:1`, and one workload that runs it.
pub fn setup() -> Setup {
    let recipe = Recipe {
        context: "/src".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: Vec::new(),
        owner: None,
        gate: None,
        build_timeout: Span::from_secs(600),
    };
    let workload = Workload {
        image: image("app:1"),
        order: 1,
        soak: Span::from_secs(30),
        deadline: Span::from_secs(60),
        probes: Vec::new(),
        on_failure: OnFailure::Rollback,
        accept_running: true,
        gate: None,
        owner: None,
    };
    let fleet = FleetSetup { kind: FleetKind::Swarm, host: "unix:///run/docker.sock".to_owned() };
    Setup {
        recipes: BTreeMap::from([(image("app:1"), recipe)]),
        fleets: BTreeMap::from([("prod".parse().unwrap(), fleet)]),
        workloads: BTreeMap::from([(web(), workload)]),
        retention: Retention::default(),
        ..Setup::default()
    }
}

fn ingredients() -> Ingredients {
    let place = Place { start: 5, end: 18, line: 1 };
    let base = Base { from: BaseName::Tag(image("os:1")), role: Role::Runtime, places: vec![place] };
    Ingredients {
        dockerfile: digest("Dockerfile"),
        recipe: digest("recipe"),
        bases: vec![base],
        unknown: Vec::new(),
        buildkit: None,
    }
}

/// `web` as it runs well: one task of the present spec.
pub fn look() -> Look {
    let mark = SpecMark { version: 1, image: "reg:5000/app:1".to_owned(), mark: None, rest: digest("rest") };
    Look {
        at: Timestamp::from_millis(0),
        spec: mark,
        digest: None,
        desired: 1,
        running: 1,
        tasks: vec![task("t1")],
        ended: Vec::new(),
        update: UpdateState::None,
        health_check: true,
        probes: None,
    }
}

pub fn task(id: &str) -> TaskLook {
    TaskLook {
        id: id.parse().unwrap(),
        name: "web.1".to_owned(),
        node: None,
        digest: None,
        current: true,
        state: TaskState::Running,
        message: None,
        address: Some("10.0.0.2".to_owned()),
        probe: None,
    }
}

pub fn probe(every: u64) -> ProbeSpec {
    ProbeSpec {
        url: "http://{node}:8080/health".to_owned(),
        status: 200,
        body: None,
        every: Span::from_millis(every),
        timeout: Span::from_secs(1),
        budget: 3,
    }
}

/// Waits until the state is as `wanted`; an hour of the paused clock is enough for anything.
pub async fn until(handle: &Handle, wanted: impl Fn(&State) -> bool) {
    let mut touched = handle.subscribe();
    let wait = async {
        while !handle.read(&wanted) {
            touched.recv().await.expect("the daemon runs");
        }
    };
    let hour = std::time::Duration::from_secs(3600);
    let done = tokio::time::timeout(hour, wait).await;
    assert!(done.is_ok(), "the state never became so: {:#?}", handle.read(Clone::clone));
}

pub fn facts(handle: &Handle) -> Vec<Event> {
    handle.events(Seq(0), usize::MAX).unwrap().into_iter().map(|(_, event)| event).collect()
}

pub fn words(handle: &Handle) -> Vec<&'static str> {
    facts(handle).iter().map(|event| event.kind.word()).collect()
}

pub fn count(handle: &Handle, which: impl Fn(&EventKind) -> bool) -> usize {
    facts(handle).iter().filter(|event| which(&event.kind)).count()
}

#[async_trait]
impl ports::Clock for Scripted {
    fn now(&self) -> Timestamp {
        let passed = u64::try_from(self.1.elapsed().as_millis()).unwrap();
        Timestamp::from_millis(EPOCH) + Span::from_millis(passed)
    }
    async fn sleep(&self, span: Span) {
        tokio::time::sleep(span.to_std()).await;
    }
}

#[async_trait]
impl ports::Registries for Scripted {
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved> {
        let at = ports::Clock::now(self);
        self.set(|script| script.heads.push((image.clone(), at)));
        self.get(|script| script.tags.get(image).cloned()).unwrap_or(Answer::Done(Resolved::Missing))
    }
    async fn publish(&self, _: &PublishJob) -> Answer<PublishReport> {
        Answer::Done(PublishReport::Moved { found: false })
    }
    async fn discard(&self, _: &ImageRef, _: &[ImageRef]) -> Answer<bool> {
        Answer::Done(true)
    }
}

#[async_trait]
impl ports::Builder for Scripted {
    async fn build(&self, job: &BuildJob, reporter: &dyn Reporter) -> Answer<BuildReport> {
        reporter.line("FROM os");
        self.set(|script| script.builds.push(job.id.to_string()));
        match self.get(|script| script.build) {
            How::Hangs => std::future::pending().await,
            How::Panics => panic!("the builder is broken"),
            How::Works => Answer::Done(BuildReport::Built { digest: digest("built"), found: false }),
        }
    }
}

#[async_trait]
impl ports::Tester for Scripted {
    async fn test(&self, _: &TestJob, _: &dyn Reporter) -> Answer<TestReport> {
        Answer::Done(TestReport::default())
    }
}

#[async_trait]
impl ports::Fleet for Scripted {
    async fn claim(&self, _: &Claim) -> Answer<Claimed> {
        self.set(|script| script.claims += 1);
        self.get(|script| script.claim.clone())
    }
    async fn workloads(&self) -> Answer<Vec<Running>> {
        self.get(|script| script.running.clone())
    }
    async fn look(&self, _: &WorkloadId, at: Timestamp) -> Answer<LookReport> {
        match self.get(|script| script.look.clone()) {
            Answer::Done(LookReport::Seen(look)) => {
                Answer::Done(LookReport::Seen(Box::new(Look { at, ..*look })))
            }
            other => other,
        }
    }
    async fn deploy(&self, _: &DeployJob) -> Answer<ChangeReport> {
        self.set(|script| script.deploys += 1);
        Answer::Done(ChangeReport::Changed { version: 2, found: false })
    }
    async fn restore(&self, _: &RestoreJob) -> Answer<ChangeReport> {
        Answer::Done(ChangeReport::Changed { version: 3, found: false })
    }
}

#[async_trait]
impl ports::Prober for Scripted {
    async fn probe(&self, _: &ProbeSpec, _: &str) -> ProbeAnswer {
        self.set(|script| script.probes += 1);
        let ok = self.get(|script| script.probe_ok);
        let why = (!ok).then(|| "GET /health: status 500, not 200".to_owned());
        ProbeAnswer { ok, took: Span::from_millis(1), why }
    }
}

#[async_trait]
impl ports::Recipes for Scripted {
    async fn read(&self, setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>> {
        setup.recipes.keys().map(|image| (image.clone(), Ok(ingredients()))).collect()
    }
}

#[async_trait]
impl ports::Notifier for Scripted {
    async fn notify(&self, _: &crate::model::notices::NoticeJob) -> Answer<()> {
        Answer::Done(())
    }
}
