//! A Dockerfile's text as instructions: directives read, continuations joined, comments and here-documents skipped.
//!
//! The rules are those of BuildKit's parser (moby/buildkit `frontend/dockerfile/parser`). The crate `parse-dockerfile`
//! was tried for this: it finds a here-document only at the very start of a RUN, and takes the body of any other for
//! instructions, so that good files were refused. It is the reference that `tests` compare with where both agree.

use super::DockerfileError;
use super::text::{Piece, is_blank, quoted_word};
use crate::model::jobs::Need;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;

/// One instruction with all its lines joined.
#[derive(Debug)]
pub(super) struct Instruction {
    /// Its first line, from 1.
    pub(super) line: usize,
    /// The keyword in capitals.
    pub(super) keyword: String,
    /// What follows the keyword.
    pub(super) rest: Piece,
    /// Whether here-documents follow it.
    pub(super) heredoc: bool,
}

/// A whole file.
#[derive(Debug)]
pub(super) struct Scanned {
    /// `\`, or what `# escape=` says.
    pub(super) escape: char,
    /// The `# syntax=` line, if there is one.
    pub(super) frontend: Option<Need>,
    pub(super) instructions: Vec<Instruction>,
}

/// A line of the file without its end.
#[derive(Clone, Copy)]
struct Row<'a> {
    number: usize,
    start: usize,
    text: &'a str,
}

impl Row<'_> {
    fn is_comment(&self) -> bool {
        self.text.trim_start_matches(is_blank).starts_with('#')
    }

    fn is_empty(&self) -> bool {
        self.text.trim_matches(is_blank).is_empty()
    }
}

fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut start = mark;
    text[mark..].split_inclusive('\n').enumerate().map(move |(index, raw)| {
        let text = raw.strip_suffix('\n').unwrap_or(raw);
        let row = Row { number: index + 1, start, text: text.strip_suffix('\r').unwrap_or(text) };
        start += raw.len();
        row
    })
}

/// Reads `text` into instructions.
pub(super) fn scan(text: &str) -> Result<Scanned, DockerfileError> {
    let (escape, frontend) = directives(text)?;
    let mut instructions = Vec::new();
    let mut rows = rows(text);
    while let Some(row) = rows.next() {
        if row.is_empty() || row.is_comment() {
            continue;
        }
        let line = row.number;
        let joined = join(row, &mut rows, escape);
        let (keyword, rest) = split_keyword(&joined);
        let delimiters = heredocs(&keyword, &rest);
        for delimiter in &delimiters {
            skip_heredoc(&mut rows, delimiter, line)?;
        }
        instructions.push(Instruction { line, keyword, rest, heredoc: !delimiters.is_empty() });
    }
    Ok(Scanned { escape, frontend, instructions })
}

/// Directives are comments of the form `# name=value` before anything else.
fn directives(text: &str) -> Result<(char, Option<Need>), DockerfileError> {
    let (mut escape, mut frontend) = ('\\', None);
    for row in rows(text) {
        let Some((name, value)) =
            row.text.trim_matches(is_blank).strip_prefix('#').and_then(|t| t.split_once('='))
        else {
            break;
        };
        match (name.trim_matches(is_blank).to_ascii_lowercase().as_str(), value.trim_matches(is_blank)) {
            ("escape", "\\") => {}
            ("escape", "`") => escape = '`',
            ("escape", _) => {
                return Err(syntax(row.number, "the escape directive takes `\\` or a backtick"));
            }
            ("syntax", _) => frontend = Some(Need { line: row.number, what: "# syntax=".to_owned() }),
            ("check", _) => {}
            _ => break,
        }
    }
    Ok((escape, frontend))
}

/// `first` and the lines that continue it; comments and empty lines between them are left out.
fn join<'a>(first: Row<'a>, rows: &mut impl Iterator<Item = Row<'a>>, escape: char) -> Piece {
    let mut joined = Piece::default();
    let indent = first.text.len() - first.text.trim_start_matches(is_blank).len();
    let mut row = Row { number: first.number, start: first.start + indent, text: &first.text[indent..] };
    loop {
        let Some(kept) = continued(row.text, escape) else {
            joined.push_str(row.text, row.start);
            return joined;
        };
        joined.push_str(kept, row.start);
        match rows.find(|next| !next.is_empty() && !next.is_comment()) {
            Some(next) => row = next,
            None => return joined,
        }
    }
}

/// The line without its continuation mark, if it has one: one escape, not two, and blanks up to the end. (Engines before BuildKit
/// 0.12 also go on after two; whoever writes two means one in the text.)
fn continued(text: &str, escape: char) -> Option<&str> {
    let kept = text.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept)
}

fn split_keyword(joined: &Piece) -> (String, Piece) {
    let end = joined.text.find(is_blank).unwrap_or(joined.text.len());
    let rest = end + joined.text[end..].find(|c| !is_blank(c)).unwrap_or(joined.text.len() - end);
    let last = joined.text.trim_end_matches(is_blank).len().max(rest);
    (joined.text[..end].to_ascii_uppercase(), joined.part(rest..last))
}

/// In the name of a here-document the escape is always this one, whatever `# escape=` says.
const HEREDOC_ESCAPE: char = '\\';

/// Where a here-document ends.
struct Delimiter {
    word: String,
    strip_tabs: bool,
}

/// The here-documents that an instruction announces: words of the form `[0-9]*<<[-]NAME` outside quotes.
fn heredocs(keyword: &str, rest: &Piece) -> Vec<Delimiter> {
    let inner = match keyword {
        "RUN" | "COPY" | "ADD" => 0,
        "ONBUILD" => match quoted_word(&rest.text, 0, HEREDOC_ESCAPE) {
            Some(word)
                if ["RUN", "COPY", "ADD"]
                    .contains(&rest.text[word.clone()].to_ascii_uppercase().as_str()) =>
            {
                word.end
            }
            Some(_) | None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut found = Vec::new();
    let mut from = inner;
    while let Some(range) = quoted_word(&rest.text, from, HEREDOC_ESCAPE) {
        from = range.end;
        found.extend(delimiter(&rest.part(range)));
    }
    found
}

fn delimiter(word: &Piece) -> Option<Delimiter> {
    let text = word.text.as_str();
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, name) = match after.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, after),
    };
    let bare = unquoted(&word.part(text.len() - name.len()..text.len()), HEREDOC_ESCAPE).text;
    (!bare.is_empty() && !name.contains('<')).then_some(Delimiter { word: bare, strip_tabs })
}

fn skip_heredoc<'a>(
    rows: &mut impl Iterator<Item = Row<'a>>,
    delimiter: &Delimiter,
    line: usize,
) -> Result<(), DockerfileError> {
    let ends = |row: &Row<'_>| {
        let text = if delimiter.strip_tabs { row.text.trim_start_matches('\t') } else { row.text };
        text == delimiter.word
    };
    let what = || format!("the here-document never ends; write {} on a line of its own", delimiter.word);
    rows.find(ends).map(|_| ()).ok_or_else(|| syntax(line, &what()))
}

/// What is wrong on a line, in words that may hold some of the file's own.
pub(super) fn syntax(line: usize, what: &str) -> DockerfileError {
    DockerfileError::Syntax { line, what: clean(what, MESSAGE_CHARS) }
}

/// `--name=value` words at the beginning of `rest`, without their quotes, and what follows them.
pub(super) fn flags(rest: &Piece, escape: char) -> (Vec<Flag>, Piece) {
    let mut flags = Vec::new();
    let mut from = 0;
    while let Some(range) = quoted_word(&rest.text, from, escape) {
        if !rest.text[range.clone()].starts_with("--") || range.len() == 2 {
            return (flags, rest.part(range.start..rest.text.len()));
        }
        from = range.end;
        flags.push(flag(&rest.part(range), escape));
    }
    (flags, Piece::default())
}

/// One flag of an instruction.
#[derive(Debug)]
pub(super) struct Flag {
    /// Between `--` and `=`.
    pub(super) name: String,
    /// After `=`; empty without one.
    pub(super) value: Piece,
}

fn flag(word: &Piece, escape: char) -> Flag {
    let bare = unquoted(&word.part(2..word.text.len()), escape);
    let (name, value) = match bare.text.find('=') {
        Some(at) => (bare.text[..at].to_owned(), bare.part(at + 1..bare.text.len())),
        None => (bare.text, Piece::default()),
    };
    Flag { name, value }
}

fn unquoted(word: &Piece, escape: char) -> Piece {
    let mut out = Piece::default();
    let mut quote = None;
    let mut chars = word.text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if c == open => quote = None,
            None | Some('"') if c == escape => {
                if let Some((at, c)) = chars.next() {
                    out.push(c, word.origin(at));
                }
            }
            None | Some(_) => out.push(c, word.origin(at)),
        }
    }
    out
}
