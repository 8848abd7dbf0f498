//! `tidegate status --json`: the state once, in a shape that scripts may rely on.
//!
//! Stable: fields are added, never renamed or removed, within one `schema`. Documented in `docs/status.md`.

use super::rows::{
    ComingRow, DaemonRow, ImageRow, IncidentRow, NeedRow, NodeRow, PoolRow, RunRow, SourceRow, StepRow,
    WorkloadRow,
};
use crate::model::{Seq, Timestamp};
use serde::{Deserialize, Serialize};

/// The schema's number.
pub const SCHEMA: u32 = 1;

/// Everything, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The place in the journal that this shows.
    pub seq: Seq,
    /// When it was made.
    pub at: Timestamp,
    /// The daemon; none when this is an observation without one.
    pub daemon: Option<DaemonRow>,
    /// Where facts come from.
    pub sources: Vec<SourceRow>,
    /// Images in the order of the lineage: bases first.
    pub images: Vec<ImageRow>,
    /// Runs and rollouts, newest first, with their steps.
    pub runs: Vec<RunStatus>,
    /// Workloads.
    pub workloads: Vec<WorkloadRow>,
    /// Steps that are held for approval.
    pub holds: Vec<StepRow>,
    /// Incidents, open ones first.
    pub incidents: Vec<IncidentRow>,
    /// What needs a person, worst first.
    pub needs: Vec<NeedRow>,
    /// What will happen by itself, next first.
    pub coming: Vec<ComingRow>,
    /// Pools, by name.
    #[serde(default)]
    pub pools: Vec<PoolRow>,
    /// Nodes, by fleet and name.
    #[serde(default)]
    pub nodes: Vec<NodeRow>,
}

/// A run with its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// The run.
    pub run: RunRow,
    /// Its steps, in order.
    pub steps: Vec<StepRow>,
}
