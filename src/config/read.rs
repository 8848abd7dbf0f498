//! TOML with the line of every value, read into typed fields; whatever is wrong becomes a problem and reading goes on.

use super::problem::Problems;
use super::units;
use crate::model::ids::{NodeId, WorkloadName};
use crate::model::nodes::{Strategy, WaveSize};
use crate::model::setup::{FleetKind, GateBefore, Newer, OnFailure};
use crate::model::{FleetName, GateName, ImageRef, Owner, Registry, Span};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with the line that it stands on; line 0 means that it is a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

impl<T> At<T> {
    /// Whether the file says it.
    pub(super) fn is_set(&self) -> bool {
        self.line != 0
    }
}

/// One key of a section: the declaration that reading, checking and the documentation share.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// `required`, `none`, or the default as TOML.
    pub default: &'static str,
    /// What it means, one sentence.
    pub meaning: &'static str,
}

/// Where a value is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) key: &'a str,
    pub(super) section: &'a str,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.key)?;
        if self.section.is_empty() { Ok(()) } else { write!(f, " in {}", self.section) }
    }
}

/// The text being read, and what was found wrong with it.
pub(super) struct Reader {
    starts: Vec<usize>,
    pub(super) problems: Problems,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader {
    /// Parses `text`; syntax errors become problems.
    pub(super) fn parse(text: &str) -> (Self, Spanned<DeTable<'_>>) {
        let newlines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(newlines).collect();
        let mut reader = Self { starts, problems: Problems::default() };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let line = error.span().map_or(0, |span| reader.line(span.start));
            reader.problems.error(line, error.message(), "");
        }
        (reader, table)
    }

    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    fn wrong_type(&mut self, value: &Value<'_>, place: Place<'_>, wanted: &str) {
        let line = self.line(value.span().start);
        let found = value.get_ref().type_str();
        self.problems.error(line, format!("{place} is of type {found}"), format!("write {wanted}"));
    }

    fn refuse(&mut self, value: &Value<'_>, place: Place<'_>, text: &str, hint: impl Display) {
        let line = self.line(value.span().start);
        self.problems.error(line, format!("{place} is {text:?}"), hint);
    }

    /// Refuses keys that are not in `keys`, and says which one was probably meant.
    pub(super) fn unknown_keys(&mut self, table: &DeTable<'_>, section: &str, keys: &[Key]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if keys.iter().any(|known| known.name == name) {
                continue;
            }
            let place = Place { key: name, section };
            let hint = nearest(name, keys.iter().map(|key| key.name));
            let hint = hint.map_or_else(
                || format!("it takes {}", keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems.error(self.line(key.span().start), format!("unknown key {place}"), hint);
        }
    }
}

/// The name that `typed` was probably meant to be.
pub(super) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// A type that a TOML value is read as.
pub(super) trait Field: Sized {
    /// Reads `value`, or notes what is wrong with it.
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self>;
}

/// Finds `key` in `table`.
pub(super) fn field<T: Field>(table: &DeTable<'_>, place: Place<'_>, reader: &mut Reader) -> Option<At<T>> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == place.key)?;
    let line = reader.line(key.span().start);
    T::read(value, place, reader).map(|value| At { value, line })
}

/// [`field`], or the problem that it is not there, at the line of its section.
pub(super) fn field_needed<T: Field>(
    table: &DeTable<'_>,
    place: Place<'_>,
    line: usize,
    reader: &mut Reader,
) -> Option<At<T>> {
    if !table.keys().any(|key| key.get_ref() == place.key) {
        reader.problems.error(line, format!("{place} is missing"), "it has no default");
    }
    field(table, place, reader)
}

/// [`field`], or the declared default when it is absent or wrong.
pub(super) fn field_or<T: Field>(
    table: &DeTable<'_>,
    place: Place<'_>,
    default: &str,
    reader: &mut Reader,
) -> At<T> {
    field(table, place, reader).unwrap_or_else(|| {
        let text = format!("x = {default}");
        let table = DeTable::parse(&text).expect("declared defaults are TOML; a test reads every one");
        let (mut unused, _) = Reader::parse("");
        let value = table.get_ref().values().next().and_then(|value| T::read(value, place, &mut unused));
        At { value: value.expect("declared defaults have their key's type; a test reads every one"), line: 0 }
    })
}

impl Field for String {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            reader.wrong_type(value, place, "a text in quotes");
        }
        text.map(str::to_owned)
    }
}

impl Field for bool {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let read = value.get_ref().as_bool();
        if read.is_none() {
            reader.wrong_type(value, place, "true or false");
        }
        read
    }
}

impl Field for u32 {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let Some(number) = value.get_ref().as_integer() else {
            reader.wrong_type(value, place, "a whole number");
            return None;
        };
        let read = Self::from_str_radix(number.as_str(), number.radix()).ok();
        if read.is_none() {
            reader.refuse(value, place, number.as_str(), "write a whole number from 0 to 4294967295");
        }
        read
    }
}

impl Field for Span {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        quantity(
            value,
            place,
            reader,
            units::span,
            "a length of time, such as \"500ms\", \"10s\", \"5m\", \"2h\" or \"7d\"",
        )
    }
}

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bytes(pub(super) u64);

impl Field for Bytes {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        quantity(value, place, reader, units::bytes, "a size, such as \"64MiB\" or \"2GiB\"").map(Self)
    }
}

/// Types that are read from a text in a form of their own.
fn quantity<T>(
    value: &Value<'_>,
    place: Place<'_>,
    reader: &mut Reader,
    parse: fn(&str) -> Option<T>,
    hint: &str,
) -> Option<T> {
    let Some(text) = value.get_ref().as_str() else {
        reader.wrong_type(value, place, hint);
        return None;
    };
    let read = parse(text);
    if read.is_none() {
        reader.refuse(value, place, text, format!("write {hint}"));
    }
    read
}

/// Types that read themselves from a text.
fn parsed<T: FromStr<Err: Display>>(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<T> {
    let text = String::read(value, place, reader)?;
    match text.parse() {
        Ok(read) => Some(read),
        Err(error) => {
            let line = reader.line(value.span().start);
            reader.problems.error(line, format!("{place}: {error}"), "");
            None
        }
    }
}

macro_rules! parsed_fields {
    ($($type:ty),*) => {
        $(impl Field for $type {
            fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
                parsed(value, place, reader)
            }
        })*
    };
}
parsed_fields!(ImageRef, Registry, FleetName, GateName, NodeId, Owner, WorkloadName);

impl Field for std::net::SocketAddr {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let parse = |text: &str| text.parse().ok();
        quantity(value, place, reader, parse, "an address and a port, such as \"127.0.0.1:8377\"")
    }
}

/// The two kinds of tests, before their other keys are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KindName {
    Command,
    Service,
}

macro_rules! choices {
    ($($type:ty { $($name:literal => $value:expr),* })*) => {
        $(impl Field for $type {
            fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
                let text = String::read(value, place, reader)?;
                match text.as_str() {
                    $($name => Some($value),)*
                    _ => {
                        let known = [$($name),*];
                        reader.refuse(value, place, &text, format!("write {}", known.map(|name| format!("{name:?}")).join(" or ")));
                        None
                    }
                }
            }
        })*
    };
}
choices! {
    Newer { "finish" => Self::Finish, "supersede" => Self::Supersede }
    FleetKind { "swarm" => Self::Swarm }
    OnFailure { "rollback" => Self::Rollback, "stop" => Self::Stop }
    GateBefore { "publish" => Self::Publish, "deploy" => Self::Deploy }
    KindName { "command" => Self::Command, "service" => Self::Service }
    Strategy { "surge" => Self::Surge, "in_place" => Self::InPlace }
}

impl Field for WaveSize {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let wanted = "a number of nodes, such as 1, or a share of the pool, such as \"25%\"";
        let (text, read) = match value.get_ref() {
            DeValue::Integer(number) => {
                let read = u32::from_str_radix(number.as_str(), number.radix()).ok();
                (number.as_str(), read.filter(|nodes| *nodes > 0).map(Self::Nodes))
            }
            DeValue::String(text) => {
                let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
                (text.as_ref(), percent.filter(|percent| (1..=100).contains(percent)).map(Self::Percent))
            }
            _ => {
                reader.wrong_type(value, place, wanted);
                return None;
            }
        };
        if read.is_none() {
            reader.refuse(value, place, text, format!("write {wanted}"));
        }
        read
    }
}

impl Field for Vec<WaveSize> {
    /// All of them or none: a wave that was left out would change those after it.
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let read = elements(value, place, reader, "a list of sizes, such as [1, \"25%\"]")?;
        let all = value.get_ref().as_array().is_some_and(|array| array.len() == read.len());
        all.then(|| read.into_iter().map(|at| at.value).collect())
    }
}

impl Field for Vec<String> {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        Some(
            elements(value, place, reader, "a list of texts, such as [\"a\", \"b\"]")?
                .into_iter()
                .map(|at| at.value)
                .collect(),
        )
    }
}

impl<T: Section> Field for Vec<At<T>> {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        elements(value, place, reader, &format!("a section {}", T::TITLE))
    }
}

fn elements<T: Field>(
    value: &Value<'_>,
    place: Place<'_>,
    reader: &mut Reader,
    wanted: &str,
) -> Option<Vec<At<T>>> {
    let Some(array) = value.get_ref().as_array() else {
        reader.wrong_type(value, place, wanted);
        return None;
    };
    let mut out = Vec::new();
    for element in array {
        let line = reader.line(element.span().start);
        out.extend(T::read(element, place, reader).map(|value| At { value, line }));
    }
    Some(out)
}

impl Field for BTreeMap<String, String> {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        let entries =
            entries::<String>(value, place, reader, "a table of texts, such as { NAME = \"value\" }")?;
        Some(entries.into_iter().map(|(name, at)| (name, at.value)).collect())
    }
}

impl<T: Section> Field for BTreeMap<String, At<T>> {
    fn read(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
        entries(value, place, reader, &format!("a section {}", T::TITLE))
    }
}

fn entries<T: Field>(
    value: &Value<'_>,
    place: Place<'_>,
    reader: &mut Reader,
    wanted: &str,
) -> Option<BTreeMap<String, At<T>>> {
    let Some(table) = value.get_ref().as_table() else {
        reader.wrong_type(value, place, wanted);
        return None;
    };
    let mut out = BTreeMap::new();
    for (key, value) in table {
        let line = reader.line(key.span().start);
        let inner = Place { key: key.get_ref(), section: place.section };
        if let Some(read) = T::read(value, inner, reader) {
            out.insert(key.get_ref().clone().into_owned(), At { value: read, line });
        }
    }
    Some(out)
}

/// A table with declared keys.
pub(super) trait Section: Field {
    /// How people write its heading: `[[recipe]]`.
    const TITLE: &'static str;
    /// Its keys in the order of the documentation.
    const KEYS: &'static [Key];
    /// Reads its fields. `line` is the one of its heading.
    fn fields(table: &DeTable<'_>, line: usize, reader: &mut Reader) -> Self;
}

/// Reads a section, and notes keys that it does not have.
pub(super) fn section<T: Section>(value: &Value<'_>, place: Place<'_>, reader: &mut Reader) -> Option<T> {
    let Some(table) = value.get_ref().as_table() else {
        reader.wrong_type(value, place, &format!("a section {}", T::TITLE));
        return None;
    };
    reader.unknown_keys(table, T::TITLE, T::KEYS);
    let line = reader.line(value.span().start);
    Some(T::fields(table, line, reader))
}
