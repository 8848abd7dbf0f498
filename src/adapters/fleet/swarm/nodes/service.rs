//! What a service needs of a node, and how it may be moved.

use super::member::Resources;
use super::room::HostPort;
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::model::reports::UpdateState;
use serde_json::Value;

/// The label with which an operator says that a service must never run twice at once.
const SINGLE: &str = "tidegate.single";

impl Service {
    /// What the scheduler keeps free for a task.
    pub(super) fn reserved(&self) -> Resources {
        let reserved = self.template().and_then(|template| template.pointer("/Resources/Reservations"));
        reserved.and_then(|reserved| serde_json::from_value(reserved.clone()).ok()).unwrap_or_default()
    }

    /// Ports that a task takes of its node's own address. Port 0 is whichever is free.
    pub(super) fn host_ports(&self) -> Vec<HostPort> {
        let ports = self.spec().pointer("/EndpointSpec/Ports").and_then(Value::as_array);
        let host = ports.into_iter().flatten().filter(|port| text(port, "PublishMode") == "host");
        host.filter_map(|port| {
            let number = port.get("PublishedPort").and_then(Value::as_u64).filter(|number| *number > 0)?;
            let protocol = text(port, "Protocol");
            Some((number, if protocol.is_empty() { "tcp" } else { protocol }.to_owned()))
        })
        .collect()
    }

    /// The most tasks of it on one node; 0: any number.
    pub(super) fn most_per_node(&self) -> u64 {
        let most = self.template().and_then(|template| template.pointer("/Placement/MaxReplicas"));
        most.and_then(Value::as_u64).unwrap_or(0)
    }

    /// Whether a constraint names nodes that are there, so that no new one can meet it.
    pub(super) fn names_one_node(&self) -> bool {
        let constraints = self.template().and_then(|template| template.pointer("/Placement/Constraints"));
        let constraints =
            constraints.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let keys =
            constraints.filter_map(|constraint| constraint.split_once("==")).map(|(key, _)| key.trim());
        keys.into_iter().any(|key| {
            ["node.id", "node.hostname", "node.ip"].iter().any(|name| key.eq_ignore_ascii_case(name))
        })
    }

    /// Whether its operator says that it must never run twice at once.
    pub(super) fn is_single(&self) -> bool {
        let label = self.spec().pointer("/Labels").and_then(|labels| labels.get(SINGLE));
        label.and_then(Value::as_str) == Some("true")
    }

    /// How many tasks it should have, where that is a number that can be changed.
    pub(super) fn replicas(&self) -> Option<u64> {
        match self.mode() {
            Mode::Replicated(number) => Some(number),
            Mode::Global | Mode::Job(_) => None,
        }
    }

    /// Why its number of tasks must not be changed now: a new spec would end, or go on with, an update that is under way or stopped.
    pub(super) fn unsettled(&self) -> Option<String> {
        match self.update() {
            UpdateState::None | UpdateState::Completed | UpdateState::RolledBack(_) => None,
            UpdateState::Updating => Some("is in the middle of an update; wait for its end".to_owned()),
            UpdateState::RollingBack(_) => {
                Some("is being rolled back by Swarm; wait for the end of that".to_owned())
            }
            UpdateState::Paused(why) => {
                Some(format!("has an update that stopped ({why}); go on with it or roll it back"))
            }
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("")
}
