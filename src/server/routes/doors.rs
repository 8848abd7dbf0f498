//! What every handler holds.

use crate::ports::Clock;
use crate::server::webhook::Counts;
use crate::server::{Source, Table};
use std::sync::Arc;

/// The daemon as its doors see it. Cheap to clone.
#[derive(Clone)]
pub struct Doors {
    /// The rows.
    pub table: Arc<Table>,
    /// Everything else.
    pub source: Arc<dyn Source>,
    /// Who answers.
    pub about: About,
    /// What came in on the webhook listener.
    pub webhooks: Arc<Counts>,
    /// For the stamp of a status.
    pub clock: Arc<dyn Clock>,
}

/// Who answers on the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it is called; its fleets when absent.
    pub name: Option<String>,
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Whether it only observes.
    pub read_only: bool,
}
