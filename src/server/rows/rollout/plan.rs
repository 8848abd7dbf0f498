//! A plan as a row: what a rollout would do, before it is started.

use super::nodes::quarantine;
use crate::api::rollout::{PlanRow, PlannedRow};
use crate::engine::rollout::plan::Planned;
use crate::engine::rollout::{PlanError, is_out};
use crate::engine::{NodeStep, State};
use crate::model::{NodeRef, PoolName, ReleaseName, RunId, StepKey};

/// What a rollout of this release through this pool would do now.
///
/// # Errors
/// Why it cannot be started.
pub fn plan(state: &State, pool: &PoolName, release: &ReleaseName) -> Result<PlanRow, PlanError> {
    let plan = state.rollout_plan(pool, release)?;
    let out = state.nodes_of(pool, &plan.how).filter(|(_, look)| is_out(look));
    Ok(PlanRow {
        pool: plan.pool.clone(),
        fleet: plan.how.fleet.clone(),
        release: plan.release.clone(),
        plan: plan.hash(),
        strategy: plan.how.strategy,
        max_unavailable: plan.how.max_unavailable,
        soak: plan.how.soak,
        budget: plan.how.failure_budget,
        out: out.map(|(node, _)| node.name.clone()).collect(),
        quarantine: quarantine(state, pool, release),
        nodes: plan.nodes.iter().map(|one| planned(state, one)).collect(),
    })
}

fn planned(state: &State, one: &Planned) -> PlannedRow {
    let work = state.nodes.get(&one.node).into_iter().flat_map(|look| &look.work);
    let found = latest(state, &one.node);
    let blocks = found.and_then(|(_, step)| Some(step.preflight.as_ref()?.blocks.clone()));
    PlannedRow {
        node: one.node.name.clone(),
        wave: one.wave,
        zone: one.zone.clone(),
        manager: one.manager,
        was: one.was.clone(),
        work: work.map(|(workload, tasks)| (workload.clone(), *tasks)).collect(),
        blocks: blocks.unwrap_or_default(),
        found_by: found.map(|(run, _)| run),
    }
}

/// The latest step of a rollout that has asked what emptying this node would meet.
fn latest<'a>(state: &'a State, node: &NodeRef) -> Option<(RunId, &'a NodeStep)> {
    let key = StepKey::Node(node.clone());
    let mut steps = state.rollouts.values().rev().filter_map(|one| Some((one.id, one.steps.get(&key)?)));
    steps.find(|(_, step)| step.preflight.is_some())
}
