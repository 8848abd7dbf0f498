//! Answers: JSON, or a [`Problem`] with its status.

use crate::api::Problem;
use crate::model::limits::REQUEST_BODY_BYTES;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What a handler returns.
pub type Answer = Result<Response, Refusal>;

/// Why a request is not answered as it wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// The sentence, with what to do next.
    pub error: String,
}

impl Refusal {
    /// The request itself is wrong.
    pub fn bad(error: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error: error.into() }
    }

    /// There is no such thing.
    pub fn missing(error: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, error: error.into() }
    }

    /// It cannot be, as things stand.
    pub fn conflict(error: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, error: error.into() }
    }

    /// Not now.
    pub fn busy(error: impl Into<String>) -> Self {
        Self { status: StatusCode::SERVICE_UNAVAILABLE, error: error.into() }
    }

    /// Something of ours failed.
    pub fn failed(error: impl Into<String>) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, error: error.into() }
    }

    /// The body is larger than any request of ours.
    pub fn too_large() -> Self {
        let error = format!("the body has more than {REQUEST_BODY_BYTES} bytes; no request needs that many");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(Problem { error: self.error })).into_response()
    }
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> Answer {
    Ok(Json(value).into_response())
}
