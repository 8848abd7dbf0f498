//! A service, its tasks and its nodes, made into one [`Look`].
//!
//! A task counts as one of the present spec when it was made from the same template. `running` counts those of them that run and
//! shall run; behind a health check Swarm keeps a task in `starting` until it passed, so no other look at health is needed.
//!
//! Ends from before the present update are left out even where they are of the same spec (an image that failed last week, was put
//! back and is tried again): their record is older than the present spec, both by the leader's clock.

use super::manager::{Manager, Trouble, escape};
use super::port::Swarm;
use super::spec::{Mode, Service};
use super::tasks::{self, Nodes};
use super::wire::{Node, Task};
use crate::model::limits::{ENDED_TASKS, TASKS_PER_WORKLOAD};
use crate::model::reports::{EndedTask, Look, LookReport, TaskState};
use crate::model::{Timestamp, WorkloadId, WorkloadName};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;

impl Swarm {
    /// The service of exactly this name; none when there is none. (The engine would also take the beginning of an id.)
    pub(super) async fn service(&self, name: &WorkloadName) -> Result<Option<Service>, Trouble> {
        let raw = match self.manager.get(&format!("/services/{}", escape(name.as_str()))).await {
            Ok(raw) => raw,
            Err(Trouble::Missing) => return Ok(None),
            Err(other) => return Err(other),
        };
        let service = Service::read(&raw).map_err(|what| self.manager.odd(what))?;
        Ok((service.name() == name.as_str()).then_some(service))
    }

    pub(super) async fn look_once(
        &self,
        workload: &WorkloadId,
        at: Timestamp,
    ) -> Result<LookReport, Trouble> {
        let Some(service) = self.service(&workload.name).await? else { return Ok(LookReport::Gone) };
        let filter = escape(&format!("{{\"service\":[\"{}\"]}}", service.id));
        let query = format!("/tasks?filters={filter}");
        let (tasks, nodes, health_check) =
            tokio::join!(list(&self.manager, &query), nodes(&self.manager), self.health_check(&service));
        let look = seen(&service, tasks?, &nodes?, health_check?, at);
        Ok(LookReport::Seen(Box::new(look)))
    }

    /// Whether Swarm checks the health of this service's tasks.
    ///
    /// 1. The spec has a check of its own, or switches it off (`NONE`).
    /// 2. Else the image's own counts, where the manager has the image.
    /// 3. Else nobody here can tell (a manager cannot look into an image that only its workers have), and it counts as none.
    pub(super) async fn health_check(&self, service: &Service) -> Result<bool, Trouble> {
        let test = service.template().and_then(|t| t.pointer("/ContainerSpec/Healthcheck/Test"));
        if let Some(checks) = checks(test) {
            return Ok(checks);
        }
        let image = service.image().unwrap_or("");
        match self.manager.get(&format!("/images/{}/json", escape(image))).await {
            Ok(image) => Ok(checks(image.pointer("/Config/Healthcheck/Test")).unwrap_or(false)),
            Err(Trouble::Silent(silence)) => Err(Trouble::Silent(silence)),
            Err(Trouble::Missing | Trouble::Moved | Trouble::Exists | Trouble::Refused(_)) => Ok(false),
        }
    }
}

/// A list of objects.
pub(super) async fn list<T: DeserializeOwned>(manager: &Manager, path: &str) -> Result<Vec<T>, Trouble> {
    let answer = manager.get(path).await?;
    let answer = if answer.is_null() { Value::Array(Vec::new()) } else { answer };
    serde_json::from_value(answer).map_err(|error| manager.odd(&error.to_string()))
}

pub(super) async fn nodes(manager: &Manager) -> Result<Nodes, Trouble> {
    let nodes: Vec<Node> = list(manager, "/nodes").await?;
    Ok(nodes.into_iter().map(|node| (node.id.clone(), node)).collect())
}

/// Whether a health check's `Test` is one; none where it leaves that to the image.
fn checks(test: Option<&Value>) -> Option<bool> {
    let first = test?.as_array()?.first()?.as_str()?;
    Some(first != "NONE")
}

/// The look itself.
fn seen(service: &Service, mut tasks: Vec<Task>, nodes: &Nodes, health_check: bool, at: Timestamp) -> Look {
    tasks.sort_by(|a, b| (tasks::place(a), a.created_at, &a.id).cmp(&(tasks::place(b), b.created_at, &b.id)));
    let template = service.template().and_then(tasks::essence);
    let is_current = |task: &Task| tasks::essence(&task.spec) == template;
    let (current, earlier): (Vec<&Task>, Vec<&Task>) = tasks.iter().partition(|task| is_current(task));
    let running = current.iter().filter(|task| tasks::folded(task) == TaskState::Running).count();
    Look {
        at,
        spec: service.mark(),
        digest: service.image().and_then(tasks::digest_in),
        desired: desired(service.mode(), &tasks),
        running: u32::try_from(running).unwrap_or(u32::MAX),
        tasks: shown(service, &current, &earlier, nodes),
        ended: ended(service, &current, nodes),
        update: service.update(),
        health_check,
        probes: None,
    }
}

/// How many tasks there should be; in a global service as many as there are nodes on which one should run now.
pub(super) fn desired<'a>(mode: Mode, tasks: impl IntoIterator<Item = &'a Task>) -> u32 {
    let number = match mode {
        Mode::Replicated(number) | Mode::Job(number) => number,
        Mode::Global => {
            let wanted =
                tasks.into_iter().filter(|task| matches!(task.desired_state.as_str(), "running" | "ready"));
            wanted.map(|task| task.node.as_str()).collect::<BTreeSet<_>>().len() as u64
        }
    };
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Tasks of the present spec: all that live, and where none does, the one that ended last. Of earlier specs: those that live.
fn shown(
    service: &Service,
    current: &[&Task],
    earlier: &[&Task],
    nodes: &Nodes,
) -> Vec<crate::model::reports::TaskLook> {
    let lives = |task: &Task| tasks::folded(task) != TaskState::Ended;
    let places: BTreeSet<_> = current.iter().filter(|t| lives(t)).map(|t| tasks::place(t)).collect();
    let last =
        |at: usize| current.get(at + 1).is_none_or(|next| tasks::place(next) != tasks::place(current[at]));
    let ours = current
        .iter()
        .enumerate()
        .filter(|(at, task)| lives(task) || (!places.contains(&tasks::place(task)) && last(*at)))
        .map(|(_, task)| (*task, true));
    let others = earlier.iter().filter(|task| lives(task)).map(|task| (*task, false));
    let mut all: Vec<(&Task, bool)> = ours.chain(others).collect();
    all.sort_by_key(|(task, _)| (tasks::place(task), task.created_at));
    all.into_iter()
        .filter_map(|(task, current)| tasks::shown(service.name(), task, current, nodes))
        .take(TASKS_PER_WORKLOAD)
        .collect()
}

/// The latest ends of tasks of the present spec, in the order in which they happened.
fn ended(service: &Service, current: &[&Task], nodes: &Nodes) -> Vec<EndedTask> {
    if matches!(service.mode(), Mode::Job(_)) {
        return Vec::new();
    }
    let began = service.began();
    let mut all: Vec<EndedTask> = current
        .iter()
        .filter(|task| tasks::ended_unasked(task) && began.is_none_or(|began| task.updated_at >= began))
        .filter_map(|task| tasks::shown_end(service.name(), task, nodes))
        .collect();
    all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    all.drain(..all.len().saturating_sub(ENDED_TASKS));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn service(status: &Value) -> Service {
        let spec = json!({"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": "web:2"}, "Runtime": "container"},
            "Mode": {"Replicated": {"Replicas": 2}}});
        let raw = json!({"ID": "s", "Version": {"Index": 3}, "UpdatedAt": "2026-11-23T14:04:02Z",
            "Spec": spec, "UpdateStatus": status});
        Service::read(&raw).unwrap()
    }

    fn task(id: &str, slot: u64, image: &str, state: &str, second: u32) -> Task {
        let at = format!("2026-11-23T14:04:{second:02}Z");
        let desired = if matches!(state, "running" | "starting") { "running" } else { "shutdown" };
        serde_json::from_value(json!({"ID": id, "CreatedAt": at, "UpdatedAt": at, "Slot": slot, "NodeID": "n",
            "Spec": {"ContainerSpec": {"Image": image}}, "Status": {"State": state}, "DesiredState": desired}))
        .unwrap()
    }

    fn look(status: &Value, tasks: Vec<Task>) -> Look {
        seen(&service(status), tasks, &Nodes::new(), false, Timestamp::default())
    }

    fn ids<'a>(tasks: impl IntoIterator<Item = &'a crate::model::TaskId>) -> Vec<&'a str> {
        tasks.into_iter().map(crate::model::TaskId::as_str).collect()
    }

    #[test]
    fn only_tasks_of_the_present_spec_count_as_running() {
        let tasks = vec![
            task("new1", 1, "web:2", "running", 5),
            task("old1", 1, "web:1", "shutdown", 1),
            task("old2", 2, "web:1", "running", 1),
        ];
        let look = look(&Value::Null, tasks);
        assert_eq!((look.desired, look.running), (2, 1));
        assert_eq!(ids(look.tasks.iter().map(|t| &t.id)), ["new1", "old2"]);
        assert!(look.ended.is_empty());
    }

    #[test]
    fn a_crash_loop_shows_its_living_task_and_all_its_ends() {
        let tasks = vec![
            task("c", 1, "web:2", "starting", 9),
            task("a", 1, "web:2", "failed", 5),
            task("b", 1, "web:2", "complete", 7),
            task("d", 2, "web:2", "failed", 6),
        ];
        let look = look(&Value::Null, tasks);
        assert_eq!(ids(look.ended.iter().map(|t| &t.id)), ["a", "d", "b"]);
        assert_eq!(ids(look.tasks.iter().map(|t| &t.id)), ["c", "d"]);
    }

    #[test]
    fn ends_from_before_the_present_update_are_not_its_failures() {
        let status = json!({"State": "updating", "StartedAt": "2026-11-23T14:04:06Z"});
        let tasks = vec![task("a", 1, "web:2", "failed", 5), task("b", 1, "web:2", "failed", 7)];
        assert_eq!(ids(look(&status, tasks).ended.iter().map(|t| &t.id)), ["b"]);
    }

    #[test]
    fn ends_from_before_the_present_spec_do_not_count_while_its_update_has_not_begun() {
        let tasks = vec![task("a", 1, "web:2", "failed", 1), task("b", 1, "web:2", "failed", 7)];
        assert_eq!(ids(look(&Value::Null, tasks).ended.iter().map(|t| &t.id)), ["b"]);
    }

    #[test]
    fn the_latest_ends_are_kept_when_there_are_too_many() {
        let tasks = (5..55).map(|n| task(&format!("t{n:02}"), 1, "web:2", "failed", n)).collect();
        let look = look(&Value::Null, tasks);
        assert_eq!(look.ended.len(), ENDED_TASKS);
        assert_eq!(look.ended.last().unwrap().id.as_str(), "t54");
    }

    #[test]
    fn a_global_service_wants_one_task_on_each_node_that_has_one() {
        let mut tasks = vec![
            task("a", 0, "web:2", "running", 1),
            task("b", 0, "web:1", "shutdown", 1),
            task("c", 0, "web:2", "running", 1),
        ];
        tasks[2].node = "other".to_owned();
        assert_eq!(desired(Mode::Global, &tasks), 2);
    }

    #[test]
    fn a_health_check_is_one_unless_it_says_none_or_nothing() {
        assert_eq!(checks(Some(&json!(["CMD-SHELL", "true"]))), Some(true));
        assert_eq!(checks(Some(&json!(["NONE"]))), Some(false));
        assert_eq!(checks(Some(&json!([]))), None);
        assert_eq!(checks(None), None);
    }
}
