//! The command line: what can be typed, and the commands that ask a daemon once and end.
//!
//! ```text
//!   args.rs ─▶ run.rs ─┬▶ Entry: console, daemon                    (main wires them to the world)
//!                      ├▶ offline/: check, lineage                  (configuration and Dockerfiles only)
//!                      └▶ commands/: one file per family            (api::client; find.rs: what an ID means)
//! ```
//!
//! Invariants: what a command prints for scripts (`--json`) and its exit code ([`Exit`]) are stable; a sentence for people
//! says what to do next; whatever came from outside is cleaned before it is printed.

pub mod args;
mod commands;
mod exit;
mod failure;
mod find;
mod output;
mod run;
mod socket;
mod units;

pub use args::{Cli, ConsoleStart, DaemonStart, DemoStart, DrillStart, PlayStart};
pub use exit::Exit;
pub use failure::Failure;
pub use run::{Entry, run};
pub use socket::socket;
