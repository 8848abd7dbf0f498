//! The Swarm adapter against a real Swarm.
//!
//! `TIDEGATE_TEST_SWARM` is a manager (`unix:///…/docker.sock`), `TIDEGATE_TEST_REGISTRY` a registry (`host:port`) that all its nodes
//! reach; `busybox` must be a static one. A plain `cargo test` ignores them and says so; `./check` runs them on the lab. Services and images are called `flt-…`.

#![expect(clippy::unwrap_used, reason = "the lab's helpers fail a test by panicking")]

#[path = "fleet/changes.rs"]
mod changes;
#[path = "fleet/claims.rs"]
mod claims;
#[path = "fleet/client.rs"]
mod client;
#[path = "fleet/cordon.rs"]
mod cordon;
#[path = "fleet/lab.rs"]
mod lab;
#[path = "fleet/looks.rs"]
mod looks;
#[path = "fleet/meanwhile.rs"]
mod meanwhile;
#[path = "fleet/nodes.rs"]
mod nodes;
