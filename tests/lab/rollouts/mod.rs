//! Node releases on the lab: a pool of three real workers, machines that are really made and removed, and a client that counts failures.
//!
//! ```text
//!   pool.rs      the pool that all of these share: its configuration, releases, steps, machines
//!   taking.rs    what must hold when a node's work is taken back      told.rs  what the owners were told
//!   figures.rs   how long a rollout took, beside what it cannot avoid
//!
//!   bad_then_good.rs  sick-app, then forward to good     cut_off.rs      breaks-network
//!   nothing_moved.rs  never-joins; fits nowhere          provisioner.rs  it hangs, prints garbage, fails, answers twice
//!   killed.rs         kill -9 in every state             locks.rs        a deploy and a rollout; two daemons
//!   scaled.rs         the pool grows and shrinks
//! ```
//!
//! What this machine cannot show is in `docs/lab.md`, and `./check` says at its end that it was not shown.

mod figures;
mod pool;
mod taking;
mod told;

mod bad_then_good;
mod cut_off;
mod killed;
mod locks;
mod nothing_moved;
mod provisioner;
mod scaled;
