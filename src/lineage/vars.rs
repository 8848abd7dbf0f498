//! Variables of a Dockerfile before its first FROM: the only ones that a FROM may use.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// `${A:-${B:-…}}` may go this deep; nobody writes more, and an attacker's stack stays small.
const DEPTH: usize = 16;

/// What is known of one variable.
#[derive(Debug, Clone)]
enum Value {
    Set(String),
    /// Declared without a default, and no build argument gives it a value.
    Unset,
    /// It has a value, but not one that can be known here.
    Unknowable(String),
}

/// The variables that FROM may use.
#[derive(Debug)]
pub(super) struct Vars<'a> {
    args: &'a BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    escape: char,
}

/// The variables that BuildKit sets by itself; the classic builder leaves them empty.
pub(super) const PLATFORM_VARIABLES: [&str; 8] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
];

impl<'a> Vars<'a> {
    /// Before any ARG was read. `platform` is what the build is asked for, when that is known.
    pub(super) fn new(args: &'a BTreeMap<String, String>, platform: Option<&str>, escape: char) -> Self {
        let mut values = BTreeMap::new();
        for name in PLATFORM_VARIABLES {
            let value = match platform.and_then(|platform| target_variable(name, platform)) {
                Some(value) => Value::Set(value),
                None => Value::Unknowable(format!(
                    "`{name}` depends on the engine; set `platform`, or set it in `args`"
                )),
            };
            values.insert(name.to_owned(), value);
        }
        Self { args, values, escape }
    }

    /// One word of an ARG before the first FROM: `NAME` or `NAME=default`.
    pub(super) fn declare(&mut self, word: &str) {
        let (name, default) = match word.split_once('=') {
            Some((name, default)) => (name, Some(default)),
            None => (word, None),
        };
        let value = match (self.args.get(name), default) {
            (Some(given), _) => Value::Set(given.clone()),
            (None, Some(default)) => match self.expand(default) {
                Ok(text) => Value::Set(text),
                Err(why) => Value::Unknowable(why),
            },
            (None, None) if self.values.contains_key(name) => return,
            (None, None) => Value::Unset,
        };
        self.values.insert(name.to_owned(), value);
    }

    /// Whether `text` uses a variable that only BuildKit sets.
    pub(super) fn needs_buildkit(&self, text: &str) -> Option<&'static str> {
        let uses = |name: &&str| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}"));
        PLATFORM_VARIABLES.into_iter().filter(|name| !self.args.contains_key(*name)).find(uses)
    }

    /// `word` without quotes and with its variables replaced, or why that cannot be known.
    pub(super) fn expand(&self, word: &str) -> Result<String, String> {
        let mut chars = word.chars().peekable();
        self.run(&mut chars, None, 0)
    }

    /// Reads up to `end` (which is taken), or to the end of the word.
    fn run(
        &self,
        chars: &mut Peekable<Chars<'_>>,
        end: Option<char>,
        depth: usize,
    ) -> Result<String, String> {
        let mut out = String::new();
        let mut double = false;
        while let Some(c) = chars.next() {
            match c {
                c if Some(c) == end && !double => return Ok(out),
                '\'' if !double => single_quoted(chars, &mut out)?,
                '"' => double = !double,
                c if c == self.escape => out.extend(chars.next()),
                '$' => out.push_str(&self.variable(chars, depth)?),
                c => out.push(c),
            }
        }
        match (end, double) {
            (None, false) => Ok(out),
            (Some(_), _) => Err("a `${` without its `}`".to_owned()),
            (None, true) => Err("a quote that is not closed".to_owned()),
        }
    }

    /// What follows a `$`.
    fn variable(&self, chars: &mut Peekable<Chars<'_>>, depth: usize) -> Result<String, String> {
        if depth >= DEPTH {
            return Err(format!("substitutions nested deeper than {DEPTH}"));
        }
        let braced = chars.next_if_eq(&'{').is_some();
        let name = name(chars);
        if name.is_empty() {
            return Err("a `$` without a variable's name after it".to_owned());
        }
        if !braced {
            return self.plain(&name);
        }
        let colon = chars.next_if_eq(&':').is_some();
        match chars.next() {
            Some('}') if !colon => self.plain(&name),
            Some('-') => self.or_default(&name, colon, self.run(chars, Some('}'), depth + 1)),
            Some('+') => self.if_set(&name, colon, self.run(chars, Some('}'), depth + 1)),
            Some('?') => {
                let _message = self.run(chars, Some('}'), depth + 1)?;
                self.plain(&name)
            }
            _ => Err(format!(
                "`{name}` is used in a form that Tidegate does not read; `${{V:-d}}` and `${{V:+d}}` are"
            )),
        }
    }

    fn plain(&self, name: &str) -> Result<String, String> {
        match self.values.get(name) {
            Some(Value::Set(text)) => Ok(text.clone()),
            Some(Value::Unset) => Err(format!("`{name}` has no default; set it in the recipe's `args`")),
            Some(Value::Unknowable(why)) => Err(why.clone()),
            None => Err(format!("`{name}` is not declared by an ARG before the first FROM")),
        }
    }

    fn or_default(&self, name: &str, colon: bool, default: Result<String, String>) -> Result<String, String> {
        match self.values.get(name) {
            Some(Value::Set(text)) if !(colon && text.is_empty()) => Ok(text.clone()),
            Some(Value::Unknowable(why)) => Err(why.clone()),
            Some(Value::Set(_) | Value::Unset) | None => default,
        }
    }

    fn if_set(&self, name: &str, colon: bool, instead: Result<String, String>) -> Result<String, String> {
        match self.values.get(name) {
            Some(Value::Set(text)) if !(colon && text.is_empty()) => instead,
            Some(Value::Unknowable(why)) => Err(why.clone()),
            Some(Value::Set(_) | Value::Unset) | None => Ok(String::new()),
        }
    }
}

fn single_quoted(chars: &mut Peekable<Chars<'_>>, out: &mut String) -> Result<(), String> {
    for c in chars {
        if c == '\'' {
            return Ok(());
        }
        out.push(c);
    }
    Err("a quote that is not closed".to_owned())
}

fn name(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::new();
    while let Some(c) =
        chars.next_if(|c| c.is_ascii_alphabetic() || *c == '_' || (c.is_ascii_digit() && !name.is_empty()))
    {
        name.push(c);
    }
    name
}

/// A `TARGET…` variable's value for `os/architecture[/variant]`; none for `BUILD…`, which is the engine's own.
fn target_variable(name: &str, platform: &str) -> Option<String> {
    let mut parts = platform.split('/');
    let (os, architecture, variant) = (parts.next()?, parts.next()?, parts.next().unwrap_or(""));
    let value = match name {
        "TARGETPLATFORM" => platform,
        "TARGETOS" => os,
        "TARGETARCH" => architecture,
        "TARGETVARIANT" => variant,
        _ => return None,
    };
    Some(value.to_owned())
}
