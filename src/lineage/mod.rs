//! The graph from an image to the images that it is built from, and the reading of Dockerfiles that it comes from.
//!
//! ```text
//!   Dockerfile text ─▶ scan ─▶ stages ─▶ dockerfile ─▶ DockerfileRead (bases, what is unknown, what needs BuildKit)
//!                      lines    words      which stages the target reaches
//!                               variables
//!   Ingredients of every recipe ─▶ graph ─▶ Lineage ─▶ affected(changed): what is rebuilt, in which order
//! ```
//!
//! Invariants:
//! 1. Nothing is guessed: what cannot be resolved is an `Unknown` with its line and reason.
//! 2. Places are byte ranges of the text that was read; an edit there changes exactly one image name.
//! 3. A graph has no cycle, and its order depends on nothing but its content.
//! 4. Reading is total: no text makes it panic.

mod dockerfile;
mod graph;
mod scan;
mod stages;
#[cfg(test)]
mod tests;
mod text;
mod vars;

pub use dockerfile::{DockerfileRead, Runtime, read_dockerfile};
pub use graph::{Edge, Lineage, LineageError, Planned};

/// Why a Dockerfile cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DockerfileError {
    /// There is no `FROM`.
    #[error("read the Dockerfile: there is no FROM in it")]
    NoStage,
    /// An instruction stands where none of its kind may.
    #[error("read the Dockerfile, line {line}: {what}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What is wrong there, and what to write instead.
        what: String,
    },
    /// The stage to build is not there.
    #[error("find the target stage {target:?}: the Dockerfile has {stages}")]
    NoTarget {
        /// What was asked for.
        target: String,
        /// The stages that there are, as a list for people.
        stages: String,
    },
}

impl DockerfileError {
    /// The line that is at fault, from 1, where it is one line.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Syntax { line, .. } => Some(*line),
            Self::NoStage | Self::NoTarget { .. } => None,
        }
    }
}
