//! Image names and digests, in the grammar of the OCI distribution specification.
//!
//! A name is held in its full form (`docker.io/library/debian:jessie`) and shown in the familiar one
//! (`debian:jessie`). Parsing refuses what no registry would take, so that a name can be put into a URL,
//! a file name or a terminal without another look at it.

use super::shared::{Shared, serialized_as_shown, show};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name: a host and a repository of 255 characters each and a tag of 128, with what stands between them.
const LONGEST_NAME: usize = 255 + 1 + 255 + 1 + 128;

/// The registry of names without a host.
const DOCKER_HUB: &str = "docker.io";

/// Why a text is not an image name or digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The text is empty, or longer than any registry accepts.
    #[error("{0:?} is not an image name: it must have 1 to {LONGEST_NAME} characters")]
    Length(String),
    /// The host part is not `name.with.a.dot`, `name:port` or an address.
    #[error("{0:?} is not a registry host; write for example `registry.example.com:5000`")]
    Registry(String),
    /// The repository has characters that registries refuse.
    #[error("{0:?} is not a repository; use lower-case letters, digits and `. _ - /`")]
    Repository(String),
    /// The tag has characters that registries refuse.
    #[error("{0:?} is not a tag; use up to 128 letters, digits and `. _ -`")]
    Tag(String),
    /// The digest is not `sha256:` and 64 hexadecimal digits.
    #[error("{0:?} is not a digest; it must be `sha256:` and 64 lower-case hexadecimal digits")]
    Digest(String),
}

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Shared);

        impl $name {
            /// The text as it is sent over the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.into()
            }
        }
        impl TryFrom<String> for $name {
            type Error = ImageError;
            fn try_from(value: String) -> Result<Self, ImageError> {
                value.parse()
            }
        }
    };
}

text_newtype!(
    /// A registry's host, with its port where it is not the standard one: `docker.io`, `10.0.0.1:5000`.
    Registry
);
text_newtype!(
    /// A repository's path inside its registry: `library/debian`.
    Repository
);
text_newtype!(
    /// A tag: a name that its owner may move from one digest to another.
    Tag
);
text_newtype!(
    /// `sha256:` and 64 hexadecimal digits: the content of a manifest, and so of an image.
    Digest
);

impl Registry {
    /// Docker Hub, where a name without a host lives.
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.into())
    }
}

impl FromStr for Registry {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let lower = text.to_ascii_lowercase();
        let name =
            if lower == "index.docker.io" || lower == "registry-1.docker.io" { DOCKER_HUB } else { &lower };
        if is_host(&lower) { Ok(Self(name.into())) } else { Err(ImageError::Registry(text.to_owned())) }
    }
}

impl FromStr for Repository {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let component = |part: &str| {
            let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            let inner =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
            edge(part.chars().next()) && edge(part.chars().last()) && part.chars().all(inner)
        };
        if text.len() <= 255 && text.split('/').all(component) {
            Ok(Self(text.into()))
        } else {
            Err(ImageError::Repository(text.to_owned()))
        }
    }
}

impl FromStr for Tag {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let first = text.chars().next().is_some_and(word);
        if first && text.len() <= 128 && text.chars().all(|c| word(c) || matches!(c, '.' | '-')) {
            Ok(Self(text.into()))
        } else {
            Err(ImageError::Tag(text.to_owned()))
        }
    }
}

impl FromStr for Digest {
    type Err = ImageError;
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let hex = text.strip_prefix("sha256:").unwrap_or("");
        if hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.into()))
        } else {
            Err(ImageError::Digest(text.to_owned()))
        }
    }
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(bytes);
        let mut text = String::with_capacity(71);
        text.push_str("sha256:");
        for byte in hash {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        Self(text.into())
    }

    /// The hexadecimal part, without the algorithm.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }

    /// The first four hexadecimal digits: how a digest is shown and typed back. Use
    /// [`short_in`](Self::short_in) where others might share them.
    pub fn short(&self) -> &str {
        &self.hex()[..4]
    }

    /// The shortest prefix, at least four digits, that no other digest of `others` shares.
    pub fn short_in<'a>(&self, others: impl IntoIterator<Item = &'a Digest>) -> &str {
        let shared = |other: &Digest| {
            let same = self.hex().bytes().zip(other.hex().bytes()).take_while(|(a, b)| a == b).count();
            if same == 64 { 0 } else { same }
        };
        let longest = others.into_iter().map(shared).max().unwrap_or(0);
        &self.hex()[..(longest + 1).clamp(4, 64)]
    }
}

/// An image by its tag: `registry/repository:tag`. Its digest may change at any time.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ImageRef {
    /// Where it is published.
    pub registry: Registry,
    /// Its path there.
    pub repository: Repository,
    /// Its tag; a name without one means `latest`.
    pub tag: Tag,
}

impl ImageRef {
    /// The same repository under another tag.
    pub fn with_tag(&self, tag: Tag) -> Self {
        Self { tag, ..self.clone() }
    }

    /// This image fixed to one content.
    pub fn at(&self, digest: Digest) -> PinnedRef {
        PinnedRef { registry: self.registry.clone(), repository: self.repository.clone(), digest }
    }

    /// The name without its registry, unless that is all that tells two images apart: `billing:3.2`.
    pub fn short(&self) -> String {
        format!("{}:{}", without_library(&self.repository), self.tag)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (registry, slash, repository) = familiar(&self.registry, &self.repository);
        show(f, &[registry, slash, repository, ":", self.tag.as_str()])
    }
}

impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<ImageRef> for String {
    fn from(value: ImageRef) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for ImageRef {
    type Error = ImageError;
    fn try_from(value: String) -> Result<Self, ImageError> {
        value.parse()
    }
}

impl FromStr for ImageRef {
    type Err = ImageError;

    /// Reads `[host/]repository[:tag]`. The first component is a host when it has a dot or a port, or is
    /// `localhost` (the rule of the Docker reference grammar). A digest is refused: use [`PinnedRef`].
    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.is_empty() || text.len() > LONGEST_NAME {
            return Err(ImageError::Length(text.chars().take(64).collect()));
        }
        let (registry, rest) = split_host(text)?;
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag.parse()?),
            _ => (rest, Tag("latest".into())),
        };
        Ok(Self { repository: repository_in(&registry, path)?, registry, tag })
    }
}

/// An image by its content: `registry/repository@sha256:…`. What Tidegate deploys and builds from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct PinnedRef {
    /// Where it is published.
    pub registry: Registry,
    /// Its path there.
    pub repository: Repository,
    /// Its content.
    pub digest: Digest,
}

serialized_as_shown!(ImageRef, PinnedRef);

impl fmt::Display for PinnedRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (registry, slash, repository) = familiar(&self.registry, &self.repository);
        show(f, &[registry, slash, repository, "@", self.digest.as_str()])
    }
}

impl fmt::Debug for PinnedRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<PinnedRef> for String {
    fn from(value: PinnedRef) -> String {
        value.to_string()
    }
}

impl TryFrom<String> for PinnedRef {
    type Error = ImageError;
    fn try_from(value: String) -> Result<Self, ImageError> {
        value.parse()
    }
}

impl FromStr for PinnedRef {
    type Err = ImageError;

    /// Reads `[host/]repository[:tag]@sha256:…`; a tag beside a digest says nothing and is dropped.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let (name, digest) = text.split_once('@').ok_or_else(|| ImageError::Digest(text.to_owned()))?;
        let image: ImageRef = name.parse()?;
        Ok(image.at(digest.parse()?))
    }
}

fn split_host(text: &str) -> Result<(Registry, &str), ImageError> {
    match text.split_once('/') {
        Some((host, rest)) if names_a_host(host) => Ok((host.parse()?, rest)),
        _ => Ok((Registry::docker_hub(), text)),
    }
}

/// The rule by which a name's first component is a host and no part of the repository.
fn names_a_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost"
}

/// Whether `text`, in lower case, is a host that can stand in a name: with a dot, a port or brackets, or `localhost`.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => {
            let port = if rest.is_empty() { Some(None) } else { rest.strip_prefix(':').map(Some) };
            let Some(port) = port else { return false };
            (is_address(address), port)
        }
        None => match text.split_once(':') {
            Some((name, port)) => (is_dns_name(name), Some(port)),
            None => (is_dns_name(text), None),
        },
    };
    let port =
        port.is_none_or(|port| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok());
    name && port && text.len() <= 255 && names_a_host(text)
}

/// Whether it has the characters of an IPv6 address; the system says the rest.
fn is_address(text: &str) -> bool {
    text.contains(':') && text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))
}

fn is_dns_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    edge(text.chars().next()) && edge(text.chars().last()) && text.chars().all(legal)
}

/// `library/debian` as `debian`; nothing else is shortened, since only that is read back as it was.
fn without_library(repository: &Repository) -> &str {
    let name = repository.as_str();
    name.strip_prefix("library/").filter(|rest| !rest.contains('/')).unwrap_or(name)
}

/// The shortest form that is read back as the same name: the host, a slash and the path; of the first two nothing where they can go.
fn familiar<'a>(registry: &'a Registry, repository: &'a Repository) -> (&'a str, &'a str, &'a str) {
    let short = without_library(repository);
    let as_host = short.split_once('/').is_some_and(|(first, _)| names_a_host(first));
    if registry.as_str() == DOCKER_HUB && !as_host {
        return ("", "", short);
    }
    (registry.as_str(), "/", repository.as_str())
}

/// Docker Hub keeps its official images under `library/`, which nobody writes.
fn repository_in(registry: &Registry, path: &str) -> Result<Repository, ImageError> {
    if registry.as_str() == DOCKER_HUB && !path.contains('/') {
        return format!("library/{path}").parse();
    }
    path.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    #[test]
    fn familiar_names_are_held_in_full_and_shown_short() {
        assert_eq!(image("debian").repository.as_str(), "library/debian");
        assert_eq!(image("debian").to_string(), "debian:latest");
        assert_eq!(image("docker.io/library/debian:jessie"), image("debian:jessie"));
        assert_eq!(image("microsoft/dotnet:1.0.1-core").to_string(), "microsoft/dotnet:1.0.1-core");
        assert_eq!(image("10.0.0.1:5000/os:1").to_string(), "10.0.0.1:5000/os:1");
        assert_eq!(image("localhost/a/b").to_string(), "localhost/a/b:latest");
    }

    #[test]
    fn a_name_is_never_shown_as_another_ones() {
        for text in ["docker.io/my.org/app:1", "docker.io/localhost/a:1", "docker.io/library/a/b:1"] {
            let name = image(text);
            assert_eq!(image(&name.to_string()), name);
            let pinned = name.at(Digest::of(b"x"));
            assert_eq!(pinned.to_string().parse(), Ok(pinned));
        }
    }

    #[test]
    fn a_host_has_a_dot_or_a_port_so_that_it_is_none_of_docker_hubs_names() {
        for text in
            ["r.example", "r:5000", "localhost", "10.0.0.1:5000", "[::1]:5000", "[fe80::1]", "A.example:80"]
        {
            assert!(text.parse::<Registry>().is_ok(), "{text:?}");
        }
        for text in
            ["", "r", "r:", ":5000", "r:99999", "a:b:c", "[[[", "[x]", "-r.example", "r.example/", "::1"]
        {
            assert!(text.parse::<Registry>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_that_no_registry_takes_are_refused() {
        for text in
            ["", "UPPER/case", "a//b", "a:b:c", "a:\u{1b}[2J", "-a", "a/-b", "debian@sha256:00", "a b"]
        {
            assert!(text.parse::<ImageRef>().is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn a_pinned_name_keeps_its_digest_and_drops_its_tag() {
        let digest = Digest::of(b"x");
        let pinned: PinnedRef = format!("r.example:5000/a:1@{digest}").parse().unwrap();
        assert_eq!(pinned.to_string(), format!("r.example:5000/a@{digest}"));
    }

    #[test]
    fn a_short_digest_has_at_least_four_digits_and_is_unique() {
        let a = Digest(format!("sha256:{}{}", "abcdef", "0".repeat(58)).into());
        let b = Digest(format!("sha256:{}{}", "abcde0", "0".repeat(58)).into());
        assert_eq!(a.short_in([&b, &a]), "abcdef");
        assert_eq!(a.short_in([&a]), "abcd");
    }

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        assert!(Digest::of(b"").as_str().starts_with("sha256:e3b0c44298fc1c14"));
    }
}
