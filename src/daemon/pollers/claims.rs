//! The claim on a fleet: taken where something is ours to move, and renewed for as long as the daemon runs.

use super::super::claims::Claim;
use super::super::shared::Shared;
use crate::engine::EventKind;
use crate::model::reports::Answer;
use crate::model::{FleetName, Setup, limits};
use crate::ports::{self, Claimed};

pub(super) async fn keep(shared: &Shared, name: &FleetName) {
    let mut force = shared.options.take_over;
    loop {
        // A claim changes the fleet: nothing is changed where the configuration moves nothing.
        if shared.read(|state| is_moved(&state.setup, name)) {
            let claim = beat(shared, name, force).await;
            force &= !matches!(claim, Some(Claim::Ours(_)));
            if let Some(claim) = claim {
                tell(shared, name, &claim);
                shared.claims.set(name, claim);
            }
        }
        shared.world.clock.sleep(limits::CLAIM_BEAT).await;
    }
}

/// Whether the configuration has anything there that is ours to move.
fn is_moved(setup: &Setup, fleet: &FleetName) -> bool {
    let workloads = setup.workloads.keys().any(|workload| workload.fleet == *fleet);
    workloads || setup.pools.values().any(|pool| pool.fleet == *fleet)
}

/// One heartbeat. None: the fleet did not answer, and an earlier answer stands until it is stale.
async fn beat(shared: &Shared, name: &FleetName, force: bool) -> Option<Claim> {
    let fleet = shared.world.fleets.get(name)?;
    let beat = shared.now();
    let install = shared.read(|state| state.install.clone());
    let claim = ports::Claim { install, holder: shared.options.holder.clone(), beat, force };
    match shared.within(limits::LOOK_STALE, fleet.claim(&claim)).await {
        Some(Answer::Done(Claimed::Ours)) => Some(Claim::Ours(beat)),
        Some(Answer::Done(Claimed::Theirs(theirs))) => Some(Claim::Theirs(theirs.holder)),
        Some(Answer::Unreachable(unreachable)) => unknown(shared, name, unreachable.why),
        None => unknown(shared, name, format!("no answer within {}", limits::LOOK_STALE)),
    }
}

fn unknown(shared: &Shared, name: &FleetName, why: String) -> Option<Claim> {
    match shared.claims.get(name) {
        None | Some(Claim::Unknown(_)) => Some(Claim::Unknown(why)),
        Some(Claim::Ours(_) | Claim::Theirs(_)) => None,
    }
}

/// Transitions are facts, and so is the first claim of this daemon.
fn tell(shared: &Shared, name: &FleetName, claim: &Claim) {
    let refused = shared.read(|state| state.refused_fleets.get(name).cloned());
    let first = !matches!(shared.claims.get(name), Some(Claim::Ours(_)));
    let fleet = name.clone();
    match claim {
        Claim::Ours(_) if first || refused.is_some() => shared.observe(EventKind::FleetClaimed { fleet }),
        Claim::Theirs(holder) if refused.as_ref() != Some(holder) => {
            shared.observe(EventKind::FleetRefused { fleet, holder: holder.clone() });
        }
        Claim::Ours(_) | Claim::Theirs(_) | Claim::Unknown(_) => {}
    }
}
