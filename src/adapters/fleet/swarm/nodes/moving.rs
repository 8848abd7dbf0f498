//! The label that a shift keeps on a service: what its number of tasks was, and what was added for which node.
//!
//! Number and label change in one update of the service, fenced by its version. So the label is there exactly when the addition is, and
//! adding or taking away twice does nothing the second time. Each node has an entry of its own: two nodes may be emptied at once.
//!
//! A number that is not the label's is somebody's who scaled the service meanwhile. It stays as it is: theirs is the word on how many there shall be.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The label; it begins as all of ours do, so that it is no part of what identifies a spec.
pub(in crate::adapters::fleet::swarm) const LABEL: &str = "tidegate.shift";
/// Ended entries that are kept, for a shift that is asked for again.
const KEPT: usize = 8;

/// What shifts have done to a service's number of tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::adapters::fleet::swarm) struct Moving {
    /// What it is without what was added.
    pub(in crate::adapters::fleet::swarm) base: u64,
    /// By Swarm's id of the node.
    pub(in crate::adapters::fleet::swarm) nodes: BTreeMap<String, Part>,
}

/// What was done for one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::adapters::fleet::swarm) struct Part {
    /// Tasks that were added and not taken away yet.
    pub(in crate::adapters::fleet::swarm) add: u64,
    /// Tasks that must be healthy at any moment: as many as were before, and never more than there shall be.
    pub(in crate::adapters::fleet::swarm) goal: u64,
    /// Tasks that were on the node.
    pub(in crate::adapters::fleet::swarm) tasks: u64,
    /// When the newest task from before was made, by the leader's clock: what is newer came by the shift.
    pub(in crate::adapters::fleet::swarm) since: DateTime<Utc>,
    /// Whether it has ended.
    pub(in crate::adapters::fleet::swarm) done: bool,
}

impl Part {
    /// Whether both are of one shift. What was added may have been overtaken by somebody who scaled the service.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        (self.goal, self.tasks, self.since, self.done) == (other.goal, other.tasks, other.since, other.done)
    }
}

impl Moving {
    /// What a label says; one that cannot be read says nothing.
    pub(in crate::adapters::fleet::swarm) fn read(label: &str) -> Option<Self> {
        serde_json::from_str(label).ok()
    }

    /// As it stands in the label.
    pub(in crate::adapters::fleet::swarm) fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers, times and names are JSON")
    }

    /// How many tasks there shall be, with what was added.
    pub(in crate::adapters::fleet::swarm) fn wanted(&self) -> u64 {
        self.nodes.values().fold(self.base, |sum, part| sum.saturating_add(part.add))
    }

    /// What holds for a service of so many tasks: the label, or where somebody else set the number, that number.
    pub(super) fn of(label: Option<Self>, replicas: u64) -> Self {
        match label {
            Some(moving) if moving.wanted() == replicas => moving,
            Some(mut moving) => {
                moving.base = replicas;
                moving.nodes.values_mut().for_each(|part| part.add = 0);
                moving
            }
            None => Self { base: replicas, nodes: BTreeMap::new() },
        }
    }

    /// The entry of a shift that is under way.
    pub(super) fn open(&self, node: &str) -> Option<&Part> {
        self.nodes.get(node).filter(|part| !part.done)
    }

    /// Whether a task on this node is about to be moved away, so that nobody may count on it.
    pub(super) fn is_leaving(&self, node: &str) -> bool {
        self.open(node).is_some()
    }

    /// With a shift of this node begun.
    pub(super) fn begun(mut self, node: &str, part: Part) -> Self {
        self.nodes.insert(node.to_owned(), part);
        let mut ended: Vec<_> =
            self.nodes.iter().filter(|(_, p)| p.done).map(|(node, p)| (p.since, node.clone())).collect();
        ended.sort();
        for (_, node) in ended.iter().take(ended.len().saturating_sub(KEPT)) {
            self.nodes.remove(node);
        }
        self
    }

    /// Without a word of this node, and what was added for it taken away.
    pub(super) fn forgotten(mut self, node: &str) -> Self {
        self.nodes.remove(node);
        self
    }

    /// With the shift of this node ended, and what it had added taken away.
    pub(super) fn ended(mut self, node: &str) -> Self {
        if let Some(part) = self.nodes.get_mut(node) {
            part.add = 0;
            part.done = true;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn part(add: u64) -> Part {
        let since = "2026-11-26T07:00:00Z".parse().unwrap();
        Part { add, goal: 2, tasks: add, since, done: false }
    }

    #[test]
    fn what_is_added_for_two_nodes_is_taken_away_one_by_one_and_once() {
        let moving = Moving::of(None, 2).begun("a", part(1)).begun("b", part(1));
        assert_eq!(moving.wanted(), 4);
        let moving = Moving::of(Moving::read(&moving.text()), 4).ended("a").ended("a");
        assert_eq!((moving.wanted(), moving.is_leaving("a"), moving.is_leaving("b")), (3, false, true));
        assert_eq!(moving.ended("b").wanted(), 2);
    }

    #[test]
    fn an_entry_is_known_again_whatever_became_of_its_number() {
        let (one, later) = (part(1), "2026-11-26T08:00:00Z".parse().unwrap());
        assert!(one.is_of(&Part { add: 0, ..part(1) }));
        assert!(!one.is_of(&Part { since: later, ..part(1) }));
    }

    #[test]
    fn a_number_that_somebody_else_set_stays() {
        let moving = Moving::of(None, 1).begun("a", part(1));
        let theirs = Moving::of(Some(moving), 5);
        assert_eq!((theirs.wanted(), theirs.ended("a").wanted()), (5, 5));
    }

    #[test]
    fn ended_entries_do_not_grow_without_end() {
        let mut moving = Moving::of(None, 1);
        for node in 0..50 {
            moving = moving.begun(&format!("n{node:02}"), part(0)).ended(&format!("n{node:02}"));
        }
        assert!(moving.nodes.len() <= KEPT + 1);
        assert!(Moving::read("{").is_none());
    }
}
