//! What the managers can lose. Raft decides by more than half of its members, whether they are reachable or not.

use super::member::Member;
use super::view::View;
use crate::model::nodes::NodeRole;

/// The managers, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quorum {
    members: usize,
    reachable: usize,
}

impl Quorum {
    pub(super) fn of(view: &View) -> Self {
        let roles = || view.members.iter().map(Member::role);
        let members = roles().filter(|role| *role != NodeRole::Worker).count();
        let reachable =
            roles().filter(|role| matches!(role, NodeRole::Manager { reachable: true, .. })).count();
        Self { members, reachable }
    }

    /// With one more manager, that answers.
    pub(super) fn and_one(self) -> Self {
        Self { members: self.members + 1, reachable: self.reachable + 1 }
    }

    /// Without this manager: it is demoted.
    pub(super) fn without(self, role: NodeRole) -> Self {
        let loses = usize::from(matches!(role, NodeRole::Manager { reachable: true, .. }));
        Self { members: self.members.saturating_sub(1), reachable: self.reachable.saturating_sub(loses) }
    }

    /// While this manager does not answer: it stays a member.
    pub(super) fn while_away(self, role: NodeRole) -> Self {
        Self { members: self.members, ..self.without(role) }
    }

    /// Whether those that answer are more than half.
    pub(super) fn holds(self) -> bool {
        self.reachable > self.members / 2
    }

    /// For a sentence: `1 of 2 managers would answer, and 2 are needed`.
    pub(super) fn shown(self) -> String {
        let needed = self.members / 2 + 1;
        format!("{} of {} managers would answer, and {needed} are needed", self.reachable, self.members)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::World;
    use super::*;

    const ANSWERS: NodeRole = NodeRole::Manager { reachable: true, leader: false };
    const SILENT: NodeRole = NodeRole::Manager { reachable: false, leader: false };

    fn quorum(reachable: usize, silent: usize) -> Quorum {
        let mut world = World::default();
        world.node("w", "w");
        (0..reachable).for_each(|n| drop(world.manager(&format!("m{n}"), true).clone()));
        (0..silent).for_each(|n| drop(world.manager(&format!("s{n}"), false).clone()));
        Quorum::of(&world.view())
    }

    #[test]
    fn one_of_three_may_be_away_and_one_of_two_may_not() {
        assert!(quorum(3, 0).while_away(ANSWERS).holds());
        assert!(!quorum(2, 0).while_away(ANSWERS).holds());
        assert!(!quorum(1, 0).while_away(ANSWERS).holds());
        assert!(!quorum(2, 1).while_away(ANSWERS).holds(), "one is away already");
        assert!(quorum(2, 1).while_away(SILENT).holds());
    }

    #[test]
    fn a_demotion_makes_the_quorum_smaller_too() {
        assert!(quorum(2, 0).without(ANSWERS).holds());
        assert!(!quorum(1, 0).without(ANSWERS).holds(), "the last one");
        assert!(!quorum(2, 1).without(ANSWERS).holds());
        assert!(quorum(2, 1).without(SILENT).holds());
        assert!(quorum(1, 0).and_one().without(ANSWERS).holds(), "its successor came first");
        assert_eq!(quorum(2, 1).without(ANSWERS).shown(), "1 of 2 managers would answer, and 2 are needed");
    }
}
