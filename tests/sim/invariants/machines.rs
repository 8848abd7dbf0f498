//! Invariant 12. The truth is what the world's provisioner made and removed.

use super::Past;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::engine::{NodeStage, NodeStep, State};
use tidegate::model::{NodeRef, RunId, StepKey};
use tidegate::sim::{Doing, Hand, NodeDeed, Sim};

/// What was made, and what of it is there.
#[derive(Default)]
pub struct Truth {
    tokens: BTreeSet<String>,
    there: BTreeMap<NodeRef, (RunId, StepKey)>,
}

/// No machine is made twice for one token, and no node step has two of its own at a time.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.machines;
    for deed in moment.deeds {
        let Doing::Node { node, is } = &deed.doing else { continue };
        match (is, &deed.by) {
            (NodeDeed::Made { token, .. }, Hand::Effect(id)) => {
                if !truth.tokens.insert(token.clone()) {
                    return Err(format!("{id} made {node} with token {token}, which made a machine before"));
                }
                let step = (id.run, id.step.clone());
                if let Some((other, _)) = truth.there.iter().find(|(_, of)| **of == step) {
                    return Err(format!("{id} made {node} while {other} was there"));
                }
                truth.there.insert(node.clone(), step);
            }
            (NodeDeed::Removed, _) => drop(truth.there.remove(node)),
            (
                NodeDeed::Made { .. }
                | NodeDeed::Joined
                | NodeDeed::Left
                | NodeDeed::Set(_)
                | NodeDeed::Moves(_)
                | NodeDeed::Fell
                | NodeDeed::Rose,
                _,
            ) => {}
        }
    }
    Ok(())
}

/// No machine is left behind once everything has settled: each is under a node of its pool, unless a step says that a person must look.
pub fn left_behind(state: &State, sim: &Sim) -> Option<String> {
    sim.file().pools.iter().find_map(|(pool, file)| {
        let nodes = sim.nodes(&file.fleet);
        let mut machines = sim.machines(pool).into_iter().filter(|machine| {
            let of_pool =
                nodes.iter().any(|node| node.name == machine.node && node.pool.as_ref() == Some(pool));
            let node = NodeRef { fleet: file.fleet.clone(), name: machine.node.clone() };
            !of_pool && !said(state, &node, machine.token.as_deref())
        });
        let machine = machines.next()?;
        Some(format!("machine {} of pool {pool} is left behind: {machine:?}", machine.node))
    })
}

/// Whether a step that could not be ended names this machine.
fn said(state: &State, node: &NodeRef, token: Option<&str>) -> bool {
    let steps = state.rollouts.values().flat_map(|rollout| rollout.steps.values());
    // What a person leaves out then stays as it is, and the incident, which is still there, goes on saying so.
    let told = |step: &NodeStep| step.incident.is_some_and(|id| state.incidents.contains_key(&id));
    let stuck = |step: &&NodeStep| match step.stage {
        NodeStage::Quarantined(_) => true,
        NodeStage::Skipped(_) => told(step),
        _ => false,
    };
    steps.filter(stuck).any(|step| {
        let by_token = token.is_some() && step.traces.token.as_deref() == token;
        let old = matches!(step.stage, NodeStage::Quarantined(_)) || step.traces.soaked;
        by_token || (step.node == *node && old)
    })
}
