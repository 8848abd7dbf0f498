//! A release on which one app is sick, and the way forward from there to a good one.

use super::figures::Figures;
use super::pool::{Rolling, scale};
use super::taking::is_taken_back;
use crate::harness::{APPS, step, steps};
use crate::load::Load;
use crate::machines::names;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// As the lab's configuration has it.
const SOAK: i64 = 8;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_sick_release_is_taken_back_and_a_good_one_then_replaces_every_worker_with_no_failed_request() {
    let rolling = Rolling::begin("a sick release, then a good one", ToOwned::to_owned);
    let loads = on_both(&rolling);
    let app = is_taken_back(&rolling, 1, "sick-app");
    assert_eq!(app, "web");
    none_failed(loads);

    // From here on one app has one replica, and the other two.
    rolling.scale("web", 1);
    rolling.scale("api", 2);
    let before = names(&rolling.lab);
    let good = rolling.release("good");
    let loads = on_both(&rolling);
    rolling.lab.does(&["forward", "1", &good]);
    rolling.lab.wait("the rollout has begun", 10, |status| !steps(status, 2).is_empty());
    let figures = Figures::follow(&rolling, 2, SOAK, 240);
    none_failed(loads);
    every_worker_was_replaced(&rolling, &before, &good);
    wave_after_wave(&rolling);
    let ratio = figures.print();
    assert!(ratio < 3.0, "the rollout took {ratio:.2} times what it cannot avoid");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn the_same_client_catches_a_plain_drain() {
    let lab = crate::harness::Lab::begin("a plain drain");
    scale(&lab, "web", 1);
    let out =
        lab.docker(&["service", "ps", "--filter", "desired-state=running", "--format", "{{.Node}}", "web"]);
    let node = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let load = Load::on(&lab, "web");
    std::thread::sleep(Duration::from_secs(1));
    lab.docker(&["node", "update", "--availability", "drain", &node]);
    std::thread::sleep(Duration::from_secs(6));
    let (asked, failed, _) = load.end();
    lab.docker(&["node", "update", "--availability", "active", &node]);
    lab.docker(&["service", "scale", "-d", "web=3"]);
    eprintln!("a plain drain: {failed} of {asked} requests failed");
    assert!(failed > 0, "{asked} requests, and none failed");
}

/// A client on each app.
pub(super) fn on_both(rolling: &Rolling) -> Vec<(&'static str, Load)> {
    APPS.iter().map(|(app, ..)| (*app, Load::on(&rolling.lab, app))).collect()
}

pub(super) fn none_failed(loads: Vec<(&'static str, Load)>) {
    for (app, load) in loads {
        let (asked, failed, first) = load.end();
        eprintln!("{app}: {failed} of {asked} requests failed");
        // It asks 20 times a second, and a rollout takes tens of seconds: fewer, and it has not
        // looked.
        assert!(asked > 100, "only {asked} requests of {app}");
        assert_eq!(failed, 0, "{app}: {first:#?}");
    }
}

fn every_worker_was_replaced(rolling: &Rolling, before: &BTreeSet<String>, release: &str) {
    let now = names(&rolling.lab);
    assert_eq!(now.len(), before.len());
    assert!(now.is_disjoint(before), "{before:?} became {now:?}");
    rolling.nothing_is_left_behind();
    for node in &now {
        assert_eq!(rolling.inspect(node)["Spec"]["Labels"]["tidegate.release"], *release, "{node}");
    }
    for (app, replicas) in [("web", 1), ("api", 2)] {
        assert_eq!(rolling.lab.replicas(app), (replicas, replicas), "{app}");
        let spec = rolling.lab.service(app)["Spec"].clone();
        let added = spec["Labels"]["tidegate.shift"].as_str().unwrap();
        let added: Value = serde_json::from_str(added).unwrap();
        let ended = |part: &Value| part["done"] == true && part["add"] == 0;
        assert!(added["nodes"].as_object().unwrap().values().all(ended), "{app}: {added:#}");
    }
}

/// One node at a time, and none of the second wave before the first has ended.
fn wave_after_wave(rolling: &Rolling) {
    let status = rolling.lab.status().unwrap();
    let all = steps(&status, 2);
    assert_eq!(all.iter().map(|step| step["node"]["wave"].as_u64().unwrap()).collect::<Vec<_>>(), [1, 2, 2]);
    for pair in all.windows(2) {
        assert!(pair[0]["ended"].as_i64() <= pair[1]["started"].as_i64(), "{pair:#?}");
    }
    for row in &all {
        let row = step(&status, 2, row["step"].as_str().unwrap());
        assert_eq!((row["state"].as_str(), row["mark"].as_str()), (Some("done"), Some("good")), "{row:#}");
    }
}
