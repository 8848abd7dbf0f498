//! Keys, as a person presses them.

use crate::fixture::now;
use std::sync::atomic::{AtomicU64, Ordering};
use tidegate::console::key::Key;
use tidegate::console::{Cmd, Model, Msg, update};
use tidegate::model::Span;

/// Seconds of the night that have passed; each key takes one.
static SECONDS: AtomicU64 = AtomicU64::new(1);

/// Presses the keys of a text; `⏎` is Enter, `⎋` Esc, `⇥` Tab, `⇟` PgDn, `⇞` PgUp. A second passes before each, so no sheet is deaf.
pub fn press(model: &mut Model, keys: &str) -> Vec<Cmd> {
    let mut out = Vec::new();
    for c in keys.chars() {
        let key = match c {
            '⏎' => Key::Enter,
            '⎋' => Key::Esc,
            '⇥' => Key::Tab,
            '←' => Key::Left,
            '→' => Key::Right,
            '⇟' => Key::PageDown,
            '⇞' => Key::PageUp,
            c => Key::Char(c),
        };
        let at = now() + Span::from_secs(SECONDS.fetch_add(1, Ordering::Relaxed));
        out.extend(update(model, Msg::Key(key, at)).1);
    }
    out
}
