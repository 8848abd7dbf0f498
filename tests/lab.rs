//! The main job, end to end, on the lab: a real Swarm of four nodes and a real registry.
//!
//! `./check` builds the lab and runs this; by hand:
//!
//! ```text
//! lab/up --no-daemon && cargo test --test lab -- --ignored --test-threads=1
//! ```
//!
//! The tests are `ignored` for a plain `cargo test`, which says so: they need root, Linux and some minutes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

#[path = "lab/harness.rs"]
mod harness;
#[path = "lab/load.rs"]
mod load;

#[path = "lab/faults.rs"]
mod faults;
#[path = "lab/hands.rs"]
mod hands;
#[path = "lab/kills.rs"]
mod kills;
#[path = "lab/machines.rs"]
mod machines;
#[path = "lab/rollouts/mod.rs"]
mod rollouts;
#[path = "lab/updates.rs"]
mod updates;
#[path = "lab/webhooks.rs"]
mod webhooks;
