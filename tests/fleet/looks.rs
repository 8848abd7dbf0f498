//! What is seen of services and their tasks on a real Swarm.

use crate::lab::{Lab, done};
use tidegate::adapters::fleet::docker::DockerHost;
use tidegate::model::Timestamp;
use tidegate::model::reports::{LookReport, TaskLook, TaskState, UpdateState};
use tidegate::ports::Fleet;

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_crash_loop_is_counted_task_by_task() {
    let lab = Lab::find();
    let service = lab.service("flt-crash", "1", &["--update-failure-action", "continue"]);
    let before = service.settled().await;
    assert!(before.ended.is_empty(), "{:?}", before.ended);
    done(lab.swarm().deploy(&service.deploy("crash", "r1/g", &before.spec)).await);
    let look = service.until("two crashes", |look| look.ended.len() >= 2).await;
    assert!(
        look.ended.iter().all(|task| task.exit == Some(3) && task.name == "flt-crash.1"),
        "{:?}",
        look.ended
    );
    assert_ne!(look.ended[0].id, look.ended[1].id);
    done(lab.swarm().restore(&service.restore("r1/g", &before.spec)).await);
    let back = service.settled().await;
    assert!(back.ended.is_empty(), "{:?}", back.ended);
    // The same image once more: what it did the first time is no failure of the second.
    done(lab.swarm().deploy(&service.deploy("crash", "r2/g", &back.spec)).await);
    let old = |id| look.ended.iter().any(|task| task.id == id);
    let again = service.look().await;
    assert!(!again.ended.into_iter().any(|task| old(task.id)), "{:?}", look.ended);
    service.until("a new crash", |look| !look.ended.is_empty()).await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_task_that_ends_well_by_itself_is_a_failure_too() {
    let lab = Lab::find();
    let service = lab.service("flt-done", "1", &["--update-failure-action", "continue"]);
    let before = service.settled().await;
    done(lab.swarm().deploy(&service.deploy("done", "r1/h", &before.spec)).await);
    let look = service.until("an end", |look| !look.ended.is_empty()).await;
    assert_eq!(look.ended[0].exit, Some(0));
    assert!(look.ended[0].message.starts_with("ended by itself"), "{:?}", look.ended);
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn stopping_old_tasks_is_no_failure() {
    let lab = Lab::find();
    let service = lab.service("flt-stop", "1", &["--replicas", "2"]);
    let before = service.settled().await;
    done(lab.swarm().deploy(&service.deploy("2", "r1/i", &before.spec)).await);
    let look = service.until("completion", |look| look.update == UpdateState::Completed).await;
    assert!(look.ended.is_empty() && look.running == 2, "{look:?}");
    done(lab.swarm().restore(&service.restore("r1/i", &before.spec)).await);
    let look = service.until("completion", |look| look.update == UpdateState::Completed).await;
    assert!(look.ended.is_empty() && look.running == 2, "{look:?}");
    assert_eq!(look.digest, service.digest("1"));
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn right_after_a_change_the_update_before_it_says_nothing_any_more() {
    let lab = Lab::find();
    let service = lab.service("flt-stale", "1", &["--update-monitor", "5s"]);
    let before = service.settled().await.spec;
    done(lab.swarm().deploy(&service.deploy("2", "r1/j", &before)).await);
    service.until("completion", |look| look.update == UpdateState::Completed).await;
    done(lab.swarm().restore(&service.restore("r1/j", &before)).await);
    let look = service.look().await;
    assert!(matches!(look.update, UpdateState::None | UpdateState::Updating), "{:?}", look.update);
    assert!(look.spec.mark.is_none() && look.spec.image == before.image);
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_task_that_fits_nowhere_says_why() {
    let lab = Lab::find();
    let service = lab.service("flt-nowhere", "1", &["--constraint", "node.labels.nowhere==yes"]);
    // It first says that it is being scheduled.
    let says_why =
        |task: &TaskLook| task.message.as_ref().is_some_and(|why| why.contains("no suitable node"));
    let look = service.until("the reason", |look| look.tasks.iter().any(says_why)).await;
    assert_eq!((look.running, look.tasks[0].state), (0, TaskState::Pending));
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn health_check_and_nodes_are_seen() {
    let lab = Lab::find();
    let checked = [
        "--mode",
        "global",
        "--health-cmd",
        "/bin/busybox true",
        "--health-interval",
        "1s",
        "--network",
        "host",
    ];
    let service = lab.service("flt-global", "1", &checked);
    let look =
        service.until("a task on each node", |look| look.desired > 1 && look.running == look.desired).await;
    assert!(look.health_check);
    for task in &look.tasks {
        let node = task.node.as_ref().unwrap();
        assert_eq!(task.name, format!("flt-global.{node}"));
        assert!(task.address.is_some() && task.digest == service.digest("1"));
    }
    let all = done(lab.swarm().workloads().await);
    let row = all.iter().find(|row| row.workload == service.id).unwrap();
    assert_eq!((row.running, row.desired, row.nodes.len()), (look.running, look.desired, look.tasks.len()));
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn only_the_exact_name_is_that_service() {
    let lab = Lab::find();
    let service = lab.service("flt-exact", "1", &[]);
    let id = service.raw().await["ID"].as_str().unwrap().to_owned();
    let by_id = format!("lab/{id}").parse().unwrap();
    assert_eq!(done(lab.swarm().look(&by_id, Timestamp::default()).await), LookReport::Gone);
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_plain_engine_shows_its_containers_and_changes_none() {
    let lab = Lab::find();
    let image = lab.image("1").to_string();
    let _gone = Container(&lab, "flt-plain");
    lab.docker(&["run", "-d", "--name", "flt-plain", &image]);
    let host = DockerHost::new("here".parse().unwrap(), &lab.host).unwrap();
    let all = done(host.observe().await);
    let row = all.iter().find(|row| row.workload.name.as_str() == "flt-plain").unwrap();
    assert_eq!((row.image.as_str(), row.running, row.nodes.len()), (image.as_str(), 1, 1));
    assert_eq!(row.digest, Some(lab.pinned("1").digest));
    let look = match done(host.look(&row.workload, Timestamp::default()).await) {
        LookReport::Seen(look) => *look,
        LookReport::Gone => panic!("it runs"),
    };
    assert_eq!((look.running, look.digest.as_ref()), (1, row.digest.as_ref()));
    let gone = "here/flt-nothing".parse().unwrap();
    assert_eq!(done(host.look(&gone, Timestamp::default()).await), LookReport::Gone);
}

/// A container that is gone when this is dropped.
struct Container<'a>(&'a Lab, &'static str);

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let args = ["-H", &self.0.host, "rm", "-f", self.1];
        let _ = std::process::Command::new("docker").args(args).output();
    }
}
