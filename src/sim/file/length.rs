//! A length of time as it stands in a file: `40s`.

use crate::model::Span;
use serde::{Deserialize, Serialize};

/// A [`Span`], written as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length(pub Span);

impl Length {
    /// Of so many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(Span::from_secs(secs))
    }
}

impl TryFrom<String> for Length {
    type Error = crate::model::time::SpanError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<Length> for String {
    fn from(length: Length) -> String {
        length.0.exact()
    }
}
