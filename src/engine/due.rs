//! What happens by itself, and when: every timer is a moment in the state, with a sentence for the log made only when one is written.

use crate::model::notices::NoticeId;
use crate::model::{NodeRef, PoolName, ReleaseName, RunId, StepKey};
use std::fmt;

/// What happens by itself at a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due<'a> {
    /// The freeze ends.
    Thaw,
    /// The pause of a run or rollout ends.
    Resume(RunId),
    /// The candidates of an ended run are removed.
    Discard(RunId),
    /// A step of a run or rollout goes on; and in which way.
    Step(RunId, &'a StepKey, &'static str),
    /// A pool takes a release.
    Take(&'a PoolName, ReleaseName),
    /// A notice is tried again.
    Tell(&'a NoticeId),
    /// What is left of a machine that nobody needs is removed, or not looked for any more.
    Sweep(&'a NodeRef),
}

impl fmt::Display for Due<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thaw => f.write_str("the freeze ends"),
            Self::Resume(run) => write!(f, "run {run}: its pause ends"),
            Self::Discard(run) => write!(f, "run {run}: its candidates are removed"),
            Self::Step(run, step, how) => write!(f, "run {run}: {step} {how}"),
            Self::Take(pool, release) => write!(f, "pool {pool} takes release {release} by itself"),
            Self::Sweep(node) => write!(f, "what is left of machine {node} is removed"),
            Self::Tell(notice) => write!(f, "notice {notice} is tried again"),
        }
    }
}
