//! What the owner of the hosts and the owner of what broke are told of a failed node step. The rules of [`notice`](crate::engine::notice)
//! hold: a vendor sees the release, the cause class and counts; names of nodes and workloads only where the channel allows evidence.

use super::{NodeStep, Rollout};
use crate::engine::describe;
use crate::engine::incident::{Cause, Incident};
use crate::engine::state::State;
use crate::model::nodes::NodeChange;
use crate::model::notices::{NOTICE_SCHEMA, Notice, NoticeId, Occasion, Party};
use crate::model::{NodeId, Owner, limits};

/// `release r2 of pool workers`, `the size of pool workers (3→5 nodes)`.
pub(in crate::engine) fn changed(rollout: &Rollout) -> String {
    match rollout.scale {
        None => format!("release {} of pool {}", rollout.release, rollout.pool),
        Some(scale) => format!("the size of pool {} ({scale})", rollout.pool),
    }
}

/// The notice; none when its step is gone. `sees` says whether its party may see what was said.
pub(in crate::engine) fn make(
    state: &State,
    rollout: &Rollout,
    incident: &Incident,
    id: &NoticeId,
    owner: &Owner,
    sees: bool,
) -> Option<Notice> {
    let step = rollout.steps.get(&incident.step)?;
    let customer = id.party == Party::Customer;
    let evidence = std::iter::once(incident.cause.to_string()).chain(incident.seen.iter().cloned());
    let evidence = evidence.filter(|_| sees).take(limits::NOTICE_LINES).collect();
    Some(Notice {
        schema: NOTICE_SCHEMA,
        id: format!("{}/{id}", state.install),
        occasion: id.occasion,
        party: id.party,
        owner: owner.clone(),
        at: state.now,
        incident: incident.id,
        run: rollout.id,
        subject: subject(incident, step, customer),
        cause: incident.cause.word().to_owned(),
        text: text(rollout, step, incident, id.occasion, customer),
        changed: changed(rollout),
        from: None,
        to: None,
        candidate: None,
        tests: None,
        failing: Vec::new(),
        probes: probes(&incident.cause),
        evidence,
        reproduce: Vec::new(),
    })
}

fn subject(incident: &Incident, step: &NodeStep, customer: bool) -> String {
    match (incident.cause.workload(), customer) {
        (_, false) if step.change != NodeChange::Replace => "a node of it".to_owned(),
        (_, false) => "a node that gets it".to_owned(),
        (Some(workload), true) => {
            let moved = step.moved.iter().find(|one| one.workload == *workload);
            let to: Vec<&str> = moved.iter().flat_map(|one| &one.to).map(NodeId::as_str).collect();
            match to.is_empty() {
                true => format!("{workload} on {}", describe::subject(&step.key)),
                false => {
                    format!("{workload}, moved from {} to {}", describe::subject(&step.key), to.join(", "))
                }
            }
        }
        (None, true) => describe::subject(&step.key),
    }
}

fn text(
    rollout: &Rollout,
    step: &NodeStep,
    incident: &Incident,
    occasion: Occasion,
    customer: bool,
) -> String {
    let (what, change) = (subject(incident, step, customer), changed(rollout));
    match occasion {
        Occasion::Opened if rollout.scale.is_some() => {
            format!("{change} is being changed; {what}: {}", incident.cause.class())
        }
        Occasion::Opened => format!("{change} is rolled out; {what}: {}", incident.cause.class()),
        Occasion::PutBack if step.change == NodeChange::Grow => {
            format!("{what}: the machine that was made is gone again")
        }
        Occasion::PutBack if step.change == NodeChange::Shrink => {
            format!("{what}: the node takes work again; what had moved stays where it is")
        }
        Occasion::PutBack => format!("{what}: the node from before carries the work again, without {change}"),
        // No incident is ever told so.
        Occasion::Test => format!("{what}: a test"),
        Occasion::Closed => format!("the incident of {what} with {change} was closed"),
    }
}

fn probes(cause: &Cause) -> Option<(u32, u32)> {
    let Cause::ProbesFailed { failed, total, .. } = cause.root() else { return None };
    Some((*failed, *total))
}
