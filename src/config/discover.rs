//! Finding Dockerfiles in a folder.

use crate::model::limits::{CONTEXT_FILES, DOCKERFILES};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The Dockerfiles in `folder` and below, by path.
///
/// 1. They are called `Dockerfile`, `Containerfile`, `Dockerfile.x`, `Containerfile.x` or `x.Dockerfile`, in any case.
/// 2. Folders whose names begin with a dot and `node_modules` are passed over; symbolic links are not followed.
/// 3. A folder below that may not be read is passed over; `folder` itself must be readable.
/// 4. After [`CONTEXT_FILES`] names or [`DOCKERFILES`] finds the search ends.
pub fn discover(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = Vec::new();
    let mut seen = 0;
    let mut entries = fs::read_dir(folder)?;
    loop {
        for entry in entries.flatten() {
            seen += 1;
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            if kind.is_dir() && !name.starts_with('.') && name != "node_modules" {
                open.push(entry.path());
            } else if kind.is_file() && is_dockerfile(&name) {
                found.push(entry.path());
            }
        }
        if seen > CONTEXT_FILES || found.len() >= DOCKERFILES {
            break;
        }
        match std::iter::from_fn(|| open.pop()).find_map(|path| fs::read_dir(path).ok()) {
            Some(next) => entries = next,
            None => break,
        }
    }
    found.sort();
    found.truncate(DOCKERFILES);
    Ok(found)
}

/// Whether a file's name, in small letters, is one of a Dockerfile.
pub(super) fn is_dockerfile(name: &str) -> bool {
    let stems = ["dockerfile", "containerfile"];
    let exact = stems.contains(&name);
    let with_end =
        name.split_once('.').is_some_and(|(stem, end)| stems.contains(&stem) && end != "dockerignore");
    exact || with_end || name.rsplit_once('.').is_some_and(|(_, end)| stems.contains(&end))
}
