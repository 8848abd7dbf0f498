//! Rollouts through the real loop: the poller, the executor, the claim, and a crash in every stage.

use super::script::{Scripted, count, look, options, setup, silence, until};
use crate::daemon::{Handle, Options, start};
use crate::engine::{EventKind, NodeStep, State};
use crate::model::nodes::{
    AdmitJob, AvailJob, Availability, DeprovisionJob, Machine, Moved, NodeLimits, NodeLook, NodeReport,
    NodeRole, Pool, PreflightJob, PreflightReport, ProvisionJob, ProvisionReport, RetireJob, ShiftJob,
    ShiftReport, Strategy, UpdateJob, WaveSize,
};
use crate::model::reports::{Answer, LookReport};
use crate::model::{Actor, Command, PoolName, ReleaseName, Seen, Span, token};
use crate::ports::{Claim, Claimed, Nodes, Provisioner, Reporter, World};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// A fleet's nodes and the machines under them. Every change takes two seconds, so that a daemon can be killed in its middle.
#[derive(Clone)]
struct Rack(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    nodes: BTreeMap<String, NodeLook>,
    machines: BTreeMap<String, Option<String>>,
    /// Every token that a machine was asked with.
    tokens: BTreeSet<String>,
    asked: usize,
}

const TAKES: std::time::Duration = std::time::Duration::from_secs(2);

fn workers() -> PoolName {
    "workers".parse().unwrap()
}

fn r2() -> ReleaseName {
    "r2".parse().unwrap()
}

fn ana() -> Actor {
    Actor::Person { name: "ana".to_owned(), uid: 1000 }
}

fn node(name: &str, release: Option<&str>) -> NodeLook {
    NodeLook {
        name: name.parse().unwrap(),
        uid: format!("uid-{name}"),
        address: None,
        up: true,
        message: None,
        availability: Availability::Active,
        role: NodeRole::Worker,
        pool: release.map(|_| workers()),
        release: release.map(|release| release.parse().unwrap()),
        zone: None,
        token: None,
        engine: None,
        work: BTreeMap::new(),
    }
}

impl Rack {
    fn new() -> Self {
        let mut inside = Inside::default();
        for name in ["w1", "w2"] {
            let mut look = node(name, Some("r1"));
            look.work.insert("prod/web".parse().unwrap(), 1);
            inside.nodes.insert(name.to_owned(), look);
            inside.machines.insert(name.to_owned(), None);
        }
        Self(Arc::new(Mutex::new(inside)))
    }

    async fn change<T>(&self, change: impl FnOnce(&mut Inside) -> T) -> Answer<T> {
        tokio::time::sleep(TAKES).await;
        Answer::Done(change(&mut self.0.lock().unwrap()))
    }

    fn get<T>(&self, read: impl FnOnce(&Inside) -> T) -> T {
        read(&self.0.lock().unwrap())
    }
}

fn found() -> NodeReport {
    NodeReport::Done { found: false }
}

#[async_trait]
impl Nodes for Rack {
    async fn nodes(&self) -> Answer<Vec<NodeLook>> {
        Answer::Done(self.get(|inside| inside.nodes.values().cloned().collect()))
    }

    async fn preflight(&self, job: &PreflightJob) -> Answer<Option<PreflightReport>> {
        let name = job.node.name.to_string();
        let report =
            |look: &NodeLook| PreflightReport { moves: look.work.clone(), ..PreflightReport::default() };
        self.change(|inside| inside.nodes.get(&name).map(report)).await
    }

    async fn shift(&self, job: &ShiftJob, reporter: &dyn Reporter) -> Answer<ShiftReport> {
        reporter.line("one task moves");
        let (from, onto) = (job.from.name.to_string(), job.onto.clone());
        self.change(|inside| {
            let Some(look) = inside.nodes.get_mut(&from) else { return ShiftReport::Gone };
            look.availability = Availability::Drained;
            let work = std::mem::take(&mut look.work);
            let to = onto.expect("by surge there is a node that takes over");
            let target = inside.nodes.get_mut(to.as_str()).unwrap();
            target.work.extend(work.clone());
            let moved = work.into_iter();
            let moved =
                moved.map(|(workload, tasks)| Moved { workload, tasks, to: vec![to.clone()], by: vec![] });
            ShiftReport::Shifted { moved: moved.collect() }
        })
        .await
    }

    async fn avail(&self, job: &AvailJob) -> Answer<NodeReport> {
        let (name, want) = (job.node.name.to_string(), job.want);
        self.change(|inside| {
            let look = inside.nodes.get_mut(&name).unwrap();
            look.availability = want;
            match want {
                Availability::Cordoned => NodeReport::Cordoned { found: false, work: look.work.clone() },
                Availability::Active | Availability::Drained => found(),
            }
        })
        .await
    }

    async fn admit(&self, job: &AdmitJob) -> Answer<NodeReport> {
        let job = job.clone();
        self.change(|inside| {
            let look = inside.nodes.get_mut(job.node.name.as_str()).unwrap();
            (look.pool, look.release, look.token) = (Some(job.pool), Some(job.release), job.token);
            found()
        })
        .await
    }

    async fn retire(&self, job: &RetireJob) -> Answer<NodeReport> {
        let name = job.node.name.to_string();
        self.change(|inside| inside.nodes.remove(&name).map_or(NodeReport::Gone, |_| found())).await
    }
}

#[async_trait]
impl Provisioner for Rack {
    async fn provision(&self, job: &ProvisionJob, _: &dyn Reporter) -> Answer<ProvisionReport<Machine>> {
        let token = job.token.clone();
        let name = format!("n-{}", &token[..6]);
        self.0.lock().unwrap().asked += 1;
        self.change(|inside| {
            inside.tokens.insert(token.clone());
            // Done twice with one token, it makes one node.
            if inside.machines.insert(name.clone(), Some(token.clone())).is_none() {
                inside.nodes.insert(name.clone(), node(&name, None));
            }
            let node = name.parse().unwrap();
            ProvisionReport::Done(Machine { node, address: None, token: Some(token), release: None })
        })
        .await
    }

    async fn deprovision(&self, job: &DeprovisionJob, _: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        let name = job.node.as_ref().map(ToString::to_string).unwrap_or_default();
        self.change(|inside| {
            inside.machines.remove(&name);
            if let Some(look) = inside.nodes.get_mut(&name) {
                look.up = false;
            }
            ProvisionReport::Done(())
        })
        .await
    }

    async fn list(&self, _: &PoolName) -> Answer<ProvisionReport<Vec<Machine>>> {
        let machine = |(name, token): (&String, &Option<String>)| Machine {
            node: name.parse().unwrap(),
            address: None,
            token: token.clone(),
            release: None,
        };
        Answer::Done(ProvisionReport::Done(self.get(|inside| inside.machines.iter().map(machine).collect())))
    }

    async fn update(&self, _: &UpdateJob, _: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        Answer::Done(ProvisionReport::Done(()))
    }
}

fn scripted() -> Scripted {
    let world = Scripted::new();
    world.set(|script| script.look = Answer::Done(LookReport::Seen(Box::new(look()))));
    world
}

fn pool() -> Pool {
    let long = Span::from_secs(300);
    Pool {
        fleet: "prod".parse().unwrap(),
        strategy: Strategy::Surge,
        waves: vec![WaveSize::Nodes(1)],
        max_unavailable: 1,
        soak: Span::from_secs(20),
        failure_budget: 0,
        limits: NodeLimits { provision: long, join: long, shift: long, update: long },
        zones: Vec::new(),
        automatic_after: None,
        own_node: None,
        owner: None,
    }
}

async fn begin(dir: &Path, world: World) -> Handle {
    let mut setup = setup();
    setup.pools.insert(workers(), pool());
    let options: Options = options(dir);
    start(options, world, setup).await.unwrap()
}

fn with(rack: &Rack, world: &Scripted) -> World {
    let nodes: Box<dyn Nodes> = Box::new(rack.clone());
    World {
        nodes: BTreeMap::from([("prod".parse().unwrap(), nodes)]),
        provisioner: Box::new(rack.clone()),
        ..world.world()
    }
}

async fn starts(handle: &Handle) {
    until(handle, |state| state.nodes.len() == 2).await;
    handle.command(ana(), Command::Release { pool: workers(), release: r2() }).await;
    let plan = handle.read(|state| state.rollout_plan(&workers(), &r2()).unwrap().hash());
    let seen = Seen { plan: Some(plan), ..Seen::default() };
    let command = Command::StartRollout { pool: workers(), release: r2(), seen, reason: None };
    handle.command(ana(), command).await;
    until(handle, |state| !state.rollouts.is_empty()).await;
}

fn ended(state: &State) -> bool {
    state.rollouts.values().all(|rollout| rollout.ended.is_some())
}

fn all_are_new(rack: &Rack) {
    rack.get(|inside| {
        assert_eq!(inside.nodes.len(), 2);
        assert!(inside.nodes.values().all(|look| look.release == Some(r2())), "{:?}", inside.nodes);
        assert_eq!(inside.machines.keys().collect::<Vec<_>>(), inside.nodes.keys().collect::<Vec<_>>());
    });
}

#[tokio::test(start_paused = true)]
async fn a_pools_nodes_are_polled_and_replaced_one_after_the_other() {
    let (dir, rack) = (tempfile::tempdir().unwrap(), Rack::new());
    let handle = begin(dir.path(), with(&rack, &scripted())).await;
    starts(&handle).await;
    until(&handle, ended).await;
    all_are_new(&rack);
    assert_eq!(rack.get(|inside| (inside.asked, inside.tokens.len())), (2, 2));
    let logs: Vec<String> = std::fs::read_dir(handle.logs())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(logs.contains(&"r1+node:prod+w1+shift+1.log".to_owned()), "{logs:?}");
    assert_eq!(handle.read(|state| state.anomalies.clone()), Vec::<String>::new());
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_is_killed_in_any_stage_goes_on_and_makes_no_node_twice() {
    for stage in ["preflight", "provisioning", "joining", "cordoning", "shifting", "soaking", "retiring"] {
        let (dir, rack, world) = (tempfile::tempdir().unwrap(), Rack::new(), scripted());
        let handle = begin(dir.path(), with(&rack, &world)).await;
        starts(&handle).await;
        let stands = |state: &State| {
            let word = |step: &NodeStep| step.word() == stage;
            state.rollouts.values().any(|rollout| rollout.in_flight().any(word))
        };
        until(&handle, stands).await;
        handle.crash().await;
        let handle = begin(dir.path(), with(&rack, &world)).await;
        assert!(handle.read(stands), "{stage} was forgotten");
        until(&handle, ended).await;
        all_are_new(&rack);
        assert_eq!(rack.get(|inside| inside.tokens.len()), 2, "killed while {stage}");
        assert_eq!(handle.read(|state| state.anomalies.clone()), Vec::<String>::new());
        handle.shutdown().await;
    }
}

/// A machine of ours that no step knows of, and a node of it that is down.
fn leaves(rack: &Rack, handle: &Handle) {
    let token = token::make(&handle.read(|state| state.install.clone()), "a rollout that is forgotten");
    let mut inside = rack.0.lock().unwrap();
    inside.machines.insert("left".to_owned(), Some(token));
    inside.nodes.insert("left".to_owned(), NodeLook { up: false, ..node("left", None) });
}

fn removing(state: &State) -> bool {
    state.orphans.values().any(|one| one.doing.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_no_step_knows_of_is_found_in_the_list_and_goes_with_its_node() {
    let (dir, rack) = (tempfile::tempdir().unwrap(), Rack::new());
    let handle = begin(dir.path(), with(&rack, &scripted())).await;
    until(&handle, |state| state.nodes.len() == 2).await;
    leaves(&rack, &handle);
    until(&handle, |state| !state.orphans.is_empty()).await;
    assert!(rack.get(|inside| inside.machines.contains_key("left")), "the first look removes nothing");
    until(&handle, |state| state.orphans.is_empty()).await;
    rack.get(|inside| {
        assert_eq!(inside.machines.keys().collect::<Vec<_>>(), ["w1", "w2"]);
        assert_eq!(inside.nodes.keys().collect::<Vec<_>>(), ["w1", "w2"]);
    });
    // It was listed some hundred times meanwhile; only what changed is in the journal.
    tokio::time::sleep(Span::from_secs(24 * 3_600).to_std()).await;
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::OrphansSeen { .. })), 2);
    assert_eq!(handle.read(|state| state.anomalies.clone()), Vec::<String>::new());
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_whose_node_came_up_while_no_daemon_ran_is_not_removed_by_what_was_known_before() {
    let (dir, rack, world) = (tempfile::tempdir().unwrap(), Rack::new(), scripted());
    let handle = begin(dir.path(), with(&rack, &world)).await;
    until(&handle, |state| state.nodes.len() == 2).await;
    leaves(&rack, &handle);
    until(&handle, removing).await;
    handle.crash().await;
    rack.0.lock().unwrap().nodes.get_mut("left").unwrap().up = true;
    let handle = begin(dir.path(), with(&rack, &world)).await;
    assert!(handle.read(removing), "what was under way was forgotten");
    until(&handle, |state| state.orphans.is_empty()).await;
    assert!(rack.get(|inside| inside.machines.contains_key("left") && inside.nodes["left"].up));
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_a_lost_source_and_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let nodes: Box<dyn Nodes> = Box::new(Rack::new());
    let nodes = BTreeMap::from([("prod".parse().unwrap(), nodes)]);
    let handle = begin(dir.path(), World { nodes, ..scripted().world() }).await;
    until(&handle, |state| state.lost.contains_key("provisioner of workers")).await;
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::OrphansSeen { .. })), 0);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_asked_about_for_a_while_and_says_of_which_nodes_nothing_is_known() {
    let (dir, rack) = (tempfile::tempdir().unwrap(), Rack::new());
    let handle = begin(dir.path(), with(&rack, &scripted())).await;
    until(&handle, |state| state.nodes.len() == 2).await;
    handle.command(ana(), Command::Release { pool: workers(), release: r2() }).await;
    let plan = handle.read(|state| state.rollout_plan(&workers(), &r2()).unwrap());
    let jobs = plan.preflights(1);
    let (w1, facts) = (jobs[0].node.clone(), handle.seq());
    let found = handle.preflights(jobs.clone()).await;
    assert_eq!(found[&w1].as_ref().map(|report| report.moves.len()), Ok(1));
    // A call takes two seconds, and four are under way: in six seconds twelve are answered.
    let one = &jobs[0];
    let named = |at: usize| format!("prod/x{at:02}").parse().unwrap();
    let many = (0..20).map(|at| PreflightJob { node: named(at), ..one.clone() }).collect();
    let found = handle.preflights(many).await;
    let said =
        |what: &str| found.values().filter(|said| said.as_ref().is_err_and(|why| why.contains(what))).count();
    let (gone, late) = (said("knows no such node"), said("did not answer within 6s"));
    assert!((8..=12).contains(&gone) && gone + late == 20, "{found:?}");
    let elsewhere = PreflightJob { node: "other/w1".parse().unwrap(), ..one.clone() };
    assert!(handle.preflights(vec![elsewhere]).await.values().all(Result::is_err));
    assert_eq!(handle.seq(), facts, "asking is no fact");
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_made_or_moved_in_a_fleet_that_somebody_else_holds() {
    let (dir, rack, world) = (tempfile::tempdir().unwrap(), Rack::new(), scripted());
    let holder = "ops2, process 9".to_owned();
    let beat = crate::model::Timestamp::from_millis(0);
    let theirs = Claim { install: "other".to_owned(), holder, beat, force: false };
    world.set(|script| script.claim = Answer::Done(Claimed::Theirs(theirs)));
    let handle = begin(dir.path(), with(&rack, &world)).await;
    until(&handle, |state| !state.refused_fleets.is_empty()).await;
    starts(&handle).await;
    tokio::time::sleep(Span::from_secs(60).to_std()).await;
    assert_eq!(rack.get(|inside| inside.asked), 0);
    let waits = handle.read(|state| {
        state.rollouts.values().next().and_then(|rollout| state.rollout_waiting(rollout)).unwrap().what
    });
    assert_eq!(waits, "fleet prod: it is held by ops2, process 9");
    world.set(|script| script.claim = Answer::Done(Claimed::Ours));
    until(&handle, ended).await;
    all_are_new(&rack);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_fleet_whose_nodes_cannot_be_changed_says_so_and_nothing_is_pretended() {
    let dir = tempfile::tempdir().unwrap();
    let handle = begin(dir.path(), scripted().world()).await;
    let nodes = vec![node("w1", Some("r1")), node("w2", Some("r1"))];
    let gone = Vec::new();
    handle.shared.observe(EventKind::NodesSeen { fleet: "prod".parse().unwrap(), nodes, gone });
    starts(&handle).await;
    let waits = |state: &State| {
        let rollout = state.rollouts.values().next().unwrap();
        state.rollout_waiting(rollout).map(|waiting| waiting.what).unwrap_or_default()
    };
    until(&handle, |state| waits(state) == "fleet prod: this fleet's nodes cannot be changed yet").await;
    assert_eq!(count(&handle, |kind| matches!(kind, EventKind::NodeProvisioned { .. })), 0);
    handle.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nodes_that_nobody_answers_for_are_a_lost_source_and_not_gone() {
    let (dir, world) = (tempfile::tempdir().unwrap(), scripted());
    let rack = Silent(Rack::new(), Arc::default());
    let nodes: Box<dyn Nodes> = Box::new(rack.clone());
    let nodes = BTreeMap::from([("prod".parse().unwrap(), nodes)]);
    let handle = begin(dir.path(), World { nodes, ..world.world() }).await;
    until(&handle, |state| state.nodes.len() == 2).await;
    *rack.1.lock().unwrap() = true;
    until(&handle, |state| state.lost.contains_key("nodes of prod")).await;
    assert_eq!(handle.read(|state| state.nodes.len()), 2);
    *rack.1.lock().unwrap() = false;
    until(&handle, |state| !state.lost.contains_key("nodes of prod")).await;
    handle.shutdown().await;
}

/// Nodes that stop answering.
#[derive(Clone)]
struct Silent(Rack, Arc<Mutex<bool>>);

#[async_trait]
impl Nodes for Silent {
    async fn nodes(&self) -> Answer<Vec<NodeLook>> {
        let silent = *self.1.lock().unwrap();
        if silent { silence() } else { self.0.nodes().await }
    }
    async fn preflight(&self, job: &PreflightJob) -> Answer<Option<PreflightReport>> {
        self.0.preflight(job).await
    }
    async fn shift(&self, job: &ShiftJob, reporter: &dyn Reporter) -> Answer<ShiftReport> {
        self.0.shift(job, reporter).await
    }
    async fn avail(&self, job: &AvailJob) -> Answer<NodeReport> {
        self.0.avail(job).await
    }
    async fn admit(&self, job: &AdmitJob) -> Answer<NodeReport> {
        self.0.admit(job).await
    }
    async fn retire(&self, job: &RetireJob) -> Answer<NodeReport> {
        self.0.retire(job).await
    }
}
