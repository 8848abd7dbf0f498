//! What a sheet about a rollout or one of its nodes says: what would happen at once, then, and how it can be undone.

use super::pool::kept;
use crate::api::rollout::{PlanRow, said};
use crate::api::rows::{Mark, NodePart, RolloutPart, RunRow, StepRow};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::sheet::release_of;
use crate::console::theme::Role;
use crate::model::nodes::{NodeChange, Strategy};
use crate::model::{PoolName, ReleaseName, RunId, Timestamp};
use std::collections::BTreeSet;

/// Gaps are let be, or a verdict that could not be given is given.
pub(super) fn approve(doc: &mut Doc, row: &StepRow, part: &NodePart) {
    doc.styled("asked", row.verdict.clone().unwrap_or_default(), Role::of(row.mark));
    if part.moved.iter().any(|moved| moved.now.is_some()) {
        doc.pair("at once", format!("the work that moved counts as well; {} goes on", row.title));
        doc.pair("then", finish(part));
        doc.pair("undo", "R gives the work back, until the old node begins to leave");
    } else {
        doc.pair("at once", format!("{} is looked at once more, then its work is moved", row.title));
        doc.pair("affects", blocked(part));
        doc.pair("undo", "R gives the work back; what was down was down");
    }
    doc.pair("if nobody", "it stays as it is; no other node is begun beyond what may be out");
}

fn blocked(part: &NodePart) -> String {
    part.blocks.iter().map(said).collect::<Vec<_>>().join("; ")
}

fn finish(part: &NodePart) -> String {
    match part.strategy {
        _ if part.change == NodeChange::Grow => "it is done".to_owned(),
        Strategy::Surge => format!("{} leaves the fleet, and its machine is removed", part.node),
        Strategy::InPlace => format!("{} is done", part.node),
    }
}

pub(super) fn retry(doc: &mut Doc, replica: &Replica, row: &StepRow, part: &NodePart) {
    doc.pair("again", again(row, part));
    doc.pair("was", format!("{}: {}", row.state, row.result));
    doc.styled("verdict", row.verdict.clone().unwrap_or_default(), Role::of(row.mark));
    doc.pair("then", "the rollout goes on, once no more have failed than may");
    held_back(doc, replica, row.run);
    doc.pair("undo", "R gives the work back; X ends the rollout");
}

/// A pause and a freeze keep a rollout from going on, whatever is said of its nodes.
fn held_back(doc: &mut Doc, replica: &Replica, run: RunId) {
    let pause = replica.run(run).and_then(|row| row.paused.as_ref());
    let freeze = replica.daemon().and_then(|daemon| daemon.freeze.as_ref());
    if let Some(pause) = pause {
        doc.marked(
            "but",
            format!("it is paused by {}: nothing begins until that ends (P)", pause.by),
            Mark::Paused,
        );
    }
    if let Some(freeze) = freeze {
        let label = if pause.is_some() { "" } else { "but" };
        doc.marked(
            label,
            format!("all is frozen by {}: nothing begins until that ends (P)", freeze.by),
            Mark::Paused,
        );
    }
}

fn again(row: &StepRow, part: &NodePart) -> String {
    match (row.state.as_str(), part.strategy) {
        ("quarantined", Strategy::Surge) => format!("what {} could not end is tried once more", row.title),
        (_, Strategy::Surge) if part.change != NodeChange::Shrink => {
            format!("{} begins anew, with a new machine", row.title)
        }
        (_, Strategy::Surge) => format!("{} begins anew", row.title),
        (_, Strategy::InPlace) => format!("{} begins anew", row.title),
    }
}

/// One node goes back: it is in flight, or was done by a rollout that has ended.
pub(super) fn rollback(doc: &mut Doc, row: &StepRow, part: &NodePart) {
    let was = part.was.as_ref().map_or_else(|| "what it had".to_owned(), ToString::to_string);
    if row.state == "done" {
        doc.pair("at once", format!("a rollout of this one node begins: {}→{was}", part.target));
        doc.pair("then", "it is done as every node is: preflight, move, soak");
        doc.pair("undo", "F takes it forward again");
    } else {
        let back = match part.change {
            NodeChange::Replace => format!("{} takes its work back, on {was}", part.node),
            NodeChange::Grow => "no node is added; what was made is emptied and removed".to_owned(),
            NodeChange::Shrink => format!("{} takes work again; what has moved stays where it is", part.node),
        };
        doc.pair("at once", back);
        let new = part.new_node.as_ref().map(|new| format!("{new} leaves, and its machine is removed"));
        doc.pair("then", new.unwrap_or_default());
        doc.pair("stops", "the rollout, if no more may fail; nodes that are done stay as they are");
        doc.pair("undo", "T begins it anew");
    }
    let moves: Vec<String> =
        part.moved.iter().map(|moved| format!("{} ({})", moved.workload, moved.tasks)).collect();
    doc.pair("affects", moves.join(", "));
    super::owned_by(doc, row.owner.as_ref());
}

pub(super) fn skip(doc: &mut Doc, replica: &Replica, row: &StepRow, part: &NodePart) {
    let was = part.was.as_ref().map_or_else(|| "what it has".to_owned(), ToString::to_string);
    let left = match part.change {
        NodeChange::Replace => format!("it stays on {was}"),
        NodeChange::Grow => "no node is added for it".to_owned(),
        NodeChange::Shrink => "it stays in its pool".to_owned(),
    };
    doc.pair("at once", format!("{} is left out: {left}", row.title));
    doc.pair("then", "it counts as no failure; the rollout goes on, once no more have failed than may");
    held_back(doc, replica, row.run);
    doc.styled("verdict", row.verdict.clone().unwrap_or_default(), Role::of(row.mark));
    doc.pair("undo", "T takes it in again");
}

/// Nodes in flight, and those that are done.
fn standing(replica: &Replica, row: &RunRow) -> (Vec<String>, Vec<String>) {
    let open = |step: &&StepRow| step.started.is_some() && step.ended.is_none();
    let flying = replica.step_rows(row.run).filter(open);
    let flying = flying.map(|step| format!("{} ({})", step.title, step.state)).collect();
    let done = replica.step_rows(row.run).filter(|step| step.state == "done");
    (flying, done.map(|step| step.title.clone()).collect())
}

fn listed(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match (names.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown,
        (false, more) => format!("{shown} and {more} more"),
    }
}

/// Nodes, and what becomes of them; `none` alone where there are none.
fn with(names: &[String], what: &str) -> String {
    if names.is_empty() { "none".to_owned() } else { format!("{}: {what}", listed(names)) }
}

pub(super) fn back(doc: &mut Doc, replica: &Replica, row: &RunRow, part: &RolloutPart) {
    let (flying, done) = standing(replica, row);
    doc.pair("ends", format!("rollout {}: no other node is begun", row.run));
    doc.pair("in flight", with(&flying, "given their work back, or done first"));
    doc.pair("goes back", with(&done, "a rollout of their own follows"));
    if !part.keeps.is_empty() {
        let kept: Vec<String> = part.keeps.iter().map(|one| format!("{} ({})", one.node, one.why)).collect();
        doc.styled("keeps", format!("{}: {}", part.release, listed(&kept)), Role::Unknown);
    }
    doc.pair("then", format!("pool {} does not take {} again by itself", part.pool, part.release));
    doc.pair("takes", "not measured yet");
    doc.pair("undo", format!("a new rollout of {}", part.release));
}

pub(super) fn forward(
    doc: &mut Doc,
    replica: &Replica,
    row: &RunRow,
    part: &RolloutPart,
    to: &ReleaseName,
    now: Timestamp,
) {
    kept_out(doc, replica, &part.pool, to, now);
    if let Some(pause) = &row.paused {
        doc.marked("paused", format!("{}; this ends that too", kept(pause, now)), Mark::Paused);
    }
    let (flying, _) = standing(replica, row);
    doc.pair("ends", format!("rollout {}: what has not begun is planned anew", row.run));
    doc.pair("in flight", with(&flying, "go on to their end"));
    let again = if *to == part.release { " again" } else { "" };
    doc.pair("then", format!("a rollout of {to}{again}: every node of {} that does not have it", part.pool));
    doc.pair("undo", "p pauses it, X ends it, R rolls back what it has done");
}

/// What keeps a release out, and that this ends it. As its row says now: a plan may be older.
fn kept_out(doc: &mut Doc, replica: &Replica, pool: &PoolName, release: &ReleaseName, now: Timestamp) {
    let Some(row) = release_of(replica, pool, release) else { return };
    if let Some(why) = &row.quarantine {
        doc.styled("kept out", format!("{release} is quarantined: {why}; this ends that"), Role::Refused);
    }
    if let Some(skip) = &row.skipped {
        doc.styled(
            "kept out",
            format!("{release} is skipped {}; this ends that", kept(skip, now)),
            Role::Refused,
        );
    }
}

/// A rollout begins, as its plan shows it.
pub(super) fn start(doc: &mut Doc, replica: &Replica, plan: &PlanRow, now: Timestamp) {
    kept_out(doc, replica, &plan.pool, &plan.release, now);
    let first: Vec<String> =
        plan.nodes.iter().filter(|node| node.wave == 1).map(|node| node.node.to_string()).collect();
    let waves = plan.nodes.last().map_or(0, |node| node.wave);
    doc.pair("at once", format!("wave 1 of {waves} begins: {}", listed(&first)));
    doc.pair("then", format!("{} nodes in all; {}", plan.nodes.len(), super::rollout::by(plan.strategy)));
    doc.pair("pace", super::plan::pace(plan));
    doc.pair("preflight", super::plan::preflight(plan));
    let workloads: BTreeSet<_> =
        plan.nodes.iter().flat_map(|node| &node.work).map(|(name, _)| name).collect();
    let tasks: u32 = plan.nodes.iter().flat_map(|node| &node.work).map(|(_, tasks)| tasks).sum();
    doc.pair("affects", format!("{tasks} tasks of {} workloads move", workloads.len()));
    doc.pair("if sick", "the work goes back to the node that had it, and the rollout counts a failure");
    doc.pair("undo", "p pauses it, X ends it, R rolls back what it has done");
}

pub(super) fn pause(doc: &mut Doc, replica: &Replica, row: &RunRow) {
    doc.pair("stops", format!("rollout {}: no node begun, no machine made, no work taken in hand", row.run));
    doc.pair("in flight", listed(&standing(replica, row).0));
    doc.pair("goes on", "moving and watching what was taken in hand, and taking back what is sick");
    doc.pair("by itself", "stays paused until somebody resumes it (P)");
}

pub(super) fn abort(doc: &mut Doc, replica: &Replica, row: &RunRow) {
    let (flying, done) = standing(replica, row);
    doc.pair("ends", format!("rollout {} for good: {}", row.run, row.cause));
    doc.pair("in flight", with(&flying, "given their work back, unless nearly done"));
    doc.pair("stays", with(&done, "keep the release"));
    doc.pair("undo", "none; n on the pool plans a new one, S starts it");
}
