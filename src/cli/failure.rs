//! Why a command did not do what was asked.

use super::Exit;
use crate::api::client::ClientError;
use std::io;

/// Each message says what to do next, and each has its exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The daemon gave no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The daemon refused the command.
    #[error("refused: {0}")]
    Refused(String),
    /// What was seen has moved.
    #[error("not done: {0}")]
    Stale(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// What was typed means nothing, or more than one thing.
    #[error("{0}")]
    Usage(String),
    /// Nobody reads any more what is printed. Not worth a word.
    #[error("cannot write: {0}")]
    Output(#[from] io::Error),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    /// Its exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Client(error) => match error {
                ClientError::NoSocket { .. } | ClientError::Refused { .. } | ClientError::Denied { .. } => {
                    Exit::NoDaemon
                }
                ClientError::NotFound(_) => Exit::NotFound,
                ClientError::Lost { .. }
                | ClientError::Version { .. }
                | ClientError::Garbage { .. }
                | ClientError::Conflict(_)
                | ClientError::Problem(_) => Exit::Failed,
            },
            Self::Refused(_) => Exit::Refused,
            Self::Stale(_) => Exit::Stale,
            Self::NotFound(_) => Exit::NotFound,
            Self::Usage(_) => Exit::Usage,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Output(_) | Self::Failed(_) => Exit::Failed,
        }
    }

    /// Whether it is worth a word on the error output.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
