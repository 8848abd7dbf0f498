//! Who did it: every fact names its actor.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The one behind a fact or a command.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// Somebody on the control socket, as the kernel names the peer of the connection.
    Person {
        /// The login name; `uid 1234` where the system has none for it.
        name: String,
        /// The numeric user id.
        uid: u32,
    },
    /// A rule of the configuration, by its name.
    Policy(String),
    /// A deadline of ours.
    Timer,
    /// A registry's notification, by the registry it claims to come from.
    Webhook(String),
    /// The daemon itself: polls, results of its work, its own start.
    Daemon,
    /// Something else changed the world: the orchestrator, or a person beside us.
    Outside(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { name, .. } => f.pad(name),
            Self::Policy(name) => write!(f, "policy {name}"),
            Self::Timer => f.pad("timer"),
            Self::Webhook(source) => write!(f, "webhook {source}"),
            Self::Daemon => f.pad("tidegate"),
            Self::Outside(who) => f.pad(who),
        }
    }
}
