//! Tidegate lets upstream container updates through only as far as they are tested, approved and healthy.
//!
//! `docs/architecture.md` is the map; `tests/tidy.rs` holds the modules to it.

pub mod adapters;
pub mod api;
pub mod cli;
pub mod config;
pub mod console;
pub mod daemon;
pub mod engine;
pub mod journal;
pub mod lineage;
pub mod model;
pub mod play;
pub mod ports;
pub mod server;
pub mod sim;
