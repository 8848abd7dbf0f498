//! What there is to say about one thing, as a [`Doc`]: the detail panes, the pages and the sheets say it alike.
//!
//! Invariant: whatever waits has `waits`, `unblocks` and `by itself`; nothing waits without saying for whom.

pub mod drill;
mod help;
mod image;
mod impact;
mod incident;
mod plan;
mod pool;
mod pool_sheet;
mod rollout;
mod rollout_sheet;
mod run;
mod sheet;
mod step;
mod why;
mod workload;

pub use help::help;
pub use run::doing;
pub use sheet::sheet;

use super::doc::Doc;
use super::model::{About, Model};
use super::target;
use super::text::{exactly_when, when};
use super::theme::Role;
use crate::api::rows::{EventRow, Freeze, NeedRow, Row, RowKey, RunRow};
use crate::model::{Timestamp, Waiting};

/// A page.
pub fn page(model: &Model, about: &About) -> Doc {
    match about {
        About::Step(run, step) => of_key(model, &RowKey::Step(*run, step.clone())),
        About::Incident(incident) => of_key(model, &RowKey::Incident(*incident)),
        About::Workload(workload) => of_key(model, &RowKey::Workload(workload.clone())),
        About::Image(image) => of_key(model, &RowKey::Image(image.clone())),
        About::Node(node) => pool::node_page(&model.replica, node, model.now),
        About::Plan(planning) => plan::plan(model, planning),
        About::Event(seq) => of_key(model, &RowKey::Event(*seq)),
        About::Impact(key) => impact::impact(&model.replica, key),
        About::Why(key, question) => why::why(model, key, &question.asked),
        About::Help => help(model),
        About::Drill => drill::played(model),
    }
}

/// What there is to say about a row.
pub fn of_key(model: &Model, key: &RowKey) -> Doc {
    let replica = &model.replica;
    match replica.row(key) {
        None => gone(),
        Some(Row::Image(row)) => image::image(replica, row, model.now),
        Some(Row::Workload(row)) => workload::workload(replica, row, model.now),
        Some(Row::Pool(row)) => pool::pool(replica, row, model.now),
        Some(Row::Node(row)) => pool::node(replica, row),
        Some(Row::Run(row)) => run::run(replica, row, model.now),
        Some(Row::Step(row)) => step::step(replica, row, model.now),
        Some(Row::Incident(row)) => incident::incident(replica, row, model.now),
        Some(Row::Need(row)) => need(model, row),
        Some(Row::Event(row)) => event(row),
        Some(Row::Daemon(row)) => {
            let mut doc = Doc::new(format!("tidegate {}", row.version));
            freeze_lines(&mut doc, "frozen", row.freeze.as_ref(), model.now);
            doc
        }
        Some(Row::Source(row)) => {
            let mut doc = Doc::new(row.name.clone());
            if let Some(lost) = &row.lost {
                doc.marked(
                    "lost",
                    format!("since {}: {}", when(lost.since, model.now), lost.why),
                    Mark::Failed,
                );
            }
            doc
        }
        Some(Row::Coming(row)) => {
            let mut doc = Doc::new(when(row.at, model.now));
            doc.text(row.text.clone(), Role::Text);
            doc
        }
    }
}

/// What was here has gone.
fn gone() -> Doc {
    let mut doc = Doc::new("gone");
    doc.text("It is not there any more; Esc leads back.", Role::Dim);
    doc
}

use crate::api::rows::Mark;

/// A need says what it leads to; alone it says itself.
fn need(model: &Model, row: &NeedRow) -> Doc {
    if let Some(key) = row.leads_to.as_ref().filter(|key| model.replica.row(key).is_some()) {
        return of_key(model, key);
    }
    let mut doc = Doc::new(row.object.clone());
    doc.marked("state", row.text.clone(), row.mark);
    let freeze = model.replica.daemon().and_then(|daemon| daemon.freeze.as_ref());
    if row.subject == "freeze" {
        freeze_lines(&mut doc, "frozen", freeze, model.now);
    }
    doc.pair("since", exactly_when(row.since, model.now));
    doc.pair("by itself", outcome(row));
    doc
}

fn outcome(row: &NeedRow) -> String {
    if row.outcome.is_empty() { "nothing".to_owned() } else { row.outcome.clone() }
}

fn event(row: &EventRow) -> Doc {
    let mut doc = Doc::new(format!("event {}", row.seq));
    doc.pair("what", row.text.clone());
    doc.pair("who", row.by.to_string());
    doc.pair("when", row.at.to_string());
    doc.pair("kind", row.kind.clone());
    if let Some(run) = row.run {
        doc.pair("run", run.to_string());
    }
    if let Some(step) = &row.step {
        doc.pair("step", step.to_string());
    }
    doc
}

/// The lines of a freeze (`frozen`) or a pause (`paused`): who, since when and why, and when it ends.
pub(super) fn freeze_lines(doc: &mut Doc, label: &'static str, freeze: Option<&Freeze>, now: Timestamp) {
    let Some(freeze) = freeze else { return };
    doc.marked(label, stopped_by(freeze, now), Mark::Paused);
    doc.pair(
        "by itself",
        freeze.until.map_or("stays, no end set".to_owned(), |at| format!("ends {}", when(at, now))),
    );
}

/// `by ana since 02:20: vendor ticket`.
fn stopped_by(freeze: &Freeze, now: Timestamp) -> String {
    let reason = freeze.reason.as_deref().unwrap_or("no reason given");
    format!("by {} since {}: {reason}", freeze.by, when(freeze.since, now))
}

/// The lines of a run's pause. Where the run waits, `by itself` is said of the wait, and not twice.
pub(super) fn pause_lines(doc: &mut Doc, row: &RunRow, now: Timestamp) {
    match (&row.paused, &row.waiting) {
        (Some(pause), Some(_)) => {
            let end = pause.until.map_or("no end set".to_owned(), |at| format!("ends {}", when(at, now)));
            doc.marked("paused", format!("{}; {end}", stopped_by(pause, now)), Mark::Paused);
        }
        (pause, _) => freeze_lines(doc, "paused", pause.as_ref(), now),
    }
}

/// The lines of a wait: what for and since when, who can end it, what happens without anybody.
pub(super) fn waiting_lines(doc: &mut Doc, waiting: Option<&Waiting>, now: Timestamp) {
    let Some(waiting) = waiting else { return };
    doc.pair("waits", format!("since {} for {}", exactly_when(waiting.since, now), waiting.what));
    doc.pair("unblocks", waiting.who.clone());
    doc.pair("by itself", by_itself(waiting, now));
}

/// What happens by itself, and when.
pub(super) fn by_itself(waiting: &Waiting, now: Timestamp) -> String {
    let next = if waiting.next.is_empty() { "nothing" } else { &waiting.next };
    match waiting.deadline {
        Some(at) => format!("{} {next}", when(at, now)),
        None => next.to_owned(),
    }
}

/// What a sentence about the target's owner needs: `owner` or nothing.
pub(super) fn owned_by(doc: &mut Doc, owner: Option<&crate::model::Owner>) {
    doc.pair("owner", owner.map_or(String::new(), ToString::to_string));
}

/// The detail of what is selected; none when nothing is.
pub fn selected(model: &Model) -> Option<Doc> {
    target::target(model).map(|key| of_key(model, &key))
}
