//! The wire: what the daemon tells its consoles and what they may ask for. Data only, version 1.
//!
//! HTTP/1.1 and JSON on a Unix socket, so that `curl --unix-socket` works on it:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /v1/me` | [`Me`]: who the socket says you are |
//! | `GET /v1/rows[?since=EPOCH.SEQ]` | server-sent events, each one [`stream::Frame`] |
//! | `GET /v1/status` | [`status::Status`]: the same, once and in a documented shape |
//! | `GET /v1/why?id=…` | [`why::Why`] |
//! | `GET /v1/plan?pool=POOL&release=NAME` (or `nodes=N`) | [`rollout::PlanRow`]: what a rollout would do and would meet |
//! | `GET /v1/dossier?incident=N` | [`Dossier`](crate::model::dossier::Dossier) |
//! | `GET /v1/events?after=SEQ&limit=N&follow=BOOL` | [`EventRow`](rows::EventRow)s, one JSON per line |
//! | `GET /v1/logs?id=LOG[&offset=N]` (or `at=first_error`, `at=end`) | [`logs::Window`] |
//! | `POST /v1/commands` with a [`Command`](crate::model::Command) | [`Reply`] |
//! | `GET /v1/openapi.json` | this table for programs |
//! | `GET /metrics` | numbers for Prometheus |
//!
//! Every answer carries [`VERSION_HEADER`]; one that is not 2xx is a [`Problem`].
//!
//! Invariants: a row is whole (an upsert replaces it); texts in rows were cleaned by the daemon, and the console
//! cleans again; unknown fields are ignored, so that a newer daemon serves an older console.

pub mod client;
pub mod dossier;
pub mod hold;
pub mod logs;
pub mod mark;
pub mod rollout;
pub mod rows;
pub mod sse;
pub mod status;
pub mod stream;
pub mod subject;
pub mod told;
pub mod why;

use crate::model::{Actor, Seq};
use serde::{Deserialize, Serialize};

/// The version of the wire: the path's first part.
pub const VERSION: u32 = 1;
/// The header of every answer that says [`VERSION`].
pub const VERSION_HEADER: &str = "tidegate-api";

/// Who the socket says you are, and who answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The peer of this connection.
    pub actor: Actor,
    /// The daemon's program version.
    pub version: String,
    /// The wire's version.
    pub api: u32,
    /// The daemon's process.
    pub pid: u32,
    /// Whether this daemon only observes.
    pub read_only: bool,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reply")]
pub enum Reply {
    /// It is a fact now.
    Accepted {
        /// Its place in the journal.
        seq: Seq,
        /// What it did, in a sentence.
        message: String,
    },
    /// Somebody had done it already; nothing changed.
    Already {
        /// Who and when: `ben did this 02:31:40`.
        message: String,
    },
    /// It was refused.
    Rejected {
        /// Why, and what to do next.
        reason: String,
        /// Whether what the author saw has moved: read again, then decide again.
        stale: bool,
    },
}

/// Why a request got no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What is wrong, and what to do next.
    pub error: String,
}
