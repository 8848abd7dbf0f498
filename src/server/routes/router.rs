//! Which path goes where.

use super::answer::Refusal;
use super::doors::Doors;
use super::{commands, dossier, events, logs, me, metrics, openapi, plan, rows, status, why};
use crate::api::{VERSION, VERSION_HEADER};
use crate::model::limits::{ANSWER_WITHIN, CONSOLES};
use crate::server::accept::{self, Patience};
use crate::server::socket::Socket;
use axum::Router;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

/// Connections beside the consoles' streams: one-shot commands, and what consoles ask on the side.
const BESIDE: usize = 4;

/// The control socket's requests. Each connection adds its [`Uid`](accept::Uid).
pub fn router(doors: Doors) -> Router {
    Router::new()
        .route("/v1/me", get(me::me))
        .route("/v1/rows", get(rows::rows))
        .route("/v1/status", get(status::status))
        .route("/v1/why", get(why::why))
        .route("/v1/plan", get(plan::plan))
        .route("/v1/dossier", get(dossier::dossier))
        .route("/v1/events", get(events::events))
        .route("/v1/logs", get(logs::logs))
        .route("/v1/commands", post(commands::commands))
        .route("/v1/openapi.json", get(openapi::openapi))
        .route("/metrics", get(metrics::metrics))
        .method_not_allowed_fallback(wrong_method)
        .fallback(unknown)
        // Around all of it, so that also a refusal says who speaks.
        .layer(map_response(with_version))
        .with_state(doors)
}

/// Serves people on the control socket until `stop`.
pub async fn serve(socket: Socket, doors: Doors, stop: CancellationToken) {
    let patience = Patience {
        connections: CONSOLES * BESIDE,
        headers: ANSWER_WITHIN.to_std(),
        whole: None,
        keep_alive: true,
    };
    accept::serve(socket, router(doors), patience, stop).await;
}

async fn with_version(mut response: Response) -> Response {
    response.headers_mut().insert(VERSION_HEADER, HeaderValue::from(VERSION));
    response
}

async fn unknown(uri: Uri) -> Refusal {
    let path: String = uri.path().chars().take(100).collect();
    Refusal::missing(format!("there is no {path:?} here; see /v1/openapi.json"))
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let error = format!("{method} is not for {}; see /v1/openapi.json", uri.path());
    Refusal { status: StatusCode::METHOD_NOT_ALLOWED, error }
}
