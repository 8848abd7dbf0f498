//! The log of an effect, written as its lines come. A full disk cuts the log, not the work.

use super::shared::Shared;
use crate::engine::Key;
use crate::model::{EffectId, limits, logname};
use crate::ports::{Progress, Reporter};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Where one effect tells how it goes.
pub(super) struct Sink {
    shared: Arc<Shared>,
    id: EffectId,
    log: Mutex<Log>,
}

impl Sink {
    pub(super) fn new(shared: &Arc<Shared>, id: &EffectId) -> Self {
        let log = Log::open(&shared.logs, &id.to_string());
        Self { shared: shared.clone(), id: id.clone(), log: Mutex::new(log) }
    }
}

impl Reporter for Sink {
    fn line(&self, line: &str) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).line(line);
    }

    fn progress(&self, progress: Progress) {
        self.shared.live.set_progress(&self.id, progress);
        self.shared.touch(vec![Key::Step(self.id.run, self.id.step.clone())]);
    }
}

/// A log file with its bounds.
#[derive(Debug)]
struct Log {
    file: Option<File>,
    /// Bytes in it, also from an earlier attempt with the same id.
    size: u64,
    most: u64,
    dropped: u64,
    /// The last write ended inside a line.
    torn: bool,
    why: &'static str,
}

impl Log {
    /// An effect that is issued again after a restart goes on in the same file.
    fn open(folder: &Path, id: &str) -> Self {
        let open = || -> io::Result<(File, u64)> {
            let name = logname::file_name(id).ok_or(io::ErrorKind::InvalidFilename)?;
            let file = OpenOptions::new().create(true).append(true).open(folder.join(name))?;
            let size = file.metadata()?.len();
            Ok((file, size))
        };
        let opened =
            open().inspect_err(|error| tracing::warn!(id, %error, "there will be no log of this effect"));
        let (file, size) = opened.map_or((None, 0), |(file, size)| (Some(file), size));
        Self { file, size, most: limits::LOG_BYTES, dropped: 0, torn: false, why: "" }
    }

    fn line(&mut self, line: &str) {
        let text = cut(line.trim_end_matches(['\r', '\n']), limits::LOG_LINE_BYTES);
        if self.size + text.len() as u64 + 1 > self.most {
            return self.drop_line("the log is as long as it may be");
        }
        if self.dropped > 0 && self.write(&format!("[{} lines are missing: {}]\n", self.dropped, self.why)) {
            self.dropped = 0;
        }
        if !self.write(&format!("{text}\n")) {
            self.drop_line("the disk refused them");
        }
    }

    fn drop_line(&mut self, why: &'static str) {
        self.dropped += 1;
        self.why = why;
    }

    fn write(&mut self, text: &str) -> bool {
        let Some(file) = &mut self.file else { return false };
        let text = if self.torn { format!("\n{text}") } else { text.to_owned() };
        match file.write_all(text.as_bytes()) {
            Ok(()) => {
                self.torn = false;
                self.size += text.len() as u64;
                true
            }
            Err(_) => {
                // Part of it may be there.
                let size = file.metadata().map_or(self.size, |meta| meta.len());
                self.torn |= size > self.size;
                self.size = size;
                false
            }
        }
    }
}

impl Drop for Log {
    /// The last word is how much is missing, where there is room for that.
    fn drop(&mut self) {
        if self.dropped > 0 {
            self.write(&format!("[{} lines are missing: {}]\n", self.dropped, self.why));
        }
    }
}

/// At most `most` bytes of `line`; a line that was cut ends in `…`.
fn cut(line: &str, most: usize) -> std::borrow::Cow<'_, str> {
    if line.len() <= most {
        return line.into();
    }
    let end = line.floor_char_boundary(most);
    format!("{}…", &line[..end]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(folder: &Path) -> String {
        std::fs::read_to_string(folder.join("r1+image:os:1+build+1.log")).unwrap()
    }

    #[test]
    fn lines_stay_lines_and_a_second_attempt_goes_on_below() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::open(folder.path(), "r1/image:os:1/build/1");
        log.line("one\r\n");
        log.line(&"ä".repeat(limits::LOG_LINE_BYTES));
        drop(log);
        Log::open(folder.path(), "r1/image:os:1/build/1").line("three");
        let text = read(folder.path());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines[2], lines.len()), ("one", "three", 3));
        assert!(lines[1].ends_with("ä…") && lines[1].len() <= limits::LOG_LINE_BYTES + "…".len());
    }

    #[test]
    fn a_log_that_is_full_counts_what_it_drops() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::open(folder.path(), "r1/image:os:1/build/1");
        log.most = 10;
        ["12345", "12345", "67890", "1"].iter().for_each(|line| log.line(line));
        drop(log);
        assert_eq!(read(folder.path()), "12345\n[2 lines are missing: the log is as long as it may be]\n1\n");
    }

    #[test]
    fn a_disk_that_refuses_costs_lines_and_nothing_else() {
        let mut log = Log::open(Path::new("/nowhere"), "r1/image:os:1/build/1");
        log.line("one");
        assert_eq!(log.dropped, 1);
        log.file = OpenOptions::new().write(true).open("/dev/full").ok();
        log.line("two");
        assert_eq!((log.dropped, log.why), (2, "the disk refused them"));
    }
}
