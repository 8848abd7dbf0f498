//! HTTP to a Swarm manager: JSON in, JSON out, silence told from answers.

use crate::adapters::engine_client::says_unreachable;
use crate::adapters::tls::install_provider;
use crate::model::limits::{MESSAGE_CHARS, ORCHESTRATOR_ANSWERS, ORCHESTRATOR_BODY_BYTES};
use crate::model::reports::Unreachable;
use crate::model::text::clean;
use reqwest::{Client, Method, Response};
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Mutex, PoisonError};

/// Why a host cannot be a manager's address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Its form is not one that we speak.
    #[error("reach a Swarm manager at {0:?}: write unix:///path/to/docker.sock or http://host:port")]
    Form(String),
    /// No HTTP client can be made.
    #[error("make an HTTP client: {0}")]
    Client(String),
}

/// Why a request has no good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody answered, or not in words that we know.
    Silent(Unreachable),
    /// There is no such object.
    Missing,
    /// The object's version has moved since it was read: look again.
    Moved,
    /// There is an object of that name already.
    Exists,
    /// It was refused for good, with its reason, cleaned.
    Refused(String),
}

/// A manager's address and how it is spoken to.
pub(super) struct Manager {
    client: Client,
    base: String,
    who: String,
    /// The newest API version that the engine speaks; asked again after a silence, for it may come back as another one.
    version: Mutex<Option<String>>,
}

impl Manager {
    /// The manager at `host` (`unix:///…`, `http://…` or `tcp://…`), called `who` when it does not answer; nothing is sent yet.
    pub(super) fn new(who: String, host: &str) -> Result<Self, HostError> {
        install_provider();
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ORCHESTRATOR_ANSWERS.to_std());
        let (client, base) = if let Some(path) = host.strip_prefix("unix://").filter(|p| p.starts_with('/')) {
            (client.unix_socket(path), "http://manager".to_owned())
        } else if let Some(rest) = host.strip_prefix("http://").or(host.strip_prefix("tcp://")) {
            (client, format!("http://{}", rest.trim_end_matches('/')))
        } else {
            return Err(HostError::Form(clean(host, 200)));
        };
        let client = client.build().map_err(|e| HostError::Client(clean(&with_causes(&e), MESSAGE_CHARS)))?;
        Ok(Self { client, base, who, version: Mutex::new(None) })
    }

    /// Reads an object or a list.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Trouble> {
        self.ask(Method::GET, path, None, None).await
    }

    /// Sends an object; `auth` is the value of an `X-Registry-Auth` header.
    pub(super) async fn post(&self, path: &str, body: &Value, auth: Option<&str>) -> Result<Value, Trouble> {
        self.ask(Method::POST, path, Some(body), auth).await
    }

    /// Removes an object.
    pub(super) async fn delete(&self, path: &str) -> Result<(), Trouble> {
        self.ask(Method::DELETE, path, None, None).await.map(drop)
    }

    /// An answer in a form that we do not know is no answer.
    pub(super) fn odd(&self, what: &str) -> Trouble {
        self.silent(&format!("the answer is not one of a Swarm manager: {what}"))
    }

    /// Nobody gave an answer, for this reason.
    pub(super) fn silent(&self, why: &str) -> Trouble {
        Trouble::Silent(self.silence(why))
    }

    /// The same as a value of the port.
    pub(super) fn silence(&self, why: &str) -> Unreachable {
        Unreachable { who: self.who.clone(), why: clean(why, MESSAGE_CHARS), retry_after: None }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        auth: Option<&str>,
    ) -> Result<Value, Trouble> {
        let answer = self.ask_once(method, path, body, auth).await;
        if matches!(answer, Err(Trouble::Silent(_))) {
            *self.version_lock() = None;
        }
        answer
    }

    async fn ask_once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        auth: Option<&str>,
    ) -> Result<Value, Trouble> {
        let version = self.version().await?;
        let mut request = self.client.request(method, format!("{}/v{version}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(auth) = auth {
            request = request.header("X-Registry-Auth", auth);
        }
        let response = request.send().await.map_err(|e| self.silent(&with_causes(&e)))?;
        let status = response.status();
        let bytes = self.read(response).await?;
        if !status.is_success() {
            return Err(self.refusal(status.as_u16(), &bytes));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|e| self.odd(&e.to_string()))
    }

    async fn version(&self) -> Result<String, Trouble> {
        if let Some(version) = self.version_lock().clone() {
            return Ok(version);
        }
        let ping = self.client.get(format!("{}/_ping", self.base)).send().await;
        let ping = ping.map_err(|e| self.silent(&with_causes(&e)))?;
        if !ping.status().is_success() {
            return Err(self.silent(&format!("GET /_ping: status {}", ping.status().as_u16())));
        }
        let said = ping.headers().get("api-version").and_then(|v| v.to_str().ok());
        let version = said.filter(|v| v.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        let version = version.ok_or_else(|| self.odd("no Api-Version header"))?.to_owned();
        *self.version_lock() = Some(version.clone());
        Ok(version)
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| self.silent(&with_causes(&e)))? {
            if bytes.len() + chunk.len() > ORCHESTRATOR_BODY_BYTES {
                return Err(self.odd(&format!("more than {ORCHESTRATOR_BODY_BYTES} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// Engines wrap the words of the swarm's leader into statuses that do not tell them apart, so the words are read first.
    fn refusal(&self, status: u16, body: &[u8]) -> Trouble {
        #[derive(Deserialize)]
        struct Said {
            message: String,
        }
        let message = serde_json::from_slice::<Said>(body)
            .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |said| said.message);
        if message.contains("update out of sequence") {
            return Trouble::Moved;
        }
        match status {
            404 => Trouble::Missing,
            409 => Trouble::Exists,
            400..=499 if !says_unreachable(&message) => Trouble::Refused(clean(&message, MESSAGE_CHARS)),
            _ => self.silent(&format!("status {status}: {message}")),
        }
    }

    fn version_lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `text` as one segment of a path or one value of a query.
pub(super) fn escape(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

/// What kind of error it is and its innermost cause, without the URL: the links between say only which part of the client has met it, and a screen of
/// 80 cells has room for one of them.
pub(in crate::adapters) fn with_causes(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() { "timeout" } else { "no answer" };
    let mut innermost = None;
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        innermost = Some(cause.to_string());
        source = cause.source();
    }
    innermost.map_or_else(|| kind.to_owned(), |cause| format!("{kind}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager() -> Manager {
        Manager::new("fleet prod".to_owned(), "unix:///nowhere.sock").unwrap()
    }

    fn refusal(status: u16, message: &str) -> Trouble {
        manager().refusal(status, format!("{{\"message\":\"{message}\"}}").as_bytes())
    }

    #[test]
    fn a_moved_version_is_told_from_an_engine_in_trouble() {
        assert_eq!(refusal(500, "rpc error: code = Unknown desc = update out of sequence"), Trouble::Moved);
        assert!(matches!(refusal(500, "rpc error: The swarm does not have a leader"), Trouble::Silent(_)));
        assert!(matches!(refusal(503, "This node is not a swarm manager."), Trouble::Silent(_)));
    }

    #[test]
    fn refusals_for_good_keep_their_reason() {
        assert_eq!(refusal(404, "service web not found"), Trouble::Missing);
        assert_eq!(refusal(409, "config exists"), Trouble::Exists);
        assert_eq!(refusal(400, "invalid mount"), Trouble::Refused("invalid mount".to_owned()));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(escape("a/../b?c"), "a%2F..%2Fb%3Fc");
    }

    #[tokio::test]
    async fn an_absent_socket_is_silence_with_a_name() {
        let Err(Trouble::Silent(silence)) = manager().get("/services").await else {
            panic!("somebody answered")
        };
        assert_eq!(silence.who, "fleet prod");
        assert!(silence.why.contains("No such file"), "{}", silence.why);
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_hangs_is_silence() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let manager = Manager::new("fleet prod".to_owned(), &host).unwrap();
        let start = tokio::time::Instant::now();
        let Err(Trouble::Silent(silence)) = manager.get("/services").await else {
            panic!("somebody answered")
        };
        assert!(silence.why.starts_with("timeout"), "{}", silence.why);
        assert_eq!(start.elapsed().as_secs(), ORCHESTRATOR_ANSWERS.as_secs());
    }

    #[test]
    fn hosts_of_other_forms_are_refused() {
        for host in ["ssh://m1", "unix://relative", "m1:2375"] {
            assert!(matches!(Manager::new(String::new(), host), Err(HostError::Form(_))), "{host} was taken");
        }
    }
}
