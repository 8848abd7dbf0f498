//! Which machines are left behind.

use super::{Orphan, OrphanStage};
use crate::engine::rollout::decide::again;
use crate::engine::run::Standing;
use crate::engine::state::State;
use crate::engine::{NodeStep, Rollout};
use crate::model::nodes::{Machine, NodeLook, NodeRole, Strategy};
use crate::model::{FleetName, NodeRef, PoolName, Timestamp, limits, token};

/// What a fleet's nodes are called as a source of facts.
pub fn nodes_source(fleet: &FleetName) -> String {
    format!("nodes of {fleet}")
}

impl State {
    /// The machines of a pool's list that are left behind, by token, at most [`ORPHANS`](limits::ORPHANS):
    ///
    /// 1. The pool replaces nodes by machines, and which nodes its fleet has is known now.
    /// 2. This installation made the token, and no node that was made with it was handed over to carry work, unless we took that one out since.
    ///    Where so many were handed over that not all are remembered, nothing is left behind.
    /// 3. No step that is open, or that a person may try again, has the machine or a node of its name in hand.
    /// 4. It is under no node of the fleet, or under one that is [not used](NodeLook::is_unused).
    pub fn orphans_among(&self, pool: &PoolName, machines: &[Machine]) -> Vec<Machine> {
        let how = self.setup.pools.get(pool).filter(|how| how.strategy == Strategy::Surge);
        let Some(how) = how.filter(|how| self.knows_nodes_of(&how.fleet)) else { return Vec::new() };
        if self.delivered.len() >= limits::DELIVERED {
            return Vec::new();
        }
        let left = |machine: &&Machine| {
            let node = NodeRef { fleet: how.fleet.clone(), name: machine.node.clone() };
            let made = machine.token.as_ref().is_some_and(|token| {
                token::is_of(&self.install, token)
                    && !self.delivered.contains(token)
                    && !self.is_held(&node, Some(token))
            });
            made && self.nodes.get(&node).is_none_or(NodeLook::is_unused)
        };
        let mut left: Vec<Machine> = machines.iter().filter(left).cloned().collect();
        left.sort_by(|one, other| one.token.cmp(&other.token));
        left.truncate(limits::ORPHANS);
        left
    }

    /// What a list says of them that the state does not know; none where it knows all, and while nobody knows which nodes the fleet has.
    pub fn orphans_news(&self, pool: &PoolName, listed: &[Machine], now: Timestamp) -> Option<Vec<Machine>> {
        self.setup.pools.get(pool).filter(|how| self.knows_nodes_of(&how.fleet))?;
        let found = self.orphans_among(pool, listed);
        let known = |machine: &Machine| machine.token.as_ref().and_then(|token| self.orphans.get(token));
        let news = found.iter().any(|machine| match known(machine) {
            None => self.orphans.len() < limits::ORPHANS,
            Some(orphan) => orphan.second_look().is_some_and(|at| at <= now),
        });
        let listed = |token: &String| found.iter().any(|machine| machine.token.as_ref() == Some(token));
        let gone = |(token, one): (&String, &Orphan)| one.pool == *pool && one.waits() && !listed(token);
        (news || self.orphans.iter().any(gone)).then_some(found)
    }

    /// When a pool's list is wanted next, because a machine of it is suspected.
    pub fn second_look(&self, pool: &PoolName) -> Option<Timestamp> {
        self.orphans.values().filter(|one| one.pool == *pool).filter_map(Orphan::second_look).min()
    }

    pub(super) fn knows_nodes_of(&self, fleet: &FleetName) -> bool {
        let seen = self.nodes.keys().any(|node| node.fleet == *fleet);
        seen && !self.lost.contains_key(&nodes_source(fleet))
    }

    /// Whether a step that is open, or that a person may try again, has this node or token in hand.
    pub(super) fn is_held(&self, node: &NodeRef, token: Option<&String>) -> bool {
        let holds = |rollout: &Rollout, step: &NodeStep| {
            let named = step.nodes().any(|of| of == node) || made(step).is_some_and(|of| of == *node);
            let known = [step.traces.token.as_ref(), step.token.as_ref()];
            let meant = named || (token.is_some() && known.contains(&token));
            meant && (step.standing() == Standing::Open || again(rollout, step).is_ok())
        };
        self.rollouts.values().any(|rollout| rollout.steps.values().any(|step| holds(rollout, step)))
    }

    /// The orchestrator's own id of the node that a removed machine left in its fleet: it is down, without work, in no step's hands, and has the
    /// label of that token, or neither a token nor a pool.
    pub(super) fn leftover(&self, token: &str, orphan: &Orphan) -> Option<&str> {
        let look = self.nodes.get(&orphan.node)?;
        let its = match &look.token {
            Some(label) => label == token,
            None => look.pool.is_none(),
        };
        let dead = !look.up && look.work.is_empty() && look.role == NodeRole::Worker;
        (its && dead && !self.is_held(&orphan.node, None)).then_some(look.uid.as_str())
    }

    /// The node with the label of a token, whatever it is called. Every node is looked at: not for every fact.
    pub(super) fn labelled(&self, fleet: &FleetName, token: &str) -> Option<&NodeRef> {
        let mut of_fleet = self.nodes.iter().filter(|(node, _)| node.fleet == *fleet);
        of_fleet.find(|(_, look)| look.token.as_deref() == Some(token)).map(|(node, _)| node)
    }
}

/// The machine of a step as a node of its fleet.
fn made(step: &NodeStep) -> Option<NodeRef> {
    let machine = step.traces.machine.as_ref()?;
    Some(NodeRef { fleet: step.node.fleet.clone(), name: machine.node.clone() })
}

impl Orphan {
    /// When the look is due that decides about it.
    pub fn second_look(&self) -> Option<Timestamp> {
        (self.stage == OrphanStage::Suspected).then(|| self.since + limits::ORPHAN_SURE)
    }

    /// Whether it is there and nothing is being done about it.
    pub(super) fn waits(&self) -> bool {
        self.is_there() && self.doing.is_none()
    }
}
