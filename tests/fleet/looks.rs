//! What is seen of services and their tasks on a real Swarm.

use crate::lab::{Lab, done};
use tidegate::adapters::fleet::swarm::Swarm;
use tidegate::model::Timestamp;
use tidegate::model::reports::{Answer, LookReport, TaskState, UpdateState};
use tidegate::ports::Fleet;

#[tokio::test]
async fn a_crash_loop_is_counted_task_by_task() {
    let Some(lab) = Lab::find() else { return };
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
}

#[tokio::test]
async fn a_task_that_ends_well_by_itself_is_a_failure_too() {
    let Some(lab) = Lab::find() else { return };
    let service = lab.service("flt-done", "1", &["--update-failure-action", "continue"]);
    let before = service.settled().await;
    done(lab.swarm().deploy(&service.deploy("done", "r1/h", &before.spec)).await);
    let look = service.until("an end", |look| !look.ended.is_empty()).await;
    assert_eq!(look.ended[0].exit, Some(0));
    assert!(look.ended[0].message.starts_with("ended by itself"), "{:?}", look.ended);
}

#[tokio::test]
async fn stopping_old_tasks_is_no_failure() {
    let Some(lab) = Lab::find() else { return };
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
async fn right_after_a_change_nothing_says_done() {
    let Some(lab) = Lab::find() else { return };
    let service = lab.service("flt-stale", "1", &["--update-monitor", "1s"]);
    let swarm = lab.swarm();
    let first = service.settled().await.spec;
    done(swarm.deploy(&service.deploy("2", "r1/j", &first)).await);
    let look = service.until("completion", |look| look.update == UpdateState::Completed).await;
    done(swarm.restore(&service.restore("r1/j", &look.spec)).await);
    let restore = service.restore("r1/j", &first);
    done(swarm.restore(&restore).await);
    let look = service.look().await;
    assert!(look.update != UpdateState::Completed || look.running == look.desired, "{look:?}");
    assert!(look.running == 0 || look.tasks.iter().any(|t| t.current), "{look:?}");
}

#[tokio::test]
async fn a_task_that_fits_nowhere_says_why() {
    let Some(lab) = Lab::find() else { return };
    let service = lab.service("flt-nowhere", "1", &["--constraint", "node.labels.nowhere==yes"]);
    let look = service.until("a reason", |look| look.tasks.iter().any(|t| t.message.is_some())).await;
    assert_eq!((look.running, look.tasks[0].state), (0, TaskState::Pending));
    let why = look.tasks[0].message.clone().unwrap_or_default();
    assert!(why.contains("no suitable node"), "{why}");
}

#[tokio::test]
async fn health_check_nodes_and_networks_are_seen() {
    let Some(lab) = Lab::find() else { return };
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
async fn only_the_exact_name_is_that_service() {
    let Some(lab) = Lab::find() else { return };
    let service = lab.service("flt-exact", "1", &[]);
    let id = service.raw().await["ID"].as_str().unwrap().to_owned();
    let by_id = format!("lab/{id}").parse().unwrap();
    assert_eq!(done(lab.swarm().look(&by_id, Timestamp::default()).await), LookReport::Gone);
}

#[tokio::test]
async fn who_is_no_manager_is_not_reachable() {
    let Some(lab) = Lab::find() else { return };
    let silent = Swarm::new("lab".parse().unwrap(), "unix:///nowhere/docker.sock").unwrap();
    let answer = silent.look(&"lab/web".parse().unwrap(), Timestamp::default()).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
    drop(lab);
}
