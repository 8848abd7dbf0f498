//! What rows say of rollouts until they have rows of their own: in incidents, and among the needs.

use super::View;
use crate::api::rows::{Mark, NeedRow};
use crate::engine::describe::subject;
use crate::engine::{NodeStage, NodeStep, Rollout};
use crate::model::Waiting;

/// How users of what moved are, as it was seen last.
pub(super) fn users(step: &NodeStep) -> String {
    let mut seen = step.watched.iter().filter_map(|(workload, one)| Some((workload, one.look.as_ref()?)));
    let Some((workload, look)) = seen.next() else { return "not reached: no work was moved".to_owned() };
    let more = seen.count();
    let more = if more > 0 { format!(" (and {more} more workloads)") } else { String::new() };
    let failed = look.probes.as_ref().filter(|tally| tally.total > 0);
    let probes = failed
        .map(|tally| format!(", {} of {} probes failed", tally.failed, tally.total))
        .unwrap_or_default();
    format!("{workload}: {} of {} tasks run{probes}{more}", look.running, look.desired)
}

/// Whether the old node has its work again.
pub(super) fn restored(step: &NodeStep) -> String {
    let at = step.ended.map(|at| format!(" at {}", at.hours_minutes_seconds())).unwrap_or_default();
    match &step.stage {
        NodeStage::Restored(_) => format!("{} is as it was before{at}", step.node),
        NodeStage::Restoring(_) => format!("{} is being put back", step.node),
        NodeStage::Failed(_) => "nothing to put back: nothing was touched".to_owned(),
        NodeStage::Quarantined(_) => "NOT put back: a person must look".to_owned(),
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Undecided(_)
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => format!("{} is {} now", step.node, step.word()),
    }
}

/// How a failed step is shown.
pub(super) fn mark(step: &NodeStep) -> Mark {
    match &step.stage {
        NodeStage::Restoring(_) => Mark::Working,
        NodeStage::Restored(_) => Mark::Restored,
        _ => Mark::Failed,
    }
}

/// Rollouts that stopped, and steps that ask a person.
pub(super) fn needs(view: View<'_>, failed: u8) -> impl Iterator<Item = NeedRow> {
    let rolling = view.state.rolling();
    rolling.flat_map(move |rollout| {
        let asked = rollout.in_flight().filter(|step| matches!(step.stage, NodeStage::Undecided(_)));
        let asked = asked.filter_map(move |step| {
            let waiting = view.state.node_waiting(rollout, step)?;
            let text = format!("{} asks {}", subject(&step.key), waiting.what);
            let key = format!("rollout {} {}", rollout.id, step.key);
            Some(need(rollout, key, text, waiting, failed))
        });
        let stopped = (rollout.stopped() && !rollout.is_ending())
            .then(|| view.state.rollout_waiting(rollout))
            .flatten()
            .map(|waiting| {
                let (key, text) = (format!("rollout {}", rollout.id), format!("waits for {}", waiting.what));
                need(rollout, key, text, waiting, failed)
            });
        asked.chain(stopped)
    })
}

fn need(rollout: &Rollout, key: String, text: String, waiting: Waiting, harm: u8) -> NeedRow {
    NeedRow {
        subject: key,
        mark: Mark::Failed,
        harm,
        object: format!("rollout {}", rollout.id),
        text,
        outcome: waiting.next,
        deadline: waiting.deadline,
        since: waiting.since,
        leads_to: None,
    }
}
