//! Texts cut to cells: whatever came over the wire is cleaned again here before it can reach a terminal.

use crate::model::Digest;
use crate::model::text::clean;
use crate::model::time::Timestamp;
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A beginning shorter than this is left out where the end of a name tells most.
const LEAST_HEAD: usize = 8;

/// The most characters of one text that are looked at for one place on the screen; no terminal is wider.
const LOOKED_AT: usize = 1_000;

/// How many cells `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` made safe to show; borrowed where it already was.
pub fn safe(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| (0x20..0x7f).contains(&b);
    if text.len() <= LOOKED_AT && text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(clean(text, LOOKED_AT))
}

/// At most `cells` cells of `text`, the end replaced by `…` where it was cut.
pub fn fit(text: &str, cells: usize) -> Cow<'_, str> {
    let text = safe(text);
    if width(&text) <= cells {
        return text;
    }
    if cells == 0 {
        return Cow::Borrowed("");
    }
    let mut out = take_cells(&text, cells - 1).to_owned();
    out.push('…');
    Cow::Owned(out)
}

/// At most `cells` cells of `text`, the middle replaced by `…`, so that a tag or a digest at the end stays.
pub fn fit_middle(text: &str, cells: usize) -> Cow<'_, str> {
    let text = safe(text);
    if width(&text) <= cells {
        return text;
    }
    if cells < 3 {
        return Cow::Owned(fit(&text, cells).into_owned());
    }
    let tail_cells = tail_of(&text).min(cells - 2);
    let room = cells - 1 - tail_cells;
    // A stump of a host says less than nothing.
    let head = if room < LEAST_HEAD { "" } else { take_cells(&text, room) };
    let tail = take_cells_from_end(&text, tail_cells);
    Cow::Owned(format!("{head}…{tail}"))
}

/// The clauses of `text` that fit whole into `cells`; where not even the first does, its words that do and `…`.
pub fn clause(text: &str, cells: usize) -> String {
    let text = safe(text);
    if width(&text) <= cells {
        return text.into_owned();
    }
    let begin = take_cells(&text, cells.saturating_sub(1));
    if let Some(at) = begin.rfind([',', ';']).filter(|at| *at > 0) {
        return begin[..at].to_owned();
    }
    let words = begin.rfind(' ').map_or(begin, |at| &begin[..at]);
    if cells == 0 { String::new() } else { format!("{words}…") }
}

/// How many cells at the end tell most: the last path component with its tag.
fn tail_of(text: &str) -> usize {
    let start = text.rfind('/').map_or(0, |at| at + 1);
    width(&text[start..])
}

/// The beginning of `text` that fits into `cells`.
pub fn take_cells(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > cells {
            return &text[..at];
        }
    }
    text
}

fn take_cells_from_end(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > cells {
            return &text[at + c.len_utf8()..];
        }
    }
    text
}

/// `text` in lines of at most `cells` cells, broken at spaces where there are any; at least one line.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let text = safe(text);
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        // Of two blanks in a row the second is a word without characters: it takes room too.
        if width(&line) + usize::from(!line.is_empty()) + width(word) <= cells {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        line = break_word(word, cells, &mut lines);
    }
    lines.push(line);
    lines
}

/// Puts the full lines of a word that is longer than a line into `lines`, and returns its rest.
fn break_word(word: &str, cells: usize, lines: &mut Vec<String>) -> String {
    let mut rest = word;
    while width(rest) > cells {
        let part = take_cells(rest, cells);
        // A character wider than the line itself must not stop the loop.
        let part = if part.is_empty() { first_char(rest) } else { part };
        lines.push(part.to_owned());
        rest = &rest[part.len()..];
    }
    rest.to_owned()
}

fn first_char(text: &str) -> &str {
    let end = text.chars().next().map_or(0, char::len_utf8);
    &text[..end]
}

/// A digest as it is shown where others stand beside it: four digits, or `-` without one.
pub fn short(digest: Option<&Digest>) -> &str {
    digest.map_or("-", Digest::short)
}

/// A time of the day of `now` as `02:14`, another one as `12 Nov 02:14`.
pub fn when(at: Timestamp, now: Timestamp) -> String {
    if at.utc().date_naive() == now.utc().date_naive() || now == Timestamp::default() {
        at.hours_minutes()
    } else {
        format!("{} {}", at.day(), at.hours_minutes())
    }
}

/// A time of the day of `now` as `02:14`, another one as `12 Nov`: for a narrow column.
pub fn day_or_time(at: Timestamp, now: Timestamp) -> String {
    if at.utc().date_naive() == now.utc().date_naive() { at.hours_minutes() } else { at.day() }
}

/// Like [`when`], with seconds: how an event is shown.
pub fn exactly_when(at: Timestamp, now: Timestamp) -> String {
    if at.utc().date_naive() == now.utc().date_naive() || now == Timestamp::default() {
        at.hours_minutes_seconds()
    } else {
        format!("{} {}", at.day(), at.hours_minutes_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_too_long_keeps_its_tag() {
        assert_eq!(fit_middle("registry.example.com:5000/team/app:1.4", 20), "registry.exa…app:1.4");
        assert_eq!(fit_middle("microsoft/aspnetcore:1.0.1", 20), "…aspnetcore:1.0.1");
        assert_eq!(fit_middle("app:1.4", 20), "app:1.4");
        assert!(width(&fit_middle("registry.example.com:5000/a-very-long-component:1.4", 12)) <= 12);
    }

    #[test]
    fn nothing_ever_takes_more_cells_than_it_was_given() {
        for text in ["", "a", "abc def ghi", "日本語のテキスト", "\u{1b}[31mred\u{1b}[0m", "e\u{301}e\u{301}"]
        {
            for cells in 0..12 {
                assert!(width(&fit(text, cells)) <= cells, "{text:?} in {cells}");
                assert!(width(&fit_middle(text, cells)) <= cells, "{text:?} in {cells}");
                for line in wrap(text, cells.max(2)) {
                    assert!(width(&line) <= cells.max(2), "{text:?} in {cells}");
                }
            }
        }
    }

    #[test]
    fn an_outcome_that_is_too_long_loses_whole_clauses() {
        assert_eq!(clause("16:28 rejected, stays on 9f3c", 29), "16:28 rejected, stays on 9f3c");
        assert_eq!(clause("16:28 rejected, stays on 9f3c", 20), "16:28 rejected");
        assert_eq!(clause("stays open until somebody closes it", 20), "stays open until…");
        assert_eq!(clause("abcdef", 4), "abc…");
        assert_eq!(clause("abcdef", 0), "");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("tests fail on the new base", 10), ["tests fail", "on the new", "base"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
