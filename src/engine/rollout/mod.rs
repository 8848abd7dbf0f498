//! A rollout: one node release on its way through a pool, its node steps, and how they go on.
//!
//! ```text
//!   surge:    Pending ▶ Preflight ▶ Provisioning ▶ Joining ▶ Cordoning ▶ Shifting ▶ Soaking ▶ Retiring ▶ Done
//!   in place: Pending ▶ Preflight ▶ Cordoning ▶ Shifting ▶ Updating ▶ Rejoining ▶ Soaking ▶ Done
//!   a pool that grows:    Pending ▶ Provisioning ▶ Joining ▶ Done
//!   a pool that shrinks:  Pending ▶ Preflight ▶ Cordoning ▶ Shifting ▶ Soaking ▶ Retiring ▶ Done
//!   all:      a failure before anything was touched ▶ Failed;  after that ▶ Restoring ▶ Restored, or Quarantined where that fails
//!             ▶ Undecided (a person says how it goes on), Skipped, Superseded, Aborted
//!
//!   plan.rs     which nodes, in which order         advance.rs  what may go on by itself
//!   begin.rs    a rollout's start, also by itself   issue.rs    wants become effects; jobs.rs makes them
//!   results.rs  what became of effects              moved.rs    the workloads that moved: baseline, watch, verdict
//!   restore.rs  failing, and taking back            lock.rs     who has a workload in hand: deploy steps or node steps
//!   decide.rs   what a person may ask for           commands.rs what an accepted command changes
//!   scale.rs    a pool grows or shrinks: steps that add or remove a node
//!   cordon.rs   nothing new lands on the node, then its work is taken in hand;   looks.rs  what was seen of that work
//! ```
//!
//! Invariants:
//! 1. A step wants at most one thing and does at most one; of each workload that it moves the same holds. `issue` alone turns wants into
//!    effects, so that a restart, a pause and a retry are one mechanism, as in [`run`](super::run).
//! 2. Before anything of ours may be in the world, the step remembers it ([`Traces`]): what is to be taken back is read from there.
//! 3. No more nodes of a pool are out than it allows: a step in flight counts as one, from its begin to its end.
//! 4. More failures than the budget stop the rollout: nothing more is begun, and a person chooses.

mod advance;
mod begin;
pub mod cause;
pub(super) mod commands;
mod cordon;
pub(super) mod decide;
pub(super) mod describe;
pub mod dossier;
pub(super) mod facts;
mod issue;
mod jobs;
pub(super) mod lock;
pub(super) mod looks;
mod moved;
pub(super) mod notice;
pub(super) mod pins;
pub mod plan;
mod restore;
pub(super) mod results;
pub(super) mod scale;
mod stage;
mod waiting;

pub(super) use advance::{all_go_on, settle};
pub(super) use begin::automatic;
pub use begin::is_out;
pub use cause::NodeCause;
pub(super) use facts::{drop_node, out_of};
pub(super) use issue::outstanding;
pub use plan::{Kept, Plan, PlanError};
pub(super) use stage::next_deadline;

use super::incident::Cause;
use super::run::Retry;
use super::state::Stop;
use super::steps::Steps;
use crate::model::nodes::{Finding, Machine, Moved, NodeChange, Pool, PreflightReport, Scale};
use crate::model::reports::{Look, Unreachable};
use crate::model::{
    Action, Actor, EffectId, IncidentId, NodeId, NodeRef, PoolName, ReleaseName, RunId, StepKey, Timestamp,
    WorkloadId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// One node release on its way through a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its number, of the same series as runs'.
    pub id: RunId,
    /// The pool.
    pub pool: PoolName,
    /// The pool as the plan had it.
    pub how: Pool,
    /// The release; of one that takes another back: that of its first step, since nodes may have had different ones.
    pub release: ReleaseName,
    /// The rollout that it takes back, where it does.
    pub back_of: Option<RunId>,
    /// It changes how many nodes the pool has; `release` is what those that it adds shall have.
    #[serde(default)]
    pub scale: Option<Scale>,
    /// Who or what started it.
    pub by: Actor,
    /// Why, when a person said so.
    pub reason: Option<String>,
    /// When it was planned.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Its steps, wave after wave.
    #[serde(flatten)]
    pub steps: Steps<NodeStep>,
    /// Places in the order that have not begun.
    pub pending: BTreeSet<usize>,
    /// Places that have begun and not ended.
    pub flying: BTreeSet<usize>,
    /// Places that failed, also while they are put back. What a person retries or skips is none of them any more.
    pub bad: BTreeSet<usize>,
    /// Nodes of the pool that were out when it was planned: not counted against what may be out.
    pub out_before: BTreeSet<NodeId>,
    /// Paused by a person.
    pub paused: Option<Stop>,
    /// Ended by a person, who leaves what is done as it is.
    pub aborted: Option<Stop>,
    /// What a person chose to follow it, and whether that has begun.
    pub choice: Option<Choice>,
}

/// What follows a rollout that a person ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Who chose, when, and why.
    pub stop: Stop,
    /// What.
    pub next: Next,
    /// The rollout that came of it; none before it has begun, or where nothing was left to do.
    pub begun: Option<RunId>,
}

/// The ways on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Next {
    /// Everything that was done is taken back.
    Back,
    /// On to this release.
    Forward(ReleaseName),
}

/// Bring one node onto a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStep {
    /// Which one.
    pub key: StepKey,
    /// What is done with the node.
    #[serde(default)]
    pub change: NodeChange,
    /// The node. Of one that is added a name that no node has ([`scale`]).
    pub node: NodeRef,
    /// The orchestrator's own id of it when the rollout was planned.
    pub uid: String,
    /// Its place in the order.
    pub place: usize,
    /// Its wave, from 1.
    pub wave: u32,
    /// Its failure domain.
    pub zone: Option<String>,
    /// Where it is reached.
    pub address: Option<String>,
    /// Whether it is a manager of its fleet.
    pub manager: bool,
    /// The release that it shall have.
    pub target: ReleaseName,
    /// The release that it had.
    pub was: Option<ReleaseName>,
    /// The token with which it was made, where we made it.
    pub token: Option<String>,
    /// How often a person had it begin anew: part of the new machine's token.
    pub round: u32,
    /// How often its stage has changed; a command must have seen the present one.
    pub generation: u64,
    /// When its stage changed last.
    pub since: Timestamp,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What is to be done next, once it may.
    pub want: Option<Action>,
    /// What is being done.
    pub doing: Option<EffectId>,
    /// How often each action was issued.
    pub attempts: BTreeMap<Action, u32>,
    /// The same of what was issued for a workload that moves: kept when the step begins anew, so that no id comes twice.
    #[serde(default)]
    pub attempts_of: BTreeMap<WorkloadId, BTreeMap<Action, u32>>,
    /// Somebody could not be reached, or is in the way for now; when it is tried again.
    pub retry: Option<Retry>,
    /// When what the stage waits for is due.
    pub deadline: Option<Timestamp>,
    /// The incident that it opened last.
    pub incident: Option<IncidentId>,
    /// What the preflight found last.
    pub preflight: Option<PreflightReport>,
    /// Workloads that may have a gap, because a person was shown it and agreed.
    pub gaps: BTreeSet<WorkloadId>,
    /// What of ours may be in the world.
    pub traces: Traces,
    /// What was on the node when nothing new could land there any more, with how many tasks: all that is moved. None before that is known.
    #[serde(default)]
    pub carried: Option<BTreeMap<WorkloadId, u32>>,
    /// What the last shift of the old node moved.
    pub moved: Vec<Moved>,
    /// The workloads that move, each with its baseline and verdict.
    pub watched: BTreeMap<WorkloadId, Watched>,
    /// Where it stands.
    pub stage: NodeStage,
}

/// What of ours may be in the world: remembered before it is asked for, forgotten once it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traces {
    /// A machine may have been made with this token.
    pub token: Option<String>,
    /// The machine, once the provisioner named it.
    pub machine: Option<Machine>,
    /// Whether the provisioner was asked which machine it made, because it had not said so.
    #[serde(default)]
    pub looked: bool,
    /// The new node, once it was seen in the fleet, with the orchestrator's own id.
    pub joined: Option<(NodeRef, String)>,
    /// It has its labels and role: it belongs to the pool.
    pub admitted: bool,
    /// The work of the node that was to take over has been moved off again.
    pub emptied: bool,
    /// The old node may be cordoned or drained.
    pub cordoned: bool,
    /// The node may have been updated in place.
    pub updated: bool,
    /// The verdict was good, or a person accepted it: from here on nothing is taken back.
    pub soaked: bool,
}

/// One workload that a step moves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watched {
    /// What is to be done next.
    pub want: Option<Action>,
    /// What is being done.
    pub doing: Option<EffectId>,
    /// A standing watch, beside what is being done.
    pub watching: Option<EffectId>,
    /// Its fleet could not be reached; when it is tried again.
    pub retry: Option<Retry>,
    /// How it was before it was moved.
    pub baseline: Option<Box<Look>>,
    /// How it was seen last.
    pub look: Option<Box<Look>>,
    /// Nobody answered for it since then.
    pub unseen: Option<Unreachable>,
    /// Failed probes of watches that ended, to be added to those of the present one.
    pub failed_before: u32,
    /// What was judged at the end of the soak.
    pub judged: Option<Judged>,
}

/// A verdict that does not send anything back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// It is as well as it should be.
    Healthy,
    /// It cannot be said; a person decides.
    Unknown(String),
}

/// Where a node step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStage {
    /// It has not begun.
    Pending,
    /// What emptying the node would meet is asked; nothing is touched. In place it also waits here for whoever has its work in hand.
    Preflight,
    /// The machine that takes its place is made.
    Provisioning,
    /// The new node joins and gets its labels; then it waits for whoever has the work in hand.
    Joining,
    /// Nothing new is placed on the old node from now on; then it waits for whoever has in hand what came to it before that.
    Cordoning,
    /// The workloads are looked at, then moved.
    Shifting,
    /// The node is updated where it stands.
    Updating,
    /// The updated node gets its label and takes work again.
    Rejoining,
    /// The moved work is watched.
    Soaking {
        /// When the verdict is due.
        until: Timestamp,
    },
    /// A person says how it goes on.
    Undecided(Question),
    /// The old node leaves the fleet, and its machine is removed.
    Retiring,
    /// The node has its release.
    Done,
    /// It is taken back.
    Restoring(Cause),
    /// All is as it was before.
    Restored(Cause),
    /// It failed before anything was touched.
    Failed(Cause),
    /// It could be neither finished nor taken back: a person must look.
    Quarantined(Cause),
    /// It was left out: by a person, or because its node is gone.
    Skipped(Actor),
    /// The rollout was ended for another one.
    Superseded,
    /// A person ended the rollout.
    Aborted(Actor),
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether workloads may be down for a moment, since they cannot be doubled.
    Gaps(Vec<Finding>),
    /// Whether what moved is well: it cannot be said.
    Verdict(String),
}

/// An announced release of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Its name.
    pub release: ReleaseName,
    /// When it was announced first.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Whether a rollout of it has begun: then it is not started by itself again.
    pub taken: bool,
    /// Who said that it is not taken by itself, and why.
    #[serde(default)]
    pub skipped: Option<Stop>,
}

/// A release that a pool will not take again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRelease {
    /// The pool.
    pub pool: PoolName,
    /// The release.
    pub release: ReleaseName,
    /// The rollout that found out.
    pub run: RunId,
    /// Since when.
    pub since: Timestamp,
    /// What was seen.
    pub why: String,
}
