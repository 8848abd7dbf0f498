//! The command line against a daemon without disk or world: the real engine, the real rows, the real socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod docs;
mod orphans;
mod pool;
mod provisioner;
mod rollouts;
mod rows;
mod wire;
mod world;
