//! An incident: whether users are hurt, what broke, whether it was put back.

use super::waiting_lines;
use crate::api::rows::{IncidentRow, Mark};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::text::{exactly_when, when};
use crate::model::Timestamp;

pub(super) fn incident(replica: &Replica, row: &IncidentRow, now: Timestamp) -> Doc {
    let taken = match (&row.closed, &row.claimed) {
        (Some(at), _) => format!("closed {}", when(*at, now)),
        (None, Some((who, at))) => format!("{who} has it since {}", when(*at, now)),
        (None, None) => "nobody claimed it".to_owned(),
    };
    let mut doc = Doc::new(format!("incident {} ── {taken}", row.incident));
    doc.pair("users", row.users.clone());
    doc.marked("verdict", row.verdict.clone(), Mark::Failed);
    doc.pair("put back", row.restored.clone());
    let step = replica.step(row.run, &row.step);
    let failing = step.map_or(&[][..], |step| &step.failing);
    let texts: Vec<String> = failing.iter().map(|case| format!("{}: {}", case.name, case.message)).collect();
    doc.lines("failing", &texts);
    waiting_lines(&mut doc, step.and_then(|step| step.waiting.as_ref()), now);
    doc.lines("seen", &row.seen);
    doc.pair("cause", row.cause.clone());
    doc.pair("opened", exactly_when(row.opened, now));
    doc.pair("in", format!("run {}, {}", row.run, row.step));
    doc.pair(
        "vendor",
        row.vendor.as_ref().map_or(String::new(), |who| format!("{who} answers for what changed")),
    );
    doc.pair(
        "customer",
        row.customer.as_ref().map_or(String::new(), |who| format!("{who} answers for what broke")),
    );
    doc
}

/// What a step says of its incident first: whether users are hurt, and whether it was put back.
pub(super) fn hurt(doc: &mut Doc, row: &IncidentRow) {
    doc.pair("users", row.users.clone());
    doc.pair("put back", row.restored.clone());
}

/// What a step says of its incident later: who looks at it.
pub(super) fn taken(doc: &mut Doc, row: &IncidentRow, now: Timestamp) {
    let taken = match &row.claimed {
        Some((who, at)) => format!("{who} has it since {}", when(*at, now)),
        None => "nobody claimed it".to_owned(),
    };
    doc.pair("incident", format!("{}, {taken}", row.incident));
}
