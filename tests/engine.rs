//! The adapters against a real Docker Engine and a real registry.
//!
//! `TIDEGATE_TEST_ENGINE` is the engine (`unix:///…`), `TIDEGATE_TEST_REGISTRY` a plain-HTTP registry (`host:port`) that it
//! trusts and that allows DELETE. A plain `cargo test` ignores them and says so; `./check` runs them on the lab. All repositories begin with `adp-`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics, in its helpers too")]

#[path = "engine/build.rs"]
mod build;
#[path = "engine/lab.rs"]
mod lab;
#[path = "engine/registry.rs"]
mod registry;
#[path = "engine/test.rs"]
mod test;
