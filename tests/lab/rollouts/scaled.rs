//! The pool grows and shrinks, and nobody notices but its size.

use super::bad_then_good::{none_failed, on_both};
use super::pool::{POOL, Rolling, ready};
use crate::harness::{ended, steps};
use crate::machines::names;
use serde_json::Value;
use std::time::Duration;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_pool_grows_by_one_node_and_shrinks_again_with_no_failed_request() {
    let rolling = Rolling::begin("a pool of another size", ToOwned::to_owned);
    let lab = &rolling.lab;
    let before = names(lab);
    let release = |node: &str| rolling.inspect(node)["Spec"]["Labels"]["tidegate.release"].clone();
    let releases: Vec<Value> = before.iter().map(|node| release(node)).collect();

    lab.does(&["scale", POOL, "4", "--yes", "--reason", "a busy weekend"]);
    let status = lab.wait("the pool has grown", 60, |status| ended(status, 1));
    let grown = steps(&status, 1);
    assert_eq!(grown.len(), 1, "{grown:#?}");
    assert_eq!(
        (&grown[0]["state"], &grown[0]["node"]["change"]),
        (&Value::from("done"), &Value::from("grow"))
    );
    let new = grown[0]["node"]["new_node"].as_str().unwrap().to_owned();
    assert_eq!(names(lab).len(), 4);
    assert_eq!(rolling.inspect(&new)["Spec"]["Labels"]["tidegate.pool"], POOL);
    assert!(releases.contains(&release(&new)), "{new} has {}, the others {releases:?}", release(&new));
    lab.wait("it is one of the pool", 10, |status| ready(status) == 4);
    rolling.nothing_is_left_behind();

    // Each app has at most one task on a node, for its port. Started anew they are spread over all four, so that whichever leaves has work.
    for (app, replicas) in [("web", 1), ("api", 1), ("web", 3), ("api", 3)] {
        rolling.scale(app, replicas);
    }
    let loads = on_both(&rolling);
    let out = lab.tidegate(&["scale", POOL, "3", "--json"]);
    let plan: Value = serde_json::from_slice(&out.stdout).unwrap();
    let leaves = plan["nodes"][0]["node"].as_str().unwrap().to_owned();
    assert_eq!(
        (plan["scale"]["from"].as_u64(), plan["scale"]["to"].as_u64()),
        (Some(4), Some(3)),
        "{plan:#}"
    );
    lab.does(&["scale", POOL, "3", "--plan", &plan["plan"].as_str().unwrap()["sha256:".len()..][..8]]);
    let status = lab.wait("the pool has shrunk", 90, |status| ended(status, 2));
    let gone = &steps(&status, 2)[0];
    assert_eq!(
        (gone["state"].as_str(), gone["node"]["node"].as_str()),
        (Some("done"), Some(&*format!("lab/{leaves}")))
    );
    assert!(!gone["node"]["moved"].as_array().unwrap().is_empty(), "nothing moved: {gone:#}");
    // Also what comes after the node has gone.
    std::thread::sleep(Duration::from_secs(3));
    none_failed(loads);
    rolling.is_gone(&leaves);
    rolling.nothing_is_left_behind();
    let now = names(lab);
    assert!(now.len() == 3 && !now.contains(&leaves), "{now:?}");
    for app in ["web", "api"] {
        assert_eq!(lab.replicas(app), (3, 3), "{app}");
    }
}
