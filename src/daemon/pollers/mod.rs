//! Looking at the world on our own: what nobody tells us, and what was told only as a hint.
//!
//! ```text
//!   registry.rs   one HEAD per tag per interval, or at once after a hint    schedule.rs says which (pure)
//!   fleets.rs     what runs                                                 every 5 s
//!   nodes.rs      which nodes there are, and what is on them                every 2 s, where a pool is configured
//!   machines.rs   what a provisioner has that nobody needs                  every 10 min, and after a rollout
//!   claims.rs     whether the fleet is ours                                 every 5 s, where something is ours to move
//!   recipes.rs    Dockerfiles and contexts                                  every 30 s, and after a reload
//! ```
//!
//! Invariants:
//! 1. What the state knows already is not sent again.
//! 2. A source that falls silent is one fact, and one when it answers again.
//! 3. The state decides what is known: after a restart nothing is remembered here.

mod claims;
mod fleets;
mod machines;
mod nodes;
mod recipes;
mod registry;
mod schedule;

use super::shared::{Shared, forever};
use crate::engine::EventKind;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Begins all of them.
pub(super) fn begin(shared: &Arc<Shared>) {
    forever(shared, "registry poller", |shared| async move { registry::poll(&shared).await });
    forever(shared, "recipe reader", |shared| async move { recipes::read(&shared).await });
    for fleet in shared.world.nodes.keys() {
        let name = fleet.clone();
        forever(shared, "node poller", move |shared| {
            let name = name.clone();
            async move { nodes::poll(&shared, &name).await }
        });
        let name = fleet.clone();
        if !shared.options.read_only {
            forever(shared, "machine poller", move |shared| {
                let name = name.clone();
                async move { machines::poll(&shared, &name).await }
            });
        }
    }
    for fleet in shared.world.fleets.keys() {
        let name = fleet.clone();
        forever(shared, "fleet poller", move |shared| {
            let name = name.clone();
            async move { fleets::poll(&shared, &name).await }
        });
        let name = fleet.clone();
        if !shared.options.read_only {
            forever(shared, "claim keeper", move |shared| {
                let name = name.clone();
                async move { claims::keep(&shared, &name).await }
            });
        }
    }
}

/// What of a fleet is new or not as it was known to be, and what is gone. It is compared with the state and not with the last look, so that of two
/// facts which wait for the loop the later one has all that the earlier one had.
fn changed<K: Ord + Clone, V: PartialEq>(
    known: &BTreeMap<K, V>,
    of_fleet: impl Fn(&K) -> bool,
    now: BTreeMap<K, V>,
) -> (Vec<V>, Vec<K>) {
    let gone = known.keys().filter(|key| of_fleet(key) && !now.contains_key(*key)).cloned().collect();
    let new = now.into_iter().filter(|(key, value)| known.get(key) != Some(value));
    (new.map(|(_, value)| value).collect(), gone)
}

/// A source answered: its time is noted, and the fact sent where it was lost.
fn found(shared: &Shared, who: &str) {
    shared.sources.answered(who, shared.now());
    found_again(shared, who);
}

/// Sends the fact where it was lost.
fn found_again(shared: &Shared, who: &str) {
    if shared.read(|state| state.lost.contains_key(who)) {
        shared.observe(EventKind::SourceFound { who: who.to_owned() });
    }
}

/// A source did not answer: the fact is sent where it was not lost already.
fn lost(shared: &Shared, who: &str, why: &str) {
    if !shared.read(|state| state.lost.contains_key(who)) {
        shared.observe(EventKind::SourceLost { who: who.to_owned(), why: why.to_owned() });
    }
}
