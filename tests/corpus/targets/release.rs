//! An announcement's body.

use serde_json::json;
use tidegate::server::webhook::{Release, release};

pub fn check(bytes: &[u8]) {
    let Some(found) = release(bytes) else { return };
    for name in [found.pool.as_str(), found.release.as_str()] {
        assert!(
            !name.is_empty() && !name.contains(|c: char| c.is_control() || c.is_whitespace()),
            "{found:?}"
        );
    }
    let again = json!({ "pool": found.pool, "release": found.release, "more": [1] }).to_string();
    assert_eq!(release(again.as_bytes()).as_ref(), Some(&found), "one that says the same is read the same");
    assert_eq!(found.pool.to_string().parse().as_ref(), Ok(&found.pool));
    let _: &Release = &found;
}
