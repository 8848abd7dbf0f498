//! The engine's state as rows: one file per kind of row, one rule for which of them a fact concerns.
//!
//! ```text
//!   State + Beside ─ View ─▶ image.rs workload.rs run.rs step.rs …  each: one subject to its row
//!   touched keys ─▶ touched.rs: which subjects ─▶ Change { upsert, remove } ─▶ Table
//! ```
//!
//! Invariants: a row is a function of the view alone, so that made anew it equals the one kept up to date; what comes
//! from outside was cleaned when it came in.

mod coming;
mod daemon;
mod event;
mod hold;
mod image;
mod incident;
mod need;
mod rollout;
mod run;
mod source;
mod standing;
mod step;
mod touched;
mod workload;

pub use event::event;
pub use rollout::plan;
pub use touched::{Change, all, change};

use super::About;
use crate::api::rows::Stuck;
use crate::engine::State;
use crate::model::reports::Look;
use crate::model::{EffectId, Timestamp, WorkloadId};
use crate::ports::Progress;
use std::collections::BTreeMap;

/// What the rows show beside the state: too quick for the journal, or about the process.
pub trait Beside: Send + Sync {
    /// Who answers.
    fn about(&self) -> About;
    /// Since when the process runs.
    fn since(&self) -> Timestamp;
    /// Why nothing can be written, while that is so.
    fn stuck(&self) -> Option<Stuck>;
    /// When each source answered last, and when it is asked next while it does not.
    fn sources(&self) -> BTreeMap<String, Answered>;
    /// The latest look at a workload.
    fn look(&self, workload: &WorkloadId) -> Option<Look>;
    /// How far a piece of work is.
    fn progress(&self, effect: &EffectId) -> Option<Progress>;
}

/// When a source answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answered {
    /// The last time, since the process began.
    pub last: Option<Timestamp>,
    /// When it is asked next, while it does not answer.
    pub next: Option<Timestamp>,
}

/// All that rows are made of.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The engine's state.
    pub state: &'a State,
    /// What is beside it.
    pub beside: &'a dyn Beside,
    /// When each source answered, read once for all rows.
    pub sources: &'a BTreeMap<String, Answered>,
}
