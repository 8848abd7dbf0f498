//! The daemon on a scripted world: the core without a runtime, the rest on tokio's paused clock.

mod core;
mod fleets;
mod life;
mod nodes;
pub(super) mod script;
mod tags;
