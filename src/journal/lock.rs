//! One daemon per state directory: a locked file with the holder's process id in it.

use super::JournalError;
use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// The file's name in the state directory.
const NAME: &str = "lock";

/// A held lock; dropping it, or the process's end however it comes, releases it.
#[derive(Debug)]
pub(super) struct Lock {
    /// The open file *is* the lock: flock(2) lasts as long as the open file description.
    _file: File,
}

/// Takes the lock of `dir`, which must exist.
pub(super) fn take(dir: &Path) -> Result<Lock, JournalError> {
    let folder = |source| JournalError::Folder { dir: dir.to_owned(), source };
    let mut file = open(&dir.join(NAME)).map_err(folder)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(JournalError::Locked { dir: dir.to_owned(), holder: holder(&mut file) });
        }
        Err(errno) => return Err(folder(errno.into())),
    }
    // The pid is for people; on a full disk the lock holds without it.
    if let Err(error) = write_pid(&mut file) {
        tracing::warn!(%error, "the lock file does not say who holds it");
    }
    Ok(Lock { _file: file })
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", std::process::id())
}

/// How this process is called where it holds something itself.
pub(super) fn holder_in_this_process() -> String {
    format!("the daemon with process id {}", std::process::id())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(32).read_to_string(&mut text).is_ok();
    match text.trim().parse::<u32>() {
        Ok(pid) if read => format!("the daemon with process id {pid}"),
        _ => "another daemon".to_owned(),
    }
}
