//! What is read of a manager's answers. Fields that are not named here are not looked at.

use crate::model::Timestamp;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::reports::UpdateState;
use crate::model::text::clean;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

/// A task.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Task {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(default, rename = "ServiceID")]
    pub(super) service: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
    #[serde(default)]
    pub(super) spec: Value,
    /// Its place among the replicas, from 1; 0 in global services.
    #[serde(default)]
    pub(super) slot: u64,
    #[serde(default, rename = "NodeID")]
    pub(super) node: String,
    #[serde(default)]
    pub(super) status: TaskStatus,
    #[serde(default)]
    pub(super) desired_state: String,
}

/// What a task does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TaskStatus {
    pub(super) timestamp: Option<DateTime<Utc>>,
    pub(super) state: String,
    pub(super) message: String,
    pub(super) err: String,
    pub(super) container_status: Option<ContainerStatus>,
}

/// What a task's container did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ContainerStatus {
    #[serde(rename = "ContainerID")]
    pub(super) container: String,
    pub(super) exit_code: i64,
}

/// A node.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Node {
    #[serde(rename = "ID")]
    pub(super) id: String,
    #[serde(default)]
    pub(super) description: NodeDescription,
    #[serde(default)]
    pub(super) status: Address,
    #[serde(default)]
    pub(super) manager_status: Option<Address>,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NodeDescription {
    pub(super) hostname: String,
}

/// Where a node is reached; a manager's has a port.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Address {
    pub(super) addr: String,
}

/// What Swarm says of its own update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct UpdateStatus {
    pub(super) state: String,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) message: String,
}

impl UpdateStatus {
    /// The state in our words. A word that only a newer engine knows counts as an update under way: never as done.
    pub(super) fn folded(&self) -> UpdateState {
        let message = || clean(&self.message, MESSAGE_CHARS);
        match self.state.as_str() {
            "" => UpdateState::None,
            "completed" => UpdateState::Completed,
            "paused" => UpdateState::Paused(message()),
            "rollback_paused" => UpdateState::Paused(clean(
                &format!("its own rollback stopped: {}", self.message),
                MESSAGE_CHARS,
            )),
            "rollback_started" => UpdateState::RollingBack(message()),
            "rollback_completed" => UpdateState::RolledBack(message()),
            _ => UpdateState::Updating,
        }
    }

    /// Whether Swarm put, or is putting, the spec from before back by itself.
    pub(super) fn is_rollback(&self) -> bool {
        self.state.starts_with("rollback_")
    }
}

/// A time of the engine's in our milliseconds.
pub(super) fn stamp(time: DateTime<Utc>) -> Timestamp {
    time.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(state: &str) -> UpdateState {
        UpdateStatus { state: state.to_owned(), started_at: None, message: "m".to_owned() }.folded()
    }

    #[test]
    fn every_state_of_an_update_has_its_word() {
        assert_eq!(folded(""), UpdateState::None);
        assert_eq!(folded("updating"), UpdateState::Updating);
        assert_eq!(folded("completed"), UpdateState::Completed);
        assert_eq!(folded("paused"), UpdateState::Paused("m".to_owned()));
        assert_eq!(folded("rollback_started"), UpdateState::RollingBack("m".to_owned()));
        assert_eq!(folded("rollback_completed"), UpdateState::RolledBack("m".to_owned()));
        assert_eq!(folded("rollback_paused"), UpdateState::Paused("its own rollback stopped: m".to_owned()));
    }

    #[test]
    fn a_state_that_we_do_not_know_is_never_done() {
        assert_eq!(folded("reticulating"), UpdateState::Updating);
    }
}
