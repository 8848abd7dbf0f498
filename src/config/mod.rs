//! The configuration file, read, filled with defaults, checked as a whole, and resolved.
//!
//! ```text
//!   tidegate.toml ─▶ read ─▶ file (every key declared once) ─▶ resolve ─▶ Resolved { setup, secrets, warnings }
//!                    lines    defaults, "did you mean"          references, folders, circles
//!   Setup ─▶ recipes (Dockerfiles and contexts, digested) ─▶ lineage ─▶ describe, report
//! ```
//!
//! Invariants:
//! 1. Everything that is wrong is reported at once, each with its line and what to write instead.
//! 2. A [`Resolved`] has no reference that leads nowhere, and its lineage has no circle.
//! 3. Secrets are in [`Resolved`] and never in its `Setup`, its messages or its `Debug` form.

mod context;
mod describe;
mod discover;
mod file;
mod ignore;
mod problem;
mod read;
pub mod recipes;
mod report;
mod resolve;
mod secret;
#[cfg(test)]
mod tests;
mod units;

pub use describe::describe;
pub use discover::discover;
pub use file::sections;
pub use problem::{ConfigError, Problem};
pub use read::Key;
pub use report::{LineageReport, ReportError, ReportedFile, lineage_report};
pub use resolve::{load, load_with, parse};
pub use secret::{Credentials, Secret};

use crate::model::nodes::PoolCommands;
use crate::model::notices::Target;
use crate::model::{ChannelName, PoolName, Registry, Setup};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// A configuration that was checked: what the engine needs, and what only adapters need.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// What the engine needs.
    pub setup: Setup,
    /// The file that it was read from, absolute.
    pub file: PathBuf,
    /// Where the journal, logs and socket are, absolute.
    pub state_dir: PathBuf,
    /// The control socket, absolute.
    pub socket: PathBuf,
    /// The listener for notifications.
    pub webhook: Option<Webhook>,
    /// The Docker Engine that builds and tests: `unix:///path` or `http://host:port`.
    pub builder_host: String,
    /// Where channels lead, each with its secrets.
    pub channels: BTreeMap<ChannelName, Target>,
    /// The commands of pools.
    pub provisioners: BTreeMap<PoolName, PoolCommands>,
    /// How to log in to registries.
    pub credentials: BTreeMap<Registry, Credentials>,
    /// What works, and should be looked at.
    pub warnings: Vec<Problem>,
}

/// The listener for notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What a notification must carry.
    pub token: Secret,
    /// What an announcement of a release must carry; none is taken when there is none.
    pub release_token: Option<Secret>,
}
