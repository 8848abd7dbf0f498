//! From the file's type to the resolved one: references followed, folders looked at, secrets fetched.

mod access;
mod channels;
mod gates;
mod lineage;
mod pools;
mod recipes;
mod registries;
mod start;
mod workloads;

pub use start::{load, load_with, parse};

use super::read::{At, Reader};
use std::path::{Path, PathBuf};

/// What every part of resolving needs.
struct Resolver<'a> {
    reader: Reader,
    /// The folder of the configuration file.
    base: &'a Path,
    /// Environment variables.
    env: &'a dyn Fn(&str) -> Option<String>,
}

impl Resolver<'_> {
    fn error(&mut self, line: usize, message: impl std::fmt::Display, hint: impl std::fmt::Display) {
        self.reader.problems.error(line, message, hint);
    }

    fn warning(&mut self, line: usize, message: impl std::fmt::Display, hint: impl std::fmt::Display) {
        self.reader.problems.warning(line, message, hint);
    }

    /// A path of the file: relative ones begin at the file's folder.
    fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }
}

/// The value of an optional key.
fn value<T: Clone>(at: Option<&At<T>>) -> Option<T> {
    at.map(|at| at.value.clone())
}
