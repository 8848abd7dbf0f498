//! A signed POST.
//!
//! `Idempotency-Key` is the notice's id; `Tidegate-Signature` is `sha256=` and the HMAC-SHA256 of the body in hexadecimal.

use super::{Failed, NotifyError};
use crate::adapters::tls::install_provider;
use crate::model::secret::Secret;
use crate::model::{Span, limits};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use sha2::Sha256;

/// The header that carries the signature.
pub(super) const SIGNATURE: &str = "Tidegate-Signature";
/// The header that carries the notice's id.
pub(super) const KEY: &str = "Idempotency-Key";

pub(super) fn client() -> Result<reqwest::Client, NotifyError> {
    install_provider();
    // A redirect would carry the body to where nobody signed for.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    Ok(client.user_agent("tidegate-notice").build()?)
}

pub(super) async fn post(
    client: &reqwest::Client,
    url: &Secret,
    secret: &Secret,
    id: &str,
    body: Vec<u8>,
) -> Result<(), Failed> {
    let request = client
        .post(url.expose())
        .header(CONTENT_TYPE, "application/json")
        .header(KEY, id)
        .header(SIGNATURE, sign(secret, &body))
        .body(body);
    let response = request.send().await.map_err(|error| Failed::new(why_silent(&error)))?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let asked =
        response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let retry_after = asked.map(|s| Span::from_secs(s.min(limits::LONGEST_RETRY_AFTER.as_secs())));
    Err(Failed { why: format!("status {}", status.as_u16()), retry_after })
}

/// `sha256=` and the HMAC-SHA256 of `body`.
pub(super) fn sign(secret: &Secret, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes any key");
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// What was seen, without the address: it may hold a token.
fn why_silent(error: &reqwest::Error) -> &'static str {
    if error.is_connect() {
        "connection refused, or no such host"
    } else if error.is_builder() {
        "the address is no URL"
    } else {
        "the connection broke before an answer came"
    }
}
