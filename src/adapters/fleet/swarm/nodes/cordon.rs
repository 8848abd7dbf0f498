//! Letting nothing new land on a node, and saying what is on it then.

use super::member::Member;
use super::view::{View, fits_nowhere};
use crate::adapters::fleet::swarm::manager::Trouble;
use crate::adapters::fleet::swarm::port::Swarm;
use crate::adapters::fleet::swarm::wire::Task;
use crate::model::limits::{CORDON_LOOKS_EVERY, CORDON_SETTLES};
use crate::model::nodes::{Availability, NodeReport};
use tokio::time::Instant;

impl Swarm {
    /// Nothing new is placed on a node from now on. One that is drained stays so.
    pub(super) async fn pause(&self, member: &Member) -> Result<NodeReport, Trouble> {
        if member.availability() != Availability::Active {
            return Ok(NodeReport::Done { found: true });
        }
        // Whatever an earlier shift of this node left was overtaken by whoever set it active again.
        self.set_availability(&member.id, Availability::Active).await?;
        self.take_back(Some(&member.id)).await?;
        self.set_availability(&member.id, Availability::Cordoned).await
    }

    /// The same, with what is on the node once it took effect.
    pub(super) async fn cordon(&self, member: &Member) -> Result<NodeReport, Trouble> {
        match self.pause(member).await? {
            NodeReport::Done { found } | NodeReport::Cordoned { found, .. } => {
                self.carried(&member.id, found).await
            }
            other @ (NodeReport::Gone | NodeReport::Refused(_)) => Ok(other),
        }
    }

    /// What a node carries that takes nothing new: read after the change to it was confirmed, and after everything that the scheduler may have
    /// been placing at that moment has its place.
    async fn carried(&self, id: &str, found: bool) -> Result<NodeReport, Trouble> {
        let deadline = Instant::now() + CORDON_SETTLES.to_std();
        loop {
            let view = self.view().await?;
            let Some(member) = view.member(id) else { return Ok(NodeReport::Gone) };
            if member.availability() == Availability::Active {
                let what = format!("{} was set active again by somebody else", member.shown());
                return Err(self.manager.silent(&what));
            }
            if settled(&view) || Instant::now() >= deadline {
                return Ok(NodeReport::Cordoned { found, work: view.carried_on(id) });
            }
            tokio::time::sleep(CORDON_LOOKS_EVERY.to_std()).await;
        }
    }
}

/// Whether the scheduler can be placing nothing by what it knew before a change to a node.
///
/// It does not compare a node's version when it gives a task that waits its place (swarmkit `manager/scheduler/scheduler.go`,
/// `applySchedulingDecisions`), so that one which it was placing at the moment of the change may still land there. A task that is made, or
/// begins to wait, later is placed by what it knows then.
fn settled(view: &View) -> bool {
    let waits = |task: &Task| task.node.is_empty() && task.status.state == "pending" && !fits_nowhere(task);
    !view.tasks.iter().any(waits)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{World, up};
    use super::*;
    use serde_json::json;

    #[test]
    fn a_cordon_is_sure_once_no_task_waits_for_its_place() {
        let mut world = World::default();
        world.node("n1", "w1");
        world.service("web", 3);
        up(&mut world, "web", "n1");
        world.task("web", "n1", "preparing");
        // The allocator has it yet: the scheduler will see it only after the node.
        world.task("web", "", "new");
        assert!(settled(&world.view()));
        world.task("web", "", "pending");
        assert!(!settled(&world.view()), "it may be on its way to the node");
        let waits = world.tasks.last_mut().unwrap();
        waits["Status"]["Err"] = json!("no suitable node (host-mode port already in use on 3 nodes)");
        assert!(settled(&world.view()), "what fits nowhere is not waited for");
        let waits = world.tasks.last_mut().unwrap();
        (waits["NodeID"], waits["Status"]) = (json!("n1"), json!({"State": "assigned"}));
        let view = world.view();
        assert!(settled(&view));
        assert_eq!(
            view.work_on("n1")[&"prod/web".parse().unwrap()],
            3,
            "also what has only been given its place"
        );
    }
}
