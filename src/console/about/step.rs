//! A step: what came of it, why it waits, whose failure it was.

use super::{owned_by, waiting_lines};
use crate::api::rollout::called;
use crate::api::rows::{HoldRow, Mark, RowKey, StepRow};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::target::open_incident;
use crate::console::text::{exactly_when, short, when};
use crate::console::theme::Role;
use crate::model::{StepKey, Timestamp};

pub(super) fn step(replica: &Replica, row: &StepRow, now: Timestamp) -> Doc {
    let mut doc = Doc::new(format!("{} {}", called(row.run, &row.step), row.title));
    let key = RowKey::Step(row.run, row.step.clone());
    let incident = open_incident(replica, &key);
    doc.marked("state", state(row), row.mark);
    if let Some(incident) = incident {
        super::incident::hurt(&mut doc, incident);
    }
    // What a pane of seven lines shows ends here: whether users are hurt, and what happens without anybody.
    waiting_lines(&mut doc, row.waiting.as_ref(), now);
    quarantine(&mut doc, replica, row, now);
    doc.styled("verdict", row.verdict.clone().unwrap_or_default(), Role::of(row.mark));
    if let Some(part) = &row.node {
        super::rollout::step(&mut doc, part, now);
    }
    failing(&mut doc, row);
    if let Some(hold) = &row.hold {
        approvals(&mut doc, hold, now);
    }
    if let Some(incident) = incident {
        super::incident::taken(&mut doc, incident, now);
    }
    result(&mut doc, row, now);
    if let StepKey::Deploy(workload) = &row.step
        && let Some(workload) = replica.workload(workload)
    {
        super::workload::live(&mut doc, workload, now);
    }
    doc.lines("seen", &row.seen);
    owned_by(&mut doc, row.owner.as_ref());
    doc.lines("logs", &row.logs);
    doc
}

fn state(row: &StepRow) -> String {
    match (&row.progress, row.result.as_str()) {
        (Some(progress), _) => format!("{}, {progress}", row.state),
        (None, "") => row.state.clone(),
        (None, result) => format!("{}, {result}", row.state),
    }
}

fn failing(doc: &mut Doc, row: &StepRow) {
    let texts: Vec<String> = row
        .failing
        .iter()
        .map(|case| {
            if case.message.is_empty() {
                case.name.clone()
            } else {
                format!("{}: {}", case.name, case.message)
            }
        })
        .collect();
    for (at, text) in texts.into_iter().enumerate() {
        doc.marked(if at == 0 { "failing" } else { "" }, text, Mark::Failed);
    }
}

/// Approvals so far: who, when, what they said.
pub(super) fn approvals(doc: &mut Doc, hold: &HoldRow, now: Timestamp) {
    let who =
        if hold.approvers.is_empty() { "anyone on the socket".to_owned() } else { hold.approvers.join(", ") };
    doc.pair("approvals", format!("{} of {} (gate {}: {who})", hold.approvals.len(), hold.needed, hold.gate));
    for approval in &hold.approvals {
        let note = approval.note.as_ref().map_or(String::new(), |note| format!(" \"{note}\""));
        doc.pair("", format!("{} {}{note}", approval.by, when(approval.at, now)));
    }
}

fn quarantine(doc: &mut Doc, replica: &Replica, row: &StepRow, now: Timestamp) {
    if let StepKey::Deploy(workload) = &row.step
        && let Some(workload) = replica.workload(workload)
    {
        super::workload::quarantine(doc, workload, now);
    }
}

fn result(doc: &mut Doc, row: &StepRow, now: Timestamp) {
    if row.digest.is_some() || row.before.is_some() {
        doc.pair(
            "digest",
            format!("{}, in place of {}", short(row.digest.as_ref()), short(row.before.as_ref())),
        );
    }
    if let Some(started) = row.started {
        let to = row.ended.map_or("goes on".to_owned(), |at| {
            format!("to {}, took {}", exactly_when(at, now), at.since(started))
        });
        let usual = row.usual.map_or(String::new(), |usual| format!(", usually {usual}"));
        doc.pair("time", format!("{} {to}{usual}", exactly_when(started, now)));
    }
}
