//! What a look sees, and what a list shows.

use super::FleetPart;
use super::service::Service;
use super::task::Task;
use super::update::current;
use crate::model::limits::{ENDED_TASKS, TASKS_PER_WORKLOAD};
use crate::model::reports::{EndedTask, Look, LookReport, ProbeAnswer, Running, TaskLook, TaskState};
use crate::model::setup::ProbeSpec;
use crate::model::{Span, Timestamp, WorkloadId};
use crate::sim::dice::Dice;
use crate::sim::file::Checks;

impl FleetPart {
    pub fn list(&self) -> Vec<Running> {
        self.services.values().map(listed).collect()
    }

    pub fn look(&self, workload: &WorkloadId, at: Timestamp) -> LookReport {
        self.services
            .get(workload)
            .map_or(LookReport::Gone, |service| LookReport::Seen(Box::new(seen(service, at))))
    }

    /// A request to the task of this address; none when it is not one of this fleet.
    pub fn probe(&self, spec: &ProbeSpec, address: &str, now: Timestamp, dice: Dice) -> Option<ProbeAnswer> {
        let mut tasks = self.services.values().flat_map(|service| &service.tasks);
        let task = tasks.find(|task| task.address == address)?;
        let took = Span::from_millis(2 + dice.number(&format!("{address} {now}")) % 9);
        let failed = |why: String, took| ProbeAnswer { ok: false, took, why: Some(why) };
        Some(match task.state {
            TaskState::Running | TaskState::Stopping if task.sick_from.is_none_or(|at| at > now) => {
                ProbeAnswer { ok: true, took, why: None }
            }
            TaskState::Running | TaskState::Stopping => {
                failed(format!("GET /health: status 500, not {}", spec.status), took)
            }
            TaskState::Pending | TaskState::Starting | TaskState::Ended => {
                failed("connection refused".to_owned(), Span::from_millis(1))
            }
        })
    }
}

fn running(service: &Service) -> u32 {
    let running =
        service.tasks.iter().filter(|task| is_current(service, task) && task.state == TaskState::Running);
    u32::try_from(running.count()).unwrap_or(u32::MAX)
}

fn is_current(service: &Service, task: &Task) -> bool {
    current(task, &service.spec)
}

fn listed(service: &Service) -> Running {
    let all = service.tasks.iter().filter(|task| task.state == TaskState::Running);
    let mut nodes: Vec<_> = all.clone().filter_map(|task| task.node.clone()).collect();
    nodes.sort();
    nodes.dedup();
    Running {
        workload: service.id.clone(),
        image: service.spec.image.clone(),
        digest: service.spec.digest.clone(),
        running: u32::try_from(all.count()).unwrap_or(u32::MAX),
        desired: service.spec.replicas,
        nodes,
    }
}

fn seen(service: &Service, at: Timestamp) -> Look {
    let shown = service.tasks.iter().filter(|task| {
        task.ended.is_none() && (is_current(service, task) || task.state == TaskState::Running)
    });
    let ended = service.tasks.iter().filter(|task| is_current(service, task) && since_set(service, task));
    Look {
        at,
        spec: service.mark(),
        digest: service.spec.digest.clone(),
        desired: service.spec.replicas,
        running: running(service),
        tasks: shown.take(TASKS_PER_WORKLOAD).map(|task| task_look(service, task)).collect(),
        ended: ended.filter_map(|task| end(service, task)).take(ENDED_TASKS).collect(),
        update: service.update.clone(),
        health_check: matches!(service.workload.checks, Checks::Both | Checks::Engine),
        probes: None,
    }
}

/// Ends from before the present spec was set are not its failures.
fn since_set(service: &Service, task: &Task) -> bool {
    task.ended.as_ref().is_some_and(|(at, _, _)| *at >= service.set)
}

fn name(service: &Service, task: &Task) -> String {
    format!("{}.{}", service.id.name, task.slot)
}

fn task_look(service: &Service, task: &Task) -> TaskLook {
    TaskLook {
        id: task.id.clone(),
        name: name(service, task),
        node: task.node.clone().filter(|_| task.state != TaskState::Pending),
        digest: task.spec.digest.clone(),
        current: is_current(service, task),
        state: task.state,
        message: task.message.clone(),
        address: (task.state != TaskState::Pending).then(|| task.address.clone()),
        probe: None,
    }
}

fn end(service: &Service, task: &Task) -> Option<EndedTask> {
    let (at, exit, message) = task.ended.clone()?;
    Some(EndedTask {
        id: task.id.clone(),
        name: name(service, task),
        node: task.node.clone(),
        exit: Some(exit),
        message,
        at,
    })
}
