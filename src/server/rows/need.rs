//! What needs a person, worst first by `harm`.

use super::{View, hold, rollout, standing};
use crate::api::rows::{Mark, NeedRow, Row, RowKey};
use crate::engine::describe::subject;
use crate::engine::outbox::Delivery;
use crate::engine::run::{DeployStage, Step};
use crate::engine::{Cause, Incident, Run};
use crate::model::Timestamp;
use crate::model::setup::OnFailure;

/// Users are hurt, or may be.
pub(super) const HURT: u8 = 0;
/// Something failed.
pub(super) const FAILED: u8 = 1;
/// An approval waits.
pub(super) const WAITS: u8 = 2;
/// A pause or freeze stands.
pub(super) const STANDS: u8 = 3;

pub(super) fn needs(view: View<'_>) -> Vec<Row> {
    let state = view.state;
    let incidents = state.incidents.values().filter(|i| i.closed.is_none()).map(|i| incident(view, i));
    let steps = state.active().flat_map(|run| run.steps.values().filter_map(move |s| step(view, run, s)));
    let pauses = state.active().filter_map(pause);
    let fleets = state.refused_fleets.iter().map(|(fleet, holder)| NeedRow {
        subject: format!("fleet {fleet}"),
        mark: Mark::Unknown,
        harm: FAILED,
        object: format!("fleet {fleet}"),
        text: format!("held by another daemon: {holder}"),
        outcome: "nothing is done there until it is free, or taken over".to_owned(),
        deadline: None,
        since: state.now,
        leads_to: Some(RowKey::Source(format!("fleet {fleet}"))),
    });
    let all = incidents
        .chain(untold(view))
        .chain(steps)
        .chain(pauses)
        .chain(rollout::need::needs(view))
        .chain(rollout::need::orphans(view))
        .chain(fleets)
        .chain(freeze(view))
        .chain(stuck(view))
        .chain(unread(view));
    all.map(Row::Need).collect()
}

fn incident(view: View<'_>, incident: &Incident) -> NeedRow {
    if let Some(rollout) = view.state.rollouts.get(&incident.run)
        && let Some(step) = rollout.steps.get(&incident.step)
    {
        let mark = rollout::standing::mark(rollout, step);
        return incident_need(incident, mark, rollout::need::harm(&incident.cause, step));
    }
    let step = view.state.step_of(incident.run, &incident.step);
    let stuck = matches!(incident.cause, Cause::RestoreFailed { .. } | Cause::Gone);
    let stops = step.and_then(Step::deploy).is_some_and(|deploy| {
        deploy.how.on_failure == OnFailure::Stop && matches!(deploy.stage, DeployStage::Failed(_))
    });
    let going_back = matches!(step.and_then(Step::deploy).map(|d| &d.stage), Some(DeployStage::Restoring(_)));
    let mark = match (&view.state.runs.get(&incident.run), step) {
        (Some(run), Some(step)) => standing::mark(run, step),
        _ => Mark::Failed,
    };
    incident_need(incident, mark, if stuck || stops || going_back { HURT } else { FAILED })
}

fn incident_need(incident: &Incident, mark: Mark, harm: u8) -> NeedRow {
    let claimed = incident.claimed.as_ref().map(|(by, _)| format!(", {by} looks at it")).unwrap_or_default();
    NeedRow {
        subject: format!("incident {}", incident.id),
        mark,
        harm,
        object: format!("incident {}", incident.id),
        text: format!("{}: {}{claimed}", subject(&incident.step), incident.cause.class()),
        outcome: "stays open".to_owned(),
        deadline: None,
        since: incident.opened,
        leads_to: Some(RowKey::Incident(incident.id)),
    }
}

/// What was given up of an open incident: a person must tell its owner by other means. It ends with the incident.
fn untold(view: View<'_>) -> impl Iterator<Item = NeedRow> {
    let open = |incident| view.state.incidents.get(incident).is_some_and(|found| found.closed.is_none());
    view.state.outbox.iter().filter_map(move |(id, outgoing)| {
        let Delivery::GivenUp { at, why } = &outgoing.standing else { return None };
        open(&id.incident).then(|| NeedRow {
            subject: format!("notice {id}"),
            mark: Mark::Failed,
            harm: FAILED,
            object: format!("incident {}", id.incident),
            text: format!("{} {} was not told: {why}", id.party, outgoing.notice.owner),
            outcome: "stays untold: tell them yourself".to_owned(),
            deadline: None,
            since: *at,
            leads_to: Some(RowKey::Incident(id.incident)),
        })
    })
}

/// A held step, or one whose verdict is left to a person.
fn step(view: View<'_>, run: &Run, step: &Step) -> Option<NeedRow> {
    let undecided = matches!(step.deploy().map(|deploy| &deploy.stage), Some(DeployStage::Undecided(_)));
    let held = standing::hold(step);
    if held.is_none() && !undecided {
        return None;
    }
    let outcome = match held {
        Some(held) => hold::hold(view, run, step, held).if_nobody,
        None => "stays as it is; later deploys wait".to_owned(),
    };
    let approvals = if held.is_some() { " approvals" } else { ": approve or roll back" };
    Some(NeedRow {
        subject: format!("run {} {}", run.id, step.key),
        mark: standing::mark(run, step),
        harm: if undecided { FAILED } else { WAITS },
        object: format!("run {}", run.id),
        text: format!("{} {}{approvals}", subject(&step.key), standing::words(step)),
        outcome,
        deadline: held.and_then(|held| held.expires),
        since: step.since,
        leads_to: Some(RowKey::Step(run.id, step.key.clone())),
    })
}

fn pause(run: &Run) -> Option<NeedRow> {
    let stop = run.paused.as_ref()?;
    let why = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(NeedRow {
        subject: format!("run {}", run.id),
        mark: Mark::Paused,
        harm: STANDS,
        object: format!("run {}", run.id),
        text: format!("paused by {}{why}", stop.by),
        outcome: ends(stop.until, "resumes"),
        deadline: stop.until,
        since: stop.since,
        leads_to: Some(RowKey::Run(run.id)),
    })
}

fn freeze(view: View<'_>) -> Option<NeedRow> {
    let stop = view.state.freeze.as_ref()?;
    let why = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(NeedRow {
        subject: "freeze".to_owned(),
        mark: Mark::Paused,
        harm: STANDS,
        object: "freeze".to_owned(),
        text: format!("everything frozen by {}{why}", stop.by),
        outcome: ends(stop.until, "thaws"),
        deadline: stop.until,
        since: stop.since,
        leads_to: Some(RowKey::Daemon),
    })
}

pub(super) fn ends(until: Option<Timestamp>, what: &str) -> String {
    until.map_or_else(
        || "stands until somebody takes it back".to_owned(),
        |at| format!("{} {what}", at.hours_minutes()),
    )
}

fn stuck(view: View<'_>) -> Option<NeedRow> {
    let stuck = view.beside.stuck()?;
    Some(NeedRow {
        subject: "journal".to_owned(),
        mark: Mark::Failed,
        harm: FAILED,
        object: "journal".to_owned(),
        text: format!("cannot be written: {}", stuck.why),
        outcome: "commands are refused and work waits until there is room".to_owned(),
        deadline: None,
        since: stuck.since,
        leads_to: Some(RowKey::Daemon),
    })
}

fn unread(view: View<'_>) -> Vec<NeedRow> {
    let state = view.state;
    let bad = state.recipes.iter().filter_map(|(image, read)| read.as_ref().err().map(|why| (image, why)));
    let need = |(image, why): (&crate::model::ImageRef, &String)| NeedRow {
        subject: format!("recipe {image}"),
        mark: Mark::Unknown,
        harm: FAILED,
        object: image.short(),
        text: format!("recipe cannot be read: {why}"),
        outcome: "no update reaches it until it can be read".to_owned(),
        deadline: None,
        since: state.configured.unwrap_or(state.now),
        leads_to: Some(RowKey::Image(image.clone())),
    };
    bad.map(need).collect()
}
