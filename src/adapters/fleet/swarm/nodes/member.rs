//! A node as the manager has it.

use crate::adapters::fleet::swarm::tasks::reached;
use crate::model::NodeId;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::nodes::{Availability, NodeRole};
use crate::model::text::clean;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The label that names a node's pool.
pub(super) const POOL: &str = "tidegate.pool";
/// The label that names its release.
pub(super) const RELEASE: &str = "tidegate.release";
/// The label that names its failure domain.
pub(super) const ZONE: &str = "tidegate.zone";
/// The label that holds the token with which it was made.
pub(super) const TOKEN: &str = "tidegate.token";
/// The label that says, while it is drained, what left it with a gap.
pub(super) const GAPS: &str = "tidegate.gaps";
/// All labels that begin like this are ours.
const OURS: &str = "tidegate.";

/// A node at one version. Its spec stays as it came, so that a change sends back what we do not know too.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Member {
    #[serde(rename = "ID")]
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) spec: Value,
    #[serde(default)]
    pub(super) description: Description,
    #[serde(default)]
    pub(super) status: Status,
    #[serde(default)]
    pub(super) manager_status: Option<ManagerStatus>,
}

/// What fences a change.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Version {
    pub(super) index: u64,
}

/// What a node says of itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Description {
    pub(super) hostname: String,
    pub(super) platform: Platform,
    pub(super) resources: Resources,
    pub(super) engine: EngineDescription,
}

/// What it can run.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Platform {
    pub(super) architecture: String,
    #[serde(rename = "OS")]
    pub(super) os: String,
}

/// What it has; reservations are counted against it.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resources {
    #[serde(rename = "NanoCPUs")]
    pub(super) nano_cpus: i64,
    #[serde(rename = "MemoryBytes")]
    pub(super) memory: i64,
}

/// Its engine, and the labels that it was started with.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EngineDescription {
    pub(super) engine_version: String,
    pub(super) labels: BTreeMap<String, String>,
}

/// Whether the managers hear from it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Status {
    pub(super) state: String,
    pub(super) message: String,
    pub(super) addr: String,
}

/// What it is to the quorum; only managers have one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ManagerStatus {
    pub(super) leader: bool,
    pub(super) reachability: String,
    pub(super) addr: String,
}

impl Member {
    /// Its host name, or its id where that is none that can be shown.
    pub(super) fn name(&self) -> Option<NodeId> {
        self.description.hostname.parse().ok().or_else(|| self.id.parse().ok())
    }

    /// The version of its engine, where it says one.
    pub(super) fn engine(&self) -> Option<String> {
        Some(clean(&self.description.engine.engine_version, 40)).filter(|version| !version.is_empty())
    }

    /// Whether it decides for the whole Swarm now.
    pub(super) fn leads(&self) -> bool {
        self.manager_status.as_ref().is_some_and(|status| status.leader)
    }

    /// Its name for a sentence.
    pub(super) fn shown(&self) -> String {
        self.name().map_or_else(|| clean(&self.id, 40), |name| name.to_string())
    }

    pub(super) fn is_up(&self) -> bool {
        self.status.state == "ready"
    }

    /// A word that only a newer engine knows counts as "takes nothing".
    pub(super) fn availability(&self) -> Availability {
        match self.spec.get("Availability").and_then(Value::as_str) {
            Some("active") => Availability::Active,
            Some("pause") => Availability::Cordoned,
            Some(_) | None => Availability::Drained,
        }
    }

    pub(super) fn role(&self) -> NodeRole {
        self.manager_status.as_ref().map_or(NodeRole::Worker, |status| NodeRole::Manager {
            reachable: status.reachability == "reachable",
            leader: status.leader,
        })
    }

    /// The role that it shall have, which it may not have taken on yet.
    pub(super) fn shall_manage(&self) -> bool {
        self.spec.get("Role").and_then(Value::as_str) == Some("manager")
    }

    pub(super) fn address(&self) -> Option<String> {
        reached(&self.status.addr, self.manager_status.as_ref().map(|status| status.addr.as_str()))
    }

    /// What is said of it when it is not up.
    pub(super) fn message(&self) -> Option<String> {
        let said = if self.status.message.is_empty() { &self.status.state } else { &self.status.message };
        (!self.is_up()).then(|| clean(said, MESSAGE_CHARS))
    }

    pub(super) fn label(&self, name: &str) -> Option<&str> {
        self.spec.get("Labels")?.get(name)?.as_str()
    }

    /// Labels that are not ours.
    pub(super) fn others_labels(&self) -> impl Iterator<Item = (&String, &Value)> {
        let labels = self.spec.get("Labels").and_then(Value::as_object);
        labels.into_iter().flatten().filter(|(name, _)| !name.starts_with(OURS))
    }

    /// The spec without one of its labels, and with another availability.
    pub(super) fn active_without(&self, label: &str) -> Value {
        let mut spec = self.with(&[("Availability", "active")], &[]);
        if let Some(labels) = spec.get_mut("Labels").and_then(Value::as_object_mut) {
            labels.remove(label);
        }
        spec
    }

    /// The spec with other values for some fields and labels.
    pub(super) fn with(&self, fields: &[(&str, &str)], labels: &[(&str, &str)]) -> Value {
        let mut spec = self.spec.clone();
        let Some(all) = spec.as_object_mut() else { return spec };
        for (name, value) in fields {
            all.insert((*name).to_owned(), Value::from(*value));
        }
        if !labels.is_empty() {
            let place = all.entry("Labels").or_insert(Value::Null);
            if place.is_null() {
                *place = Value::Object(serde_json::Map::new());
            }
            if let Some(place) = place.as_object_mut() {
                place.extend(labels.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
            }
        }
        spec
    }
}
