//! What must hold when a node's work is taken back from a new node, and when.

use super::pool::{Rolling, key};
use super::told::both_were_told;
use crate::harness::{APPS, run_of, step, steps};
use crate::machines::names;
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// The longest from a verdict until the old node takes work again, and until what must move back is on its way.
const AT_ONCE: i64 = 2_000;

/// Rolls a release of this kind, which makes an app sick, and sees it taken back:
///
/// 1. it stops at the first node, and no other node is touched,
/// 2. the old node takes work again within two seconds of the verdict, and what must move back is started within two: healthy after start
///    plus health time,
/// 3. the new node is gone,
/// 4. both owners are told, and a person is asked.
///
/// Answers the app that was sick.
pub fn is_taken_back(rolling: &Rolling, run: u64, kind: &str) -> String {
    // One task of each app on every node: so what leaves the first node goes to the new one, and comes back.
    APPS.iter().for_each(|(app, ..)| rolling.scale(app, 3));
    let release = rolling.release(kind);
    let first = rolling.first(&release);
    let others: BTreeSet<String> = names(&rolling.lab).into_iter().filter(|node| *node != first).collect();
    let before = rolling.versions(&others);
    rolling.roll(&release);
    rolling.node(run, &first, "soaking", 90);
    let watch = Watch::on(rolling, &first);
    let new = rolling.node(run, &first, "restoring", 60)["node"]["new_node"].as_str().unwrap().to_owned();
    let status = rolling.stopped(run, 120);
    let active = watch.end();

    let row = step(&status, run, &key(&first));
    assert_eq!(row["state"], "restored", "{row:#}");
    let incident = &status["incidents"][0];
    let verdict = incident["opened"].as_i64().unwrap();
    let app = sick_app(&row);
    took_work_at_once(&first, verdict, active);
    moved_back_at_once(rolling, &app, &first, verdict);
    rolling.is_gone(&new);
    rolling.nothing_is_left_behind();
    assert_eq!(rolling.versions(&others), before, "another node was touched");
    asks_a_person(&status, run, &first);
    both_were_told(rolling, &release, &app, &rolling.lab.status().unwrap());
    app
}

/// The app whose probes failed, by the step's own sentence.
fn sick_app(row: &Value) -> String {
    let said = row["verdict"].as_str().unwrap();
    let app = said.strip_prefix("lab/").and_then(|rest| rest.split(' ').next());
    assert!(said.contains("is not well after the move") && said.contains("probes failed"), "{said}");
    app.unwrap().to_owned()
}

fn took_work_at_once(node: &str, verdict: i64, active: i64) {
    eprintln!("{node} takes work again {} ms after the verdict", active - verdict);
    assert!(
        active - verdict <= AT_ONCE,
        "{node} takes work again only {} ms after the verdict",
        active - verdict
    );
}

/// The sick app's task on the old node was ordered at once. From then on only its start and its health check take time.
fn moved_back_at_once(rolling: &Rolling, app: &str, node: &str, verdict: i64) {
    let id = rolling.inspect(node)["ID"].clone();
    let task = rolling.tasks(app).into_iter().find(|task| task["NodeID"] == id);
    let task = task.unwrap_or_else(|| panic!("{app} does not run on {node} again"));
    assert_eq!(task["Status"]["State"], "running", "{task:#}");
    let (made, well) = (moment(&task["CreatedAt"]), moment(&task["Status"]["Timestamp"]));
    eprintln!(
        "{app} was started on {node} {} ms after the verdict, and healthy {} ms later",
        made - verdict,
        well - made
    );
    assert!(
        made - verdict <= AT_ONCE,
        "{app} was started on {node} only {} ms after the verdict",
        made - verdict
    );
}

fn asks_a_person(status: &Value, run: u64, first: &str) {
    let row = &run_of(status, run).unwrap()["run"];
    assert!(row["waiting"]["what"].as_str().unwrap().starts_with("a person: it stopped"), "{row:#}");
    let needs = status["needs"].as_array().unwrap();
    let asks = |need: &&Value| need["subject"] == format!("rollout {run} stopped");
    assert!(needs.iter().find(asks).is_some(), "{needs:#?}");
    for step in steps(status, run) {
        let ours = step["step"].as_str().unwrap() == key(first);
        assert!(ours || step["state"] == "pending", "{step:#}");
    }
}

/// Looks at a node of the Swarm, in milliseconds since 1970, until it takes work.
struct Watch {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<Option<i64>>,
}

impl Watch {
    /// The node must be one that takes no work now.
    fn on(rolling: &Rolling, node: &str) -> Self {
        assert_eq!(rolling.inspect(node)["Spec"]["Availability"], "drain", "{node}");
        let stop = Arc::new(AtomicBool::new(false));
        let (host, node) = (format!("unix:///run/{}/m1/docker.sock", rolling.lab.name), node.to_owned());
        let seen = std::thread::spawn({
            let stop = stop.clone();
            move || {
                while !stop.load(Ordering::Relaxed) {
                    let args = ["-H", &host, "node", "inspect", "--format", "{{.Spec.Availability}}", &node];
                    let out = std::process::Command::new("/usr/bin/docker").args(args).output().unwrap();
                    if out.stdout.starts_with(b"active") {
                        return Some(Utc::now().timestamp_millis());
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
                None
            }
        });
        Self { stop, seen }
    }

    fn end(self) -> i64 {
        self.stop.store(true, Ordering::Relaxed);
        self.seen.join().unwrap().expect("the node took no work again")
    }
}

/// A time of the Swarm's, in milliseconds since 1970.
pub fn moment(value: &Value) -> i64 {
    DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap().timestamp_millis()
}
