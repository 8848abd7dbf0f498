//! Registries' notifications, on a listener of their own: hints that a tag moved, nothing more. Beside them announcements of node
//! releases, with a token of their own, where there is one.
//!
//! ```text
//!   POST /v1/webhook/distribution ─ token ─ body ─ read.rs: events ─ intake.rs: which are news ─▶ Source::hint ─▶ 2xx
//!   POST /v1/webhook/release ────── token ─ body ─ release.rs ────────────────────────────▶ Source::announce ─▶ 2xx, 4xx
//! ```
//!
//! What a registry does with the answer decides what we answer: anything but 2xx or 3xx blocks its queue, which
//! tries again for ever (distribution's `notifications/sinks.go`). So:
//!
//! 1. A wrong secret is 401 and nothing of the body is read.
//! 2. A body that is no notification, or one about something else, is 2xx: trying again would not make it better.
//! 3. A hint that cannot be stored is 503: trying again is what we want.

mod counts;
mod intake;
mod read;
mod release;
mod route;
#[cfg(test)]
mod tests;
mod token;

pub use counts::Counts;
pub use intake::Intake;
pub use read::{Push, pushes};
pub use release::{Release, release};
pub use route::{Tokens, router, serve};
pub use token::Token;
