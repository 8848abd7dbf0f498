//! A page that is read before the console begins, or after it has ended.

use super::run::theme;
use super::terminal::Terminal;
use super::{ConsoleError, input};
use crate::console::doc::Doc;
use crate::console::key::Key;
use crate::console::view::paper;
use crate::console::{Msg, Theme};
use crate::model::Timestamp;
use crossterm::event::EventStream;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::time::Instant;

/// Keys of the first moment were typed at the screen before.
const DEAF: Duration = Duration::from_millis(500);

/// What its reader did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Went on.
    On,
    /// Left.
    Left,
}

/// Shows a page until its reader goes on or leaves.
///
/// # Errors
/// See [`ConsoleError`].
pub async fn read(
    name: &str,
    ascii: bool,
    header: &str,
    doc: &Doc,
    keys: &str,
) -> Result<Read, ConsoleError> {
    let theme: Theme = theme(name, ascii, None)?;
    let mut terminal = Terminal::enter()?;
    let mut events = EventStream::new();
    let (began, mut top) = (Instant::now(), 0usize);
    loop {
        terminal.draw(|buffer| paper(header, doc, keys, top, &theme, buffer))?;
        let Some(event) = events.next().await else { return Ok(Read::Left) };
        match input::message(event?, Timestamp::from_millis(0)) {
            Some(Msg::Resize(width, height)) => terminal.tear(Some((width, height))),
            Some(Msg::Key(key, _)) if began.elapsed() >= DEAF => {
                let (width, height) = terminal.size();
                let rows = usize::from(height.saturating_sub(3));
                match pressed(key, top, doc.layout(width).len().saturating_sub(rows), rows) {
                    Ok(at) => top = at,
                    Err(read) => return Ok(read),
                }
            }
            Some(_) | None => {}
        }
    }
}

/// The line to show first after a key, or how the page was left.
fn pressed(key: Key, top: usize, last: usize, rows: usize) -> Result<usize, Read> {
    match key {
        Key::Enter => Err(Read::On),
        Key::Char('q' | 'Q') | Key::Esc | Key::Ctrl('c') => Err(Read::Left),
        Key::Char('j') | Key::Down => Ok((top + 1).min(last)),
        Key::Char('k') | Key::Up => Ok(top.saturating_sub(1)),
        Key::Ctrl('d') | Key::PageDown | Key::Char(' ') => Ok((top + rows / 2).min(last)),
        Key::Ctrl('u') | Key::PageUp => Ok(top.saturating_sub(rows / 2)),
        Key::Char('g') | Key::Home => Ok(0),
        Key::Char('G') | Key::End => Ok(last),
        Key::Char(_) | Key::Ctrl(_) | Key::Tab | Key::Backspace | Key::Left | Key::Right => Ok(top),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_scrolled_within_its_lines_and_left_by_its_keys() {
        assert_eq!(pressed(Key::Char('j'), 3, 3, 10), Ok(3));
        assert_eq!(pressed(Key::Char('G'), 0, 7, 10), Ok(7));
        assert_eq!(pressed(Key::Up, 0, 7, 10), Ok(0));
        assert_eq!(pressed(Key::Enter, 0, 7, 10), Err(Read::On));
        assert_eq!(pressed(Key::Char('q'), 0, 7, 10), Err(Read::Left));
    }
}
