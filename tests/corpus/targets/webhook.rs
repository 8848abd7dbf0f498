//! A notification's body.

use serde_json::json;
use tidegate::model::ImageRef;
use tidegate::model::limits::WEBHOOK_EVENTS;
use tidegate::server::webhook::{Push, pushes};

pub fn check(bytes: &[u8]) {
    let Some((found, _)) = pushes(bytes) else { return };
    assert!(found.len() <= WEBHOOK_EVENTS);
    for push in &found {
        assert!(!push.names.is_empty(), "a push of nothing");
        assert!(push.id.as_ref().is_none_or(|id| !id.is_empty() && id.len() <= 128), "{push:?}");
        for name in &push.names {
            assert_eq!(name.to_string().parse::<ImageRef>().as_ref(), Ok(name));
        }
        assert_eq!(again(push).as_ref(), Some(push), "a notification that says the same is read the same");
    }
}

/// The push, told by a registry of today.
fn again(push: &Push) -> Option<Push> {
    let image = &push.names[0];
    // Docker Hub has a `library/` more before it.
    let repository = push.names.iter().map(|name| &name.repository).min_by_key(|name| name.as_str().len());
    let url = push.names.get(1).map(|name| format!("https://{}/v2/", name.registry));
    let event = json!({
        "id": push.id, "action": "push", "request": { "host": image.registry },
        "target": { "repository": repository, "tag": image.tag, "digest": push.digest, "url": url },
    });
    let body = json!({ "events": [event] }).to_string();
    pushes(body.as_bytes())?.0.pop()
}
