//! Tidegate lets upstream container updates through only as far as they are tested, approved and healthy.
//!
//! `docs/architecture.md` is the map; `tests/tidy.rs` holds the modules to it.

pub mod api;
pub mod engine;
pub mod lineage;
pub mod model;
pub mod ports;
pub mod server;
