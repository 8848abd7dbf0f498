//! The journal's real files: cut, flipped, full, read-only, of another version, of somebody else.
//!
//! Each time it opens with everything that was acknowledged, or refuses and says what to do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod cuts;
mod files;
mod flips;
mod formats;
mod refusals;
mod small_disk;
