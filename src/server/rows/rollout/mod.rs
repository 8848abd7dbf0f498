//! Rollouts as rows: a rollout is a run's row and a node step a step's row, each with a part of its own; nodes and pools have theirs.
//!
//! ```text
//!   Rollout  ─ row.rs ──▶ RunRow + RolloutPart     standing.rs  marks and words of stages
//!   NodeStep ─ step.rs ─▶ StepRow + NodePart       need.rs      what needs a person
//!   NodeLook ─ nodes.rs ▶ NodeRow, PoolRow         incident.rs  what an incident of a node step says
//!   Plan     ─ plan.rs ─▶ PlanRow
//! ```

pub(super) mod incident;
pub(super) mod need;
mod nodes;
mod plan;
mod row;
pub(super) mod standing;
mod step;
pub(super) mod touched;

pub(super) use nodes::{in_hand, node, pool};
pub use plan::plan;
pub(super) use row::rollout;
pub(super) use step::step;
