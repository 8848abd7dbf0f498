//! Nodes: what they are, where tasks may go, and what befalls a node by itself.

use super::machine::Machine;
use super::service::Service;
use super::shift::Shift;
use super::{Around, FleetPart};
use crate::model::nodes::{Availability, NodeLook, NodeRole};
use crate::model::reports::TaskState;
use crate::model::{FleetName, NodeId, NodeRef, PoolName, ReleaseName, Span, Timestamp, WorkloadId};
use crate::sim::deeds::{Doing, Hand, NodeDeed};
use crate::sim::file::{Comes, Flaw, How, NodeIs, WorldFile};
use std::collections::BTreeMap;

/// A node.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub name: NodeId,
    /// The orchestrator's own id of it: another one each time that it joins.
    pub uid: String,
    pub address: String,
    pub up: bool,
    /// Why it is not up.
    pub message: Option<String>,
    pub availability: Availability,
    /// Its labels.
    pub pool: Option<PoolName>,
    pub label: Option<ReleaseName>,
    pub zone: Option<String>,
    pub token: Option<String>,
    /// What it really runs, whatever its label says.
    pub runs: Option<(PoolName, ReleaseName)>,
    /// What it does next by itself, and when.
    pub next: Option<(Timestamp, Turn)>,
    /// What was begun so that it can be emptied.
    pub shift: Option<Shift>,
    /// Somebody beside us took it out, or a fault did.
    pub by_hand: bool,
}

/// What a node does next by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is not heard of any more.
    Falls,
    /// It is back from an update.
    Rises,
}

/// What a node release brings.
#[derive(Debug, Clone, Default)]
pub(super) struct Release {
    pub comes: Comes,
    pub flaws: Vec<Flaw>,
}

/// Where a task is started, and what it shows there.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub node: Option<NodeId>,
    pub flaws: Vec<(How, Span)>,
}

impl Node {
    /// One of a machine that joins, or was there from the beginning.
    pub fn new(name: NodeId, uid: String, number: u64, runs: Option<(PoolName, ReleaseName)>) -> Self {
        Self {
            name,
            uid,
            address: format!("10.255.{}.{}", number >> 8 & 255, number & 255),
            up: true,
            message: None,
            availability: Availability::Active,
            pool: None,
            label: None,
            zone: None,
            token: None,
            runs,
            next: None,
            shift: None,
            by_hand: false,
        }
    }

    pub fn takes_work(&self) -> bool {
        self.up && self.availability == Availability::Active
    }
}

/// The nodes of a fleet at the beginning, labelled, and the machines under those of pools.
pub(super) fn at_the_beginning(fleet: &FleetName, file: &WorldFile) -> (Vec<Node>, Vec<Machine>) {
    let names = file.fleets.get(fleet).map_or(&[][..], |fleet| &fleet.nodes);
    let (mut nodes, mut machines) = (Vec::new(), Vec::new());
    for (number, name) in (0u64..).zip(names) {
        let pool = file.pool_of(fleet, name);
        let runs = pool.map(|(pool, file)| (pool.clone(), file.release.clone()));
        let mut node = Node::new(name.clone(), format!("{name}-0"), number, runs);
        if let Some((pool, of)) = pool {
            node.pool = Some(pool.clone());
            node.label = Some(of.release.clone());
            node.zone = of.zones.get(name).cloned();
            machines.push(Machine::there(pool, name, &of.release));
        }
        nodes.push(node);
    }
    (nodes, machines)
}

impl FleetPart {
    pub(super) fn node_ref(&self, name: &NodeId) -> NodeRef {
        NodeRef { fleet: self.name.clone(), name: name.clone() }
    }

    pub(super) fn find_node(&mut self, name: &NodeId) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.name == *name)
    }

    /// Whether a task of this service may be placed there now.
    pub(super) fn takes(node: &Node, service: &Service) -> bool {
        let only = &service.workload.only_on;
        node.takes_work() && (only.is_empty() || only.contains(&node.name))
    }

    /// Tasks are spread in order over the nodes that take them; `onto` comes first where it is one of them.
    pub(super) fn place(&self, service: &Service, number: u64, onto: Option<&NodeId>) -> Place {
        let free: Vec<&Node> = self.nodes.iter().filter(|node| Self::takes(node, service)).collect();
        let wanted = free.iter().find(|node| Some(&node.name) == onto);
        let count = u64::try_from(free.len()).unwrap_or(1).max(1);
        let spread = || free.get(usize::try_from(number % count).unwrap_or(0));
        let node = wanted.or_else(spread);
        let flaws = node.map(|node| self.shown_on(node, &service.id)).unwrap_or_default();
        Place { node: node.map(|node| node.name.clone()), flaws }
    }

    /// What a workload shows on a node because of the release there.
    fn shown_on(&self, node: &Node, workload: &WorkloadId) -> Vec<(How, Span)> {
        let release = node.runs.as_ref().and_then(|runs| self.releases.get(runs));
        let flaws = release.map_or(&[][..], |release| &release.flaws);
        let hits = flaws.iter().filter(|flaw| flaw.hits == workload.to_string());
        hits.map(|flaw| (flaw.how, flaw.after.map_or(Span::default(), |after| after.0))).collect()
    }

    /// A node release is what it is from now on.
    pub fn brings(&mut self, pool: &PoolName, release: &ReleaseName, comes: Comes, flaws: &[Flaw]) {
        self.releases.insert((pool.clone(), release.clone()), Release { comes, flaws: flaws.to_vec() });
    }

    /// How the nodes of a release come.
    pub(super) fn comes(&self, runs: &(PoolName, ReleaseName)) -> Comes {
        self.releases.get(runs).map_or(Comes::Well, |release| release.comes)
    }

    pub(super) fn next_node_moment(&self) -> Option<Timestamp> {
        self.nodes.iter().filter_map(|node| node.next.map(|(at, _)| at)).min()
    }

    pub(super) fn node_moment(&mut self, at: Timestamp, around: &mut Around<'_>) {
        let due = |node: &&Node| node.next.is_some_and(|(due, _)| due <= at);
        let due: Vec<_> = self.nodes.iter().filter(due).map(|node| node.name.clone()).collect();
        for name in due {
            let Some((_, turn)) = self.find_node(&name).and_then(|node| node.next.take()) else { continue };
            match turn {
                Turn::Falls => self.falls(&name, "heartbeat failure", at, around),
                Turn::Rises => self.rises(&name, at, around),
            }
        }
    }

    /// A node is not heard of any more: the orchestrator starts its work elsewhere.
    pub(super) fn falls(&mut self, name: &NodeId, why: &str, at: Timestamp, around: &mut Around<'_>) {
        let Some(node) = self.find_node(name).filter(|node| node.up) else { return };
        node.up = false;
        node.message = Some(why.to_owned());
        let (node, is) = (self.node_ref(name), NodeDeed::Fell);
        around.done(at, Hand::Outside, Doing::Node { node, is });
        self.lose_tasks(name, at, around);
    }

    /// It is heard of again; a release that vanishes does so once more.
    pub(super) fn rises(&mut self, name: &NodeId, at: Timestamp, around: &mut Around<'_>) {
        let comes = self.find_node(name).and_then(|node| node.runs.clone()).map(|runs| self.comes(&runs));
        let Some(node) = self.find_node(name).filter(|node| !node.up) else { return };
        node.up = true;
        node.message = None;
        if let Some(Comes::Vanishes(after)) = comes {
            node.next = Some((at + after.0, Turn::Falls));
        }
        let (node, is) = (self.node_ref(name), NodeDeed::Rose);
        around.done(at, Hand::Outside, Doing::Node { node, is });
        self.rehome(at, around);
    }

    /// What runs on a node is lost with it, and started elsewhere.
    pub(super) fn lose_tasks(&mut self, name: &NodeId, at: Timestamp, around: &mut Around<'_>) {
        for id in self.services.keys().cloned().collect::<Vec<_>>() {
            let Some(service) = self.services.get_mut(&id) else { continue };
            let before = service.tasks.len();
            let there = |node: &Option<NodeId>| node.as_ref() == Some(name);
            service.tasks.retain(|task| task.state == TaskState::Ended || !there(&task.node));
            if service.tasks.len() != before {
                self.settle(&id, at, around);
            }
        }
    }

    /// Tasks that found no place look for one again.
    pub(super) fn rehome(&mut self, at: Timestamp, around: &mut Around<'_>) {
        for id in self.services.keys().cloned().collect::<Vec<_>>() {
            let Some(service) = self.services.get_mut(&id) else { continue };
            let before = service.tasks.len();
            service.tasks.retain(|task| task.node.is_some() || task.state != TaskState::Pending);
            if service.tasks.len() != before {
                self.settle(&id, at, around);
            }
        }
    }

    /// Sets whether work may be placed on a node. Answers whether that changed.
    pub(super) fn set_availability(
        &mut self,
        name: &NodeId,
        to: Availability,
        by: Hand,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> bool {
        let Some(node) = self.find_node(name).filter(|node| node.availability != to) else { return false };
        node.availability = to;
        let (node, is) = (self.node_ref(name), NodeDeed::Set(to));
        around.done(at, by, Doing::Node { node, is });
        if to == Availability::Active {
            self.rehome(at, around);
        }
        true
    }

    /// What befalls a node, or what somebody does to it beside us.
    pub fn befalls(&mut self, name: &NodeId, is: NodeIs, at: Timestamp, around: &mut Around<'_>) {
        let machine = self.has_machine(name);
        let Some(node) = self.find_node(name) else { return };
        match is {
            NodeIs::Down => {
                node.by_hand = true;
                self.falls(name, "heartbeat failure", at, around);
            }
            NodeIs::Up if machine => self.rises(name, at, around),
            NodeIs::Up => {}
            NodeIs::Cordoned if node.availability == Availability::Active => {
                node.by_hand = true;
                self.set_availability(name, Availability::Cordoned, Hand::Outside, at, around);
            }
            NodeIs::Cordoned => {}
            NodeIs::Active => {
                self.take_back(name, at, around);
                self.set_availability(name, Availability::Active, Hand::Outside, at, around);
            }
        }
    }

    /// What others did to nodes, and faults, are over. A node that its release took down stays so.
    pub fn nodes_heal(&mut self, at: Timestamp, around: &mut Around<'_>) {
        let by_hand = |node: &mut Node| {
            std::mem::take(&mut node.by_hand).then(|| (node.name.clone(), node.shift.is_none()))
        };
        let names: Vec<(NodeId, bool)> = self.nodes.iter_mut().filter_map(by_hand).collect();
        for (name, untouched) in names {
            self.befalls(&name, NodeIs::Up, at, around);
            if untouched {
                self.set_availability(&name, Availability::Active, Hand::Outside, at, around);
            }
        }
    }

    /// All nodes with what runs on each, in the order of the file and of joining.
    pub fn node_looks(&self) -> Vec<NodeLook> {
        self.nodes.iter().map(|node| self.node_look(node)).collect()
    }

    fn node_look(&self, node: &Node) -> NodeLook {
        NodeLook {
            name: node.name.clone(),
            uid: node.uid.clone(),
            address: Some(node.address.clone()),
            up: node.up,
            message: node.message.clone(),
            availability: node.availability,
            role: NodeRole::Worker,
            pool: node.pool.clone(),
            release: node.label.clone(),
            zone: node.zone.clone(),
            token: node.token.clone(),
            engine: None,
            work: self.work_on(&node.name),
        }
    }

    /// What runs on a node, or is on its way.
    pub(super) fn work_on(&self, name: &NodeId) -> BTreeMap<WorkloadId, u32> {
        let mut work = BTreeMap::new();
        for service in self.services.values() {
            let count = service.living_on(name).count();
            if count > 0 {
                work.insert(service.id.clone(), u32::try_from(count).unwrap_or(u32::MAX));
            }
        }
        work
    }
}
