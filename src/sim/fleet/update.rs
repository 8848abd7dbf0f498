//! How a service becomes what its spec says: one slot after the other, the new task first; and how tasks that end are begun anew.

use super::service::{Service, Spec};
use super::task::{Next, Task};
use super::{Around, FleetPart};
use crate::model::reports::{TaskState, UpdateState};
use crate::model::{Span, Timestamp, WorkloadId};
use crate::sim::deeds::{Doing, Hand};

/// The wait of the orchestrator before it begins an ended task anew.
const BEGUN_ANEW_AFTER: Span = Span::from_secs(5);
/// Ended tasks that an orchestrator remembers per slot.
const REMEMBERED: usize = 5;

impl FleetPart {
    /// All that happens to one service at this moment.
    pub fn service_moment(&mut self, id: &WorkloadId, at: Timestamp, around: &mut Around<'_>) {
        let Some(service) = self.services.get_mut(id) else { return };
        let mut failed = None;
        for task in &mut service.tasks {
            let Some((_, next)) = task.next.filter(|(due, _)| *due <= at) else { continue };
            match next {
                Next::Runs => {
                    task.state = TaskState::Running;
                    task.next = task.after(at);
                }
                Next::Sickens => task.next = task.after(at),
                Next::Ends(exit, message) => {
                    task.end(at, exit, message);
                    task.next = Some((at + BEGUN_ANEW_AFTER, Next::BegunAnew));
                    failed = Some(task.id.clone());
                }
                Next::Stopped => {
                    task.state = TaskState::Ended;
                    task.next = None;
                }
                Next::BegunAnew => task.next = None,
            }
        }
        // Those that stopped because they were asked to are forgotten.
        service.tasks.retain(|task| task.state != TaskState::Ended || task.ended.is_some());
        let failed = failed.filter(|_| service.update == UpdateState::Updating);
        if let Some(task) = failed {
            self.update_failed(id, &task.to_string(), at, around);
        }
        self.settle(id, at, around);
    }

    /// What the orchestrator does about a task that ended during its update.
    fn update_failed(&mut self, id: &WorkloadId, task: &str, at: Timestamp, around: &mut Around<'_>) {
        let rolls_back = self.rolls_back;
        let Some(service) = self.services.get_mut(id) else { return };
        let why = format!("failure or early termination of task {task}");
        let previous = service.previous.clone().filter(|_| rolls_back);
        let Some(previous) = previous else {
            service.update = UpdateState::Paused(format!("update paused due to {why}"));
            return;
        };
        service.update = UpdateState::RollingBack(format!("update rolled back due to {why}"));
        self.set(id, previous, Hand::Orchestrator, at, around);
    }

    /// Brings a service one step nearer to its spec, and notes whether users are hurt.
    pub fn settle(&mut self, id: &WorkloadId, at: Timestamp, around: &mut Around<'_>) {
        let Some(mut service) = self.services.remove(id) else { return };
        self.fill(&mut service, at, around);
        self.roll(&mut service, at, around);
        finish(&mut service);
        forget(&mut service);
        hurt(&mut service, at, around);
        self.services.insert(id.clone(), service);
    }

    /// Slots without a task get one; slots beyond the number lose theirs.
    fn fill(&mut self, service: &mut Service, at: Timestamp, around: &Around<'_>) {
        let replicas = service.spec.replicas;
        for task in service.tasks.iter_mut().filter(|task| task.slot > replicas && task.lives()) {
            task.stop(at);
        }
        for slot in 1..=replicas {
            let there = |task: &Task| task.slot == slot && (task.lives() || task.next.is_some_and(is_anew));
            if !service.tasks.iter().any(there) {
                self.start(service, slot, at, around);
            }
        }
    }

    /// One slot at a time: a task of the spec is started beside the old one, which stops once the new one runs.
    fn roll(&mut self, service: &mut Service, at: Timestamp, around: &Around<'_>) {
        if matches!(service.update, UpdateState::Paused(_)) {
            return;
        }
        let spec = service.spec.clone();
        for slot in 1..=spec.replicas {
            let ready =
                service.tasks.iter().any(|task| current(task, &spec) && task.slot == slot && runs(task));
            if ready {
                let old = |task: &&mut Task| task.slot == slot && !current(task, &spec) && task.lives();
                service.tasks.iter_mut().filter(old).for_each(|task| task.stop(at));
            }
        }
        let on_its_way = service
            .tasks
            .iter()
            .any(|task| current(task, &spec) && (task.lives() && !runs(task) || anew(task)));
        let behind = (1..=spec.replicas).find(|slot| {
            let of_slot = |task: &&Task| task.slot == *slot && task.lives();
            !service.tasks.iter().filter(of_slot).any(|task| current(task, &spec))
        });
        if let Some(slot) = behind.filter(|_| !on_its_way) {
            self.start(service, slot, at, around);
        }
    }

    fn start(&mut self, service: &mut Service, slot: u32, at: Timestamp, around: &Around<'_>) {
        let number = self.next();
        let place = self.place(service, number, None);
        let task = Task::started(service, slot, number, place, at, around.contents, around.dice);
        service.tasks.push(task);
    }
}

/// Whether the task was made from this spec; the number of tasks and our mark make no difference to a task.
pub(super) fn current(task: &Task, spec: &Spec) -> bool {
    (&task.spec.image, &task.spec.digest, &task.spec.environment, task.spec.restarts)
        == (&spec.image, &spec.digest, &spec.environment, spec.restarts)
}

fn runs(task: &Task) -> bool {
    task.state == TaskState::Running
}

fn is_anew(next: (Timestamp, Next)) -> bool {
    next.1 == Next::BegunAnew
}

fn anew(task: &Task) -> bool {
    task.next.is_some_and(is_anew)
}

/// The orchestrator's word on its update, once every slot runs the spec.
fn finish(service: &mut Service) {
    let spec = &service.spec;
    let runs_it =
        |slot| service.tasks.iter().any(|task| task.slot == slot && current(task, spec) && runs(task));
    let all = (1..=spec.replicas).all(runs_it);
    let old = service.tasks.iter().any(|task| !current(task, spec) && task.lives());
    if !all || old {
        return;
    }
    service.update = match std::mem::replace(&mut service.update, UpdateState::None) {
        UpdateState::Updating => UpdateState::Completed,
        UpdateState::RollingBack(why) => UpdateState::RolledBack(why),
        other @ (UpdateState::None
        | UpdateState::Completed
        | UpdateState::Paused(_)
        | UpdateState::RolledBack(_)) => other,
    };
}

/// Ended tasks beyond what an orchestrator remembers are gone.
fn forget(service: &mut Service) {
    let mut kept = std::collections::BTreeMap::new();
    let mut keep = vec![true; service.tasks.len()];
    for (index, task) in service.tasks.iter().enumerate().rev() {
        if task.state == TaskState::Ended && task.next.is_none() {
            let count: &mut usize = kept.entry(task.slot).or_default();
            *count += 1;
            keep[index] = *count <= REMEMBERED;
        }
    }
    let mut keep = keep.into_iter();
    service.tasks.retain(|_| keep.next().unwrap_or(true));
}

/// Users are hurt while a task that gets requests answers badly, or while none is there that could.
pub(super) fn hurt(service: &mut Service, at: Timestamp, around: &mut Around<'_>) {
    let (well, badly): (Vec<&Task>, Vec<&Task>) =
        service.tasks.iter().filter(|task| runs(task)).partition(|task| task.answers(at));
    let hurt = service.spec.replicas > 0 && (well.is_empty() || !badly.is_empty());
    if hurt != service.hurt {
        service.hurt = hurt;
        let workload = service.id.clone();
        let doing = if hurt { Doing::Hurt { workload } } else { Doing::Well { workload } };
        around.done(at, Hand::Outside, doing);
    }
}
