//! A plan as a row: what a rollout would do, before it is started.

use super::nodes::quarantine;
use crate::api::rollout::{PlanRow, PlannedRow};
use crate::daemon::Preflights;
use crate::engine::State;
use crate::engine::rollout::is_out;
use crate::engine::rollout::plan::{Plan, Planned};
use crate::model::limits;
use crate::model::nodes::{NodeChange, PreflightReport};

/// What a rollout would do now, with what the fleet said of its nodes.
pub fn plan(state: &State, plan: &Plan, found: &Preflights) -> PlanRow {
    let out = state.nodes_of(&plan.pool, &plan.how).filter(|(_, look)| is_out(look));
    PlanRow {
        pool: plan.pool.clone(),
        fleet: plan.how.fleet.clone(),
        release: plan.release.clone(),
        scale: plan.scale,
        plan: plan.hash(),
        strategy: plan.how.strategy,
        max_unavailable: plan.how.max_unavailable,
        soak: plan.how.soak,
        budget: plan.how.failure_budget,
        out: out.map(|(node, _)| node.name.clone()).collect(),
        // Scaling lets nothing out of quarantine.
        quarantine: quarantine(state, &plan.pool, &plan.release).filter(|_| plan.scale.is_none()),
        nodes: plan.nodes.iter().map(|one| planned(state, one, found)).collect(),
    }
}

fn planned(state: &State, one: &Planned, found: &Preflights) -> PlannedRow {
    let work = state.nodes.get(&one.node).into_iter().flat_map(|look| &look.work);
    let (report, unknown) = match found.get(&one.node) {
        // It is not there yet: nothing is to be asked.
        None if one.change == NodeChange::Grow => (PreflightReport::default(), None),
        Some(Ok(report)) => (report.clone(), None),
        Some(Err(why)) => (PreflightReport::default(), Some(why.clone())),
        None => (PreflightReport::default(), Some(beyond())),
    };
    PlannedRow {
        change: one.change,
        node: one.node.name.clone(),
        wave: one.wave,
        zone: one.zone.clone(),
        manager: one.manager,
        was: one.was.clone(),
        work: work.map(|(workload, tasks)| (workload.clone(), *tasks)).collect(),
        blocks: report.blocks,
        notes: report.notes,
        unknown,
    }
}

fn beyond() -> String {
    format!("only the first {} nodes were asked about; it is when its step begins", limits::PLAN_NODES)
}
