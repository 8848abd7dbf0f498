//! One request to a registry, with what it takes to be let in.

use super::access::{Credentials, RegistryAccess};
use super::answer::{Fault, fault, retry_after};
use super::challenge::{Challenge, choose};
use super::reach;
use super::token::{TokenCache, TokenKey, fetch};
use crate::model::jobs::PublishJob;
use crate::model::limits::{CONNECT_WITHIN, MANIFEST_BYTES, REDIRECTS, REFUSAL_BODY_BYTES, REGISTRY_WITHIN};
use crate::model::reports::{Answer, PublishReport, Unreachable};
use crate::model::{Digest, ImageRef, Registry, Repository, Timestamp};
use crate::ports::{Registries, Resolved};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The four kinds of manifests. Leaving one out makes a registry answer with another digest, or with 404
/// (image-spec `image-index.md`; distribution-spec, "pulling manifests").
pub const MANIFEST_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// The header by which a registry names a manifest's digest.
pub(super) const CONTENT_DIGEST: &str = "docker-content-digest";

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
#[error("set up TLS for registries: {0}; install the system's CA certificates")]
pub struct SetupError(String);

/// A client for all registries.
pub struct RegistryClient {
    http: Client,
    /// Follows no redirect: a token request carries credentials.
    tokens_http: Client,
    access: BTreeMap<Registry, RegistryAccess>,
    tokens: TokenCache,
    /// What each registry wanted last time, so that a request need not be refused first.
    wanted: Mutex<BTreeMap<Registry, Challenge>>,
}

/// A request that can be made twice.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) registry: &'a Registry,
    pub(super) repository: &'a Repository,
    /// What follows the repository in the path, with a query if any.
    pub(super) path: String,
    /// The media type and bytes to send.
    pub(super) body: Option<(&'a str, Bytes)>,
}

impl Ask<'_> {
    /// What a token must allow for it, in the words of the token specification.
    fn scope(&self) -> String {
        let actions = match self.method {
            Method::PUT => "pull,push",
            Method::DELETE => "delete,pull,push",
            _ => "pull",
        };
        format!("repository:{}:{actions}", self.repository)
    }
}

impl RegistryClient {
    /// A client that speaks to the registries of `access` as it says, and to all others over TLS as nobody in particular.
    pub fn new(access: BTreeMap<Registry, RegistryAccess>) -> Result<Self, SetupError> {
        // An error means that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let policy = redirect::Policy::custom(follow);
        Ok(Self {
            http: build(policy)?,
            tokens_http: build(redirect::Policy::none())?,
            access,
            tokens: TokenCache::default(),
            wanted: Mutex::default(),
        })
    }

    /// Who we are at `registry`; for whoever pushes on our behalf.
    pub fn credentials(&self, registry: &Registry) -> Option<&Credentials> {
        self.access.get(registry).and_then(|access| access.credentials.as_ref())
    }

    /// A HEAD, or a GET with its body, or a PUT or DELETE: sent, let in, and judged. A success comes back whole.
    pub(super) async fn send(&self, ask: &Ask<'_>) -> Result<Response, Fault> {
        let base = self.base(ask.registry)?;
        let url = base
            .join(&format!("v2/{}/{}", ask.repository, ask.path))
            .map_err(|error| Fault::refused(&error.to_string()))?;
        let known = self.lock_wanted().get(ask.registry).cloned();
        let first = self.permit(&base, ask, known.as_ref(), Fresh::No).await?;
        let mut response = self.once(ask, &url, first).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            let Some(challenge) = challenge_of(response.headers()) else {
                return Err(fault_of(ask.registry, response).await);
            };
            self.lock_wanted().insert(ask.registry.clone(), remembered(&challenge));
            let second = self.permit(&base, ask, Some(&challenge), Fresh::Yes).await?;
            if second.is_none() {
                return Err(fault_of(ask.registry, response).await);
            }
            response = self.once(ask, &url, second).await?;
        }
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(fault_of(ask.registry, response).await)
        }
    }

    /// What is sent as proof of who we are; none where the challenge cannot be met.
    async fn permit(
        &self,
        base: &Url,
        ask: &Ask<'_>,
        challenge: Option<&Challenge>,
        fresh: Fresh,
    ) -> Result<Option<Permit>, Fault> {
        let who = self.credentials(ask.registry);
        match challenge {
            None => Ok(None),
            Some(Challenge::Basic) => Ok(who.cloned().map(Permit::Basic)),
            Some(Challenge::Bearer { realm, service, scope }) => {
                let key = TokenKey {
                    registry: ask.registry.clone(),
                    realm: realm.clone(),
                    service: service.clone(),
                    scope: joined(&ask.scope(), scope.as_deref()),
                    identity: who.map(Credentials::identity).unwrap_or_default().to_owned(),
                };
                let kept = match fresh {
                    Fresh::No => self.tokens.get(&key, Instant::now()),
                    Fresh::Yes => {
                        self.tokens.forget(&key);
                        None
                    }
                };
                let token = match kept {
                    Some(token) => token,
                    None => fetch(&self.tokens_http, &self.tokens, base, &key, who).await?,
                };
                Ok(Some(Permit::Bearer(token)))
            }
        }
    }

    async fn once(&self, ask: &Ask<'_>, url: &Url, permit: Option<Permit>) -> Result<Response, Fault> {
        let mut request = self.http.request(ask.method.clone(), url.clone());
        request = request.header(ACCEPT, MANIFEST_TYPES.join(", "));
        if let Some((media_type, bytes)) = &ask.body {
            request = request.header(CONTENT_TYPE, *media_type).body(bytes.clone());
        }
        permitted(request, permit).send().await.map_err(|error| transport(ask.registry, &error))
    }

    /// Docker Hub's API has another host than its name (docker/docs, "registry API").
    fn base(&self, registry: &Registry) -> Result<Url, Fault> {
        let insecure = self.access.get(registry).is_some_and(|access| access.insecure);
        let scheme = if insecure { "http" } else { "https" };
        let host =
            if *registry == Registry::docker_hub() { "registry-1.docker.io" } else { registry.as_str() };
        Url::parse(&format!("{scheme}://{host}/")).map_err(|error| Fault::refused(&error.to_string()))
    }

    fn lock_wanted(&self) -> std::sync::MutexGuard<'_, BTreeMap<Registry, Challenge>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a reference (a tag or a digest) points.
    pub(super) async fn head(&self, image: &ImageRef) -> Result<Digest, Fault> {
        let mut ask = manifest(Method::HEAD, &image.registry, &image.repository, image.tag.as_str());
        let response = self.send(&ask).await?;
        if let Some(digest) = digest_of(response.headers()) {
            return Ok(digest);
        }
        ask.method = Method::GET;
        let (_, bytes) = self.read_manifest(&ask).await?;
        Ok(Digest::of(&bytes))
    }

    /// A manifest's content type and bytes, which hash to what the registry says that they do.
    pub(super) async fn read_manifest(&self, ask: &Ask<'_>) -> Result<(Option<String>, Bytes), Fault> {
        let response = self.send(ask).await?;
        let named = digest_of(response.headers());
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.map(ToOwned::to_owned);
        let bytes = body_of(ask.registry, response, MANIFEST_BYTES).await?;
        if named.is_some_and(|named| named != Digest::of(&bytes)) {
            return Err(Fault::refused("the manifest that was sent is not what its digest says"));
        }
        Ok((media_type, bytes))
    }
}

#[async_trait]
impl Registries for RegistryClient {
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved> {
        match self.head(image).await {
            Ok(digest) => Answer::Done(Resolved::At(digest)),
            Err(Fault::Missing) => Answer::Done(Resolved::Missing),
            Err(Fault::Refused(why)) => Answer::Done(Resolved::Refused(why)),
            Err(Fault::Silent(silence)) => Answer::Unreachable(silence),
        }
    }

    async fn publish(&self, job: &PublishJob) -> Answer<PublishReport> {
        self.move_tag(job).await
    }

    async fn discard(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool> {
        self.remove(candidate, keep).await
    }
}

/// Whether a token that is kept may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fresh {
    Yes,
    No,
}

enum Permit {
    Basic(Credentials),
    Bearer(super::access::Secret),
}

fn permitted(request: RequestBuilder, permit: Option<Permit>) -> RequestBuilder {
    match permit {
        None => request,
        Some(Permit::Basic(Credentials::Password { user, password })) => {
            request.basic_auth(user, Some(password.expose()))
        }
        Some(Permit::Basic(Credentials::IdentityToken(token))) => {
            request.basic_auth("", Some(token.expose()))
        }
        Some(Permit::Bearer(token)) => request.header(AUTHORIZATION, format!("Bearer {}", token.expose())),
    }
}

/// A request about one manifest, by tag or digest.
pub(super) fn manifest<'a>(
    method: Method,
    registry: &'a Registry,
    repository: &'a Repository,
    reference: &str,
) -> Ask<'a> {
    Ask { method, registry, repository, path: format!("manifests/{reference}"), body: None }
}

/// The challenge without its scope: that belongs to one request, the rest to the registry.
fn remembered(challenge: &Challenge) -> Challenge {
    match challenge {
        Challenge::Bearer { realm, service, .. } => {
            Challenge::Bearer { realm: realm.clone(), service: service.clone(), scope: None }
        }
        Challenge::Basic => Challenge::Basic,
    }
}

/// Our scope, and whatever else the registry says that it takes.
fn joined(ours: &str, theirs: Option<&str>) -> String {
    let mut all = vec![ours];
    for scope in theirs.unwrap_or_default().split_whitespace() {
        if !all.contains(&scope) {
            all.push(scope);
        }
    }
    all.join(" ")
}

fn challenge_of(headers: &HeaderMap) -> Option<Challenge> {
    choose(headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()))
}

pub(super) fn digest_of(headers: &HeaderMap) -> Option<Digest> {
    headers.get(CONTENT_DIGEST)?.to_str().ok()?.parse().ok()
}

/// The fault that an answer is, with the first words of its body.
pub(super) async fn fault_of(registry: &Registry, response: Response) -> Fault {
    let status = response.status().as_u16();
    let retry = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry = retry.and_then(|value| retry_after(value, Timestamp::from(chrono::Utc::now())));
    let body = body_of(registry, response, REFUSAL_BODY_BYTES).await.unwrap_or_default();
    fault(registry, status, retry, &body)
}

/// A body of at most `max` bytes.
pub(super) async fn body_of(registry: &Registry, mut response: Response, max: usize) -> Result<Bytes, Fault> {
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| transport(registry, &error))? {
        if body.len() + chunk.len() > max {
            return Err(Fault::refused(&format!("the answer is longer than {max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// No answer came about: silence, unless we were not allowed to go where a redirect pointed. The URL is left out; it may be signed.
pub(super) fn transport(registry: &Registry, error: &reqwest::Error) -> Fault {
    let mut why = String::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<reach::ReachError>() {
            return Fault::refused(&refused.to_string());
        }
        why = cause.to_string();
        source = cause.source();
    }
    if error.is_redirect() {
        return Fault::refused("the registry redirects in circles");
    }
    let why = match (error.is_timeout(), why.is_empty()) {
        (true, _) => "no answer in time".to_owned(),
        (false, true) => "the connection failed".to_owned(),
        (false, false) => why,
    };
    Fault::silent(registry, &why)
}

/// Cross-host redirects lose their `Authorization` in reqwest itself (`redirect.rs`, tried in our tests).
fn follow(attempt: redirect::Attempt<'_>) -> redirect::Action {
    if attempt.previous().len() > REDIRECTS {
        return attempt.stop();
    }
    let allowed = attempt.previous().first().map_or(Ok(()), |from| reach::redirect(from, attempt.url()));
    match allowed {
        Ok(()) => attempt.follow(),
        Err(error) => attempt.error(error),
    }
}

/// Without a single CA certificate on the machine no TLS client can be made; registries over plain HTTP must still be reached, and
/// the others then say whose certificate is unknown.
fn build(policy: redirect::Policy) -> Result<Client, SetupError> {
    let builder = || {
        Client::builder()
            .user_agent(concat!("tidegate/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN.to_std())
            .timeout(REGISTRY_WITHIN.to_std())
            .referer(false)
    };
    builder().redirect(policy).build().or_else(|error| {
        tracing::warn!(%error, "no CA certificates on this machine: registries over TLS will not be trusted");
        builder()
            .redirect(redirect::Policy::none())
            .tls_certs_only([])
            .build()
            .map_err(|error| SetupError(error.to_string()))
    })
}

/// What a fault is to whoever asked for a report: an answer that refuses, or silence.
pub(super) fn refusal(fault: Fault) -> Result<String, Unreachable> {
    match fault {
        Fault::Missing => Ok("there is no such repository or manifest".to_owned()),
        Fault::Refused(why) => Ok(why),
        Fault::Silent(silence) => Err(silence),
    }
}
