//! What outsiders wrote, made safe for a terminal. The first two bytes say how much room there is.

use tidegate::console::text as cells;
use tidegate::model::logname::file_name;
use tidegate::model::text::clean;

pub fn check(bytes: &[u8]) {
    let Some((room, rest)) = bytes.split_first_chunk::<2>() else { return };
    let max = usize::from(u16::from_le_bytes(*room)) % 700;
    let text = String::from_utf8_lossy(rest);
    cleaned(&text, max);
    fitted(&text, max % 300);
    if let Some(name) = file_name(&text) {
        assert!(name.len() < 256 && !name.contains('/') && !name.starts_with('.'), "{name:?}");
    }
}

fn cleaned(text: &str, max: usize) {
    let safe = clean(text, max);
    assert!(safe.chars().count() <= max, "{} characters of {max}: {safe:?}", safe.chars().count());
    harmless(&safe);
    assert_eq!(clean(&safe, max), safe, "what is clean stays as it is");
    let all = clean(text, usize::MAX);
    harmless(&all);
    if all.chars().count() <= max {
        assert_eq!(safe, all, "what has room is not cut");
    } else if max > 0 {
        assert!(safe.ends_with('…'), "a text that was cut says so: {safe:?}");
    }
}

/// No character that moves the cursor, begins a sequence, or turns the order of what follows.
fn harmless(text: &str) {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let found = text.chars().find(|c| harmful(*c));
    assert_eq!(found, None, "in {text:?}");
}

fn fitted(text: &str, room: usize) {
    harmless(&cells::safe(text));
    for fit in [cells::fit(text, room), cells::fit_middle(text, room)] {
        assert!(cells::width(&fit) <= room, "{} cells of {room}: {fit:?}", cells::width(&fit));
        harmless(&fit);
    }
    for line in cells::wrap(text, room) {
        // One character may be wider than the line.
        assert!(cells::width(&line) <= room.max(2), "{} cells of {room}: {line:?}", cells::width(&line));
        harmless(&line);
    }
}
