//! The main job, end to end, on the lab: a real Swarm of four nodes and a real registry.
//!
//! `./check` builds the lab and runs this with `TIDEGATE_LAB=1 … --test-threads=1`; by hand:
//!
//! ```text
//! lab/up --no-daemon && TIDEGATE_LAB=1 cargo test --test lab -- --test-threads=1
//! ```
//!
//! Without `TIDEGATE_LAB` each test says SKIPPED and why: it is not run, and does not look as if it had been.

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
#[path = "lab/updates.rs"]
mod updates;
#[path = "lab/webhooks.rs"]
mod webhooks;
