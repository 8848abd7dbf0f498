//! Reads what a registry sends, as leniently as it can be read: fields that are not ours, missing or of another type
//! make one event irrelevant, never the request wrong.
//!
//! Distribution's envelope, both versions, `{"events":[…]}` (its `notifications/event.go`); Azure's registry sends one
//! such event without the envelope.

use crate::model::limits::WEBHOOK_EVENTS;
use crate::model::{Digest, ImageRef, Registry, Repository, Tag};
use serde_json::Value;

/// Longer ids of events are not remembered; distribution sends UUIDs.
const ID_CHARS: usize = 128;
/// Blobs are announced too.
const BLOB: &str = "application/octet-stream";

/// A manifest that was pushed under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The event's own id, if it has a usable one.
    pub id: Option<String>,
    /// The image under each name that its registry may have: what the client called it, and the registry's own.
    pub names: Vec<ImageRef>,
    /// Where the tag is said to point.
    pub digest: Option<Digest>,
}

/// The pushes in a body, and how many other events it has. None when it is no notification.
pub fn pushes(body: &[u8]) -> Option<(Vec<Push>, usize)> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let single = std::slice::from_ref(&body);
    let events = match body.get("events") {
        Some(events) => events.as_array()?,
        None if body.get("action").is_some() => single,
        None => return None,
    };
    let looked_at = events.iter().take(WEBHOOK_EVENTS);
    let pushes: Vec<Push> = looked_at.filter_map(push).collect();
    let others = events.len() - pushes.len();
    Some((pushes, others))
}

/// One event, when it is one of ours.
///
/// 1. Its action is `push`.
/// 2. Its target is no blob, and has a repository and a tag.
/// 3. It says which registry it is about: in `request.host`, or in `target.url`; and together they are an image's name.
fn push(event: &Value) -> Option<Push> {
    let text = |at: &str| event.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("/action")? != "push" || text("/target/mediaType") == Some(BLOB) {
        return None;
    }
    let repository: Repository = text("/target/repository")?.parse().ok()?;
    let tag: Tag = text("/target/tag")?.parse().ok()?;
    let hosts = [text("/request/host"), text("/target/url").and_then(host_of)];
    let mut names: Vec<ImageRef> = Vec::new();
    for registry in hosts.into_iter().flatten().filter_map(|host| host.parse::<Registry>().ok()) {
        // Read as a whole, since a name on Docker Hub has more to it than its parts.
        let Ok(name) = format!("{registry}/{repository}:{tag}").parse::<ImageRef>() else { continue };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let id = text("/id").filter(|id| id.len() <= ID_CHARS).map(ToOwned::to_owned);
    let digest = text("/target/digest").and_then(|digest| digest.parse().ok());
    (!names.is_empty()).then_some(Push { id, names, digest })
}

/// `host:port` of an URL.
fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()?.rsplit('@').next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn event() -> Value {
        json!({
            "id": "e1", "action": "push", "unknown": {"to": "us"},
            "target": {
                "mediaType": "application/vnd.oci.image.index.v1+json", "repository": "os", "tag": "1",
                "digest": format!("sha256:{}", "a".repeat(64)), "url": "http://registry:5000/v2/os/manifests/sha256:a",
            },
            "request": {"host": "10.0.0.1:5000", "method": "PUT"},
        })
    }

    fn read(body: &Value) -> Option<(Vec<Push>, usize)> {
        pushes(body.to_string().as_bytes())
    }

    #[test]
    fn a_push_under_a_tag_names_its_image_by_both_hosts() {
        let (pushes, others) = read(&json!({"events": [event()]})).unwrap();
        assert_eq!(others, 0);
        let names: Vec<String> = pushes[0].names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["10.0.0.1:5000/os:1", "registry:5000/os:1"]);
        assert!(pushes[0].digest.is_some());
    }

    #[test]
    fn an_event_without_envelope_is_read_too() {
        assert_eq!(read(&event()).unwrap().0.len(), 1);
    }

    #[test]
    fn blobs_pulls_deletes_and_pushes_by_digest_are_not_ours() {
        for (at, value) in [
            ("/action", json!("pull")),
            ("/action", json!("delete")),
            ("/action", json!(7)),
            ("/target/mediaType", json!("application/octet-stream")),
            ("/target/tag", json!("")),
            ("/target/tag", json!(null)),
            ("/target/tag", json!("a/../b")),
            ("/target/repository", json!("UPPER")),
        ] {
            let mut event = event();
            *event.pointer_mut(at).unwrap() = value.clone();
            assert_eq!(read(&json!({"events": [event]})).unwrap(), (vec![], 1), "{at} {value}");
        }
    }

    #[test]
    fn a_push_is_ours_without_media_type_digest_or_id() {
        let event =
            json!({"action": "push", "target": {"repository": "os", "tag": "1"}, "request": {"host": "r:1"}});
        let (pushes, _) = read(&json!({"events": [event]})).unwrap();
        assert_eq!((pushes[0].id.as_deref(), &pushes[0].digest), (None, &None));
    }

    #[test]
    fn what_is_no_notification_is_said_to_be_none() {
        for body in ["", "{", "[]", "null", "{}", "{\"events\":3}", "\u{0}\u{1}", &"[".repeat(100_000)] {
            assert_eq!(pushes(body.as_bytes()), None, "{body:.20?}");
        }
    }

    #[test]
    fn no_more_events_are_looked_at_than_the_limit_says() {
        let (pushes, others) = read(&json!({"events": vec![event(); WEBHOOK_EVENTS + 5]})).unwrap();
        assert_eq!((pushes.len(), others), (WEBHOOK_EVENTS, 5));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = pushes(&body);
        }
    }
}
