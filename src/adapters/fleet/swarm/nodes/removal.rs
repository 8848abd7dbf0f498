//! Which tasks Swarm takes away when a service is scaled down. Nobody can tell it which, so its choice is foreseen.
//!
//! Source: swarmkit `manager/orchestrator/replicated/services.go`, the same since 2016. Slots are ordered
//! 1. those that run before those that do not;
//! 2. then by their number among the service's slots on their node: first ones before second ones; a slot without a node, or with two tasks, last;
//!
//! and those at the end are removed. The second ordering need not keep the first where numbers are equal. So a healthy task may go while one that is
//! still starting on another node stays; that was seen on a lab, and took a service down for six seconds.

use crate::adapters::fleet::swarm::tasks;
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::reports::TaskState;
use std::collections::BTreeMap;

/// How equals are taken to be ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ties {
    /// As badly as can be.
    Worst,
    /// Those that run stay. True of engines built with Go 1.19 and later (20.10.18), whose sort keeps the order of up to [`KEPT_IN_ORDER`] slots.
    /// Seen 25 times of 25 on Engine 20.10.24 (Go 1.19.8): a service scaled down while its newest task was starting on a node of its own.
    RunningStays,
}

/// Slots whose order among equals is kept.
const KEPT_IN_ORDER: usize = 12;

/// The first Go whose sort does so: it became a pattern-defeating quicksort, which sorts few by insertion.
const KEEPS_ORDER: (u32, u32) = (1, 19);

impl Ties {
    /// How an engine that was built with this Go (`go1.19.8`) orders equals.
    pub(super) fn of(go: &str) -> Self {
        let number = |text: &str| {
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text[..digits].parse::<u32>().ok()
        };
        let mut parts = go.strip_prefix("go").unwrap_or_default().split('.').map(number);
        match (parts.next().flatten(), parts.next().flatten()) {
            (Some(major), Some(minor)) if (major, minor) >= KEEPS_ORDER => Self::RunningStays,
            _ => Self::Worst,
        }
    }
}

struct Slot {
    runs: bool,
    counts: bool,
    /// Its number on its node; none last.
    number: Option<usize>,
}

/// How many of the tasks that count (and run) stay when all but `keep` slots are removed.
pub(super) fn healthy_after(
    living: &[&Task],
    keep: usize,
    counts: impl Fn(&Task) -> bool,
    ties: Ties,
) -> usize {
    let mut slots = numbered(living, counts);
    let running_stays = ties == Ties::RunningStays && slots.len() <= KEPT_IN_ORDER;
    slots.sort_by_key(|slot| {
        let last = slot.number.is_none();
        let among_equals = if running_stays { !slot.runs } else { slot.counts };
        (last, slot.number, among_equals)
    });
    slots.iter().take(keep).filter(|slot| slot.counts).count()
}

fn numbered(living: &[&Task], counts: impl Fn(&Task) -> bool) -> Vec<Slot> {
    let runs = |task: &Task| tasks::folded(task) == TaskState::Running;
    let mut by_slot: BTreeMap<u64, Vec<&Task>> = BTreeMap::new();
    for task in living {
        by_slot.entry(task.slot).or_default().push(task);
    }
    let mut slots: Vec<(Slot, &str)> = by_slot
        .into_values()
        .map(|all| {
            let node = if all.len() == 1 { all[0].node.as_str() } else { "" };
            let slot = Slot {
                runs: all.iter().any(|task| runs(task)),
                counts: all.iter().any(|task| runs(task) && counts(task)),
                number: None,
            };
            (slot, node)
        })
        .collect();
    slots.sort_by_key(|(slot, _)| !slot.runs);
    let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
    slots
        .into_iter()
        .map(|(slot, node)| {
            let number = (!node.is_empty()).then(|| {
                let number = on_node.entry(node).or_default();
                *number += 1;
                *number
            });
            Slot { number, ..slot }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::World;
    use super::*;

    /// Tasks as (node, state), in slots of their own.
    fn after(tasks: &[(&str, &str)], keep: usize, ties: Ties) -> usize {
        let mut world = World::default();
        for (node, state) in tasks {
            world.task("web", node, state);
        }
        let view = world.view();
        let living: Vec<&Task> = view.tasks.iter().collect();
        healthy_after(&living, keep, |_| true, ties)
    }

    #[test]
    fn where_all_run_it_does_not_matter_which_one_goes() {
        assert_eq!(after(&[("a", "running"), ("b", "running"), ("c", "running")], 2, Ties::Worst), 2);
    }

    #[test]
    fn a_task_that_is_still_starting_elsewhere_may_stay_instead_of_a_healthy_one() {
        let tasks = [("a", "running"), ("b", "starting")];
        assert_eq!(after(&tasks, 1, Ties::Worst), 0);
        assert_eq!(after(&tasks, 1, Ties::RunningStays), 1);
    }

    #[test]
    fn the_order_of_equals_is_known_by_the_engines_go() {
        for go in ["go1.19.8", "go1.19", "go1.21rc2", "go1.24.1 X:nocoverageredesign", "go2.0"] {
            assert_eq!(Ties::of(go), Ties::RunningStays, "{go}");
        }
        for go in ["go1.18.9", "go1.4", "go1", "", "1.20", "devel +a1b2c3", "go1.x", "gccgo1.20"] {
            assert_eq!(Ties::of(go), Ties::Worst, "{go}");
        }
    }

    #[test]
    fn a_task_that_fits_nowhere_goes_first() {
        assert_eq!(after(&[("a", "running"), ("", "pending")], 1, Ties::Worst), 1);
        assert_eq!(after(&[("a", "running"), ("a", "running"), ("", "pending")], 2, Ties::Worst), 2);
    }

    #[test]
    fn a_second_copy_on_a_node_goes_before_a_first_one_that_does_not_run() {
        let tasks = [("a", "running"), ("a", "running"), ("b", "starting")];
        assert_eq!(after(&tasks, 2, Ties::RunningStays), 1);
    }

    #[test]
    fn tasks_that_do_not_count_are_not_counted() {
        let mut world = World::default();
        for node in ["a", "b"] {
            world.task("web", node, "running");
        }
        let view = world.view();
        let living: Vec<&Task> = view.tasks.iter().collect();
        assert_eq!(healthy_after(&living, 2, |task| task.node == "a", Ties::Worst), 1);
    }
}
