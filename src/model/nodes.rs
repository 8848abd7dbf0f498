//! Nodes, pools and node releases: what a rollout asks of a fleet and of a provisioner, and what they answer.
//!
//! One meaning for every orchestrator. A node is *cordoned* when nothing new is placed on it (Swarm: `pause`, Kubernetes:
//! `unschedulable`), and *drained* when besides nothing of ours is left on it (Swarm: `drain`; Kubernetes: cordoned, and its pods evicted).

use super::ids::{EffectId, FleetName, NodeId, NodeRef, Owner, PoolName, ReleaseName, TaskId, WorkloadId};
use super::secret::Secret;
use super::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whether work may be placed on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It takes work.
    Active,
    /// It keeps what it has and takes nothing new.
    Cordoned,
    /// It has been emptied and takes nothing.
    Drained,
}

/// A node as it was seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLook {
    /// Its name: the host name by which the provisioner and people know it.
    pub name: NodeId,
    /// The orchestrator's own id of it. A node that was removed and joined again has another one.
    pub uid: String,
    /// Where it is reached.
    pub address: Option<String>,
    /// Whether the orchestrator hears from it.
    pub up: bool,
    /// What the orchestrator says of it when it is not up, cleaned.
    pub message: Option<String>,
    /// Whether work may be placed on it.
    pub availability: Availability,
    /// What it is to the fleet's consensus.
    pub role: NodeRole,
    /// The pool that it belongs to (label `tidegate.pool`).
    pub pool: Option<PoolName>,
    /// The release that it runs (label `tidegate.release`).
    pub release: Option<ReleaseName>,
    /// Its failure domain (label `tidegate.zone`).
    pub zone: Option<String>,
    /// The token with which it was provisioned (label `tidegate.token`), where we made it.
    pub token: Option<String>,
    /// The version of its container engine, cleaned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Workloads with a task on it that should run, with how many.
    pub work: BTreeMap<WorkloadId, u32>,
}

impl NodeLook {
    /// Whether nobody would miss it: a worker of no pool, without work, that is down or takes none.
    pub fn is_unused(&self) -> bool {
        let idle = !self.up || self.availability != Availability::Active;
        idle && self.work.is_empty() && self.pool.is_none() && self.role == NodeRole::Worker
    }
}

/// What a node is to its fleet's consensus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeRole {
    /// It only carries work.
    Worker,
    /// It is a member of the quorum.
    Manager {
        /// Whether the other managers reach it.
        reachable: bool,
        /// Whether it leads.
        leader: bool,
    },
}

/// The part of a fleet's nodes that is updated together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its fleet.
    pub fleet: FleetName,
    /// How a node gets a release.
    pub strategy: Strategy,
    /// Nodes in the first wave, the second, and so on; the last size is repeated until all are done.
    pub waves: Vec<WaveSize>,
    /// Nodes of the pool that may be out (down, cordoned, drained) at the same time, beside what was out before.
    pub max_unavailable: u32,
    /// How long the work that moved is watched before the step counts as good.
    pub soak: Span,
    /// Node steps that may fail before the rollout stops. 0: the first failure stops it.
    pub failure_budget: u32,
    /// Longest time of each part of a step.
    pub limits: NodeLimits,
    /// Zones in the order in which they are done; those not named follow in the order of their names.
    pub zones: Vec<String>,
    /// How long a release must have been announced before it is taken by itself. None: only a person starts a rollout.
    pub automatic_after: Option<Span>,
    /// The daemon's own node, which goes last.
    pub own_node: Option<NodeId>,
    /// Who answers for the nodes' releases: the vendor of an incident.
    pub owner: Option<Owner>,
}

/// How a node gets a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// A new node is made, takes the work over, and the old one is removed once the new one has soaked.
    Surge,
    /// The node is emptied, a command updates it, and it takes its work back: for hardware that cannot be doubled.
    InPlace,
}

/// How many nodes a wave has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaveSize {
    /// So many.
    Nodes(u32),
    /// So many percent of the pool, rounded up.
    Percent(u32),
}

/// The longest that each part of a node step may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLimits {
    /// From asking for a node until the provisioner has made it.
    pub provision: Span,
    /// From then until it has joined the fleet and is up.
    pub join: Span,
    /// Moving the work.
    pub shift: Span,
    /// The command that updates a node in place.
    pub update: Span,
}

/// The commands that make, remove, list and update a pool's machines: argv, never a shell's line. They stay with the adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolCommands {
    /// Makes a machine; empty when the pool has no such command.
    pub provision: Vec<String>,
    /// Removes one.
    pub deprovision: Vec<String>,
    /// Lists all of the pool.
    pub list: Vec<String>,
    /// Updates one where it stands. `{node}`, `{address}` and `{release}` in its words are replaced.
    pub update: Vec<String>,
    /// Environment of all of them, beside the little that they get of the daemon's.
    pub env: BTreeMap<String, Secret>,
    /// The longest that `list` may take.
    pub list_within: Span,
}

/// What a step of a rollout does with a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeChange {
    /// It gets a release: a new node takes its place, or it is updated where it stands.
    #[default]
    Replace,
    /// It is added to its pool.
    Grow,
    /// It leaves its pool, and nothing takes its place.
    Shrink,
}

impl NodeChange {
    /// Whether a new node joins before this one is emptied.
    pub fn joins(self, strategy: Strategy) -> bool {
        self == Self::Replace && strategy == Strategy::Surge
    }

    /// Whether the node leaves its fleet in the end.
    pub fn removes(self, strategy: Strategy) -> bool {
        match self {
            Self::Replace => strategy == Strategy::Surge,
            Self::Grow => false,
            Self::Shrink => true,
        }
    }
}

/// How many nodes a pool has, and shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scale {
    /// When it was planned.
    pub from: u32,
    /// At the end.
    pub to: u32,
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}→{} nodes", self.from, self.to)
    }
}

/// Say what moving a node's work would meet, without touching anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The node that would be emptied.
    pub node: NodeRef,
    /// Whether a node of the same kind joins before this one is emptied.
    pub surge: bool,
    /// Whether the node is removed from the fleet afterwards.
    pub removes: bool,
}

/// What a preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PreflightReport {
    /// What would move, with how many tasks.
    pub moves: BTreeMap<WorkloadId, u32>,
    /// What blocks the step: it would be refused, or something would go down.
    pub blocks: Vec<Finding>,
    /// What a person should know and what blocks nothing: a global service's task ends with its node.
    pub notes: Vec<Finding>,
}

/// One thing that a preflight found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The workload, where it is about one.
    pub workload: Option<WorkloadId>,
    /// What kind it is.
    pub kind: FindingKind,
    /// One sentence that names what to change, cleaned.
    pub what: String,
}

/// Kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// No other node takes it: constraints, platforms, resources or host-mode ports.
    FitsNowhere,
    /// A disruption budget, or fewer healthy tasks than it needs, forbids to move it now.
    Disruption,
    /// The fleet's managers would lose their quorum.
    Quorum,
    /// It runs once per node, so it ends here and starts there.
    PerNode,
    /// It cannot be doubled for the move, so it is down in between (a host-mode port, a job, one replica at most).
    Gap,
    /// It is in the middle of an update, or is sick already.
    Unsettled,
    /// Something that is not a workload of the fleet and would end: a plain container.
    Unmanaged,
}

/// Move all work off a node so that nothing goes down: cordon it, add, wait for health, empty it, wait, take away what was added.
///
/// Doing it twice moves nothing twice: counts are absolute, and what was there before is kept with the workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The node that is emptied.
    pub from: NodeRef,
    /// Where the work should go, as far as the orchestrator can be led; anywhere when absent.
    pub onto: Option<NodeId>,
    /// Whether `onto` takes over for good, and is given what `from` is known by: not where work is taken back.
    #[serde(default)]
    pub lend: bool,
    /// Workloads that may have a gap, because a person was shown it and agreed.
    pub gaps: BTreeSet<WorkloadId>,
    /// The longest that it may take.
    pub timeout: Span,
}

/// What became of a shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftReport {
    /// The node is empty and drained, everything that was on it is healthy elsewhere.
    Shifted {
        /// What moved, and where its tasks are now.
        moved: Vec<Moved>,
    },
    /// It cannot be done, or was not done in time. The node is cordoned; nothing that was up went down for it.
    Blocked {
        /// What moved all the same.
        moved: Vec<Moved>,
        /// By what.
        by: Vec<Finding>,
    },
    /// There is no such node any more.
    Gone,
}

/// A workload that a shift moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Which one.
    pub workload: WorkloadId,
    /// How many tasks.
    pub tasks: u32,
    /// Where they are now.
    pub to: Vec<NodeId>,
    /// The new tasks, at most [`TASKS_PER_WORKLOAD`](super::limits::TASKS_PER_WORKLOAD).
    pub by: Vec<TaskId>,
}

/// Set whether work may be placed on a node.
///
/// 1. To `Active` ends an unfinished shift too: what it had added is taken away again.
/// 2. To `Cordoned` says what is on the node once that took effect. One that is drained stays so: it takes nothing as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AvailJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which node.
    pub node: NodeRef,
    /// What it shall be: `Active` or `Cordoned`. Emptying is a [`ShiftJob`].
    pub want: Availability,
}

/// Make a node that joined ours: its labels, and its role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmitJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which node.
    pub node: NodeRef,
    /// The pool.
    pub pool: PoolName,
    /// Its release.
    pub release: ReleaseName,
    /// Its zone.
    pub zone: Option<String>,
    /// The token with which it was made; none in place.
    pub token: Option<String>,
    /// Whether it shall be a manager.
    pub manager: bool,
}

/// Take a node out of the fleet: a manager is demoted first, and refused where the quorum would not survive it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetireJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which node.
    pub node: NodeRef,
    /// The orchestrator's own id of it: a namesake that joined later is not touched.
    pub uid: Option<String>,
}

/// What became of a change to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeReport {
    /// It is as it was wanted.
    Done {
        /// It was already.
        found: bool,
    },
    /// It takes nothing new, as was wanted.
    Cordoned {
        /// It did not before either.
        found: bool,
        /// Workloads with a task on it that should run, with how many: read after it took effect, so that no other one can come.
        work: BTreeMap<WorkloadId, u32>,
    },
    /// There is no such node (any more).
    Gone,
    /// The orchestrator refused for good, or the quorum forbids it, with the reason.
    Refused(String),
}

/// Make a node of a release. Done twice with one token, it makes one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The pool.
    pub pool: PoolName,
    /// The release.
    pub release: ReleaseName,
    /// Ours, random-looking, the same in every try: what was made with it is found by it.
    pub token: String,
    /// The zone it should be in: that of the node it replaces.
    pub zone: Option<String>,
    /// The node it replaces; none when a pool grows.
    pub replaces: Option<NodeId>,
    /// The longest that the command may take.
    pub timeout: Span,
}

/// Ask a provisioner's list which machine has a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The pool.
    pub pool: PoolName,
    /// The token.
    pub token: String,
}

/// Remove what was made with a token, or a node by its name. What is not there is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeprovisionJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The pool.
    pub pool: PoolName,
    /// The token, where we made it.
    pub token: Option<String>,
    /// Its name, where it is known.
    pub node: Option<NodeId>,
    /// What it is in its fleet, where it must [not be used](NodeLook::is_unused) there: that is looked at right before.
    pub unused: Option<NodeRef>,
    /// The longest that the command may take.
    pub timeout: Span,
}

/// Update a node in place by the pool's command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The pool.
    pub pool: PoolName,
    /// Which node.
    pub node: NodeId,
    /// Where it is reached.
    pub address: Option<String>,
    /// The release that it shall run.
    pub release: ReleaseName,
    /// The longest that the command may take.
    pub timeout: Span,
}

/// A machine that a provisioner knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The name under which it joins the fleet.
    pub node: NodeId,
    /// Where it is reached.
    pub address: Option<String>,
    /// The token with which it was made; none for what we did not make.
    pub token: Option<String>,
    /// Its release, where the provisioner knows it.
    pub release: Option<ReleaseName>,
}

/// What became of one of a provisioner's commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProvisionReport<T> {
    /// It did what was asked.
    Done(T),
    /// It ended with another code than 0, answered what cannot be read, answered twice, or did not end in time: what was seen, cleaned, and what to
    /// look at. Whether something was made is not known: `list` says it.
    Failed {
        /// One sentence.
        what: String,
        /// The end of what it wrote to its standard error, cleaned, at most [`MESSAGE_CHARS`](super::limits::MESSAGE_CHARS).
        stderr: String,
    },
}
