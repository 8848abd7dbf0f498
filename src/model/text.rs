//! What outsiders wrote (names, logs, labels, error messages), made safe to show and to store.

/// `text` without control characters, escape sequences and direction overrides, at most `max` characters.
///
/// Tabs become four spaces and line ends become one space, so that the result is always one line. A text that
/// was cut ends in `…`. ANSI sequences (CSI, OSC and two-byte escapes) are removed whole: their letters
/// would otherwise stay behind as litter. What is clean stays as it is.
pub fn clean(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut count = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let (shown, times) = match c {
            '\u{1b}' => {
                skip_escape(&mut rest);
                continue;
            }
            '\u{9b}' => {
                skip_csi(&mut rest);
                continue;
            }
            '\t' => (' ', 4),
            '\n' | '\u{2028}' | '\u{2029}' => (' ', 1),
            c if is_hidden(c) => continue,
            c => (c, 1),
        };
        for _ in 0..times {
            if count == max {
                if out.pop().is_some() {
                    out.push('…');
                }
                return out;
            }
            out.push(shown);
            count += 1;
        }
    }
    out
}

fn skip_escape(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    // An escape inside an escape begins anew, as in a terminal.
    while rest.next_if_eq(&'\u{1b}').is_some() {}
    match rest.next() {
        Some('[') => skip_csi(rest),
        // Strings (OSC, DCS, PM, APC, SOS) end with BEL or ESC \.
        Some(']' | 'P' | '^' | '_' | 'X') => {
            while let Some(c) = rest.next() {
                if c == '\u{7}' || c == '\u{9c}' {
                    break;
                }
                if c == '\u{1b}' {
                    rest.next();
                    break;
                }
            }
        }
        Some('(' | ')' | '*' | '+' | '#' | '%' | ' ') => {
            rest.next();
        }
        _ => {}
    }
}

fn skip_csi(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(&c) = rest.peek() {
        // Parameters and intermediates are 0x20-0x3f; a final byte ends it; anything else was no sequence.
        match c {
            ' '..='?' => {
                rest.next();
            }
            '@'..='~' => {
                rest.next();
                break;
            }
            _ => break,
        }
    }
}

/// Control characters, and the format characters that reorder or hide what follows them.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `1 task`, `3 tasks`.
pub fn tasks(count: u32) -> String {
    if count == 1 { "1 task".to_owned() } else { format!("{count} tasks") }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn escapes_controls_and_overrides_are_gone() {
        assert_eq!(clean("a\u{1b}[31;1mred\u{1b}[0m b", 99), "ared b");
        assert_eq!(clean("\u{1b}]0;title\u{7}x\u{1b}]8;;http://e\u{1b}\\y", 99), "xy");
        assert_eq!(clean("a\r\u{8}\u{202e}b\u{200b}c\u{9b}2Jd\u{0}", 99), "abcd");
        assert_eq!(clean("one\ttwo\nthree\u{2028}four", 99), "one    two three four");
        assert_eq!(clean("a\u{61c}b\u{1b}\u{1b}[31mc", 99), "abc");
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(clean("abcd", 4), "abcd");
        assert_eq!(clean("abcd\u{200b}\u{1b}[0m", 4), "abcd", "nothing that is seen was cut");
        assert_eq!(clean("abc\tdefghij", 4), "abc…", "a tab is as wide as it is shown");
        assert_eq!(clean("abc", 0), "");
    }

    #[test]
    fn an_escape_that_never_ends_hides_nothing_after_the_text() {
        assert_eq!(clean("ok\u{1b}[", 99), "ok");
        assert_eq!(clean("ok\u{1b}", 99), "ok");
        assert_eq!(clean("\u{1b}[1\nx", 99), " x");
    }
}
