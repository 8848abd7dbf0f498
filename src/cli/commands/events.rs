//! `events`: lines of the journal.

use crate::api::client::Client;
use crate::api::rollout::called;
use crate::api::rows::EventRow;
use crate::cli::Failure;
use crate::cli::output::Output;
use crate::model::limits::EVENTS_AT_ONCE;
use crate::model::{RunId, Seq};
use futures_util::StreamExt;

/// Which lines, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    pub(crate) follow: bool,
    pub(crate) json: bool,
    pub(crate) last: usize,
    pub(crate) after: Option<u64>,
}

pub(crate) async fn events(client: &Client, ask: Ask, out: &mut Output<'_>) -> Result<(), Failure> {
    let after = match ask.after {
        Some(after) => Seq(after),
        None => Seq(client.status().await?.seq.0.saturating_sub(ask.last as u64)),
    };
    let mut lines = client.events(after, EVENTS_AT_ONCE, ask.follow).await?;
    while let Some(line) = lines.next().await {
        let row = line?;
        if ask.json {
            out.json_line(&row)?;
        } else {
            print(&row, out)?;
        }
    }
    Ok(())
}

/// `run 42` or `rollout 17`: by its step, else as the sentence itself calls it.
fn name(run: RunId, row: &EventRow) -> String {
    let rollout = format!("rollout {run}");
    match &row.step {
        Some(step) => called(run, step),
        None if row.text.starts_with(&rollout) => rollout,
        None => format!("run {run}"),
    }
}

fn print(row: &EventRow, out: &mut Output<'_>) -> Result<(), Failure> {
    let time = format!("{} {}", row.at.day(), row.at.hours_minutes_seconds());
    let run = row.run.map(|run| format!("{}: ", name(run, row))).unwrap_or_default();
    out.line(&format!(
        "{:>6}  {time:>15}  {:<12}  {run}{}",
        row.seq.to_string(),
        row.by.to_string(),
        row.text
    ))?;
    Ok(out.0.flush()?)
}
