//! What of rollouts needs a person.

use super::standing;
use crate::api::rows::{Mark, NeedRow, RowKey};
use crate::engine::describe::subject;
use crate::engine::rollout::Question;
use crate::engine::{Cause, NodeStage, NodeStep, Rollout};
use crate::server::rows::View;
use crate::server::rows::need::{FAILED, HURT, STANDS, WAITS, ends};

pub(in crate::server::rows) fn needs(view: View<'_>) -> impl Iterator<Item = NeedRow> {
    view.state.rolling().flat_map(|rollout| {
        let asked = rollout.in_flight().filter_map(|step| asked(rollout, step));
        asked.chain(stopped(rollout)).chain(pause(rollout)).collect::<Vec<_>>()
    })
}

/// Machines that are left behind and cannot be removed.
pub(in crate::server::rows) fn orphans(view: View<'_>) -> impl Iterator<Item = NeedRow> {
    view.state.orphans.values().filter_map(|one| {
        let retry = one.retry.as_ref()?;
        let what = if one.is_there() { "is left behind" } else { "is removed, and its node is still there" };
        Some(NeedRow {
            subject: format!("machine {}", one.node),
            mark: Mark::Failed,
            harm: FAILED,
            object: format!("machine {}", one.node.name),
            text: format!("of pool {} {what}: {}: {}", one.pool, retry.cause.who, retry.cause.why),
            outcome: "tried again by itself".to_owned(),
            deadline: None,
            since: retry.since,
            leads_to: Some(RowKey::Pool(one.pool.clone())),
        })
    })
}

/// How much an incident of a node step hurts: work may be down as long as it is not back where it was.
pub(in crate::server::rows) fn harm(cause: &Cause, step: &NodeStep) -> u8 {
    let hurt = matches!(cause, Cause::RestoreFailed { .. }) || matches!(step.stage, NodeStage::Restoring(_));
    if hurt { HURT } else { FAILED }
}

/// A node about which a person is asked.
fn asked(rollout: &Rollout, step: &NodeStep) -> Option<NeedRow> {
    let (harm, what, outcome) = match &step.stage {
        NodeStage::Undecided(Question::Gaps(_)) => {
            (WAITS, "moving its work leaves a gap: approve or skip", "the node is not touched")
        }
        NodeStage::Undecided(Question::Verdict(_)) => {
            (FAILED, "no verdict: approve or roll back", "stays as it is; no other node is begun for it")
        }
        _ => return None,
    };
    Some(NeedRow {
        subject: format!("rollout {} {}", rollout.id, step.key),
        mark: standing::mark(rollout, step),
        harm,
        object: format!("rollout {}", rollout.id),
        text: format!("{}: {what}", subject(&step.key)),
        outcome: outcome.to_owned(),
        deadline: None,
        since: step.since,
        leads_to: Some(RowKey::Step(rollout.id, step.key.clone())),
    })
}

/// More has failed than may: a person says how it goes on.
fn stopped(rollout: &Rollout) -> Option<NeedRow> {
    if !rollout.stopped() || rollout.is_ending() {
        return None;
    }
    let bad = || rollout.bad.iter().filter_map(|place| rollout.at(*place));
    let first = bad().next()?;
    let more = match rollout.bad.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    let class = first.stage.cause().map_or("failed", Cause::class);
    Some(NeedRow {
        subject: format!("rollout {} stopped", rollout.id),
        mark: Mark::Failed,
        harm: FAILED,
        object: format!("rollout {}", rollout.id),
        text: format!("{} stopped: {} {class}{more}", rollout.pool, subject(&first.key)),
        outcome: "stays, no other node is begun".to_owned(),
        deadline: None,
        since: bad().map(|step| step.since).min().unwrap_or(rollout.started),
        leads_to: Some(RowKey::Run(rollout.id)),
    })
}

fn pause(rollout: &Rollout) -> Option<NeedRow> {
    let stop = rollout.paused.as_ref()?;
    let why = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(NeedRow {
        subject: format!("rollout {}", rollout.id),
        mark: Mark::Paused,
        harm: STANDS,
        object: format!("rollout {}", rollout.id),
        text: format!("{} paused by {}{why}", rollout.pool, stop.by),
        outcome: ends(stop.until, "resumes"),
        deadline: stop.until,
        since: stop.since,
        leads_to: Some(RowKey::Run(rollout.id)),
    })
}
