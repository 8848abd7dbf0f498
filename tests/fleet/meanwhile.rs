//! What else there is on a node that is emptied, and what others do to it meanwhile, on a real Swarm.

use crate::lab::{Lab, done};
use crate::nodes::{Told, again};
use crate::nodes::{answering, borrowed, empty, id, look, node, replicas, shift, shifted, until, worker_of};
use tidegate::model::Span;
use tidegate::model::nodes::{Availability, FindingKind, PreflightJob, ShiftJob, ShiftReport};
use tidegate::ports::Nodes;

/// What a pipeline does that rolls out a whole specification, as `docker stack deploy` and `docker service update --rollback` do.
#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_whose_spec_is_replaced_while_its_node_is_emptied_moves_anew_without_a_failed_request() {
    let lab = Lab::find();
    let (service, client) = answering(&lab, "flt-anew", 8201, "1").await;
    let at = worker_of(&service).await;
    let _borrowed = borrowed(&lab, &at);
    let (swarm, job) = (lab.swarm(), shift(&at));
    let shifting = tokio::spawn(async move { swarm.shift(&job, &Told).await });
    until("the further task", async || replicas(&service).await == 2).await;
    let back = ["service", "update", "-d", "--replicas", "1", "--label-rm", "tidegate.shift", "flt-anew"];
    lab.docker(&back);
    let moved = shifted(done(shifting.await.unwrap()));
    assert!(moved.contains(&("lab/flt-anew".to_owned(), 1)), "{moved:?}");
    assert_eq!((replicas(&service).await, look(&lab, &at).await.work.len()), (1, 0));
    let (asked, failures) = client.end();
    assert!(failures.is_empty(), "of {asked}: {failures:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_job_is_named_before_its_node_is_emptied_and_goes_on_there_once_that_was_agreed_to() {
    let lab = Lab::find();
    // It ends by itself: Swarm would leave it running when its service is removed.
    let runs = ["--entrypoint", "/bin/busybox sleep 120", "--restart-condition", "none"];
    let job = ["--mode", "replicated-job", "--constraint", "node.role==worker"];
    let job = lab.service("flt-job", "1", &[job, runs].concat());
    until("a running job", async || job.look().await.running == 1).await;
    let at = worker_of(&job).await;
    let _borrowed = borrowed(&lab, &at);
    assert_eq!(look(&lab, &at).await.work[&job.id], 1);
    let ask = PreflightJob { id: id(), node: node(&at), surge: true, removes: false };
    let report = again(async || lab.swarm().preflight(&ask).await).await.unwrap();
    let said = report.blocks.iter().find(|block| block.workload.as_ref() == Some(&job.id)).unwrap();
    assert_eq!(said.kind, FindingKind::Gap);
    assert!(said.what.starts_with("flt-job is a job"), "{}", said.what);
    // As where it has begun since the preflight: the others move, and its own end is waited for.
    let short = ShiftJob { timeout: Span::from_secs(8), ..shift(&at) };
    let ShiftReport::Blocked { by, .. } = done(lab.swarm().shift(&short, &Told).await) else {
        panic!("nobody agreed")
    };
    assert_eq!(by.len(), 1, "{by:?}");
    assert!(by[0].what.starts_with("flt-job is a job that runs here"), "{by:?}");
    assert_eq!(job.look().await.running, 1, "it was not touched");
    let mut agreed = shift(&at);
    agreed.gaps.insert(job.id.clone());
    empty(&lab, &agreed).await;
    let left = look(&lab, &at).await;
    assert_eq!((left.availability, left.work), (Availability::Drained, [(job.id.clone(), 1)].into()));
}

/// Swarm keeps the task of a node on which it did not fit, and never changes its state again.
#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_task_that_never_ran_does_not_hold_the_shift_of_its_node_up() {
    let lab = Lab::find();
    let large = lab.service("flt-large", "1", &["--mode", "global", "--reserve-memory", "900G"]);
    let waits = async || {
        let query = ["service", "ps", "--filter", "node=w3", "--format", "{{.CurrentState}}", &large.name];
        lab.docker(&query).starts_with("Pending")
    };
    until("a task that waits on w3", waits).await;
    let _borrowed = borrowed(&lab, "w3");
    empty(&lab, &shift("w3")).await;
    assert_eq!(look(&lab, "w3").await.availability, Availability::Drained);
}
