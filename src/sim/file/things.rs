//! The things of a world: registries, fleets, gates, images, workloads.

use super::Length;
use crate::model::notices::ChannelKind;
use crate::model::setup::{GateBefore, OnFailure};
use crate::model::{GateName, ImageRef, NodeId, Owner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistryFile {
    /// Between two looks at each tag.
    pub poll: Length,
    /// How long an answer takes.
    pub answers_in: Length,
}

impl Default for RegistryFile {
    fn default() -> Self {
        Self { poll: Length::secs(30), answers_in: Length(crate::model::Span::from_millis(20)) }
    }
}

/// A fleet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetFile {
    /// Its nodes; tasks are spread over them in order.
    pub nodes: Vec<NodeId>,
    /// Whether the orchestrator undoes a failing update by itself.
    #[serde(default)]
    pub rolls_back: bool,
}

/// Who must approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateFile {
    /// What it stands before.
    pub before: GateBefore,
    /// How many different people.
    pub approvals: u32,
    /// Who may; everybody when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub approvers: BTreeSet<String>,
    /// When a hold is rejected by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Length>,
}

/// An image. Without `from` somebody else publishes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImageFile {
    /// The base of its final stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<ImageRef>,
    /// Images that other stages and `COPY --from` take something from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<ImageRef>,
    /// How long a build takes, about.
    pub builds_in: Length,
    /// The longest that it may take.
    pub build_timeout: Length,
    /// What its build says, in order; a few lines of make when there is nothing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub build_log: Vec<String>,
    /// Its tests; one called `smoke` when a built image has none here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestFile>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Who must approve it before it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateName>,
}

impl Default for ImageFile {
    fn default() -> Self {
        Self {
            from: None,
            uses: Vec::new(),
            builds_in: Length::secs(20),
            build_timeout: Length::secs(600),
            build_log: Vec::new(),
            tests: Vec::new(),
            owner: None,
            gate: None,
        }
    }
}

/// How an owner is told of incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelFile {
    /// Whose it is.
    pub owner: Owner,
    /// What it is said to be; one is as simulated as the other.
    #[serde(default = "webhook")]
    pub kind: ChannelKind,
    /// Whether a vendor who is told over it sees what tests and tasks of the customer said.
    #[serde(default)]
    pub evidence: bool,
}

fn webhook() -> ChannelKind {
    ChannelKind::Webhook
}

/// One test of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestFile {
    /// Its name.
    pub name: String,
    /// How long it takes, about.
    pub takes: Length,
    /// Its cases; 0 when it has no JUnit file.
    #[serde(default)]
    pub cases: u32,
    /// The longest that it may take.
    #[serde(default = "five_minutes")]
    pub timeout: Length,
    /// What it says before its cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// The cases that fail when it fails; one of a handshake when there is none here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<CaseFile>,
}

/// One case of a test, where it fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// Its name.
    pub name: String,
    /// What it says.
    pub message: String,
}

fn five_minutes() -> Length {
    Length::secs(300)
}

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadFile {
    /// The image that it follows.
    pub image: ImageRef,
    /// How many tasks.
    #[serde(default = "two")]
    pub tasks: u32,
    /// How long a task takes to start, until it is healthy, about.
    #[serde(default = "three_seconds")]
    pub starts_in: Length,
    /// How its health is known.
    #[serde(default)]
    pub checks: Checks,
    /// Its place; lower ones are deployed first.
    #[serde(default)]
    pub order: u32,
    /// How long it is watched.
    #[serde(default = "thirty_seconds")]
    pub soak: Length,
    /// The longest until it has converged.
    #[serde(default = "five_minutes")]
    pub deadline: Length,
    /// What happens when it is unhealthy.
    #[serde(default = "rollback")]
    pub on_failure: OnFailure,
    /// Whether "running" is proof of health.
    #[serde(default)]
    pub accept_running: bool,
    /// The nodes that may run it; every one when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_on: Vec<NodeId>,
    /// Whether it must never run twice: moving it has a gap, which a person must agree to.
    #[serde(default)]
    pub single: bool,
    /// Who must approve it before it is deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<GateName>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// How the health of a workload is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checks {
    /// The orchestrator checks, and we send requests.
    #[default]
    Both,
    /// The orchestrator checks.
    Engine,
    /// We send requests.
    Probe,
    /// Nobody does.
    None,
}

fn two() -> u32 {
    2
}

pub(super) fn three_seconds() -> Length {
    Length::secs(3)
}

fn thirty_seconds() -> Length {
    Length::secs(30)
}

fn rollback() -> OnFailure {
    OnFailure::Rollback
}
