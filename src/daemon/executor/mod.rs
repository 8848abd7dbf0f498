//! Does what the engine asks for: one file per family of jobs, with limits, cancel, and no job twice at a time.
//!
//! ```text
//!   Effect::Do(job) ─▶ issue ── known id: ignored
//!                        └── task: a free slot, then build | test | publish | change | look | watch | nodes ─▶ result to the inbox
//!   Effect::Cancel(id) ─▶ the task is dropped, and with it what it does
//!   Effect::Notify(job) ─▶ tell ─▶ result to the inbox
//! ```
//!
//! Invariants:
//! 1. A job is over for us before its result is sent: the engine may issue the same id again at once.
//! 2. A panic in a job is a defect of ours, is logged, and reaches the engine as "not reachable", so that it is tried again.
//! 3. No fleet is changed without a fresh claim of ours on it.
//! 4. Whoever reaches the world has a slot, and a watch has one only while it looks.

mod build;
mod change;
mod issue;
mod look;
mod material;
mod nodes;
mod perform;
mod probing;
mod publish;
mod tell;
mod test;
mod watch;
mod watching;

pub(super) use issue::Executor;
pub(super) use nodes::nodes_of;

use crate::model::limits;
use tokio::sync::Semaphore;

/// How much is done at a time.
#[derive(Debug)]
struct Slots {
    builds: Semaphore,
    tests: Semaphore,
    others: Semaphore,
    /// Long jobs of nodes: apart, so that they keep nothing waiting that must be quick.
    nodes: Semaphore,
    /// Looks of watches: apart, so that many watches do not keep a deploy or a put-back waiting.
    watches: Semaphore,
    /// Owners' channels: apart, so that a receiver that hangs keeps nothing else waiting.
    notices: Semaphore,
}

impl Default for Slots {
    fn default() -> Self {
        Self {
            builds: Semaphore::new(limits::BUILDS_AT_ONCE),
            tests: Semaphore::new(limits::TESTS_AT_ONCE),
            others: Semaphore::new(limits::EFFECTS_AT_ONCE),
            nodes: Semaphore::new(limits::NODE_JOBS_AT_ONCE),
            watches: Semaphore::new(limits::EFFECTS_AT_ONCE),
            notices: Semaphore::new(limits::NOTICES_AT_ONCE),
        }
    }
}

#[cfg(test)]
mod tests;
