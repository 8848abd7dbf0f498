//! Nodes and pools as rows.

use super::standing;
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
    let (mut out, mut outages) = (Vec::new(), Outages::new());
    for (node, look) in state.nodes_of(name, how) {
        *releases.entry(look.release.clone()).or_default() += 1;
        if is_out(look) {
            out.push(node.name.clone());
        }
        // What a rollout has in hand is out for a reason that its row says.
        if is_out(look) && holder(state, node).is_none() {
            outages.entry(outage(look)).or_default().push(&node.name);
        }
    }
    let nodes: u32 = releases.values().sum();
    let rollout = state.rolling().find(|rollout| rollout.pool == *name);
    let (mark, first) = how_it_stands(state, name, rollout, &outages);
    let mark = match releases.len() {
        0 => Mark::Unknown,
        more => mark.unwrap_or(if more == 1 { Mark::Good } else { Mark::Moved }),
    };
    Row::Pool(PoolRow {
        pool: name.clone(),
        fleet: how.fleet.clone(),
        strategy: how.strategy,
        mark,
        state: format!("{first}{}{}", on_releases(&releases, nodes), left_behind(state, name)),
        nodes,
        out,
        releases: releases.into_iter().collect(),
        announced: announced(state, name),
        run: rollout.map(|rollout| rollout.id),
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

/// Why nodes cannot take work, in the order in which it is told.
const OUTAGES: [&str; 3] = ["down", "drained", "cordoned"];

/// Which nodes cannot take work, by why.
type Outages<'a> = BTreeMap<&'static str, Vec<&'a NodeId>>;

/// Why a node that is out cannot take work.
fn outage(look: &NodeLook) -> &'static str {
    let [down, drained, cordoned] = OUTAGES;
    match (look.up, look.availability) {
        (false, _) => down,
        (true, Availability::Drained) => drained,
        (true, Availability::Cordoned | Availability::Active) => cordoned,
    }
}

/// A pool's sign, the first that is true: a node is down, how the rollout is, somebody has pinned it or taken a node out; none:
/// nothing but its releases. Its words come first: a list may have no room for what follows.
fn how_it_stands(
    state: &State,
    pool: &PoolName,
    rollout: Option<&Rollout>,
    outages: &Outages<'_>,
) -> (Option<Mark>, String) {
    let pinned = state.pins.contains_key(pool);
    let (rolls, word) = rollout.map(under_way).unzip();
    let held = (pinned || !outages.is_empty()).then_some(Mark::Paused);
    let mark = outages.get(OUTAGES[0]).map(|_| Mark::Failed).or(rolls).or(held);
    let mut words: Vec<String> = Vec::new();
    if let (Some(rollout), Some(word)) = (rollout, word.flatten()) {
        words.push(format!("rollout {} {word}", rollout.id));
    }
    let told = OUTAGES.iter().filter_map(|why| Some(format!("{} {why}", some(outages.get(why)?))));
    words.extend(told.chain(pinned.then(|| "pinned".to_owned())));
    (mark, words.into_iter().map(|word| format!("{word}; ")).collect())
}

/// How a rollout that goes on shows on its pool; a word where a person should look.
fn under_way(rollout: &Rollout) -> (Mark, Option<&'static str>) {
    let any = |mark| rollout.in_flight().any(|step| standing::mark(rollout, step) == mark);
    if rollout.stopped() && !rollout.is_ending() {
        (Mark::Failed, Some("stopped"))
    } else if any(Mark::Sick) {
        (Mark::Sick, Some("putting back"))
    } else if any(Mark::Unknown) {
        (Mark::Unknown, Some("undecided"))
    } else if rollout.paused.is_some() {
        (Mark::Paused, Some("paused"))
    } else {
        (Mark::Working, None)
    }
}

/// `e3`; `e3, e4`; `e3, e4 and 5 more`.
fn some(nodes: &[&NodeId]) -> String {
    const SHOWN: usize = 2;
    let names = nodes.iter().take(SHOWN).map(|node| node.as_str()).collect::<Vec<_>>().join(", ");
    match nodes.len().saturating_sub(SHOWN) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// `12 nodes on r1`; `12 nodes: 9 on r1, 3 on r2`.
fn on_releases(releases: &BTreeMap<Option<ReleaseName>, u32>, nodes: u32) -> String {
    let name = |release: &Option<ReleaseName>| {
        release.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string)
    };
    let parts = releases.iter().map(|(release, count)| format!("{count} on {}", name(release)));
    match (releases.len(), releases.keys().next()) {
        (0, _) => "no node was seen".to_owned(),
        (1, Some(only)) => format!("{nodes} nodes on {}", name(only)),
        (_, _) => format!("{nodes} nodes: {}", parts.collect::<Vec<_>>().join(", ")),
    }
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
