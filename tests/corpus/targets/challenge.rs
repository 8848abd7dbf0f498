//! `WWW-Authenticate`, one header a line.

use tidegate::adapters::registry::challenge::{Challenge, choose};

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let chosen = choose(text.lines());
    let Some(Challenge::Bearer { realm, service, scope }) = &chosen else { return };
    assert!(!realm.is_empty(), "a token service without a name");
    assert!(service.as_deref() != Some("") && scope.as_deref() != Some(""), "what is empty is not there");
    let read = |value: &str| value.len() <= text.len();
    assert!([Some(realm), service.as_ref(), scope.as_ref()].into_iter().flatten().all(|value| read(value)));
    // Written down as the grammar has it, it reads as the same challenge.
    let mut header = format!("Bearer realm={}", quoted(realm));
    for (name, value) in [("service", service), ("scope", scope)] {
        if let Some(value) = value {
            header.push_str(&format!(",{name}={}", quoted(value)));
        }
    }
    // The quotes may make it longer than any header that is read.
    if header.len() <= 8 << 10 {
        assert_eq!(choose([header.as_str()]), chosen, "{header:?}");
    }
}

fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
