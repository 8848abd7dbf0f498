//! A provisioner that goes wrong in every way that commands do.

use super::pool::{Rolling, key};
use crate::harness::{step, steps};
use crate::machines::names;
use serde_json::Value;

/// What it does when it is asked for a machine, and what people are told. All but the first have made one, too.
const FAULTS: [(&str, &str); 4] = [
    ("exit", "provision: it ended with exit code 1 (the cloud says: quota exceeded)"),
    ("garbage", "provision: its answer is not JSON"),
    ("twice", "provision: it answered twice; it must print exactly one JSON object"),
    ("hang", "provision: it did not end within 6s, and was killed with all that it had started"),
];

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn whatever_a_provisioner_does_wrong_is_said_clearly_and_nothing_is_lost() {
    let limit = |text: &str| text.replace("provision = \"60s\"", "provision = \"6s\"");
    let rolling = Rolling::begin("a provisioner that goes wrong", limit);
    let before = names(&rolling.lab);
    let versions = rolling.versions(&before);
    let release = rolling.release("good");
    let first = rolling.first(&release);
    rolling.fault("provision", FAULTS[0].0);
    rolling.roll(&release);
    for (tries, (fault, said)) in FAULTS.into_iter().enumerate() {
        if tries > 0 {
            rolling.fault("provision", fault);
            rolling.lab.does(&["retry", &format!("1/{first}")]);
        }
        let verdict = taken_back(&rolling, &first, tries + 1);
        assert!(verdict.starts_with(&format!("no machine was made: {said}")), "{fault}: {verdict}");
        assert_eq!(names(&rolling.lab), before, "{fault}: a machine was left behind");
        assert_eq!(rolling.versions(&before), versions, "{fault}: a node was touched");
    }
    let tokens = rolling.asked("provision").into_iter().map(|asked| asked["token"].to_string());
    assert_eq!(
        tokens.collect::<std::collections::BTreeSet<_>>().len(),
        4,
        "a try went on with the machine of another"
    );

    rolling.fault("provision", "");
    rolling.fault("deprovision", "exit");
    for other in before.iter().filter(|node| **node != first) {
        rolling.lab.does(&["skip", &format!("1/{other}"), "--reason", "one is enough here"]);
    }
    rolling.lab.does(&["retry", &format!("1/{first}")]);
    an_old_machine_that_stays_is_removed_later(&rolling, &first);
}

/// Waits for the incident of this number, and until the step is taken back; its verdict.
fn taken_back(rolling: &Rolling, node: &str, incidents: usize) -> String {
    let status =
        rolling.lab.wait(&format!("{node} is taken back, for the {incidents}. time"), 60, |status| {
            let many = status["incidents"].as_array().unwrap().len() == incidents;
            many && step(status, 1, &key(node))["state"] == "restored"
        });
    let row = step(&status, 1, &key(node));
    assert_eq!(
        status["incidents"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["cause"] == "node never provisioned")
            .count(),
        incidents
    );
    row["verdict"].as_str().unwrap().to_owned()
}

/// The new node is well, so nothing is taken back; a person is told what is left, and `retry` removes it.
fn an_old_machine_that_stays_is_removed_later(rolling: &Rolling, old: &str) {
    let row = rolling.node(1, old, "quarantined", 90);
    let verdict = row["verdict"].as_str().unwrap();
    assert!(
        verdict.starts_with("a machine was not removed: deprovision: it ended with exit code 1"),
        "{verdict}"
    );
    assert!(names(&rolling.lab).contains(old), "it was removed after all");
    let new = row["node"]["new_node"].as_str().unwrap();
    assert_eq!(rolling.inspect(new)["Spec"]["Availability"], "active");
    rolling.fault("deprovision", "");
    rolling.lab.does(&["retry", &format!("1/{old}")]);
    rolling.node(1, old, "done", 30);
    let status = rolling.lab.wait("the rollout ends", 10, |status| crate::harness::ended(status, 1));
    let states: Vec<Value> = steps(&status, 1).iter().map(|step| step["state"].clone()).collect();
    assert_eq!(states.iter().filter(|state| **state == "skipped").count(), 2, "{states:?}");
    rolling.is_gone(old);
    rolling.nothing_is_left_behind();
}
