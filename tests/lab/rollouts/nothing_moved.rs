//! Releases that fail before any work was moved: a node that never joins, and a service that fits nowhere else.

use super::pool::{Rolling, key};
use super::told::{notices, told};
use crate::harness::{run_of, step, steps, until};
use crate::machines::names;
use serde_json::Value;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_node_that_never_joins_is_removed_at_its_deadline_and_a_person_is_asked() {
    let rolling = Rolling::begin("never joins", |text: &str| text.replace("join = \"60s\"", "join = \"8s\""));
    let (before, work) = (names(&rolling.lab), work(&rolling));
    let versions = rolling.versions(&before);
    let release = rolling.release("never-joins");
    let first = rolling.first(&release);
    rolling.roll(&release);
    let row = rolling.node(1, &first, "joining", 30);
    let new = row["node"]["new_node"].as_str().unwrap().to_owned();
    let (since, deadline) = (&row["waiting"]["since"], &row["waiting"]["deadline"]);
    assert_eq!(deadline.as_i64().unwrap() - since.as_i64().unwrap(), 8_000, "{row:#}");

    let status = rolling.stopped(1, 60);
    let row = step(&status, 1, &key(&first));
    assert_eq!(row["state"], "restored", "{row:#}");
    let said = row["verdict"].as_str().unwrap();
    assert!(said.starts_with(&format!("{new} did not join in time")), "{said}");
    let incident = &status["incidents"][0];
    assert!(incident["opened"].as_i64() >= deadline.as_i64(), "before its deadline: {incident:#}");
    assert_eq!(incident["cause"], "node never joined", "{incident:#}");
    asks_a_person(&status, "never joined");
    rolling.is_gone(&new);
    rolling.nothing_is_left_behind();
    assert_eq!(names(&rolling.lab), before);
    assert_eq!(
        (rolling.versions(&before), self::work(&rolling)),
        (versions, work),
        "a node or a task was touched"
    );
    until("the vendor was told that it is over", 20, || notices(&rolling, "host-team").len() == 2);
    assert_eq!(told(&rolling, "host-team", "opened")["cause"], "node_never_joined");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_service_that_fits_nowhere_else_is_named_before_anything_is_touched() {
    let rolling = Rolling::begin("fits nowhere", ToOwned::to_owned);
    let release = rolling.release("good");
    let first = rolling.first(&release);
    let pinned = Pinned::to(&rolling, &first);
    let (before, work) = (names(&rolling.lab), work(&rolling));
    let versions = rolling.versions(&before);
    rolling.roll(&release);
    let status = rolling.stopped(1, 30);
    let row = step(&status, 1, &key(&first));
    assert_eq!(row["state"], "failed", "{row:#}");
    let block = &row["node"]["blocks"][0];
    assert_eq!(
        (block["kind"].as_str(), block["workload"].as_str()),
        (Some("fits_nowhere"), Some("lab/pinned")),
        "{row:#}"
    );
    let what = block["what"].as_str().unwrap();
    assert!(what.contains("pinned fits on no other node") && what.contains("node.hostname"), "{what}");
    assert!(row["verdict"].as_str().unwrap().contains("nothing was touched"), "{row:#}");
    asks_a_person(&status, "blocked before anything was touched");
    assert_eq!(rolling.asked("provision"), Vec::<Value>::new(), "a machine was asked for");
    assert_eq!(
        (rolling.versions(&before), self::work(&rolling)),
        (versions, work),
        "a node or a task was touched"
    );
    // Whoever looks before the next start is shown it too.
    rolling.lab.does(&["abort", "1", "--reason", "the service must be moved first"]);
    let planned = &rolling.plan(&release)["nodes"][0];
    assert_eq!((planned["node"].as_str(), &planned["blocks"][0]), (Some(&first[..]), block), "{planned:#}");
    drop(pinned);
}

/// It waits for a person, and says so where people look: in the rollout's row and among what needs somebody.
fn asks_a_person(status: &Value, class: &str) {
    let row = &run_of(status, 1).unwrap()["run"];
    assert!(row["ended"].is_null(), "{row:#}");
    let waiting = &row["waiting"];
    assert!(waiting["what"].as_str().unwrap().starts_with("a person: it stopped"), "{waiting:#}");
    assert!(waiting["who"].as_str().unwrap().contains("roll forward"), "{waiting:#}");
    let needs = status["needs"].as_array().unwrap();
    let asks = |need: &&Value| need["subject"] == "rollout 1 stopped";
    let need = needs.iter().find(asks).unwrap_or_else(|| panic!("{needs:#?}"));
    assert!(need["text"].as_str().unwrap().contains(class), "{need:#}");
    assert_eq!(steps(status, 1).iter().filter(|step| step["state"] == "pending").count(), 2);
}

/// The tasks of both apps, by their ids and nodes.
fn work(rolling: &Rolling) -> Vec<(Value, Value)> {
    let tasks = ["api", "web"].into_iter().flat_map(|app| rolling.tasks(app));
    let mut work: Vec<(Value, Value)> =
        tasks.map(|task| (task["ID"].clone(), task["NodeID"].clone())).collect();
    work.sort_by_key(|(id, _)| id.to_string());
    work
}

/// A service that runs on one node only; it goes with this.
struct Pinned<'a>(&'a Rolling);

impl<'a> Pinned<'a> {
    fn to(rolling: &'a Rolling, node: &str) -> Self {
        let image = rolling.lab.service_image("api");
        let constraint = format!("node.hostname=={node}");
        let args = ["service", "create", "--detach", "--quiet", "--no-resolve-image", "--name", "pinned"];
        let out = rolling.lab.docker(
            &[&args[..], &["--endpoint-mode", "dnsrr", "--constraint", &constraint, &image]].concat(),
        );
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let pinned = Self(rolling);
        until("the pinned service runs", 60, || rolling.lab.replicas("pinned") == (1, 1));
        pinned
    }
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        self.0.lab.docker(&["service", "rm", "pinned"]);
    }
}
