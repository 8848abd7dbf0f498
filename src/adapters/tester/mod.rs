//! Runs a recipe's tests on a Docker Engine.
//!
//! ```text
//!   run      all tests of a job, in order            junit    a JUnit file, read (pure)
//!   command  one command in one container, judged    fetch    files out of a container, images into the engine
//!   service  the candidate as in production,         traces   what containers and networks are called, and their removal
//!            and a client against it
//! ```
//!
//! Invariants:
//! 1. Everything that a test makes carries the effect's id as a label, and is removed when the test ends, however it ends: when the
//!    future is dropped by a task of its own, and when that never came to run, by the step's next attempt.
//! 2. A test that cannot be run because of what it tests (no such command, a service that dies) has failed; one that cannot be run
//!    because nobody answers makes the whole job silence, and no verdict.
//! 3. What a test prints or writes is read up to a limit; a file that is no JUnit fails its test, with the reason.
//! 4. The command's container has no network but the test's own unless the recipe says so, no new privileges, and an end.

mod command;
mod fetch;
mod junit;
mod run;
mod service;
mod traces;

pub use run::EngineTester;
