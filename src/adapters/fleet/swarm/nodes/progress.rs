//! How far a shift is: what it writes before anything moves, what is still missing, what it has moved. All of it follows from one view.

use super::change::may_end;
use super::member::{GAPS, Member};
use super::moving::{Moving, Part};
use super::preflight::finding;
use super::removal::Ties;
use super::view::{View, fits_nowhere};
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::adapters::fleet::swarm::tasks;
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::WorkloadId;
use crate::model::limits::TASKS_PER_WORKLOAD;
use crate::model::nodes::{Availability, Finding, FindingKind, Moved};
use crate::model::reports::TaskState;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// As many tasks as before are healthy on nodes that stay.
    Elsewhere,
    /// Nothing is left on the node.
    Empty,
    /// Scaling back would leave as many healthy tasks as before, by what is known of Swarm's choice.
    Settled(Ties),
    /// It has been scaled back, and they are.
    Back,
}

impl Phase {
    /// For people, while it is waited for.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Elsewhere => "waits for healthy tasks on other nodes",
            Self::Empty => "waits for the end of the tasks on the node",
            Self::Settled(_) => "waits for the tasks that the drain moved",
            Self::Back => "takes away what was added",
        }
    }

    pub(super) fn number(self) -> u32 {
        match self {
            Self::Elsewhere => 1,
            Self::Empty => 2,
            Self::Settled(_) => 3,
            Self::Back => 4,
        }
    }
}

/// A service that moves with a gap that was agreed to. It gets no label: a label is a new revision of the service, and Swarm forgets tasks
/// of an older revision that wait for a node (moby/moby#53722). The node's own label keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Gap {
    pub(super) workload: WorkloadId,
    pub(super) tasks: u64,
    /// When the newest task from before was made.
    pub(super) since: DateTime<Utc>,
}

/// Somebody wants the node to take work: emptying it any further would be against them.
pub(super) fn undone(view: &View, node: &str) -> Option<Finding> {
    let member = view.member(node)?;
    let what = format!("{} was set active again by somebody else", member.shown());
    let active = member.availability() == Availability::Active;
    active.then(|| finding(view, None, FindingKind::Unsettled, &what))
}

/// What is on the node and can move, as it is before anything does.
pub(super) fn before(view: &View, node: &str) -> Vec<Gap> {
    let work = view.work(node).into_iter().filter(|(service, _)| service.replicas().is_some());
    let one = |(service, tasks): (&Service, u64)| {
        let workload = view.workload(service)?;
        let since = view.tasks_of(&service.id).map(|task| task.created_at).max().unwrap_or_default();
        Some(Gap { workload, tasks, since })
    };
    work.filter_map(one).collect()
}

/// Services on the node that nothing was added to for its shift, but for those that move with a gap.
pub(super) fn unkept<'a>(view: &'a View, node: &str, gap: impl Fn(&Service) -> bool) -> Vec<&'a Service> {
    let work = view.work(node).into_iter().map(|(service, _)| service);
    let added = |service: &Service| service.moving().is_some_and(|moving| moving.is_leaving(node));
    work.filter(|service| service.replicas().is_some() && !added(service) && !gap(service)).collect()
}

/// Whether a service was on the node, and has no word of its shift any more.
pub(super) fn lost(view: &View, service: &Service, node: &str, kept: &[Gap]) -> bool {
    let told = service.moving().is_some_and(|moving| moving.nodes.contains_key(node));
    let was_there = |workload: WorkloadId| kept.iter().any(|kept| kept.workload == workload);
    !told && view.workload(service).is_some_and(was_there)
}

/// The services whose gap was agreed to, as they are before anything moves; and those that have left already, by the node's label.
pub(super) fn gaps(view: &View, node: &str, agreed: &[Finding]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = before(view, node)
        .into_iter()
        .filter(|gap| agreed.iter().any(|block| block.workload.as_ref() == Some(&gap.workload)))
        .collect();
    let label = view.member(node).and_then(|member| member.label(GAPS));
    let left: Vec<Gap> = label.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let work: Vec<WorkloadId> =
        view.work(node).into_iter().filter_map(|(service, _)| view.workload(service)).collect();
    gaps.extend(left.into_iter().filter(|gap| !work.contains(&gap.workload)));
    gaps
}

/// What a shift of `node` writes to a service before anything moves.
pub(super) fn begun(view: &View, service: &Service, moving: Moving, node: &str) -> Moving {
    let living = || view.tasks_of(&service.id);
    let here = living().filter(|task| task.node == node).count() as u64;
    let running = living().filter(|task| tasks::folded(task) == TaskState::Running).count() as u64;
    let since = living().map(|task| task.created_at).max().unwrap_or_default();
    let goal = running.min(moving.base);
    moving.begun(node, Part { add: here, goal, tasks: here, since, done: false })
}

/// Services with a shift of this node under way.
pub(super) fn moving_from<'a>(view: &'a View, node: &'a str) -> impl Iterator<Item = &'a Service> {
    view.services
        .values()
        .filter(move |service| service.moving().is_some_and(|moving| moving.is_leaving(node)))
}

/// What is missing in a phase, by service.
pub(super) fn missing(view: &View, node: &str, phase: Phase, gap: impl Fn(&Service) -> bool) -> Vec<Finding> {
    let concerned = |service: &&Service| match (phase, service.moving()) {
        (Phase::Empty, _) => false,
        (Phase::Elsewhere | Phase::Settled(_), Some(moving)) if moving.is_leaving(node) => true,
        (Phase::Back, Some(moving)) if moving.nodes.contains_key(node) => true,
        (Phase::Elsewhere | Phase::Settled(_) | Phase::Back, _) => gap(service),
    };
    let services = view.services.values().filter(concerned);
    services.filter_map(|service| lacks(view, service, node, phase, gap(service))).collect()
}

/// 1. A service without a gap needs as many healthy tasks as before, on nodes that stay.
/// 2. One whose gap was agreed to is waited for only once its tasks have been moved, and then until each of them runs or fits nowhere.
/// 3. Before scaling back, Swarm's own choice must leave enough; afterwards there must be no more tasks than there shall be.
fn lacks(view: &View, service: &Service, node: &str, phase: Phase, gap: bool) -> Option<Finding> {
    let moving = Moving::of(service.moving(), service.replicas()?);
    let goal = moving.nodes.get(node).map_or(0, |part| part.goal.min(moving.base));
    let living = || view.tasks_of(&service.id);
    let runs = |task: &&Task| tasks::folded(task) == TaskState::Running;
    let stays = |task: &&Task| !moving.is_leaving(&task.node) && task.node != node;
    let healthy = living().filter(runs).filter(stays).count() as u64;
    let said = |what: &str| {
        let last = living().filter(|task| !runs(task) && stays(task)).max_by_key(|task| task.created_at);
        let why = last.map(tasks::said).filter(|said| !said.is_empty());
        let why = why.map_or_else(String::new, |said| format!(": {said}"));
        let nowhere = last.is_some_and(|task| task.node.is_empty());
        let kind = if nowhere { FindingKind::FitsNowhere } else { FindingKind::Unsettled };
        Some(finding(view, Some(service), kind, &format!("{} {what}{why}", service.name())))
    };
    match phase {
        Phase::Elsewhere if gap => None,
        Phase::Settled(_) | Phase::Back if gap => {
            let waits = living().any(|task| !runs(&task) && !fits_nowhere(task));
            waits.then(|| said("is not healthy again")).flatten()
        }
        Phase::Elsewhere | Phase::Settled(_) | Phase::Back if healthy < goal => {
            said(&format!("has {healthy} of {goal} healthy tasks on other nodes"))
        }
        Phase::Settled(ties) if !may_end(view, service, node, ties) => {
            said("has a task that is not healthy yet, and scaling back might take a healthy one")
        }
        Phase::Back => {
            let over = over(view, service);
            (over > 0).then(|| said(&format!("has {over} tasks too many"))).flatten()
        }
        Phase::Elsewhere | Phase::Empty | Phase::Settled(_) => None,
    }
}

/// How many tasks a service has beyond what there shall be.
pub(super) fn over(view: &View, service: &Service) -> u64 {
    let Some(replicas) = service.replicas() else { return 0 };
    let slots: BTreeSet<u64> = view.tasks_of(&service.id).map(|task| task.slot).collect();
    (slots.len() as u64).saturating_sub(Moving::of(service.moving(), replicas).wanted())
}

pub(super) fn unended(view: &View, task: &Task) -> Finding {
    let service = view.services.get(&task.service);
    let name = service.map_or("a removed service", Service::name);
    // A drain does not end it (seen on Engine 20.10.24, where one even outlived its service).
    let what = match service.map(Service::mode) {
        Some(Mode::Job(_)) => {
            "is a job that runs here and that nobody agreed to end with the node: its own end is waited for"
        }
        Some(Mode::Replicated(_) | Mode::Global) | None => "has a task here that has not ended yet",
    };
    finding(view, service, FindingKind::Unsettled, &format!("{name} {what}"))
}

/// What a shift of this node has moved: by the labels of the services and of the node, so that a second call tells the same.
pub(super) fn moved(view: &View, node: &str, gaps: &[Gap]) -> Vec<Moved> {
    let one = |service: &Service| -> Option<Moved> {
        let workload = view.workload(service)?;
        let part = service.moving().and_then(|moving| moving.nodes.get(node).cloned());
        let gap = gaps.iter().find(|gap| gap.workload == workload);
        let (tasks, since) = match (part, gap) {
            (Some(part), _) => (part.tasks, part.since),
            (None, Some(gap)) => (gap.tasks, gap.since),
            (None, None) => return None,
        };
        let came = || view.tasks_of(&service.id).filter(|task| task.created_at > since && task.node != node);
        let running = || came().filter(|task| tasks::folded(task) == TaskState::Running);
        let to = running().filter_map(|task| view.member(&task.node)).filter_map(Member::name);
        let by = came().filter_map(|task| task.id.parse().ok()).take(TASKS_PER_WORKLOAD);
        let to: BTreeSet<_> = to.collect();
        let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
        (tasks > 0).then(|| Moved { workload, tasks, to: to.into_iter().collect(), by: by.collect() })
    };
    let mut moved: Vec<Moved> = view.services.values().filter_map(one).collect();
    moved.sort_by(|a, b| a.workload.cmp(&b.workload));
    moved
}

#[cfg(test)]
mod tests {
    use super::super::sample::{World, up};
    use super::*;
    use serde_json::{Value, json};

    /// `web` with one task on `a`, on its way to `b` and `c`.
    fn world() -> World {
        let mut world = World::default();
        for name in ["a", "b", "c"] {
            world.node(name, name);
        }
        world.members[0].spec["Availability"] = json!("pause");
        world.service("web", 1);
        up(&mut world, "web", "a");
        world
    }

    /// Does to the service what `begin` does.
    fn begin(world: &mut World) {
        let view = world.view();
        let service = &view.services["web"];
        let moving = begun(&view, service, Moving::of(service.moving(), service.replicas().unwrap()), "a");
        world.services[0].0 = service.with_moving(&moving);
    }

    fn end(world: &mut World) {
        let view = world.view();
        let service = &view.services["web"];
        let moving = Moving::of(service.moving(), service.replicas().unwrap()).ended("a");
        world.services[0].0 = service.with_moving(&moving);
    }

    fn left(world: &World, phase: Phase) -> Vec<String> {
        missing(&world.view(), "a", phase, |_| false).into_iter().map(|finding| finding.what).collect()
    }

    fn replicas(world: &World) -> &Value {
        &world.services[0].0["Mode"]["Replicated"]["Replicas"]
    }

    fn set(world: &mut World, task: usize, node: &str, state: &str) {
        world.tasks[task]["NodeID"] = json!(node);
        world.tasks[task]["Status"]["State"] = json!(state);
    }

    #[test]
    fn one_task_moves_in_the_order_that_keeps_it_up() {
        let mut world = world();
        begin(&mut world);
        assert_eq!(replicas(&world), 2);
        world.task("web", "b", "starting");
        assert_eq!(left(&world, Phase::Elsewhere), ["web has 0 of 1 healthy tasks on other nodes"]);
        set(&mut world, 1, "b", "running");
        assert!(left(&world, Phase::Elsewhere).is_empty());
        // Drained: what was here is replaced on c, and is not healthy yet.
        world.tasks.remove(0);
        world.task("web", "c", "starting")["Slot"] = json!(1);
        let early = "web has a task that is not healthy yet, and scaling back might take a healthy one";
        assert_eq!(left(&world, Phase::Settled(Ties::Worst)), [early]);
        assert!(left(&world, Phase::Settled(Ties::RunningStays)).is_empty(), "the one that starts goes");
        set(&mut world, 1, "c", "running");
        assert!(left(&world, Phase::Settled(Ties::Worst)).is_empty());
        end(&mut world);
        assert_eq!(replicas(&world), 1);
        assert_eq!(left(&world, Phase::Back), ["web has 1 tasks too many"]);
        world.tasks.remove(1);
        assert!(left(&world, Phase::Back).is_empty());
    }

    #[test]
    fn what_somebody_takes_our_label_off_is_known_to_be_without() {
        let mut world = world();
        let (at_first, no) = (world.view(), |_: &Service| false);
        let kept = before(&at_first, "a");
        assert_eq!(unkept(&at_first, "a", no).len(), 1, "nothing has begun");
        begin(&mut world);
        assert!(unkept(&world.view(), "a", no).is_empty());
        let spec = world.services[0].0.clone();
        world.services[0].0 = spec_without_label(spec);
        let view = world.view();
        assert_eq!(unkept(&view, "a", no).len(), 1, "a drain would take it down");
        assert!(unkept(&view, "a", |_| true).is_empty(), "it moves with a gap");
        assert!(lost(&view, &view.services["web"], "a", &kept));
        // Drained without: its tasks are waited for, and told as moved.
        let gap =
            |view: &View| missing(view, "a", Phase::Settled(Ties::Worst), |one| lost(view, one, "a", &kept));
        set(&mut world, 0, "b", "starting");
        assert_eq!(gap(&world.view()).len(), 1);
        set(&mut world, 0, "b", "running");
        world.tasks[0]["CreatedAt"] = json!("2026-11-26T07:02:00Z");
        assert!(gap(&world.view()).is_empty());
        assert_eq!(moved(&world.view(), "a", &kept)[0].to, ["b".parse().unwrap()]);
    }

    fn spec_without_label(mut spec: Value) -> Value {
        spec["Labels"] = json!({});
        spec["Mode"]["Replicated"]["Replicas"] = json!(1);
        spec
    }

    #[test]
    fn beginning_twice_adds_once_and_a_second_call_tells_what_was_moved() {
        let mut world = world();
        begin(&mut world);
        let view = world.view();
        assert!(view.services["web"].moving().unwrap().open("a").is_some(), "found, so nothing is sent");
        world.tasks.clear();
        world.task("web", "b", "running")["CreatedAt"] = json!("2026-11-26T07:01:00Z");
        end(&mut world);
        let moved = moved(&world.view(), "a", &[]);
        assert_eq!((moved[0].tasks, moved[0].to.as_slice()), (1, &["b".parse().unwrap()][..]));
        assert_eq!(moved[0].by[0].as_str(), "t1");
    }

    #[test]
    fn a_drained_task_that_fits_nowhere_does_not_hold_the_shift_up() {
        let mut world = world();
        begin(&mut world);
        up(&mut world, "web", "b");
        world.tasks.remove(0);
        let pending = world.task("web", "", "pending");
        pending["Status"]["Err"] = json!("no suitable node");
        assert!(left(&world, Phase::Settled(Ties::Worst)).is_empty(), "Swarm takes it away first");
    }

    #[test]
    fn a_service_that_was_sick_is_not_asked_for_more_than_it_had() {
        let mut world = world();
        world.services[0].0["Mode"]["Replicated"]["Replicas"] = json!(3);
        begin(&mut world);
        assert_eq!(replicas(&world), 4);
        up(&mut world, "web", "b");
        assert!(left(&world, Phase::Elsewhere).is_empty());
    }

    #[test]
    fn tasks_on_another_node_that_is_being_emptied_do_not_count() {
        let mut world = world();
        world.services[0].0["Mode"]["Replicated"]["Replicas"] = json!(2);
        up(&mut world, "web", "b");
        begin(&mut world);
        let view = world.view();
        let service = &view.services["web"];
        let moving = begun(&view, service, Moving::of(service.moving(), 3), "b");
        world.services[0].0 = service.with_moving(&moving);
        assert_eq!(replicas(&world), 4);
        up(&mut world, "web", "c");
        assert_eq!(left(&world, Phase::Elsewhere), ["web has 1 of 2 healthy tasks on other nodes"]);
        up(&mut world, "web", "c");
        assert!(left(&world, Phase::Elsewhere).is_empty());
    }

    #[test]
    fn an_agreed_gap_adds_nothing_and_is_waited_for_afterwards() {
        let mut world = world();
        let view = world.view();
        let agreed = [finding(&view, view.services.get("web"), FindingKind::Gap, "x")];
        let gaps = gaps(&view, "a", &agreed);
        assert_eq!((gaps[0].tasks, super::gaps(&view, "a", &[]).len()), (1, 0));
        let label = serde_json::to_string(&gaps).unwrap();
        world.members[0].spec = world.members[0].with(&[("Availability", "drain")], &[(GAPS, &label)]);
        assert_eq!(super::gaps(&world.view(), "a", &agreed), gaps, "it is still there, and counted once");
        let left = |world: &World, phase| missing(&world.view(), "a", phase, |_| true).len();
        assert_eq!(left(&world, Phase::Elsewhere), 0);
        set(&mut world, 0, "b", "starting");
        assert_eq!(left(&world, Phase::Settled(Ties::Worst)), 1);
        set(&mut world, 0, "b", "running");
        world.tasks[0]["CreatedAt"] = json!("2026-11-26T07:02:00Z");
        assert_eq!((left(&world, Phase::Settled(Ties::Worst)), left(&world, Phase::Back)), (0, 0));
        let kept = super::gaps(&world.view(), "a", &[]);
        assert_eq!(kept, gaps, "a second call knows it by the node's label");
        assert_eq!(moved(&world.view(), "a", &kept)[0].to, ["b".parse().unwrap()]);
        assert!(world.members[0].active_without(GAPS)["Labels"].get(GAPS).is_none());
        world.tasks[0]["Status"] = json!({"State": "pending", "Err": "no suitable node"});
        world.tasks[0]["NodeID"] = json!("");
        assert_eq!(left(&world, Phase::Settled(Ties::Worst)), 0, "it fits nowhere, and that was agreed to");
    }

    #[test]
    fn what_stands_in_the_way_is_said_in_the_tasks_own_words() {
        let mut world = world();
        begin(&mut world);
        world.task("web", "", "pending")["Status"]["Err"] =
            json!("no suitable node (\u{1b}[31mhost-mode port\u{1b}[0m)");
        let found = missing(&world.view(), "a", Phase::Elsewhere, |_| false);
        assert_eq!(found[0].kind, FindingKind::FitsNowhere);
        assert_eq!(
            found[0].what,
            "web has 0 of 1 healthy tasks on other nodes: no suitable node (host-mode port)"
        );
    }
}
