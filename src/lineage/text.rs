//! A piece of a Dockerfile that remembers which bytes of the file it came from.

use crate::model::jobs::Place;
use std::ops::Range;

/// Where lines begin, so that a byte's line is found quickly.
pub(super) struct LineStarts(Vec<usize>);

impl LineStarts {
    pub(super) fn of(text: &str) -> Self {
        let after_newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(after_newlines).collect())
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }
}

/// Characters with the byte of the file that each of their bytes came from. Line continuations and quotes may
/// have been left out between them.
#[derive(Debug, Clone, Default)]
pub(super) struct Piece {
    pub(super) text: String,
    at: Vec<usize>,
}

impl Piece {
    pub(super) fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        self.at.extend(at..at + c.len_utf8());
    }

    /// Adds a run of the file that begins at byte `at`.
    pub(super) fn push_str(&mut self, text: &str, at: usize) {
        self.text.push_str(text);
        self.at.extend(at..at + text.len());
    }

    /// The part of it in `range`, which must lie on characters.
    pub(super) fn part(&self, range: Range<usize>) -> Self {
        Self { text: self.text[range.clone()].to_owned(), at: self.at[range].to_vec() }
    }

    /// The file's byte of the text's byte `index`.
    pub(super) fn origin(&self, index: usize) -> usize {
        self.at[index]
    }

    /// From its first byte in the file to its last; none when it is empty.
    pub(super) fn place(&self, lines: &LineStarts) -> Option<Place> {
        let (start, last) = (*self.at.first()?, *self.at.last()?);
        Some(Place { start, end: last + 1, line: lines.line(start) })
    }

    /// Its words between blanks. Quotes mean nothing here, as Docker has it for `FROM` and `COPY`.
    pub(super) fn words(&self) -> Vec<Self> {
        let mut words = Vec::new();
        let mut start = None;
        for (at, c) in self.text.char_indices() {
            match (is_blank(c), start) {
                (true, Some(from)) => {
                    words.push(self.part(from..at));
                    start = None;
                }
                (false, None) => start = Some(at),
                (true, None) | (false, Some(_)) => {}
            }
        }
        words.extend(start.map(|from| self.part(from..self.text.len())));
        words
    }

    /// Its words between blanks outside quotes, with quotes and escapes still in them.
    pub(super) fn quoted_words(&self, escape: char) -> Vec<Self> {
        let mut words = Vec::new();
        let mut rest = 0;
        while let Some(range) = quoted_word(&self.text, rest, escape) {
            rest = range.end;
            words.push(self.part(range));
        }
        words
    }
}

/// The first word at or after `from`.
pub(super) fn quoted_word(text: &str, from: usize, escape: char) -> Option<Range<usize>> {
    let start = from + text[from..].find(|c| !is_blank(c))?;
    let mut quote = None;
    let mut chars = text[start..].char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if is_blank(c) => return Some(start..start + at),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            // Inside single quotes nothing is an escape.
            None | Some('"') if c == escape => {
                chars.next();
            }
            None | Some(_) => {}
        }
    }
    Some(start..text.len())
}

/// The blanks between words (BuildKit's parser splits at `[\t\v\f\r ]+`).
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}
