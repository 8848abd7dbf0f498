//! Who was told of an incident, and whether it arrived.

use super::mark::Mark;
use crate::model::{Owner, Timestamp};
use serde::{Deserialize, Serialize};

/// One notice of an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRow {
    /// The notice's id: `3/opened/customer/web-hook`.
    pub id: String,
    /// `opened`, `put_back` or `closed`.
    pub occasion: String,
    /// `vendor` or `customer`.
    pub party: String,
    /// Who is told.
    pub owner: Owner,
    /// Over which channel.
    pub channel: String,
    /// What kind of channel that is: `webhook`, `command`; none when it is gone from the configuration.
    pub kind: Option<String>,
    /// How it stands: `good` it arrived, `working` it is being told, `failed` it is tried again or was given up.
    pub mark: Mark,
    /// Since when it stands so: when it arrived, was given up, failed first, or was to be told.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// What the latest try met.
    pub why: Option<String>,
    /// When it is tried again; none when it will not be.
    pub next: Option<Timestamp>,
}
