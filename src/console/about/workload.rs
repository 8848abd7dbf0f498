//! A workload: what it runs, on what it stands, how its tasks are.

use super::{owned_by, waiting_lines};
use crate::api::rows::{Mark, WorkloadRow};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::text::{exactly_when, short, when};
use crate::console::theme::glyph;
use crate::model::reports::{ProbeTally, TaskLook, TaskState, UpdateState};
use crate::model::{StepKey, Timestamp};

pub(super) fn workload(replica: &Replica, row: &WorkloadRow, now: Timestamp) -> Doc {
    let mut doc = Doc::new(row.workload.to_string());
    doc.marked("state", format!("{}, {}/{} tasks", row.state, row.running, row.desired), row.mark);
    let step = row.run.and_then(|run| replica.step(run, &StepKey::Deploy(row.workload.clone())));
    let named = row.runs.split_once('@').map_or(row.runs.as_str(), |(name, _)| name);
    doc.pair("runs", format!("{} {named}", short(row.digest.as_ref())));
    // Before an update begins, and after it was put back, that is what runs.
    let before =
        step.and_then(|step| step.before.as_ref()).filter(|before| row.digest.as_ref() != Some(*before));
    doc.pair("before", before.map_or(String::new(), |before| before.short().to_owned()));
    stands_on(&mut doc, replica, row);
    quarantine(&mut doc, row, now);
    waiting_lines(&mut doc, step.and_then(|step| step.waiting.as_ref()), now);
    live(&mut doc, row, now);
    owned_by(&mut doc, row.owner.as_ref());
    doc.pair("run", row.run.map_or(String::new(), |run| run.to_string()));
    doc.pair("looked at", row.seen.map_or("never".to_owned(), |at| exactly_when(at, now)));
    doc
}

fn stands_on(doc: &mut Doc, replica: &Replica, row: &WorkloadRow) {
    let Some(image) = row.image.as_ref().and_then(|image| replica.image(image)) else {
        doc.pair("stands on", "not known: no recipe names what it runs");
        return;
    };
    let root = image.stands_on.as_ref().map_or(String::new(), |(root, _)| format!("{} ", root.short()));
    doc.pair("stands on", format!("{root}{}", short(row.stands_on.as_ref())));
    // Why the tag is behind says nothing of a workload that runs something else.
    match (&row.digest, &image.digest) {
        (Some(runs), Some(public)) if runs != public => {
            let name = image.image.short();
            let text = format!("runs {}, the tag {name} is at {}", runs.short(), public.short());
            doc.marked("differs", text, Mark::Moved);
        }
        (Some(_), Some(_)) if image.behind => {
            let why = image.why_behind.clone().unwrap_or("it is behind".to_owned());
            doc.marked("behind", why, Mark::Moved);
        }
        (Some(_) | None, Some(_) | None) => {}
    }
}

/// What it will not take again by itself, and what ends that.
pub(super) fn quarantine(doc: &mut Doc, row: &WorkloadRow, now: Timestamp) {
    for held in &row.quarantine {
        let since = when(held.since, now);
        doc.marked(
            "kept out",
            format!("{} since {since}, run {}: {}", held.digest.short(), held.run, held.why),
            Mark::Failed,
        );
        doc.pair("by itself", format!("back with {}", held.ends));
    }
}

/// How it is now: probes, the orchestrator's own update, each task.
pub(super) fn live(doc: &mut Doc, row: &WorkloadRow, now: Timestamp) {
    if let Some(tally) = &row.probes {
        probes(doc, tally, now);
    }
    doc.pair("update", update(&row.update));
    for (at, task) in row.tasks.iter().enumerate() {
        doc.marked(if at == 0 { "tasks" } else { "" }, task_line(task), task_mark(task));
    }
}

fn probes(doc: &mut Doc, tally: &ProbeTally, now: Timestamp) {
    let mark = if tally.failed > 0 { Mark::Failed } else { Mark::Good };
    let since = exactly_when(tally.since, now);
    doc.marked("probes", format!("{} of {} failed since {since}", tally.failed, tally.total), mark);
    if let Some(first) = &tally.first {
        doc.pair("first err", format!("{} {}: {}", exactly_when(first.at, now), first.task, first.what));
    }
    if let Some(broken) = &tally.broken {
        doc.marked("broken", format!("the probe itself: {broken}"), Mark::Unknown);
    }
}

fn update(state: &UpdateState) -> String {
    match state {
        UpdateState::None | UpdateState::Completed => String::new(),
        UpdateState::Updating => "the orchestrator replaces tasks".to_owned(),
        UpdateState::Paused(why) => format!("the orchestrator stopped its update: {why}"),
        UpdateState::RollingBack(why) => format!("the orchestrator puts it back by itself: {why}"),
        UpdateState::RolledBack(why) => format!("the orchestrator has put it back by itself: {why}"),
    }
}

fn task_mark(task: &TaskLook) -> Mark {
    match (task.state, &task.probe) {
        (TaskState::Running, Some(probe)) if !probe.ok => Mark::Sick,
        (TaskState::Running, Some(_) | None) => Mark::Good,
        (TaskState::Ended, _) => Mark::Failed,
        (TaskState::Pending | TaskState::Starting | TaskState::Stopping, _) => Mark::Working,
    }
}

fn task_line(task: &TaskLook) -> String {
    let state = match task.state {
        TaskState::Pending => "has no place",
        TaskState::Starting => "starting",
        TaskState::Running => "running",
        TaskState::Stopping => "stopping",
        TaskState::Ended => "ended",
    };
    let node = task.node.as_ref().map_or(String::new(), |node| format!(" on {node}"));
    let old = if task.current { "" } else { ", of the spec before" };
    let digest = task.digest.as_ref().map_or(String::new(), |digest| format!(" {}", digest.short()));
    let probe = match &task.probe {
        Some(probe) if !probe.ok => {
            format!(", probe failed: {}", probe.why.as_deref().unwrap_or("no reason given"))
        }
        Some(_) | None => String::new(),
    };
    let message = task.message.as_ref().map_or(String::new(), |text| format!(": {text}"));
    format!("{} {}{node}{digest} {state}{old}{probe}{message}", glyph(task_mark(task)), task.name)
}
