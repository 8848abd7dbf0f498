//! Machines of ours that nobody needs any more: seen in a provisioner's list, removed, and with them what they leave in their fleet.
//!
//! ```text
//!   listed ─▶ Suspected ── listed again, some time later ─▶ Removing ─▶ Removed ── its node is there, down ─▶ Leaving ─▶ forgotten
//!                 └── not listed any more, or needed ─▶ forgotten           ▲  └── no such node for a while ─▶ forgotten
//!                                    a step that took its machine back ─────┘
//!
//!   judge.rs   which machines those are         sweep.rs   how they go, and what becomes of that
//! ```
//!
//! Invariants:
//! 1. What is removed was made by this installation, was never handed over to carry work, is in the hands of no step that is open or may
//!    be tried again, and is under no node that is used.
//! 2. It was so on two looks some time apart, and is so when the removal is issued; the fleet is looked at once more right before it.
//! 3. In a freeze, while a rollout of the pool is paused, and where another daemon has the fleet, nothing is removed.
//! 4. These effects belong to no run: their ids are of [`RunId::NONE`](crate::model::RunId::NONE), each with a number of its own. Otherwise
//!    they are as a step's: issued again after a restart, done twice without harm, tried again after a failure.

mod judge;
mod sweep;

pub use judge::nodes_source;
pub(super) use sweep::{go_on, gone, heard_again, left, let_go, next_deadline, outstanding, removed, seen};

use super::run::Retry;
use crate::model::{EffectId, NodeRef, PoolName, Timestamp};
use serde::{Deserialize, Serialize};

/// A machine that is left behind, or that was, and whose node may be in its fleet still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orphan {
    /// Its pool.
    pub pool: PoolName,
    /// What it is, or would be, called in its fleet.
    pub node: NodeRef,
    /// Since when its stage is what it is.
    pub since: Timestamp,
    /// How far it is.
    pub stage: OrphanStage,
    /// What is being done.
    pub doing: Option<EffectId>,
    /// What the last try met; when it is tried again.
    pub retry: Option<Retry>,
}

/// How far the removal of a machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrphanStage {
    /// It was listed, and nobody needs it; a second look decides.
    Suspected,
    /// It is removed.
    Removing,
    /// The machine is gone. Its node, should it have joined, goes down.
    Removed,
    /// Its node is taken out of the fleet.
    Leaving {
        /// The orchestrator's own id of the node.
        uid: String,
    },
}

impl Orphan {
    fn new(pool: &PoolName, node: NodeRef, stage: OrphanStage, since: Timestamp) -> Self {
        Self { pool: pool.clone(), node, since, stage, doing: None, retry: None }
    }

    /// Whether there is a machine that is left behind.
    pub fn is_there(&self) -> bool {
        match self.stage {
            OrphanStage::Suspected | OrphanStage::Removing => true,
            OrphanStage::Removed | OrphanStage::Leaving { .. } => false,
        }
    }
}
