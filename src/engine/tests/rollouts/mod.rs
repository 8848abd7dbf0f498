//! Rollouts as sentences, on a small simulated fleet: it does what it is asked for, unless a node has a fault.
//!
//! The pool of every test: `workers` of fleet `lab`, nodes `w1`, `w2`, … on release `r1`, each with a task of `web`.

mod cordon;
mod failures;
mod follow;
mod in_place;
mod locks;
mod machines;
mod orphans;
mod people;
mod pins;
mod releases;
mod restarts;
mod scale;
mod surge;
mod waves;

use super::*;
use crate::engine::{NodeStage, NodeStep, Rollout};
use crate::model::nodes::{
    Availability, Finding, FindingKind, Machine, Moved, NodeChange, NodeLimits, NodeLook, NodeReport,
    NodeRole, Pool, PreflightReport, ProvisionReport, ShiftReport, Strategy, WaveSize,
};
use crate::model::reports::{ProbeFailure, Unreachable};
use crate::model::{NodeRef, PoolName, ReleaseName};

/// What is wrong with what takes a node's place, or with the node itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The provisioner's command fails.
    NeverMade,
    /// It fails, and has made a machine all the same, which joins.
    MadeUnsaid,
    /// The machine is made and does not join.
    NeverJoins,
    /// The work cannot be moved off the old node.
    DrainBlocked,
    /// What moved fails its probes.
    Sick,
    /// The new node goes down once it has the work.
    Dies,
    /// What moved fails its probes, and cannot be moved back either.
    SickForGood,
    /// The old machine cannot be removed.
    NotRemoved,
    /// The command that updates it fails.
    NotUpdated,
}

/// The engine's world with a fleet beside it.
pub(super) struct Fleet {
    pub world: World,
    /// The nodes as they are.
    pub truth: BTreeMap<String, NodeLook>,
    /// Machines that exist, by name, with their token.
    pub machines: BTreeMap<String, Option<String>>,
    /// By the node that is replaced.
    pub faults: BTreeMap<String, Fault>,
    /// What a preflight of a node finds.
    pub blocks: BTreeMap<String, Vec<Finding>>,
    /// What was done, as `action node`.
    pub deeds: Vec<String>,
    /// Watches that were told of a fault.
    told: BTreeSet<EffectId>,
}

pub(super) fn node(name: &str) -> NodeRef {
    format!("lab/{name}").parse().unwrap()
}

pub(super) fn key(name: &str) -> StepKey {
    StepKey::Node(node(name))
}

pub(super) fn workers() -> PoolName {
    "workers".parse().unwrap()
}

pub(super) fn release(name: &str) -> ReleaseName {
    name.parse().unwrap()
}

pub(super) fn pool() -> Pool {
    Pool {
        fleet: "lab".parse().unwrap(),
        strategy: Strategy::Surge,
        waves: vec![WaveSize::Nodes(1), WaveSize::Percent(50)],
        max_unavailable: 1,
        soak: Span::from_secs(60),
        failure_budget: 0,
        limits: NodeLimits {
            provision: Span::from_secs(300),
            join: Span::from_secs(120),
            shift: Span::from_secs(240),
            update: Span::from_secs(600),
        },
        zones: Vec::new(),
        automatic_after: None,
        own_node: None,
        owner: Some("hosts".parse().unwrap()),
    }
}

pub(super) fn look(name: &str, on: &str) -> NodeLook {
    NodeLook {
        name: name.parse().unwrap(),
        uid: format!("uid-{name}"),
        address: Some(format!("10.0.0.{}", name.len())),
        up: true,
        message: None,
        availability: Availability::Active,
        role: NodeRole::Worker,
        pool: Some(workers()),
        release: Some(release(on)),
        zone: None,
        token: None,
        engine: None,
        work: BTreeMap::from([(workload("web"), 1)]),
    }
}

pub(super) fn finding(kind: FindingKind, what: &str) -> Finding {
    Finding { workload: Some(workload("web")), kind, what: what.to_owned() }
}

impl Fleet {
    /// So many nodes, and releases `r2` and `r3` announced.
    pub fn of(nodes: usize, pool: Pool) -> Self {
        let mut setup = setup();
        setup.pools.insert(workers(), pool);
        setup.workloads.get_mut(&workload("web")).unwrap().owner = Some("shop".parse().unwrap());
        Self::with(nodes, setup)
    }

    pub fn with(nodes: usize, setup: Setup) -> Self {
        let truth: BTreeMap<String, NodeLook> =
            (1..=nodes).map(|n| (format!("w{n}"), look(&format!("w{n}"), "r1"))).collect();
        let mut fleet = Self {
            world: World::with(setup),
            machines: truth.keys().map(|name| (name.clone(), None)).collect(),
            truth,
            faults: BTreeMap::new(),
            blocks: BTreeMap::new(),
            deeds: Vec::new(),
            told: BTreeSet::new(),
        };
        fleet.is_seen();
        let (version, pid) = ("1".to_owned(), 1);
        fleet.world.fact(EventKind::DaemonStarted { version, pid, marks: true });
        for name in ["r2", "r3"] {
            fleet.world.command(ana(), Command::Release { pool: workers(), release: release(name) }).unwrap();
        }
        fleet
    }

    /// The poller tells what there is.
    pub fn is_seen(&mut self) {
        let known = self.world.state.nodes.keys().map(|node| node.name.clone());
        let gone = known.filter(|name| !self.truth.contains_key(name.as_str())).collect();
        let nodes = self.truth.values().cloned().collect();
        self.fact(EventKind::NodesSeen { fleet: "lab".parse().unwrap(), nodes, gone });
    }

    pub fn fact(&mut self, kind: EventKind) {
        self.world.fact(kind);
        self.never_too_many_out();
    }

    /// No node of ours is out beyond what the pool allows, beside what the tests themselves took out.
    fn never_too_many_out(&self) {
        let Some(rollout) = self.world.state.rollouts.values().next_back() else { return };
        let takes_out =
            |step: &&NodeStep| step.stage != NodeStage::Preflight && step.change != NodeChange::Grow;
        let hands: BTreeSet<&str> = rollout.in_flight().filter(takes_out).map(name_of).collect();
        let most = rollout.how.max_unavailable as usize;
        assert!(hands.len() <= most, "{hands:?} are in hand, and {most} may be");
        let out = self.out();
        let ours = out.iter().filter(|name| {
            !rollout.out_before.iter().any(|before| before.as_str() == **name)
                && !self.faults.values().any(|fault| *fault == Fault::Dies)
        });
        assert!(ours.count() <= most, "{out:?} are out, and {most} may be");
    }

    /// Nodes of the pool that are out.
    pub fn out(&self) -> Vec<&str> {
        let out = |look: &NodeLook| !look.up || look.availability != Availability::Active;
        let ours = self.truth.iter().filter(|(_, look)| look.pool.is_some() && out(look));
        ours.map(|(name, _)| name.as_str()).collect()
    }

    pub fn starts(&mut self, name: &str) -> RunId {
        let plan = self.world.state.rollout_plan(&workers(), &release(name)).unwrap();
        let seen = Seen { plan: Some(plan.hash()), ..Seen::default() };
        let command = Command::StartRollout { pool: workers(), release: release(name), seen, reason: None };
        self.world.command(ana(), command).unwrap();
        self.world.state.last_run
    }

    pub fn rollout(&self) -> &Rollout {
        self.world.state.rollouts.values().next_back().unwrap()
    }

    pub fn step(&self, name: &str) -> &NodeStep {
        &self.rollout().steps[&key(name)]
    }

    pub fn stage(&self, name: &str) -> &'static str {
        self.step(name).word()
    }

    pub fn waits(&self) -> String {
        self.world.state.rollout_waiting(self.rollout()).map(|waiting| waiting.what).unwrap_or_default()
    }

    pub fn seen(&self, name: &str) -> Seen {
        Seen { generation: Some(self.step(name).generation), ..Seen::default() }
    }

    /// Does what is asked for until nothing is, letting time go by as far as the next deadline, and until `stop` says so.
    pub fn until(&mut self, stop: impl Fn(&Self) -> bool) {
        for _ in 0..5_000 {
            if stop(self) {
                return;
            }
            if !self.does_one() {
                let Some((at, _)) = self.world.state.next_deadline() else { return };
                let span = at.since(self.world.now).as_millis();
                self.world.wait(span.div_ceil(1000));
                self.never_too_many_out();
            }
        }
        panic!("it does not come to an end: {:?}", self.world.asked());
    }

    pub fn goes_to_the_end(&mut self) {
        self.until(|_| false);
    }

    /// So many answers and deadlines.
    pub fn goes_on(&mut self, answers: u8) {
        for _ in 0..answers {
            if !self.does_one() {
                let Some((at, _)) = self.world.state.next_deadline() else { return };
                self.world.wait(at.since(self.world.now).as_millis().div_ceil(1000));
                self.never_too_many_out();
            }
        }
    }

    /// Goes on until a node's step has this stage.
    pub fn to(&mut self, name: &str, stage: &str) {
        let (at, wanted) = (name.to_owned(), stage.to_owned());
        self.until(|fleet| fleet.stage(&at) == wanted);
        assert_eq!(self.stage(name), stage, "{:?} {:?}", self.deeds, self.step(name).stage);
    }

    /// Answers the first thing that is asked for; false where nothing is.
    pub fn does_one(&mut self) -> bool {
        let waits = |job: &&Job| match job {
            Job::Watch(job) => self.fault_of(&job.id.step).is_some() && !self.told.contains(&job.id),
            _ => matches!(job.id().step, StepKey::Node(_)),
        };
        let Some(job) = self.world.pending.iter().find(waits).cloned() else { return false };
        self.does(&job);
        true
    }

    fn fault_of(&self, key: &StepKey) -> Option<Fault> {
        let StepKey::Node(node) = key else { return None };
        self.faults.get(node.name.as_str()).copied()
    }

    /// Answers one job as the fleet would.
    pub fn does(&mut self, job: &Job) {
        let id = job.id().clone();
        let StepKey::Node(of) = &id.step else { panic!("{id} is no node's") };
        let fault = self.faults.get(of.name.as_str()).copied();
        if !matches!(job, Job::Watch(_)) {
            self.world.pending.retain(|pending| *pending.id() != id);
        }
        if id.subject.is_none() {
            self.deeds.push(format!("{} {}", id.action, of.name));
        }
        match job {
            Job::Preflight(job) => {
                let (name, there) = (job.node.name.as_str(), self.truth.get(job.node.name.as_str()));
                let report = there.map(|look| PreflightReport {
                    moves: look.work.clone(),
                    blocks: self.blocks.get(name).cloned().unwrap_or_default(),
                    notes: Vec::new(),
                });
                self.fact(EventKind::NodePreflighted { id, answer: Answer::Done(report) });
            }
            Job::Provision(job) => self.provisions(job, fault),
            Job::Find(job) => self.finds(job),
            Job::Admit(job) => {
                let look = self.truth.get_mut(job.node.name.as_str()).unwrap();
                (look.pool, look.release) = (Some(job.pool.clone()), Some(job.release.clone()));
                (look.zone, look.token) = (job.zone.clone(), job.token.clone());
                self.changed(id);
            }
            Job::Shift(job) => {
                let back = id.action == Action::ShiftBack;
                let blocked = matches!(
                    (fault, back),
                    (Some(Fault::DrainBlocked), false) | (Some(Fault::SickForGood), true)
                );
                let onto = job.onto.as_ref().map(ToString::to_string);
                let from = job.from.name.to_string();
                self.shifts(id, &from, onto, blocked);
            }
            Job::Avail(job) => {
                if job.want == Availability::Cordoned {
                    return self.cordons(id, job.node.name.as_str());
                }
                self.truth.get_mut(job.node.name.as_str()).unwrap().availability = job.want;
                self.changed(id);
            }
            Job::Retire(job) => {
                let same = |look: &NodeLook| Some(&look.uid) == job.uid.as_ref();
                if self.truth.get(job.node.name.as_str()).is_some_and(same) {
                    self.truth.remove(job.node.name.as_str());
                }
                self.changed(id);
            }
            Job::Deprovision(job) => self.removes(job, fault),
            Job::Update(_) => {
                let failed =
                    ProvisionReport::Failed { what: "it ended with 1".to_owned(), stderr: String::new() };
                let report =
                    if fault == Some(Fault::NotUpdated) { failed } else { ProvisionReport::Done(()) };
                self.fact(EventKind::NodeUpdated { id, answer: Answer::Done(report) });
            }
            Job::Look(_) => self.looks(id, fault),
            Job::Watch(_) => {
                self.told.insert(id.clone());
                self.goes_wrong(id, fault);
            }
            other => panic!("a rollout asked for {}", other.id()),
        }
    }

    fn shifts(&mut self, id: EffectId, from: &str, onto: Option<String>, blocked: bool) {
        let takes = |(name, look): &(&String, &NodeLook)| {
            *name != from && look.up && look.availability == Availability::Active
        };
        let other = self.truth.iter().find(takes).map(|(name, _)| name.clone());
        let to = onto.filter(|name| self.truth.contains_key(name)).or(other);
        let report = match (self.truth.get_mut(from), to) {
            (None, _) => ShiftReport::Gone,
            (Some(old), Some(to)) if !blocked => {
                let work = std::mem::take(&mut old.work);
                old.availability = Availability::Drained;
                self.lands(work, &to)
            }
            (Some(old), _) => {
                old.availability = Availability::Cordoned;
                let by = vec![finding(FindingKind::Disruption, "it may not be disrupted")];
                ShiftReport::Blocked { moved: Vec::new(), by }
            }
        };
        self.fact(EventKind::NodeShifted { id, answer: Answer::Done(report) });
    }

    /// Nobody answers about moving the work of `w1`.
    pub fn is_silent(&mut self, action: Action) {
        let id = self.world.take(action, &key("w1"));
        let who = Unreachable { who: "fleet lab".to_owned(), why: "refused".to_owned(), retry_after: None };
        self.fact(EventKind::NodeShifted { id, answer: Answer::Unreachable(who) });
    }

    fn lands(&mut self, work: BTreeMap<WorkloadId, u32>, to: &str) -> ShiftReport {
        let moved = work.iter().map(|(workload, tasks)| Moved {
            workload: workload.clone(),
            tasks: *tasks,
            to: vec![to.parse().unwrap()],
            by: Vec::new(),
        });
        let report = ShiftReport::Shifted { moved: moved.collect() };
        let target = self.truth.get_mut(to).unwrap();
        for (workload, tasks) in work {
            *target.work.entry(workload).or_default() += tasks;
        }
        report
    }

    /// A node that is drained stays so.
    fn cordons(&mut self, id: EffectId, name: &str) {
        let report = self.truth.get_mut(name).map_or(NodeReport::Gone, |look| {
            let found = look.availability != Availability::Active;
            if !found {
                look.availability = Availability::Cordoned;
            }
            NodeReport::Cordoned { found, work: look.work.clone() }
        });
        self.fact(EventKind::NodeChanged { id, answer: Answer::Done(report) });
    }

    fn changed(&mut self, id: EffectId) {
        self.fact(EventKind::NodeChanged { id, answer: Answer::Done(NodeReport::Done { found: false }) });
    }

    fn looks(&mut self, id: EffectId, fault: Option<Fault>) {
        let sick = matches!(fault, Some(Fault::Sick | Fault::SickForGood)) && id.action == Action::Look;
        let look = if sick { self.sick() } else { self.well() };
        self.fact(EventKind::WorkloadLooked { id, answer: Answer::Done(LookReport::Seen(Box::new(look))) });
    }

    fn goes_wrong(&mut self, id: EffectId, fault: Option<Fault>) {
        match fault {
            Some(Fault::Sick | Fault::SickForGood) => {
                let look = Box::new(self.sick());
                self.fact(EventKind::WorkloadWatched { id, answer: Answer::Done(LookReport::Seen(look)) });
            }
            Some(Fault::Dies) => {
                let node = self.rollout().steps[&id.step].traces.joined.clone().unwrap().0;
                let look = self.truth.get_mut(node.name.as_str()).unwrap();
                (look.up, look.message) = (false, Some("heartbeat failure".to_owned()));
                self.is_seen();
            }
            _ => {}
        }
    }

    pub fn well(&self) -> Look {
        Look { at: self.world.now, ..look_at("web@old", None, 5) }
    }

    pub fn sick(&self) -> Look {
        let first = ProbeFailure {
            at: self.world.now,
            task: "web.1".to_owned(),
            what: "GET /health: status 500, not 200".to_owned(),
        };
        let mut look = self.well();
        let tally = look.probes.as_mut().unwrap();
        (tally.failed, tally.sick_tasks, tally.first) = (3, 1, Some(first));
        look
    }
}

fn name_of(step: &NodeStep) -> &str {
    step.node.name.as_str()
}
