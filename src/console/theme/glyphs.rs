//! The signs, and their ASCII stand-ins for terminals and fonts that cannot draw them in one cell.

use crate::api::rows::Mark;

/// Which signs the terminal can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlyphSet {
    /// Signs of one cell each.
    Unicode,
    /// ASCII only.
    Ascii,
}

impl GlyphSet {
    /// What `TERM` and the locale (the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set) let us expect.
    ///
    /// ASCII: 1. on the Linux console, whose font has 256 signs; 2. where the locale is not UTF-8; 3. where it is
    /// Chinese, Japanese or Korean, since several of our signs have ambiguous width (Unicode annex 11) and take two
    /// cells there.
    pub fn detect(term: Option<&str>, locale: Option<&str>) -> Self {
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        let utf8 = locale.contains("utf-8") || locale.contains("utf8");
        let wide = ["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language));
        if term == Some("linux") || !utf8 || wide { Self::Ascii } else { Self::Unicode }
    }
}

/// The sign of a state; see [`ascii`] for what becomes of it elsewhere.
pub const fn glyph(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "✓",
        Mark::Failed => "✗",
        Mark::Sick => "!",
        Mark::Unknown => "?",
        Mark::Held => "◆",
        Mark::Paused => "‖",
        Mark::Working => "●",
        Mark::Pending => "○",
        Mark::Blocked => "⊘",
        Mark::Moved => "▲",
        Mark::Restored => "↺",
    }
}

/// What a state's sign means, for the help screen.
pub const fn word_of(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "a verdict was given, and it is good",
        Mark::Failed => "failed",
        Mark::Sick => "sick, no verdict yet",
        Mark::Unknown => "nobody knows",
        Mark::Held => "held: waits for an approval",
        Mark::Paused => "paused or frozen by a person",
        Mark::Working => "work goes on",
        Mark::Pending => "not begun, or waits by itself",
        Mark::Blocked => "cannot go on because of another",
        Mark::Moved => "its tag moved, or it is behind",
        Mark::Restored => "put back to what it was",
    }
}

/// The ASCII stand-in of a cell's content.
pub(super) fn ascii(symbol: &str) -> char {
    let c = symbol.chars().next().unwrap_or(' ');
    match c {
        '✓' => '+',
        '✗' => 'X',
        '◆' => '*',
        '‖' | '═' => '=',
        '●' => 'o',
        '○' => '.',
        '⊘' => '%',
        '▲' | '↑' => '^',
        '↺' | '←' => '<',
        '▸' | '→' => '>',
        '▾' | '↓' => 'v',
        '│' | '┬' | '┴' | '┤' | '├' => '|',
        '─' => '-',
        '…' => '~',
        '·' => '-',
        '▁'..='█' => char::from(b'0' + u8::try_from(c as u32 - '▁' as u32).unwrap_or(7)),
        // Letters of other languages are content, not decoration: a terminal in a wrong locale shows them badly,
        // which is better than not at all.
        c if c.is_alphanumeric() => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linux_console_other_charsets_and_wide_locales_get_ascii() {
        let utf8 = Some("en_GB.UTF-8");
        assert_eq!(GlyphSet::detect(Some("xterm-256color"), utf8), GlyphSet::Unicode);
        assert_eq!(GlyphSet::detect(Some("linux"), utf8), GlyphSet::Ascii);
        assert_eq!(GlyphSet::detect(Some("xterm"), Some("C")), GlyphSet::Ascii);
        assert_eq!(GlyphSet::detect(Some("xterm"), None), GlyphSet::Ascii);
        assert_eq!(GlyphSet::detect(Some("xterm"), Some("ja_JP.UTF-8")), GlyphSet::Ascii);
        assert_eq!(GlyphSet::detect(Some("xterm"), Some("C.utf8")), GlyphSet::Unicode);
    }

    #[test]
    fn states_have_signs_of_their_own_in_both_sets() {
        use std::collections::BTreeSet;
        let all = [
            Mark::Good,
            Mark::Failed,
            Mark::Sick,
            Mark::Unknown,
            Mark::Held,
            Mark::Paused,
            Mark::Working,
            Mark::Pending,
            Mark::Blocked,
            Mark::Moved,
            Mark::Restored,
        ];
        let unicode: BTreeSet<&str> = all.iter().map(|mark| glyph(*mark)).collect();
        let plain = |mark: &Mark| {
            if glyph(*mark).is_ascii() { glyph(*mark).chars().next() } else { Some(ascii(glyph(*mark))) }
        };
        let plain: BTreeSet<Option<char>> = all.iter().map(plain).collect();
        assert_eq!((unicode.len(), plain.len()), (all.len(), all.len()));
    }
}
