//! The real world behind the ports: registries, engines, orchestrators.
//!
//! ```text
//!   registry   tags and manifests over HTTP        impl ports::Registries
//!   builder    a context to a pushed candidate     impl ports::Builder
//!   tester     a candidate to a report             impl ports::Tester
//!   fleet      workloads and nodes of an orchestrator  impl ports::Fleet, ports::Nodes
//!   probe      our own HTTP requests               impl ports::Prober
//!   notify     owners' webhooks and commands       impl ports::Notifier
//!   provisioner  a pool's own commands             impl ports::Provisioner
//!   clock      now, and waiting                    impl ports::Clock
//!   tls        the cryptography of all HTTP clients
//!   engine_client   how all of them reach a Docker Engine
//!   process    commands of the user's, and their ends
//!   lines      what a process says, cut into lines
//! ```
//!
//! Invariants: an adapter decides nothing (the engine does) and keeps nothing that it would need after a restart; "nobody
//! answered" is never a verdict; what comes from outside is cleaned and cut before it leaves this module.

pub mod builder;
pub mod clock;
pub mod engine_client;
pub mod fleet;
mod lines;
pub mod notify;
pub mod probe;
mod process;
pub mod provisioner;
pub mod registry;
pub mod tester;
pub mod tls;
