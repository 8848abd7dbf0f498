//! `rollout` and `scale`: show what a rollout would do, and start it when the plan was seen or need not be.

use super::steer::send;
use crate::api::client::{Client, ClientError};
use crate::api::rollout::{Goal, PlanRow, PlannedRow, said};
use crate::cli::args::{FromPlan, StartRollout, StartScale};
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use crate::model::nodes::{NodeChange, Strategy};
use crate::model::{Command, NodeId, PoolName, Seen, limits};

pub(crate) async fn start(
    client: &Client,
    typed: &StartRollout,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let goal = Goal::Release(typed.release.clone());
    let again = format!("tidegate rollout {} {}", typed.pool, typed.release);
    let plan = shown(client, &typed.pool, &goal, &typed.from, &again, out).await?;
    let command = Command::StartRollout {
        pool: plan.pool,
        release: plan.release,
        seen: Seen { plan: Some(plan.plan), ..Seen::default() },
        reason: typed.from.reason.clone(),
    };
    send(client, &command, out).await
}

pub(crate) async fn scale(client: &Client, typed: &StartScale, out: &mut Output<'_>) -> Result<(), Failure> {
    let again = format!("tidegate scale {} {}", typed.pool, typed.nodes);
    let plan = shown(client, &typed.pool, &Goal::Nodes(typed.nodes), &typed.from, &again, out).await?;
    let command = Command::Scale {
        pool: plan.pool,
        nodes: typed.nodes,
        seen: Seen { plan: Some(plan.plan), ..Seen::default() },
        reason: typed.from.reason.clone(),
    };
    send(client, &command, out).await
}

/// Shows the plan; it is returned only where it is to be started. `again` is the command that shows it.
async fn shown(
    client: &Client,
    pool: &PoolName,
    goal: &Goal,
    from: &FromPlan,
    again: &str,
    out: &mut Output<'_>,
) -> Result<PlanRow, Failure> {
    let plan = client.plan(pool, goal).await.map_err(|error| match error {
        ClientError::Conflict(why) => Failure::Refused(why),
        other => Failure::Client(other),
    })?;
    if from.json {
        out.json(&plan)?;
    } else {
        print(&plan, out)?;
    }
    match &from.plan {
        Some(prefix) => seen(&plan, prefix, again)?,
        None if from.yes => {}
        None => {
            let hash = plan.plan.short();
            return Err(Failure::Usage(format!(
                "nothing was started; exactly this is started with `{again} --plan {hash}`"
            )));
        }
    }
    Ok(plan)
}

/// Whether the plan is the one that the caller saw.
fn seen(plan: &PlanRow, prefix: &str, again: &str) -> Result<(), Failure> {
    if plan.plan.hex().starts_with(&find::prefix(prefix)?) {
        return Ok(());
    }
    let now = plan.plan.short();
    Err(Failure::Stale(format!(
        "the plan is {now} now, not {prefix}; look again with `{again}`, then decide again"
    )))
}

fn print(plan: &PlanRow, out: &mut Output<'_>) -> Result<(), Failure> {
    let count = plan.nodes.len();
    let waves = plan.nodes.last().map_or(0, |node| node.wave);
    let (release, pool, fleet) = (&plan.release, &plan.pool, &plan.fleet);
    let (most, soak, budget) = (plan.max_unavailable, plan.soak, plan.budget);
    let pace = format!("at most {most} out at a time, each watched for {soak}; {budget} may fail");
    let (head, how, pace) = match (plan.scale, plan.strategy) {
        (Some(scale), _) if scale.to > scale.from => (
            format!("pool {pool} of fleet {fleet}: {scale}"),
            format!("{count} nodes with {release} are made and join; no work is moved"),
            format!("{} at a time; {budget} may fail", limits::GROW_AT_ONCE),
        ),
        (Some(scale), _) => (
            format!("pool {pool} of fleet {fleet}: {scale} in {waves} waves"),
            "the work of a node moves to the others, then the node leaves and its machine is removed"
                .to_owned(),
            pace,
        ),
        (None, Strategy::Surge) => (
            format!("release {release} for pool {pool} of fleet {fleet}: {count} nodes in {waves} waves"),
            "a new node takes the work over, then the old one leaves".to_owned(),
            pace,
        ),
        (None, Strategy::InPlace) => (
            format!("release {release} for pool {pool} of fleet {fleet}: {count} nodes in {waves} waves"),
            "each node is emptied, updated where it stands, and takes new work".to_owned(),
            pace,
        ),
    };
    out.line(&head)?;
    out.line(&format!("  {how}"))?;
    out.line(&format!("  {pace}"))?;
    out.line(&format!("  out now: {}", names(&plan.out)))?;
    if let Some(why) = &plan.quarantine {
        out.line(&format!("  in quarantine, and released from it by a start: {why}"))?;
    }
    let head = ["WAVE", "NODE", "ZONE", "HAS", "GETS", "WORK", "PREFLIGHT"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(folded(plan));
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

/// The rows of a plan's nodes. New nodes have no names yet: those of one wave and zone are one row, with how many they are.
fn folded(plan: &PlanRow) -> Vec<Vec<String>> {
    let mut rows: Vec<(Vec<String>, usize)> = Vec::new();
    for node in &plan.nodes {
        let cells = cells(plan, node);
        let like = rows.iter_mut().find(|(row, _)| node.change == NodeChange::Grow && *row == cells);
        match like {
            Some((_, count)) => *count += 1,
            None => rows.push((cells, 1)),
        }
    }
    for (row, count) in rows.iter_mut().filter(|(_, count)| *count > 1) {
        row[1] = format!("{} x{count}", row[1]);
    }
    rows.into_iter().map(|(row, _)| row).collect()
}

fn cells(plan: &PlanRow, row: &PlannedRow) -> Vec<String> {
    let manager = if row.manager { " (manager)" } else { "" };
    let tasks: u32 = row.work.iter().map(|(_, tasks)| tasks).sum();
    let gets = if row.change == NodeChange::Shrink { "leaves".to_owned() } else { plan.release.to_string() };
    let node = if row.change == NodeChange::Grow { "(new)".to_owned() } else { row.node.to_string() };
    vec![
        row.wave.to_string(),
        format!("{node}{manager}"),
        row.zone.clone().unwrap_or_else(|| "-".to_owned()),
        row.was.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
        gets,
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
