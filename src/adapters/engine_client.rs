//! How the adapters reach a Docker Engine, and how its silence is told from its answers.

use super::registry::Credentials;
use crate::model::Registry;
use crate::model::limits::MESSAGE_CHARS;
use crate::model::reports::Unreachable;
use crate::model::text::clean;
use bollard::auth::DockerCredentials;
use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Why a host cannot be connected to, whatever is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The host's form is not one that we speak.
    #[error(
        "reach the engine at {0:?}: write unix:///path/to/docker.sock, http://host:port, or https://host:port"
    )]
    Host(String),
    /// The client certificate of an `https` host is missing or unreadable.
    #[error(
        "reach the engine at {host:?}: {why}; put key.pem, cert.pem and ca.pem into the folder that DOCKER_CERT_PATH names"
    )]
    Certificate {
        /// The host as it was given.
        host: String,
        /// What is wrong with the certificate, cleaned.
        why: String,
    },
    /// Nobody listens there now: the socket's file is absent.
    #[error("reach the engine at {0:?}: there is no such socket; is the engine running?")]
    NoSocket(String),
}

/// A client for the engine at `host` (`unix://`, `http://`, `tcp://` or `https://`); nothing is sent yet.
///
/// `timeout` bounds the wait for each answer's head, in whole seconds, not the streaming of a body. The client speaks the newest
/// API it knows until [`Docker::negotiate_version`] was called; old engines refuse it before: use [`Engine`].
pub fn connect(host: &str, timeout: Duration) -> Result<Docker, ConnectError> {
    let seconds = timeout.as_secs().max(1);
    let shown = || clean(host, 200);
    let made = if let Some(path) = host.strip_prefix("unix://") {
        Docker::connect_with_unix(path, seconds, API_DEFAULT_VERSION)
    } else if host.starts_with("http://") || host.starts_with("tcp://") {
        Docker::connect_with_http(host, seconds, API_DEFAULT_VERSION)
    } else if host.starts_with("https://") {
        connect_with_certificate(host, seconds)
    } else {
        return Err(ConnectError::Host(shown()));
    };
    let made = made.map(|docker| docker.with_request_modifier(url_safe_credentials));
    made.map_err(|error| match error {
        Error::SocketNotFoundError(_) => ConnectError::NoSocket(shown()),
        other => ConnectError::Certificate { host: shown(), why: clean(&other.to_string(), MESSAGE_CHARS) },
    })
}

/// Engines read these headers as URL-safe base64 (moby `image_routes.go`), bollard 0.21 writes the other alphabet.
fn url_safe_credentials(mut request: BollardRequest) -> BollardRequest {
    for name in ["x-registry-auth", "x-registry-config"] {
        let Some(value) = request.headers().get(name).and_then(|value| value.to_str().ok()) else { continue };
        if let Ok(safe) = value.replace('+', "-").replace('/', "_").parse() {
            request.headers_mut().insert(name, safe);
        }
    }
    request
}

/// The certificate is where the docker command expects it, so that an operator has one place for it.
fn connect_with_certificate(host: &str, seconds: u64) -> Result<Docker, Error> {
    let folder = std::env::var("DOCKER_CERT_PATH").map_err(|_| Error::NoHomePathError)?;
    let folder = Path::new(&folder);
    let (key, cert, ca) = (folder.join("key.pem"), folder.join("cert.pem"), folder.join("ca.pem"));
    Docker::connect_with_ssl(host, &key, &cert, &ca, seconds, API_DEFAULT_VERSION)
}

/// Who we are at `registry`, as an engine wants to be told when it pulls or pushes for us.
pub fn engine_credentials(registry: &Registry, who: &Credentials) -> DockerCredentials {
    // Docker Hub's key in every engine, since before there were other registries.
    let hub = *registry == Registry::docker_hub();
    let address = if hub { "https://index.docker.io/v1/" } else { registry.as_str() };
    let mut out =
        DockerCredentials { serveraddress: Some(address.to_owned()), ..DockerCredentials::default() };
    match who {
        Credentials::Password { user, password } => {
            out.username = Some(user.clone());
            out.password = Some(password.expose().to_owned());
        }
        Credentials::IdentityToken(token) => out.identitytoken = Some(token.expose().to_owned()),
    }
    out
}

/// One Docker Engine: connected to when it is first needed, its API version agreed upon once, and again after an outage,
/// since it may come back as another version.
#[derive(Debug)]
pub struct Engine {
    who: String,
    host: String,
    timeout: Duration,
    client: std::sync::Mutex<Option<Docker>>,
    agreed: AtomicBool,
}

impl Engine {
    /// The engine at `host`, called `who` when it does not answer (`builder`, `fleet prod`). Fails only on a host that can never
    /// be connected to.
    pub fn new(who: &str, host: &str, timeout: Duration) -> Result<Self, ConnectError> {
        let client = match connect(host, timeout) {
            Ok(docker) => Some(docker),
            Err(ConnectError::NoSocket(_)) => None,
            Err(other) => return Err(other),
        };
        Ok(Self {
            who: clean(who, 100),
            host: host.to_owned(),
            timeout,
            client: std::sync::Mutex::new(client),
            agreed: AtomicBool::new(false),
        })
    }

    /// What it is called when it does not answer.
    pub fn who(&self) -> &str {
        &self.who
    }

    /// A client that speaks a version which this engine understands.
    pub async fn docker(&self) -> Result<Docker, Unreachable> {
        let docker = self.client()?;
        if self.agreed.load(Ordering::Acquire) {
            return Ok(docker);
        }
        match docker.negotiate_version().await {
            Ok(docker) => {
                self.agreed.store(true, Ordering::Release);
                Ok(docker)
            }
            // Whatever stands in the way of asking for a version, no engine has answered yet.
            Err(error) => Err(self.silent(&error.to_string())),
        }
    }

    /// "Nobody answered" as [`unreachable`] tells it; the version is then agreed upon anew at the next use.
    pub fn unreachable(&self, error: &Error) -> Option<Unreachable> {
        let answer = unreachable(&self.who, error);
        if answer.is_some() {
            self.agreed.store(false, Ordering::Release);
            *self.lock() = None;
        }
        answer
    }

    fn client(&self) -> Result<Docker, Unreachable> {
        let mut client = self.lock();
        if let Some(docker) = client.as_ref() {
            return Ok(docker.clone());
        }
        let docker = connect(&self.host, self.timeout).map_err(|error| self.silent(&error.to_string()))?;
        Ok(client.insert(docker).clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Docker>> {
        self.client.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn silent(&self, why: &str) -> Unreachable {
        Unreachable { who: self.who.clone(), why: clean(why, MESSAGE_CHARS), retry_after: None }
    }
}

/// Tells "nobody answered" from an answer: `None` means that the engine did answer, if only to refuse.
///
/// Nobody answered when
/// 1. no connection came about, or it broke (a broken stream too);
/// 2. the time for an answer passed;
/// 3. the answer is 502, 503 or 504: a proxy without an engine, an engine without a leader or in shutdown;
/// 4. the answer is another 5xx, or an error inside a stream, whose text says that the engine for its part reached nobody
///    ([`says_unreachable`]): it wraps the silence of a registry or of its swarm's leader into a 500.
pub fn unreachable(who: &str, error: &Error) -> Option<Unreachable> {
    let silent = match error {
        Error::RequestTimeoutError
        | Error::IOError { .. }
        | Error::HyperResponseError { .. }
        | Error::HyperLegacyError { .. }
        | Error::SocketNotFoundError(_) => true,
        Error::DockerResponseServerError { status_code: 502..=504, .. } => true,
        Error::DockerResponseServerError { status_code: 500..=599, message } => says_unreachable(message),
        Error::DockerStreamError { error } => says_unreachable(error),
        _ => false,
    };
    silent.then(|| Unreachable { who: who.to_owned(), why: why(error), retry_after: None })
}

/// The error and what caused it: the outermost one often says only "client error".
fn why(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    clean(&text, MESSAGE_CHARS)
}

/// What Go's network code, its HTTP client and gRPC say when nobody answered them. Engines pass these texts on with no code that
/// would tell them apart.
const SILENCE: [&str; 20] = [
    "connection refused",
    "connection reset",
    "broken pipe",
    "i/o timeout",
    "no such host",
    "no route to host",
    "network is unreachable",
    "server misbehaving",
    "handshake timeout",
    "context deadline exceeded",
    "client.timeout exceeded",
    "request canceled while waiting",
    "unexpected eof",
    "code = unavailable",
    "does not have a leader",
    "toomanyrequests",
    "too many requests",
    "bad gateway",
    "service unavailable",
    "unexpected http status: 5",
];

/// Whether an engine's message says that somebody whom it asked did not answer.
pub fn says_unreachable(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    // `Get "http://…": EOF`: the other side hung up without an answer.
    message.ends_with(": eof") || SILENCE.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status_code: u16, message: &str) -> Error {
        Error::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    #[test]
    fn refusals_are_answers_and_silence_is_not() {
        for error in [
            answered(404, "no such image"),
            answered(409, "conflict"),
            answered(500, "invalid mount config"),
            Error::DockerStreamError { error: "manifest unknown".to_owned() },
        ] {
            assert_eq!(unreachable("builder", &error), None, "{error}");
        }
        for error in [
            answered(503, ""),
            answered(
                500,
                "Get \"http://10.0.0.1:5000/v2/\": dial tcp 10.0.0.1:5000: connect: connection refused",
            ),
            answered(500, "Get \"http://10.0.0.1:5000/v2/\": EOF"),
            answered(500, "rpc error: code = Unknown desc = The swarm does not have a leader"),
            Error::RequestTimeoutError,
            Error::DockerStreamError { error: "toomanyrequests: slow down".to_owned() },
        ] {
            let answer = unreachable("builder", &error).expect("nobody answered");
            assert_eq!(answer.who, "builder", "{error}");
        }
    }

    #[test]
    fn hosts_that_can_never_be_reached_are_refused_at_once() {
        let second = Duration::from_secs(1);
        assert!(matches!(connect("ssh://x", second), Err(ConnectError::Host(_))));
        assert!(matches!(connect("unix:///nowhere/docker.sock", second), Err(ConnectError::NoSocket(_))));
        assert!(connect("http://127.0.0.1:1", second).is_ok());
    }

    #[tokio::test]
    async fn an_absent_socket_is_silence_with_a_name() {
        let engine =
            Engine::new("fleet prod", "unix:///nowhere/docker.sock", Duration::from_secs(1)).unwrap();
        let silence = engine.docker().await.unwrap_err();
        assert_eq!(silence.who, "fleet prod");
        assert!(silence.why.contains("is the engine running"), "{}", silence.why);
    }

    #[tokio::test]
    async fn a_closed_port_is_silence() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let engine = Engine::new("builder", &format!("http://{free}"), Duration::from_secs(2)).unwrap();
        assert_eq!(engine.docker().await.unwrap_err().who, "builder");
    }
}
