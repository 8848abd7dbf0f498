//! `rollout`: shows what a rollout would do, and starts it when the plan was seen or need not be.

use super::steer::send;
use crate::api::client::{Client, ClientError};
use crate::api::rollout::{PlanRow, PlannedRow, said};
use crate::cli::args::StartRollout;
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use crate::model::nodes::Strategy;
use crate::model::{Command, NodeId, Seen};

pub(crate) async fn start(
    client: &Client,
    typed: &StartRollout,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let plan = client.plan(&typed.pool, &typed.release).await.map_err(|error| match error {
        ClientError::Problem(why) => Failure::Refused(why),
        other => Failure::Client(other),
    })?;
    if typed.json {
        out.json(&plan)?;
    } else {
        print(&plan, out)?;
    }
    match &typed.plan {
        Some(prefix) => seen(&plan, prefix)?,
        None if typed.yes => {}
        None => {
            let (pool, release, hash) = (&plan.pool, &plan.release, plan.plan.short());
            return Err(Failure::Usage(format!(
                "nothing was started; exactly this is started with `tidegate rollout {pool} {release} --plan {hash}`"
            )));
        }
    }
    let command = Command::StartRollout {
        pool: plan.pool,
        release: plan.release,
        seen: Seen { plan: Some(plan.plan), ..Seen::default() },
        reason: typed.reason.clone(),
    };
    send(client, &command, out).await
}

/// Whether the plan is the one that the caller saw.
fn seen(plan: &PlanRow, prefix: &str) -> Result<(), Failure> {
    if plan.plan.hex().starts_with(&find::prefix(prefix)?) {
        return Ok(());
    }
    let (now, pool, release) = (plan.plan.short(), &plan.pool, &plan.release);
    Err(Failure::Stale(format!(
        "the plan is {now} now, not {prefix}; look again with `tidegate rollout {pool} {release}`, then decide again"
    )))
}

fn print(plan: &PlanRow, out: &mut Output<'_>) -> Result<(), Failure> {
    let count = plan.nodes.len();
    let waves = plan.nodes.last().map_or(0, |node| node.wave);
    let (release, pool, fleet) = (&plan.release, &plan.pool, &plan.fleet);
    out.line(&format!("release {release} for pool {pool} of fleet {fleet}: {count} nodes in {waves} waves"))?;
    let how = match plan.strategy {
        Strategy::Surge => "a new node takes the work over, then the old one leaves",
        Strategy::InPlace => "each node is emptied, updated where it stands, and takes new work",
    };
    out.line(&format!("  {how}"))?;
    let (most, soak, budget) = (plan.max_unavailable, plan.soak, plan.budget);
    out.line(&format!("  at most {most} out at a time, each watched for {soak}; {budget} may fail"))?;
    out.line(&format!("  out now: {}", names(&plan.out)))?;
    if let Some(why) = &plan.quarantine {
        out.line(&format!("  in quarantine, and released from it by a start: {why}"))?;
    }
    let head = ["WAVE", "NODE", "ZONE", "HAS", "GETS", "WORK", "PREFLIGHT"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(plan.nodes.iter().map(|node| cells(plan, node)));
    out.table(&rows)?;
    plan.nodes.iter().flat_map(found).try_for_each(|line| out.line(&line))?;
    out.line(&format!("plan {}", plan.plan.short()))
}

fn names(nodes: &[NodeId]) -> String {
    if nodes.is_empty() {
        return "none".to_owned();
    }
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}

fn cells(plan: &PlanRow, row: &PlannedRow) -> Vec<String> {
    let manager = if row.manager { " (manager)" } else { "" };
    let tasks: u32 = row.work.iter().map(|(_, tasks)| tasks).sum();
    vec![
        row.wave.to_string(),
        format!("{}{manager}", row.node),
        row.zone.clone().unwrap_or_else(|| "-".to_owned()),
        row.was.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        plan.release.to_string(),
        format!("{} workloads, {tasks} tasks", row.work.len()),
        row.stands(),
    ]
}

/// What the preflight of a node found, line by line.
fn found(row: &PlannedRow) -> Vec<String> {
    let line = |how: &str, what: &str| format!("  {}: {how}: {what}", row.node);
    let blocks = row.blocks.iter().map(|finding| line("in the way", &said(finding)));
    let notes = row.notes.iter().map(|finding| line("to know", &said(finding)));
    let unknown = row.unknown.iter().map(|why| line("not known", why));
    blocks.chain(notes).chain(unknown).collect()
}
