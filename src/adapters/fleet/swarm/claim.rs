//! The claim on a Swarm: a config object whose labels carry the heartbeat.
//!
//! A config's data can never change, its labels can, fenced by its version; so two daemons cannot both believe that they took it.
//! 1. Nobody holds it: it is ours.
//! 2. The same installation holds it: ours, and the heartbeat is renewed, however old it is.
//! 3. Another one holds it: theirs; taken only when a person said so *and* the heartbeat is older than
//!    [`CLAIM_STALE`]. A daemon that is alive cannot be pushed aside: stop it first.
//!
//! Heartbeats are the holders' clocks. One that is ahead by hours keeps its claim alive that long; `docker config rm tidegate-claim`
//! is the way out.

use super::manager::Trouble;
use super::port::Swarm;
use crate::model::Timestamp;
use crate::model::limits::{CLAIM_STALE, FENCE_ROUNDS};
use crate::model::text::clean;
use crate::ports::{Claim, Claimed};
use base64::Engine as _;
use serde_json::{Value, json};

const NAME: &str = "tidegate-claim";
const LABEL: &str = "tidegate.claim";
/// Configs must have data; this one tells people what it is.
const DATA: &str = "A Tidegate daemon claims this Swarm. Who it is stands in this object's labels.\n";

/// Whether `claim` may be written over `held`.
pub(super) fn may_take(held: &Claim, claim: &Claim) -> bool {
    held.install == claim.install || (claim.force && claim.beat.since(held.beat) > CLAIM_STALE)
}

/// The claim that a config's labels carry. One that cannot be read belongs to nobody we know and is as old as can be: it keeps us
/// out until a person says otherwise.
fn held_in(config: &Value) -> Claim {
    let label = config.pointer("/Spec/Labels").and_then(|labels| labels.get(LABEL)).and_then(Value::as_str);
    let read = label.and_then(|text| serde_json::from_str::<Claim>(text).ok());
    let odd = || Claim {
        install: String::new(),
        holder: format!("somebody whose config {NAME:?} has no readable label {LABEL:?}"),
        beat: Timestamp::default(),
        force: false,
    };
    let claim = read.unwrap_or_else(odd);
    Claim { install: clean(&claim.install, 100), holder: clean(&claim.holder, 200), ..claim }
}

fn labels(claim: &Claim) -> Value {
    let stored = Claim { force: false, ..claim.clone() };
    json!({ LABEL: serde_json::to_string(&stored).expect("a claim is texts and numbers") })
}

impl Swarm {
    pub(super) async fn claim_once(&self, claim: &Claim) -> Result<Claimed, Trouble> {
        for _ in 0..FENCE_ROUNDS {
            let config = match self.manager.get(&format!("/configs/{NAME}")).await {
                Ok(config) => config,
                Err(Trouble::Missing) => match self.create_claim(claim).await {
                    Ok(()) => return Ok(Claimed::Ours),
                    Err(Trouble::Exists) => continue,
                    Err(other) => return Err(other),
                },
                Err(other) => return Err(other),
            };
            let held = held_in(&config);
            if !may_take(&held, claim) {
                return Ok(Claimed::Theirs(held));
            }
            match self.renew_claim(&config, claim).await {
                Ok(()) => return Ok(Claimed::Ours),
                Err(Trouble::Moved | Trouble::Missing) => {}
                Err(other) => return Err(other),
            }
        }
        Err(self.manager.silent("the claim changes faster than it can be looked at"))
    }

    async fn create_claim(&self, claim: &Claim) -> Result<(), Trouble> {
        let data = base64::engine::general_purpose::STANDARD.encode(DATA);
        let body = json!({"Name": NAME, "Labels": labels(claim), "Data": data});
        self.manager.post("/configs/create", &body, None).await.map(drop)
    }

    async fn renew_claim(&self, config: &Value, claim: &Claim) -> Result<(), Trouble> {
        let id = config.get("ID").and_then(Value::as_str);
        let version = config.pointer("/Version/Index").and_then(Value::as_u64);
        let (Some(id), Some(version)) = (id, version) else {
            return Err(self.manager.odd("a config without ID or version"));
        };
        let mut spec = config.get("Spec").cloned().unwrap_or_default();
        let fields = spec.as_object_mut().ok_or_else(|| self.manager.odd("a config without Spec"))?;
        fields.insert("Labels".to_owned(), labels(claim));
        self.manager.post(&format!("/configs/{id}/update?version={version}"), &spec, None).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(install: &str, seconds: i64, force: bool) -> Claim {
        Claim {
            install: install.to_owned(),
            holder: "m1 (pid 7)".to_owned(),
            beat: Timestamp::from_millis(seconds * 1000),
            force,
        }
    }

    #[test]
    fn the_same_installation_renews_whatever_the_age() {
        assert!(may_take(&claim("a", 0, false), &claim("a", 999, false)));
        assert!(may_take(&claim("a", 999, false), &claim("a", 0, false)));
    }

    #[test]
    fn another_installation_needs_a_stale_heartbeat_and_a_person() {
        assert!(!may_take(&claim("a", 0, false), &claim("b", 999, false)));
        assert!(!may_take(&claim("a", 0, false), &claim("b", 30, true)));
        assert!(may_take(&claim("a", 0, false), &claim("b", 31, true)));
        assert!(!may_take(&claim("a", 999, false), &claim("b", 0, true)));
    }

    #[test]
    fn a_claim_reads_back_without_its_force() {
        let config = json!({"Spec": {"Labels": labels(&claim("a", 5, true))}});
        assert_eq!(held_in(&config), claim("a", 5, false));
    }

    #[test]
    fn an_unreadable_claim_is_somebody_elses() {
        let held = held_in(&json!({"Spec": {"Name": NAME, "Labels": {}}}));
        assert!(!may_take(&held, &claim("b", 999, false)));
        assert!(may_take(&held, &claim("b", 999, true)));
    }
}
