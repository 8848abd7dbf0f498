//! Where a registry may send us: a hostile one must not make us knock at doors inside our own network.
//!
//! A registry names its token service and redirects to its content network; both are addresses that it chose. The rules:
//!
//! 1. The registry's own host is always allowed, whatever its address: the operator named it.
//! 2. The scheme is `https`, unless the registry is marked insecure.
//! 3. Loopback, link-local (clouds keep credentials there), unspecified and multicast addresses are never allowed.
//! 4. Private addresses are allowed to a registry that has a private address itself: a house's registry and its token service.
//!
//! A name is judged by every address that it resolves to now. Somebody who can change his name's address between this look and the
//! connection gets past it, to a door that answers to a token request; TLS then asks for a certificate of his name.

use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why we do not go where a registry sent us.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// The URL is none, or has no host.
    #[error("the registry sends us to {0:?}, which is no URL")]
    NotUrl(String),
    /// The URL is not `https`, and the registry is not marked insecure.
    #[error("the registry sends us to {0}, which is not https; mark it insecure if that is meant")]
    Plain(String),
    /// The host is, or resolves to, an address inside our network.
    #[error("the registry sends us to {0}, inside our own network; refused")]
    Inside(String),
}

/// How far an address is from us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Distance {
    Forbidden,
    Private,
    Public,
}

/// Whether a token request may go to `realm`, a URL that the registry at `base` gave. An address that is unknown now passes: the
/// request itself will say that nobody answers.
pub async fn realm(base: &Url, realm: &str) -> Result<Url, ReachError> {
    let url = Url::parse(realm).map_err(|_| ReachError::NotUrl(realm.chars().take(200).collect()))?;
    plain(base, &url)?;
    if url.host() == base.host() {
        return Ok(url);
    }
    let far = distances(&url).await;
    let home = distances(base).await;
    let private_home = !home.is_empty() && home.iter().all(|d| *d != Distance::Public);
    let bad = |distance: &Distance| match distance {
        Distance::Forbidden => true,
        Distance::Private => !private_home,
        Distance::Public => false,
    };
    if far.iter().any(bad) { Err(ReachError::Inside(shown(&url))) } else { Ok(url) }
}

/// Whether a redirect from the registry at `from` to `to` is followed. Only addresses written as such are judged here: the check
/// runs where no name can be resolved.
pub fn redirect(from: &Url, to: &Url) -> Result<(), ReachError> {
    plain(from, to)?;
    let inside = literal(to).is_some_and(|ip| match distance(ip) {
        Distance::Forbidden => true,
        Distance::Private => literal(from).is_none_or(|ip| distance(ip) == Distance::Public),
        Distance::Public => false,
    });
    if inside && to.host() != from.host() { Err(ReachError::Inside(shown(to))) } else { Ok(()) }
}

/// A registry that is spoken to over plain HTTP was marked insecure.
fn plain(from: &Url, to: &Url) -> Result<(), ReachError> {
    match to.scheme() {
        "https" => Ok(()),
        "http" if from.scheme() == "http" => Ok(()),
        _ => Err(ReachError::Plain(shown(to))),
    }
}

/// Without user, password and query: they may be secrets.
fn shown(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or(""), url.path())
}

fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    if host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    host.trim_matches(['[', ']']).parse().ok()
}

async fn distances(url: &Url) -> Vec<Distance> {
    if let Some(ip) = literal(url) {
        return vec![distance(ip)];
    }
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else { return Vec::new() };
    match tokio::net::lookup_host((host, port)).await {
        Ok(found) => found.map(|address| distance(address.ip())).collect(),
        Err(_) => Vec::new(),
    }
}

fn distance(ip: IpAddr) -> Distance {
    match ip {
        IpAddr::V4(ip) => distance_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => distance_v4(mapped),
            None => distance_v6(ip),
        },
    }
}

fn distance_v4(ip: Ipv4Addr) -> Distance {
    let [a, b, ..] = ip.octets();
    // 100.64.0.0/10 is shared address space (RFC 6598), private in all but name.
    let shared = a == 100 && (64..128).contains(&b);
    if ip.is_loopback() || ip.is_link_local() || a == 0 || ip.is_multicast() || ip.is_broadcast() {
        Distance::Forbidden
    } else if ip.is_private() || shared {
        Distance::Private
    } else {
        Distance::Public
    }
}

fn distance_v6(ip: Ipv6Addr) -> Distance {
    if ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.is_multicast() {
        Distance::Forbidden
    } else if ip.is_unique_local() {
        Distance::Private
    } else {
        Distance::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(base: &str, to: &str) -> Result<Url, ReachError> {
        realm(&Url::parse(base).unwrap(), to).await
    }

    #[tokio::test]
    async fn a_public_registry_cannot_send_us_inside() {
        for to in [
            "https://127.0.0.1/t",
            "https://[::1]/t",
            "https://[::ffff:10.0.0.1]/t",
            "https://localhost/t",
            "https://169.254.169.254/latest",
            "https://10.0.0.1/t",
            "https://100.64.0.1/t",
            "https://0.0.0.0/t",
            "https://[fd00::1]/t",
        ] {
            let answer = sent("https://203.0.113.7", to).await;
            assert!(matches!(answer, Err(ReachError::Inside(_))), "{to}: {answer:?}");
        }
        assert!(sent("https://203.0.113.7", "https://203.0.113.9/t").await.is_ok());
    }

    #[tokio::test]
    async fn a_private_registry_may_name_a_private_token_service_but_no_loopback() {
        assert!(sent("https://10.0.0.1:5000", "https://192.168.1.1/t").await.is_ok());
        assert!(sent("https://10.0.0.1:5000", "https://127.0.0.1/t").await.is_err());
        assert!(sent("https://10.0.0.1:5000", "https://169.254.169.254/t").await.is_err());
        assert!(sent("http://127.0.0.1:5000", "http://127.0.0.1:5001/t").await.is_ok());
    }

    #[tokio::test]
    async fn credentials_go_over_plain_http_to_an_insecure_registry_only() {
        assert!(matches!(
            sent("https://203.0.113.7", "http://203.0.113.7/t").await,
            Err(ReachError::Plain(_))
        ));
        assert!(matches!(sent("https://203.0.113.7", "file:///etc/passwd").await, Err(ReachError::Plain(_))));
        assert!(matches!(sent("https://203.0.113.7", "nonsense").await, Err(ReachError::NotUrl(_))));
    }

    #[test]
    fn redirects_keep_to_the_same_rules() {
        let go = |from: &str, to: &str| redirect(&Url::parse(from).unwrap(), &Url::parse(to).unwrap());
        assert!(go("https://203.0.113.7", "https://cdn.example/blob").is_ok());
        assert!(go("https://203.0.113.7", "http://cdn.example/blob").is_err());
        assert!(go("https://203.0.113.7", "https://10.0.0.1/blob").is_err());
        assert!(go("http://10.0.0.1:5000", "http://10.0.0.1:5000/blob").is_ok());
        assert!(go("http://10.0.0.1:5000", "http://169.254.169.254/").is_err());
    }
}
