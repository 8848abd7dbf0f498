//! All services of a Swarm, as a list shows them.

use super::look::{desired, list, nodes};
use super::manager::Trouble;
use super::port::Swarm;
use super::spec::Service;
use super::tasks::{self, Nodes, digest_in, node_name};
use super::wire::Task;
use crate::model::reports::TaskState;
use crate::model::text::clean;
use crate::model::{FleetName, WorkloadId};
use crate::ports::Running;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

impl Swarm {
    pub(super) async fn workloads_once(&self) -> Result<Vec<Running>, Trouble> {
        let query = "/tasks?filters=%7B%22desired-state%22%3A%5B%22running%22%5D%7D";
        let (services, tasks, nodes) =
            tokio::join!(list(&self.manager, "/services"), list(&self.manager, query), nodes(&self.manager));
        let services: Vec<Value> = services?;
        let nodes = nodes?;
        let mut by_service: BTreeMap<String, Vec<Task>> = BTreeMap::new();
        for task in tasks? {
            let task: Task = task;
            by_service.entry(task.service.clone()).or_default().push(task);
        }
        let mut all = Vec::with_capacity(services.len());
        for raw in &services {
            let service = Service::read(raw).map_err(|what| self.manager.odd(what))?;
            let tasks = by_service.remove(&service.id).unwrap_or_default();
            all.extend(running(&self.fleet, &service, &tasks, &nodes));
        }
        all.sort_by(|a, b| a.workload.cmp(&b.workload));
        Ok(all)
    }
}

/// None for a service whose name nobody could type (Swarm allows none) or that runs no containers.
fn running(fleet: &FleetName, service: &Service, tasks: &[Task], nodes: &Nodes) -> Option<Running> {
    let image = service.image()?;
    let name = service.name().parse().ok()?;
    let up: Vec<&Task> = tasks.iter().filter(|task| tasks::folded(task) == TaskState::Running).collect();
    let places: BTreeSet<_> = up.iter().filter_map(|task| node_name(&task.node, nodes)).collect();
    Some(Running {
        workload: WorkloadId { fleet: fleet.clone(), name },
        image: clean(image, 1024),
        digest: digest_in(image),
        running: u32::try_from(up.len()).unwrap_or(u32::MAX),
        desired: desired(service.mode(), tasks),
        nodes: places.into_iter().collect(),
    })
}
