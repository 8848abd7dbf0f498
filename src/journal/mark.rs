//! How far the journal had come, in a file beside it: what a damaged disk takes away from the end is missed at the next start.
//!
//! SQLite takes whatever is wrong at the end of its log for a write that never ended, and goes on without it, in silence. The mark is
//! written after the journal is on the disk, and not synced: so it never says more than the journal has, whatever is cut off, and it is
//! there after a kill of the process, and some seconds later after a power cut too.

use crate::model::Seq;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The file's name in the state directory.
const NAME: &str = "acknowledged";

/// Where the mark of `dir` is.
pub(super) fn path(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// The open file.
#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Opens it, and reads how far the journal had come: 0 when nobody can say.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, Seq)> {
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path(dir))?;
        let mut text = Vec::new();
        Read::by_ref(&mut file).take(32).read_to_end(&mut text)?;
        let number = std::str::from_utf8(&text).ok().and_then(|text| text.trim().parse().ok());
        if number.is_none() && !text.is_empty() {
            tracing::warn!(path = %path(dir).display(), "cannot read how far the journal had come");
        }
        Ok((Self(file), Seq(number.unwrap_or(0))))
    }

    /// Says that the journal has come to `seq`. A disk that refuses it leaves the mark lower, and that is never wrong.
    pub(super) fn set(&self, seq: Seq) {
        // Always as long as the longest, so that no digits of an older one stay behind.
        if let Err(error) = self.0.write_all_at(format!("{:020}\n", seq.0).as_bytes(), 0) {
            tracing::debug!(%error, "the mark of the journal stays behind");
        }
    }
}
