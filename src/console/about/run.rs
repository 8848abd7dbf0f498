//! A run: what set it off, how far it is, what it waits for.

use super::{pause_lines, waiting_lines};
use crate::api::rows::RunRow;
use crate::console::doc::Doc;
use crate::console::plain::word;
use crate::console::replica::Replica;
use crate::console::text::{exactly_when, short, when};
use crate::model::Timestamp;

/// What a run does now. While it is paused, or everything is frozen, its steps keep the names of what they would do:
/// that is no work.
pub fn doing(replica: &Replica, row: &RunRow, now: Timestamp) -> String {
    let freeze = replica.daemon().and_then(|daemon| daemon.freeze.as_ref());
    let (word, stop) = match (&row.paused, freeze) {
        _ if row.ended.is_some() => return row.doing.clone(),
        (Some(pause), _) => ("paused", pause),
        (None, Some(freeze)) => ("frozen", freeze),
        (None, None) => return row.doing.clone(),
    };
    let reason = stop.reason.as_ref().map_or(String::new(), |reason| format!(", {reason}"));
    format!("{word} by {} {}{reason}", stop.by, when(stop.since, now))
}

pub(super) fn run(replica: &Replica, row: &RunRow, now: Timestamp) -> Doc {
    let mut doc = Doc::new(format!("{} {}", row.name(), row.cause));
    doc.marked("state", row.state.clone(), row.mark);
    if let Some(part) = &row.rollout {
        super::rollout::choose(&mut doc, replica, row, part);
    }
    // Who paused it is said once, with its end.
    if row.paused.is_none() || row.ended.is_some() {
        doc.pair("does", doing(replica, row, now));
    }
    waiting_lines(&mut doc, row.waiting.as_ref(), now);
    pause_lines(&mut doc, row, now);
    let left = row.left.map_or("not known".to_owned(), |left| left.to_string());
    let usual = row.usual.map_or("not known".to_owned(), |usual| usual.to_string());
    match row.ended {
        Some(at) => {
            let took = at.since(row.started);
            doc.pair("ended", format!("{}, took {took}, usually {usual}", exactly_when(at, now)))
        }
        // Nodes of one pool take their time side by side; where nothing is known of it, nothing is said.
        None if row.rollout.is_some() && row.left.is_none() => &mut doc,
        None => doc.pair("left", format!("{left}, usually {usual} in all")),
    };
    doc.pair("began", format!("{} by {}", exactly_when(row.started, now), row.by));
    if let Some(image) = &row.image {
        let (from, to) = (short(row.from.as_ref()), short(row.to.as_ref()));
        doc.pair("moved", format!("{} {from}→{to}", image.short()));
    }
    if let Some(part) = &row.rollout {
        super::rollout::rollout(&mut doc, row, part);
    }
    let label = if row.rollout.is_some() { "nodes" } else { "steps" };
    for (at, step) in replica.step_rows(row.run).enumerate() {
        let text = format!("{} {}: {}", word(step.mark), step.title, step.state);
        doc.marked(if at == 0 { label } else { "" }, text, step.mark);
    }
    doc
}
