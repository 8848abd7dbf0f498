//! Invariant 12. The truth is what the world's provisioner made and removed.

use super::Past;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::engine::{NodeStage, NodeStep, Rollout, State};
use tidegate::model::nodes::Availability;
use tidegate::model::{NodeRef, RunId, StepKey};
use tidegate::sim::{Doing, Hand, NodeDeed, Sim};

/// What was made, and what of it is there.
#[derive(Default)]
pub struct Truth {
    tokens: BTreeSet<String>,
    /// The token of every machine that was made.
    made: BTreeMap<NodeRef, String>,
    /// Nodes that are in their fleet and up, and those that take no work.
    up: BTreeSet<NodeRef>,
    closed: BTreeSet<NodeRef>,
    there: BTreeMap<NodeRef, (RunId, StepKey)>,
}

/// No machine is made twice for one token, and no node step has two of its own at a time.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.machines;
    for deed in moment.deeds {
        let Doing::Node { node, is } = &deed.doing else { continue };
        truth.nodes(node, is);
        match (is, &deed.by) {
            (NodeDeed::Removed, Hand::Effect(id)) if id.run == RunId::NONE => {
                truth.may_go(moment.before, node)?;
            }
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

impl Truth {
    fn nodes(&mut self, node: &NodeRef, is: &NodeDeed) {
        match is {
            NodeDeed::Made { token, .. } => drop(self.made.insert(node.clone(), token.clone())),
            NodeDeed::Joined | NodeDeed::Rose => drop(self.up.insert(node.clone())),
            NodeDeed::Set(Availability::Active) => drop(self.closed.remove(node)),
            NodeDeed::Set(_) => drop(self.closed.insert(node.clone())),
            NodeDeed::Fell | NodeDeed::Left => drop(self.up.remove(node)),
            NodeDeed::Removed | NodeDeed::Moves(_) => {}
        }
    }

    /// What no step asked for is removed only where no open step has it, and its node takes no work.
    fn may_go(&self, before: &State, node: &NodeRef) -> Result<(), String> {
        let token = self.made.get(node);
        let mut open = before.rolling().flat_map(Rollout::in_flight);
        if let Some(step) = open.find(|step| token.is_some() && step.traces.token.as_ref() == token) {
            return Err(format!("{node} was removed as one that nobody needs, and {} has it", step.key));
        }
        match token {
            Some(_) if self.up.contains(node) && !self.closed.contains(node) => {
                Err(format!("{node} was removed as one that nobody needs, and it takes work"))
            }
            Some(_) => Ok(()),
            None => Err(format!("{node} was removed as one of ours, and we never made it")),
        }
    }
}

/// No machine is left behind once everything has settled: each is under a node of its pool, unless a step says that a person must look. Nor is
/// a node of a machine that is gone.
pub fn left_behind(state: &State, sim: &Sim) -> Option<String> {
    sim.file().pools.iter().find_map(|(pool, file)| {
        let nodes = sim.nodes(&file.fleet);
        let mut machines = sim.machines(pool).into_iter().filter(|machine| {
            let of_pool =
                nodes.iter().any(|node| node.name == machine.node && node.pool.as_ref() == Some(pool));
            let node = NodeRef { fleet: file.fleet.clone(), name: machine.node.clone() };
            !of_pool && !said(state, &node, machine.token.as_deref())
        });
        if let Some(machine) = machines.next() {
            return Some(format!("machine {} of pool {pool} is left behind: {machine:?}", machine.node));
        }
        let there = sim.machines(pool);
        let first = &sim.file().fleets[&file.fleet].nodes;
        let dead = nodes.iter().find(|node| {
            let ours = !first.contains(&node.name) && !there.iter().any(|machine| machine.node == node.name);
            let of_fleet = NodeRef { fleet: file.fleet.clone(), name: node.name.clone() };
            !node.up && node.pool.is_none() && ours && !said(state, &of_fleet, None)
        })?;
        Some(format!("node {} is left in the fleet, and its machine is gone", dead.name))
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
        let made = step.traces.machine.as_ref().is_some_and(|made| made.node == node.name);
        let by_token = token.is_some() && step.traces.token.as_deref() == token;
        let old = matches!(step.stage, NodeStage::Quarantined(_)) || step.traces.soaked;
        by_token || (step.node == *node && old) || (made && step.node.fleet == node.fleet)
    })
}
