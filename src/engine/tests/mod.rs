//! The engine as sentences: facts in, what it asks for next out.
//!
//! The lineage of every test: `os` (upstream) → `runtime` → `framework` → `web`, `api`; and `tool` on `os`.
//! The workloads: `web` (order 1, a gate of one approval) and `api` (order 2, automatic).

mod deploys;
mod dossiers;
mod images;
mod notices;
mod people;
mod restart;
mod rollouts;
mod verdicts;
mod waits;

use super::{DeployStage, Effect, Event, EventKind, ImageStage, Job, Rejection, State};
use crate::model::jobs::{Base, BaseName, Ingredients, Place, Role};
use crate::model::notices::NoticeJob;
use crate::model::reports::{
    Answer, BuildCause, BuildReport, ChangeReport, Look, LookReport, ProbeTally, PublishReport, SpecMark,
    TaskLook, TaskState, TestOutcome, TestReport, UpdateState,
};
use crate::model::setup::{
    Gate, GateBefore, OnFailure, ProbeSpec, Recipe, Setup, TestKind, TestSpec, Workload,
};
use crate::model::{
    Action, Actor, Command, Digest, EffectId, ImageRef, RunId, Seen, Span, StepKey, Timestamp, WorkloadId,
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct World {
    pub state: State,
    pub pending: Vec<Job>,
    pub done: Vec<String>,
    /// Notices that were handed out, every try.
    pub told: Vec<NoticeJob>,
    log: Vec<Event>,
    now: Timestamp,
}

pub(super) fn image(name: &str) -> ImageRef {
    format!("r.example:5000/{name}:1").parse().unwrap()
}

pub(super) fn workload(name: &str) -> WorkloadId {
    format!("lab/{name}").parse().unwrap()
}

pub(super) fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

pub(super) fn img(name: &str) -> StepKey {
    StepKey::Image(image(name))
}

pub(super) fn dep(name: &str) -> StepKey {
    StepKey::Deploy(workload(name))
}

pub(super) fn ana() -> Actor {
    Actor::Person { name: "ana".to_owned(), uid: 1000 }
}

pub(super) fn ben() -> Actor {
    Actor::Person { name: "ben".to_owned(), uid: 1001 }
}

const RUN: RunId = RunId(1);

fn ingredients(name: &str, base: &str) -> Ingredients {
    let place = Place { start: 5, end: 10, line: 1 };
    Ingredients {
        dockerfile: digest(&format!("dockerfile {name}")),
        recipe: digest(&format!("recipe {name}")),
        bases: vec![Base { from: BaseName::Tag(image(base)), role: Role::Runtime, places: vec![place] }],
        unknown: Vec::new(),
        buildkit: None,
    }
}

fn recipe() -> Recipe {
    let test = TestSpec {
        name: "unit".to_owned(),
        kind: TestKind::Command,
        run: vec!["/test".to_owned()],
        env: BTreeMap::new(),
        timeout: Span::from_secs(60),
        memory: None,
        network: false,
        junit: None,
    };
    Recipe {
        context: "/images".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: vec![test],
        owner: None,
        gate: None,
        build_timeout: Span::from_secs(600),
    }
}

fn follows(name: &str, order: u32, gate: Option<&str>) -> Workload {
    let probe = ProbeSpec {
        url: "http://{node}/health".to_owned(),
        status: 200,
        body: None,
        every: Span::from_secs(1),
        timeout: Span::from_secs(1),
        budget: 0,
    };
    Workload {
        image: image(name),
        order,
        soak: Span::from_secs(10),
        deadline: Span::from_secs(60),
        probes: vec![probe],
        on_failure: OnFailure::Rollback,
        accept_running: false,
        gate: gate.map(|gate| gate.parse().unwrap()),
        owner: None,
    }
}

pub(super) fn setup() -> Setup {
    let mut setup = Setup { build_edges: true, ..Setup::default() };
    for name in ["runtime", "framework", "web", "api", "tool"] {
        setup.recipes.insert(image(name), recipe());
    }
    let gate = Gate {
        before: GateBefore::Deploy,
        approvals: 1,
        approvers: BTreeSet::new(),
        expires: Some(Span::from_secs(3600)),
    };
    setup.gates.insert("prod".parse().unwrap(), gate);
    setup.workloads.insert(workload("web"), follows("web", 1, Some("prod")));
    setup.workloads.insert(workload("api"), follows("api", 2, None));
    setup
}

pub(super) fn recipes() -> BTreeMap<ImageRef, Result<Ingredients, String>> {
    let chain = [
        ("runtime", "os"),
        ("framework", "runtime"),
        ("web", "framework"),
        ("api", "framework"),
        ("tool", "os"),
    ];
    chain.into_iter().map(|(name, base)| (image(name), Ok(ingredients(name, base)))).collect()
}

pub(super) fn look_at(image: &str, mark: Option<&str>, version: u64) -> Look {
    let task = |slot: u32| TaskLook {
        id: format!("task{slot}v{version}").parse().unwrap(),
        name: format!("w.{slot}"),
        node: None,
        digest: None,
        current: true,
        state: TaskState::Running,
        message: None,
        address: Some("10.0.0.1".to_owned()),
        probe: None,
    };
    let tally = ProbeTally {
        since: Timestamp::from_millis(0),
        total: 10,
        failed: 0,
        sick_tasks: 0,
        first: None,
        last: None,
        broken: None,
    };
    Look {
        at: Timestamp::from_millis(0),
        spec: SpecMark {
            version,
            image: image.to_owned(),
            mark: mark.map(ToOwned::to_owned),
            rest: digest("rest"),
        },
        digest: None,
        desired: 2,
        running: 2,
        tasks: vec![task(1), task(2)],
        ended: Vec::new(),
        update: UpdateState::Completed,
        health_check: true,
        probes: Some(tally),
    }
}

impl World {
    /// Everything is known and settled; nothing has moved yet.
    pub fn new() -> Self {
        Self::with(setup())
    }

    pub fn with(setup: Setup) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut world = Self {
            state: State::default(),
            pending: Vec::new(),
            done: Vec::new(),
            told: Vec::new(),
            log: Vec::new(),
            now,
        };
        world.fact(EventKind::Installed { install: "abc".to_owned() });
        world.fact(EventKind::ConfigLoaded { setup: Box::new(setup) });
        world.fact(EventKind::RecipesRead { recipes: recipes() });
        for name in ["os", "runtime", "framework", "web", "api", "tool"] {
            world.sees(name, &format!("old {name}"));
        }
        world
    }

    pub fn fact(&mut self, kind: EventKind) {
        self.fact_by(Actor::Daemon, kind);
    }

    pub fn fact_by(&mut self, by: Actor, kind: EventKind) {
        self.now = self.now + Span::from_millis(1);
        let event = Event { at: self.now, by, kind };
        let outcome = self.state.step(&event);
        self.log.push(event);
        for effect in outcome.effects {
            match effect {
                Effect::Do(job) => {
                    assert!(self.pending.iter().all(|p| p.id() != job.id()), "{} was issued twice", job.id());
                    self.pending.push(job);
                }
                Effect::Cancel(id) => self.pending.retain(|job| *job.id() != id),
                Effect::Notify(job) => self.told.push(*job),
            }
        }
        assert_eq!(self.state.anomalies, Vec::<String>::new());
        self.nothing_waits_in_silence();
        self.what_is_outstanding_is_what_is_pending();
    }

    fn nothing_waits_in_silence(&self) {
        for run in self.state.active() {
            for step in run.steps.values().filter(|step| step.ended.is_none()) {
                let waiting = self.state.waiting(run, step);
                assert!(waiting.is_some() || step.busy(), "{} {} waits in silence", step.key, step.word());
                if let Some(waiting) = waiting {
                    assert!(!waiting.what.is_empty() && !waiting.who.is_empty() && !waiting.next.is_empty());
                }
            }
        }
        for rollout in self.state.rolling() {
            let waiting = self.state.rollout_waiting(rollout);
            assert!(waiting.is_some(), "rollout {} waits in silence", rollout.id);
            for step in rollout.steps.values().filter(|step| step.ended.is_none()) {
                let waiting = self.state.node_waiting(rollout, step);
                let waiting =
                    waiting.unwrap_or_else(|| panic!("{} {} waits in silence", step.key, step.word()));
                assert!(!waiting.what.is_empty() && !waiting.who.is_empty() && !waiting.next.is_empty());
            }
        }
    }

    fn what_is_outstanding_is_what_is_pending(&self) {
        let ids =
            |jobs: Vec<&Job>| jobs.into_iter().map(|job| job.id().clone()).collect::<BTreeSet<EffectId>>();
        let outstanding = self.state.outstanding();
        let again = outstanding.iter().filter_map(|effect| match effect {
            Effect::Do(job) => Some(job),
            Effect::Notify(_) => None,
            Effect::Cancel(_) => panic!("a restart cancels nothing"),
        });
        assert_eq!(ids(again.collect()), ids(self.pending.iter().collect()));
    }

    /// The sentence of a fact, as it is said now.
    pub fn said(&self, place: usize) -> String {
        super::describe::sentence(&self.state, &self.log[place])
    }

    pub fn said_last(&self) -> String {
        self.said(self.log.len() - 1)
    }

    /// The same state comes out of the journal, byte for byte.
    pub fn replay(&self) -> State {
        let mut state = State::default();
        for event in &self.log {
            let text = serde_json::to_string(event).unwrap();
            state.step(&serde_json::from_str(&text).unwrap());
        }
        assert_eq!(serde_json::to_string(&state).unwrap(), serde_json::to_string(&self.state).unwrap());
        state
    }

    pub fn wait(&mut self, secs: u64) {
        let end = self.now + Span::from_secs(secs);
        while let Some((at, _)) = self.state.next_deadline().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.fact_by(Actor::Timer, EventKind::DeadlinePassed);
            let next = self.state.next_deadline();
            assert!(next.is_none_or(|(next, _)| next > at), "a deadline was not acted on");
        }
        self.now = self.now.max(end);
    }

    pub fn sees(&mut self, name: &str, content: &str) {
        let before = self.state.digest_of(&image(name)).cloned();
        self.fact(EventKind::TagSeen { image: image(name), digest: Some(digest(content)), before });
    }

    /// What is asked for and has no answer yet, as `action step`.
    pub fn asked(&self) -> Vec<String> {
        let name = |id: &EffectId| format!("{} {}", id.action, super::describe::subject(&id.step));
        self.pending.iter().map(|job| name(job.id())).collect()
    }

    pub fn job(&self, action: Action, step: &StepKey) -> Job {
        let wanted = |job: &&Job| job.id().action == action && job.id().step == *step;
        let found = self.pending.iter().rev().find(wanted).cloned();
        found.unwrap_or_else(|| panic!("no {action} of {step} is asked for, but {:?}", self.asked()))
    }

    pub fn take(&mut self, action: Action, step: &StepKey) -> EffectId {
        let id = self.job(action, step).id().clone();
        if action != Action::Watch {
            self.pending.retain(|job| *job.id() != id);
        }
        self.done.push(format!("{action} {}", super::describe::subject(step)));
        id
    }

    pub fn builds(&mut self, name: &str) {
        let id = self.take(Action::Build, &img(name));
        let report = BuildReport::Built { digest: digest(&format!("new {name} r{}", id.run)), found: false };
        self.fact(EventKind::BuildFinished { id, answer: Answer::Done(report) });
    }

    /// All facts so far.
    pub fn log(&self) -> &[Event] {
        &self.log
    }

    pub fn fails_to_build(&mut self, name: &str) {
        let id = self.take(Action::Build, &img(name));
        let report = BuildReport::Failed { cause: BuildCause::Instruction, message: "exit 1".to_owned() };
        self.fact(EventKind::BuildFinished { id, answer: Answer::Done(report) });
    }

    pub fn tests(&mut self, action: Action, name: &str, passed: bool) {
        let id = self.take(action, &img(name));
        let outcome = TestOutcome {
            name: "unit".to_owned(),
            passed,
            exit: Some(i64::from(!passed)),
            cases: None,
            failing: Vec::new(),
            reason: None,
            took: Span::from_secs(1),
        };
        self.fact(EventKind::TestsFinished { id, answer: Answer::Done(TestReport { tests: vec![outcome] }) });
    }

    pub fn publishes(&mut self, name: &str) {
        let id = self.take(Action::Publish, &img(name));
        self.fact(EventKind::TagPublished {
            id,
            answer: Answer::Done(PublishReport::Moved { found: false }),
        });
    }

    /// Build, test and publish, all good.
    pub fn makes(&mut self, name: &str) {
        self.builds(name);
        self.tests(Action::Test, name, true);
        self.publishes(name);
    }

    pub fn makes_all(&mut self) {
        for name in ["tool", "runtime", "framework", "web", "api"] {
            self.makes(name);
        }
    }

    pub fn looks(&mut self, action: Action, name: &str, look: Look) {
        let id = self.take(action, &dep(name));
        let look = Look { at: self.now, ..look };
        self.fact(EventKind::WorkloadLooked { id, answer: Answer::Done(LookReport::Seen(Box::new(look))) });
    }

    pub fn changes(&mut self, action: Action, name: &str) {
        let id = self.take(action, &dep(name));
        let report = ChangeReport::Changed { version: 11, found: false };
        self.fact(EventKind::WorkloadChanged { id, answer: Answer::Done(report) });
    }

    pub fn watches(&mut self, name: &str, look: Look) {
        let id = self.take(Action::Watch, &dep(name));
        self.fact(EventKind::WorkloadWatched { id, answer: Answer::Done(LookReport::Seen(Box::new(look))) });
    }

    /// How the workload looks before it is touched, and under our spec.
    pub fn before(&self, name: &str) -> Look {
        look_at(&format!("{name}@old"), None, 5)
    }

    pub fn ours(&self, name: &str) -> Look {
        look_at(&format!("{name}@new"), Some("tidegate-abc-r1"), 11)
    }

    /// Up to the moment at which our spec is there and all its tasks run.
    pub fn converges(&mut self, name: &str) {
        self.looks(Action::Baseline, name, self.before(name));
        self.changes(Action::Deploy, name);
        self.watches(name, self.ours(name));
    }

    pub fn approve(&mut self, by: Actor, step: &StepKey) -> Result<(), Rejection> {
        let found = self.state.step_of(RUN, step).unwrap();
        let seen = Seen {
            digest: super::decide::about(found).cloned(),
            plan: Some(self.state.plan_hash(&self.state.runs[&RUN])),
            generation: Some(found.generation),
        };
        self.command(by, Command::Approve { run: RUN, step: step.clone(), seen, note: None })
    }

    pub fn command(&mut self, by: Actor, command: Command) -> Result<(), Rejection> {
        let kind = self.state.decide(&by, command)?;
        self.fact_by(by, kind);
        Ok(())
    }

    pub fn stage(&self, step: &StepKey) -> &'static str {
        self.state.step_of(RUN, step).unwrap().word()
    }

    pub fn image_stage(&self, name: &str) -> &ImageStage {
        &self.state.step_of(RUN, &img(name)).unwrap().image().unwrap().stage
    }

    pub fn deploy_stage(&self, name: &str) -> &DeployStage {
        &self.state.step_of(RUN, &dep(name)).unwrap().deploy().unwrap().stage
    }

    pub fn ended(&self) -> bool {
        self.state.runs[&RUN].ended.is_some()
    }
}
