//! What a person keeps a pool from: a pin holds it on what it has, and a skipped release is not taken by itself.
//!
//! 1. Neither touches a rollout that is under way, and taking back what was done is always possible.
//! 2. In a pinned pool nothing begins that brings a release: not by itself, not by a person, not as what was chosen to follow.
//! 3. A skipped release is not looked at when a pool takes one by itself. A person may start it: then it is skipped no more.

use super::{Announced, begin};
use crate::engine::decide::{Rejection, needs_reason};
use crate::engine::event::Event;
use crate::engine::state::{Key, State, Stop};
use crate::engine::step::Outcome;
use crate::model::{PoolName, ReleaseName};

/// `ana 02:14:00: disks are being swapped`.
fn told(stop: &Stop) -> String {
    let why = stop.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{} since {}{why}", stop.by, stop.since.hours_minutes_seconds())
}

fn known<'a>(state: &'a State, pool: &PoolName, release: &ReleaseName) -> Result<&'a Announced, Rejection> {
    let missing = || Rejection::Missing { what: format!("release {release} announced for pool {pool}") };
    state.announced(pool, release).ok_or_else(missing)
}

/// The release was announced, no rollout of it has begun, and there is a reason.
pub(in crate::engine) fn may_skip(
    state: &State,
    pool: &PoolName,
    release: &ReleaseName,
    reason: &str,
) -> Result<(), Rejection> {
    let one = known(state, pool, release)?;
    if let Some(stop) = &one.skipped {
        return Err(Rejection::Already(format!("{release} is skipped by {}", told(stop))));
    }
    if one.taken {
        return Err(Rejection::Already(format!(
            "a rollout of {release} has begun in pool {pool}; it is not taken by itself again"
        )));
    }
    needs_reason(reason)
}

pub(in crate::engine) fn may_unskip(
    state: &State,
    pool: &PoolName,
    release: &ReleaseName,
) -> Result<(), Rejection> {
    match known(state, pool, release)?.skipped {
        Some(_) => Ok(()),
        None => Err(Rejection::Already(format!("{release} is not skipped in pool {pool}"))),
    }
}

pub(in crate::engine) fn may_pin(state: &State, pool: &PoolName, reason: &str) -> Result<(), Rejection> {
    if !state.setup.pools.contains_key(pool) {
        return Err(Rejection::Missing { what: format!("pool {pool} in the configuration") });
    }
    match state.pins.get(pool) {
        Some(stop) => Err(Rejection::Already(format!("pool {pool} is pinned by {}", told(stop)))),
        None => needs_reason(reason),
    }
}

/// Also of a pool that the configuration has no more.
pub(in crate::engine) fn may_unpin(state: &State, pool: &PoolName) -> Result<(), Rejection> {
    match state.pins.get(pool) {
        Some(_) => Ok(()),
        None => Err(Rejection::Already(format!("pool {pool} is not pinned"))),
    }
}

/// Sets or takes back that a release is skipped; what the pool takes next by itself may be another one then.
pub(in crate::engine) fn skip(
    state: &mut State,
    pool: &PoolName,
    release: &ReleaseName,
    stop: Option<&Stop>,
    out: &mut Outcome,
) {
    let known = state.releases.get_mut(pool).into_iter().flatten();
    known.filter(|one| one.release == *release).for_each(|one| one.skipped = stop.cloned());
    out.touch(Key::Pool(pool.clone()));
    begin::automatic(state, out);
}

pub(in crate::engine) fn pin(
    state: &mut State,
    event: &Event,
    pool: &PoolName,
    reason: &str,
    out: &mut Outcome,
) {
    let stop = Stop { by: event.by.clone(), reason: Some(reason.to_owned()), since: event.at, until: None };
    state.pins.insert(pool.clone(), stop);
    out.touch(Key::Pool(pool.clone()));
}

/// What is old enough by now is taken at once.
pub(in crate::engine) fn unpin(state: &mut State, pool: &PoolName, out: &mut Outcome) {
    state.pins.remove(pool);
    out.touch(Key::Pool(pool.clone()));
    begin::automatic(state, out);
}

impl State {
    /// Who pinned a pool, since when and why, in a sentence's end; none when it is not pinned.
    pub(super) fn pinned(&self, pool: &PoolName) -> Option<String> {
        self.pins.get(pool).map(told)
    }
}
