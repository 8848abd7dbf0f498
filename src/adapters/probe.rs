//! Our own HTTP requests to the tasks of a workload.
//!
//! One request is one fresh connection: a kept one would go on answering from a process that has closed its door to everybody else.
//! Redirects are an answer like any other and are not followed, proxies of the environment are not asked: what counts is what
//! this task says at its own address.

use crate::adapters::tls::install_provider;
use crate::model::Span;
use crate::model::limits::{MESSAGE_CHARS, PROBE_BODY_BYTES};
use crate::model::reports::ProbeAnswer;
use crate::model::setup::ProbeSpec;
use crate::model::text::clean;
use crate::ports::Prober;
use async_trait::async_trait;
use reqwest::{Client, Response, Url};
use std::net::IpAddr;
use std::time::Instant;

/// Why a prober cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("make an HTTP client for probes: {0}")]
pub struct ProbeError(#[from] reqwest::Error);

/// Makes requests over HTTP(S).
#[derive(Debug, Clone)]
pub struct HttpProber {
    client: Client,
}

impl HttpProber {
    /// A prober; nothing is sent yet.
    pub fn new() -> Result<Self, ProbeError> {
        install_provider();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .user_agent("tidegate-probe")
            .build()?;
        Ok(Self { client })
    }

    async fn ask(&self, spec: &ProbeSpec, url: Url) -> Result<(), String> {
        let asked = format!("GET {}", url.path());
        let wanted = spec.body.as_deref();
        let work = async {
            let request = self.client.get(url).header("Connection", "close");
            let response = request.send().await.map_err(|e| why_silent(&e))?;
            judge(response, spec.status, wanted).await
        };
        match tokio::time::timeout(spec.timeout.to_std(), work).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(format!("{asked}: {why}")),
            Err(_) => Err(format!("{asked}: timeout {}", shown(spec.timeout))),
        }
    }
}

#[async_trait]
impl Prober for HttpProber {
    async fn probe(&self, spec: &ProbeSpec, address: &str) -> ProbeAnswer {
        let start = Instant::now();
        let answer = match target(&spec.url, address) {
            Ok(url) => self.ask(spec, url).await,
            Err(why) => Err(why),
        };
        let took = Span::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        ProbeAnswer { ok: answer.is_ok(), took, why: answer.err().map(|why| clean(&why, MESSAGE_CHARS)) }
    }
}

/// The URL with the node's address in its place; IPv6 goes into brackets.
fn target(url: &str, address: &str) -> Result<Url, String> {
    let host = match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        Ok(IpAddr::V4(_)) | Err(_) => address.to_owned(),
    };
    let text = url.replace("{node}", &host);
    let url = Url::parse(&text).map_err(|error| format!("{text:?} is not a URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(format!("{text:?} is not a URL of a probe: write http:// or https://"))
    }
}

/// 1. The status is the expected one.
/// 2. Where a text is expected, it is in the first [`PROBE_BODY_BYTES`] of the body.
async fn judge(mut response: Response, status: u16, wanted: Option<&str>) -> Result<(), String> {
    let got = response.status().as_u16();
    if got != status {
        return Err(format!("status {got}, not {status}"));
    }
    let Some(wanted) = wanted else { return Ok(()) };
    let mut body = Vec::new();
    while body.len() < PROBE_BODY_BYTES {
        let Some(chunk) = response.chunk().await.map_err(|e| why_silent(&e))? else { break };
        body.extend_from_slice(&chunk);
    }
    body.truncate(PROBE_BODY_BYTES);
    if String::from_utf8_lossy(&body).contains(wanted) {
        return Ok(());
    }
    Err(format!("the body does not contain {:?} in its first {} bytes", clean(wanted, 100), body.len()))
}

/// The innermost cause: `connection refused` says more than `error sending request`.
fn why_silent(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    let mut kind = None;
    loop {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            kind = Some(io.kind()).filter(|kind| *kind != std::io::ErrorKind::Other).or(kind);
        }
        match cause.source() {
            Some(source) => cause = source,
            None => break,
        }
    }
    kind.map_or_else(|| cause.to_string(), |kind| kind.to_string())
}

/// Whole seconds as the console shows them, shorter times in milliseconds.
fn shown(span: Span) -> String {
    if span.as_millis().is_multiple_of(1000) { span.to_string() } else { format!("{}ms", span.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn spec(url: &str) -> ProbeSpec {
        ProbeSpec {
            url: url.to_owned(),
            status: 200,
            body: None,
            every: Span::from_secs(1),
            timeout: Span::from_secs(5),
            budget: 0,
        }
    }

    /// A server that gives one answer to each connection; the URL of it.
    async fn serve(answer: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                if answer.is_empty() {
                    std::future::pending::<()>().await;
                }
            }
        });
        format!("http://{{node}}:{port}/health")
    }

    async fn probe(spec: &ProbeSpec) -> ProbeAnswer {
        HttpProber::new().unwrap().probe(spec, "127.0.0.1").await
    }

    async fn why(spec: &ProbeSpec) -> String {
        let answer = probe(spec).await;
        assert!(!answer.ok);
        answer.why.unwrap()
    }

    #[tokio::test]
    async fn the_expected_status_and_text_are_good() {
        let url = serve("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nversion2").await;
        assert!(probe(&spec(&url)).await.ok);
        let wanted = ProbeSpec { body: Some("version2".to_owned()), ..spec(&url) };
        assert!(probe(&wanted).await.ok);
        let missing = ProbeSpec { body: Some("version3".to_owned()), ..spec(&url) };
        assert_eq!(
            why(&missing).await,
            "GET /health: the body does not contain \"version3\" in its first 8 bytes"
        );
    }

    #[tokio::test]
    async fn another_status_is_named_beside_the_expected_one() {
        let url = serve("HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(why(&spec(&url)).await, "GET /health: status 500, not 200");
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_a_way() {
        let url =
            serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
        assert_eq!(why(&spec(&url)).await, "GET /health: status 302, not 200");
        assert!(probe(&ProbeSpec { status: 302, ..spec(&url) }).await.ok);
    }

    #[tokio::test]
    async fn a_closed_port_and_a_silent_server_are_told_apart() {
        let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        let closed = spec(&format!("http://{{node}}:{port}/health"));
        assert_eq!(why(&closed).await, "GET /health: connection refused");
        let silent = ProbeSpec { timeout: Span::from_millis(80), ..spec(&serve("").await) };
        assert_eq!(why(&silent).await, "GET /health: timeout 80ms");
    }

    #[tokio::test]
    async fn a_body_without_end_is_read_up_to_its_bound() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        let url = format!("http://{{node}}:{port}/health");
        let endless = ProbeSpec { body: Some("y".to_owned()), ..spec(&url) };
        let why = why(&endless).await;
        assert!(why.ends_with("in its first 65536 bytes"), "{why}");
        server.await.unwrap();
    }

    #[test]
    fn addresses_of_both_families_find_their_place() {
        let at = |address: &str| target("http://{node}:80/x", address).unwrap().to_string();
        assert_eq!(at("10.0.0.1"), "http://10.0.0.1/x");
        assert_eq!(at("fd00::1"), "http://[fd00::1]/x");
        assert_eq!(at("w1.example"), "http://w1.example/x");
        assert!(target("ftp://{node}/x", "10.0.0.1").is_err());
        assert!(target("no url", "10.0.0.1").is_err());
    }
}
