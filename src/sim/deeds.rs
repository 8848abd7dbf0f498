//! What was done to the world, by whom: the truth that invariants are checked against and debriefings are written from.

use crate::model::nodes::Availability;
use crate::model::{Digest, EffectId, ImageRef, NodeRef, PoolName, Timestamp, WorkloadId};

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, by the world's own time ([`SimClock::world`](super::SimClock::world)).
    pub at: Timestamp,
    /// By whom.
    pub by: Hand,
    /// What.
    pub doing: Doing,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// The daemon, by this effect.
    Effect(EffectId),
    /// The world by itself: upstream, or a person beside us.
    Outside,
    /// An orchestrator by itself: its own rollback.
    Orchestrator,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// A candidate was built and pushed.
    Built {
        /// Under this tag.
        candidate: ImageRef,
        /// This content.
        digest: Digest,
        /// By this Dockerfile.
        recipe: Digest,
        /// From these bases, in the order of the file.
        bases: Vec<Digest>,
    },
    /// Tests ran to their end.
    Tested {
        /// On this content.
        digest: Digest,
        /// And all of them passed.
        passed: bool,
    },
    /// A tag points elsewhere.
    Tagged {
        /// Which one.
        image: ImageRef,
        /// From there; from nowhere when it was new.
        from: Option<Digest>,
        /// To there; to nowhere when it was removed.
        to: Option<Digest>,
    },
    /// A workload has another spec.
    SpecSet {
        /// Which one.
        workload: WorkloadId,
        /// The orchestrator's version of it now.
        version: u64,
        /// The image as the spec names it.
        image: String,
        /// The digest that it runs by this spec; none where the spec names none that the world knows.
        digest: Option<Digest>,
    },
    /// A workload was removed.
    Removed {
        /// Which one.
        workload: WorkloadId,
    },
    /// Requests of users to this workload fail now, some or all.
    Hurt {
        /// Whose.
        workload: WorkloadId,
    },
    /// They do no more.
    Well {
        /// Whose.
        workload: WorkloadId,
    },
    /// A node or its machine is otherwise.
    Node {
        /// Which one.
        node: NodeRef,
        /// How.
        is: NodeDeed,
    },
}

/// What was done to a node or its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeDeed {
    /// Its machine was made.
    Made {
        /// For this pool.
        pool: PoolName,
        /// With this token.
        token: String,
    },
    /// Its machine was removed.
    Removed,
    /// It joined its fleet.
    Joined,
    /// It was taken out of its fleet.
    Left,
    /// Whether work may be placed on it.
    Set(Availability),
    /// Work of this workload was begun elsewhere, or ended here, so that the node can be emptied.
    Moves(WorkloadId),
    /// It is not heard of any more.
    Fell,
    /// It is heard of again.
    Rose,
}
