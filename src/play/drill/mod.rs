//! A drill on a stage: what comes beside its story.
//!
//! ```text
//!   Stage ─┬ deeds    ▶ harm     how long whose users were hurt, and by what
//!          ├ world    ▶ goal     whether the conditions hold now
//!          │   └──────▶ referee  ends it: goal reached, or time is over
//!          └ journal  ▶ debrief  what happened when, with the world's own story
//! ```
//!
//! Invariants: harm and goal are told from the world's truth and the daemon's state, never from what is on screen; nothing of it
//! changes the world.

mod debrief;
mod goal;
mod harm;
mod referee;
#[cfg(test)]
mod tests;

pub use debrief::{debriefing, lesson};
pub use harm::{Hurt, hurts, together};
pub use referee::Referee;

/// The drills of this program, by their files.
pub const DRILLS: [&str; 5] = [
    include_str!("../../../worlds/drills/sick-app.toml"),
    include_str!("../../../worlds/drills/bad-approval.toml"),
    include_str!("../../../worlds/drills/stuck.toml"),
    include_str!("../../../worlds/drills/sick-node.toml"),
    include_str!("../../../worlds/drills/blocked-drain.toml"),
];
