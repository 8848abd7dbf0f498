//! What was seen of nodes, and what was announced.

use super::begin::{self, is_out};
use super::{Announced, advance};
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::nodes::NodeLook;
use crate::model::{Actor, FleetName, NodeId, NodeRef, PoolName, ReleaseName, limits};
use std::collections::{BTreeMap, BTreeSet};

/// A fleet's nodes are not as they were known to be. Of two nodes of one name (one left, its namesake joined) the one that is up counts.
pub(in crate::engine) fn nodes_seen(
    state: &mut State,
    fleet: &FleetName,
    nodes: &[NodeLook],
    gone: &[NodeId],
    out: &mut Outcome,
) {
    for name in gone {
        drop_node(state, &NodeRef { fleet: fleet.clone(), name: name.clone() }, out);
    }
    let mut now: BTreeMap<NodeRef, &NodeLook> = BTreeMap::new();
    for look in nodes {
        let node = NodeRef { fleet: fleet.clone(), name: look.name.clone() };
        let kept = now.entry(node).or_insert(look);
        if look.up && !kept.up {
            *kept = look;
        }
    }
    for (node, look) in now {
        put_node(state, &node, look.clone(), out);
    }
    begin::automatic(state, out);
    advance::all_go_on(state, out);
}

/// How a node is, from now on.
pub(super) fn put_node(state: &mut State, node: &NodeRef, look: NodeLook, out: &mut Outcome) {
    if state.nodes.get(node) == Some(&look) {
        return;
    }
    if state.nodes.get(node).is_none_or(|known| known.uid != look.uid) {
        state.joined.insert(node.clone(), state.now);
    }
    if is_out(&look) {
        state.out.insert(node.clone());
    } else {
        state.out.remove(node);
    }
    state.nodes.insert(node.clone(), look);
    out.touch(Key::Node(node.clone()));
}

/// A node is not in its fleet any more.
pub(in crate::engine) fn drop_node(state: &mut State, node: &NodeRef, out: &mut Outcome) {
    state.out.remove(node);
    state.joined.remove(node);
    if state.nodes.remove(node).is_some() {
        out.touch(Key::Node(node.clone()));
    }
}

/// The nodes that cannot take work now.
pub(in crate::engine) fn out_of(nodes: &BTreeMap<NodeRef, NodeLook>) -> BTreeSet<NodeRef> {
    nodes.iter().filter(|(_, look)| is_out(look)).map(|(node, _)| node.clone()).collect()
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
    let (release, by) = (release.clone(), by.clone());
    known.push(Announced { release, at: state.now, by, taken: false, skipped: None });
    out.touch(Key::Pool(pool.clone()));
    begin::automatic(state, out);
}
