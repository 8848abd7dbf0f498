//! Instructions as stages: what each is built from and what it takes from elsewhere.

use super::DockerfileError;
use super::scan::{Flag, Instruction, Scanned, flags, syntax};
use super::text::{LineStarts, Piece};
use super::vars::Vars;
use crate::model::jobs::{BaseName, Need, Place, Unknown};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use std::collections::BTreeMap;

/// Where a stage, a copy or a mount takes its files from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Image(BaseName, Place),
    Stage(usize),
    Scratch,
    Unknown(Unknown),
}

/// One `FROM` with what follows it.
#[derive(Debug)]
pub(super) struct Stage {
    /// In small letters, as Docker compares them.
    pub(super) name: Option<String>,
    pub(super) from: Source,
    /// `COPY --from` and `RUN --mount=…,from=`, in order.
    pub(super) takes: Vec<Source>,
}

/// All stages of a file.
#[derive(Debug)]
pub(super) struct Stages {
    pub(super) stages: Vec<Stage>,
    pub(super) buildkit: Option<Need>,
}

/// A stage before its names are resolved.
struct Raw {
    name: Option<String>,
    image: Piece,
    takes: Vec<(Piece, usize)>,
}

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];
/// Flags that the classic builder refuses.
const BUILDKIT_FLAGS: [(&str, &[&str]); 3] = [
    ("RUN", &["mount", "network", "security", "device"]),
    ("COPY", &["link", "chmod", "parents", "exclude"]),
    ("ADD", &["link", "chmod", "checksum", "keep-git-dir", "exclude", "unpack"]),
];

/// Sorts the instructions of a file into its stages.
pub(super) fn read(
    text: &str,
    scanned: Scanned,
    args: &BTreeMap<String, String>,
    platform: Option<&str>,
) -> Result<Stages, DockerfileError> {
    let mut reader = Reader {
        lines: LineStarts::of(text),
        escape: scanned.escape,
        vars: Vars::new(args, platform, scanned.escape),
        raw: Vec::new(),
        buildkit: scanned.frontend,
    };
    for instruction in &scanned.instructions {
        reader.instruction(instruction)?;
    }
    if reader.raw.is_empty() {
        return Err(DockerfileError::NoStage);
    }
    let stages = (0..reader.raw.len()).map(|index| reader.resolve(index)).collect();
    Ok(Stages { stages, buildkit: reader.buildkit })
}

struct Reader<'a> {
    lines: LineStarts,
    escape: char,
    vars: Vars<'a>,
    raw: Vec<Raw>,
    buildkit: Option<Need>,
}

impl Reader<'_> {
    fn instruction(&mut self, instruction: &Instruction) -> Result<(), DockerfileError> {
        let Instruction { line, keyword, rest, heredoc } = instruction;
        if !KEYWORDS.contains(&keyword.as_str()) {
            return Err(unknown_keyword(*line, keyword));
        }
        if *heredoc {
            self.need(*line, &format!("a here-document in {keyword}"));
        }
        match keyword.as_str() {
            "FROM" => self.from(*line, rest),
            "ARG" if self.raw.is_empty() => {
                for word in rest.quoted_words(self.escape) {
                    self.vars.declare(&word.text);
                }
                Ok(())
            }
            "ARG" => Ok(()),
            _ if self.raw.is_empty() => {
                Err(syntax(*line, &format!("{keyword} stands before the first FROM; only ARG may")))
            }
            "COPY" | "ADD" | "RUN" => {
                self.takes(*line, keyword, rest);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn from(&mut self, line: usize, rest: &Piece) -> Result<(), DockerfileError> {
        let (flags, rest) = flags(rest, self.escape);
        for flag in flags {
            if flag.name != "platform" {
                return Err(syntax(line, &format!("FROM has no flag --{}; it has --platform", flag.name)));
            }
            self.platform_need(line, &flag.value.text, "FROM --platform");
        }
        let mut words = rest.words().into_iter();
        let usage = || syntax(line, "FROM takes one image, and may go on with `AS name`");
        let image = words.next().ok_or_else(usage)?;
        self.platform_need(line, &image.text, "FROM");
        let name = match (words.next(), words.next(), words.next()) {
            (None, _, _) => None,
            (Some(word), Some(name), None) if word.text.eq_ignore_ascii_case("as") => {
                Some(stage_name(line, &name.text)?)
            }
            _ => return Err(usage()),
        };
        self.raw.push(Raw { name, image, takes: Vec::new() });
        Ok(())
    }

    fn platform_need(&mut self, line: usize, text: &str, place: &str) {
        if let Some(name) = self.vars.needs_buildkit(text) {
            self.need(line, &format!("${name} in {place}"));
        }
    }

    fn takes(&mut self, line: usize, keyword: &str, rest: &Piece) {
        let (flags, _) = flags(rest, self.escape);
        for flag in flags {
            let modern =
                BUILDKIT_FLAGS.iter().any(|(k, names)| *k == keyword && names.contains(&flag.name.as_str()));
            if modern {
                self.need(line, &format!("{keyword} --{}", flag.name));
            }
            let source = match (keyword, flag.name.as_str()) {
                ("COPY", "from") => Some(flag.value),
                ("RUN", "mount") => mounted_from(&flag),
                _ => None,
            };
            if let (Some(source), Some(stage)) = (source, self.raw.last_mut())
                && !source.text.is_empty()
            {
                stage.takes.push((source, line));
            }
        }
    }

    /// Keeps the need that comes first in the file.
    fn need(&mut self, line: usize, what: &str) {
        if self.buildkit.as_ref().is_none_or(|first| line < first.line) {
            self.buildkit = Some(Need { line, what: clean(what, MESSAGE_CHARS) });
        }
    }

    fn resolve(&mut self, index: usize) -> Stage {
        let from = self.resolve_from(index);
        let takes = std::mem::take(&mut self.raw[index].takes);
        let takes = takes.iter().map(|(word, line)| self.resolve_taken(index, word, *line)).collect();
        Stage { name: self.raw[index].name.clone(), from, takes }
    }

    /// 1. Variables are replaced.
    /// 2. The name of one earlier stage is that stage.
    /// 3. `scratch` is nothing.
    /// 4. Anything else must be an image.
    fn resolve_from(&self, index: usize) -> Source {
        let word = &self.raw[index].image;
        let name = match self.vars.expand(&word.text) {
            Ok(name) => name,
            Err(why) => return self.unknown(word, &why),
        };
        let mut earlier = self.named(&name);
        earlier.retain(|stage| *stage < index);
        match earlier[..] {
            [] => self.image(word, &name),
            [stage] => Source::Stage(stage),
            [_, _, ..] => self.unknown(word, &format!("more than one stage before it is called {name:?}")),
        }
    }

    /// 1. No variable is replaced here.
    /// 2. A number is an earlier stage by its index, from 0.
    /// 3. A stage's name is that stage; a later one only for BuildKit.
    /// 4. Anything else must be an image.
    fn resolve_taken(&mut self, index: usize, word: &Piece, line: usize) -> Source {
        let name = word.text.as_str();
        if name.contains('$') {
            let why =
                "Docker replaces no variable here; name it by `FROM … AS name` and take from that stage";
            return self.unknown(word, why);
        }
        if name.bytes().all(|b| b.is_ascii_digit()) {
            return match name.parse::<usize>() {
                Ok(stage) if stage < index => Source::Stage(stage),
                Ok(_) | Err(_) => self.unknown(word, "there is no earlier stage of this number"),
            };
        }
        let named = self.named(name);
        match named[..] {
            [] if self.in_pieces(word) => {
                self.unknown(word, "quotes or escapes stand inside the name; write it in one piece")
            }
            [] => self.image(word, name),
            [stage] if stage == index => self.unknown(word, "a stage cannot take from itself"),
            [stage] => {
                if stage > index {
                    self.need(line, &format!("taking from the later stage {name}"));
                }
                Source::Stage(stage)
            }
            [_, _, ..] => self.unknown(word, &format!("more than one stage is called {name:?}")),
        }
    }

    /// Whether something stands between its first and last character that is not of it: an edit there would leave half a quote behind.
    fn in_pieces(&self, word: &Piece) -> bool {
        word.place(&self.lines).is_some_and(|place| place.end - place.start != word.text.len())
    }

    /// The stages of a name, in the order of the file.
    fn named(&self, name: &str) -> Vec<usize> {
        let wanted = name.to_ascii_lowercase();
        let matches = |raw: &Raw| raw.name.as_deref() == Some(wanted.as_str());
        self.raw.iter().enumerate().filter(|(_, raw)| matches(raw)).map(|(index, _)| index).collect()
    }

    fn image(&self, word: &Piece, name: &str) -> Source {
        if name == "scratch" {
            return Source::Scratch;
        }
        let Some(place) = word.place(&self.lines) else {
            return self.unknown(word, "it is empty");
        };
        let parsed = if name.contains('@') {
            name.parse().map(BaseName::Pinned)
        } else {
            name.parse().map(BaseName::Tag)
        };
        match parsed {
            Ok(name) => Source::Image(name, place),
            Err(error) => self.unknown(word, &error.to_string()),
        }
    }

    fn unknown(&self, word: &Piece, why: &str) -> Source {
        let line = word.place(&self.lines).map_or(1, |place| place.line);
        let text = clean(&word.text, MESSAGE_CHARS);
        Source::Unknown(Unknown { text, line, why: clean(why, MESSAGE_CHARS) })
    }
}

/// The value of `from=` in a mount's comma-separated fields.
fn mounted_from(flag: &Flag) -> Option<Piece> {
    let mut start = 0;
    for field in flag.value.text.split(',') {
        let end = start + field.len();
        if let Some((key, value)) = field.split_once('=')
            && key.trim().eq_ignore_ascii_case("from")
        {
            return Some(flag.value.part(end - value.len()..end));
        }
        start = end + 1;
    }
    None
}

/// Stage names are `[a-z][a-z0-9-_.]*` in any case (moby/buildkit `instructions/parse.go`).
fn stage_name(line: usize, name: &str) -> Result<String, DockerfileError> {
    let lower = name.to_ascii_lowercase();
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if lower.starts_with(|c: char| c.is_ascii_lowercase()) && lower.chars().all(inner) {
        return Ok(lower);
    }
    let shown = clean(name, 64);
    Err(syntax(
        line,
        &format!("{shown:?} is not a stage name; begin with a letter and use letters, digits and `- _ .`"),
    ))
}

fn unknown_keyword(line: usize, keyword: &str) -> DockerfileError {
    let shown = clean(keyword, 32);
    let near = KEYWORDS.iter().find(|known| strsim::damerau_levenshtein(known, &shown) <= 2);
    let hint = near.map_or_else(String::new, |known| format!("; did you mean {known}?"));
    syntax(line, &format!("{shown:?} is not an instruction{hint}"))
}
