//! Invariants 13 and 14. The truth is what was set on the world's nodes, and by which rollout.

use super::Past;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::engine::NodeStage;
use tidegate::model::nodes::Availability;
use tidegate::model::{NodeRef, RunId};
use tidegate::sim::{Doing, Hand, NodeDeed};

/// Nodes that a rollout took out, and those that cannot take work whoever it was.
#[derive(Default)]
pub struct Truth {
    by_rollout: BTreeMap<NodeRef, RunId>,
    closed: BTreeSet<NodeRef>,
    gone: BTreeSet<NodeRef>,
}

/// Never are more nodes of a pool out by our hand than its rollout allows.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.out;
    for deed in moment.deeds {
        let Doing::Node { node, is } = &deed.doing else { continue };
        match (is, &deed.by) {
            (NodeDeed::Set(Availability::Active), _) => {
                truth.by_rollout.remove(node);
                truth.closed.remove(node);
            }
            (NodeDeed::Set(Availability::Cordoned | Availability::Drained), by) => {
                truth.closed.insert(node.clone());
                if let Hand::Effect(id) = by {
                    truth.by_rollout.insert(node.clone(), id.run);
                    truth.few_enough(moment, id.run)?;
                }
            }
            (NodeDeed::Left, _) => {
                truth.by_rollout.remove(node);
                truth.closed.remove(node);
                truth.gone.insert(node.clone());
            }
            (
                NodeDeed::Made { .. }
                | NodeDeed::Removed
                | NodeDeed::Joined
                | NodeDeed::Moves(_)
                | NodeDeed::Fell
                | NodeDeed::Rose,
                _,
            ) => {}
        }
    }
    Ok(())
}

impl Truth {
    /// A new node that is emptied to be removed again was no node of the pool before; what was out before the rollout does not count.
    fn few_enough(&self, moment: &Moment<'_>, run: RunId) -> Result<(), String> {
        let Some(rollout) = moment.state.rollouts.get(&run) else { return Ok(()) };
        let old = |node: &&NodeRef| rollout.steps.values().any(|step| step.node == **node);
        let ours = self.by_rollout.iter().filter(|(_, by)| **by == run).map(|(node, _)| node);
        let new = |node: &&NodeRef| !rollout.out_before.contains(&node.name);
        let out: Vec<String> = ours.filter(old).filter(new).map(ToString::to_string).collect();
        if out.len() > rollout.how.max_unavailable as usize {
            return Err(format!(
                "rollout {run} has {} out, and {} may be",
                out.join(", "),
                rollout.how.max_unavailable
            ));
        }
        Ok(())
    }
}

/// After a node step was taken back, its old node can take work again.
pub fn taken_back(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    for rollout in moment.state.rollouts.values() {
        for place in rollout.bad.iter().filter_map(|place| rollout.at(*place)) {
            let before = moment.before.node_step_of(rollout.id, &place.key);
            let new = before.is_none_or(|before| before.generation != place.generation);
            if !new || !matches!(place.stage, NodeStage::Restored(_)) {
                continue;
            }
            // What somebody else set, or removed, is not ours to undo.
            let ours = past.out.by_rollout.get(&place.node) == Some(&rollout.id);
            if ours && past.out.closed.contains(&place.node) && !past.out.gone.contains(&place.node) {
                return Err(format!("{} was taken back and takes no work", place.node));
            }
        }
    }
    Ok(())
}
