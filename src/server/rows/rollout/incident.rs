//! What an incident of a node step says: whether users were hurt, and whether the work is back.

use super::step::new_node;
use crate::engine::rollout::{Question, Traces};
use crate::engine::run::evidence;
use crate::engine::{Incident, NodeStage, NodeStep};
use crate::model::nodes::NodeChange;

/// Whether the step has begun anew since the incident was opened: what it shows now is not what the incident is about.
fn anew(incident: &Incident, step: &NodeStep) -> bool {
    step.started.is_none_or(|started| started > incident.opened)
}

/// What was seen last of the work that moved, the workload that is why first.
pub(in crate::server::rows) fn users(incident: &Incident, step: &NodeStep) -> String {
    if anew(incident, step) {
        return "not known any more: the node was tried again since".to_owned();
    }
    let sick = step.stage.cause().and_then(crate::engine::Cause::workload);
    let seen = |one: &crate::engine::rollout::Watched| one.look.as_deref().map(evidence::summary);
    let first = sick.and_then(|workload| Some((workload, step.watched.get(workload)?)));
    let any = || step.watched.iter().find(|(_, one)| one.look.is_some());
    match first.or_else(any) {
        Some((workload, one)) => match seen(one) {
            Some(seen) => format!("{workload}: {seen}"),
            None => format!("not known: {workload} was not seen since"),
        },
        None => "not reached: no work was moved".to_owned(),
    }
}

/// The verdict was good, and what is left is the node from before.
fn carries(step: &NodeStep) -> String {
    if step.change == NodeChange::Shrink {
        let name = &step.node.name;
        return format!("nothing to put back: {name} is empty; its machine may still be there");
    }
    let new = new_node(step).map_or_else(|| "the new node".to_owned(), ToString::to_string);
    format!(
        "nothing to put back: {new} carries the work; the machine of {} may still be there",
        step.node.name
    )
}

/// Whether the node from before carries the work again.
pub(in crate::server::rows) fn restored(incident: &Incident, step: &NodeStep) -> String {
    let name = &step.node.name;
    if anew(incident, step) {
        return format!("{name} was tried again since: it is {} now", step.word());
    }
    match (&step.stage, step.change) {
        (NodeStage::Restored(_), NodeChange::Grow) => return "nothing of the step is left".to_owned(),
        (NodeStage::Restored(_), NodeChange::Shrink) => {
            return format!("{name} takes work again; what had moved stays where it is");
        }
        (NodeStage::Restoring(_), NodeChange::Grow) => return "what was made is being removed".to_owned(),
        _ => {}
    }
    match &step.stage {
        NodeStage::Restored(_) => {
            let at = step.ended.map(|at| format!(" at {}", at.hours_minutes_seconds())).unwrap_or_default();
            format!("{name} took its work back{at}; nothing of the step is left")
        }
        NodeStage::Restoring(_) => format!("{name} is being given its work back"),
        NodeStage::Failed(_) => "nothing to put back: nothing was touched".to_owned(),
        NodeStage::Quarantined(_) if step.traces.soaked => {
            format!("{}; a person must look, or try again", carries(step))
        }
        NodeStage::Skipped(by) if step.traces.soaked => format!("{}; {by} left it so", carries(step)),
        NodeStage::Quarantined(_) => match new_node(step) {
            Some(new) => format!("NOT put back: a person must look at {name} and {new}"),
            None => format!("NOT put back: a person must look at {name}"),
        },
        NodeStage::Skipped(by) if step.traces != Traces::default() => match new_node(step) {
            Some(new) => format!("NOT put back: {by} left {name} out, and {new} may still be there"),
            None => format!("NOT put back: {by} left {name} out as it was"),
        },
        NodeStage::Undecided(Question::Gaps(_) | Question::Verdict(_)) => "a person decides".to_owned(),
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => format!("{name} is {} now", step.word()),
    }
}
