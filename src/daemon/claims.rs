//! Which fleets are ours: what the claim poller found out, and what whoever changes a fleet must ask first.

use crate::model::{FleetName, Timestamp, limits};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// What is known of the claim on a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Claim {
    /// Ours, by the heartbeat of this moment.
    Ours(Timestamp),
    /// Somebody else's.
    Theirs(String),
    /// The fleet did not answer yet.
    Unknown(String),
}

/// All of them.
#[derive(Debug)]
pub(super) struct Claims(watch::Sender<BTreeMap<FleetName, Claim>>);

impl Default for Claims {
    fn default() -> Self {
        Self(watch::Sender::new(BTreeMap::new()))
    }
}

impl Claims {
    pub(super) fn set(&self, fleet: &FleetName, claim: Claim) {
        self.0.send_modify(|claims| {
            claims.insert(fleet.clone(), claim);
        });
    }

    pub(super) fn get(&self, fleet: &FleetName) -> Option<Claim> {
        self.0.borrow().get(fleet).cloned()
    }

    /// Waits until anything is known of the fleet.
    pub(super) async fn known(&self, fleet: &FleetName) {
        let mut claims = self.0.subscribe();
        // It ends only when the sender is gone, and `self` holds that.
        let _ = claims.wait_for(|claims| claims.contains_key(fleet)).await;
    }

    /// Whether the fleet may be changed now, or why not.
    ///
    /// A claim of ours whose heartbeat is as old as [`CLAIM_STALE`](limits::CLAIM_STALE) may have been taken by somebody else.
    pub(super) fn may(&self, fleet: &FleetName, now: Timestamp) -> Result<(), String> {
        match self.get(fleet) {
            Some(Claim::Ours(beat)) if now.since(beat) < limits::CLAIM_STALE => Ok(()),
            Some(Claim::Ours(beat)) => {
                Err(format!("our claim on it was not renewed for {}", now.since(beat)))
            }
            Some(Claim::Theirs(holder)) => Err(format!("it is held by {holder}")),
            Some(Claim::Unknown(why)) => Err(why),
            None => Err("it has not answered yet".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_is_changed_only_under_a_fresh_claim_of_ours() {
        let (claims, prod) = (Claims::default(), "prod".parse().unwrap());
        let now = Timestamp::from_millis(1_000_000);
        assert!(claims.may(&prod, now).is_err());
        claims.set(&prod, Claim::Ours(now));
        assert_eq!(claims.may(&prod, now + limits::CLAIM_BEAT), Ok(()));
        assert!(claims.may(&prod, now + limits::CLAIM_STALE).unwrap_err().contains("not renewed"));
        claims.set(&prod, Claim::Theirs("ops2, process 7".to_owned()));
        assert_eq!(claims.may(&prod, now).unwrap_err(), "it is held by ops2, process 7");
    }
}
