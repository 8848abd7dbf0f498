//! A simulated orchestrator with the habits of Swarm: versions, rolling updates, tasks that live and end, its own undo.
//!
//! ```text
//!   mod      the fleet: its services, its claim, how it answers; time goes on here
//!   service  a spec, its version, what the orchestrator says of its update
//!   task     one task: when it was made, what it runs, and from that what it does at any moment
//!   update   a rolling update, one slot after the other, new task first
//!   change   deploy and restore, fenced
//!   look     what a look sees
//!   hand     what people do to a service beside us
//!   port     the calls of `ports::Fleet`, with their answers lost and late
//!   node     nodes, where tasks go, what befalls a node;  machine  what is under the nodes of a pool
//!   shift    emptying a node;  nodes  the calls of `ports::Nodes`
//! ```
//!
//! Time goes on in the order of what happens, one [`FleetPart::moment`] after the other, over all fleets of the world.

mod change;
mod hand;
mod look;
mod machine;
mod node;
mod nodes;
mod port;
mod service;
mod shift;
mod task;
mod update;

use super::content::Contents;
use super::deeds::{Deed, Doing, Hand};
use super::dice::Dice;
use super::file::{Drains, Fleet as Answers, Machines, WorldFile};
use crate::model::{Digest, FleetName, ImageRef, PoolName, ReleaseName, Timestamp, WorkloadId};
use crate::ports::Claim;
use machine::Machine;
use node::{Node, Release};
pub(super) use port::Port;
use service::Service;
use std::collections::BTreeMap;

/// One fleet.
pub(super) struct FleetPart {
    pub answers: Answers,
    pub drains: Drains,
    name: FleetName,
    claim: Option<Claim>,
    services: BTreeMap<WorkloadId, Service>,
    nodes: Vec<Node>,
    machines: Vec<Machine>,
    /// How the commands of its pools are; those that are absent are well.
    commands: BTreeMap<PoolName, Machines>,
    /// Node releases that the story named; others are well.
    releases: BTreeMap<(PoolName, ReleaseName), Release>,
    /// Counts the names of machines.
    named: u64,
    rolls_back: bool,
    /// Counts everything that gets a name of its own: tasks, versions.
    counter: u64,
}

/// What a moment in a fleet needs of the rest of the world.
pub(super) struct Around<'a> {
    pub file: &'a WorldFile,
    pub dice: Dice,
    pub contents: &'a Contents,
    pub deeds: &'a mut Vec<Deed>,
}

impl Around<'_> {
    fn done(&mut self, at: Timestamp, by: Hand, doing: Doing) {
        self.deeds.push(Deed { at, by, doing });
    }
}

impl FleetPart {
    /// The fleet at the beginning: every workload runs its image's first content, by digest, and is well.
    pub fn new(
        name: &FleetName,
        file: &WorldFile,
        begins: Timestamp,
        digest: impl Fn(&ImageRef) -> Option<Digest>,
    ) -> Self {
        let fleet = file.fleets.get(name).cloned().unwrap_or_default();
        let (nodes, machines) = node::at_the_beginning(name, file);
        let mut part = Self {
            answers: Answers::default(),
            drains: Drains::default(),
            name: name.clone(),
            claim: None,
            services: BTreeMap::new(),
            nodes,
            machines,
            commands: BTreeMap::new(),
            releases: BTreeMap::new(),
            named: u64::try_from(fleet.nodes.len()).unwrap_or(u64::MAX),
            rolls_back: fleet.rolls_back,
            counter: 0,
        };
        for (id, workload) in file.workloads.iter().filter(|(id, _)| id.fleet == *name) {
            let runs = digest(&workload.image);
            part.begin(id, workload, runs, begins);
        }
        part
    }

    /// A number that nothing else of this fleet has.
    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// When something happens next by itself.
    pub fn next_moment(&self) -> Option<Timestamp> {
        let services = self.services.values().filter_map(Service::next_moment).min();
        let nodes = [self.next_node_moment(), self.next_machine_moment()];
        services.into_iter().chain(nodes.into_iter().flatten()).min()
    }

    /// All that happens at this moment.
    pub fn moment(&mut self, at: Timestamp, around: &mut Around<'_>) {
        let due: Vec<WorkloadId> = self
            .services
            .values()
            .filter(|service| service.next_moment() <= Some(at))
            .map(|s| s.id.clone())
            .collect();
        for id in due {
            self.service_moment(&id, at, around);
        }
        self.machine_moment(at, around);
        self.node_moment(at, around);
    }

    /// Specs, nodes and machines, without versions and times.
    pub fn fingerprint(&self) -> String {
        let services = self.services.values().map(|service| format!("{} {:?}\n", service.id, service.spec));
        let node =
            |node: &Node| format!("{} {:?} {:?} {:?}\n", node.name, node.availability, node.pool, node.label);
        let machine =
            |machine: &Machine| format!("{} {:?} {}\n", machine.node, machine.token, machine.release);
        services.chain(self.nodes.iter().map(node)).chain(self.machines.iter().map(machine)).collect()
    }

    /// Whether anything is under way: an update, a task that starts or stops.
    pub fn still(&self) -> bool {
        self.next_moment().is_none()
    }

    /// The digest that a workload's spec names.
    pub fn runs(&self, workload: &WorkloadId) -> Option<Digest> {
        self.services.get(workload).and_then(|service| service.spec.digest.clone())
    }
}
