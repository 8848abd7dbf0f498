//! A log in sight: a few windows of it, never the whole.

use super::text::safe;
use crate::api::logs::Window;
use crate::api::rows::RowKey;
use crate::model::limits::CONSOLE_LOG_WINDOWS;
use std::collections::VecDeque;

/// What is known of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// Nothing yet.
    Asked,
    /// What is held is shown.
    Shown,
    /// It cannot be read, and why.
    Failed(String),
}

/// A log and the part of it that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// Which log.
    pub id: String,
    /// The row that it was opened from.
    pub about: RowKey,
    /// What is known of it.
    pub reading: Reading,
    /// Whether a window is on its way.
    pub asking: bool,
    /// The windows, in order, without gaps.
    chunks: VecDeque<Chunk>,
    /// The size of the log.
    pub size: u64,
    /// Whether the work that writes it goes on.
    pub open: bool,
    /// The first line in sight, counted in what is held.
    pub top: usize,
    /// Stay at the end.
    pub follow: bool,
    /// Break long lines.
    pub wrap: bool,
    /// Cells that long lines are moved to the left.
    pub sideways: usize,
    /// The line at which the error begins, counted in what is held.
    pub error: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Chunk {
    offset: u64,
    next: u64,
    lines: Vec<String>,
}

impl LogView {
    /// A log of which nothing is known yet.
    pub fn new(id: String, about: RowKey) -> Self {
        Self {
            id,
            about,
            reading: Reading::Asked,
            asking: true,
            chunks: VecDeque::new(),
            size: 0,
            open: false,
            top: 0,
            follow: false,
            wrap: true,
            sideways: 0,
            error: None,
        }
    }

    /// How many lines are held.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.lines.len()).sum()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The held lines from `from` on.
    pub fn lines(&self, from: usize) -> impl Iterator<Item = (usize, &str)> {
        let all = self.chunks.iter().flat_map(|chunk| chunk.lines.iter().map(String::as_str));
        all.enumerate().skip(from)
    }

    /// The byte after what is held.
    pub fn next(&self) -> u64 {
        self.chunks.back().map_or(0, |chunk| chunk.next)
    }

    /// The byte at which what is held begins.
    pub fn begin(&self) -> u64 {
        self.chunks.front().map_or(0, |chunk| chunk.offset)
    }

    /// Takes a window: appends it where it follows what is held, else it takes its place.
    pub fn take(&mut self, window: &Window) {
        self.asking = false;
        self.reading = Reading::Shown;
        (self.size, self.open) = (window.size, window.open);
        let follows = !self.chunks.is_empty() && window.offset == self.next();
        let leads = !follows && window.offset < self.begin();
        if follows && window.lines.is_empty() {
            return;
        }
        if !follows {
            self.chunks.clear();
            (self.top, self.error) = (0, window.first_error);
        }
        let lines = window.lines.iter().map(|line| safe(line).into_owned()).collect();
        self.chunks.push_back(Chunk { offset: window.offset, next: window.next, lines });
        if leads {
            // Read upwards: go on from where the eye was, the end of the window before.
            self.top = self.len().saturating_sub(1);
        }
        if let (Some(error), false) = (self.error, follows) {
            self.top = error;
        }
        self.forget();
    }

    /// Lets go of the windows that are farthest back.
    fn forget(&mut self) {
        while self.chunks.len() > CONSOLE_LOG_WINDOWS {
            let Some(gone) = self.chunks.pop_front() else { return };
            self.top = self.top.saturating_sub(gone.lines.len());
            self.error = self.error.and_then(|at| at.checked_sub(gone.lines.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    fn window(offset: u64, lines: &[&str]) -> Window {
        let size: usize = lines.iter().map(|line| line.len() + 1).sum();
        Window {
            id: "r1/x".to_owned(),
            offset,
            next: offset + size as u64,
            size: 100,
            open: true,
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            first_error: None,
        }
    }

    fn held(log: &LogView) -> Vec<&str> {
        log.lines(0).map(|(_, line)| line).collect()
    }

    #[test]
    fn a_window_that_follows_is_appended_and_another_takes_the_place() {
        let mut log = LogView::new("r1/x".to_owned(), RowKey::Run(RunId(1)));
        log.take(&window(0, &["a", "b"]));
        log.take(&window(4, &["c"]));
        assert_eq!((held(&log), log.next()), (vec!["a", "b", "c"], 6));
        log.take(&window(50, &["z"]));
        assert_eq!((held(&log), log.begin()), (vec!["z"], 50));
    }

    #[test]
    fn a_log_never_grows_past_its_windows() {
        let mut log = LogView::new("r1/x".to_owned(), RowKey::Run(RunId(1)));
        for _ in 0..20 {
            let next = log.next();
            log.take(&window(next, &["line"]));
        }
        assert_eq!(log.len(), CONSOLE_LOG_WINDOWS);
    }

    #[test]
    fn a_log_opens_at_its_first_error_and_without_escapes() {
        let mut log = LogView::new("r1/x".to_owned(), RowKey::Run(RunId(1)));
        log.take(&Window { first_error: Some(1), ..window(0, &["ok", "\u{1b}[31merror\u{1b}[0m", "after"]) });
        assert_eq!((log.top, held(&log)), (1, vec!["ok", "error", "after"]));
    }
}
