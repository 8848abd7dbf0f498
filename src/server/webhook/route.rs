//! The listener: who may speak, how much and how slowly.

use super::counts::count;
use super::intake::Intake;
use super::token::Token;
use crate::model::limits::{WEBHOOK_BODY_BYTES, WEBHOOK_CONNECTIONS, WEBHOOK_WITHIN};
use crate::server::accept::{self, Patience};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
struct Gate {
    intake: Arc<Intake>,
    token: Token,
}

/// The webhook listener's one request.
pub fn router(intake: Arc<Intake>, token: Token) -> Router {
    Router::new().route("/v1/webhook/distribution", post(receive)).with_state(Gate { intake, token })
}

/// Serves registries on `listener` until `stop`. A connection carries one request, and lasts three limits at most: its
/// headers, its body, and the disk.
pub async fn serve(listener: TcpListener, intake: Arc<Intake>, token: Token, stop: CancellationToken) {
    let within = WEBHOOK_WITHIN.to_std();
    let patience = Patience {
        connections: WEBHOOK_CONNECTIONS,
        headers: within,
        whole: Some(within * 3),
        keep_alive: false,
    };
    accept::serve(listener, router(intake, token), patience, stop).await;
}

async fn receive(State(gate): State<Gate>, request: Request) -> Response {
    let counts = gate.intake.counts();
    if !gate.token.admits(request.headers()) {
        count(&counts.unauthorized);
        tracing::warn!("a webhook came without the right secret");
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")]).into_response();
    }
    let body = match body(request).await {
        Ok(body) => body,
        Err(status) => {
            let counter =
                if status == StatusCode::PAYLOAD_TOO_LARGE { &counts.too_large } else { &counts.too_slow };
            count(counter);
            return status.into_response();
        }
    };
    match gate.intake.take(&body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(stuck) => (StatusCode::SERVICE_UNAVAILABLE, stuck.why).into_response(),
    }
}

async fn body(request: Request) -> Result<Bytes, StatusCode> {
    if announced(request.headers()).is_some_and(|bytes| bytes > WEBHOOK_BODY_BYTES) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body: Limited<Body> = Limited::new(request.into_body(), WEBHOOK_BODY_BYTES);
    let whole = timeout(WEBHOOK_WITHIN.to_std(), body.collect()).await;
    match whole.map_err(|_| StatusCode::REQUEST_TIMEOUT)? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        // The peer broke off; nobody reads this.
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
