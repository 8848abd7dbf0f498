//! Invariant 11. The truth is what came out at the other end of the channels.

use std::collections::BTreeMap;
use tidegate::daemon::Handle;
use tidegate::engine::dossier::is_complete;
use tidegate::engine::outbox::{Delivery, customer, vendor};
use tidegate::engine::{Incident, State};
use tidegate::model::ChannelName;
use tidegate::model::notices::{NoticeId, Occasion, Party, VendorSees};
use tidegate::sim::{Heard, Sim};

/// When everything has settled: what is wrong with what vendors and customers were told.
pub fn at_the_end(state: &State, sim: &Sim) -> Option<String> {
    let heard = sim.heard(0);
    let opened = state.incidents.values().find_map(|incident| untold(state, incident));
    opened.or_else(|| silently(state, &heard)).or_else(|| unlike(&heard)).or_else(|| leaked(state, &heard))
}

/// An incident with somebody who has a channel, and no notice for them.
fn untold(state: &State, incident: &Incident) -> Option<String> {
    let customer = customer(state, incident);
    let vendor = vendor(state, incident).filter(|owner| Some(*owner) != customer);
    let of = |party, owner: Option<&_>| -> Vec<NoticeId> {
        let mine = state.setup.channels.iter().filter(|(_, channel)| Some(&channel.owner) == owner);
        let id = |channel: &ChannelName| NoticeId {
            incident: incident.id,
            occasion: Occasion::Opened,
            party,
            channel: channel.clone(),
        };
        mine.map(|(name, _)| id(name)).collect()
    };
    let mut wanted = of(Party::Vendor, vendor).into_iter().chain(of(Party::Customer, customer));
    wanted.find(|id| !state.outbox.contains_key(id)).map(|id| format!("{id} was never to be told"))
}

/// A notice that neither arrived nor is said to be given up; or that is said to have arrived, and did not.
fn silently(state: &State, heard: &[Heard]) -> Option<String> {
    state.outbox.iter().find_map(|(id, outgoing)| match &outgoing.standing {
        Delivery::Sending { .. } | Delivery::Waiting(_) => {
            Some(format!("{id} is still {:?}", outgoing.standing))
        }
        Delivery::Sent { .. } if !heard.iter().any(|one| one.id == *id) => {
            Some(format!("{id} is said to have arrived, and nobody heard it"))
        }
        Delivery::Sent { .. } | Delivery::GivenUp { .. } => None,
    })
}

/// A repetition that says something else under the same id.
fn unlike(heard: &[Heard]) -> Option<String> {
    let mut first = BTreeMap::new();
    heard.iter().find_map(|one| {
        let same = *first.entry(&one.id).or_insert(&one.notice) == &one.notice;
        (!same).then(|| format!("{} says two things", one.id))
    })
}

/// A vendor who heard a name of the customer's, or what was said there, and may not.
fn leaked(state: &State, heard: &[Heard]) -> Option<String> {
    let summary = |one: &&Heard| {
        let channel = state.setup.channels.get(&one.id.channel);
        one.id.party == Party::Vendor
            && channel.is_some_and(|channel| channel.vendor_sees == VendorSees::Summary)
    };
    heard.iter().filter(summary).find_map(|one| {
        let text = format!("{} {}", one.notice.text, one.notice.subject);
        let built = state.setup.recipes.keys().map(tidegate::model::ImageRef::short);
        let names = built.chain(state.setup.workloads.keys().map(ToString::to_string));
        let named = names.into_iter().find(|name| text.contains(name.as_str()));
        let said = (!one.notice.evidence.is_empty()).then(|| "evidence".to_owned());
        named.or(said).map(|what| format!("{} tells a vendor {what}", one.id))
    })
}

/// An incident without a dossier, or with one that was written before its step had ended.
pub async fn undocumented(handle: &Handle) -> Option<String> {
    let incidents = handle.read(|state| {
        let known = state.incidents.values().filter(|incident| state.runs.contains_key(&incident.run));
        known.map(|incident| (incident.id, is_complete(state, incident))).collect::<Vec<_>>()
    });
    for (id, complete) in incidents {
        match handle.dossier(id).await {
            Ok(Some(dossier)) if dossier.complete || !complete => {}
            Ok(Some(_)) => return Some(format!("the dossier of incident {id} was written too early")),
            Ok(None) => return Some(format!("incident {id} has no dossier")),
            Err(error) => return Some(format!("the dossier of incident {id}: {error}")),
        }
    }
    None
}
