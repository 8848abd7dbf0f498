//! Deliberate defects, one for each thing that the simulation says it would notice. A release has none: the switch exists only where
//! `debug_assertions` are on, and only a test turns it.

/// One thing that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// Tests that fail count as passed.
    FailedTestsPass,
    /// A gate opens with one approval less than it asks for.
    OneApprovalLess,
    /// A run does not ask whether another one has the workload in hand.
    HolderIgnored,
    /// What is to be put back is said to be back, and is not.
    PutBackSkipped,
    /// Nothing that could not be reached is tried again.
    RetryForgotten,
    /// A snapshot comes back without the quarantine.
    SnapshotForgets,
    /// A build that is tried again does not look under the tag of the first one.
    BuiltUnderAnotherTag,
    /// The quarantine is not asked.
    QuarantineIgnored,
    /// A console is not told of rows that went.
    RemovalLost,
    /// A result that comes late is taken for something that cannot be.
    LateResultOdd,
    /// A child is built before its parents are tested.
    ChildBuiltEarly,
    /// A vendor is told what only its customer may see.
    VendorToldAll,
    /// A node step does not ask whether a deploy has its work in hand.
    DeployIgnored,
    /// A machine whose step is taken back is not removed.
    MachineForgotten,
    /// A machine that no step knows of is not removed.
    OrphanLeft,
    /// Nobody counts how many nodes are out.
    OutUncounted,
    /// A node whose step is taken back stays drained.
    NodeLeftDrained,
    /// A new node that does not join is waited for without end.
    JoinedNever,
}

/// Whether this goes wrong now.
#[cfg(not(debug_assertions))]
#[inline]
pub const fn present(_: Defect) -> bool {
    false
}

#[cfg(debug_assertions)]
pub use switched::{present, set};

#[cfg(debug_assertions)]
mod switched {
    use super::Defect;
    use std::cell::Cell;

    thread_local! {
        static PRESENT: Cell<Option<Defect>> = const { Cell::new(None) };
    }

    /// Whether this goes wrong now, on this thread.
    pub fn present(defect: Defect) -> bool {
        PRESENT.get() == Some(defect)
    }

    /// From now on this goes wrong on this thread, and nothing else.
    pub fn set(defect: Option<Defect>) {
        PRESENT.set(defect);
    }
}
