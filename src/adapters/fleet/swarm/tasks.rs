//! Tasks: their states folded, which belong to the present spec, which ended without being asked to.

use super::spec::canonical;
use super::wire::{Node, Task, stamp};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::reports::{EndedTask, TaskLook, TaskState};
use crate::model::text::clean;
use crate::model::{Digest, NodeId};
use serde_json::Value;
use std::collections::BTreeMap;

/// The nodes by their ids.
pub(super) type Nodes = BTreeMap<String, Node>;

/// What a task does. A task that runs although it should not any more is being stopped, also on a node that went away.
pub(super) fn folded(task: &Task) -> TaskState {
    // `complete` is wanted of a job's tasks from the beginning: they end by themselves.
    let asked_to_stop = matches!(task.desired_state.as_str(), "shutdown" | "remove" | "failed");
    match task.status.state.as_str() {
        "complete" | "failed" | "rejected" | "shutdown" | "orphaned" | "remove" => TaskState::Ended,
        _ if asked_to_stop => TaskState::Stopping,
        "running" => TaskState::Running,
        "new" | "allocated" | "pending" | "" => TaskState::Pending,
        // assigned, accepted, preparing, ready, starting; behind a health check also: started and not yet healthy.
        _ => TaskState::Starting,
    }
}

/// Whether a task ended by itself. One that was asked to stop ends as `shutdown`, whatever its exit code.
pub(super) fn ended_unasked(task: &Task) -> bool {
    matches!(task.status.state.as_str(), "failed" | "rejected" | "complete" | "orphaned")
}

/// What a task is made from, in the form that can be compared: without where it may be placed, which the orchestrator does
/// not replace tasks for, and without the runtime's name, which tasks do not repeat.
pub(super) fn essence(template: &Value) -> Option<Value> {
    let mut template = template.clone();
    if let Some(fields) = template.as_object_mut() {
        fields.remove("Placement");
        fields.remove("Runtime");
    }
    canonical(&template)
}

/// The image that a task runs.
pub(super) fn image(task: &Task) -> &str {
    task.spec.pointer("/ContainerSpec/Image").and_then(Value::as_str).unwrap_or("")
}

/// The digest in `repository:tag@sha256:…`.
pub(super) fn digest_in(image: &str) -> Option<Digest> {
    image.split_once('@').and_then(|(_, digest)| digest.parse().ok())
}

/// Its place among its like: the slot, or in a global service the node.
pub(super) fn place(task: &Task) -> (u64, &str) {
    (task.slot, if task.slot == 0 { &task.node } else { "" })
}

/// `web.3`; in a global service `web.HOSTNAME`.
fn shown_name(service: &str, task: &Task, nodes: &Nodes) -> String {
    let name = match (task.slot, node_name(&task.node, nodes)) {
        (0, Some(node)) => format!("{service}.{node}"),
        (0, None) => service.to_owned(),
        (slot, _) => format!("{service}.{slot}"),
    };
    clean(&name, 200)
}

/// A node's host name, or its id where the name is none that can be shown.
pub(super) fn node_name(id: &str, nodes: &Nodes) -> Option<NodeId> {
    let host = nodes.get(id).map(|node| node.description.hostname.as_str());
    host.and_then(|host| host.parse().ok()).or_else(|| id.parse().ok())
}

/// Where a node is reached. A manager may not know its own address from outside: then the one that other managers use.
fn address(id: &str, nodes: &Nodes) -> Option<String> {
    let node = nodes.get(id)?;
    reached(&node.status.addr, node.manager_status.as_ref().map(|status| status.addr.as_str()))
}

/// The address that a node is known by, or else the host of the one that other managers use for it.
pub(super) fn reached(status: &str, manager: Option<&str>) -> Option<String> {
    let usable = |addr: &str| !matches!(addr, "" | "0.0.0.0" | "::" | "127.0.0.1" | "::1");
    if usable(status) {
        return Some(clean(status, 100));
    }
    let (host, _) = manager?.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    usable(host).then(|| clean(host, 100))
}

/// What is said of a task: the error where there is one.
pub(super) fn said(task: &Task) -> &str {
    if task.status.err.is_empty() { &task.status.message } else { &task.status.err }
}

/// A task as a look shows it; none where its id is not one.
pub(super) fn shown(service: &str, task: &Task, current: bool, nodes: &Nodes) -> Option<TaskLook> {
    let state = folded(task);
    let message = (state != TaskState::Running).then(|| clean(said(task), MESSAGE_CHARS));
    Some(TaskLook {
        id: task.id.parse().ok()?,
        name: shown_name(service, task, nodes),
        node: node_name(&task.node, nodes),
        digest: digest_in(image(task)),
        current,
        state,
        message: message.filter(|text| !text.is_empty()),
        address: address(&task.node, nodes),
        probe: None,
    })
}

/// A task that ended, as a look shows it.
pub(super) fn shown_end(service: &str, task: &Task, nodes: &Nodes) -> Option<EndedTask> {
    let container = task.status.container_status.as_ref().filter(|c| !c.container.is_empty());
    let said = said(task);
    let message = match task.status.state.as_str() {
        "complete" => format!("ended by itself: {said}"),
        state => format!("{state}: {said}"),
    };
    Some(EndedTask {
        id: task.id.parse().ok()?,
        name: shown_name(service, task, nodes),
        node: node_name(&task.node, nodes),
        exit: container.map(|c| c.exit_code),
        message: clean(&message, MESSAGE_CHARS),
        at: stamp(task.status.timestamp.unwrap_or(task.updated_at)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn task(state: &str, desired: &str) -> Task {
        serde_json::from_value(json!({
            "ID": "t1", "CreatedAt": "2026-11-23T14:04:22.3Z", "UpdatedAt": "2026-11-23T14:04:23.2Z", "Slot": 3, "NodeID": "n1",
            "Spec": {"ContainerSpec": {"Image": format!("r.example/web:1@{}", Digest::of(b"x"))}, "ForceUpdate": 0},
            "Status": {"Timestamp": "2026-11-23T14:04:23.1Z", "State": state, "Message": "m", "Err": "no suitable\u{1b}[2J node",
                "ContainerStatus": {"ContainerID": "c", "PID": 0, "ExitCode": 3}},
            "DesiredState": desired
        }))
        .unwrap()
    }

    fn nodes(status: &str, manager: &str) -> Nodes {
        let node = json!({"ID": "n1", "Description": {"Hostname": "w1"}, "Status": {"Addr": status}, "ManagerStatus": {"Addr": manager}});
        Nodes::from([("n1".to_owned(), serde_json::from_value(node).unwrap())])
    }

    #[test]
    fn every_state_of_a_task_has_its_word() {
        let words = [
            (TaskState::Pending, ["new", "allocated", "pending"].as_slice()),
            (TaskState::Starting, &["assigned", "accepted", "preparing", "ready", "starting"]),
            (TaskState::Running, &["running"]),
            (TaskState::Ended, &["complete", "failed", "rejected", "shutdown", "orphaned", "remove"]),
        ];
        for (word, states) in words {
            for state in states {
                assert_eq!(folded(&task(state, "running")), word, "{state}");
            }
        }
        assert_eq!(folded(&task("running", "shutdown")), TaskState::Stopping);
        assert_eq!(folded(&task("shutdown", "shutdown")), TaskState::Ended);
        assert_eq!(folded(&task("running", "complete")), TaskState::Running, "a job's");
    }

    #[test]
    fn only_who_ended_by_itself_is_a_failure() {
        assert!(
            ["failed", "rejected", "complete", "orphaned"]
                .iter()
                .all(|s| ended_unasked(&task(s, "shutdown")))
        );
        assert!(!["shutdown", "remove", "running"].iter().any(|s| ended_unasked(&task(s, "shutdown"))));
    }

    #[test]
    fn a_task_is_shown_with_its_place_and_what_was_said() {
        let shown = shown("web", &task("pending", "running"), true, &nodes("10.0.0.1", "")).unwrap();
        assert_eq!((shown.name.as_str(), shown.address.as_deref()), ("web.3", Some("10.0.0.1")));
        assert_eq!(shown.message.as_deref(), Some("no suitable node"));
        assert_eq!(shown.digest, Some(Digest::of(b"x")));
    }

    #[test]
    fn an_exit_code_is_only_told_of_a_container_that_was() {
        let mut task = task("failed", "shutdown");
        assert_eq!(shown_end("web", &task, &Nodes::new()).unwrap().exit, Some(3));
        task.status.container_status = Some(super::super::wire::ContainerStatus::default());
        assert_eq!(shown_end("web", &task, &Nodes::new()).unwrap().exit, None);
    }

    #[test]
    fn a_manager_that_does_not_know_its_address_has_the_one_that_managers_use() {
        assert_eq!(address("n1", &nodes("0.0.0.0", "10.0.0.9:2377")).as_deref(), Some("10.0.0.9"));
        assert_eq!(address("n1", &nodes("", "[fd00::1]:2377")).as_deref(), Some("fd00::1"));
        assert_eq!(address("n1", &nodes("", "")), None);
    }

    #[test]
    fn placement_and_runtime_do_not_make_another_task() {
        let template = json!({"ContainerSpec": {"Image": "a"}, "Runtime": "container", "Placement": {"MaxReplicas": 1}, "ForceUpdate": 0});
        let task = json!({"ForceUpdate": 0, "ContainerSpec": {"Image": "a", "Mounts": []}, "Networks": null});
        assert_eq!(essence(&template), essence(&task));
        assert_ne!(essence(&template), essence(&json!({"ForceUpdate": 1, "ContainerSpec": {"Image": "a"}})));
    }
}
