//! What rows say of rollouts, their nodes and pools; and the plan that a start must have seen.

use super::mark::Mark;
use super::rows::Freeze;
use crate::model::actor::Actor;
use crate::model::ids::{
    FleetName, NodeId, NodeRef, Owner, PoolName, ReleaseName, RunId, StepKey, WorkloadId,
};
use crate::model::image::Digest;
use crate::model::nodes::{Availability, Finding, NodeChange, NodeRole, Scale, Strategy};
use crate::model::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// What a [`RunRow`](super::rows::RunRow) says more, when it is a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolloutPart {
    /// The pool.
    pub pool: PoolName,
    /// Its fleet.
    pub fleet: FleetName,
    /// The release.
    pub release: ReleaseName,
    /// The rollout that it takes back.
    pub back_of: Option<RunId>,
    /// How the size of the pool changes, where it does; then `release` is what nodes that are added have.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// The rollout that followed it, as a person chose.
    pub followed_by: Option<RunId>,
    /// How a node gets the release.
    pub strategy: Strategy,
    /// The wave that is worked on, else the next one; from 1.
    pub wave: u32,
    /// All waves.
    pub waves: u32,
    /// Nodes that a person left out, or that were gone.
    pub skipped: u32,
    /// Node steps that failed and count against the budget now: what is retried or skipped does not.
    pub failures: u32,
    /// Node steps that may fail before it stops.
    pub budget: u32,
    /// Nodes that may be out at the same time.
    pub max_unavailable: u32,
    /// How long the work that moved is watched on each node.
    pub soak: Span,
    /// It has stopped: nothing is begun until a person chooses.
    pub stopped: bool,
    /// A person has ended it: nothing more is begun.
    pub ending: bool,
    /// What the preflights found, node by node, blocking ones first; at most a hundred.
    pub findings: Vec<NodeFinding>,
    /// Whether all that it has done may be taken back now.
    pub back: bool,
    /// Nodes that keep the release when all is taken back, at most a hundred.
    #[serde(default)]
    pub keeps: Vec<KeptRow>,
    /// The newest announced release that is not skipped, to which it may go on now.
    pub forward: Option<ReleaseName>,
}

/// A node that an order to take everything back does not reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRow {
    /// The node that has the release.
    pub node: NodeId,
    /// Why it keeps it.
    pub why: String,
}

/// A finding of a node's preflight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeFinding {
    /// The node that would be emptied.
    pub node: NodeId,
    /// Whether it blocks; else it is a note.
    pub blocks: bool,
    /// What was found.
    pub finding: Finding,
}

/// What a [`StepRow`](super::rows::StepRow) says more, when it is about a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePart {
    /// What is done with the node.
    #[serde(default)]
    pub change: NodeChange,
    /// The node; of one that is added a name that no node has.
    pub node: NodeRef,
    /// The node that takes its place, or is added, once it is known.
    pub new_node: Option<NodeId>,
    /// How it gets the release.
    pub strategy: Strategy,
    /// Its wave, from 1.
    pub wave: u32,
    /// Its failure domain.
    pub zone: Option<String>,
    /// Whether it is a manager of its fleet.
    pub manager: bool,
    /// The release that it had.
    pub was: Option<ReleaseName>,
    /// The release that it shall have.
    pub target: ReleaseName,
    /// What blocks it, as its preflight found last.
    pub blocks: Vec<Finding>,
    /// What its preflight found beside.
    pub notes: Vec<Finding>,
    /// When the verdict is due, while it soaks.
    pub soaks_until: Option<Timestamp>,
    /// The workloads that it moves.
    pub moved: Vec<MovedRow>,
}

/// A workload that a node step moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedRow {
    /// Which one.
    pub workload: WorkloadId,
    /// Its tasks on the node.
    pub tasks: u32,
    /// Where they are now; empty before they have moved.
    pub to: Vec<NodeId>,
    /// How it was before: `2 of 2 tasks run, 0 of 14 probes failed`; none before it was looked at.
    pub before: Option<String>,
    /// How it was seen last; none before it was looked at again.
    pub now: Option<String>,
    /// How it stands.
    pub mark: Mark,
}

/// A node of a fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Which one.
    pub node: NodeRef,
    /// Where it is reached.
    pub address: Option<String>,
    /// The pool that it belongs to.
    pub pool: Option<PoolName>,
    /// The release that it runs.
    pub release: Option<ReleaseName>,
    /// Its failure domain.
    pub zone: Option<String>,
    /// How it stands.
    pub mark: Mark,
    /// How it stands, in words: `ready`, `cordoned`, `drained`, `down: heartbeat failure`.
    pub state: String,
    /// Whether the orchestrator hears from it.
    pub up: bool,
    /// Whether work may be placed on it.
    pub availability: Availability,
    /// What it is to the fleet's consensus.
    pub role: NodeRole,
    /// The version of its container engine.
    #[serde(default)]
    pub engine: Option<String>,
    /// Workloads with tasks on it, with how many.
    pub work: Vec<(WorkloadId, u32)>,
    /// The rollout that has it in hand.
    pub run: Option<RunId>,
}

/// A pool: the part of a fleet's nodes that is updated together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolRow {
    /// Which one.
    pub pool: PoolName,
    /// Its fleet.
    pub fleet: FleetName,
    /// How its nodes get a release.
    pub strategy: Strategy,
    /// How it stands.
    pub mark: Mark,
    /// How it stands, in words: `12 nodes on r1`, `12 nodes: 9 on r1, 3 on r2`, `rollout 17 stopped; n03 down; 12 nodes on r1`.
    pub state: String,
    /// How many nodes it has.
    pub nodes: u32,
    /// Those that cannot take work now.
    pub out: Vec<NodeId>,
    /// How many nodes have each release; none: no label says it.
    pub releases: Vec<(Option<ReleaseName>, u32)>,
    /// What was announced, oldest first.
    pub announced: Vec<ReleaseRow>,
    /// The rollout that is under way.
    pub run: Option<RunId>,
    /// The release that it takes next by itself, and when.
    pub next: Option<(ReleaseName, Timestamp)>,
    /// Who keeps it on what it has, and why.
    #[serde(default)]
    pub pinned: Option<Freeze>,
    /// Who answers for its releases.
    pub owner: Option<Owner>,
}

/// An announced release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRow {
    /// Its name.
    pub release: ReleaseName,
    /// When it was announced first.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why the pool does not take it again by itself, where that is so.
    pub quarantine: Option<String>,
    /// Who said that the pool does not take it by itself, and why.
    #[serde(default)]
    pub skipped: Option<Freeze>,
    /// Whether a rollout of it has begun: then it is not taken by itself again.
    #[serde(default)]
    pub taken: bool,
}

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// A release on all nodes of the pool.
    Release(ReleaseName),
    /// So many nodes.
    Nodes(u32),
}

/// What a rollout would do: shown before it is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRow {
    /// The pool.
    pub pool: PoolName,
    /// Its fleet.
    pub fleet: FleetName,
    /// The release.
    pub release: ReleaseName,
    /// How the size of the pool would change, where it would; then `release` is what nodes that are added have.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// What a start must carry as `seen.plan`.
    pub plan: Digest,
    /// How a node gets the release.
    pub strategy: Strategy,
    /// Nodes that may be out at the same time, beside those that are out now.
    pub max_unavailable: u32,
    /// How long the work that moved is watched on each node.
    pub soak: Span,
    /// Node steps that may fail before it stops.
    pub budget: u32,
    /// Nodes of the pool that are out now.
    pub out: Vec<NodeId>,
    /// Why the pool would not take this release by itself, where that is so.
    pub quarantine: Option<String>,
    /// The nodes, in order.
    pub nodes: Vec<PlannedRow>,
}

/// One node of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRow {
    /// What would be done with the node.
    #[serde(default)]
    pub change: NodeChange,
    /// The node; of one that would be added a name that no node has.
    pub node: NodeId,
    /// Its wave, from 1.
    pub wave: u32,
    /// Its failure domain.
    pub zone: Option<String>,
    /// Whether it is a manager of its fleet.
    pub manager: bool,
    /// The release that it has.
    pub was: Option<ReleaseName>,
    /// Workloads with tasks on it, with how many.
    pub work: Vec<(WorkloadId, u32)>,
    /// What the fleet, asked now, finds in the way of emptying it.
    pub blocks: Vec<Finding>,
    /// What it finds beside.
    #[serde(default)]
    pub notes: Vec<Finding>,
    /// Why the fleet has not said what it finds; then nothing is known, and `blocks` and `notes` are empty.
    #[serde(default)]
    pub unknown: Option<String>,
}

impl PlannedRow {
    /// What its preflight says, in short: `fits`, `2 in the way`, `not known`.
    pub fn stands(&self) -> String {
        match (&self.unknown, self.blocks.len(), self.notes.len()) {
            _ if self.change == NodeChange::Grow => "-".to_owned(),
            (Some(_), ..) => "not known".to_owned(),
            (None, 0, 0) => "fits".to_owned(),
            (None, 0, notes) => format!("fits, {notes} to know"),
            (None, blocks, _) => format!("{blocks} in the way"),
        }
    }
}

/// `run 42`, or `rollout 17` when its steps are nodes.
pub fn called(run: RunId, step: &StepKey) -> String {
    match step {
        StepKey::Node(_) => format!("rollout {run}"),
        StepKey::Image(_) | StepKey::Deploy(_) => format!("run {run}"),
    }
}

/// `prod/web: no other node takes it`.
pub fn said(finding: &Finding) -> String {
    let of = finding.workload.as_ref().map(|workload| format!("{workload}: ")).unwrap_or_default();
    format!("{of}{}", finding.what)
}

/// What a node is to the fleet's consensus.
pub fn role(role: NodeRole) -> &'static str {
    match role {
        NodeRole::Worker => "worker",
        NodeRole::Manager { leader: true, .. } => "leader",
        NodeRole::Manager { reachable: true, .. } => "manager",
        NodeRole::Manager { reachable: false, .. } => "manager, not reached",
    }
}
