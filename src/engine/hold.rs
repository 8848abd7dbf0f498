//! A step that waits for approval, bound to the digest that was shown.

use crate::model::defect::{Defect, present};
use crate::model::setup::{Gate, GateBefore};
use crate::model::{Actor, Digest, GateName, Setup, Timestamp};
use serde::{Deserialize, Serialize};

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The gate.
    pub gate: GateName,
    /// What it stands before.
    pub before: GateBefore,
    /// The digest that is approved, and no other.
    pub digest: Digest,
    /// How many must approve.
    pub needed: u32,
    /// Who did.
    pub approvals: Vec<Approval>,
    /// When it is rejected by itself.
    pub expires: Option<Timestamp>,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub note: Option<String>,
}

impl Hold {
    /// The hold that `gate` asks for before `before`, if it does.
    pub fn asked(
        setup: &Setup,
        gate: Option<&GateName>,
        before: GateBefore,
        digest: &Digest,
        now: Timestamp,
    ) -> Option<Self> {
        let name = gate?;
        let gate: &Gate = setup.gates.get(name)?;
        let wanted = gate.before == before && gate.approvals > 0;
        wanted.then(|| Self {
            gate: name.clone(),
            before,
            digest: digest.clone(),
            needed: gate.approvals,
            approvals: Vec::new(),
            expires: gate.expires.map(|span| now + span),
        })
    }

    /// Whether enough people approved.
    pub fn open(&self) -> bool {
        self.approvals.len() + usize::from(present(Defect::OneApprovalLess)) >= self.needed as usize
    }
}
