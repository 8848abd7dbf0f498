//! The nodes of a Swarm: what a rollout asks of it ([`ports::Nodes`](crate::ports::Nodes)).
//!
//! ```text
//!   member     a node as the manager has it            view       nodes, services and living tasks at one moment
//!   service    where a service may run, what it needs  placement  constraints and platforms
//!   room       what a node can still take
//!   preflight  what emptying a node would meet         quorum     what the managers can lose
//!   moving     the label that a shift keeps on a service          removal    which tasks Swarm takes away when it scales down
//!   shift      emptying a node, step by step           progress   how far that is
//!   replaced   what others replace meanwhile
//!   cordon     nothing new lands on a node, and what is on it then
//!   change     availability, labels and role, removal: fenced
//! ```
//!
//! A drain stops a task before its replacement runs, so a service of one replica would go down. A shift therefore
//! 1. sets the node to `pause`, so that nothing new lands on it;
//! 2. scales each service up by its tasks there, and keeps what was there in a label of the service, in the same change;
//! 3. waits until as many tasks as before are healthy on other nodes;
//! 4. sets the node to `drain`, and waits until its tasks have ended;
//! 5. scales back only when Swarm's own choice of what it takes away leaves as many healthy tasks as before.
//!
//! Each step looks at what is there and not at what was done before, so a second call goes on where the first one was cut off.
//! Every change is fenced by the version just read; one that has moved means looking again, never sending again.
//!
//! A service with a task that fits on no node is not changed, but to take that task away: Swarm would forget it ([`view::fits_nowhere`]). So what moves with a
//! gap that a person agreed to gets no label; the node keeps it.
//!
//! What this cannot see: containers that are no tasks (but for the manager's own), volumes, plugins and generic resources; whether a task
//! without a health check really serves when Swarm says that it runs.

mod change;
mod cordon;
mod member;
pub(super) mod moving;
mod placement;
mod port;
mod preflight;
mod progress;
mod quorum;
mod removal;
mod replaced;
mod room;
#[cfg(test)]
mod sample;
mod service;
mod shift;
mod view;
