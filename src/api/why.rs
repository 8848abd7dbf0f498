//! The answer to "why": one chain from the thing asked for to what can end the wait.

use crate::model::{Timestamp, Waiting};
use serde::{Deserialize, Serialize};

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// What was asked for, as it is shown: `run 42 web:1`.
    pub subject: String,
    /// Its state in a sentence.
    pub state: String,
    /// Why it waits, from itself to the last cause.
    pub chain: Vec<Link>,
    /// What led here, oldest first: the facts of the journal that touched it.
    pub facts: Vec<Fact>,
}

/// One link of a chain of waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Who waits.
    pub subject: String,
    /// Why.
    pub waiting: Waiting,
}

/// One fact of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What, in a sentence.
    pub text: String,
}
