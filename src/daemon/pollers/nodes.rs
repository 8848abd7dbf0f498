//! A fleet's nodes, where a pool of the configuration is part of it.

use super::super::shared::Shared;
use super::{changed, found, lost};
use crate::engine::EventKind;
use crate::engine::orphans::nodes_source;
use crate::model::nodes::NodeLook;
use crate::model::pace::look_again;
use crate::model::reports::Answer;
use crate::model::{FleetName, NodeRef, Span, limits};
use std::collections::BTreeMap;

pub(super) async fn poll(shared: &Shared, name: &FleetName) {
    let who = nodes_source(name);
    loop {
        let asked = shared.now();
        if shared.read(|state| state.setup.pools.values().any(|pool| pool.fleet == *name)) {
            match ask(shared, name).await {
                Ok(nodes) => {
                    found(shared, &who);
                    seen(shared, name, nodes);
                }
                Err(why) => {
                    shared.sources.silent(&who, shared.now() + limits::WORKLOADS_EVERY);
                    lost(shared, &who, &why);
                }
            }
        }
        rest(shared, name, shared.now().since(asked)).await;
    }
}

/// Until the next look. It comes sooner where a node is awaited, also where a step begins to wait for one meanwhile. How long the look took, and for how long
/// a node is awaited, is by a clock that may have been set meanwhile, so it never makes the rest longer.
async fn rest(shared: &Shared, name: &FleetName, took: Span) {
    let awaited = || shared.read(|state| state.node_awaited_since(name));
    if !shared.read(|state| state.rolling().any(|rollout| rollout.how.fleet == *name)) {
        return shared.world.clock.sleep(limits::NODES_EVERY).await;
    }
    let mut rested = Span::default();
    while rested < limits::NODES_EVERY {
        let soon = awaited().map_or(limits::JOIN_AWAITED_EVERY.max(took + took), |since| {
            look_again(shared.now().since(since), took, limits::JOIN_LOOKS_FIRST, limits::NODES_EVERY)
        });
        let soon = soon.min(limits::NODES_EVERY);
        shared.world.clock.sleep(soon).await;
        rested = rested + soon;
        if awaited().is_some() {
            return;
        }
    }
}

async fn ask(shared: &Shared, name: &FleetName) -> Result<Vec<NodeLook>, String> {
    let Some(nodes) = shared.world.nodes.get(name) else { return std::future::pending().await };
    match shared.within(limits::LOOK_STALE, nodes.nodes()).await {
        Some(Answer::Done(nodes)) => Ok(nodes),
        Some(Answer::Unreachable(unreachable)) => Err(unreachable.why),
        None => Err(format!("no answer within {}", limits::LOOK_STALE)),
    }
}

/// The order in which a fleet lists its nodes means nothing. Of two of one name the one that is up counts, as in the state.
fn seen(shared: &Shared, fleet: &FleetName, nodes: Vec<NodeLook>) {
    let mut now: BTreeMap<NodeRef, NodeLook> = BTreeMap::new();
    for look in nodes {
        let node = NodeRef { fleet: fleet.clone(), name: look.name.clone() };
        let kept = now.get(&node).is_some_and(|kept| kept.up || !look.up);
        if !kept {
            now.insert(node, look);
        }
    }
    let of_fleet = |node: &NodeRef| node.fleet == *fleet;
    let (nodes, gone) = shared.read(|state| changed(&state.nodes, of_fleet, now));
    if !nodes.is_empty() || !gone.is_empty() {
        let gone = gone.into_iter().map(|node| node.name).collect();
        shared.observe(EventKind::NodesSeen { fleet: fleet.clone(), nodes, gone });
    }
}
