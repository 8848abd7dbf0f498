//! Windows over the log files, read from disk each time: no log is ever held whole.

use super::first_error::is_error;
use crate::api::logs::{Window, file_name};
use crate::model::limits::{LOG_BYTES, LOG_LINE_BYTES, LOG_WINDOW_BYTES};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// Lines that are shown before the first error, so that it is seen what led to it.
const BEFORE_ERROR: usize = 10;

/// Where to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// From the line that holds this byte.
    Offset(u64),
    /// A little before the first error; the beginning when there is none.
    FirstError,
    /// The last window.
    End,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The text is no id of a log.
    #[error("{0:?} is not the id of a log; `tidegate why` and the step list the ids")]
    NotAnId(String),
    /// There is no such log.
    #[error("there is no log {0}; it may not have begun, or was removed when its time was over")]
    Missing(String),
    /// It cannot be read.
    #[error("cannot read log {id}: {why}")]
    System {
        /// Which one.
        id: String,
        /// Why.
        why: io::Error,
    },
}

/// A window of the log `id` in `folder`. `open` says whether it is still written: then a line without its end is left for later.
pub fn window(folder: &Path, id: &str, at: At, open: bool) -> Result<Window, LogError> {
    let short: String = id.chars().take(200).collect();
    let name = file_name(id).ok_or_else(|| LogError::NotAnId(short))?;
    let read = || -> io::Result<Window> {
        let mut file = File::open(folder.join(&name))?;
        let size = file.metadata()?.len();
        let (offset, error) = start(&mut file, size, at)?;
        let mut window = read_from(&mut file, offset, size, open)?;
        id.clone_into(&mut window.id);
        window.first_error = error.filter(|line| *line < window.lines.len());
        Ok(window)
    };
    read().map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => LogError::Missing(id.to_owned()),
        _ => LogError::System { id: id.to_owned(), why },
    })
}

/// The byte at which the window begins, and which of its lines is the first error.
fn start(file: &mut File, size: u64, at: At) -> io::Result<(u64, Option<usize>)> {
    match at {
        At::Offset(offset) => Ok((line_start(file, offset.min(size))?, None)),
        At::End => {
            // Going back to the line's start must not push the end out of the window.
            let back = window_bytes() - LOG_LINE_BYTES as u64 - 1;
            Ok((line_start(file, size.saturating_sub(back))?, None))
        }
        At::FirstError => first_error(file),
    }
}

fn window_bytes() -> u64 {
    u64::try_from(LOG_WINDOW_BYTES).unwrap_or(u64::MAX)
}

/// The start of the line that holds `offset`; where a line is longer than any we write, `offset` itself.
fn line_start(file: &mut File, offset: u64) -> io::Result<u64> {
    let back = offset.min(u64::try_from(LOG_LINE_BYTES).unwrap_or(u64::MAX) + 1);
    let mut before = Vec::new();
    file.seek(SeekFrom::Start(offset - back))?;
    file.take(back).read_to_end(&mut before)?;
    let start = before.iter().rposition(|b| *b == b'\n').map(|place| place as u64 + 1);
    Ok(match start {
        Some(start) => offset - back + start,
        None if back == offset => 0,
        None => offset,
    })
}

/// Where to begin so that the first error and a few lines before it are seen, and its place among them.
fn first_error(file: &mut File) -> io::Result<(u64, Option<usize>)> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file.take(LOG_BYTES));
    let (mut starts, mut offset, mut line) = (std::collections::VecDeque::new(), 0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)? as u64;
        if read == 0 {
            return Ok((0, None));
        }
        starts.push_back(offset);
        offset += read;
        line.truncate(LOG_LINE_BYTES);
        if is_error(&String::from_utf8_lossy(&line)) {
            return Ok((starts[0], Some(starts.len() - 1)));
        }
        if starts.len() > BEFORE_ERROR {
            starts.pop_front();
        }
    }
}

fn read_from(file: &mut File, offset: u64, size: u64, open: bool) -> io::Result<Window> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take(window_bytes()).read_to_end(&mut bytes)?;
    let at_end = offset + bytes.len() as u64 >= size;
    let last_end = bytes.iter().rposition(|b| *b == b'\n').map(|place| place + 1);
    let keep = match last_end {
        // A line that fills the window by itself, or the end of a log that nobody writes any more.
        None if !(at_end && open) => bytes.len(),
        Some(_) if at_end && !open => bytes.len(),
        None => 0,
        Some(end) => end,
    };
    bytes.truncate(keep);
    let lines = bytes.split_inclusive(|b| *b == b'\n').map(text).collect();
    let next = offset + keep as u64;
    Ok(Window { id: String::new(), offset, next, size, open, lines, first_error: None })
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(&line[..line.len().min(LOG_LINE_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(content: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file_name("r1/a").unwrap()), content).unwrap();
        folder
    }

    fn read(content: &[u8], at: At, open: bool) -> Window {
        window(log(content).path(), "r1/a", at, open).unwrap()
    }

    #[test]
    fn an_offset_inside_a_line_shows_the_whole_line() {
        let window = read(b"one\ntwo\nthree\n", At::Offset(5), false);
        assert_eq!((window.offset, window.next, window.size), (4, 14, 14));
        assert_eq!(window.lines, ["two", "three"]);
    }

    #[test]
    fn half_a_line_is_left_for_later_while_the_log_is_written() {
        assert_eq!(read(b"one\ntw", At::Offset(0), true).next, 4);
        assert_eq!(read(b"tw", At::Offset(0), true).lines, Vec::<String>::new());
        assert_eq!(read(b"one\ntw", At::Offset(0), false).lines, ["one", "tw"]);
    }

    #[test]
    fn the_first_error_comes_with_what_led_to_it() {
        let mut content: Vec<u8> = (0..30).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        content.extend(b"error: no\nerror: again\n");
        let window = read(&content, At::FirstError, false);
        assert_eq!(window.first_error, Some(10));
        assert_eq!(window.lines[0], "line 20");
        assert_eq!(window.lines[10], "error: no");
    }

    #[test]
    fn a_log_without_an_error_begins_at_its_beginning() {
        let window = read(b"fine\n", At::FirstError, false);
        assert_eq!((window.offset, window.first_error), (0, None));
    }

    #[test]
    fn windows_follow_each_other_without_gap_or_overlap() {
        let content: Vec<u8> = (0..60_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let folder = log(&content);
        let (mut next, mut lines) = (0, Vec::new());
        loop {
            let window = window(folder.path(), "r1/a", At::Offset(next), false).unwrap();
            assert_eq!(window.offset, next);
            if window.lines.is_empty() {
                break;
            }
            next = window.next;
            lines.extend(window.lines);
        }
        assert_eq!(lines.len(), 60_000);
        assert_eq!(lines[59_999], "line 59999");
    }

    #[test]
    fn a_line_longer_than_a_window_does_not_stop_the_reader() {
        let window = read(&vec![b'x'; LOG_WINDOW_BYTES * 2], At::Offset(0), false);
        assert_eq!(window.next, LOG_WINDOW_BYTES as u64);
        assert_eq!(window.lines[0].len(), LOG_LINE_BYTES);
    }

    #[test]
    fn the_end_is_the_last_window() {
        let content: Vec<u8> = (0..60_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let window = read(&content, At::End, false);
        assert_eq!(window.next, window.size);
        assert_eq!(window.lines.last().map(String::as_str), Some("line 59999"));
    }

    #[test]
    fn what_is_no_log_is_said_to_be_none() {
        let folder = log(b"");
        assert!(matches!(window(folder.path(), "../r1", At::End, false), Err(LogError::NotAnId(_))));
        assert!(matches!(window(folder.path(), "r2/a", At::End, false), Err(LogError::Missing(_))));
    }
}
