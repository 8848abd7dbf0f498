//! Machines of pools, by commands of the user's: `provision`, `deprovision`, `list` and `update`.
//!
//! ```text
//!   port     impl ports::Provisioner: what is asked, in which order      ask      the JSON on a command's standard input
//!   run      one command: input, answer, log lines, its end              answer   the one JSON object on its standard output
//! ```
//!
//! The contract that a user's command must keep is `docs/provisioner.md`. Invariants:
//! 1. A command is argv and never a shell's line; what we put into its words is of an alphabet that no shell and no option parser reads more into.
//! 2. An exit code of 0 with exactly one readable JSON object is the only success. Everything else is a failure that says what was seen.
//! 3. `provision` looks first: a machine that has the token already is the answer. That a command is idempotent is never relied on.
//! 4. A command that takes too long is asked to end, then killed, with all that it had started.

mod answer;
mod ask;
mod port;
mod run;
#[cfg(test)]
mod tests;

pub use port::Commands;
