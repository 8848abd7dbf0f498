//! What will happen by itself, and when.

use super::View;
use crate::api::rows::{ComingRow, Row};
use crate::engine::Run;
use crate::engine::describe::subject;

pub(super) fn coming(view: View<'_>) -> Vec<Row> {
    let state = view.state;
    let freeze = state.freeze.as_ref().and_then(|stop| stop.until).map(|at| ComingRow {
        subject: "freeze".to_owned(),
        at,
        text: "the freeze ends".to_owned(),
    });
    let runs = state.active().flat_map(|run| pause(run).into_iter().chain(steps(view, run)));
    freeze.into_iter().chain(runs).map(Row::Coming).collect()
}

fn pause(run: &Run) -> Option<ComingRow> {
    let at = run.paused.as_ref()?.until?;
    Some(ComingRow {
        subject: format!("run {}", run.id),
        at,
        text: format!("run {}: the pause ends", run.id),
    })
}

/// Waits of steps that have a deadline of their own; a pause's or a freeze's end is said once.
fn steps<'a>(view: View<'a>, run: &'a Run) -> impl Iterator<Item = ComingRow> + 'a {
    let stopped =
        [run.paused.as_ref(), view.state.freeze.as_ref()].into_iter().flatten().filter_map(|stop| stop.until);
    let stopped: Vec<_> = stopped.collect();
    run.in_order().filter_map(move |step| {
        let waiting = view.state.waiting(run, step)?;
        let at = waiting.deadline.filter(|at| !stopped.contains(at))?;
        Some(ComingRow {
            subject: format!("run {} {}", run.id, step.key),
            at,
            text: format!("run {}: {}: {}", run.id, subject(&step.key), waiting.next),
        })
    })
}
