//! When and how long, as whole milliseconds. Nobody here reads a clock: time comes in with an event.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The time since `earlier`, or none when that is later.
    pub fn since(self, earlier: Self) -> Span {
        Span(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// `02:14`, UTC: how a time of today is shown.
    pub fn hours_minutes(self) -> String {
        self.utc().format("%H:%M").to_string()
    }

    /// `02:14:05`, UTC: how an event is shown.
    pub fn hours_minutes_seconds(self) -> String {
        self.utc().format("%H:%M:%S").to_string()
    }

    /// `12 Nov`, UTC: how an older day is shown.
    pub fn day(self) -> String {
        self.utc().format("%-d %b").to_string()
    }

    /// The same moment as chrono has it; times outside its range become the epoch.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(value: DateTime<Utc>) -> Self {
        Self(value.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with milliseconds, UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(u64);

impl Span {
    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// As the standard library's clock measures it, without what is less than a millisecond.
    pub fn from_std(length: std::time::Duration) -> Self {
        Self(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
    }

    /// The same length as the standard library has it.
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0)
    }
}

/// The units in which a length of time is typed, the largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// What is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time; write a whole number and a unit: `500ms`, `10s`, `5m`, `2h` or `7d`")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    /// Reads one whole number and one unit.
    fn from_str(text: &str) -> Result<Self, SpanError> {
        let bad = || SpanError(text.chars().take(64).collect());
        let end = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let number: u64 = text[..end].parse().map_err(|_| bad())?;
        let (_, millis) = UNITS.iter().find(|(unit, _)| *unit == &text[end..]).ok_or_else(bad)?;
        number.checked_mul(*millis).map(Self).ok_or_else(bad)
    }
}

impl Span {
    /// As it would be typed, nothing lost: `90s`, `1500ms`, `2h`.
    pub fn exact(self) -> String {
        let whole = UNITS.iter().find(|(_, millis)| self.0 > 0 && self.0.is_multiple_of(*millis));
        let (unit, millis) = whole.copied().unwrap_or(("s", 1_000));
        format!("{}{unit}", self.0 / millis)
    }
}

impl fmt::Display for Span {
    /// `40s`, `3m02`, `2h05`, `3d`: two units at most, as the console shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.as_secs();
        let text = match secs {
            0..60 => format!("{secs}s"),
            60..3600 => format!("{}m{:02}", secs / 60, secs % 60),
            3600..86400 => format!("{}h{:02}", secs / 3600, secs / 60 % 60),
            _ => format!("{}d", secs / 86400),
        };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_at_most_two_units() {
        let shown: Vec<String> =
            [0, 40, 182, 7500, 259_200].iter().map(|s| Span::from_secs(*s).to_string()).collect();
        assert_eq!(shown, ["0s", "40s", "3m02", "2h05", "3d"]);
    }

    #[test]
    fn a_length_reads_back_as_it_is_written() {
        for text in ["500ms", "90s", "5m", "2h", "7d", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().exact(), text);
        }
    }

    #[test]
    fn a_time_before_its_start_is_no_time() {
        assert_eq!(Timestamp::from_millis(1).since(Timestamp::from_millis(5)), Span::from_millis(0));
    }
}
