//! Logs are read in windows: a console never holds a whole one.

use serde::{Deserialize, Serialize};

pub use crate::model::logname::file_name;

/// Part of a log. Lines are raw; who shows them cleans them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Which log.
    pub id: String,
    /// The byte at which this window begins; always the start of a line.
    pub offset: u64,
    /// The byte after it; ask from here for more.
    pub next: u64,
    /// The size of the log now.
    pub size: u64,
    /// Whether the work that writes it goes on.
    pub open: bool,
    /// The lines.
    pub lines: Vec<String>,
    /// The index in `lines` of the first error, when the window was asked for `at=first_error` and there is one.
    pub first_error: Option<usize>,
}
