//! How a thing stands, in one word.

use serde::{Deserialize, Serialize};

/// How a thing stands: the one classification that glyph and colour come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// ✓ A verdict was given and it is good.
    Good,
    /// ✗ It failed.
    Failed,
    /// ! Sick; no verdict yet.
    Sick,
    /// ? Nobody knows.
    Unknown,
    /// ◆ Waits for a person's approval.
    Held,
    /// ‖ Paused by a person.
    Paused,
    /// ● Work goes on.
    Working,
    /// ○ Not begun, or waits by itself.
    Pending,
    /// ⊘ Cannot go on because of another.
    Blocked,
    /// ▲ Its tag moved, or it is behind.
    Moved,
    /// ↺ Put back to what it was.
    Restored,
}
