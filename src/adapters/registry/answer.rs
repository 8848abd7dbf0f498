//! What a registry's answer means, apart from how it was asked.

use crate::model::limits::{LONGEST_RETRY_AFTER, MESSAGE_CHARS};
use crate::model::reports::Unreachable;
use crate::model::text::clean;
use crate::model::{Registry, Span, Timestamp};
use serde::Deserialize;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nobody answered, or asked to be left alone for now.
    Silent(Unreachable),
    /// There is no such tag, manifest or repository.
    Missing,
    /// Refused for good, with the reason, cleaned.
    Refused(String),
}

impl Fault {
    /// Nobody answered at `registry`, because of `why`.
    pub fn silent(registry: &Registry, why: &str) -> Self {
        Self::Silent(Unreachable {
            who: format!("registry {registry}"),
            why: clean(why, MESSAGE_CHARS),
            retry_after: None,
        })
    }

    /// Refused for good, because of `why`.
    pub fn refused(why: &str) -> Self {
        Self::Refused(clean(why, MESSAGE_CHARS))
    }
}

/// What an answer that is no success means.
///
/// 1. 404: there is no such thing.
/// 2. 408, 425, 429 and every 5xx: not now. `Retry-After` is passed on.
/// 3. Everything else, 401 and 403 with credentials among it: refused for good.
pub fn fault(registry: &Registry, status: u16, retry: Option<Span>, body: &[u8]) -> Fault {
    let said = said(body);
    let text = if said.is_empty() { format!("status {status}") } else { format!("status {status}: {said}") };
    match status {
        404 => Fault::Missing,
        408 | 425 | 429 | 500..=599 => Fault::Silent(Unreachable {
            who: format!("registry {registry}"),
            why: clean(&text, MESSAGE_CHARS),
            retry_after: retry,
        }),
        _ => Fault::refused(&text),
    }
}

/// The first error of a body in the specification's form, or the body's own text, cleaned.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let text = match serde_json::from_slice::<Errors>(body) {
        Ok(Errors { errors }) => {
            errors.first().map(|e| format!("{} {}", e.code, e.message)).unwrap_or_default()
        }
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    };
    clean(text.trim(), MESSAGE_CHARS)
}

/// `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3), at most [`LONGEST_RETRY_AFTER`]. None when it is neither.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Span> {
    let value = value.trim();
    let span = match value.parse::<u64>() {
        Ok(seconds) => Span::from_secs(seconds),
        Err(_) => {
            let date = chrono::DateTime::parse_from_rfc2822(value).ok()?;
            Timestamp::from(date.with_timezone(&chrono::Utc)).since(now)
        }
    };
    Some(span.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(status: u16, body: &str) -> Fault {
        fault(&"r.example".parse().unwrap(), status, None, body.as_bytes())
    }

    #[test]
    fn not_now_is_told_from_never() {
        assert_eq!(meaning(404, ""), Fault::Missing);
        for status in [408, 429, 500, 502, 503, 504, 522] {
            assert!(matches!(meaning(status, ""), Fault::Silent(_)), "{status}");
        }
        for status in [400, 401, 403, 405, 415] {
            assert!(matches!(meaning(status, ""), Fault::Refused(_)), "{status}");
        }
    }

    #[test]
    fn the_first_error_of_the_body_is_the_reason_and_is_cleaned() {
        let body = r#"{"errors":[{"code":"DENIED","message":"no \u001b[31mway"},{"code":"X"}]}"#;
        assert_eq!(meaning(403, body), Fault::Refused("status 403: DENIED no way".to_owned()));
        assert_eq!(meaning(403, "plain\ntext"), Fault::Refused("status 403: plain text".to_owned()));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_longer_than_the_limit() {
        let now = Timestamp::from_millis(1_445_412_470_000); // Wed, 21 Oct 2015 07:27:50 GMT
        assert_eq!(retry_after("17", now), Some(Span::from_secs(17)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT", now), Some(Span::from_secs(10)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:00:00 GMT", now), Some(Span::from_secs(0)));
        assert_eq!(retry_after("999999999999", now), Some(LONGEST_RETRY_AFTER));
        assert_eq!(retry_after("soon", now), None);
    }
}
