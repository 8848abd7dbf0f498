//! The machines under a pool's nodes: made, joining by themselves, updated where they stand, removed.

use super::node::{Node, Turn};
use super::{Around, FleetPart};
use crate::model::nodes::{self, DeprovisionJob, ProvisionJob, UpdateJob};
use crate::model::{NodeId, PoolName, ReleaseName, Span, Timestamp, token};
use crate::sim::INSTALL;
use crate::sim::deeds::{Doing, Hand, NodeDeed};
use crate::sim::file::{Comes, Length, Machines};

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Machine {
    pub pool: PoolName,
    pub node: NodeId,
    /// The token with which it was made; none where it was there before.
    pub token: Option<String>,
    pub release: ReleaseName,
    /// When it joins its fleet; none once it has, or where it never will.
    pub joins: Option<Timestamp>,
}

impl Machine {
    /// One that was there from the beginning.
    pub fn there(pool: &PoolName, node: &NodeId, release: &ReleaseName) -> Self {
        let (pool, node, release) = (pool.clone(), node.clone(), release.clone());
        Self { pool, node, token: None, release, joins: None }
    }

    fn shown(&self) -> nodes::Machine {
        nodes::Machine {
            node: self.node.clone(),
            address: None,
            token: self.token.clone(),
            release: Some(self.release.clone()),
        }
    }
}

impl FleetPart {
    /// How the commands of a pool are.
    pub fn commands(&self, pool: &PoolName) -> Machines {
        self.commands.get(pool).copied().unwrap_or_default()
    }

    pub fn set_commands(&mut self, pool: &PoolName, how: Machines) {
        self.commands.insert(pool.clone(), how);
    }

    pub(super) fn has_machine(&self, node: &NodeId) -> bool {
        self.machines.iter().any(|machine| machine.node == *node)
            || self.nodes.iter().any(|known| known.name == *node && known.runs.is_none())
    }

    /// All machines of a pool, also those that never joined.
    pub fn list_machines(&self, pool: &PoolName) -> Vec<nodes::Machine> {
        self.machines.iter().filter(|machine| machine.pool == *pool).map(Machine::shown).collect()
    }

    /// Makes a machine, unless one of this token is there.
    pub fn make(
        &mut self,
        job: &ProvisionJob,
        joins_in: Span,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> nodes::Machine {
        let ours = |machine: &&Machine| machine.token.as_ref() == Some(&job.token);
        if let Some(machine) = self.machines.iter().find(ours) {
            return machine.shown();
        }
        let comes = self.comes(&(job.pool.clone(), job.release.clone()));
        let machine = Machine {
            pool: job.pool.clone(),
            node: self.new_name(),
            token: Some(job.token.clone()),
            release: job.release.clone(),
            joins: (comes != Comes::Never).then(|| at + joins_in),
        };
        let is = NodeDeed::Made { pool: job.pool.clone(), token: job.token.clone() };
        let node = self.node_ref(&machine.node);
        around.done(at, Self::effect(&job.id), Doing::Node { node, is });
        let shown = machine.shown();
        self.machines.push(machine);
        shown
    }

    /// A machine of ours appears that nobody remembers.
    pub fn forgets(&mut self, pool: &PoolName, joins: bool, at: Timestamp, around: &mut Around<'_>) {
        let release: ReleaseName = "forgotten".parse().expect("a plain word is a name");
        let comes = if joins { Comes::Vanishes(Length::secs(5)) } else { Comes::Never };
        self.brings(pool, &release, comes, &[]);
        let node = self.new_name();
        let token = token::make(INSTALL, &format!("{node} was forgotten"));
        let is = NodeDeed::Made { pool: pool.clone(), token: token.clone() };
        around.done(at, Hand::Outside, Doing::Node { node: self.node_ref(&node), is });
        let joins = joins.then_some(at);
        self.machines.push(Machine { pool: pool.clone(), node, token: Some(token), release, joins });
    }

    /// No name is given twice: `n07` after six nodes.
    fn new_name(&mut self) -> NodeId {
        loop {
            self.named += 1;
            let name = format!("n{:02}", self.named);
            let name: NodeId = name.parse().expect("a letter and digits are a name");
            let used = self.nodes.iter().any(|node| node.name == name) || self.has_machine(&name);
            if !used {
                return name;
            }
        }
    }

    /// Removes a machine, by its token or its name. Where its node is in the fleet still, that is not heard of any more.
    pub fn unmake(&mut self, job: &DeprovisionJob, at: Timestamp, around: &mut Around<'_>) {
        let of_pool = self.machines.iter().filter(|machine| machine.pool == job.pool);
        let mut meant = of_pool.filter(|machine| {
            let by_token = job.token.is_some() && machine.token == job.token;
            by_token || Some(&machine.node) == job.node.as_ref()
        });
        let Some(name) = meant.next().map(|machine| machine.node.clone()) else { return };
        self.machines.retain(|machine| machine.node != name);
        let (node, is) = (self.node_ref(&name), NodeDeed::Removed);
        around.done(at, Self::effect(&job.id), Doing::Node { node, is });
        if let Some(node) = self.find_node(&name) {
            node.next = None;
        }
        self.falls(&name, "its machine was removed", at, around);
    }

    /// Gives a machine another release where it stands; it is away meanwhile. Answers whether there is such a machine.
    pub fn update_machine(
        &mut self,
        job: &UpdateJob,
        away_for: Span,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> bool {
        let runs = (job.pool.clone(), job.release.clone());
        let comes = self.comes(&runs);
        let mut ours = self.machines.iter_mut();
        let Some(machine) = ours.find(|one| one.node == job.node && one.pool == job.pool) else {
            return false;
        };
        machine.release = job.release.clone();
        self.falls(&job.node, "it is updated", at, around);
        if let Some(node) = self.find_node(&job.node) {
            node.runs = Some(runs);
            node.next = (comes != Comes::Never).then(|| (at + away_for, Turn::Rises));
        }
        true
    }

    pub(super) fn next_machine_moment(&self) -> Option<Timestamp> {
        self.machines.iter().filter_map(|machine| machine.joins).min()
    }

    pub(super) fn machine_moment(&mut self, at: Timestamp, around: &mut Around<'_>) {
        let due = self.machines.iter_mut().filter(|machine| machine.joins.is_some_and(|due| due <= at));
        let due: Vec<Machine> = due
            .map(|machine| {
                machine.joins = None;
                machine.clone()
            })
            .collect();
        for machine in due {
            self.joins(machine, at, around);
        }
    }

    fn joins(&mut self, machine: Machine, at: Timestamp, around: &mut Around<'_>) {
        let runs = (machine.pool, machine.release);
        let comes = self.comes(&runs);
        let number = self.next();
        let mut node =
            Node::new(machine.node.clone(), format!("{}-{number}", machine.node), number, Some(runs));
        if let Comes::Vanishes(after) = comes {
            node.next = Some((at + after.0, Turn::Falls));
        }
        self.nodes.push(node);
        let (node, is) = (self.node_ref(&machine.node), NodeDeed::Joined);
        around.done(at, Hand::Outside, Doing::Node { node, is });
        self.rehome(at, around);
    }
}
