//! What is told to vendors and customers: a durable outbox in the state.
//!
//! ```text
//!   incident opened | put back | closed ─▶ one notice for each party's every channel, made once and never changed
//!   Sending ── NoticeSent ──▶ Sent
//!      │  ▲
//!      │  └── its time has come
//!      └─ NoticeFailed ─▶ Waiting (1, 2, 4 … s, at most a quarter of an hour)  ─ a day after the first try ─▶ GivenUp
//! ```
//!
//! Invariants:
//! 1. What is told about an incident is in the state before it is sent, so that it is sent at least once, also over a crash.
//! 2. Each notice keeps its id for ever; receivers drop repetitions by it.
//! 3. A notice ends as sent or as given up, never in silence; it is forgotten only together with its incident.

use super::due::Due;
use super::effect::Effect;
use super::event::{Event, EventKind};
use super::incident::Incident;
use super::notice;
use super::rollout::NodeStage;
use super::run::{DeployStage, Retry, Step, again_within};
use super::state::{Key, State};
use super::step::Outcome;
use crate::model::notices::{Notice, NoticeId, NoticeJob, Occasion, Party, VendorSees};
use crate::model::reports::Unreachable;
use crate::model::{ChannelName, IncidentId, Owner, StepKey, Timestamp, limits};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One notice on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// What is told.
    pub notice: Notice,
    /// Since when it is to be told.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// Where it stands.
    pub standing: Delivery,
}

/// Where a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It is being told.
    Sending {
        /// What the tries before met.
        before: Option<Retry>,
    },
    /// It did not arrive; it is tried again.
    Waiting(Retry),
    /// It arrived.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It did not arrive for so long that it is not tried any more.
    GivenUp {
        /// When.
        at: Timestamp,
        /// What the last try met.
        why: String,
    },
}

impl State {
    /// The notices that were given up by what happened then, each with why.
    pub fn given_up_at(&self, at: Timestamp) -> impl Iterator<Item = (&NoticeId, &str)> {
        self.outbox.iter().filter_map(move |(id, outgoing)| Some((id, outgoing.given_up_at(at)?)))
    }

    /// Whether this one was.
    pub fn was_given_up_at(&self, id: &NoticeId, at: Timestamp) -> bool {
        self.outbox.get(id).is_some_and(|outgoing| outgoing.given_up_at(at).is_some())
    }

    /// Whether a fact says nothing to a person by itself: what it leads to has a line of its own. A try after which a notice is given up
    /// has none, so that it is told.
    pub fn is_routine(&self, event: &Event) -> bool {
        match &event.kind {
            EventKind::NoticeFailed { id, .. } if self.was_given_up_at(id, event.at) => false,
            kind => kind.is_routine(),
        }
    }
}

impl Outgoing {
    fn given_up_at(&self, at: Timestamp) -> Option<&str> {
        match &self.standing {
            Delivery::GivenUp { at: then, why } if *then == at => Some(why),
            Delivery::GivenUp { .. }
            | Delivery::Sent { .. }
            | Delivery::Sending { .. }
            | Delivery::Waiting(_) => None,
        }
    }

    /// Whether nobody tries any more: it arrived, or was given up.
    pub fn is_over(&self) -> bool {
        match self.standing {
            Delivery::Sent { .. } | Delivery::GivenUp { .. } => true,
            Delivery::Sending { .. } | Delivery::Waiting(_) => false,
        }
    }
}

/// Who answers for what changed: the owner of the image that set the run off, or of the pool whose nodes got a release.
pub fn vendor<'a>(state: &'a State, incident: &Incident) -> Option<&'a Owner> {
    if let Some(rollout) = state.rollouts.get(&incident.run) {
        return state.setup.pools.get(&rollout.pool).unwrap_or(&rollout.how).owner.as_ref();
    }
    let image = &state.runs.get(&incident.run)?.change.image;
    let upstream = state.setup.upstreams.get(image).and_then(|upstream| upstream.owner.as_ref());
    upstream.or_else(|| state.setup.recipes.get(image)?.owner.as_ref())
}

/// Who answers for what broke.
pub fn customer<'a>(state: &'a State, incident: &Incident) -> Option<&'a Owner> {
    match &incident.step {
        StepKey::Image(image) => state.setup.recipes.get(image)?.owner.as_ref(),
        StepKey::Deploy(workload) => state.setup.workloads.get(workload)?.owner.as_ref(),
        StepKey::Node(_) => {
            let workload = incident.cause.workload()?;
            state.setup.workloads.get(workload)?.owner.as_ref()
        }
    }
}

/// Puts in what the touched incidents have to tell by now:
///
/// 1. that one was opened, by this very event: a channel that is configured later is not told of the past;
/// 2. that its workload runs again what it ran before;
/// 3. that a person closed it.
///
/// Each once; the second and third only to those who were to be told the first.
pub(super) fn settle(state: &mut State, out: &mut Outcome) {
    if out.touched.contains(&Key::All) {
        configured(state, out);
    }
    for id in touched(state, out) {
        let Some(incident) = state.incidents.get(&id) else { continue };
        let mut due = Vec::new();
        let told = |occasion| incident.told.contains(&occasion);
        if !told(Occasion::Opened) && incident.opened == state.now {
            due.push(Occasion::Opened);
        }
        if !told(Occasion::PutBack) && put_back(state, incident) {
            due.push(Occasion::PutBack);
        }
        if !told(Occasion::Closed) && incident.closed.is_some() {
            due.push(Occasion::Closed);
        }
        due.into_iter().for_each(|occasion| tell(state, id, occasion, out));
    }
}

/// The configuration may have changed under what is on its way:
///
/// 1. a channel that is gone, or somebody else's now, is not used any more: what was for its owner is not told to others;
/// 2. evidence that its vendor may not see any more is not sent.
fn configured(state: &mut State, out: &mut Outcome) {
    let now = state.now;
    for (id, outgoing) in &mut state.outbox {
        if outgoing.is_over() {
            continue;
        }
        let channel = state.setup.channels.get(&id.channel);
        let Some(channel) = channel.filter(|channel| channel.owner == outgoing.notice.owner) else {
            let why = format!("channel {} is not {}'s any more", id.channel, outgoing.notice.owner);
            outgoing.standing = Delivery::GivenUp { at: now, why };
            out.touch(Key::Incident(id.incident));
            continue;
        };
        if id.party == Party::Vendor && channel.vendor_sees == VendorSees::Summary {
            outgoing.notice.evidence.clear();
        }
    }
}

fn touched(state: &State, out: &Outcome) -> BTreeSet<IncidentId> {
    let of = |key: &Key| match key {
        Key::Incident(id) => Some(*id),
        Key::Step(run, step @ StepKey::Node(_)) => state.node_step_of(*run, step)?.incident,
        Key::Step(run, step) => state.step_of(*run, step)?.incident,
        Key::Node(_) | Key::Pool(_) => None,
        Key::All | Key::Image(_) | Key::Workload(_) | Key::Run(_) | Key::Source(_) => None,
    };
    out.touched.iter().filter_map(of).collect()
}

fn put_back(state: &State, incident: &Incident) -> bool {
    if let Some(step) = state.node_step_of(incident.run, &incident.step) {
        return step.incident == Some(incident.id) && matches!(step.stage, NodeStage::Restored(_));
    }
    let step = state.step_of(incident.run, &incident.step).filter(|step| step.incident == Some(incident.id));
    step.and_then(Step::deploy).is_some_and(|deploy| matches!(deploy.stage, DeployStage::Restored(_)))
}

fn tell(state: &mut State, id: IncidentId, occasion: Occasion, out: &mut Outcome) {
    for (party, owner, channel) in receivers(state, id, occasion) {
        let notice_id = NoticeId { incident: id, occasion, party, channel };
        let Some(notice) = notice::make(state, &notice_id, &owner) else { continue };
        let outgoing =
            Outgoing { notice, since: state.now, tries: 0, standing: Delivery::Sending { before: None } };
        state.outbox.insert(notice_id.clone(), outgoing);
        send(state, &notice_id, out);
    }
    if let Some(incident) = state.incidents.get_mut(&id) {
        incident.told.insert(occasion);
    }
    out.touch(Key::Incident(id));
}

/// Whoever answers for both sides is told once, as the customer, who sees more.
fn receivers(state: &State, id: IncidentId, occasion: Occasion) -> Vec<(Party, Owner, ChannelName)> {
    let Some(incident) = state.incidents.get(&id) else { return Vec::new() };
    let customer = customer(state, incident);
    let vendor = vendor(state, incident).filter(|vendor| Some(*vendor) != customer);
    let parties = [(Party::Vendor, vendor), (Party::Customer, customer)];
    let known = parties.into_iter().filter_map(|(party, owner)| Some((party, owner?)));
    let all = known.flat_map(|(party, owner)| {
        let channels = state.setup.channels.iter().filter(move |(_, channel)| channel.owner == *owner);
        channels.map(move |(name, _)| (party, owner.clone(), name.clone()))
    });
    let began = |(party, _, channel): &(Party, Owner, ChannelName)| {
        let first =
            NoticeId { incident: id, occasion: Occasion::Opened, party: *party, channel: channel.clone() };
        occasion == Occasion::Opened || state.outbox.contains_key(&first)
    };
    all.filter(began).collect()
}

fn send(state: &mut State, id: &NoticeId, out: &mut Outcome) {
    let Some(outgoing) = state.outbox.get_mut(id) else { return };
    let before = match &outgoing.standing {
        Delivery::Waiting(retry) => Some(retry.clone()),
        Delivery::Sending { before } => before.clone(),
        Delivery::Sent { .. } | Delivery::GivenUp { .. } => return,
    };
    outgoing.standing = Delivery::Sending { before };
    outgoing.tries += 1;
    out.effects.push(Effect::Notify(Box::new(job(id, outgoing))));
    out.touch(Key::Incident(id.incident));
}

fn job(id: &NoticeId, outgoing: &Outgoing) -> NoticeJob {
    NoticeJob { id: id.clone(), attempt: outgoing.tries, notice: outgoing.notice.clone() }
}

/// A try ended. Late and double answers change nothing.
pub(super) fn answered(
    state: &mut State,
    id: &NoticeId,
    attempt: u32,
    failed: Option<&Unreachable>,
    out: &mut Outcome,
) {
    let now = state.now;
    let Some(outgoing) = state.outbox.get_mut(id) else { return };
    let Delivery::Sending { before } = &outgoing.standing else { return };
    if outgoing.tries != attempt {
        return;
    }
    outgoing.standing = match failed {
        None => Delivery::Sent { at: now },
        Some(cause) => {
            let retry = again_within(now, before.as_ref(), cause.clone(), limits::NOTICE_LONGEST);
            if retry.at > outgoing.since + limits::NOTICE_FOR {
                Delivery::GivenUp { at: now, why: cause.why.clone() }
            } else {
                Delivery::Waiting(retry)
            }
        }
    };
    out.touch(Key::Incident(id.incident));
}

/// Tries again what is due.
pub(super) fn deadline(state: &mut State, out: &mut Outcome) {
    let now = state.now;
    let due = |outgoing: &Outgoing| matches!(&outgoing.standing, Delivery::Waiting(retry) if retry.at <= now);
    let due: Vec<NoticeId> =
        state.outbox.iter().filter(|(_, outgoing)| due(outgoing)).map(|(id, _)| id.clone()).collect();
    due.into_iter().for_each(|id| send(state, &id, out));
}

/// When the next notice is tried again.
pub(super) fn next_deadline(state: &State) -> Option<(Timestamp, Due<'_>)> {
    let next = state.outbox.iter().filter_map(|(id, outgoing)| match &outgoing.standing {
        Delivery::Waiting(retry) => Some((retry.at, Due::Tell(id))),
        Delivery::Sending { .. } | Delivery::Sent { .. } | Delivery::GivenUp { .. } => None,
    });
    next.min()
}

/// What must be told again after a restart: the same notice, with the same id.
pub(super) fn outstanding(state: &State) -> impl Iterator<Item = Effect> {
    let sending =
        state.outbox.iter().filter(|(_, outgoing)| matches!(outgoing.standing, Delivery::Sending { .. }));
    sending.map(|(id, outgoing)| Effect::Notify(Box::new(job(id, outgoing))))
}

/// Drops the notices of an incident that is dropped.
pub(super) fn forget(state: &mut State, id: IncidentId) {
    state.outbox.retain(|notice, _| notice.incident != id);
}

/// The notices of one incident, oldest occasion first.
pub fn of_incident(state: &State, id: IncidentId) -> impl Iterator<Item = (&NoticeId, &Outgoing)> {
    state.outbox.iter().filter(move |(notice, _)| notice.incident == id)
}
