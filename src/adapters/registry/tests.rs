//! The adapter against a registry in this process: tokens, refusals, silence, tags that moved.

use super::fake::{Asked, Fake, Reply, eve, reply};
use super::{Credentials, Secret};
use crate::model::ids::{Action, EffectId, RunId, StepKey};
use crate::model::jobs::PublishJob;
use crate::model::reports::{Answer, PublishReport};
use crate::model::{Digest, ImageRef, Span};
use crate::ports::{Registries, Resolved};
use std::sync::Mutex;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

fn found(body: &[u8]) -> Reply {
    reply(200).with("docker-content-digest", Digest::of(body).as_str()).with("content-type", OCI).body(body)
}

fn bearer(host: &str) -> Reply {
    let header = format!(r#"Bearer realm="http://{host}/token",service="S, s",scope="repository:a:pull""#);
    reply(401).with("www-authenticate", header)
}

#[tokio::test]
async fn a_look_is_one_head_with_all_four_types() {
    let fake = Fake::start(|_, _| found(b"x")).await;
    let answer = fake.client(None).resolve(&fake.image("a:1")).await;
    assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"x"))));
    assert_eq!(fake.lines(), ["HEAD /v2/a/manifests/1"]);
    assert_eq!(fake.asked()[0].headers["accept"].split(", ").count(), 4);
}

#[tokio::test]
async fn a_digest_that_is_not_named_is_computed_from_the_manifest() {
    let fake = Fake::start(|_, _| reply(200).body("manifest")).await;
    let answer = fake.client(None).resolve(&fake.image("a:1")).await;
    assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"manifest"))));
    assert_eq!(fake.lines(), ["HEAD /v2/a/manifests/1", "GET /v2/a/manifests/1"]);
}

#[tokio::test]
async fn no_refusal_and_no_outage_is_followed_by_a_pull() {
    for status in [401, 403, 404, 429, 500, 503] {
        let fake = Fake::start(move |_, _| reply(status)).await;
        let answer = fake.client(eve()).resolve(&fake.image("a:1")).await;
        match status {
            404 => assert_eq!(answer, Answer::Done(Resolved::Missing)),
            401 | 403 => {
                assert!(matches!(answer, Answer::Done(Resolved::Refused(_))), "{status}: {answer:?}");
            }
            _ => assert!(matches!(answer, Answer::Unreachable(_)), "{status}: {answer:?}"),
        }
        assert_eq!(fake.lines(), ["HEAD /v2/a/manifests/1"], "{status}");
    }
}

#[tokio::test]
async fn too_many_requests_is_silence_until_they_say() {
    let fake = Fake::start(|_, _| reply(429).with("retry-after", "30")).await;
    let Answer::Unreachable(silence) = fake.client(None).resolve(&fake.image("a:1")).await else {
        panic!("a 429 was taken for an answer")
    };
    assert_eq!(silence.retry_after, Some(Span::from_secs(30)));
    assert_eq!(silence.who, format!("registry {}", fake.host));
}

#[tokio::test]
async fn a_registry_that_is_gone_is_silence() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fake = Fake { host: free.to_string(), ..Fake::start(|_, _| reply(200)).await };
    let answer = fake.client(None).resolve(&fake.image("a:1")).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}

fn guarded(host: &str, asked: &Asked) -> Reply {
    match (asked.path.as_str(), asked.auth()) {
        ("/token", _) => reply(200).body(r#"{"access_token":"T1","expires_in":300}"#),
        (_, "Bearer T1") => found(b"x"),
        _ => bearer(host),
    }
}

#[tokio::test]
async fn a_token_is_fetched_with_our_credentials_and_used_again() {
    let fake = Fake::start(guarded).await;
    let client = fake.client(eve());
    for _ in 0..2 {
        let answer = client.resolve(&fake.image("a:1")).await;
        assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"x"))));
    }
    let head = "HEAD /v2/a/manifests/1";
    assert_eq!(fake.lines(), [head, "GET /token", head, head]);
    let token = &fake.asked()[1];
    assert_eq!(token.auth(), "Basic ZXZlOnB3");
    assert_eq!(token.query, "client_id=tidegate&service=S%2C+s&scope=repository%3Aa%3Apull&account=eve");
}

#[tokio::test]
async fn another_repository_gets_a_token_of_its_own_without_being_refused_first() {
    let fake = Fake::start(guarded).await;
    let client = fake.client(None);
    client.resolve(&fake.image("a:1")).await;
    client.resolve(&fake.image("b:1")).await;
    assert_eq!(fake.lines()[3..], ["GET /token".to_owned(), "HEAD /v2/b/manifests/1".to_owned()]);
    assert!(fake.asked()[3].query.ends_with("scope=repository%3Ab%3Apull"));
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once_and_then_it_is_a_refusal() {
    let fake = Fake::start(|host, asked| match asked.path.as_str() {
        "/token" => reply(200).body(r#"{"token":"old"}"#),
        _ => bearer(host),
    })
    .await;
    let answer = fake.client(None).resolve(&fake.image("a:1")).await;
    assert!(matches!(answer, Answer::Done(Resolved::Refused(_))), "{answer:?}");
    let head = "HEAD /v2/a/manifests/1";
    assert_eq!(fake.lines(), [head, "GET /token", head]);
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_a_form() {
    let fake = Fake::start(guarded).await;
    let client = fake.client(Some(Credentials::IdentityToken(Secret::new("idt"))));
    let answer = client.resolve(&fake.image("a:1")).await;
    assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"x"))));
    let token = &fake.asked()[1];
    assert_eq!(token.line(), "POST /token");
    let form = String::from_utf8(token.body.to_vec()).unwrap();
    assert!(form.starts_with("grant_type=refresh_token&refresh_token=idt&"), "{form}");
}

#[tokio::test]
async fn basic_is_sent_only_after_it_was_asked_for() {
    let fake = Fake::start(|_, asked| match asked.auth() {
        "Basic ZXZlOnB3" => found(b"x"),
        _ => reply(401).with("www-authenticate", "Basic realm=\"r\""),
    })
    .await;
    let answer = fake.client(eve()).resolve(&fake.image("a:1")).await;
    assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"x"))));
    assert_eq!(fake.asked()[0].auth(), "");
}

#[tokio::test]
async fn a_token_service_that_is_down_is_silence_and_one_that_refuses_is_a_refusal() {
    for (status, silent) in [(503, true), (429, true), (401, false), (400, false)] {
        let fake = Fake::start(move |host, asked| match asked.path.as_str() {
            "/token" => reply(status),
            _ => bearer(host),
        })
        .await;
        let answer = fake.client(None).resolve(&fake.image("a:1")).await;
        assert_eq!(matches!(answer, Answer::Unreachable(_)), silent, "{status}: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_answer_without_an_end_is_cut_off() {
    let fake = Fake::start(|host, asked| match asked.path.as_str() {
        "/token" => reply(200).body(vec![b' '; (64 << 10) + 1]),
        _ => bearer(host),
    })
    .await;
    let answer = fake.client(None).resolve(&fake.image("a:1")).await;
    assert!(matches!(answer, Answer::Done(Resolved::Refused(_))), "{answer:?}");
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let other = Fake::start(|_, _| found(b"x")).await;
    let target = other.host.clone();
    let fake = Fake::start(move |_, asked| match asked.auth() {
        "" => reply(401).with("www-authenticate", "Basic realm=\"r\""),
        _ => reply(307).with("location", format!("http://{target}/elsewhere")),
    })
    .await;
    let answer = fake.client(eve()).resolve(&fake.image("a:1")).await;
    assert_eq!(answer, Answer::Done(Resolved::At(Digest::of(b"x"))));
    assert_eq!(other.asked()[0].auth(), "");
}

#[tokio::test]
async fn a_redirect_into_our_own_network_is_refused() {
    let fake = Fake::start(|_, _| reply(307).with("location", "http://169.254.169.254/latest")).await;
    let Answer::Done(Resolved::Refused(why)) = fake.client(None).resolve(&fake.image("a:1")).await else {
        panic!("the redirect was followed")
    };
    assert!(why.contains("inside our own network"), "{why}");
}

fn job(image: ImageRef, digest: Digest, expect: Option<Digest>) -> PublishJob {
    let step = StepKey::Image(image.clone());
    let id = EffectId { run: RunId(1), step, subject: None, action: Action::Publish, attempt: 1 };
    PublishJob { id, image, digest, expect }
}

/// A registry with the tag `1` at `tag`, that holds `new` and takes a PUT.
async fn store(tag: Option<&'static [u8]>) -> Fake {
    let at = Mutex::new(tag.map(<[u8]>::to_vec));
    Fake::start(move |_, asked| {
        let mut at = at.lock().unwrap();
        let new = Digest::of(b"new");
        match (asked.method.as_str(), asked.path.rsplit('/').next().unwrap()) {
            ("PUT", "1") => {
                *at = Some(asked.body.to_vec());
                reply(201).with("docker-content-digest", Digest::of(&asked.body).as_str())
            }
            ("GET", digest) if digest == new.as_str() => found(b"new"),
            ("HEAD", "1") => at.as_ref().map_or(reply(404), |bytes| found(bytes)),
            _ => reply(404),
        }
    })
    .await
}

#[tokio::test]
async fn a_tag_moves_from_where_it_was_expected_with_the_manifests_own_bytes() {
    for before in [None, Some(b"old".as_slice())] {
        let fake = store(before).await;
        let client = fake.client(None);
        let job = job(fake.image("a:1"), Digest::of(b"new"), before.map(Digest::of));
        assert_eq!(client.publish(&job).await, Answer::Done(PublishReport::Moved { found: false }));
        assert_eq!(client.publish(&job).await, Answer::Done(PublishReport::Moved { found: true }));
        let puts: Vec<Asked> = fake.asked().into_iter().filter(|asked| asked.method == "PUT").collect();
        assert_eq!(puts.len(), 1);
        assert_eq!(
            (puts[0].body.as_ref(), puts[0].headers["content-type"].as_str()),
            (b"new".as_slice(), OCI)
        );
    }
}

#[tokio::test]
async fn a_tag_that_somebody_else_moved_is_left_alone() {
    for (at, expect) in
        [(Some(b"theirs".as_slice()), Some(Digest::of(b"old"))), (None, Some(Digest::of(b"old")))]
    {
        let fake = store(at).await;
        let answer = fake.client(None).publish(&job(fake.image("a:1"), Digest::of(b"new"), expect)).await;
        assert_eq!(answer, Answer::Done(PublishReport::MovedByOthers { to: at.map(Digest::of) }));
        assert_eq!(fake.lines(), ["HEAD /v2/a/manifests/1"]);
    }
}

#[tokio::test]
async fn bytes_that_are_not_the_digest_are_never_published() {
    let fake = Fake::start(|_, asked| match asked.method.as_str() {
        "HEAD" => reply(404),
        _ => reply(200).with("content-type", OCI).body("forged"),
    })
    .await;
    let answer = fake.client(None).publish(&job(fake.image("a:1"), Digest::of(b"new"), None)).await;
    assert!(matches!(answer, Answer::Done(PublishReport::Refused(_))), "{answer:?}");
    assert_eq!(fake.lines().len(), 2, "nothing was put");
}

#[tokio::test]
async fn an_outage_in_the_middle_of_a_move_is_silence() {
    let fake = Fake::start(|_, asked| match asked.method.as_str() {
        "HEAD" => reply(404),
        "GET" => found(b"new"),
        _ => reply(503),
    })
    .await;
    let answer = fake.client(None).publish(&job(fake.image("a:1"), Digest::of(b"new"), None)).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}

/// A repository where `tags` point to the contents beside them, and DELETE is allowed.
async fn shelf(tags: &'static [(&'static str, &'static [u8])]) -> Fake {
    Fake::start(move |_, asked| {
        let last = asked.path.rsplit('/').next().unwrap();
        match asked.method.as_str() {
            "DELETE" => reply(202),
            "GET" => {
                // The last tag is on a page of its own.
                let (first, rest) = tags.split_at(tags.len() - 1);
                let (page, more) = if asked.query.contains("last=") { (rest, false) } else { (first, true) };
                let names: Vec<&str> = page.iter().map(|(tag, _)| *tag).collect();
                let answer = reply(200).body(serde_json::json!({ "tags": names }).to_string());
                if more { answer.with("link", "</v2/a/tags/list?last=x>; rel=\"next\"") } else { answer }
            }
            _ => tags.iter().find(|(tag, _)| *tag == last).map_or(reply(404), |(_, content)| found(content)),
        }
    })
    .await
}

#[tokio::test]
async fn a_candidate_is_removed_by_digest_when_nobody_else_carries_it() {
    let fake = shelf(&[("1", b"old"), ("c-1", b"new"), ("z", b"other")]).await;
    let answer = fake.client(None).discard(&fake.image("a:c-1"), &[fake.image("a:1")]).await;
    assert_eq!(answer, Answer::Done(true));
    let line = format!("DELETE /v2/a/manifests/{}", Digest::of(b"new"));
    assert_eq!(fake.lines().last(), Some(&line));
}

#[tokio::test]
async fn a_digest_that_any_other_tag_carries_is_never_deleted() {
    for fake in [
        shelf(&[("1", b"new"), ("c-1", b"new"), ("z", b"other")]).await,
        shelf(&[("1", b"old"), ("c-1", b"new"), ("z", b"new")]).await,
    ] {
        let answer = fake.client(None).discard(&fake.image("a:c-1"), &[fake.image("a:1")]).await;
        assert_eq!(answer, Answer::Done(false));
        assert!(fake.asked().iter().all(|asked| asked.method != "DELETE"));
    }
}

#[tokio::test]
async fn a_candidate_that_is_gone_or_may_not_be_deleted_is_no_error() {
    let gone = shelf(&[("1", b"old"), ("z", b"other")]).await;
    assert_eq!(gone.client(None).discard(&gone.image("a:c-1"), &[]).await, Answer::Done(false));
    let kept = Fake::start(|_, asked| match asked.method.as_str() {
        "HEAD" => found(b"new"),
        "GET" => reply(200).body(r#"{"tags":["c-1"]}"#),
        _ => reply(405),
    })
    .await;
    assert_eq!(kept.client(None).discard(&kept.image("a:c-1"), &[]).await, Answer::Done(false));
}
