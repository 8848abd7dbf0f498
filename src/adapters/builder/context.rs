//! A build context: what of a folder is sent, as one tar stream.
//!
//! 1. Links are sent as links and never followed, so nothing from outside the folder is read.
//! 2. Owners are root and times are the epoch: the same files make the same bytes.
//! 3. The Dockerfile is sent with its edits, at its own path, whatever `.dockerignore` says of it.
//! 4. Sockets, pipes and devices stay behind.

use super::ignore::Ignore;
use crate::model::limits::{CONTEXT_BYTES, CONTEXT_FILES, DOCKERFILE_BYTES};
use bytes::Bytes;
use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use tokio::sync::mpsc;

/// Bytes that are sent at a time.
const CHUNK: usize = 128 << 10;
/// Chunks that wait for the engine.
const CHUNKS: usize = 8;

/// Why a context cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A file or folder cannot be read.
    #[error("read {path}: {why}")]
    Read {
        /// Which.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// The Dockerfile lies outside of the context.
    #[error("the Dockerfile {0:?} is not inside the context")]
    Outside(String),
    /// The Dockerfile is no text, or too long.
    #[error("the Dockerfile {0:?} is not a text of at most {max} bytes", max = DOCKERFILE_BYTES)]
    NotText(String),
    /// It is too much.
    #[error(
        "the context has more than {files} files or {bytes} bytes; list what the build does not need in .dockerignore",
        files = CONTEXT_FILES, bytes = CONTEXT_BYTES
    )]
    TooLarge,
    /// A file changed its length while it was sent.
    #[error("{0} changed while it was sent")]
    Changed(String),
}

impl ContextError {
    /// It was the reader that stopped, not we who could not send: the reason is then elsewhere.
    pub fn reader_gone(&self) -> bool {
        matches!(self, Self::Read { why, .. } if why.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// One thing that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Relative to the context.
    path: PathBuf,
    kind: Kind,
    mode: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Folder,
    File(u64),
    Link(PathBuf),
}

/// A folder that was looked through, with its Dockerfile.
#[derive(Debug)]
pub struct Context {
    root: PathBuf,
    dockerfile: PathBuf,
    entries: Vec<Entry>,
}

fn read_error(path: &Path) -> impl FnOnce(io::Error) -> ContextError + '_ {
    |why| ContextError::Read { path: path.display().to_string(), why }
}

/// The Dockerfile's text. `dockerfile` is relative to `context`; a link that leads out of it is refused.
pub fn read_dockerfile(context: &str, dockerfile: &str) -> Result<String, ContextError> {
    let root = Path::new(context).canonicalize().map_err(read_error(Path::new(context)))?;
    let inside = Path::new(dockerfile)
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let path = root.join(dockerfile);
    let path = path.canonicalize().map_err(read_error(&path))?;
    if !inside || !path.starts_with(&root) {
        return Err(ContextError::Outside(dockerfile.to_owned()));
    }
    let file = File::open(&path).map_err(read_error(&path))?;
    let mut text = String::new();
    let not_text = |_| ContextError::NotText(dockerfile.to_owned());
    let read = file.take(DOCKERFILE_BYTES as u64 + 1).read_to_string(&mut text).map_err(not_text)?;
    if read > DOCKERFILE_BYTES { Err(ContextError::NotText(dockerfile.to_owned())) } else { Ok(text) }
}

impl Context {
    /// Looks through the folder; reads no file but `.dockerignore`.
    pub fn scan(context: &str, dockerfile: &str) -> Result<Self, ContextError> {
        let root = Path::new(context).canonicalize().map_err(read_error(Path::new(context)))?;
        let ignore = match std::fs::read_to_string(root.join(".dockerignore")) {
            Ok(text) => Ignore::read(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ignore::default(),
            Err(error) => return Err(read_error(&root.join(".dockerignore"))(error)),
        };
        // `./a` and `a` are the same file, but not the same name in a tar.
        let dockerfile: PathBuf =
            Path::new(dockerfile).components().filter(|part| *part != Component::CurDir).collect();
        let mut scan = Scan { root: &root, dockerfile: &dockerfile, ignore, entries: Vec::new(), bytes: 0 };
        scan.folder(Path::new(""))?;
        let entries = scan.entries;
        Ok(Self { root, dockerfile, entries })
    }

    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        let size = |entry: &Entry| if let Kind::File(size) = entry.kind { size } else { 0 };
        self.entries.iter().map(size).sum()
    }

    /// Files, folders and links.
    pub fn files(&self) -> usize {
        self.entries.len()
    }

    /// The path of the Dockerfile in the tar.
    pub fn dockerfile(&self) -> String {
        self.dockerfile.display().to_string()
    }

    /// Writes the tar into a channel from a thread of its own; whoever reads it sets the pace, and stopping to read ends it.
    /// The handle says how it went: the reader sees only that the stream broke off.
    pub fn send(
        self,
        dockerfile: String,
    ) -> (mpsc::Receiver<io::Result<Bytes>>, tokio::task::JoinHandle<Result<(), ContextError>>) {
        let (sender, receiver) = mpsc::channel(CHUNKS);
        let work = move || {
            let failed = sender.clone();
            let done = self.write(&dockerfile, Chunks { sender, held: Vec::with_capacity(CHUNK) });
            if done.is_err() {
                let _ = failed.blocking_send(Err(io::Error::other("the context broke off")));
            }
            done
        };
        (receiver, tokio::task::spawn_blocking(work))
    }

    fn write(&self, dockerfile: &str, out: impl Write) -> Result<(), ContextError> {
        let mut tar = tar::Builder::new(out);
        for entry in self.entries.iter().filter(|entry| entry.path != self.dockerfile) {
            self.append(&mut tar, entry)?;
        }
        let mut header = header(tar::EntryType::Regular, 0o644, dockerfile.len() as u64);
        tar.append_data(&mut header, &self.dockerfile, dockerfile.as_bytes())
            .map_err(read_error(&self.dockerfile))?;
        tar.into_inner().and_then(|mut out| out.flush()).map_err(read_error(&self.root))
    }

    fn append<W: Write>(&self, tar: &mut tar::Builder<W>, entry: &Entry) -> Result<(), ContextError> {
        let error = read_error(&entry.path);
        match &entry.kind {
            Kind::Folder => {
                let mut header = header(tar::EntryType::Directory, entry.mode, 0);
                tar.append_data(&mut header, &entry.path, io::empty()).map_err(error)
            }
            Kind::Link(target) => {
                let mut header = header(tar::EntryType::Symlink, 0o777, 0);
                tar.append_link(&mut header, &entry.path, target).map_err(error)
            }
            Kind::File(size) => {
                let mut header = header(tar::EntryType::Regular, entry.mode, *size);
                let file = open_file(&self.root.join(&entry.path))?;
                let mut exact = Exact { inner: file, left: *size };
                tar.append_data(&mut header, &entry.path, &mut exact).map_err(error)?;
                if exact.left > 0 {
                    return Err(ContextError::Changed(entry.path.display().to_string()));
                }
                Ok(())
            }
        }
    }
}

/// Opened without following a link that took the file's place since it was looked at.
fn open_file(path: &Path) -> Result<File, ContextError> {
    use rustix::fs::{Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map(File::from);
    opened.map_err(|errno| read_error(path)(errno.into()))
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

struct Scan<'a> {
    root: &'a Path,
    dockerfile: &'a Path,
    ignore: Ignore,
    entries: Vec<Entry>,
    bytes: u64,
}

impl Scan<'_> {
    fn folder(&mut self, folder: &Path) -> Result<(), ContextError> {
        let full = self.root.join(folder);
        let listed = std::fs::read_dir(&full).map_err(read_error(&full))?;
        let mut names = listed
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<Vec<_>>>()
            .map_err(read_error(&full))?;
        names.sort();
        for name in names {
            let path = folder.join(name);
            let full = self.root.join(&path);
            match std::fs::symlink_metadata(&full) {
                Ok(meta) => self.entry(&path, &meta)?,
                // Gone since the folder was listed: then it is not sent.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(read_error(&full)(error)),
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, meta: &Metadata) -> Result<(), ContextError> {
        let ignored = self.ignore.ignores(&path.to_string_lossy()) && path != self.dockerfile;
        let kind = if meta.is_dir() {
            Kind::Folder
        } else if meta.is_symlink() {
            let full = self.root.join(path);
            Kind::Link(std::fs::read_link(&full).map_err(read_error(&full))?)
        } else if meta.is_file() {
            Kind::File(meta.len())
        } else {
            return Ok(());
        };
        let look_into = kind == Kind::Folder && !(ignored && self.ignore.prunes());
        if !ignored {
            self.bytes = self.bytes.saturating_add(meta.len());
            if self.entries.len() >= CONTEXT_FILES || self.bytes > CONTEXT_BYTES {
                return Err(ContextError::TooLarge);
            }
            self.entries.push(Entry {
                path: path.to_owned(),
                kind,
                mode: meta.permissions().mode() & 0o7777,
            });
        }
        if look_into { self.folder(path) } else { Ok(()) }
    }
}

/// Exactly as many bytes as the header says; a file that grows is cut, one that shrinks is noticed by what is left.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.len());
        let read = self.inner.read(&mut buf[..most])?;
        self.left -= read as u64;
        Ok(read)
    }
}

/// A writer into a bounded channel.
struct Chunks {
    sender: mpsc::Sender<io::Result<Bytes>>,
    held: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(buf);
        if self.held.len() >= CHUNK {
            self.flush()?;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let chunk = Bytes::from(std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK)));
        self.sender.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let full = dir.path().join(path);
            std::fs::create_dir_all(full.parent().unwrap()).unwrap();
            std::fs::write(full, content).unwrap();
        }
        dir
    }

    fn packed(dir: &tempfile::TempDir, dockerfile: &str, text: &str) -> Vec<u8> {
        let context = Context::scan(dir.path().to_str().unwrap(), dockerfile).unwrap();
        let mut bytes = Vec::new();
        context.write(text, &mut bytes).unwrap();
        bytes
    }

    fn unpacked(bytes: &[u8]) -> BTreeMap<String, String> {
        let mut archive = tar::Archive::new(bytes);
        let read = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().display().to_string();
            let link = entry.link_name().unwrap().map(|link| format!("-> {}", link.display()));
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            (path, link.unwrap_or(text))
        };
        archive.entries().unwrap().map(read).collect()
    }

    #[test]
    fn the_dockerfile_is_sent_once_with_its_edits_even_when_ignored() {
        let dir =
            folder(&[("Dockerfile", "FROM a"), (".dockerignore", "*\n!keep"), ("keep", "k"), ("drop", "d")]);
        let files = unpacked(&packed(&dir, "./Dockerfile", "FROM a@sha256:0"));
        let want = BTreeMap::from([
            ("Dockerfile".to_owned(), "FROM a@sha256:0".to_owned()),
            ("keep".to_owned(), "k".to_owned()),
        ]);
        assert_eq!(files, want);
    }

    #[test]
    fn links_are_sent_as_links_and_not_followed() {
        let dir = folder(&[("Dockerfile", "FROM a")]);
        std::os::unix::fs::symlink("/etc", dir.path().join("out")).unwrap();
        let files = unpacked(&packed(&dir, "Dockerfile", "FROM a"));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["Dockerfile", "out"]);
        assert_eq!(files["out"], "-> /etc");
    }

    #[test]
    fn the_same_files_make_the_same_bytes_whenever_they_were_written() {
        let files = [("Dockerfile", "FROM a"), ("b/c", "1"), ("a", "2")];
        let (one, two) = (folder(&files), folder(&files));
        File::open(two.path().join("a")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
        assert_eq!(packed(&one, "Dockerfile", "x"), packed(&two, "Dockerfile", "x"));
    }

    #[test]
    fn a_dockerfile_outside_the_context_is_refused() {
        let dir = folder(&[("in/Dockerfile", "FROM a"), ("secret", "s")]);
        let context = dir.path().join("in");
        std::os::unix::fs::symlink("../secret", context.join("link")).unwrap();
        let read = |name: &str| read_dockerfile(context.to_str().unwrap(), name);
        assert!(matches!(read("link"), Err(ContextError::Outside(_))));
        assert!(matches!(read("../secret"), Err(ContextError::Outside(_))));
        assert!(matches!(read("none"), Err(ContextError::Read { .. })));
        assert_eq!(read("Dockerfile").unwrap(), "FROM a");
    }

    #[test]
    fn a_file_that_shrinks_while_it_is_sent_breaks_the_stream_off() {
        let dir = folder(&[("Dockerfile", "FROM a"), ("a", "12345")]);
        let context = Context::scan(dir.path().to_str().unwrap(), "Dockerfile").unwrap();
        std::fs::write(dir.path().join("a"), "1").unwrap();
        assert!(matches!(context.write("x", io::sink()), Err(ContextError::Changed(_))));
    }

    #[tokio::test]
    async fn a_reader_that_goes_away_ends_the_thread() {
        let dir = folder(&[("Dockerfile", "FROM a"), ("big", &"x".repeat(CHUNK * (CHUNKS + 4)))]);
        let context = Context::scan(dir.path().to_str().unwrap(), "Dockerfile").unwrap();
        let (receiver, done) = context.send("FROM a".to_owned());
        drop(receiver);
        assert!(done.await.unwrap().is_err_and(|error| error.reader_gone()));
    }
}
