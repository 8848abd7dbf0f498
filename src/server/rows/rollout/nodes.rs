//! Nodes and pools as rows.

use super::step::new_node;
use crate::api::rows::{Mark, NodeRow, PoolRow, ReleaseRow, Row};
use crate::engine::rollout::is_out;
use crate::engine::{NodeStep, Rollout, State};
use crate::model::nodes::{Availability, NodeLook, Pool};
use crate::model::{NodeId, NodeRef, PoolName, ReleaseName, RunId};
use crate::server::rows::daemon;
use std::collections::BTreeMap;

pub(in crate::server::rows) fn node(state: &State, node: &NodeRef, look: &NodeLook) -> Row {
    let (mark, words) = stands(look);
    Row::Node(NodeRow {
        node: node.clone(),
        address: look.address.clone(),
        pool: look.pool.clone(),
        release: look.release.clone(),
        zone: look.zone.clone(),
        mark,
        state: words,
        up: look.up,
        availability: look.availability,
        role: look.role,
        engine: look.engine.clone(),
        work: look.work.iter().map(|(workload, tasks)| (workload.clone(), *tasks)).collect(),
        run: holder(state, node),
    })
}

fn stands(look: &NodeLook) -> (Mark, String) {
    match (look.up, look.availability) {
        (false, _) => {
            let why = look.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            (Mark::Failed, format!("down{why}"))
        }
        (true, Availability::Active) => (Mark::Good, "ready".to_owned()),
        (true, Availability::Cordoned) => (Mark::Paused, "cordoned".to_owned()),
        (true, Availability::Drained) => (Mark::Paused, "drained".to_owned()),
    }
}

/// The rollout that has a node in hand: as the one that is emptied, or as the one that takes its place.
fn holder(state: &State, node: &NodeRef) -> Option<RunId> {
    let has = |rollout: &&Rollout| rollout.in_flight().any(|step| in_hand(step).any(|held| held == *node));
    state.rolling().find(has).map(|rollout| rollout.id)
}

/// The nodes that a step has to do with: the old one, and the one that takes its place.
pub(in crate::server::rows) fn in_hand(step: &NodeStep) -> impl Iterator<Item = NodeRef> {
    let fleet = step.node.fleet.clone();
    let new = new_node(step).cloned().map(|name| NodeRef { fleet, name });
    std::iter::once(step.node.clone()).chain(new)
}

pub(in crate::server::rows) fn pool(state: &State, name: &PoolName, how: &Pool) -> Row {
    let mut releases: BTreeMap<Option<ReleaseName>, u32> = BTreeMap::new();
    let mut out: Vec<NodeId> = Vec::new();
    for (node, look) in state.nodes_of(name, how) {
        *releases.entry(look.release.clone()).or_default() += 1;
        if is_out(look) {
            out.push(node.name.clone());
        }
    }
    let nodes: u32 = releases.values().sum();
    let run = state.rolling().find(|rollout| rollout.pool == *name).map(|rollout| rollout.id);
    let (mark, words) = how_it_is(&releases, nodes, out.len(), run);
    let words = if state.pins.contains_key(name) { format!("{words}; pinned") } else { words };
    let words = format!("{words}{}", left_behind(state, name));
    Row::Pool(PoolRow {
        pool: name.clone(),
        fleet: how.fleet.clone(),
        strategy: how.strategy,
        mark,
        state: words,
        nodes,
        out,
        releases: releases.into_iter().collect(),
        announced: announced(state, name),
        run,
        next: state.takes_next(name),
        pinned: state.pins.get(name).map(daemon::freeze),
        owner: how.owner.clone(),
    })
}

/// `; 1 machine left behind`.
fn left_behind(state: &State, pool: &PoolName) -> String {
    match state.orphans.values().filter(|one| one.pool == *pool && one.is_there()).count() {
        0 => String::new(),
        1 => "; 1 machine left behind".to_owned(),
        count => format!("; {count} machines left behind"),
    }
}

/// `12 nodes on r1`; `9 of 12 nodes on r1, 3 on r2`, and who is out.
fn how_it_is(
    releases: &BTreeMap<Option<ReleaseName>, u32>,
    nodes: u32,
    out: usize,
    run: Option<RunId>,
) -> (Mark, String) {
    let name = |release: &Option<ReleaseName>| {
        release.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string)
    };
    let mut parts = releases.iter().map(|(release, count)| format!("{count} on {}", name(release)));
    let words = match (releases.len(), releases.keys().next()) {
        (0, _) => "no node was seen".to_owned(),
        (1, Some(only)) => format!("{nodes} nodes on {}", name(only)),
        (_, _) => format!("{nodes} nodes: {}", parts.by_ref().collect::<Vec<_>>().join(", ")),
    };
    let words = if out > 0 { format!("{words}; {out} out") } else { words };
    let mark = match (run, releases.len()) {
        (_, 0) => Mark::Unknown,
        (Some(_), _) => Mark::Working,
        (None, _) if out > 0 => Mark::Paused,
        (None, 1) => Mark::Good,
        (None, _) => Mark::Moved,
    };
    (mark, words)
}

fn announced(state: &State, pool: &PoolName) -> Vec<ReleaseRow> {
    let known = state.releases.get(pool).into_iter().flatten();
    let row = |one: &crate::engine::rollout::Announced| ReleaseRow {
        release: one.release.clone(),
        at: one.at,
        by: one.by.clone(),
        quarantine: quarantine(state, pool, &one.release),
        skipped: one.skipped.as_ref().map(daemon::freeze),
        taken: one.taken,
    };
    known.map(row).collect()
}

/// Why a pool does not take a release again by itself.
pub(super) fn quarantine(state: &State, pool: &PoolName, release: &ReleaseName) -> Option<String> {
    let bad = state.bad_releases.iter().find(|bad| bad.pool == *pool && bad.release == *release)?;
    Some(format!("rollout {}: {}", bad.run, bad.why))
}
