//! Emptying, admitting and removing nodes, on a real Swarm, with a client that counts failed requests.
//!
//! The lab's own `web` has a port of its own on each of its three workers, so it fits nowhere while one is emptied: here it is a workload whose gap was
//! agreed to. Kernels without IPVS have no routing mesh, so services are reached at ports of the nodes themselves; the mesh is not tested.

use crate::client::{self, Client};
use crate::lab::{Lab, Service, done};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};
use tidegate::model::nodes::{
    AdmitJob, AvailJob, Availability, FindingKind, NodeLook, NodeReport, NodeRole, PreflightJob, RetireJob,
    ShiftJob, ShiftReport,
};
use tidegate::model::reports::{Answer, TaskState};
use tidegate::model::{Action, EffectId, NodeRef, RunId, Span, StepKey, WorkloadId};
use tidegate::ports::{Nodes, Progress, Reporter};

/// Longer than any wait that was seen, on a machine that has other work too.
const PATIENCE: Duration = Duration::from_secs(120);

/// Shows on the test's output what a shift says.
pub struct Told;

impl Reporter for Told {
    fn line(&self, line: &str) {
        eprintln!("  {line}");
    }
    fn progress(&self, progress: Progress) {
        eprintln!("  [{}/{}] {}", progress.done, progress.total, progress.doing);
    }
}

pub fn id() -> EffectId {
    let step = StepKey::Deploy("lab/any".parse().unwrap());
    EffectId { run: RunId(1), step, action: Action::Look, subject: None, attempt: 1 }
}

pub fn node(name: &str) -> NodeRef {
    format!("lab/{name}").parse().unwrap()
}

pub fn shift(from: &str) -> ShiftJob {
    let gaps = BTreeSet::from(["lab/web".parse::<WorkloadId>().unwrap()]);
    ShiftJob { id: id(), from: node(from), onto: None, lend: true, gaps, timeout: Span::from_secs(90) }
}

pub fn avail(name: &str, want: Availability) -> AvailJob {
    AvailJob { id: id(), node: node(name), want }
}

async fn looks(lab: &Lab) -> Vec<NodeLook> {
    again(async || lab.swarm().nodes().await).await
}

pub async fn look(lab: &Lab, name: &str) -> NodeLook {
    looks(lab).await.into_iter().find(|look| look.name.as_str() == name).unwrap()
}

/// Asks until somebody answers, as the engine does: a manager on a busy machine does not always, least of all while it gets a second one.
pub async fn again<T: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> Answer<T>) -> T {
    let start = Instant::now();
    loop {
        match ask().await {
            Answer::Done(done) => return done,
            Answer::Unreachable(silence) => {
                eprintln!("  {}: {}", silence.who, silence.why);
                assert!(start.elapsed() < PATIENCE, "{silence:?}");
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A node that takes work again when this is dropped.
pub struct Borrowed<'a>(&'a Lab, String);

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let args = ["-H", &self.0.host, "node", "update", "--availability", "active", &self.1];
        // Other tests need it. Where it cannot be had, they will say so.
        let active = || Command::new("docker").args(args).output().is_ok_and(|out| out.status.success());
        let _ = (0..10).any(|_| active());
    }
}

pub fn borrowed<'a>(lab: &'a Lab, name: &str) -> Borrowed<'a> {
    Borrowed(lab, name.to_owned())
}

/// A service that answers on `port` of the workers that it runs on, and its client. (The manager is never emptied: its engine is the one
/// that is asked.)
pub async fn answering<'a>(lab: &'a Lab, name: &str, port: u16, replicas: &str) -> (Service<'a>, Client) {
    let health = "/bin/busybox wget -q -O /dev/null http://127.0.0.1:8080/health";
    let quick = ["--health-interval", "500ms", "--health-retries", "20", "--health-start-period", "5s"];
    with_client(lab, name, port, replicas, &[&["--health-cmd", health], &quick[..]].concat()).await
}

/// The same with these further arguments instead of a health check.
async fn with_client<'a>(
    lab: &'a Lab,
    name: &str,
    port: u16,
    replicas: &str,
    further: &[&str],
) -> (Service<'a>, Client) {
    let publish = format!("mode=host,target=8080,published={port}");
    let args = ["--replicas", replicas, "--publish", &publish, "--constraint", "node.role==worker"];
    let service = lab.service(name, "http", &[&args[..], further].concat());
    service.settled().await;
    let addresses = looks(lab).await.into_iter().filter_map(|look| look.address);
    let ends: Vec<SocketAddr> = addresses.map(|host| format!("{host}:{port}").parse().unwrap()).collect();
    assert_eq!(ends.len(), 4, "the lab has four nodes");
    until("an answer", async || ends.iter().any(|end| client::answers(*end))).await;
    (service, Client::on(ends))
}

/// The worker that a service's first task runs on.
pub async fn worker_of(service: &Service<'_>) -> String {
    service.look().await.tasks[0].node.as_ref().unwrap().to_string()
}

pub async fn replicas(service: &Service<'_>) -> u64 {
    service.raw().await["Spec"]["Mode"]["Replicated"]["Replicas"].as_u64().unwrap()
}

pub async fn until(what: &str, mut wanted: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !wanted().await {
        assert!(start.elapsed() < PATIENCE, "{what} never came");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Empties a node, and tells what moved.
pub async fn empty(lab: &Lab, job: &ShiftJob) -> Vec<(String, u32)> {
    shifted(again(async || lab.swarm().shift(job, &Told).await).await)
}

pub fn shifted(report: ShiftReport) -> Vec<(String, u32)> {
    match report {
        ShiftReport::Shifted { moved } => {
            moved.into_iter().map(|moved| (moved.workload.to_string(), moved.tasks)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_of_two_and_one_of_one_are_moved_without_a_failed_request() {
    let lab = Lab::find();
    let (one, of_one) = answering(&lab, "flt-one", 8191, "1").await;
    let (two, of_two) = answering(&lab, "flt-two", 8192, "2").await;
    let at = worker_of(&one).await;
    let _borrowed = borrowed(&lab, &at);
    let mark = one.look().await.spec;
    let moved = empty(&lab, &shift(&at)).await;
    assert!(moved.contains(&("lab/flt-one".to_owned(), 1)), "{moved:?}");
    let after = look(&lab, &at).await;
    assert_eq!((after.availability, after.work.len()), (Availability::Drained, 0));
    assert_eq!((replicas(&one).await, replicas(&two).await), (1, 2));
    let spec = one.look().await.spec;
    assert_eq!(
        (&spec.rest, &spec.mark),
        (&mark.rest, &mark.mark),
        "a shift changes nothing that identifies a spec"
    );
    let again = empty(&lab, &shift(&at)).await;
    assert_eq!(again, moved, "a second call moves nothing and tells the same");
    for (name, client) in [("one", of_one), ("two", of_two)] {
        let (asked, failures) = client.end();
        eprintln!("{name}: {} of {asked} requests failed", failures.len());
        // It asks 20 times a second, and a shift takes seconds: fewer, and it has not looked.
        assert!(asked > 20, "only {asked} requests of {name}");
        assert!(failures.is_empty(), "{name}: {failures:?}");
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn the_same_client_catches_a_plain_drain() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-plain", 8193, "1").await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    lab.docker(&["node", "update", "--availability", "drain", &at]);
    let moved = |look: &tidegate::model::reports::Look| {
        look.running == 1
            && look.tasks.iter().all(|task| task.node.as_ref().is_some_and(|n| n.as_str() != at))
    };
    service.until("the task elsewhere", moved).await;
    let (asked, failures) = client.end();
    eprintln!("plain drain: {} of {asked} requests failed", failures.len());
    assert!(!failures.is_empty(), "a drain stops a task before its replacement runs");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_shift_that_is_cut_off_goes_on_and_adds_nothing_twice() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-cut", 8194, "2").await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    for _ in 0..2 {
        let (swarm, job) = (lab.swarm(), shift(&at));
        let cut = tokio::spawn(async move { swarm.shift(&job, &Told).await });
        until("the further task", async || replicas(&service).await == 3).await;
        cut.abort();
        assert!(cut.await.is_err_and(|error| error.is_cancelled()), "it was cut off");
    }
    let moved = empty(&lab, &shift(&at)).await;
    assert!(moved.contains(&("lab/flt-cut".to_owned(), 1)), "{moved:?}");
    assert_eq!(replicas(&service).await, 2);
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn setting_a_node_active_again_takes_a_cut_off_shift_back() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-back", 8195, "2").await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    let before = service.raw().await["Spec"].clone();
    let (swarm, job) = (lab.swarm(), shift(&at));
    let cut = tokio::spawn(async move { swarm.shift(&job, &Told).await });
    until("the further task", async || replicas(&service).await == 3).await;
    cut.abort();
    let _ = cut.await;
    let start = Instant::now();
    let (swarm, job) = (lab.swarm(), avail(&at, Availability::Active));
    let back = tokio::spawn(async move { swarm.avail(&job).await });
    until("the active node", async || look(&lab, &at).await.availability == Availability::Active).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(done(back.await.unwrap()), NodeReport::Done { found: false });
    assert_eq!(service.raw().await["Spec"], before, "nothing is left of it");
    service.settled().await;
    let again = done(lab.swarm().avail(&avail(&at, Availability::Active)).await);
    assert_eq!(again, NodeReport::Done { found: true });
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn preflight_names_what_fits_nowhere_before_anything_is_touched() {
    let lab = Lab::find();
    let pinned = lab.service("flt-pinned", "1", &["--constraint", "node.hostname==w2"]);
    pinned.settled().await;
    let version = || lab.docker(&["node", "inspect", "-f", "{{.Version.Index}}", "w2"]);
    let (before, spec) = (version(), pinned.raw().await["Version"].clone());
    let job = PreflightJob { id: id(), node: node("w2"), surge: false, removes: false };
    let report = done(lab.swarm().preflight(&job).await).unwrap();
    assert_eq!(version(), before, "the node was not touched");
    let block = report.blocks.iter().find(|block| block.workload.as_ref() == Some(&pinned.id)).unwrap();
    assert_eq!(block.kind, FindingKind::FitsNowhere);
    assert!(block.what.contains("does not meet"), "{}", block.what);
    assert_eq!(report.moves[&pinned.id], 1);
    let swarm = lab.swarm();
    let ShiftReport::Blocked { moved, by } = done(swarm.shift(&shift("w2"), &Told).await) else {
        panic!("it moved")
    };
    let _borrowed = borrowed(&lab, "w2");
    assert!(
        moved.is_empty() && by.iter().any(|finding| finding.workload.as_ref() == Some(&pinned.id)),
        "{by:?}"
    );
    assert_eq!(look(&lab, "w2").await.availability, Availability::Cordoned);
    assert_eq!(pinned.raw().await["Version"], spec, "the service was not touched");
    let job = PreflightJob { node: node("w9"), ..job };
    assert_eq!(done(swarm.preflight(&job).await), None);
    let manager = PreflightJob { node: node("m1"), ..job };
    let report = done(swarm.preflight(&manager).await).unwrap();
    assert!(report.blocks.iter().any(|block| block.kind == FindingKind::Quorum), "{report:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_node_is_admitted_made_a_manager_demoted_and_removed() {
    let lab = Lab::find();
    let swarm = lab.swarm();
    let name = "w3";
    // Swarm does not rebalance, so whatever the node carries is put there.
    let carried = lab.service("flt-carried", "1", &["--constraint", "node.hostname==w3"]);
    carried.settled().await;
    let mut admit = AdmitJob {
        id: id(),
        node: node(name),
        pool: "workers".parse().unwrap(),
        // One that no earlier run of this test has left there.
        release: format!("r{}", std::process::id()).parse().unwrap(),
        zone: Some("a".to_owned()),
        token: Some("t1".to_owned()),
        manager: false,
    };
    assert_eq!(done(swarm.admit(&admit).await), NodeReport::Done { found: false });
    assert_eq!(done(swarm.admit(&admit).await), NodeReport::Done { found: true });
    let seen = look(&lab, name).await;
    assert_eq!((seen.pool, seen.release), (Some(admit.pool.clone()), Some(admit.release.clone())));
    assert_eq!((seen.zone.as_deref(), seen.token.as_deref()), (Some("a"), Some("t1")));
    let retire =
        |name: &str, uid: Option<&str>| RetireJob { id: id(), node: node(name), uid: uid.map(str::to_owned) };
    let carries = done(swarm.retire(&retire(name, None)).await);
    assert!(matches!(&carries, NodeReport::Refused(why) if why.contains("still carries")), "{carries:?}");
    assert!(matches!(done(swarm.retire(&retire("m1", None)).await), NodeReport::Refused(_)));
    let _borrowed = borrowed(&lab, name);
    lab.docker(&["service", "update", "-d", "--constraint-rm", "node.hostname==w3", &carried.name]);
    empty(&lab, &shift(name)).await;
    admit.manager = true;
    let promoted = again(async || swarm.admit(&admit).await).await;
    assert!(matches!(promoted, NodeReport::Done { .. }), "{promoted:?}");
    assert!(matches!(look(&lab, name).await.role, NodeRole::Manager { reachable: true, .. }));
    let uid = look(&lab, name).await.uid;
    let other = again(async || swarm.retire(&retire(name, Some("somebodyelse"))).await).await;
    assert_eq!(other, NodeReport::Gone);
    let removed = again(async || swarm.retire(&retire(name, Some(&uid))).await).await;
    assert!(matches!(removed, NodeReport::Done { .. } | NodeReport::Gone), "{removed:?}");
    assert_eq!(again(async || swarm.retire(&retire(name, Some(&uid))).await).await, NodeReport::Gone);
    assert!(looks(&lab).await.iter().all(|look| look.name.as_str() != name));
    rejoin(&lab, name).await;
}

/// Puts the node back into the Swarm, as the lab had made it.
async fn rejoin(lab: &Lab, name: &str) {
    lab.docker_on(name, &["swarm", "leave", "--force"]);
    let token = lab.docker(&["swarm", "join-token", "-q", "worker"]);
    let info: Value = serde_json::from_str(&lab.docker(&["info", "-f", "{{json .Swarm}}"])).unwrap();
    let manager = format!("{}:2377", info["NodeAddr"].as_str().unwrap());
    lab.docker_on(name, &["swarm", "join", "--token", &token, &manager]);
    until("the node again", async || {
        looks(lab).await.iter().any(|look| look.name.as_str() == name && look.up)
    })
    .await;
    let labels = ["tidegate.pool=workers", "tidegate.release=r0", "tidegate.zone=a"];
    for label in labels {
        lab.docker(&["node", "update", "--label-add", label, name]);
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn tasks_without_a_health_check_are_relied_on_only_after_a_while() {
    let lab = Lab::find();
    let (service, client) = with_client(&lab, "flt-bare", 8196, "1", &[]).await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    empty(&lab, &shift(&at)).await;
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

/// On its node it is well, on any other it never gets healthy.
#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_shift_whose_new_tasks_are_sick_is_blocked_and_taken_back_without_a_failed_request() {
    let lab = Lab::find();
    let health =
        ["--env", "NODE={{.Node.Hostname}}", "--health-cmd", "[ \"$NODE\" = w2 ]", "--health-retries", "3"];
    let quick = ["--health-interval", "500ms", "--constraint", "node.hostname==w2"];
    let (service, client) = with_client(&lab, "flt-sick", 8197, "1", &[&health[..], &quick].concat()).await;
    let _borrowed = borrowed(&lab, "w2");
    lab.docker(&["service", "update", "-d", "--constraint-rm", "node.hostname==w2", &service.name]);
    let before = service.settled().await.spec;
    let job = ShiftJob { timeout: Span::from_secs(15), ..shift("w2") };
    let ShiftReport::Blocked { by, .. } = done(lab.swarm().shift(&job, &Told).await) else {
        panic!("it moved")
    };
    assert!(by.iter().any(|finding| finding.workload.as_ref() == Some(&service.id)), "{by:?}");
    assert!(by[0].what.contains("0 of 1 healthy tasks on other nodes"), "{by:?}");
    assert_eq!((look(&lab, "w2").await.availability, replicas(&service).await), (Availability::Cordoned, 2));
    let start = Instant::now();
    let active = done(lab.swarm().avail(&avail("w2", Availability::Active)).await);
    eprintln!("active and taken back after {:?}", start.elapsed());
    assert_eq!((active, replicas(&service).await), (NodeReport::Done { found: false }, 1));
    let after = service.settled().await;
    assert_eq!((after.spec.rest, after.tasks[0].node.as_ref().unwrap().as_str()), (before.rest, "w2"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn two_that_empty_the_same_node_at_once_add_once() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-both", 8198, "2").await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    let (one, two, job) = (lab.swarm(), lab.swarm(), shift(&at));
    let most = std::sync::atomic::AtomicU64::new(0);
    let both = async { tokio::join!(one.shift(&job, &Told), two.shift(&job, &Told)) };
    let watch = async {
        loop {
            most.fetch_max(replicas(&service).await, std::sync::atomic::Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (a, b) = tokio::select! { done = both => done, () = watch => unreachable!("it never ends") };
    assert_eq!(shifted(done(a)), shifted(done(b)));
    assert_eq!((most.into_inner(), replicas(&service).await), (3, 2));
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn two_nodes_are_emptied_at_once_without_a_failed_request() {
    let lab = Lab::find();
    let health = "/bin/busybox wget -q -O /dev/null http://127.0.0.1:8080/health";
    let args = ["--health-cmd", health, "--health-interval", "500ms", "--health-retries", "20"];
    let on = ["--constraint", "node.hostname!=w3"];
    let (service, client) = with_client(&lab, "flt-pair", 8199, "2", &[&args[..], &on].concat()).await;
    let rm = ["--constraint-rm", "node.hostname!=w3", "--constraint-rm", "node.role==worker"];
    lab.docker(&[&["service", "update", "-d"], &rm[..], &[&service.name]].concat());
    service.settled().await;
    let _away = Away::api(&lab);
    let _borrowed = (borrowed(&lab, "w1"), borrowed(&lab, "w2"));
    let (one, two, of_one, of_two) = (lab.swarm(), lab.swarm(), shift("w1"), shift("w2"));
    let (a, b) = tokio::join!(one.shift(&of_one, &Told), two.shift(&of_two, &Told));
    for moved in [shifted(done(a)), shifted(done(b))] {
        assert!(moved.contains(&("lab/flt-pair".to_owned(), 1)), "{moved:?}");
    }
    assert_eq!(replicas(&service).await, 2);
    // Of slots that were taken away, the task that ended last is still shown.
    let tasks = service.settled().await.tasks;
    let running = tasks.iter().filter(|task| task.state == TaskState::Running);
    let on: BTreeSet<String> =
        running.filter_map(|task| task.node.as_ref()).map(ToString::to_string).collect();
    assert_eq!(on, BTreeSet::from(["m1".to_owned(), "w3".to_owned()]));
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

/// The lab's own `api`, which would need more free ports than there are when two of three workers are emptied; back when this is dropped.
struct Away<'a>(&'a Lab);

impl<'a> Away<'a> {
    fn api(lab: &'a Lab) -> Self {
        let away = Self(lab);
        away.scale("api=0");
        away
    }

    fn scale(&self, to: &str) {
        let _ = Command::new("docker").args(["-H", &self.0.host, "service", "scale", to]).output();
    }
}

impl Drop for Away<'_> {
    fn drop(&mut self) {
        self.scale("api=2");
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn what_fitted_nowhere_while_its_node_was_away_runs_there_again() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-full", 8200, "3").await;
    let _borrowed = borrowed(&lab, "w1");
    let before = service.raw().await["Version"].clone();
    let ShiftReport::Blocked { by, .. } = done(lab.swarm().shift(&shift("w1"), &Told).await) else {
        panic!("it moved")
    };
    assert_eq!(by.len(), 1, "{by:?}");
    assert_eq!((by[0].kind, by[0].workload.as_ref()), (FindingKind::FitsNowhere, Some(&service.id)));
    let mut agreed = shift("w1");
    agreed.gaps.insert(service.id.clone());
    let moved = empty(&lab, &agreed).await;
    assert!(moved.contains(&("lab/flt-full".to_owned(), 1)), "{moved:?}");
    let waits = |look: &tidegate::model::reports::Look| look.running == 2;
    service.until("a task that waits", waits).await;
    assert_eq!(
        service.raw().await["Version"],
        before,
        "a new revision would make Swarm forget the task that waits"
    );
    again(async || lab.swarm().avail(&avail("w1", Availability::Active)).await).await;
    assert_eq!(service.settled().await.running, 3);
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}
