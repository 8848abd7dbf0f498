//! A short text that many hold at once: the inside of every name.

use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

/// An immutable text. A clone is the same text, not a copy of it, and two clones are found equal without reading them: the engine
/// hands names around and compares them at every event.
#[derive(Clone)]
pub(super) struct Shared(Arc<str>);

impl Shared {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl From<&str> for Shared {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Shared {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<Shared> for String {
    fn from(text: Shared) -> Self {
        text.as_ref().to_owned()
    }
}

impl AsRef<str> for Shared {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Deref for Shared {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.is(other) || self.0 == other.0
    }
}

impl Eq for Shared {}

impl PartialOrd for Shared {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Shared {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.is(other) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl Hash for Shared {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Serializes a type as it is shown, without a text in between.
macro_rules! serialized_as_shown {
    ($($name:ty),+) => {
        $(
            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )+
    };
}
pub(super) use serialized_as_shown;

/// Shows `parts` one after the other, padded as `f` asks for. Names are nearly always shown without padding.
pub(super) fn show(f: &mut fmt::Formatter<'_>, parts: &[&str]) -> fmt::Result {
    if f.width().is_none() && f.precision().is_none() {
        return parts.iter().try_for_each(|part| f.write_str(part));
    }
    f.pad(&parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_and_equal_texts_compare_alike() {
        let (one, two, more) = (Shared::from("b"), Shared::from("b".to_owned()), Shared::from("ba"));
        assert_eq!(one, one.clone());
        assert_eq!(one, two);
        assert_eq!(one.cmp(&two), Ordering::Equal);
        assert_eq!(one.cmp(&more), "b".cmp("ba"));
        assert_ne!(one, more);
    }

    #[test]
    fn parts_are_padded_as_one() {
        struct Pair;
        impl fmt::Display for Pair {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show(f, &["a", "/", "b"])
            }
        }
        assert_eq!(format!("{Pair}|{Pair:>5}|{Pair:.2}"), "a/b|  a/b|a/");
    }
}
