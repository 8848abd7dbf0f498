//! An incident: whether users are hurt, what broke, whether it was put back.

use super::waiting_lines;
use crate::api::rollout::called;
use crate::api::rows::{IncidentRow, Mark, ToldRow};
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
    told(&mut doc, row, now);
    doc.pair("cause", row.cause.clone());
    doc.pair("opened", exactly_when(row.opened, now));
    doc.pair("in", format!("{}, {}", called(row.run, &row.step), row.step));
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

/// One line for each notice: whether it arrived, and else what happens next.
fn told(doc: &mut Doc, row: &IncidentRow, now: Timestamp) {
    let nobody = row.told.is_empty() && row.closed.is_none();
    doc.pair("told", if nobody { "nobody: none of its owners has a channel" } else { "" });
    for (at, one) in row.told.iter().enumerate() {
        doc.marked(if at == 0 { "told" } else { "" }, told_line(one, now), one.mark);
    }
}

fn told_line(row: &ToldRow, now: Timestamp) -> String {
    let who = format!("{} {}", row.party, row.owner);
    let of = match row.occasion.as_str() {
        "opened" => String::new(),
        other => format!(" ({})", other.replace('_', " ")),
    };
    let over = row.kind.as_deref().unwrap_or(&row.channel);
    let why = row.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    match (row.mark, row.next) {
        (Mark::Good, _) => format!("{who} {} {over}{of}", exactly_when(row.since, now)),
        (_, Some(next)) => {
            format!("{who} NOT YET{of}{why}, try {} at {}", row.tries + 1, exactly_when(next, now))
        }
        (Mark::Failed, None) => format!("{who} NOT TOLD{of}{why}; given up {}", when(row.since, now)),
        (_, None) => format!("{who} is being told over {over}{of}, try {}{why}", row.tries),
    }
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
