//! A service: its spec, its version, its tasks, and what the orchestrator says of its update.

use super::task::Task;
use super::{Around, FleetPart};
use crate::model::reports::{SpecMark, UpdateState};
use crate::model::{Digest, EffectId, Timestamp, WorkloadId};
use crate::sim::deeds::{Doing, Hand};
use crate::sim::file::WorkloadFile;

/// What a service is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spec {
    /// The image, as text.
    pub image: String,
    /// What that is, as the orchestrator found it when the spec was set.
    pub digest: Option<Digest>,
    /// Our mark, where the spec is one of ours that nobody touched since.
    pub mark: Option<String>,
    /// Everything else.
    pub environment: String,
    pub replicas: u32,
    /// How often its tasks were replaced by hand.
    pub restarts: u32,
}

impl Spec {
    fn rest(&self) -> Digest {
        Digest::of(format!("{} {} {}", self.environment, self.replicas, self.restarts).as_bytes())
    }
}

/// A service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub id: WorkloadId,
    pub workload: WorkloadFile,
    pub spec: Spec,
    /// The spec before the present one: what the orchestrator's own undo puts back.
    pub previous: Option<Spec>,
    pub version: u64,
    /// When the present spec was set.
    pub set: Timestamp,
    pub update: UpdateState,
    /// All tasks that are not gone, and those of the present spec that ended by themselves.
    pub tasks: Vec<Task>,
    /// Whether users were hurt when it was looked at last.
    pub hurt: bool,
}

impl Service {
    pub fn mark(&self) -> SpecMark {
        SpecMark {
            version: self.version,
            image: self.spec.image.clone(),
            mark: self.spec.mark.clone(),
            rest: self.spec.rest(),
        }
    }

    pub fn next_moment(&self) -> Option<Timestamp> {
        self.tasks.iter().filter_map(Task::next_moment).min()
    }
}

impl FleetPart {
    /// A service whose tasks have long been running.
    pub fn begin(&mut self, id: &WorkloadId, workload: &WorkloadFile, digest: Option<Digest>, at: Timestamp) {
        let image = match &digest {
            Some(digest) => format!("{}@{digest}", workload.image),
            None => workload.image.to_string(),
        };
        let spec = Spec {
            image,
            digest,
            mark: None,
            environment: String::new(),
            replicas: workload.tasks,
            restarts: 0,
        };
        let version = self.next();
        let mut service = Service {
            id: id.clone(),
            workload: workload.clone(),
            spec,
            previous: None,
            version,
            set: at,
            update: UpdateState::None,
            tasks: Vec::new(),
            hurt: false,
        };
        for slot in 1..=service.spec.replicas {
            let number = self.next();
            let node = self.place(&service, number, None).node;
            service.tasks.push(Task::running(&service, slot, number, node));
        }
        self.services.insert(id.clone(), service);
    }

    /// Sets another spec: a new version, and the update begins.
    pub(super) fn set(
        &mut self,
        id: &WorkloadId,
        spec: Spec,
        by: Hand,
        at: Timestamp,
        around: &mut Around<'_>,
    ) {
        let version = self.next();
        let Some(service) = self.services.get_mut(id) else { return };
        let before = std::mem::replace(&mut service.spec, spec);
        service.version = version;
        service.set = at;
        let rollback = by == Hand::Orchestrator;
        service.previous = (!rollback).then_some(before);
        if !rollback {
            service.update = UpdateState::Updating;
        }
        let doing = Doing::SpecSet {
            workload: id.clone(),
            version,
            image: service.spec.image.clone(),
            digest: service.spec.digest.clone(),
        };
        around.done(at, by, doing);
        self.settle(id, at, around);
    }

    pub fn effect(id: &EffectId) -> Hand {
        Hand::Effect(id.clone())
    }
}
