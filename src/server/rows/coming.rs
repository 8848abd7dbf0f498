//! What will happen by itself, and when.

use super::View;
use crate::api::rows::{ComingRow, Row};
use crate::engine::describe::subject;
use crate::engine::{Rollout, Run};

pub(super) fn coming(view: View<'_>) -> Vec<Row> {
    let state = view.state;
    let freeze = state.freeze.as_ref().and_then(|stop| stop.until).map(|at| ComingRow {
        subject: "freeze".to_owned(),
        at,
        text: "the freeze ends".to_owned(),
    });
    let runs = state.active().flat_map(|run| pause(run).into_iter().chain(steps(view, run)));
    let rollouts = state.rolling().flat_map(|rollout| rollout_comes(view, rollout));
    freeze
        .into_iter()
        .chain(runs)
        .chain(rollouts)
        .chain(releases(view))
        .chain(orphans(view))
        .map(Row::Coming)
        .collect()
}

/// A pause's end, and the deadlines of the nodes that are worked on.
fn rollout_comes(view: View<'_>, rollout: &Rollout) -> Vec<ComingRow> {
    let id = rollout.id;
    let pause = rollout.paused.as_ref().and_then(|stop| stop.until).map(|at| ComingRow {
        subject: format!("rollout {id}"),
        at,
        text: format!("rollout {id}: the pause ends"),
    });
    let stops = [rollout.paused.as_ref(), view.state.freeze.as_ref()];
    let stopped: Vec<_> = stops.into_iter().flatten().filter_map(|stop| stop.until).collect();
    let steps = rollout.in_flight().filter_map(|step| {
        let waiting = view.state.node_waiting(rollout, step)?;
        let at = waiting.deadline.filter(|at| !stopped.contains(at))?;
        Some(ComingRow {
            subject: format!("rollout {id} {}", step.key),
            at,
            text: format!("rollout {id}: {}: {}", subject(&step.key), waiting.next),
        })
    });
    pause.into_iter().chain(steps).collect()
}

/// Machines that are suspected to be left behind.
fn orphans(view: View<'_>) -> impl Iterator<Item = ComingRow> {
    view.state.orphans.values().filter_map(|one| {
        let (at, name) = (one.second_look()?, &one.node.name);
        let text = format!("pool {}: machine {name} is removed, should nobody need it then either", one.pool);
        Some(ComingRow { subject: format!("machine {}", one.node), at, text })
    })
}

/// Releases that pools take by themselves; nothing begins in a freeze.
fn releases(view: View<'_>) -> Vec<ComingRow> {
    let state = view.state;
    let pools = state.setup.pools.keys().filter(|_| state.freeze.is_none());
    let comes = pools.filter_map(|pool| {
        let (release, at) = state.takes_next(pool).filter(|(_, at)| *at > state.now)?;
        Some(ComingRow {
            subject: format!("pool {pool}"),
            at,
            text: format!("pool {pool} takes release {release} by itself"),
        })
    });
    comes.collect()
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
    run.steps.values().filter_map(move |step| {
        let waiting = view.state.waiting(run, step)?;
        let at = waiting.deadline.filter(|at| !stopped.contains(at))?;
        Some(ComingRow {
            subject: format!("run {} {}", run.id, step.key),
            at,
            text: format!("run {}: {}: {}", run.id, subject(&step.key), waiting.next),
        })
    })
}
