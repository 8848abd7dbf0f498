//! What a pool and a node say: releases, what is under way, work, and what rollouts did to a node.

use super::rollout::{by, names};
use crate::api::rollout::role;
use crate::api::rows::{Freeze, Mark, NodePart, NodeRow, PoolRow, RowKey, StepRow};
use crate::console::doc::Doc;
use crate::console::rank::List;
use crate::console::replica::Replica;
use crate::console::text::when;
use crate::model::{NodeRef, Timestamp, text};

/// Announced releases that are told, newest first.
const RELEASES: usize = 5;
/// Steps of rollouts that are told of a node, newest first.
const HISTORY: usize = 20;

/// A pool by itself.
pub(super) fn pool(replica: &Replica, row: &PoolRow, now: Timestamp) -> Doc {
    let mut doc = Doc::new(format!("pool {} of {}", row.pool, row.fleet));
    doc.marked("state", row.state.clone(), row.mark);
    doc.pair("out", names(&row.out));
    if let Some(run) = row.run {
        let (mark, state) = replica
            .run(run)
            .map_or((Mark::Working, String::new()), |run| (run.mark, format!(": {}", run.state)));
        doc.marked("under way", format!("rollout {run}{state}"), mark);
    }
    if let Some(pin) = &row.pinned {
        doc.marked("pinned", kept(pin, now), Mark::Paused);
    }
    releases(&mut doc, row, now);
    doc.pair("by itself", by_itself(row, now));
    doc.pair("how", by(row.strategy));
    super::owned_by(&mut doc, row.owner.as_ref());
    doc
}

/// `by ana 02:14:00: disks are being swapped`.
pub(super) fn kept(stop: &Freeze, now: Timestamp) -> String {
    let why = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("by {} {}{why}", stop.by, when(stop.since, now))
}

/// What happens to a pool without anybody.
fn by_itself(row: &PoolRow, now: Timestamp) -> String {
    if let Some((release, at)) = &row.next {
        return format!("{} takes {release}", when(*at, now));
    }
    if row.pinned.is_some() {
        return "nothing while it is pinned; P ends that".to_owned();
    }
    let newest = row.announced.last().map(|one| &one.release);
    match (row.run, newest) {
        (Some(run), _) => format!("nothing more before rollout {run} has ended"),
        (None, None) => format!("nothing; `tidegate release {} NAME` announces a release", row.pool),
        (None, Some(newest)) if row.releases.iter().all(|(on, _)| on.as_ref() == Some(newest)) => {
            format!("nothing: every node has {newest}")
        }
        (None, Some(newest)) => format!("nothing; n shows what a rollout of {newest} would do, S starts it"),
    }
}

/// What was announced, newest first, and on how many nodes it is.
fn releases(doc: &mut Doc, row: &PoolRow, now: Timestamp) {
    for (at, one) in row.announced.iter().rev().take(RELEASES).enumerate() {
        let on = row.releases.iter().find(|(release, _)| release.as_ref() == Some(&one.release));
        let on = on.map_or(0, |(_, nodes)| *nodes);
        let (release, age, nodes) = (&one.release, now.since(one.at), row.nodes);
        let text = format!("{release} on {on} of {nodes} nodes; announced {age} ago by {}", one.by);
        doc.pair(if at == 0 { "releases" } else { "" }, text);
        if let Some(why) = &one.quarantine {
            doc.marked("", format!("quarantined, not taken again by itself: {why}"), Mark::Failed);
        }
        if let Some(skip) = &one.skipped {
            doc.marked("", format!("skipped {}", kept(skip, now)), Mark::Paused);
        }
    }
    let older = row.announced.len().saturating_sub(RELEASES);
    doc.pair("", if older > 0 { format!("and {older} older ones") } else { String::new() });
}

/// A node by itself: what it runs, how it stands, its work with health.
pub(super) fn node(replica: &Replica, row: &NodeRow) -> Doc {
    let mut doc = Doc::new(format!("node {}", row.node));
    doc.marked("state", row.state.clone(), row.mark);
    let named = |name: Option<String>| name.unwrap_or_else(|| "none".to_owned());
    doc.pair("release", named(row.release.as_ref().map(ToString::to_string)));
    doc.pair("pool", named(row.pool.as_ref().map(ToString::to_string)));
    doc.pair("zone", row.zone.clone().unwrap_or_default());
    doc.pair("role", role(row.role));
    doc.pair("engine", row.engine.clone().unwrap_or_default());
    doc.pair("address", row.address.clone().unwrap_or_default());
    if let Some(run) = row.run {
        let step = super::target::step_of(replica, &RowKey::Node(row.node.clone()));
        let state = step.map_or(String::new(), |step| format!(": {}", step.state));
        doc.marked("in hand", format!("of rollout {run}{state}"), Mark::Working);
    }
    work(&mut doc, replica, row);
    doc
}

fn work(doc: &mut Doc, replica: &Replica, row: &NodeRow) {
    if row.work.is_empty() {
        doc.pair("work", "none");
    }
    for (at, (workload, tasks)) in row.work.iter().enumerate() {
        let label = if at == 0 { "work" } else { "" };
        let here = text::tasks(*tasks);
        match replica.workload(workload) {
            Some(seen) => {
                let (running, desired) = (seen.running, seen.desired);
                let text = format!("{workload}: {here} here; in all {running}/{desired}, {}", seen.state);
                doc.marked(label, text, seen.mark);
            }
            None => _ = doc.pair(label, format!("{workload}: {here} here; its health is not watched")),
        }
    }
}

/// A node with what rollouts did to it.
pub(super) fn node_page(replica: &Replica, node: &NodeRef, now: Timestamp) -> Doc {
    let mut doc = match replica.node(node) {
        Some(row) => self::node(replica, row),
        None => super::gone(),
    };
    doc.rule("what rollouts did to it, newest first");
    let mut told = 0;
    for (step, part) in steps(replica, node).take(HISTORY) {
        history(&mut doc, step, part, now);
        told += 1;
    }
    if told == 0 {
        doc.text("No rollout that is still kept has touched it.", super::Role::Dim);
    }
    doc
}

/// The steps of rollouts that had to do with a node: as the one that got a release, or as the one that took its place.
fn steps<'a>(replica: &'a Replica, node: &'a NodeRef) -> impl Iterator<Item = (&'a StepRow, &'a NodePart)> {
    let rollouts = replica.list(List::Runs).iter().filter_map(|(_, key)| match &**key {
        RowKey::Run(run) => replica.run(*run).filter(|row| row.rollout.is_some()),
        _ => None,
    });
    let steps = rollouts.flat_map(|run| replica.step_rows(run.run));
    let touched = |part: &&NodePart| {
        let new = part.node.fleet == node.fleet && part.new_node.as_ref() == Some(&node.name);
        part.node == *node || new
    };
    let with_part = move |step: &'a StepRow| Some((step, step.node.as_deref().filter(touched)?));
    steps.filter(|step| step.started.is_some() || step.ended.is_some()).filter_map(with_part)
}

fn history(doc: &mut Doc, step: &StepRow, part: &NodePart, now: Timestamp) {
    let since = step.ended.or(step.started).map_or(String::new(), |at| format!("{} ", when(at, now)));
    let was = part.was.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
    let as_new = part.new_node.as_ref().map(|new| format!(", {new} in the place of {}", part.node.name));
    let moved = format!("{was}→{}{}", part.target, as_new.unwrap_or_default());
    let said = step.verdict.as_ref().unwrap_or(&step.result);
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    let text = format!("rollout {} {moved}, {}{said}", step.run, step.state);
    doc.led(since, text, super::Role::of(step.mark));
}
