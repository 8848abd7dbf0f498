//! What an event of a rollout costs the engine, in a pool of ten thousand nodes and beside it in one of a hundred.
//!
//! `cargo bench --bench rollout`. It prints figures and judges nothing. The aim is 50 µs at p99: `State::step`, and the next deadline, which the
//! daemon asks for after every batch. Writing the event is the journal's bench.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and a failure of it is a panic"
)]

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};
use tidegate::engine::{Effect, Event, EventKind, Job, State};
use tidegate::model::nodes::{
    Availability, Machine, Moved, NodeLimits, NodeLook, NodeReport, NodeRole, Pool, PreflightReport,
    ProvisionReport, ShiftReport, Strategy, WaveSize,
};
use tidegate::model::reports::{Answer, Look, LookReport, SpecMark, UpdateState};
use tidegate::model::{
    Actor, Command, Digest, PoolName, ReleaseName, Seen, Setup, Span, Timestamp, WorkloadId,
};

/// Nodes that may be out at the same time.
const AT_ONCE: u32 = 20;

fn main() {
    // `cargo test --benches` runs it too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    for (nodes, events) in [(100, 1_000), (10_000, 100_000)] {
        let mut took = Rolling::new(nodes).run(events);
        took.sort();
        let at = |permille: usize| took[(took.len() - 1) * permille / 1000];
        println!(
            "{nodes} nodes, {} events: p50 {:?}, p90 {:?}, p99 {:?}, worst {:?}",
            took.len(),
            at(500),
            at(900),
            at(990),
            at(1000)
        );
    }
}

fn workers() -> PoolName {
    "workers".parse().unwrap()
}

fn release(name: &str) -> ReleaseName {
    name.parse().unwrap()
}

fn pool() -> Pool {
    let long = Span::from_secs(3_600);
    Pool {
        fleet: "prod".parse().unwrap(),
        strategy: Strategy::Surge,
        waves: vec![WaveSize::Nodes(1), WaveSize::Percent(10)],
        max_unavailable: AT_ONCE,
        // The clock of a bench moves a millisecond an event.
        soak: Span::from_millis(50),
        failure_budget: 0,
        limits: NodeLimits { provision: long, join: long, shift: long, update: long },
        zones: Vec::new(),
        automatic_after: None,
        own_node: None,
        owner: None,
    }
}

/// A node with two workloads of its own, so that many nodes' work can move at the same time.
fn node(name: &str) -> NodeLook {
    let work = |n: u32| (format!("prod/{name}-{n}").parse::<WorkloadId>().unwrap(), 1);
    NodeLook {
        name: name.parse().unwrap(),
        uid: format!("uid-{name}"),
        address: None,
        up: true,
        message: None,
        availability: Availability::Active,
        role: NodeRole::Worker,
        pool: Some(workers()),
        release: Some(release("r1")),
        zone: None,
        token: None,
        engine: None,
        work: [work(1), work(2)].into(),
    }
}

fn look() -> Look {
    let spec = SpecMark { version: 1, image: "app:1".to_owned(), mark: None, rest: Digest::of(b"rest") };
    Look {
        at: Timestamp::from_millis(0),
        spec,
        digest: None,
        desired: 1,
        running: 1,
        tasks: Vec::new(),
        ended: Vec::new(),
        update: UpdateState::None,
        health_check: true,
        probes: None,
    }
}

struct Rolling {
    state: State,
    now: Timestamp,
    effects: VecDeque<Effect>,
}

impl Rolling {
    fn new(nodes: usize) -> Self {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let mut rolling = Self { state: State::default(), now, effects: VecDeque::new() };
        let setup = Setup { pools: BTreeMap::from([(workers(), pool())]), ..Setup::default() };
        rolling.step(EventKind::Installed { install: "abc".to_owned() });
        rolling.step(EventKind::ConfigLoaded { setup: Box::new(setup) });
        let nodes = (0..nodes).map(|n| node(&format!("w{n}"))).collect();
        rolling.step(EventKind::NodesSeen { fleet: "prod".parse().unwrap(), nodes, gone: Vec::new() });
        rolling.step(EventKind::ReleaseAnnounced { pool: workers(), release: release("r2") });
        let plan = rolling.state.rollout_plan(&workers(), &release("r2")).unwrap().hash();
        let seen = Seen { plan: Some(plan), ..Seen::default() };
        let start = Command::StartRollout { pool: workers(), release: release("r2"), seen, reason: None };
        let took = rolling.step(EventKind::Commanded { command: start });
        println!("the start, once: {took:?}");
        rolling
    }

    fn step(&mut self, kind: EventKind) -> Duration {
        self.now = self.now + Span::from_millis(1);
        let event = Event { at: self.now, by: Actor::Daemon, kind };
        let began = Instant::now();
        let outcome = self.state.step(&event);
        std::hint::black_box(self.state.next_deadline());
        let took = began.elapsed();
        self.effects.extend(outcome.effects);
        took
    }

    /// Answers what is asked for until so many events have been, or the rollout has ended.
    fn run(&mut self, events: usize) -> Vec<Duration> {
        let mut took = Vec::with_capacity(events);
        while took.len() < events && self.state.rolling().next().is_some() {
            let kinds = match self.effects.pop_front() {
                Some(Effect::Do(job)) => answers(&job),
                Some(Effect::Cancel(_) | Effect::Notify(_)) => Vec::new(),
                None => {
                    let (at, _) = self.state.next_deadline().unwrap();
                    self.now = self.now.max(at);
                    vec![EventKind::DeadlinePassed]
                }
            };
            for kind in kinds {
                took.push(self.step(kind));
            }
        }
        assert_eq!(self.state.anomalies, Vec::<String>::new());
        took
    }
}

fn answers(job: &Job) -> Vec<EventKind> {
    let id = job.id().clone();
    match job {
        Job::Preflight(job) => {
            let moves = node(job.node.name.as_str()).work;
            let report = PreflightReport { moves, ..PreflightReport::default() };
            vec![EventKind::NodePreflighted { id, answer: Answer::Done(Some(report)) }]
        }
        Job::Provision(job) => {
            let name = format!("n-{}", job.token);
            let machine = Machine { node: name.parse().unwrap(), address: None, token: None, release: None };
            let joined = NodeLook { pool: None, release: None, work: BTreeMap::new(), ..node(&name) };
            let (fleet, nodes) = ("prod".parse().unwrap(), vec![joined]);
            let made = ProvisionReport::Done(machine);
            vec![
                EventKind::NodeProvisioned { id, answer: Answer::Done(made) },
                EventKind::NodesSeen { fleet, nodes, gone: Vec::new() },
            ]
        }
        Job::Avail(job) => {
            let report = NodeReport::Cordoned { found: false, work: node(job.node.name.as_str()).work };
            vec![EventKind::NodeChanged { id, answer: Answer::Done(report) }]
        }
        Job::Admit(_) | Job::Retire(_) => {
            let report = NodeReport::Done { found: false };
            vec![EventKind::NodeChanged { id, answer: Answer::Done(report) }]
        }
        Job::Shift(job) => {
            let work = node(job.from.name.as_str()).work.into_iter();
            let moved =
                work.map(|(workload, tasks)| Moved { workload, tasks, to: Vec::new(), by: Vec::new() });
            let report = ShiftReport::Shifted { moved: moved.collect() };
            vec![EventKind::NodeShifted { id, answer: Answer::Done(report) }]
        }
        Job::Deprovision(_) => {
            vec![EventKind::NodeRemoved { id, answer: Answer::Done(ProvisionReport::Done(())) }]
        }
        Job::Look(_) => {
            let seen = LookReport::Seen(Box::new(look()));
            vec![EventKind::WorkloadLooked { id, answer: Answer::Done(seen) }]
        }
        Job::Watch(_) => {
            let seen = LookReport::Seen(Box::new(look()));
            vec![EventKind::WorkloadWatched { id, answer: Answer::Done(seen) }]
        }
        Job::Build(_)
        | Job::Test(_)
        | Job::Publish(_)
        | Job::Deploy(_)
        | Job::Restore(_)
        | Job::Discard(_)
        | Job::Find(_)
        | Job::Update(_) => panic!("a rollout by surge asks for no {id}"),
    }
}
