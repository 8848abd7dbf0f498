//! What was seen of nodes, and what was announced.

use super::{Announced, advance, begin};
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::nodes::NodeLook;
use crate::model::{Actor, FleetName, NodeRef, PoolName, ReleaseName, limits};
use std::collections::BTreeMap;

/// A fleet's nodes are not as they were known to be. Of two nodes of one name (one left, its namesake joined) the one that is up counts.
pub(in crate::engine) fn nodes_seen(
    state: &mut State,
    fleet: &FleetName,
    nodes: &[NodeLook],
    out: &mut Outcome,
) {
    let mut now: BTreeMap<NodeRef, &NodeLook> = BTreeMap::new();
    for look in nodes {
        let node = NodeRef { fleet: fleet.clone(), name: look.name.clone() };
        let kept = now.entry(node).or_insert(look);
        if look.up && !kept.up {
            *kept = look;
        }
    }
    let gone: Vec<NodeRef> =
        state.nodes.keys().filter(|n| n.fleet == *fleet && !now.contains_key(*n)).cloned().collect();
    for node in gone {
        state.nodes.remove(&node);
        out.touch(Key::Node(node));
    }
    for (node, look) in now {
        if state.nodes.get(&node) != Some(look) {
            out.touch(Key::Node(node.clone()));
            state.nodes.insert(node, look.clone());
        }
    }
    begin::automatic(state, out);
    advance::all_go_on(state, out);
}

/// A release may be rolled out from now on. One that is announced again keeps its place: its age counts from the first time.
pub(in crate::engine) fn announced(
    state: &mut State,
    by: &Actor,
    pool: &PoolName,
    release: &ReleaseName,
    out: &mut Outcome,
) {
    if !state.setup.pools.contains_key(pool) || state.announced(pool, release).is_some() {
        return;
    }
    let known = state.releases.entry(pool.clone()).or_default();
    if known.len() >= limits::RELEASES_PER_POOL {
        known.remove(0);
    }
    known.push(Announced { release: release.clone(), at: state.now, by: by.clone(), taken: false });
    out.touch(Key::Pool(pool.clone()));
    begin::automatic(state, out);
}
