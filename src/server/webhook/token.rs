//! The secret that a registry must send. Only its hash is held, so nothing can print it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use subtle::ConstantTimeEq;

/// A secret, hashed.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// From the secret itself; white space around it (a file's last line end) is no part of it.
    pub fn new(secret: &str) -> Self {
        Self(hash(secret.trim()))
    }

    /// Whether the headers carry the secret: `Authorization: Bearer SECRET`, or as the password of `Basic`.
    ///
    /// The time this takes does not depend on how much of a guess is right: hashes are compared, all of them.
    pub fn admits(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(secret);
        sent.is_some_and(|sent| bool::from(hash(&sent).ct_eq(&self.0)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The secret in an `Authorization` header's value.
fn secret(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn the_secret_is_taken_as_bearer_or_as_password() {
        let token = Token::new("s3cret\n");
        assert!(token.admits(&headers("Bearer s3cret")));
        assert!(token.admits(&headers("bearer  s3cret")));
        assert!(token.admits(&headers(&format!("Basic {}", STANDARD.encode("registry:s3cret")))));
    }

    #[test]
    fn nothing_else_is_taken() {
        let token = Token::new("s3cret");
        let basic = format!("Basic {}", STANDARD.encode("s3cret:"));
        for value in
            ["Bearer s3cre", "Bearer s3crets", "Bearer", "s3cret", "Digest s3cret", "Basic s3cret", &basic]
        {
            assert!(!token.admits(&headers(value)), "{value:?} was taken");
        }
        assert!(!token.admits(&HeaderMap::new()));
    }

    #[test]
    fn it_does_not_print() {
        assert_eq!(format!("{:?}", Token::new("s3cret")), "Token(…)");
    }
}
