//! The content of a build context, as one digest.

use super::ignore::Ignore;
use crate::model::Digest;
use crate::model::limits::{CONTEXT_BYTES, CONTEXT_FILES};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why a context cannot be digested.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A file or folder of it cannot be read.
    #[error("read {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It has too many files.
    #[error("read the context: it has more than {CONTEXT_FILES} files; leave some out by a .dockerignore")]
    TooManyFiles,
    /// It is too large.
    #[error("read the context: it has more than {CONTEXT_BYTES} bytes; leave some out by a .dockerignore")]
    TooLarge,
}

/// Adds everything that a build would send to `hash`, in the order of the paths.
///
/// 1. What `.dockerignore` leaves out is left out, except the Dockerfile and `.dockerignore` themselves.
/// 2. A file counts with its path, whether it can be executed, and its content; a symbolic link with its target's name: it is not
///    followed. Sockets, pipes and devices count by their kind and are never opened.
/// 3. Times and owners do not count: a fresh checkout of the same commit has the same digest.
pub(super) fn digest(context: &Path, dockerfile: &str, hash: &mut Sha256) -> Result<(), ContextError> {
    let ignore = ignore_file(context, dockerfile)?;
    let mut paths = listed(context, dockerfile, &ignore)?;
    paths.sort();
    let mut bytes = 0;
    for path in paths {
        entry(&context.join(&path), &path, &mut bytes, hash)?;
    }
    Ok(())
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ContextError {
    let path = path.to_owned();
    move |source| ContextError::Unreadable { path, source }
}

/// `Dockerfile.dockerignore` beside the Dockerfile goes before `.dockerignore`, as BuildKit has it.
fn ignore_file(context: &Path, dockerfile: &str) -> Result<Ignore, ContextError> {
    for name in [format!("{dockerfile}.dockerignore"), ".dockerignore".to_owned()] {
        let path = context.join(name);
        match super::recipes::text_of(&path) {
            Ok(Some(text)) => return Ok(Ignore::parse(&text)),
            Ok(None) => return Err(unreadable(&path)(io::Error::other("it is too long"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&path)(error)),
        }
    }
    Ok(Ignore::default())
}

/// Paths of everything that is sent, relative to the context. Names that are no UTF-8 are taken with replacements.
fn listed(context: &Path, dockerfile: &str, ignore: &Ignore) -> Result<Vec<PathBuf>, ContextError> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        let path = context.join(&folder);
        for entry in fs::read_dir(&path).map_err(unreadable(&path))? {
            let entry = entry.map_err(unreadable(&path))?;
            let inner = folder.join(entry.file_name());
            let name = inner.to_string_lossy();
            let is_folder = entry.file_type().map_err(unreadable(&path))?.is_dir();
            let sent = name == dockerfile || name == ".dockerignore" || !ignore.leaves_out(&name);
            if sent {
                found.push(inner.clone());
            }
            if is_folder && (sent || ignore.takes_back() || Path::new(dockerfile).starts_with(&inner)) {
                open.push(inner);
            }
            if found.len() + open.len() > CONTEXT_FILES {
                return Err(ContextError::TooManyFiles);
            }
        }
    }
    Ok(found)
}

fn entry(path: &Path, name: &Path, bytes: &mut u64, hash: &mut Sha256) -> Result<(), ContextError> {
    let meta = fs::symlink_metadata(path).map_err(unreadable(path))?;
    part(hash, name.as_os_str().as_encoded_bytes());
    part(hash, kind(&meta));
    if meta.is_symlink() {
        part(hash, fs::read_link(path).map_err(unreadable(path))?.as_os_str().as_encoded_bytes());
    } else if meta.is_file() {
        *bytes += meta.len();
        if *bytes > CONTEXT_BYTES {
            return Err(ContextError::TooLarge);
        }
        part(hash, content(path).map_err(unreadable(path))?.as_str().as_bytes());
    }
    Ok(())
}

fn kind(meta: &Metadata) -> &'static [u8] {
    let kind = meta.file_type();
    match (kind.is_file(), meta.permissions().mode() & 0o111 != 0) {
        (true, true) => b"program",
        (true, false) => b"file",
        (false, _) if kind.is_symlink() => b"link",
        (false, _) if kind.is_dir() => b"folder",
        (false, _) => b"other",
    }
}

fn content(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?.take(CONTEXT_BYTES);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(finish(hash));
        }
        hash.update(&buffer[..read]);
    }
}

/// Adds one part, with its length, so that two parts can never look like two others.
pub(super) fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

pub(super) fn finish(hash: Sha256) -> Digest {
    use std::fmt::Write;
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").expect("writing into a String cannot fail");
    }
    text.parse().expect("it was written as a digest")
}
