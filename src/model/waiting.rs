//! Why something waits, as data: the one value that the console, the CLI and the metrics show.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Why a step waits. Every step that waits has one; no field is ever left for the reader to guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// What for: `1 of 2 approvals (gate prod)`, `registry 10.0.0.1:5000: connection refused`.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
    /// When something happens by itself; none when nothing will.
    pub deadline: Option<Timestamp>,
    /// Who can end the wait: `anyone on the socket`, `nobody: it ends by itself`.
    pub who: String,
    /// What happens by itself at the deadline, or without one: `rejected`, `tried again`, `nothing`.
    pub next: String,
}
