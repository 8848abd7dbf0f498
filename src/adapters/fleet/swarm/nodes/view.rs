//! Nodes, services and living tasks at one moment.

use super::member::{self, Member};
use crate::adapters::fleet::swarm::look::list;
use crate::adapters::fleet::swarm::manager::{Trouble, escape};
use crate::adapters::fleet::swarm::port::Swarm;
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::adapters::fleet::swarm::tasks;
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::nodes::NodeLook;
use crate::model::reports::TaskState;
use crate::model::{FleetName, NodeId, WorkloadId};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a rollout looks at. The three lists are read at once and not of one instant: whoever waits looks again.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) fleet: Option<FleetName>,
    pub(super) members: Vec<Member>,
    /// By Swarm's id of them.
    pub(super) services: BTreeMap<String, Service>,
    /// Tasks that should run.
    pub(super) tasks: Vec<Task>,
}

/// The node of a name.
pub(super) enum Found<'a> {
    One(&'a Member),
    /// There are several, and it cannot be told which is meant.
    Several,
    Nobody,
}

impl View {
    /// The node called `name`. A dead namesake (the same machine before it joined anew) does not stand in the way of a living one.
    pub(super) fn find(&self, name: &NodeId) -> Found<'_> {
        let namesakes = || self.members.iter().filter(|member| member.name().as_ref() == Some(name));
        let mut living = namesakes().filter(|member| member.is_up());
        match (living.next(), living.next(), namesakes().count()) {
            (Some(one), None, _) => Found::One(one),
            (None, _, 1) => namesakes().next().map_or(Found::Nobody, Found::One),
            (None, _, 0) => Found::Nobody,
            _ => Found::Several,
        }
    }

    pub(super) fn member(&self, id: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.id == id)
    }

    /// The living tasks of a service.
    pub(super) fn tasks_of(&self, service: &str) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.service == service)
    }

    /// The living tasks on a node.
    pub(super) fn tasks_on(&self, node: &str) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.node == node)
    }

    /// A service's name as ours; none where nobody could type it.
    pub(super) fn workload(&self, service: &Service) -> Option<WorkloadId> {
        Some(WorkloadId { fleet: self.fleet.clone()?, name: service.name().parse().ok()? })
    }

    /// The services with living tasks on a node, each with how many.
    pub(super) fn work(&self, node: &str) -> Vec<(&Service, u64)> {
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for task in self.tasks_on(node) {
            *counts.entry(&task.service).or_default() += 1;
        }
        let mut work: Vec<(&Service, u64)> =
            counts.into_iter().filter_map(|(id, count)| Some((self.services.get(id)?, count))).collect();
        work.sort_by(|a, b| a.0.name().cmp(b.0.name()));
        work
    }

    /// The same as the port tells it.
    pub(super) fn work_on(&self, node: &str) -> BTreeMap<WorkloadId, u32> {
        let work = self.work(node).into_iter().filter_map(|(service, count)| {
            Some((self.workload(service)?, u32::try_from(count).unwrap_or(u32::MAX)))
        });
        work.collect()
    }

    /// What a cordoned node carries, but for jobs: they are not moved, so nothing is judged by them.
    pub(super) fn carried_on(&self, node: &str) -> BTreeMap<WorkloadId, u32> {
        let jobs = self.services.values().filter(|service| matches!(service.mode(), Mode::Job(_)));
        let jobs: Vec<WorkloadId> = jobs.filter_map(|service| self.workload(service)).collect();
        let mut work = self.work_on(node);
        work.retain(|workload, _| !jobs.contains(workload));
        work
    }

    /// Whether a node carries anything that moves: not what runs once per node, nor jobs, which go on until their node goes.
    pub(super) fn is_needed(&self, node: &str) -> Option<&Service> {
        let work = self.work(node);
        work.into_iter()
            .map(|(service, _)| service)
            .find(|service| matches!(service.mode(), Mode::Replicated(_)))
    }

    /// All nodes as the port tells them, but for dead namesakes of living ones: names are what people and provisioners know.
    pub(super) fn looks(&self) -> Vec<NodeLook> {
        let mut looks: Vec<NodeLook> = self.members.iter().filter_map(|member| self.look(member)).collect();
        looks.sort_by(|a, b| (&a.name, !a.up, &a.uid).cmp(&(&b.name, !b.up, &b.uid)));
        looks.dedup_by(|later, first| later.name == first.name && first.up && !later.up);
        looks
    }

    fn look(&self, member: &Member) -> Option<NodeLook> {
        let named = |label: &str| member.label(label).filter(|text| !text.is_empty());
        let text = |label| named(label).map(|text| crate::model::text::clean(text, 200));
        Some(NodeLook {
            name: member.name()?,
            uid: member.id.clone(),
            address: member.address(),
            up: member.is_up(),
            message: member.message(),
            availability: member.availability(),
            role: member.role(),
            pool: named(member::POOL).and_then(|text| text.parse().ok()),
            release: named(member::RELEASE).and_then(|text| text.parse().ok()),
            zone: text(member::ZONE),
            token: text(member::TOKEN),
            engine: member.engine(),
            work: self.work_on(&member.id),
        })
    }
}

/// A task that the scheduler has looked at and found no node for.
///
/// As long as a service has one, it must not be changed, but to take that task away: a change makes it one of an older revision, which the
/// scheduler forgets at its next look, also when a node is there for it again (moby/moby#53722; seen on Engine 20.10.24).
pub(super) fn fits_nowhere(task: &Task) -> bool {
    task.node.is_empty() && tasks::folded(task) == TaskState::Pending && !task.status.err.is_empty()
}

/// Tasks that should run: also those that wait in `ready` for the end of the one that they replace, and those of jobs, which should end by themselves.
const LIVING: &str = "{\"desired-state\":[\"running\",\"ready\",\"complete\"]}";

/// Whether a task still has to end before its node is empty. One that was asked to end before a node was told of it never runs, and its state never changes again
/// (swarmkit `manager/orchestrator/taskreaper`, `taskWillNeverRun`): Swarm keeps such a task of a service that runs once per node, where it did not fit.
fn runs_yet(task: &Task) -> bool {
    match tasks::folded(task) {
        TaskState::Ended => false,
        TaskState::Stopping => !matches!(task.status.state.as_str(), "new" | "allocated" | "pending" | ""),
        TaskState::Pending | TaskState::Starting | TaskState::Running => true,
    }
}

impl Swarm {
    pub(super) async fn view(&self) -> Result<View, Trouble> {
        let query = format!("/tasks?filters={}", escape(LIVING));
        let (members, services, tasks) = tokio::join!(
            list(&self.manager, "/nodes"),
            list::<Value>(&self.manager, "/services"),
            list::<Task>(&self.manager, &query)
        );
        let mut by_id = BTreeMap::new();
        for raw in &services? {
            let service = Service::read(raw).map_err(|what| self.manager.odd(what))?;
            by_id.insert(service.id.clone(), service);
        }
        let lives = |task: &Task| tasks::folded(task) != TaskState::Ended;
        let tasks = tasks?.into_iter().filter(lives).collect();
        Ok(View { fleet: Some(self.fleet.clone()), members: members?, services: by_id, tasks })
    }

    /// Tasks on a node that have not ended, also those that were asked to.
    pub(super) async fn unended(&self, node: &str) -> Result<Vec<Task>, Trouble> {
        let filter = escape(&format!("{{\"node\":[\"{node}\"]}}"));
        let tasks: Vec<Task> = list(&self.manager, &format!("/tasks?filters={filter}")).await?;
        Ok(tasks.into_iter().filter(runs_yet).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{World, up};
    use super::*;

    fn is(found: &Found<'_>, wanted: &str) -> bool {
        matches!(found, Found::One(member) if member.id == wanted)
    }

    #[test]
    fn a_dead_namesake_does_not_stand_in_the_way() {
        let mut world = World::default();
        world.node("old", "w1").status.state = "down".to_owned();
        let w1 = "w1".parse().unwrap();
        assert!(is(&world.view().find(&w1), "old"));
        world.node("new", "w1");
        assert!(is(&world.view().find(&w1), "new"));
        assert_eq!(world.view().looks().iter().map(|look| look.uid.as_str()).collect::<Vec<_>>(), ["new"]);
        world.node("third", "w1");
        assert_eq!(world.view().looks().len(), 2, "which of the living ones is meant cannot be told");
        assert!(matches!(world.view().find(&w1), Found::Several));
        assert!(matches!(world.view().find(&"w2".parse().unwrap()), Found::Nobody));
    }

    #[test]
    fn what_was_asked_to_end_before_it_had_begun_is_not_waited_for() {
        let mut world = World::default();
        world.service("agent", 1);
        let mut yet = |desired: &str, state: &str| {
            world.task("agent", "n1", state)["DesiredState"] = desired.into();
            runs_yet(world.view().tasks.last().unwrap())
        };
        assert!(!yet("shutdown", "pending") && !yet("remove", "allocated") && !yet("shutdown", "shutdown"));
        assert!(yet("shutdown", "running") && yet("shutdown", "assigned") && yet("shutdown", "preparing"));
        assert!(yet("running", "pending") && yet("complete", "running"));
    }

    #[test]
    fn a_node_is_told_with_its_labels_and_its_work() {
        let mut world = World::default();
        let member = world.node("n1", "w1");
        let labels = [(member::POOL, "workers"), (member::RELEASE, "r 1"), (member::ZONE, "a\u{1b}[2J")];
        member.spec = member.with(&[("Availability", "pause")], &labels);
        world.service("web", 2);
        up(&mut world, "web", "n1");
        up(&mut world, "web", "n1");
        let look = &world.view().looks()[0];
        assert_eq!(look.pool.as_ref().unwrap().as_str(), "workers");
        assert_eq!((look.release.as_ref(), look.zone.as_deref()), (None, Some("a")), "no name is no release");
        assert_eq!(look.availability, crate::model::nodes::Availability::Cordoned);
        assert_eq!(look.work[&"prod/web".parse().unwrap()], 2);
    }
}
