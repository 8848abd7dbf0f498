//! Tags and manifests over HTTP, as the OCI distribution specification has them.
//!
//! ```text
//!   client     one request with what it takes to be let in   access     credentials, and whether TLS is off
//!   challenge  WWW-Authenticate, read (pure)                 token      tokens: fetched, kept until they expire
//!   reach      where a registry may send us (SSRF)           answer     status to meaning, Retry-After (pure)
//!   publish    moves a tag                                   discard    removes a candidate
//! ```
//!
//! Invariants:
//! 1. A look at a tag is one HEAD, which no registry counts as a pull; a GET follows only a 200 that names no digest, never a
//!    refusal, a 429 or an error of the server.
//! 2. Every body is read up to a limit of `model/limits.rs`; what is kept as a manifest hashes to its digest.
//! 3. Credentials and tokens go to their registry and its token service only, and into no log, error or `Debug` output.
//! 4. Nothing is repeated in here but the one request that a 401 asks to repeat with a token.

pub mod access;
pub mod answer;
pub mod challenge;
pub mod client;
mod discard;
mod publish;
mod reach;
mod token;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use access::{Credentials, RegistryAccess, Secret};
pub use client::{RegistryClient, SetupError};
