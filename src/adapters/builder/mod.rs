//! Builds candidates on a Docker Engine, and pushes them.
//!
//! ```text
//!   look ─▶ read ─▶ scan ─▶ send and build ─▶ push ─▶ look ─▶ sweep
//!   registry  Dockerfile,   engine: classic     engine   registry   older candidates
//!   (HEAD)    edits         or BuildKit                   (HEAD)     of this image
//!
//!   build     that order, and what each end of it means   context  what is sent, as a tar
//!   parts     the engine's stream: lines, progress        ignore   .dockerignore
//!   verdict   whose fault an error is (pure)              sweep    what stays on the engine
//! ```
//!
//! Invariants:
//! 1. The candidate's tag is made from its inputs: one that is in the registry already is the result, and nothing is built.
//! 2. The Dockerfile that is sent is the one that the edits were made for, or nothing is sent.
//! 3. A report says only what the registry holds: the digest comes from a look after the push.
//! 4. An engine or a registry that went away is silence; an instruction that failed is a failure. See `verdict`.
//! 5. On the engine stays, per image, the newest candidate (its tests run there next, and its layers are the next build's cache);
//!    `sweep` takes the older ones.
//!
//! Dropping the future closes the connection, at which the engine ends the build and removes its containers (`forcerm`).

mod build;
mod context;
mod ignore;
mod parts;
mod sweep;
mod verdict;

pub use build::EngineBuilder;
