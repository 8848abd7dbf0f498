//! An incident's row.

use super::{View, rollout};
use crate::api::rows::{IncidentRow, Mark, Row, ToldRow};
use crate::engine::describe::subject;
use crate::engine::outbox::{Delivery, Outgoing, customer, of_incident, vendor};
use crate::engine::run::{DeployStage, DeployStep, Step, Untag};
use crate::engine::{Cause, Incident};
use crate::model::notices::NoticeId;

pub(super) fn incident(view: View<'_>, incident: &Incident) -> Row {
    let step = view.state.step_of(incident.run, &incident.step);
    let node = view.state.node_step_of(incident.run, &incident.step);
    let deploy = step.and_then(Step::deploy);
    Row::Incident(IncidentRow {
        incident: incident.id,
        cause: incident.cause.class().to_owned(),
        verdict: verdict(incident, step),
        run: incident.run,
        step: incident.step.clone(),
        opened: incident.opened,
        closed: incident.closed.as_ref().map(|(_, at, _)| *at),
        claimed: incident.claimed.clone(),
        users: match (deploy, node) {
            (Some(deploy), _) => users(deploy),
            (None, Some(node)) => rollout::incident::users(incident, node),
            (None, None) => "not reached: nothing was deployed".to_owned(),
        },
        restored: match (step.zip(deploy), node) {
            (Some((step, deploy)), _) => restored(step, deploy),
            (None, Some(node)) => rollout::incident::restored(incident, node),
            (None, None) => "nothing to put back".to_owned(),
        },
        seen: incident.seen.clone(),
        vendor: vendor(view.state, incident).cloned(),
        customer: customer(view.state, incident).cloned(),
        told: of_incident(view.state, incident.id).map(|(id, notice)| told(view, id, notice)).collect(),
    })
}

fn told(view: View<'_>, id: &NoticeId, outgoing: &Outgoing) -> ToldRow {
    let (mark, since, why, next) = match &outgoing.standing {
        Delivery::Sending { before: None } => (Mark::Working, outgoing.since, None, None),
        Delivery::Sending { before: Some(retry) } => {
            (Mark::Working, retry.since, Some(retry.cause.why.clone()), None)
        }
        Delivery::Waiting(retry) => {
            (Mark::Failed, retry.since, Some(retry.cause.why.clone()), Some(retry.at))
        }
        Delivery::Sent { at } => (Mark::Good, *at, None, None),
        Delivery::GivenUp { at, why } => (Mark::Failed, *at, Some(why.clone()), None),
    };
    ToldRow {
        id: id.to_string(),
        occasion: id.occasion.to_string(),
        party: id.party.to_string(),
        owner: outgoing.notice.owner.clone(),
        channel: id.channel.to_string(),
        kind: view.state.setup.channels.get(&id.channel).map(|channel| channel.kind.to_string()),
        mark,
        since,
        tries: outgoing.tries,
        why,
        next,
    }
}

fn verdict(incident: &Incident, step: Option<&Step>) -> String {
    let tag = match step.map(|step| &step.untagging) {
        Some(Untag::Done) => "; the public tag was put back",
        Some(Untag::LeftAlone(_)) => "; the public tag was left where it is",
        Some(Untag::Wanted | Untag::Waiting(_) | Untag::Doing(_)) => "; the public tag is being put back",
        Some(Untag::No) | None => "",
    };
    let closed = incident.closed.as_ref().map(|(by, _, what)| format!(" Closed by {by}: {what}."));
    format!("{}: {}{tag}.{}", subject(&incident.step), incident.cause, closed.unwrap_or_default())
}

fn users(deploy: &DeployStep) -> String {
    let Some(look) = &deploy.look else { return "not known: the workload was not seen since".to_owned() };
    let runs = format!("{} of {} tasks run", look.running, look.desired);
    match &look.probes {
        Some(tally) if tally.total > 0 => {
            format!(
                "{runs}, {} of {} probes failed since {}",
                tally.failed,
                tally.total,
                tally.since.hours_minutes_seconds()
            )
        }
        Some(_) | None => format!("{runs}; there is no probe that sees more"),
    }
}

fn restored(step: &Step, deploy: &DeployStep) -> String {
    let name = &deploy.workload.name;
    match &deploy.stage {
        DeployStage::Restored(_) => {
            let digest = deploy.baseline.as_ref().and_then(|look| look.digest.as_ref());
            let what = digest.map_or("what it ran before", |digest| digest.short());
            let at = step.ended.map(|at| format!(" at {}", at.hours_minutes_seconds())).unwrap_or_default();
            format!("{name} was put back to {what}{at}")
        }
        DeployStage::Restoring(_) => format!("{name} is being put back"),
        DeployStage::Failed(Cause::RestoreFailed { why, .. }) => format!("NOT put back: {why}"),
        DeployStage::Failed(_) => format!("{name} was not put back"),
        DeployStage::Undecided(_) => "a person decides".to_owned(),
        DeployStage::Waiting
        | DeployStage::Held(_)
        | DeployStage::Updating
        | DeployStage::Soaking { .. }
        | DeployStage::Healthy
        | DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => format!("{name} is {} now", deploy.stage.word()),
    }
}
