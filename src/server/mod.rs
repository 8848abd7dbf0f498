//! The daemon's doors: a Unix socket for people, a TCP listener for registries.
//!
//! ```text
//!   engine state ─ rows/ ─▶ Table ─ Outbox ─▶ Reader ─▶ GET /v1/rows        socket.rs, accept.rs: who knocks
//!                             └──────────────────────▶ GET /v1/status       routes/: one file per request
//!   Source ◀── commands, why, events, hints ── routes/, webhook/            peer.rs: the caller's name
//! ```
//!
//! Invariants:
//! 1. Whoever is on the control socket is who the kernel says; a request cannot claim another actor.
//! 2. The rows are the one thing that is shown: status, why and metrics are made from them too.
//! 3. A slow, broken or malicious peer costs a bounded amount of memory and nothing else.
//! 4. A webhook is answered 2xx only after its hint is on disk; its secret is never logged.

pub mod accept;
pub mod first_error;
pub mod logs;
pub mod outbox;
pub mod peer;
pub mod publish;
pub mod reader;
pub mod routes;
pub mod rows;
pub mod served;
pub mod socket;
pub mod status;
pub mod table;
pub mod webhook;
pub mod why;

#[cfg(test)]
mod tests;

pub use routes::doors::{About, Doors};
pub use served::Served;
pub use table::Table;

use crate::api::Reply;
use crate::api::rollout::{Goal, PlanRow};
use crate::api::rows::{EventRow, Stuck};
use crate::api::why::Why;
use crate::model::dossier::Dossier;
use crate::model::{Actor, Command, Digest, ImageRef, IncidentId, PoolName, Registry, ReleaseName, Seq};
use async_trait::async_trait;
use std::path::Path;

/// What the doors need of the daemon beside the rows.
///
/// [`Served`] is the real one; it feeds the [`Table`] on its own.
#[async_trait]
pub trait Source: Send + Sync + 'static {
    /// Asks for something in somebody's name. A full disk or a daemon that ends is a rejection with that reason.
    async fn command(&self, by: Actor, command: Command) -> Reply;

    /// The lines of the journal after `after`, oldest first, at most `limit`; or why it cannot be read, cleaned.
    async fn events(&self, after: Seq, limit: usize) -> Result<Vec<EventRow>, String>;

    /// Why a thing is as it is: `42`, `42/image:web:1`, `incident 3`. None when there is no such thing.
    async fn why(&self, id: &str) -> Option<Why>;

    /// What a rollout of this release through this pool would do and would meet, or why it cannot be started.
    async fn plan(&self, pool: &PoolName, goal: &Goal) -> Result<PlanRow, String>;

    /// The dossier of an incident; none when there is no such incident. Or why it cannot be read, cleaned.
    async fn dossier(&self, id: IncidentId) -> Result<Option<Dossier>, String>;

    /// Journals a hint. It is on disk when this returns `Ok`.
    async fn hint(&self, hint: Hint) -> Result<(), Stuck>;

    /// Journals that a release was announced, unless it is known. It is on disk when this returns `Ok`.
    async fn announce(&self, pool: PoolName, release: ReleaseName) -> Result<Announcement, Stuck>;

    /// The image that is watched under the name that a notification gives it: its registry may be called by an alias.
    fn watched(&self, claimed: &ImageRef) -> Option<ImageRef>;

    /// The folder of the logs; [`api::logs::file_name`](crate::api::logs::file_name) names the files in it.
    fn logs(&self) -> &Path;

    /// Whether the work that writes this log goes on.
    fn log_open(&self, id: &str) -> bool;
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// It is in the journal.
    Stored,
    /// The release was announced before.
    Known,
    /// The configuration has no such pool.
    NoPool,
}

/// What a registry's notification claims. Only a hint: the registry is asked before anything is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The image whose tag was pushed.
    pub image: ImageRef,
    /// Where it is said to point now.
    pub digest: Option<Digest>,
    /// The registry that is said to have sent it.
    pub from: Registry,
}
