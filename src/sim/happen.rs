//! What happens to the world, one arm a happening; the parts do it.

use super::content::Contents;
use super::deeds::{Doing, Hand};
use super::file::{Answering, Drains, Engine, Flaw, Fleet, Happening, Hooks, Machines};
use super::fleet::{Around, FleetPart};
use super::world::{Fixed, Parts};
use crate::model::{Digest, FleetName, ImageRef, PoolName, Timestamp};

pub(super) fn happen(fixed: &Fixed, parts: &mut Parts, now: Timestamp, happening: &Happening) {
    match happening {
        Happening::Moves { image, flaws } => {
            let digest = published(fixed, parts, now, image, flaws);
            tag(fixed, parts, now, image, Some(digest));
        }
        Happening::MovesBack { image } => {
            let before = parts.registries.before(image);
            if before.is_some() {
                tag(fixed, parts, now, image, before);
            }
        }
        Happening::Vanishes { image } => tag(fixed, parts, now, image, None),
        Happening::Edits { image, flaws } => {
            let edited = parts.edits.entry(image.clone()).or_default();
            edited.times += 1;
            edited.flaws.clone_from(flaws);
        }
        Happening::Registry { name, how } => parts.registries.answers(name, *how),
        Happening::Webhooks { name, how } => parts.registries.notifies(name, *how),
        Happening::Builder(how) => parts.builder = *how,
        Happening::Tester(how) => parts.tester = *how,
        Happening::Fleet { name, how } => {
            if let Some(fleet) = parts.fleets.get_mut(name) {
                fleet.answers = *how;
            }
        }
        Happening::Release { pool, name, comes, flaws } => {
            if let Some(fleet) = of_pool(fixed, parts, pool) {
                fleet.brings(pool, name, *comes, flaws);
            }
        }
        Happening::Machines { pool, how } => {
            if let Some(fleet) = of_pool(fixed, parts, pool) {
                fleet.set_commands(pool, *how);
            }
        }
        Happening::Orphan { pool, joins } => {
            if let Some(file) = fixed.file.pools.get(pool) {
                in_fleet(fixed, parts, &file.fleet, |fleet, around| fleet.forgets(pool, *joins, now, around));
            }
        }
        Happening::Drains { fleet, how } => {
            if let Some(fleet) = parts.fleets.get_mut(fleet) {
                fleet.drains = *how;
            }
        }
        Happening::Node { name, is } => {
            in_fleet(fixed, parts, &name.fleet, |fleet, around| fleet.befalls(&name.name, *is, now, around));
        }
        Happening::Hand { workload, does } => {
            let Parts { contents, fleets, deeds, registries, .. } = parts;
            let mut around = Around { file: &fixed.file, dice: fixed.dice, contents, deeds };
            if let Some(fleet) = fleets.get_mut(&workload.fleet) {
                fleet.hand(workload, does, now, |image| registries.tag(image), &mut around);
            }
        }
        Happening::Ends { workload, exit } => {
            in_fleet(fixed, parts, &workload.fleet, |fleet, around| fleet.ends(workload, *exit, now, around));
        }
        Happening::Channel { name, how } => drop(parts.channels.insert(name.clone(), *how)),
        Happening::Heals => heal(fixed, parts, now),
    }
}

fn in_fleet(
    fixed: &Fixed,
    parts: &mut Parts,
    name: &FleetName,
    does: impl FnOnce(&mut FleetPart, &mut Around<'_>),
) {
    let Parts { contents, fleets, deeds, .. } = parts;
    let mut around = Around { file: &fixed.file, dice: fixed.dice, contents, deeds };
    if let Some(fleet) = fleets.get_mut(name) {
        does(fleet, &mut around);
    }
}

/// The fleet that a pool is part of.
fn of_pool<'a>(fixed: &Fixed, parts: &'a mut Parts, pool: &PoolName) -> Option<&'a mut FleetPart> {
    parts.fleets.get_mut(&fixed.file.pools.get(pool)?.fleet)
}

fn heal(fixed: &Fixed, parts: &mut Parts, now: Timestamp) {
    for image in fixed.file.images.keys() {
        if parts.registries.tag(image).is_none() {
            let was = parts.registries.before(image);
            tag(fixed, parts, now, image, was);
        }
    }
    for name in fixed.file.all_registries().keys() {
        parts.registries.answers(name, Answering::Well);
    }
    let Parts { contents, fleets, deeds, .. } = parts;
    let mut around = Around { file: &fixed.file, dice: fixed.dice, contents, deeds };
    for fleet in fleets.values_mut() {
        (fleet.answers, fleet.drains) = (Fleet::Well, Drains::Well);
        fixed.file.pools.keys().for_each(|pool| fleet.set_commands(pool, Machines::Well));
        fleet.nodes_heal(now, &mut around);
    }
    parts.channels.clear();
    (parts.builder, parts.tester) = (Engine::Well, Engine::Well);
}

/// New content by somebody else's hand. What is published under a built image's tag keeps the flaws of nobody's bases.
fn published(fixed: &Fixed, parts: &mut Parts, now: Timestamp, image: &ImageRef, flaws: &[Flaw]) -> Digest {
    let contents: &mut Contents = &mut parts.contents;
    let of = format!("published at {} as move {}", now, fixed.dice.number(&format!("{image} {now}")));
    contents.make(image, &of, flaws.to_vec())
}

fn tag(fixed: &Fixed, parts: &mut Parts, now: Timestamp, image: &ImageRef, to: Option<Digest>) {
    let from = parts.registries.set(image, to.as_ref());
    if from == to {
        return;
    }
    let hooks = parts.registries.hooks(image);
    if to.is_some() && hooks != Hooks::Never {
        parts.registries.notify(image, to.as_ref(), now, fixed.dice);
    }
    parts.done(now, Hand::Outside, Doing::Tagged { image: image.clone(), from, to });
}
