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

/// What must be sent to be heard.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// By registries.
    pub registry: Token,
    /// By whoever announces releases; nobody can when there is none.
    pub release: Option<Token>,
}

#[derive(Clone)]
struct Gate {
    intake: Arc<Intake>,
    token: Token,
}

/// The webhook listener's requests.
pub fn router(intake: &Arc<Intake>, tokens: Tokens) -> Router {
    let gate = |token| Gate { intake: intake.clone(), token };
    let mut router =
        Router::new().route("/v1/webhook/distribution", post(receive).with_state(gate(tokens.registry)));
    if let Some(token) = tokens.release {
        router = router.route("/v1/webhook/release", post(announce).with_state(gate(token)));
    }
    router
}

/// Serves registries, and whoever announces releases, on `listener` until `stop`. A connection carries one request, and lasts
/// three limits at most: its headers, its body, and the disk.
pub async fn serve(listener: TcpListener, intake: Arc<Intake>, tokens: Tokens, stop: CancellationToken) {
    let within = WEBHOOK_WITHIN.to_std();
    let patience = Patience {
        connections: WEBHOOK_CONNECTIONS,
        headers: within,
        whole: Some(within * 3),
        keep_alive: false,
    };
    accept::serve(listener, router(&intake, tokens), patience, stop).await;
}

async fn receive(State(gate): State<Gate>, request: Request) -> Response {
    let body = match admitted(&gate, request).await {
        Ok(body) => body,
        Err(status) => return refusal(status),
    };
    match gate.intake.take(&body).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(stuck) => (StatusCode::SERVICE_UNAVAILABLE, stuck.why).into_response(),
    }
}

async fn announce(State(gate): State<Gate>, request: Request) -> Response {
    match admitted(&gate, request).await {
        Ok(body) => gate.intake.announce(&body).await,
        Err(status) => refusal(status),
    }
}

/// The body of a request with the right secret; else how it is refused.
async fn admitted(gate: &Gate, request: Request) -> Result<Bytes, StatusCode> {
    let counts = gate.intake.counts();
    if !gate.token.admits(request.headers()) {
        count(&counts.unauthorized);
        tracing::warn!("a webhook came without the right secret");
        return Err(StatusCode::UNAUTHORIZED);
    }
    body(request).await.inspect_err(|status| {
        let too_large = *status == StatusCode::PAYLOAD_TOO_LARGE;
        count(if too_large { &counts.too_large } else { &counts.too_slow });
    })
}

fn refusal(status: StatusCode) -> Response {
    match status {
        StatusCode::UNAUTHORIZED => (status, [(WWW_AUTHENTICATE, "Bearer")]).into_response(),
        _ => status.into_response(),
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
