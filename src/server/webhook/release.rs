//! Announcements of node releases, from whoever makes them: a pipeline, a vendor's hook.
//!
//! Unlike a registry, the sender wants to know what is wrong: what cannot be read is 400, a pool that is not there 404.

use super::counts::count;
use super::intake::Intake;
use crate::model::{PoolName, ReleaseName};
use crate::server::Announcement;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

/// What a body says: `{"pool": "workers", "release": "2026.11"}`. What else it has is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The pool that it is for.
    pub pool: PoolName,
    /// Its name.
    pub release: ReleaseName,
}

/// The announcement in a body; none when it is no JSON object with two names that may be names.
pub fn release(body: &[u8]) -> Option<Release> {
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    Some(Release { pool: text("pool")?.parse().ok()?, release: text("release")?.parse().ok()? })
}

impl Intake {
    /// Stores an announcement; one that is known already changes nothing, so a delivery may come twice.
    pub(super) async fn announce(&self, body: &[u8]) -> Response {
        let counts = self.counts();
        let Some(Release { pool, release }) = release(body) else {
            count(&counts.unreadable);
            let expected = "the body must be JSON like {\"pool\": \"workers\", \"release\": \"2026.11\"}\n";
            return (StatusCode::BAD_REQUEST, expected).into_response();
        };
        match self.source().announce(pool.clone(), release).await {
            Ok(Announcement::Stored) => {
                count(&counts.announced);
                StatusCode::NO_CONTENT.into_response()
            }
            Ok(Announcement::Known) => {
                count(&counts.repeated);
                StatusCode::NO_CONTENT.into_response()
            }
            Ok(Announcement::NoPool) => {
                count(&counts.no_pool);
                let why = format!(
                    "there is no pool {pool} in the configuration; `tidegate status` shows which are\n"
                );
                (StatusCode::NOT_FOUND, why).into_response()
            }
            Err(stuck) => {
                count(&counts.unstored);
                tracing::warn!(%pool, why = %stuck.why, "an announced release could not be stored");
                (StatusCode::SERVICE_UNAVAILABLE, stuck.why).into_response()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_names_are_read_and_what_else_is_there_is_not() {
        let read = release(br#"{"pool": "workers", "release": "2026.11", "by": {"any": [1]}}"#).unwrap();
        assert_eq!((read.pool.as_str(), read.release.as_str()), ("workers", "2026.11"));
    }

    #[test]
    fn what_is_no_announcement_is_said_to_be_none() {
        let long = format!("{{\"pool\":\"{}\",\"release\":\"r\"}}", "p".repeat(10_000));
        for body in [
            "",
            "{",
            "[]",
            "null",
            "[\"workers\",\"2026.11\"]",
            "{\"pool\":\"workers\"}",
            "{\"pool\":\"workers\",\"release\":7}",
            "{\"pool\":\"a b\",\"release\":\"r\"}",
            "{\"pool\":\"\",\"release\":\"r\"}",
            "{\"pool\":\"p\",\"release\":\"r\\u001b[2J\"}",
            &long,
            &"[".repeat(100_000),
        ] {
            assert_eq!(release(body.as_bytes()), None, "{body:.40?}");
        }
    }
}
