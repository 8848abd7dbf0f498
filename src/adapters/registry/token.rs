//! Tokens of the distribution token specification: fetched when a registry wants one, kept until shortly before they expire.

use super::access::{Credentials, Secret};
use super::answer::Fault;
use super::client::{body_of, fault_of, transport};
use super::reach;
use crate::model::Registry;
use crate::model::limits::{TOKEN_BODY_BYTES, TOKENS};
use reqwest::{Client, RequestBuilder, Url};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a token service answers to clients as its name for us; it shows in the operator's audit log.
const CLIENT_ID: &str = "tidegate";
/// The specification's default and minimum.
const SHORTEST: Duration = Duration::from_secs(60);
/// Renewed this long before it expires, so that it is still good when it arrives.
const MARGIN: Duration = Duration::from_secs(10);
/// Believed at most this long, whatever the service says.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// What a token is good for, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenKey {
    /// The registry that it is for.
    pub registry: Registry,
    /// The token service's URL.
    pub realm: String,
    /// The name by which the service knows the registry.
    pub service: Option<String>,
    /// What it allows, separated by spaces.
    pub scope: String,
    /// The user; empty for nobody in particular.
    pub identity: String,
}

/// The tokens that are good now, at most [`TOKENS`].
#[derive(Debug, Default)]
pub struct TokenCache {
    kept: Mutex<BTreeMap<TokenKey, (Secret, Instant)>>,
}

impl TokenCache {
    /// A token that is still good at `now`.
    pub fn get(&self, key: &TokenKey, now: Instant) -> Option<Secret> {
        self.lock().get(key).filter(|(_, until)| now < *until).map(|(token, _)| token.clone())
    }

    /// Forgets a token that the registry did not take.
    pub fn forget(&self, key: &TokenKey) {
        self.lock().remove(key);
    }

    fn put(&self, key: TokenKey, token: Secret, until: Instant, now: Instant) {
        let mut kept = self.lock();
        kept.retain(|_, (_, until)| now < *until);
        if kept.len() >= TOKENS {
            let soonest = kept.iter().min_by_key(|(_, (_, until))| *until).map(|(key, _)| key.clone());
            soonest.and_then(|key| kept.remove(&key));
        }
        kept.insert(key, (token, until));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<TokenKey, (Secret, Instant)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the token service for a token and keeps it. `base` is the registry's own URL, by which the realm is judged.
///
/// A service may grant less than was asked for with a 200; the registry's next answer then says so.
pub async fn fetch(
    http: &Client,
    cache: &TokenCache,
    base: &Url,
    key: &TokenKey,
    who: Option<&Credentials>,
) -> Result<Secret, Fault> {
    let realm = reach::realm(base, &key.realm).await.map_err(|error| Fault::refused(&error.to_string()))?;
    let response = match who {
        Some(Credentials::IdentityToken(token)) => {
            let answer = send(exchange(http, &realm, key, token), key).await?;
            // Services without OAuth 2 answer 404 (token specification, "compatibility").
            if answer.status().as_u16() == 404 {
                send(plain(http, &realm, key, who), key).await?
            } else {
                answer
            }
        }
        Some(Credentials::Password { .. }) | None => send(plain(http, &realm, key, who), key).await?,
    };
    if !response.status().is_success() {
        return Err(match fault_of(&key.registry, response).await {
            Fault::Missing => Fault::refused("its token service answers 404"),
            Fault::Refused(why) => Fault::refused(&format!("its token service refuses: {why}")),
            Fault::Silent(silence) => Fault::Silent(silence),
        });
    }
    let body = body_of(&key.registry, response, TOKEN_BODY_BYTES).await?;
    let (token, lifetime) = read(&body).ok_or_else(|| Fault::refused("its token service sent no token"))?;
    let now = Instant::now();
    cache.put(key.clone(), token.clone(), now + lifetime - MARGIN, now);
    Ok(token)
}

async fn send(request: RequestBuilder, key: &TokenKey) -> Result<reqwest::Response, Fault> {
    request.send().await.map_err(|error| transport(&key.registry, &error))
}

fn plain(http: &Client, realm: &Url, key: &TokenKey, who: Option<&Credentials>) -> RequestBuilder {
    let mut query = vec![("client_id", CLIENT_ID)];
    query.extend(key.service.as_deref().map(|service| ("service", service)));
    query.extend(key.scope.split_whitespace().map(|scope| ("scope", scope)));
    let request = match who {
        Some(Credentials::Password { user, password }) => {
            query.push(("account", user));
            http.get(realm.clone()).basic_auth(user, Some(password.expose()))
        }
        Some(Credentials::IdentityToken(token)) => {
            http.get(realm.clone()).basic_auth("", Some(token.expose()))
        }
        None => http.get(realm.clone()),
    };
    request.query(&query)
}

fn exchange(http: &Client, realm: &Url, key: &TokenKey, token: &Secret) -> RequestBuilder {
    let mut form =
        vec![("grant_type", "refresh_token"), ("refresh_token", token.expose()), ("client_id", CLIENT_ID)];
    form.extend(key.service.as_deref().map(|service| ("service", service)));
    form.push(("scope", &key.scope));
    http.post(realm.clone()).form(&form)
}

/// The token, under either of its names, and how long it is good.
fn read(body: &[u8]) -> Option<(Secret, Duration)> {
    #[derive(Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let legal = |text: &String| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let token = answer.token.filter(legal).or(answer.access_token.filter(legal))?;
    let lifetime = answer.expires_in.map_or(SHORTEST, Duration::from_secs).clamp(SHORTEST, LONGEST);
    Some((Secret::new(token), lifetime))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scope: &str) -> TokenKey {
        TokenKey {
            registry: "r.example".parse().unwrap(),
            realm: "https://a.example/t".to_owned(),
            service: None,
            scope: scope.to_owned(),
            identity: String::new(),
        }
    }

    #[test]
    fn either_name_of_a_token_is_read_and_its_life_is_a_minute_at_least() {
        let of = |text: &str| read(text.as_bytes()).map(|(t, life)| (t.expose().to_owned(), life.as_secs()));
        assert_eq!(of(r#"{"token":"a","access_token":"b"}"#), Some(("a".to_owned(), 60)));
        assert_eq!(of(r#"{"token":"","access_token":"b","expires_in":300}"#), Some(("b".to_owned(), 300)));
        assert_eq!(of(r#"{"token":"a","expires_in":5}"#), Some(("a".to_owned(), 60)));
        assert_eq!(of(r#"{"token":"a\r\nx: y"}"#), None);
        assert_eq!(of("<html>"), None);
    }

    #[test]
    fn a_token_is_used_until_it_expires_and_the_cache_does_not_grow_past_its_limit() {
        let (cache, now) = (TokenCache::default(), Instant::now());
        for n in 0..=TOKENS as u64 {
            let until = now + Duration::from_secs(100 + n);
            cache.put(key(&n.to_string()), Secret::new("t"), until, now);
        }
        assert_eq!(cache.lock().len(), TOKENS);
        assert_eq!(cache.get(&key("0"), now), None, "the one that expires first gave way");
        assert!(cache.get(&key("1"), now).is_some());
        assert_eq!(cache.get(&key("1"), now + Duration::from_secs(102)), None);
    }
}
