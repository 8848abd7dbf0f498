//! How a node step's stage looks: its mark and its words.

use crate::api::rows::Mark;
use crate::engine::{NodeStage, NodeStep, Rollout};

/// The mark of a node step.
pub(in crate::server::rows) fn mark(rollout: &Rollout, step: &NodeStep) -> Mark {
    let mark = stage_mark(&step.stage);
    // Work that goes on is not paused; what has not begun is, also where the step is at work as a whole.
    let idle =
        mark == Mark::Pending || (mark == Mark::Working && step.want.is_some() && step.doing.is_none());
    if idle && rollout.paused.is_some() { Mark::Paused } else { mark }
}

fn stage_mark(stage: &NodeStage) -> Mark {
    match stage {
        NodeStage::Pending => Mark::Pending,
        NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Retiring => Mark::Working,
        NodeStage::Undecided(_) => Mark::Unknown,
        NodeStage::Done => Mark::Good,
        NodeStage::Restoring(_) => Mark::Sick,
        NodeStage::Restored(_) => Mark::Restored,
        NodeStage::Failed(_) | NodeStage::Quarantined(_) => Mark::Failed,
        NodeStage::Skipped(_) | NodeStage::Superseded | NodeStage::Aborted(_) => Mark::Blocked,
    }
}

/// How a node step stands, with what makes it so: `soaking until 02:14`, `skipped by ana`.
pub(in crate::server::rows) fn words(step: &NodeStep) -> String {
    let word = step.word();
    match &step.stage {
        NodeStage::Soaking { until } => format!("{word} until {}", until.hours_minutes()),
        NodeStage::Failed(cause) => cause.class().to_owned(),
        NodeStage::Skipped(by) | NodeStage::Aborted(by) => format!("{word} by {by}"),
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Undecided(_)
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Restoring(_)
        | NodeStage::Restored(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Superseded => word.to_owned(),
    }
}

/// Whether a step has ended otherwise than well, or is being taken back.
pub(in crate::server::rows) fn failed(step: &NodeStep) -> bool {
    step.stage.cause().is_some()
}
