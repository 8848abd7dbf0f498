//! A pool of three nodes beside the daemon in memory, and hands that do what a rollout asks for.

use crate::world::{Memory, digest};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate::engine::rollout::plan::Plan;
use tidegate::engine::{Effect, EventKind, Job, NodeStep, State};
use tidegate::model::nodes::{
    Availability, Finding, FindingKind, Machine, Moved, NodeLimits, NodeLook, NodeReport, NodeRole, Pool,
    PreflightReport, ProvisionReport, ShiftReport, Strategy, WaveSize,
};
use tidegate::model::reports::{Answer, Look, LookReport, ProbeFailure, ProbeTally, SpecMark, UpdateState};
use tidegate::model::{NodeRef, PoolName, ReleaseName, RunId, Setup, Span, StepKey, Timestamp, WorkloadId};

pub fn workers() -> PoolName {
    "workers".parse().unwrap()
}

pub fn release(name: &str) -> ReleaseName {
    name.parse().unwrap()
}

pub fn node(name: &str) -> StepKey {
    format!("node:prod/{name}").parse().unwrap()
}

fn web() -> WorkloadId {
    "prod/web".parse().unwrap()
}

/// One node, then two; a failure stops it.
pub fn add(setup: &mut Setup) {
    let minute = Span::from_secs(60);
    let limits = NodeLimits { provision: minute, join: minute, shift: minute, update: minute };
    let pool = Pool {
        fleet: "prod".parse().unwrap(),
        strategy: Strategy::Surge,
        waves: vec![WaveSize::Nodes(1), WaveSize::Percent(100)],
        max_unavailable: 1,
        soak: Span::from_secs(5),
        failure_budget: 0,
        limits,
        zones: Vec::new(),
        automatic_after: None,
        own_node: None,
        owner: Some("hosts".parse().unwrap()),
    };
    setup.pools.insert(workers(), pool);
}

fn look(name: &str, on: Option<&str>, work: u32) -> NodeLook {
    NodeLook {
        name: name.parse().unwrap(),
        uid: format!("uid-{name}"),
        address: None,
        up: true,
        message: None,
        availability: Availability::Active,
        role: NodeRole::Worker,
        pool: on.map(|_| workers()),
        release: on.map(release),
        zone: None,
        token: None,
        engine: None,
        work: if work > 0 { BTreeMap::from([(web(), work)]) } else { BTreeMap::new() },
    }
}

/// What the fleet says of a plan's nodes: the first one fits, something is in the way of the second, the others are not answered.
pub fn found_in(plan: &Plan) -> BTreeMap<NodeRef, Result<PreflightReport, String>> {
    let finding = |kind, what: &str| Finding { workload: Some(web()), kind, what: what.to_owned() };
    let note = finding(FindingKind::PerNode, "it runs once per node");
    let block = finding(FindingKind::FitsNowhere, "no other node takes it");
    let fits = PreflightReport { notes: vec![note], ..PreflightReport::default() };
    let blocked = PreflightReport { blocks: vec![block], ..PreflightReport::default() };
    let said = [Ok(fits), Ok(blocked)].into_iter().chain(std::iter::repeat(Err("it hangs".to_owned())));
    plan.nodes.iter().map(|one| one.node.clone()).zip(said).collect()
}

/// The fleet as it is, and what is wrong with it.
pub struct Hands {
    pub memory: Arc<Memory>,
    nodes: BTreeMap<String, NodeLook>,
    /// What moved from this node is sick on the new one.
    pub sick: Option<&'static str>,
    /// A preflight of this node finds that its work would have a gap.
    pub gap: Option<&'static str>,
    /// No machine can be removed.
    pub stays: bool,
}

impl Hands {
    /// Nodes `w1`, `w2`, `w3` on `r1`, and `r2` is announced.
    pub fn new() -> Self {
        let memory = Memory::pool();
        let nodes = ["w1", "w2", "w3"].map(|name| (name.to_owned(), look(name, Some("r1"), 1)));
        let hands = Self { memory, nodes: nodes.into(), sick: None, gap: None, stays: false };
        hands.are_seen();
        hands.memory.fact(EventKind::ReleaseAnnounced { pool: workers(), release: release("r2") });
        hands
    }

    fn are_seen(&self) {
        let nodes = self.nodes.values().cloned().collect();
        self.memory.fact(EventKind::NodesSeen { fleet: "prod".parse().unwrap(), nodes, gone: Vec::new() });
    }

    fn next(&self) -> Option<Job> {
        let effects = self.memory.read(State::outstanding).into_iter();
        effects.filter_map(|effect| if let Effect::Do(job) = effect { Some(job) } else { None }).find(|job| {
            let watches = matches!(job, Job::Watch(_));
            matches!(job.id().step, StepKey::Node(_)) && (!watches || self.is_sick(&job.id().step))
        })
    }

    fn is_sick(&self, key: &StepKey) -> bool {
        self.sick.is_some_and(|name| *key == node(name))
    }

    /// Does what is asked for, or lets a second go by, until `stop`; `each` is called after every fact.
    pub fn until(&mut self, stop: impl Fn(&State) -> bool, each: impl Fn(&Memory)) {
        for _ in 0..500 {
            if self.memory.read(&stop) {
                return;
            }
            match self.next() {
                Some(job) => self.does(&job),
                None => drop(self.memory.fact(EventKind::DeadlinePassed)),
            }
            each(&self.memory);
        }
        panic!("it does not come that far");
    }

    /// The fleet hears from a node or not, and lets work be placed on it or not.
    pub fn stands(&mut self, name: &str, up: bool, availability: Availability) {
        let look = self.nodes.get_mut(name).unwrap();
        (look.up, look.availability) = (up, availability);
        self.are_seen();
    }

    /// Something starts on a node, which nobody has seen yet.
    pub fn lands(&mut self, on: &str, what: &str) {
        self.nodes.get_mut(on).unwrap().work.insert(what.parse().unwrap(), 1);
    }

    /// Until the node's step has this stage.
    pub fn to(&mut self, run: u64, name: &str, stage: &str) {
        let word = |state: &State| state.node_step_of(RunId(run), &node(name)).map(NodeStep::word);
        self.until(|state| word(state) == Some(stage), |_| {});
    }

    fn does(&mut self, job: &Job) {
        let id = job.id().clone();
        let StepKey::Node(of) = &id.step else { panic!("{id} is no node's") };
        let changed =
            |id| EventKind::NodeChanged { id, answer: Answer::Done(NodeReport::Done { found: false }) };
        let kind = match job {
            Job::Preflight(job) => {
                let name = job.node.name.as_str();
                let gap = Finding {
                    workload: Some(web()),
                    kind: FindingKind::Gap,
                    what: "it is down while it moves".to_owned(),
                };
                let report = self.nodes.get(name).map(|look| PreflightReport {
                    moves: look.work.clone(),
                    blocks: self.gap.filter(|gap| *gap == name).map(|_| gap).into_iter().collect(),
                    notes: Vec::new(),
                });
                EventKind::NodePreflighted { id, answer: Answer::Done(report) }
            }
            Job::Provision(job) => {
                let name = format!("new-{}", of.name);
                let machine = Machine {
                    node: name.parse().unwrap(),
                    address: None,
                    token: Some(job.token.clone()),
                    release: None,
                };
                self.nodes.insert(name.clone(), look(&name, None, 0));
                self.memory.fact(EventKind::NodeProvisioned {
                    id,
                    answer: Answer::Done(ProvisionReport::Done(machine)),
                });
                return self.are_seen();
            }
            Job::Admit(job) => {
                let look = self.nodes.get_mut(job.node.name.as_str()).unwrap();
                (look.pool, look.release) = (Some(job.pool.clone()), Some(job.release.clone()));
                look.token.clone_from(&job.token);
                changed(id)
            }
            Job::Shift(job) => {
                let moved = self.shifts(job.from.name.as_str());
                EventKind::NodeShifted { id, answer: Answer::Done(ShiftReport::Shifted { moved }) }
            }
            Job::Avail(job) => {
                let look = self.nodes.get_mut(job.node.name.as_str()).unwrap();
                look.availability = job.want;
                let report = match job.want {
                    Availability::Cordoned => NodeReport::Cordoned { found: false, work: look.work.clone() },
                    Availability::Active | Availability::Drained => NodeReport::Done { found: false },
                };
                EventKind::NodeChanged { id, answer: Answer::Done(report) }
            }
            Job::Retire(job) => {
                self.nodes.remove(job.node.name.as_str());
                changed(id)
            }
            Job::Deprovision(_) if self.stays => {
                let what = "it ended with 1".to_owned();
                let answer = Answer::Done(ProvisionReport::Failed { what, stderr: String::new() });
                EventKind::NodeRemoved { id, answer }
            }
            Job::Deprovision(_) => {
                EventKind::NodeRemoved { id, answer: Answer::Done(ProvisionReport::Done(())) }
            }
            Job::Look(_) | Job::Watch(_) => self.looks(job),
            other => panic!("a rollout asked for {}", other.id()),
        };
        self.memory.fact(kind);
    }

    /// Its work goes to the first other node that takes it.
    fn shifts(&mut self, from: &str) -> Vec<Moved> {
        let to = self
            .nodes
            .iter()
            .find(|(name, look)| name.as_str() != from && look.availability == Availability::Active);
        let to = to.map(|(name, _)| name.clone()).unwrap();
        let old = self.nodes.get_mut(from).unwrap();
        old.availability = Availability::Drained;
        let work = std::mem::take(&mut old.work);
        let moved = work.iter().map(|(workload, tasks)| Moved {
            workload: workload.clone(),
            tasks: *tasks,
            to: vec![to.parse().unwrap()],
            by: Vec::new(),
        });
        let moved = moved.collect();
        for (workload, tasks) in work {
            *self.nodes.get_mut(&to).unwrap().work.entry(workload).or_default() += tasks;
        }
        moved
    }

    fn looks(&self, job: &Job) -> EventKind {
        let id = job.id().clone();
        let before = id.action == tidegate::model::Action::Baseline;
        let sick = self.is_sick(&id.step) && !before;
        let look = Box::new(web_look(self.memory.read(|state| state.now), if sick { 3 } else { 0 }));
        let answer = Answer::Done(LookReport::Seen(look));
        match job {
            Job::Watch(_) => EventKind::WorkloadWatched { id, answer },
            _ => EventKind::WorkloadLooked { id, answer },
        }
    }
}

fn web_look(at: Timestamp, failed: u32) -> Look {
    let first = ProbeFailure { at, task: "web.1".to_owned(), what: "GET /: status 500, not 200".to_owned() };
    let first = (failed > 0).then_some(first);
    Look {
        at,
        spec: SpecMark { version: 1, image: "web".to_owned(), mark: None, rest: digest("rest") },
        digest: Some(digest("old")),
        desired: 3,
        running: 3,
        tasks: Vec::new(),
        ended: Vec::new(),
        update: UpdateState::None,
        health_check: true,
        probes: Some(ProbeTally {
            since: at,
            total: 9,
            failed,
            sick_tasks: u32::from(failed > 0),
            first: first.clone(),
            last: first,
            broken: None,
        }),
    }
}
