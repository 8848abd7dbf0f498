//! The control socket's requests, one file each; the table is in [`api`](crate::api).

pub mod answer;
mod commands;
pub mod doors;
mod dossier;
mod events;
mod logs;
mod me;
mod metrics;
mod openapi;
mod plan;
mod router;
mod rows;
mod status;
mod why;

pub use router::{router, serve};

/// Every path with its method, as [`router`] has them and `openapi.json` must.
pub const ROUTES: &[(&str, &str)] = &[
    ("get", "/v1/me"),
    ("get", "/v1/rows"),
    ("get", "/v1/status"),
    ("get", "/v1/why"),
    ("get", "/v1/plan"),
    ("get", "/v1/dossier"),
    ("get", "/v1/events"),
    ("get", "/v1/logs"),
    ("post", "/v1/commands"),
    ("get", "/v1/openapi.json"),
    ("get", "/metrics"),
];
