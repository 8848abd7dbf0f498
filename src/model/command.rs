//! What a person can ask for. A command carries what its author saw, and is refused when that has moved.

use super::ids::{IncidentId, PoolName, ReleaseName, RunId, StepKey, WorkloadId};
use super::image::{Digest, ImageRef};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What the author of a command had on the screen. What is `None` was not shown and is not compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Seen {
    /// The digest that the step is about.
    pub digest: Option<Digest>,
    /// The plan: digests, what the workloads run now, order and policy.
    pub plan: Option<Digest>,
    /// How often the step had changed its state.
    pub generation: Option<u64>,
}

/// A request. It becomes a fact or is refused with a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Let a held step go on. Needs `seen.digest`.
    Approve {
        /// The run.
        run: RunId,
        /// The held step.
        step: StepKey,
        /// What was shown.
        seen: Seen,
        /// A word to those who come after.
        note: Option<String>,
    },
    /// Refuse a held step: it ends as aborted, what is built on it is blocked.
    Reject {
        /// The run.
        run: RunId,
        /// The held step.
        step: StepKey,
        /// What was shown.
        seen: Seen,
        /// Why; required.
        reason: String,
    },
    /// Start nothing new in this run; what is in flight goes on to its next safe point.
    Pause {
        /// The run.
        run: RunId,
        /// Why.
        reason: Option<String>,
        /// When it resumes by itself; never when absent.
        until: Option<Timestamp>,
    },
    /// Take a pause back.
    Resume {
        /// The run.
        run: RunId,
        /// Why.
        reason: Option<String>,
    },
    /// End a run: nothing new is started, what is being updated is put back.
    Abort {
        /// The run.
        run: RunId,
        /// Why; required.
        reason: String,
    },
    /// Try a failed step again, and what it blocked.
    Retry {
        /// The run.
        run: RunId,
        /// The failed step.
        step: StepKey,
        /// What was shown.
        seen: Seen,
        /// Why.
        reason: Option<String>,
    },
    /// Put a workload back to what it ran before this run touched it, and quarantine what it ran. Of a rollout: give a node's work back
    /// to the node that had it.
    Rollback {
        /// The run or rollout.
        run: RunId,
        /// The deploy or node step.
        step: StepKey,
        /// What was shown.
        seen: Seen,
        /// Why.
        reason: Option<String>,
    },
    /// Start a run of this image and all that is built on it, as if it had moved.
    Start {
        /// The image: an upstream or a built one.
        image: ImageRef,
        /// Why.
        reason: Option<String>,
    },
    /// Announce a node release: it may be rolled out from now on.
    Release {
        /// The pool that it is for.
        pool: PoolName,
        /// Its name.
        release: ReleaseName,
    },
    /// Never take a release by itself; a person may still start it.
    SkipRelease {
        /// The pool.
        pool: PoolName,
        /// The release, announced before.
        release: ReleaseName,
        /// Why; required.
        reason: String,
    },
    /// Take a skip of a release back.
    UnskipRelease {
        /// The pool.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
        /// Why.
        reason: Option<String>,
    },
    /// Keep a pool on what it has: no release is begun there. What is under way goes on.
    Pin {
        /// The pool.
        pool: PoolName,
        /// Why; required.
        reason: String,
    },
    /// Take a pin back.
    Unpin {
        /// The pool.
        pool: PoolName,
        /// Why.
        reason: Option<String>,
    },
    /// Bring a pool's nodes onto a release. Needs `seen.plan`.
    StartRollout {
        /// The pool.
        pool: PoolName,
        /// The release, announced before.
        release: ReleaseName,
        /// The plan that was shown.
        seen: Seen,
        /// Why.
        reason: Option<String>,
    },
    /// Make a pool larger or smaller. Needs `seen.plan`.
    Scale {
        /// The pool.
        pool: PoolName,
        /// How many nodes it shall have.
        nodes: u32,
        /// The plan that was shown.
        seen: Seen,
        /// Why.
        reason: Option<String>,
    },
    /// End a rollout and take all back that it has done: a rollout of the releases from before follows.
    RollBackAll {
        /// The rollout.
        run: RunId,
        /// Why; required.
        reason: String,
    },
    /// End a rollout and go on with a release that may be a newer one: what it has not done yet is planned anew.
    RollForward {
        /// The rollout.
        run: RunId,
        /// The release, announced before.
        release: ReleaseName,
        /// Why.
        reason: Option<String>,
    },
    /// Leave a node out of its rollout.
    SkipNode {
        /// The rollout.
        run: RunId,
        /// The node step.
        step: StepKey,
        /// What was shown.
        seen: Seen,
        /// Why; required.
        reason: String,
    },
    /// Let a workload take again what made it sick.
    Unquarantine {
        /// The workload.
        workload: WorkloadId,
        /// Why; required.
        reason: String,
    },
    /// Start no new step anywhere.
    Freeze {
        /// Why; in an emergency it may follow later.
        reason: Option<String>,
        /// When it ends by itself; never when absent.
        until: Option<Timestamp>,
    },
    /// Take a freeze back.
    Thaw {
        /// Why.
        reason: Option<String>,
    },
    /// Take an incident: the others see who looks at it.
    Claim {
        /// The incident.
        incident: IncidentId,
    },
    /// Close an incident.
    Close {
        /// The incident.
        incident: IncidentId,
        /// What came of it; required.
        reason: String,
    },
}

impl Command {
    /// The run and step that it is about, where it names them.
    pub fn subject(&self) -> Option<(RunId, Option<StepKey>)> {
        match self {
            Self::Approve { run, step, .. }
            | Self::Reject { run, step, .. }
            | Self::Retry { run, step, .. }
            | Self::Rollback { run, step, .. }
            | Self::SkipNode { run, step, .. } => Some((*run, Some(step.clone()))),
            Self::Pause { run, .. }
            | Self::Resume { run, .. }
            | Self::Abort { run, .. }
            | Self::RollBackAll { run, .. }
            | Self::RollForward { run, .. } => Some((*run, None)),
            Self::Start { .. }
            | Self::Release { .. }
            | Self::SkipRelease { .. }
            | Self::UnskipRelease { .. }
            | Self::Pin { .. }
            | Self::Unpin { .. }
            | Self::StartRollout { .. }
            | Self::Scale { .. }
            | Self::Unquarantine { .. }
            | Self::Freeze { .. }
            | Self::Thaw { .. }
            | Self::Claim { .. }
            | Self::Close { .. } => None,
        }
    }
}
