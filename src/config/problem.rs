//! What is wrong with a configuration: all of it at once, each with its line and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong, or that should be known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line of the configuration file, from 1; 0 when it is not about a line.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// The problem as one line: `tidegate.toml:12: message; hint`.
    pub fn shown(&self, file: &Path) -> String {
        let name = file
            .file_name()
            .map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
        let place = if self.line == 0 { name } else { format!("{name}:{}", self.line) };
        match &self.hint {
            Some(hint) => format!("{place}: {}; {hint}", self.message),
            None => format!("{place}: {}", self.message),
        }
    }
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read the configuration {}: {source}; name the file with --config, or write one (docs/configuration.md)", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It was read, and is wrong.
    #[error("{}", list(file, problems))]
    Wrong {
        /// Which file.
        file: PathBuf,
        /// Everything that is wrong, by line; never empty.
        problems: Vec<Problem>,
    },
}

fn list(file: &Path, problems: &[Problem]) -> String {
    problems.iter().map(|problem| problem.shown(file)).collect::<Vec<_>>().join("\n")
}

/// Collects problems while reading goes on, so that one look shows them all.
#[derive(Debug, Default)]
pub(super) struct Problems {
    errors: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl Problems {
    pub(super) fn error(&mut self, line: usize, message: impl fmt::Display, hint: impl fmt::Display) {
        self.errors.push(problem(line, &message, &hint));
    }

    pub(super) fn warning(&mut self, line: usize, message: impl fmt::Display, hint: impl fmt::Display) {
        self.warnings.push(problem(line, &message, &hint));
    }

    /// All errors so far, by line.
    pub(super) fn checked(&mut self, file: &Path) -> Result<(), ConfigError> {
        let mut problems = std::mem::take(&mut self.errors);
        problems.sort();
        problems.dedup();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError::Wrong { file: file.to_owned(), problems }) }
    }

    /// The warnings by line, or all errors.
    pub(super) fn finish(mut self, file: &Path) -> Result<Vec<Problem>, ConfigError> {
        self.checked(file)?;
        self.warnings.sort();
        Ok(self.warnings)
    }
}

fn problem(line: usize, message: &dyn fmt::Display, hint: &dyn fmt::Display) -> Problem {
    use crate::model::limits::MESSAGE_CHARS;
    use crate::model::text::clean;
    let hint = clean(&hint.to_string(), MESSAGE_CHARS);
    Problem {
        line,
        message: clean(&message.to_string(), MESSAGE_CHARS),
        hint: (!hint.is_empty()).then_some(hint),
    }
}
