//! The commands that change something: what is meant is looked up, and sent with what was just read.

use crate::api::Reply;
use crate::api::client::Client;
use crate::api::rows::{KeptRow, May, RolloutPart, StepRow};
use crate::cli::args::{Cmd, OnStep};
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use crate::model::{Command, Digest, RunId, Seen, Span, StepKey, Timestamp};

pub(crate) async fn steer(client: &Client, typed: &Cmd, out: &mut Output<'_>) -> Result<(), Failure> {
    if let Cmd::Rollback(back) = typed
        && back.all
    {
        return back_all(client, &back.on, out).await;
    }
    let command = command(client, typed).await?;
    send(client, &command, out).await
}

/// What an order to take everything back does not reach is said with it.
async fn back_all(client: &Client, on: &OnStep, out: &mut Output<'_>) -> Result<(), Failure> {
    let status = client.status().await?;
    let row = find::rollout(&status, find::run(&on.id)?)?;
    let reason = needed(on.reason.as_ref(), "to roll back all")?;
    send(client, &Command::RollBackAll { run: row.run, reason }, out).await?;
    let keeps = |part: &RolloutPart| {
        let line = |one: &KeptRow| format!("{} keeps {}: {}", one.node, part.release, one.why);
        part.keeps.iter().map(line).collect::<Vec<_>>()
    };
    let lines = row.rollout.as_deref().map(keeps).unwrap_or_default();
    lines.iter().try_for_each(|line| out.line(line))
}

/// Sends a command and says what became of it.
pub(super) async fn send(client: &Client, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
    match client.send(command).await? {
        Reply::Accepted { message, .. } => out.line(&message),
        Reply::Already { message } => out.line(&format!("nothing to do: {message}")),
        Reply::Rejected { reason, stale: true } => Err(Failure::Stale(reason)),
        Reply::Rejected { reason, stale: false } => Err(Failure::Refused(reason)),
    }
}

async fn command(client: &Client, typed: &Cmd) -> Result<Command, Failure> {
    Ok(match typed {
        Cmd::Approve(on) => {
            let (run, step, seen) = step(client, on, May::Approve).await?;
            Command::Approve { run, step, seen, note: on.reason.clone() }
        }
        Cmd::Reject(on) => {
            let needed = || Failure::Usage("a rejection needs its reason; say why with --reason".to_owned());
            let reason = on.reason.clone().ok_or_else(needed)?;
            let (run, step, seen) = step(client, on, May::Reject).await?;
            Command::Reject { run, step, seen, reason }
        }
        Cmd::Retry(on) => {
            let (run, step, seen) = step(client, on, May::Retry).await?;
            Command::Retry { run, step, seen, reason: on.reason.clone() }
        }
        Cmd::Rollback(back) => {
            let (run, step, seen) = step(client, &back.on, May::Rollback).await?;
            Command::Rollback { run, step, seen, reason: back.on.reason.clone() }
        }
        Cmd::Forward { id, release, reason } => {
            let status = client.status().await?;
            let row = find::rollout(&status, find::run(id)?)?;
            let release = release.clone().or_else(|| row.rollout.as_ref()?.forward.clone());
            let none = || {
                let state = format!("rollout {} is {}", row.run, row.state);
                Failure::Usage(format!(
                    "no release was announced to which it could go on ({state}); name one"
                ))
            };
            Command::RollForward { run: row.run, release: release.ok_or_else(none)?, reason: reason.clone() }
        }
        Cmd::Skip { id, reason } => {
            let on = OnStep { id: id.join(" "), reason: None, digest: None };
            let (run, step, seen) = step(client, &on, May::Skip).await?;
            Command::SkipNode { run, step, seen, reason: reason.clone() }
        }
        Cmd::Release { pool, release } => Command::Release { pool: pool.clone(), release: release.clone() },
        Cmd::SkipRelease(of) => Command::SkipRelease {
            pool: of.pool.clone(),
            release: of.release.clone(),
            reason: needed(of.reason.as_ref(), "to skip a release")?,
        },
        Cmd::UnskipRelease(of) => Command::UnskipRelease {
            pool: of.pool.clone(),
            release: of.release.clone(),
            reason: of.reason.clone(),
        },
        Cmd::Pin(of) => {
            Command::Pin { pool: of.pool.clone(), reason: needed(of.reason.as_ref(), "to pin a pool")? }
        }
        Cmd::Unpin(of) => Command::Unpin { pool: of.pool.clone(), reason: of.reason.clone() },
        Cmd::Start { image, reason } => {
            Command::Start { image: find::image(&client.status().await?, image)?, reason: reason.clone() }
        }
        Cmd::Unquarantine { workload, reason } => {
            let workload = find::workload(&client.status().await?, workload)?;
            Command::Unquarantine { workload, reason: reason.clone() }
        }
        other => whole(other)?,
    })
}

/// The commands for which nothing must be looked up.
fn whole(typed: &Cmd) -> Result<Command, Failure> {
    Ok(match typed {
        Cmd::Pause { id, reason, span } => {
            Command::Pause { run: find::run(id)?, reason: reason.clone(), until: until(*span) }
        }
        Cmd::Resume { id, reason } => Command::Resume { run: find::run(id)?, reason: reason.clone() },
        Cmd::Abort { id, reason } => Command::Abort { run: find::run(id)?, reason: reason.clone() },
        Cmd::Freeze { reason, span } => Command::Freeze { reason: reason.clone(), until: until(*span) },
        Cmd::Thaw { reason } => Command::Thaw { reason: reason.clone() },
        Cmd::Claim { incident } => Command::Claim { incident: find::incident(incident)? },
        Cmd::Close { incident, reason } => {
            Command::Close { incident: find::incident(incident)?, reason: reason.clone() }
        }
        Cmd::Approve(_)
        | Cmd::Reject(_)
        | Cmd::Retry(_)
        | Cmd::Rollback(_)
        | Cmd::Release { .. }
        | Cmd::SkipRelease(_)
        | Cmd::UnskipRelease(_)
        | Cmd::Pin(_)
        | Cmd::Unpin(_)
        | Cmd::Rollout(_)
        | Cmd::Scale(_)
        | Cmd::Forward { .. }
        | Cmd::Skip { .. }
        | Cmd::Nodes { .. }
        | Cmd::Start { .. }
        | Cmd::Unquarantine { .. }
        | Cmd::Demo(_)
        | Cmd::Drill(_)
        | Cmd::Daemon(_)
        | Cmd::Check { .. }
        | Cmd::Notify { .. }
        | Cmd::Lineage { .. }
        | Cmd::Status { .. }
        | Cmd::Runs { .. }
        | Cmd::Dossier { .. }
        | Cmd::Why { .. }
        | Cmd::Logs { .. }
        | Cmd::Events { .. } => return Err(Failure::Failed("this asks for nothing to be done".to_owned())),
    })
}

fn needed(reason: Option<&String>, what: &str) -> Result<String, Failure> {
    let missing = || Failure::Usage(format!("{what} needs its reason; say why with --reason"));
    reason.cloned().ok_or_else(missing)
}

fn until(span: Option<Span>) -> Option<Timestamp> {
    span.map(|span| Timestamp::from(chrono::Utc::now()) + span)
}

/// The step that is meant, and what is seen of it now.
async fn step(client: &Client, on: &OnStep, may: May) -> Result<(RunId, StepKey, Seen), Failure> {
    let status = client.status().await?;
    let found = find::step(&status, &on.id, find::words(may), &|step| step.may.contains(&may))?;
    if let Some(prefix) = &on.digest {
        pinned(found, prefix)?;
    }
    Ok((found.run, found.step.clone(), found.expect.clone()))
}

/// Whether the step is about what the caller saw.
fn pinned(step: &StepRow, prefix: &str) -> Result<(), Failure> {
    let now = step.expect.digest.as_ref().or(step.digest.as_ref());
    let hex = find::prefix(prefix)?;
    if now.is_some_and(|digest| digest.hex().starts_with(&hex)) {
        return Ok(());
    }
    let now = now.map_or("nothing yet", Digest::short);
    Err(Failure::Stale(format!(
        "{}/{} is about {now}, not {hex}; look again with `tidegate why {}/{}`, then decide again",
        step.run, step.step, step.run, step.step
    )))
}
