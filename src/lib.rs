//! Tidegate lets upstream container updates through only as far as they are tested, approved and healthy.
//!
//! `docs/architecture.md` is the map; `tests/tidy.rs` holds the modules to it.

pub mod api;
pub mod console;
pub mod model;
pub mod ports;
