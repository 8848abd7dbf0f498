//! Why a node step failed.

use crate::engine::incident::Cause;
use crate::model::nodes::Finding;
use crate::model::{NodeId, WorkloadId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a node step failed or was taken back. `Display` is the sentence for the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeCause {
    /// Emptying the node would take something down, or is impossible; nothing was touched.
    Preflight(Vec<Finding>),
    /// No machine was made, as far as is known.
    NeverProvisioned {
        /// What the provisioner's command did.
        what: String,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },
    /// The machine was made, or the node updated, and it did not come (back) into the fleet in time.
    NeverJoined {
        /// The name under which it was to come.
        node: Option<NodeId>,
        /// What was seen of it.
        why: String,
    },
    /// The work could not be moved off the node, or not in time.
    DrainBlocked(Vec<Finding>),
    /// The node that has the release is down, or left the fleet.
    NodeSick {
        /// Which one.
        node: NodeId,
        /// What was seen.
        why: String,
    },
    /// A workload that moved is not well.
    WorkloadSick {
        /// Which one.
        workload: WorkloadId,
        /// What was seen.
        because: Box<Cause>,
    },
    /// The command that updates a node in place failed.
    UpdateFailed {
        /// What it did.
        what: String,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },
    /// A machine could not be removed.
    NotRemoved {
        /// What the provisioner's command did.
        what: String,
        /// The end of what it wrote to its standard error.
        stderr: String,
    },
    /// The orchestrator refused a change to a node.
    Refused(String),
    /// The old node is gone from its fleet.
    OldNodeGone,
}

impl fmt::Display for NodeCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preflight(findings) => {
                f.write_str("nothing was touched: ")?;
                listed(f, findings)
            }
            Self::NeverProvisioned { what, stderr } => said(f, "no machine was made", what, stderr),
            Self::NeverJoined { node: Some(node), why } => write!(f, "{node} did not join in time: {why}"),
            Self::NeverJoined { node: None, why } => write!(f, "no node joined in time: {why}"),
            Self::DrainBlocked(findings) => {
                f.write_str("its work could not be moved: ")?;
                listed(f, findings)
            }
            Self::NodeSick { node, why } => write!(f, "{node} is not well: {why}"),
            Self::WorkloadSick { workload, because } => {
                write!(f, "{workload} is not well after the move: {because}")
            }
            Self::UpdateFailed { what, stderr } => said(f, "the node was not updated", what, stderr),
            Self::NotRemoved { what, stderr } => said(f, "a machine was not removed", what, stderr),
            Self::Refused(why) => write!(f, "the orchestrator refused: {why}"),
            Self::OldNodeGone => f.write_str("the old node is gone from its fleet"),
        }
    }
}

fn said(f: &mut fmt::Formatter<'_>, fact: &str, what: &str, stderr: &str) -> fmt::Result {
    write!(f, "{fact}: {what}")?;
    if stderr.is_empty() { Ok(()) } else { write!(f, " ({stderr})") }
}

fn listed(f: &mut fmt::Formatter<'_>, findings: &[Finding]) -> fmt::Result {
    let Some(first) = findings.first() else { return f.write_str("it did not end in time") };
    f.write_str(&one(first))?;
    if findings.len() > 1 { write!(f, " (and {} more)", findings.len() - 1) } else { Ok(()) }
}

/// `prod/web: no other node takes it`.
pub(in crate::engine) fn one(finding: &Finding) -> String {
    finding
        .workload
        .as_ref()
        .map_or_else(|| finding.what.clone(), |workload| format!("{workload}: {}", finding.what))
}

impl NodeCause {
    /// The class in words: the heading of an incident.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Preflight(_) => "blocked before anything was touched",
            Self::NeverProvisioned { .. } => "node never provisioned",
            Self::NeverJoined { .. } => "node never joined",
            Self::DrainBlocked(_) => "drain blocked",
            Self::NodeSick { .. } => "node unhealthy",
            Self::WorkloadSick { .. } => "workload unhealthy after the move",
            Self::UpdateFailed { .. } => "node not updated",
            Self::NotRemoved { .. } => "machine not removed",
            Self::Refused(_) => "refused by the orchestrator",
            Self::OldNodeGone => "old node gone",
        }
    }

    /// The class as a stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Preflight(_) => "preflight_blocked",
            Self::NeverProvisioned { .. } => "node_never_provisioned",
            Self::NeverJoined { .. } => "node_never_joined",
            Self::DrainBlocked(_) => "drain_blocked",
            Self::NodeSick { .. } => "node_unhealthy",
            Self::WorkloadSick { .. } => "workload_unhealthy_after_move",
            Self::UpdateFailed { .. } => "node_not_updated",
            Self::NotRemoved { .. } => "machine_not_removed",
            Self::Refused(_) => "node_change_refused",
            Self::OldNodeGone => "old_node_gone",
        }
    }

    /// Whether the release must not be taken again by itself: its nodes did not come, or did not carry the work.
    pub fn quarantines(&self) -> bool {
        match self {
            Self::NeverJoined { .. }
            | Self::DrainBlocked(_)
            | Self::NodeSick { .. }
            | Self::WorkloadSick { .. }
            | Self::UpdateFailed { .. } => true,
            Self::Preflight(_)
            | Self::NeverProvisioned { .. }
            | Self::NotRemoved { .. }
            | Self::Refused(_)
            | Self::OldNodeGone => false,
        }
    }

    /// The workload that it is about, where it is about one: its owner is the customer.
    pub fn workload(&self) -> Option<&WorkloadId> {
        match self {
            Self::WorkloadSick { workload, .. } => Some(workload),
            Self::Preflight(findings) | Self::DrainBlocked(findings) => {
                findings.iter().find_map(|finding| finding.workload.as_ref())
            }
            Self::NeverProvisioned { .. }
            | Self::NeverJoined { .. }
            | Self::NodeSick { .. }
            | Self::UpdateFailed { .. }
            | Self::NotRemoved { .. }
            | Self::Refused(_)
            | Self::OldNodeGone => None,
        }
    }
}
