//! Emptying a node so that nothing goes down, as `docs/nodes.md` says: cordon, start elsewhere, wait for health, drain, wait for the end.
//!
//! What was begun for a node is kept with it, so that whoever asks again goes on where it was.

use super::service::Service;
use super::task::Task;
use super::{Around, FleetPart};
use crate::model::limits::SHIFT_HOLDS;
use crate::model::nodes::{
    Availability, Finding, FindingKind, Moved, PreflightJob, PreflightReport, ShiftJob, ShiftReport,
};
use crate::model::reports::{TaskState, UpdateState};
use crate::model::{EffectId, NodeId, TaskId, Timestamp, WorkloadId};
use crate::sim::deeds::{Doing, Hand, NodeDeed};
use crate::sim::file::{Checks, Drains, Fleet as Answers};
use std::collections::BTreeMap;

/// What was begun for a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shift {
    /// By workload: how many tasks were there, and those that were started elsewhere.
    work: BTreeMap<WorkloadId, (u32, Vec<TaskId>)>,
    /// Since when all that ran here runs elsewhere too.
    good_since: Option<Timestamp>,
}

fn finding(service: &Service, kind: FindingKind, what: String) -> Finding {
    Finding { workload: Some(service.id.clone()), kind, what }
}

fn refused(what: &str) -> ShiftReport {
    let by = vec![Finding { workload: None, kind: FindingKind::Unsettled, what: what.to_owned() }];
    ShiftReport::Blocked { moved: Vec::new(), by }
}

fn updates(service: &Service) -> bool {
    matches!(service.update, UpdateState::Updating | UpdateState::RollingBack(_))
}

impl FleetPart {
    /// What emptying a node would meet; none when there is no such node.
    pub fn preflight(&self, job: &PreflightJob) -> Option<PreflightReport> {
        let name = &job.node.name;
        self.nodes.iter().find(|node| node.name == *name)?;
        let mut report = PreflightReport::default();
        for service in self.services.values() {
            let count = service.living_on(name).count();
            if count > 0 {
                report.moves.insert(service.id.clone(), u32::try_from(count).unwrap_or(u32::MAX));
                report.blocks.extend(self.block(service, name, job.surge));
                report.blocks.extend(updates(service).then(|| {
                    let what = format!("an update of {} is under way", service.id);
                    finding(service, FindingKind::Unsettled, what)
                }));
            }
        }
        Some(report)
    }

    /// What keeps a service from leaving a node. `joins`: a node of the same kind comes before.
    fn block(&self, service: &Service, name: &NodeId, joins: bool) -> Option<Finding> {
        if service.workload.single {
            let what = format!("{} must never run twice, so it is down while it moves", service.id);
            return Some(finding(service, FindingKind::Gap, what));
        }
        let others = self.nodes.iter().filter(|node| node.name != *name);
        let fits = others.into_iter().any(|node| Self::takes(node, service));
        let may = joins && service.workload.only_on.is_empty();
        (!fits && !may).then(|| {
            let what =
                format!("{} fits on no other node; let it run on one more, or leave {name} out", service.id);
            finding(service, FindingKind::FitsNowhere, what)
        })
    }

    /// Begins, or goes on with what was begun: nothing new is placed on the node from now on. Answers what ends it already.
    pub fn shift_begins(
        &mut self,
        job: &ShiftJob,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> Option<ShiftReport> {
        let name = &job.from.name;
        let refuses = self.answers == Answers::Refuses;
        if self.find_node(name).is_none() {
            return Some(ShiftReport::Gone);
        }
        if refuses {
            return Some(refused("the orchestrator refused to cordon the node"));
        }
        let by = Self::effect(&job.id);
        self.cordon(name, by, at, around);
        None
    }

    /// Nothing new is placed on a node from now on, and it is in hand. One that is drained stays so. Answers whether that changed.
    pub(super) fn cordon(&mut self, name: &NodeId, by: Hand, at: Timestamp, around: &mut Around<'_>) -> bool {
        let active = self.find_node(name).is_some_and(|node| node.availability == Availability::Active);
        if active {
            // What an earlier shift left was overtaken by whoever set it active again.
            self.take_back(name, at, around);
            self.set_availability(name, Availability::Cordoned, by, at, around);
        }
        if let Some(node) = self.find_node(name) {
            node.shift.get_or_insert_default();
        }
        active
    }

    /// Goes on by one look. Answers what it came to; what is missing counts as its end once it is `due`.
    pub fn shift_goes_on(
        &mut self,
        job: &ShiftJob,
        due: bool,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> Option<ShiftReport> {
        let name = &job.from.name;
        let Some(node) = self.find_node(name) else { return Some(ShiftReport::Gone) };
        let by = match node.availability {
            Availability::Active => return Some(refused("somebody let the node take work again")),
            Availability::Cordoned => {
                let by = self.blocks(job);
                if !by.is_empty() {
                    return Some(ShiftReport::Blocked { moved: self.moved(name), by });
                }
                self.begin_elsewhere(job, at, around);
                self.not_elsewhere(job, at, around)
            }
            Availability::Drained => self.not_ended(name, at),
        };
        match by {
            Some(by) if due => Some(ShiftReport::Blocked { moved: self.moved(name), by }),
            Some(_) => None,
            None => Some(ShiftReport::Shifted { moved: self.moved(name) }),
        }
    }

    fn blocks(&self, job: &ShiftJob) -> Vec<Finding> {
        let name = &job.from.name;
        let services = self.services.values().filter(|service| service.living_on(name).next().is_some());
        let found = services.filter_map(|service| self.block(service, name, false));
        found.filter(|one| !one.workload.as_ref().is_some_and(|of| job.gaps.contains(of))).collect()
    }

    /// One task elsewhere for each one here, once. What is in the middle of an update is not touched.
    fn begin_elsewhere(&mut self, job: &ShiftJob, at: Timestamp, around: &mut Around<'_>) {
        let name = &job.from.name;
        for id in self.services.keys().cloned().collect::<Vec<_>>() {
            let Some(service) = self.services.get(&id).filter(|service| !updates(service)) else { continue };
            let here = service.living_on(name).count();
            if here == 0 {
                continue;
            }
            let gap = job.gaps.contains(&id);
            let alone = service.living_on(name).filter(|task| !gap && !service.has_twin(task));
            let slots: Vec<u32> = alone.map(|task| task.slot).collect();
            let begun: Vec<TaskId> =
                slots.into_iter().filter_map(|slot| self.begin_twin(&id, slot, job, at, around)).collect();
            self.note(&job.id, name, &id, here, begun, at, around);
        }
    }

    /// Remembers what was begun with the node; the first time it is a deed.
    #[expect(clippy::too_many_arguments, reason = "the parts of one note")]
    fn note(
        &mut self,
        by: &EffectId,
        name: &NodeId,
        id: &WorkloadId,
        here: usize,
        begun: Vec<TaskId>,
        at: Timestamp,
        around: &mut Around<'_>,
    ) {
        let node_ref = self.node_ref(name);
        let Some(shift) = self.find_node(name).and_then(|node| node.shift.as_mut()) else { return };
        let first = !shift.work.contains_key(id);
        let (count, tasks) = shift.work.entry(id.clone()).or_default();
        *count = (*count).max(u32::try_from(here).unwrap_or(u32::MAX));
        tasks.extend(begun);
        if first {
            let is = NodeDeed::Moves(id.clone());
            around.done(at, Self::effect(by), Doing::Node { node: node_ref, is });
        }
    }

    fn begin_twin(
        &mut self,
        id: &WorkloadId,
        slot: u32,
        job: &ShiftJob,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> Option<TaskId> {
        let number = self.next();
        let service = self.services.get(id)?;
        let place = self.place(service, number, job.onto.as_ref());
        place.node.as_ref()?;
        let task = Task::started(service, slot, number, place, at, around.contents, around.dice);
        let begun = task.id.clone();
        let service = self.services.get_mut(id)?;
        service.version = number;
        service.tasks.push(task);
        Some(begun)
    }

    /// What runs here and not elsewhere yet. Once nothing is missing, and has not been for long enough, the node is drained.
    fn not_elsewhere(
        &mut self,
        job: &ShiftJob,
        at: Timestamp,
        around: &mut Around<'_>,
    ) -> Option<Vec<Finding>> {
        let name = &job.from.name;
        let mut missing = Vec::new();
        let mut hold = false;
        for service in self.services.values().filter(|service| service.living_on(name).next().is_some()) {
            hold |= matches!(service.workload.checks, Checks::Probe | Checks::None);
            let gap = job.gaps.contains(&service.id);
            let here = service.living_on(name).filter(|task| task.state == TaskState::Running);
            let waits = updates(service) || here.into_iter().any(|task| !gap && !service.twin_runs(task));
            if waits {
                let what = format!("the new tasks of {} are not healthy elsewhere", service.id);
                missing.push(finding(service, FindingKind::Unsettled, what));
            }
        }
        let shift = self.find_node(name).and_then(|node| node.shift.as_mut());
        let good_since = shift.map(|shift| {
            if !missing.is_empty() {
                shift.good_since = None;
                return at;
            }
            *shift.good_since.get_or_insert(at)
        });
        let held = good_since.is_some_and(|since| !hold || at.since(since) >= SHIFT_HOLDS);
        if missing.is_empty() && held {
            self.set_availability(name, Availability::Drained, Self::effect(&job.id), at, around);
            return self.not_ended(name, at);
        }
        if missing.is_empty() {
            let what = "the new tasks have not been well for long enough".to_owned();
            missing.push(Finding { workload: None, kind: FindingKind::Unsettled, what });
        }
        Some(missing)
    }

    /// Asks what is left on a drained node to stop; what has not.
    fn not_ended(&mut self, name: &NodeId, at: Timestamp) -> Option<Vec<Finding>> {
        let sticks = self.drains == Drains::Sticks;
        let mut left = Vec::new();
        for service in self.services.values_mut() {
            let here = |task: &&mut Task| task.node.as_ref() == Some(name) && task.state != TaskState::Ended;
            for task in service.tasks.iter_mut().filter(here) {
                let what = format!("{} has not ended on {name}", task.id);
                left.push(Finding { workload: Some(service.id.clone()), kind: FindingKind::Unsettled, what });
                if task.lives() && !sticks {
                    task.stop(at);
                }
            }
        }
        (!left.is_empty()).then_some(left)
    }

    fn moved(&self, name: &NodeId) -> Vec<Moved> {
        let shift = self.nodes.iter().find(|node| node.name == *name).and_then(|node| node.shift.as_ref());
        let work = shift.into_iter().flat_map(|shift| &shift.work);
        let there = work.filter_map(|(id, work)| Some((self.services.get(id)?, work)));
        let moved = |(service, (tasks, by)): (&Service, &(u32, Vec<TaskId>))| {
            let elsewhere =
                service.tasks.iter().filter(|task| task.lives() && task.node.as_ref() != Some(name));
            let new = |task: &&Task| by.is_empty() || by.contains(&task.id);
            let mut to: Vec<NodeId> = elsewhere.filter(new).filter_map(|task| task.node.clone()).collect();
            to.sort();
            to.dedup();
            Moved { workload: service.id.clone(), tasks: *tasks, to, by: by.clone() }
        };
        there.map(moved).collect()
    }

    /// Ends a shift of a node: what was begun elsewhere is taken away where its original still runs.
    pub(super) fn take_back(&mut self, name: &NodeId, at: Timestamp, around: &mut Around<'_>) {
        let Some(shift) = self.find_node(name).and_then(|node| node.shift.take()) else { return };
        for (id, (_, begun)) in shift.work {
            let Some(service) = self.services.get_mut(&id) else { continue };
            let runs = |task: &&Task| task.state == TaskState::Running;
            let slots: Vec<u32> = service.living_on(name).filter(runs).map(|task| task.slot).collect();
            let twins = service.tasks.iter_mut().filter(|task| begun.contains(&task.id) && task.lives());
            twins.filter(|task| slots.contains(&task.slot)).for_each(|task| task.stop(at));
            self.settle(&id, at, around);
        }
    }
}

impl Service {
    /// Its tasks on a node.
    pub fn on<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().filter(move |task| task.node.as_ref() == Some(node))
    }

    /// Those that are there, or on their way.
    pub fn living_on<'a>(&'a self, node: &'a NodeId) -> impl Iterator<Item = &'a Task> {
        self.on(node).filter(|task| task.lives())
    }

    fn twins<'a>(&'a self, of: &'a Task) -> impl Iterator<Item = &'a Task> {
        let elsewhere = move |task: &&Task| task.slot == of.slot && task.node != of.node && task.lives();
        self.tasks.iter().filter(elsewhere)
    }

    fn has_twin(&self, of: &Task) -> bool {
        self.twins(of).next().is_some()
    }

    fn twin_runs(&self, of: &Task) -> bool {
        self.twins(of).any(|task| task.state == TaskState::Running)
    }
}
