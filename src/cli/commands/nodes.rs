//! `nodes`: the nodes of all fleets, with their pools and releases.

use crate::api::client::Client;
use crate::api::rollout::role;
use crate::api::rows::NodeRow;
use crate::cli::Failure;
use crate::cli::output::Output;

pub(crate) async fn nodes(client: &Client, json: bool, out: &mut Output<'_>) -> Result<(), Failure> {
    let status = client.status().await?;
    if json {
        return out.json(&status.nodes);
    }
    if status.nodes.is_empty() {
        return out.line("no node was seen yet: no fleet is configured, or none was reached");
    }
    let head = ["NODE", "POOL", "RELEASE", "ZONE", "ROLE", "STATE", "WORK"];
    let mut rows = vec![head.map(ToOwned::to_owned).to_vec()];
    rows.extend(status.nodes.iter().map(cells));
    out.table(&rows)
}

fn cells(row: &NodeRow) -> Vec<String> {
    let named = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    let tasks: u32 = row.work.iter().map(|(_, tasks)| tasks).sum();
    let held = row.run.map(|run| format!(", rollout {run}")).unwrap_or_default();
    vec![
        row.node.to_string(),
        named(row.pool.as_ref().map(ToString::to_string)),
        named(row.release.as_ref().map(ToString::to_string)),
        named(row.zone.clone()),
        role(row.role).to_owned(),
        format!("{}{held}", row.state),
        format!("{} workloads, {tasks} tasks", row.work.len()),
    ]
}
