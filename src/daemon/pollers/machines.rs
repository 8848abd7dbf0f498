//! The machines of a fleet's pools: what is left behind of them. The list is a command of the user's, so it is asked seldom:
//!
//! 1. at the start, and then every ten minutes; every minute while it cannot be read,
//! 2. after a rollout of the pool has ended,
//! 3. a second time where a machine is suspected to be left behind.

use super::super::shared::Shared;
use super::{found, lost};
use crate::engine::{EventKind, State};
use crate::model::nodes::{Machine, ProvisionReport, Strategy};
use crate::model::reports::Answer;
use crate::model::{FleetName, PoolName, Timestamp, limits};
use std::collections::BTreeMap;

pub(super) async fn poll(shared: &Shared, fleet: &FleetName) {
    let mut asked = BTreeMap::new();
    loop {
        let now = shared.now();
        for pool in shared.read(|state| due(state, fleet, &asked, now)) {
            asked.insert(pool.clone(), now);
            look(shared, &pool).await;
        }
        shared.world.clock.sleep(limits::WORKLOADS_EVERY).await;
    }
}

/// What a pool's list is called as a source of facts.
fn source(pool: &PoolName) -> String {
    format!("provisioner of {pool}")
}

/// The pools that are asked now. Of a fleet that another daemon has, none is; nor where no machine is ever made.
fn due(
    state: &State,
    fleet: &FleetName,
    asked: &BTreeMap<PoolName, Timestamp>,
    now: Timestamp,
) -> Vec<PoolName> {
    if state.refused_fleets.contains_key(fleet) {
        return Vec::new();
    }
    let pools = state.setup.pools.iter();
    let ours = pools.filter(|(_, how)| how.fleet == *fleet && how.strategy == Strategy::Surge);
    let due = ours.map(|(pool, _)| pool).filter(|pool| match asked.get(*pool) {
        None => true,
        // The clock was set back.
        Some(last) if *last > now => true,
        Some(last) => {
            let silent = state.lost.contains_key(&source(pool));
            let every = if silent { limits::MACHINES_AGAIN } else { limits::MACHINES_EVERY };
            let wanted = ended(state, pool).chain(state.second_look(pool)).any(|at| at > *last && at <= now);
            now.since(*last) >= every || (wanted && !silent)
        }
    });
    due.cloned().collect()
}

fn ended(state: &State, pool: &PoolName) -> impl Iterator<Item = Timestamp> {
    state.rollouts.values().filter(move |rollout| rollout.pool == *pool).filter_map(|rollout| rollout.ended)
}

async fn look(shared: &Shared, pool: &PoolName) {
    let who = source(pool);
    match ask(shared, pool).await {
        Ok(listed) => {
            found(shared, &who);
            let now = shared.now();
            if let Some(machines) = shared.read(|state| state.orphans_news(pool, &listed, now)) {
                shared.observe(EventKind::OrphansSeen { pool: pool.clone(), machines });
            }
        }
        Err(why) => {
            shared.sources.silent(&who, shared.now() + limits::MACHINES_AGAIN);
            lost(shared, &who, &why);
        }
    }
}

/// The command ends in its own time, or is ended.
async fn ask(shared: &Shared, pool: &PoolName) -> Result<Vec<Machine>, String> {
    match shared.world.provisioner.list(pool).await {
        Answer::Done(ProvisionReport::Done(machines)) => Ok(machines),
        Answer::Done(ProvisionReport::Failed { what, .. }) => Err(what),
        Answer::Unreachable(unreachable) => Err(unreachable.why),
    }
}
