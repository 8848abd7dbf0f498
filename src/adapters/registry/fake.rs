//! A registry in this process that answers as a test says, and remembers what it was asked.

use super::{Credentials, RegistryAccess, RegistryClient, Secret};
use crate::model::{ImageRef, Registry};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// One request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) fn auth(&self) -> &str {
        self.headers.get("authorization").map_or("", String::as_str)
    }

    /// `HEAD /v2/a/manifests/1`
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What is answered: status, headers, body.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) fn reply(status: u16) -> Reply {
    Reply { status, ..Reply::default() }
}

impl Reply {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type Script = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

pub(super) struct Inner {
    script: Script,
    asked: Mutex<Vec<Asked>>,
}

/// The running server; it ends with the test's runtime.
#[derive(Clone)]
pub(super) struct Fake {
    pub(super) inner: Arc<Inner>,
    pub(super) host: String,
}

impl Fake {
    /// Serves on a free port of 127.0.0.1. The script is given the server's own `host:port`.
    pub(super) async fn start(script: impl Fn(&str, &Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let own = host.clone();
        let script: Script = Box::new(move |asked| script(&own, asked));
        let inner = Arc::new(Inner { script, asked: Mutex::default() });
        let app = Router::new().fallback(answer).with_state(inner.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { inner, host }
    }

    /// A client that is let in as `credentials`, over plain HTTP.
    pub(super) fn client(&self, credentials: Option<Credentials>) -> RegistryClient {
        let registry: Registry = self.host.parse().unwrap();
        let access = RegistryAccess { insecure: true, credentials };
        RegistryClient::new(BTreeMap::from([(registry, access)])).unwrap()
    }

    pub(super) fn image(&self, name: &str) -> ImageRef {
        format!("{}/{name}", self.host).parse().unwrap()
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.inner.asked.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(Asked::line).collect()
    }
}

pub(super) fn eve() -> Option<Credentials> {
    Some(Credentials::Password { user: "eve".to_owned(), password: Secret::new("pw") })
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let headers = headers.iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    let asked = Asked { method, path, query, headers, body };
    let reply = (inner.script)(&asked);
    inner.asked.lock().unwrap().push(asked);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}
