//! What nodes can still take: processors, memory, host-mode ports and copies, as the scheduler counts them.

use super::member::{Member, Resources};
use super::placement::{Why, allowed};
use super::view::View;
use crate::adapters::fleet::swarm::spec::Service;
use crate::adapters::fleet::swarm::tasks;
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::nodes::Availability;
use crate::model::reports::TaskState;
use std::collections::{BTreeMap, BTreeSet};

/// A published port of a node's own address: its number and protocol.
pub(super) type HostPort = (u64, String);

/// A node, and what is left of it.
pub(super) struct Room<'a> {
    member: &'a Member,
    left: Resources,
    /// Taken ports, each with the service that has it.
    ports: BTreeMap<HostPort, String>,
    copies: BTreeMap<&'a str, u64>,
    /// A node that is expected and not there: it can be named by no constraint.
    expected: bool,
}

impl<'a> Room<'a> {
    /// The node with what runs on it now.
    pub(super) fn of(view: &'a View, member: &'a Member) -> Self {
        let mut room = Self {
            member,
            left: member.description.resources,
            ports: BTreeMap::new(),
            copies: BTreeMap::new(),
            expected: false,
        };
        // One that waits for room has none: a task of a service that runs once per node waits on the very node.
        let has_room = |task: &&Task| tasks::folded(task) != TaskState::Pending;
        for task in view.tasks_on(&member.id).filter(has_room) {
            if let Some(service) = view.services.get(&task.service) {
                room.put(service);
            }
        }
        room
    }

    /// An empty node like this one, which joins before it is emptied.
    pub(super) fn like(member: &'a Member) -> Self {
        Self {
            member,
            left: member.description.resources,
            ports: BTreeMap::new(),
            copies: BTreeMap::new(),
            expected: true,
        }
    }

    /// Takes one task in.
    pub(super) fn put(&mut self, service: &'a Service) {
        let wanted = service.reserved();
        self.left.nano_cpus -= wanted.nano_cpus;
        self.left.memory -= wanted.memory;
        self.ports.extend(service.host_ports().into_iter().map(|port| (port, service.name().to_owned())));
        *self.copies.entry(&service.id).or_default() += 1;
    }

    /// Whether one more task of the service fits.
    pub(super) fn fits(&self, service: &Service) -> Result<(), Why> {
        if !self.expected && !self.member.is_up() {
            return Err("is not up".to_owned());
        }
        if !self.expected && self.member.availability() != Availability::Active {
            return Err("takes no work".to_owned());
        }
        if self.expected && service.names_one_node() {
            return Err("is named by no constraint".to_owned());
        }
        allowed(service, self.member)?;
        let most = service.most_per_node();
        if most > 0 && self.copies.get(service.id.as_str()).copied().unwrap_or(0) >= most {
            return Err(format!("has {most} of it already, the most per node"));
        }
        for port in service.host_ports() {
            if let Some(by) = self.ports.get(&port) {
                return Err(format!("has port {} taken by {by}", port.0));
            }
        }
        let wanted = service.reserved();
        if wanted.memory > self.left.memory {
            return Err("has too little memory that is not reserved".to_owned());
        }
        if wanted.nano_cpus > self.left.nano_cpus {
            return Err("has too few processors that are not reserved".to_owned());
        }
        Ok(())
    }

    fn shown(&self) -> String {
        if self.expected { "the new node".to_owned() } else { self.member.shown() }
    }
}

/// Places so many tasks as the scheduler would, spread, as far as they fit; how many did, and why no more.
pub(super) fn place<'a>(rooms: &mut [Room<'a>], service: &'a Service, count: u64) -> (u64, Why) {
    for placed in 0..count {
        let copies = |room: &Room<'_>| room.copies.get(service.id.as_str()).copied().unwrap_or(0);
        let fitting = rooms.iter_mut().filter(|room| room.fits(service).is_ok());
        match fitting.min_by_key(|room| (copies(room), -room.left.memory)) {
            Some(room) => room.put(service),
            None => return (placed, why_not(rooms, service)),
        }
    }
    (count, String::new())
}

/// Nodes that are named with their reason.
const NAMED: usize = 4;

fn why_not(rooms: &[Room<'_>], service: &Service) -> Why {
    let reasons = rooms.iter().filter_map(|room| Some((room.shown(), room.fits(service).err()?)));
    let mut said = BTreeSet::new();
    let reasons: Vec<String> = reasons
        // The same reason is said once, for the first node that has it, so that others get their turn.
        .filter(|(_, why)| said.insert(why.clone()))
        .map(|(name, why)| format!("{name} {why}"))
        .collect();
    if reasons.is_empty() {
        return "there is no other node".to_owned();
    }
    let more = reasons.len().saturating_sub(NAMED);
    let shown = reasons[..reasons.len().min(NAMED)].join("; ");
    if more > 0 { format!("{shown}; and {more} more reasons") } else { shown }
}
