//! `status`, `runs`, `why`: looking, once.

use crate::api::client::Client;
use crate::api::status::Status;
use crate::api::subject::Subject;
use crate::api::why::Why;
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use crate::console::plain;
use crate::model::Waiting;

pub(crate) async fn status(client: &Client, json: bool, out: &mut Output<'_>) -> Result<(), Failure> {
    let status = client.status().await?;
    if json { out.json(&status) } else { plain(&status).lines().try_for_each(|line| out.line(line)) }
}

pub(crate) async fn runs(client: &Client, json: bool, out: &mut Output<'_>) -> Result<(), Failure> {
    let status = client.status().await?;
    if json {
        return out.json(&status.runs);
    }
    if status.runs.is_empty() {
        return out.line("no runs: nothing has moved yet; `tidegate start IMAGE` starts one");
    }
    let mut rows = vec![["RUN", "STATE", "CAUSE", "DOING"].map(ToOwned::to_owned).to_vec()];
    rows.extend(status.runs.iter().map(|run| {
        let doing = match &run.run.waiting {
            Some(waiting) if run.run.doing.is_empty() => format!("waits for {}", waiting.what),
            Some(_) | None => run.run.doing.clone(),
        };
        vec![run.run.run.to_string(), run.run.state.clone(), run.run.cause.clone(), doing]
    }));
    out.table(&rows)
}

pub(crate) async fn why(
    client: &Client,
    id: &[String],
    json: bool,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let id = full(&client.status().await?, &id.join(" "))?;
    let why = client.why(&id).await?;
    if json { out.json(&why) } else { print(&why, out) }
}

/// The id as the daemon takes it, with the step's full name.
fn full(status: &Status, id: &str) -> Result<String, Failure> {
    match find::subject(id)? {
        Subject::Run(run) => Ok(run.to_string()),
        Subject::Incident(incident) => Ok(format!("incident {incident}")),
        Subject::Step(..) => {
            let step = find::step(status, id, "", &|_| true)?;
            Ok(format!("{}/{}", step.run, step.step))
        }
    }
}

fn print(why: &Why, out: &mut Output<'_>) -> Result<(), Failure> {
    out.line(&format!("{}: {}", why.subject, why.state))?;
    for link in &why.chain {
        out.line(&format!("  {} waits for {}", link.subject, link.waiting.what))?;
        waiting(&link.waiting, out)?;
    }
    if !why.facts.is_empty() {
        out.line("what led here:")?;
        let fact = |fact: &crate::api::why::Fact| {
            vec![format!("  {}", fact.at.hours_minutes_seconds()), fact.who.clone(), fact.text.clone()]
        };
        out.table(&why.facts.iter().map(fact).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn waiting(waiting: &Waiting, out: &mut Output<'_>) -> Result<(), Failure> {
    let deadline = waiting.deadline.map(|at| format!(", {}", at.hours_minutes_seconds())).unwrap_or_default();
    out.line(&format!("    since {}", waiting.since.hours_minutes_seconds()))?;
    out.line(&format!("    who can end it: {}", waiting.who))?;
    out.line(&format!("    by itself: {}{deadline}", waiting.next))
}
