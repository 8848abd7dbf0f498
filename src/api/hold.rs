//! A held step, as its row says it.

use crate::model::actor::Actor;
use crate::model::setup::OnFailure;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A hold, and what an approval of it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// The gate's name.
    pub gate: String,
    /// Approvals so far: who, when, and what they said.
    pub approvals: Vec<ApprovalRow>,
    /// Approvals that are needed.
    pub needed: u32,
    /// Who may; everybody on the socket when empty.
    pub approvers: Vec<String>,
    /// When it is rejected by itself.
    pub expires: Option<Timestamp>,
    /// What happens at once: `tag 1.4 moves to 77a0`.
    pub at_once: String,
    /// What happens then, each line `when  what`.
    pub then: Vec<String>,
    /// What happens when it makes people sick.
    pub if_sick: String,
    /// How it can be undone.
    pub undo: String,
    /// What happens when nobody acts.
    pub if_nobody: String,
    /// Who is affected.
    pub affects: String,
    /// Whether anything in it cannot be undone.
    pub on_failure: OnFailure,
}

/// One approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRow {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What they said.
    pub note: Option<String>,
}
