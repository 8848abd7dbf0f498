//! What emptying a node would meet, said before anything is touched.

use super::member::Member;
use super::quorum::Quorum;
use super::room::{Room, place};
use super::view::{View, fits_nowhere};
use crate::adapters::fleet::swarm::spec::{Mode, Service};
use crate::adapters::fleet::swarm::tasks;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::nodes::{Finding, FindingKind, NodeRole, PreflightJob, PreflightReport};
use crate::model::reports::TaskState;
use crate::model::text::clean;

/// The engine that we speak with, where it is a part of the fleet.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Its node's id.
    pub(super) node: String,
    /// Containers that run on it and are no tasks, by their names.
    pub(super) containers: Vec<String>,
}

/// The whole report.
pub(super) fn preflight(view: &View, node: &Member, job: &PreflightJob, own: &Own) -> PreflightReport {
    let mut report = work(view, node, job.surge);
    report.blocks.extend(managers(view, node, job));
    if own.node == node.id {
        through_this_node(&mut report, node, job.removes);
        report.notes.extend(unmanaged(node, &own.containers));
    }
    report
}

/// What the node's work would meet, given a new node like it (or not).
///
/// 1. What runs once per node ends with it: said, and nothing to move.
/// 2. A job is not moved: it ends with the node and is run again elsewhere. What must not run twice is down in between.
/// 3. A service in the middle of an update is not touched.
/// 4. Where one of its tasks fits on no node, a further one will not either; that one must not be forgotten ([`fits_nowhere`]).
/// 5. As many further tasks as are here must fit on other nodes, beside all the others that move with them.
pub(super) fn work(view: &View, node: &Member, surge: bool) -> PreflightReport {
    let mut report = PreflightReport::default();
    let others = view.members.iter().filter(|member| member.id != node.id);
    let mut rooms: Vec<Room<'_>> = others.map(|member| Room::of(view, member)).collect();
    rooms.extend(surge.then(|| Room::like(node)));
    for (service, count) in view.work(&node.id) {
        let said =
            |kind, what: String| finding(view, Some(service), kind, &format!("{} {what}", service.name()));
        match service.mode() {
            Mode::Global => {
                let what = format!("runs once per node: its task on {} ends with it", node.shown());
                report.notes.push(said(FindingKind::PerNode, what));
                continue;
            }
            Mode::Job(_) => {
                let what = format!(
                    "is a job: what of it runs on {} ends with the node, and is run again elsewhere",
                    node.shown()
                );
                report.blocks.push(said(FindingKind::Gap, what));
                continue;
            }
            Mode::Replicated(_) => {}
        }
        if let Some(workload) = view.workload(service) {
            report.moves.insert(workload, u32::try_from(count).unwrap_or(u32::MAX));
        }
        // A shift that is under way has its further tasks already.
        if service.moving().is_some_and(|moving| moving.is_leaving(&node.id)) {
            continue;
        }
        report.blocks.extend(service.unsettled().map(|what| said(FindingKind::Unsettled, what)));
        report.notes.extend(sick(view, service).map(|what| said(FindingKind::Unsettled, what)));
        if service.is_single() {
            let what = "must not run twice (label tidegate.single): it is down until it is healthy elsewhere";
            report.blocks.push(said(FindingKind::Gap, what.to_owned()));
        }
        if let Some(task) = view.tasks_of(&service.id).find(|task| !surge && fits_nowhere(task)) {
            let what = format!("has a task that fits on no node already: {}", tasks::said(task));
            report.blocks.push(said(FindingKind::FitsNowhere, what));
            continue;
        }
        let (placed, why) = place(&mut rooms, service, count);
        if placed < count {
            let what = format!(
                "fits on no other node with {} of its {count} tasks on {}: {why}",
                count - placed,
                node.shown()
            );
            report.blocks.push(said(FindingKind::FitsNowhere, what));
        }
    }
    report
}

/// A service with fewer running tasks than it should have. It blocks nothing: no more is waited for than runs now.
fn sick(view: &View, service: &Service) -> Option<String> {
    let wanted = service.replicas()?;
    let running =
        |task: &&crate::adapters::fleet::swarm::wire::Task| tasks::folded(task) == TaskState::Running;
    let running = view.tasks_of(&service.id).filter(running).count() as u64;
    (running < wanted).then(|| format!("is not well before: {running} of {wanted} tasks run"))
}

fn managers(view: &View, node: &Member, job: &PreflightJob) -> Option<Finding> {
    let role = node.role();
    if role == NodeRole::Worker {
        return None;
    }
    let now = Quorum::of(view);
    let (after, when) = match (job.removes, job.surge) {
        (true, true) => (now.and_one().without(role), "once it has been replaced"),
        (true, false) => (now.without(role), "without it"),
        (false, _) => (now.while_away(role), "while it is updated"),
    };
    let what = || format!("{} is a manager: {when} {}; add managers first", node.shown(), after.shown());
    (!after.holds()).then(|| finding(view, None, FindingKind::Quorum, &what()))
}

fn through_this_node(report: &mut PreflightReport, node: &Member, removes: bool) {
    let what = format!("Tidegate reaches this Swarm through {}", node.shown());
    let finding = |what: String| Finding { workload: None, kind: FindingKind::Quorum, what };
    if removes {
        report.blocks.push(finding(format!("{what}; set the fleet's `host` to another manager first")));
    } else {
        report.notes.push(finding(format!("{what}, and sees nothing while it is away")));
    }
}

/// Containers that are named; beyond that only their number is.
const NAMED: usize = 5;

fn unmanaged(node: &Member, containers: &[String]) -> Option<Finding> {
    let number = containers.len();
    let names = containers[..number.min(NAMED)].join(", ");
    let more = if number > NAMED { ", …" } else { "" };
    let what = format!("{number} containers on {} are no tasks and end with it: {names}{more}", node.shown());
    (number > 0).then(|| Finding {
        workload: None,
        kind: FindingKind::Unmanaged,
        what: clean(&what, MESSAGE_CHARS),
    })
}

/// One finding; its text is cleaned, since names and messages come from outside.
pub(super) fn finding(view: &View, service: Option<&Service>, kind: FindingKind, what: &str) -> Finding {
    let workload = service.and_then(|service| view.workload(service));
    Finding { workload, kind, what: clean(what, MESSAGE_CHARS) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{World, up};
    use super::*;
    use crate::model::{Action, EffectId, RunId, StepKey};
    use serde_json::json;

    fn job(surge: bool, removes: bool) -> PreflightJob {
        let step = StepKey::Deploy("prod/web".parse().unwrap());
        let id = EffectId { run: RunId(1), step, action: Action::Look, subject: None, attempt: 1 };
        PreflightJob { id, node: "prod/a".parse().unwrap(), surge, removes }
    }

    /// Nodes `a`, `b` and `c`.
    fn world() -> World {
        let mut world = World::default();
        for name in ["a", "b", "c"] {
            world.node(name, name);
        }
        world
    }

    fn report(world: &World, surge: bool) -> PreflightReport {
        let view = world.view();
        preflight(&view, &view.members[0], &job(surge, surge), &Own::default())
    }

    fn blocked(world: &World, surge: bool) -> Vec<(FindingKind, String)> {
        report(world, surge).blocks.into_iter().map(|finding| (finding.kind, finding.what)).collect()
    }

    fn one(world: &World, surge: bool) -> (FindingKind, String) {
        let mut blocks = blocked(world, surge);
        assert_eq!(blocks.len(), 1, "{blocks:?}");
        blocks.remove(0)
    }

    #[test]
    fn what_moves_is_counted_and_what_fits_blocks_nothing() {
        let mut world = world();
        world.service("web", 3);
        world.service("db", 1);
        for (service, node) in [("web", "a"), ("web", "a"), ("web", "b"), ("db", "b")] {
            up(&mut world, service, node);
        }
        let report = report(&world, false);
        assert_eq!(report.moves, [("prod/web".parse().unwrap(), 2)].into());
        assert!(report.blocks.is_empty() && report.notes.is_empty(), "{report:?}");
    }

    #[test]
    fn a_port_of_the_node_itself_needs_another_node_that_has_it_free() {
        let mut world = world();
        let port = json!([{"PublishMode": "host", "PublishedPort": 8081, "Protocol": "tcp"}]);
        world.service("web", 3)["EndpointSpec"] = json!({"Ports": port});
        for node in ["a", "b"] {
            up(&mut world, "web", node);
        }
        assert!(blocked(&world, false).is_empty());
        up(&mut world, "web", "c");
        let (kind, what) = one(&world, false);
        assert_eq!(kind, FindingKind::FitsNowhere);
        assert_eq!(
            what,
            "web fits on no other node with 1 of its 1 tasks on a: b has port 8081 taken by web"
        );
        assert!(blocked(&world, true).is_empty(), "a new node has it free");
    }

    #[test]
    fn a_service_that_is_pinned_to_its_node_fits_nowhere_also_on_a_new_one() {
        let mut world = world();
        world.service("web", 1)["TaskTemplate"]["Placement"] = json!({"Constraints": ["node.hostname == a"]});
        up(&mut world, "web", "a");
        for surge in [false, true] {
            let (kind, what) = one(&world, surge);
            assert!(
                kind == FindingKind::FitsNowhere && what.contains("b does not meet \"node.hostname == a\""),
                "{what}"
            );
        }
    }

    #[test]
    fn a_label_of_the_node_is_expected_of_the_new_one_and_not_found_on_others() {
        let mut world = world();
        world.members[0].spec = world.members[0].with(&[], &[("disk", "ssd")]);
        world.service("web", 1)["TaskTemplate"]["Placement"] =
            json!({"Constraints": ["node.labels.disk==ssd"]});
        up(&mut world, "web", "a");
        assert_eq!(one(&world, false).0, FindingKind::FitsNowhere);
        assert!(blocked(&world, true).is_empty());
    }

    #[test]
    fn reservations_of_all_that_moves_are_counted_together() {
        let mut world = world();
        let half = json!({"Reservations": {"MemoryBytes": 4_i64 << 30, "NanoCPUs": 1_000_000_000_i64}});
        for name in ["web", "api"] {
            world.service(name, 2)["TaskTemplate"]["Resources"] = half.clone();
        }
        for (service, node) in [("web", "a"), ("api", "a"), ("web", "b"), ("api", "c")] {
            up(&mut world, service, node);
        }
        assert!(blocked(&world, false).is_empty());
        world.service("cache", 1)["TaskTemplate"]["Resources"] = half;
        up(&mut world, "cache", "b");
        let (kind, what) = one(&world, false);
        assert_eq!(kind, FindingKind::FitsNowhere);
        assert!(what.contains("b has too little memory that is not reserved"), "{what}");
    }

    #[test]
    fn a_service_with_a_task_that_waits_for_a_node_is_not_touched() {
        let mut world = world();
        world.service("web", 2);
        up(&mut world, "web", "a");
        world.task("web", "", "pending")["Status"]["Err"] = json!("no suitable node (a volume is elsewhere)");
        let (kind, what) = one(&world, false);
        assert_eq!(kind, FindingKind::FitsNowhere);
        assert_eq!(
            what,
            "web has a task that fits on no node already: no suitable node (a volume is elsewhere)"
        );
        assert!(blocked(&world, true).is_empty(), "a new node may be the one that it waits for");
    }

    #[test]
    fn cordoned_and_dead_nodes_take_nothing() {
        let mut world = world();
        world.members[1].spec = world.members[1].with(&[("Availability", "pause")], &[]);
        world.members[2].status.state = "down".to_owned();
        world.service("web", 1);
        up(&mut world, "web", "a");
        let (_, what) = one(&world, false);
        assert!(what.contains("b takes no work; c is not up"), "{what}");
    }

    #[test]
    fn global_services_jobs_and_singles_are_named_as_what_they_are() {
        let mut world = world();
        world.service("agent", 0)["Mode"] = json!({"Global": {}});
        world.service("batch", 0)["Mode"] = json!({"ReplicatedJob": {"MaxConcurrent": 1}});
        world.service("db", 1)["Labels"] = json!({"tidegate.single": "true"});
        for service in ["agent", "batch", "db"] {
            up(&mut world, service, "a");
        }
        // As Swarm makes the tasks of jobs.
        world.tasks[1]["DesiredState"] = json!("complete");
        let report = report(&world, false);
        assert_eq!((report.notes.len(), report.notes[0].kind), (1, FindingKind::PerNode));
        let blocks: Vec<_> = report
            .blocks
            .iter()
            .map(|block| (block.kind, block.workload.as_ref().unwrap().to_string()))
            .collect();
        assert_eq!(
            blocks,
            [(FindingKind::Gap, "prod/batch".to_owned()), (FindingKind::Gap, "prod/db".to_owned())]
        );
        assert_eq!(report.moves.len(), 1);
    }

    #[test]
    fn what_waits_for_room_on_a_node_takes_none_there() {
        let mut world = world();
        let large = world.service("agent", 0);
        large["Mode"] = json!({"Global": {}});
        large["TaskTemplate"]["Resources"] = json!({"Reservations": {"MemoryBytes": 100_i64 << 30}});
        world.service("web", 1);
        up(&mut world, "web", "a");
        for node in ["b", "c"] {
            world.task("agent", node, "pending");
        }
        assert!(blocked(&world, false).is_empty());
        world.task("agent", "b", "running");
        world.task("agent", "c", "running");
        assert_eq!(one(&world, false).0, FindingKind::FitsNowhere);
    }

    #[test]
    fn an_update_under_way_blocks_and_a_sickness_is_only_said() {
        let mut world = world();
        world.service("web", 2);
        world.service("api", 1);
        world.services[1].1 = json!({"State": "paused", "Message": "task \u{1b}[2J failed"});
        up(&mut world, "web", "a");
        up(&mut world, "api", "a");
        let report = report(&world, false);
        assert_eq!(report.notes[0].what, "web is not well before: 1 of 2 tasks run");
        assert_eq!(
            report.blocks[0].what,
            "api has an update that stopped (task  failed); go on with it or roll it back"
        );
    }

    #[test]
    fn a_manager_is_taken_only_where_the_others_are_enough() {
        let quorum = |managers: usize, surge: bool, removes: bool| {
            let mut world = World::default();
            for n in 0..managers {
                world.manager(&format!("m{n}"), true);
            }
            let view = world.view();
            let report = preflight(&view, &view.members[0], &job(surge, removes), &Own::default());
            report.blocks.first().map(|block| (block.kind, block.what.clone()))
        };
        let only = quorum(1, false, false).unwrap();
        assert_eq!(only.0, FindingKind::Quorum);
        assert!(
            only.1.contains("while it is updated 0 of 1 managers would answer, and 1 are needed"),
            "{}",
            only.1
        );
        assert!(quorum(1, false, true).is_some());
        assert!(quorum(2, false, false).is_some());
        assert!(
            quorum(1, true, true).is_none()
                && quorum(2, false, true).is_none()
                && quorum(3, false, false).is_none()
        );
    }

    #[test]
    fn the_node_that_tidegate_speaks_with_is_not_removed_under_it() {
        let world = world();
        let view = world.view();
        let own = Own { node: "a".to_owned(), containers: vec!["registry".to_owned()] };
        let removed = preflight(&view, &view.members[0], &job(true, true), &own);
        assert!(removed.blocks[0].what.starts_with("Tidegate reaches this Swarm through a; set"));
        assert_eq!(removed.notes[0].what, "1 containers on a are no tasks and end with it: registry");
        assert!(preflight(&view, &view.members[0], &job(false, false), &own).blocks.is_empty());
        assert!(preflight(&view, &view.members[1], &job(true, true), &own).blocks.is_empty());
    }
}
