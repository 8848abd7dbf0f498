//! Exit codes. Stable; documented in docs/cli.md and in `--help`.

use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked, or somebody had done it already.
    Ok,
    /// It failed, in a way that the other codes do not name.
    Failed,
    /// The command line or the configuration is wrong.
    Usage,
    /// No daemon answers.
    NoDaemon,
    /// The daemon refused the command.
    Refused,
    /// There is no such thing.
    NotFound,
    /// What was seen has moved: look again, then decide again.
    Stale,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::NoDaemon => 3,
            Self::Refused => 4,
            Self::NotFound => 5,
            Self::Stale => 6,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
