//! Nodes and machines of a simulated world through their ports, on a paused clock.

use super::file::{Comes, Drains, Flaw, Happening, How, Length, Machines, NodeIs};
use super::*;
use crate::model::nodes::{
    AdmitJob, AvailJob, Availability, DeprovisionJob, FindingKind, Machine, NodeLook, NodeReport,
    PreflightJob, PreflightReport, ProvisionJob, ProvisionReport, RetireJob, ShiftJob, ShiftReport,
    UpdateJob,
};
use crate::model::reports::Answer;
use crate::model::{Action, EffectId, NodeRef, PoolName, RunId, Span, StepKey, Timestamp, WorkloadId};
use crate::ports::{Clock as _, Nodes, Progress, Provisioner as _, Reporter};
use std::collections::BTreeSet;
use std::sync::Arc;

const WORLD: &str = r#"
title = "a pool"
[fleets.prod]
nodes = ["n01", "n02", "n03"]
[pools.workers]
fleet = "prod"
nodes = ["n01", "n02"]
release = "r1"
zones = { n01 = "a" }
[images."debian:jessie"]
[images."web:1"]
from = "debian:jessie"
[workloads."prod/web"]
image = "web:1"
tasks = 3
[workloads."prod/one"]
image = "web:1"
tasks = 1
single = true
"#;

struct Quiet;

impl Reporter for Quiet {
    fn line(&self, _: &str) {}
    fn progress(&self, _: Progress) {}
}

fn node(name: &str) -> NodeRef {
    NodeRef { fleet: "prod".parse().unwrap(), name: name.parse().unwrap() }
}

fn workers() -> PoolName {
    "workers".parse().unwrap()
}

fn web() -> WorkloadId {
    "prod/web".parse().unwrap()
}

fn id(action: Action) -> EffectId {
    EffectId { run: RunId(1), step: StepKey::Node(node("n01")), subject: None, action, attempt: 1 }
}

struct There {
    sim: Sim,
    nodes: Box<dyn Nodes>,
}

impl There {
    fn new() -> Self {
        let clock = Arc::new(SimClock::new(Timestamp::from_millis(1_000_000), 1));
        let sim = Sim::new(WorldFile::parse(WORLD).unwrap(), 7, clock).unwrap();
        let mut world = sim.world();
        let nodes = world.nodes.remove(&node("n01").fleet).unwrap();
        Self { sim, nodes }
    }

    async fn after(&self, secs: u64) {
        self.sim.clock().sleep(Span::from_secs(secs)).await;
    }

    fn see(&self, name: &str) -> Option<NodeLook> {
        self.sim.nodes(&node("n01").fleet).into_iter().find(|look| look.name.as_str() == name)
    }

    fn web_on(&self, name: &str) -> u32 {
        self.see(name).and_then(|look| look.work.get(&web()).copied()).unwrap_or(0)
    }

    async fn preflight(&self, surge: bool) -> PreflightReport {
        let job = PreflightJob { id: id(Action::Preflight), node: node("n01"), surge, removes: surge };
        match self.nodes.preflight(&job).await {
            Answer::Done(Some(report)) => report,
            other => panic!("{other:?}"),
        }
    }

    async fn shift(&self, onto: Option<&str>) -> ShiftReport {
        let job = ShiftJob {
            id: id(Action::Shift),
            from: node("n01"),
            onto: onto.map(|name| name.parse().unwrap()),
            lend: onto.is_some(),
            gaps: BTreeSet::from(["prod/one".parse().unwrap()]),
            timeout: Span::from_secs(60),
        };
        match self.nodes.shift(&job, &Quiet).await {
            Answer::Done(report) => report,
            Answer::Unreachable(silence) => panic!("{silence:?}"),
        }
    }

    async fn active(&self) -> Answer<NodeReport> {
        let want = Availability::Active;
        self.nodes.avail(&AvailJob { id: id(Action::Uncordon), node: node("n01"), want }).await
    }

    async fn provision(&self, token: &str) -> ProvisionReport<Machine> {
        let job = ProvisionJob {
            id: id(Action::Provision),
            pool: workers(),
            release: "r2".parse().unwrap(),
            token: token.to_owned(),
            zone: None,
            replaces: None,
            timeout: Span::from_secs(60),
        };
        match self.sim.provision(&job, &Quiet).await {
            Answer::Done(report) => report,
            Answer::Unreachable(silence) => panic!("{silence:?}"),
        }
    }

    async fn deprovision(&self, token: &str) {
        let job = DeprovisionJob {
            unused: None,
            id: id(Action::Deprovision),
            pool: workers(),
            token: Some(token.to_owned()),
            node: None,
            timeout: Span::from_secs(60),
        };
        let answer = self.sim.deprovision(&job, &Quiet).await;
        assert!(matches!(answer, Answer::Done(ProvisionReport::Done(()))), "{answer:?}");
    }

    fn release(&self, comes: Comes, flaws: Vec<Flaw>) {
        let name = "r2".parse().unwrap();
        self.sim.apply(&Happening::Release { pool: workers(), name, comes, flaws });
    }

    fn hurt(&self) -> usize {
        self.sim
            .deeds(0)
            .iter()
            .filter(|deed| matches!(&deed.doing, Doing::Hurt { workload } if *workload == web()))
            .count()
    }
}

#[tokio::test(start_paused = true)]
async fn the_nodes_of_a_pool_are_labelled_and_the_work_is_spread_over_all() {
    let there = There::new();
    let look = there.see("n01").unwrap();
    assert_eq!(
        (look.pool, look.release, look.zone.as_deref()),
        (Some(workers()), "r1".parse().ok(), Some("a"))
    );
    assert_eq!(there.see("n03").unwrap().pool, None);
    assert_eq!(["n01", "n02", "n03"].map(|name| there.web_on(name)), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_shift_starts_elsewhere_first_and_hurts_nobody() {
    let there = There::new();
    let report = there.shift(Some("n02")).await;
    let ShiftReport::Shifted { moved } = report else { panic!("{report:?}") };
    let web = moved.iter().find(|one| one.workload == web()).unwrap();
    assert_eq!((web.tasks, web.to.len(), web.by.len()), (1, 1, 1));
    let look = there.see("n01").unwrap();
    assert_eq!((look.availability, look.work.len()), (Availability::Drained, 0));
    assert_eq!(there.web_on("n02"), 2);
    assert_eq!(there.hurt(), 0);
    // Asked again by who was killed before the answer came, it finds the same.
    assert_eq!(there.shift(Some("n02")).await, ShiftReport::Shifted { moved });
}

#[tokio::test(start_paused = true)]
async fn a_shift_that_is_cut_off_is_gone_on_with_or_taken_back() {
    let there = There::new();
    for _ in 0..2 {
        let cut = tokio::time::timeout(std::time::Duration::from_millis(1_500), there.shift(None));
        assert!(cut.await.is_err());
    }
    let all = || ["n01", "n02", "n03"].map(|name| there.web_on(name)).iter().sum::<u32>();
    assert_eq!(all(), 4, "one task was added, and not two");
    assert_eq!(there.active().await, Answer::Done(NodeReport::Done { found: false }));
    there.after(5).await;
    assert_eq!((all(), there.web_on("n01")), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_that_sticks_is_blocked_and_names_what_did_not_end() {
    let there = There::new();
    there.sim.apply(&Happening::Drains { fleet: node("n01").fleet, how: Drains::Sticks });
    let report = there.shift(None).await;
    let ShiftReport::Blocked { by, .. } = report else { panic!("{report:?}") };
    assert!(by[0].what.contains("has not ended on n01"), "{by:?}");
    there.sim.apply(&Happening::Heals);
    there.active().await;
    there.after(5).await;
    assert_eq!((there.web_on("n01"), there.hurt()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn preflight_names_gaps_and_what_fits_nowhere() {
    let there = There::new();
    for name in ["n02", "n03"] {
        there.sim.apply(&Happening::Node { name: node(name), is: NodeIs::Cordoned });
    }
    let kinds = |report: PreflightReport| report.blocks.iter().map(|one| one.kind).collect::<Vec<_>>();
    assert!(kinds(there.preflight(false).await).contains(&FindingKind::FitsNowhere));
    assert!(!kinds(there.preflight(true).await).contains(&FindingKind::FitsNowhere), "another node joins");
}

#[tokio::test(start_paused = true)]
async fn one_token_is_one_machine_which_joins_by_itself_and_goes_for_good() {
    let there = There::new();
    let made = there.provision("t1").await;
    assert_eq!(there.provision("t1").await, made);
    let ProvisionReport::Done(machine) = made else { panic!("{made:?}") };
    there.after(10).await;
    let look = there.see(machine.node.as_str()).unwrap();
    assert!(look.up && look.pool.is_none() && look.work.is_empty());
    let admit = AdmitJob {
        id: id(Action::Admit),
        node: node(machine.node.as_str()),
        pool: workers(),
        release: "r2".parse().unwrap(),
        zone: None,
        token: Some("t1".to_owned()),
        manager: false,
    };
    assert_eq!(there.nodes.admit(&admit).await, Answer::Done(NodeReport::Done { found: false }));
    assert_eq!(there.nodes.admit(&admit).await, Answer::Done(NodeReport::Done { found: true }));
    let retire =
        |uid: &str| RetireJob { id: id(Action::Retire), node: admit.node.clone(), uid: Some(uid.to_owned()) };
    assert_eq!(there.nodes.retire(&retire("another")).await, Answer::Done(NodeReport::Gone));
    assert_eq!(there.nodes.retire(&retire(&look.uid)).await, Answer::Done(NodeReport::Done { found: false }));
    there.deprovision("t1").await;
    assert_eq!(there.see(machine.node.as_str()), None);
    assert_eq!(there.sim.machines(&workers()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_command_made_is_in_the_list_and_is_the_answer_later() {
    for how in [Machines::FailsLate, Machines::Hangs, Machines::Garbage, Machines::AnswersTwice] {
        let there = There::new();
        there.sim.apply(&Happening::Machines { pool: workers(), how });
        assert!(matches!(there.provision("t1").await, ProvisionReport::Failed { .. }), "{how:?}");
        assert_eq!(there.sim.machines(&workers()).len(), 3, "{how:?}");
        there.sim.apply(&Happening::Heals);
        assert!(matches!(there.provision("t1").await, ProvisionReport::Done(_)), "{how:?}");
        assert_eq!(there.sim.machines(&workers()).len(), 3, "{how:?}");
    }
    let there = There::new();
    there.sim.apply(&Happening::Machines { pool: workers(), how: Machines::Fails });
    assert!(matches!(there.provision("t1").await, ProvisionReport::Failed { .. }));
    assert_eq!(there.sim.machines(&workers()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_release_can_keep_its_nodes_away_or_take_them_down() {
    let there = There::new();
    there.release(Comes::Never, Vec::new());
    there.provision("t1").await;
    there.after(600).await;
    assert_eq!(there.sim.nodes(&node("n01").fleet).len(), 3);
    there.release(Comes::Vanishes(Length::secs(20)), Vec::new());
    there.provision("t2").await;
    there.after(10).await;
    assert!(there.sim.nodes(&node("n01").fleet)[3].up);
    there.after(20).await;
    assert!(!there.sim.nodes(&node("n01").fleet)[3].up);
}

#[tokio::test(start_paused = true)]
async fn a_workload_shows_a_release_s_flaw_only_on_its_nodes() {
    let there = There::new();
    let flaw = Flaw { hits: "prod/web".to_owned(), how: How::HealthLies, after: None };
    there.release(Comes::Well, vec![flaw]);
    let ProvisionReport::Done(machine) = there.provision("t1").await else { panic!("not made") };
    there.after(10).await;
    assert_eq!(there.hurt(), 0);
    assert!(matches!(there.shift(Some(machine.node.as_str())).await, ShiftReport::Shifted { .. }));
    assert_eq!(there.hurt(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_in_place_is_away_for_a_while_and_runs_the_release_then() {
    let there = There::new();
    there.shift(None).await;
    let update = UpdateJob {
        id: id(Action::Update),
        pool: workers(),
        node: "n01".parse().unwrap(),
        address: None,
        release: "r2".parse().unwrap(),
        timeout: Span::from_secs(60),
    };
    let answer = there.sim.update(&update, &Quiet).await;
    assert!(matches!(answer, Answer::Done(ProvisionReport::Done(()))), "{answer:?}");
    there.after(10).await;
    let look = there.see("n01").unwrap();
    assert!(look.up && look.release == "r1".parse().ok(), "its label is ours to set: {look:?}");
    assert_eq!(there.sim.machines(&workers())[0].release, "r2".parse().ok());
}

#[tokio::test(start_paused = true)]
async fn the_work_of_a_node_that_goes_down_is_started_elsewhere() {
    let there = There::new();
    there.sim.apply(&Happening::Node { name: node("n01"), is: NodeIs::Down });
    there.after(10).await;
    assert_eq!(["n01", "n02", "n03"].map(|name| there.web_on(name)).iter().sum::<u32>(), 3);
    assert_eq!(there.web_on("n01"), 0);
    there.sim.apply(&Happening::Heals);
    assert!(there.see("n01").unwrap().up);
}
