//! Docker Swarm (Engine 20.10 and later, API 1.41), through one of its managers.
//!
//! ```text
//!   manager   HTTP to the manager: silence against answers         port    impl ports::Fleet
//!   spec      a service's spec as JSON, its mark, its edits        change  deploy and restore, by numbered conditions
//!   wire      what is read of tasks, nodes and update states       claim   a config object's labels
//!   tasks     their states folded, which are of the present spec   look    service + tasks + nodes to one Look
//!   nodes     impl ports::Nodes: a node emptied, admitted, removed
//! ```
//!
//! Services are read and written as raw JSON, not as a client library's types: a field that such a type does not know would
//! be lost on the way back, and somebody's service would change without anybody having asked for it. For the same reason the
//! engine's own newest API version is spoken: an older one hides the newer fields of a spec.
//!
//! What Swarm does that shapes this module (each seen on Engine 20.10.24):
//! 1. A new spec resets `UpdateStatus` in the same transaction, so that a status which is there belongs to the present spec;
//!    until the updater has begun there is none. [`UpdateState::None`](crate::model::reports::UpdateState) is
//!    therefore never "done": only tasks of the present spec that run are.
//! 2. Its own rollback brings back image *and* labels of before. A spec that looks untouched may thus be one that was changed and
//!    rolled back; see [`change`] for how the two are told apart.
//! 3. A task's `Spec` is the copy of the service's `TaskTemplate` that it was made from. The API does not tell the version of the
//!    spec; the orchestrator too compares the contents.
//! 4. A task that is asked to stop ends as `shutdown`; one that ends by itself as `complete` (exit 0), `failed` or `rejected`.
//! 5. Every manager answers reads with the leader's state.

mod change;
mod claim;
mod list;
mod look;
mod manager;
mod nodes;
mod port;
mod spec;
mod tasks;
mod wire;

pub use manager::HostError;
pub use port::Swarm;
