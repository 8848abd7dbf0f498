//! Against a receiver on this machine, and small scripts.

use super::webhook::sign;
use super::*;
use crate::model::Timestamp;
use crate::model::notices::Notice;
use crate::model::secret::Secret;
use axum::http::{HeaderMap, StatusCode};
use std::sync::{Arc, Mutex};

fn job() -> NoticeJob {
    let owner = "team-web".parse().unwrap();
    let mut job = NoticeJob::test(&owner, &"web-hook".parse().unwrap(), Timestamp::from_millis(1_000));
    job.id = "3/opened/customer/web-hook".parse().unwrap();
    job.notice.id = format!("feed/{}", job.id);
    job.notice.cause = "build_failed".to_owned();
    job
}

fn channels(target: Target) -> Channels {
    let owned = ("team-web".parse().unwrap(), target);
    Channels::new(BTreeMap::from([("web-hook".parse().unwrap(), owned)])).unwrap()
}

fn command(script: &str, within: Span) -> Channels {
    channels(Target::Command { argv: ["sh", "-c", script].map(str::to_owned).to_vec(), within })
}

fn why(answer: Answer<()>) -> (String, Option<Span>) {
    match answer {
        Answer::Done(()) => panic!("it arrived"),
        Answer::Unreachable(cause) => (cause.why, cause.retry_after),
    }
}

const SOON: Span = Span::from_secs(20);

type Got = Arc<Mutex<Vec<(HeaderMap, Vec<u8>)>>>;

/// A receiver that answers `status`, and remembers what came.
async fn receiver(status: StatusCode, got: Got) -> Target {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=hunter2", listener.local_addr().unwrap());
    let take = move |headers: HeaderMap, body: axum::body::Bytes| async move {
        got.lock().unwrap().push((headers, body.to_vec()));
        (status, [("retry-after", "7")])
    };
    let app = axum::Router::new().route("/hook", axum::routing::post(take));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper_util::service::TowerToHyperService::new(app);
        let stream = hyper_util::rt::TokioIo::new(stream);
        hyper::server::conn::http1::Builder::new().serve_connection(stream, service).await.unwrap();
    });
    Target::Webhook { url: Secret::new(url), secret: Secret::new("key"), within: SOON }
}

#[test]
fn the_signature_is_the_published_test_vector_of_hmac_sha256() {
    // RFC 4231, test case 2.
    let signed = sign(&Secret::new("Jefe"), b"what do ya want for nothing?");
    assert_eq!(signed, "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[tokio::test]
async fn a_webhook_carries_the_notice_its_id_and_a_signature_of_exactly_its_body() {
    let got = Got::default();
    let channels = channels(receiver(StatusCode::NO_CONTENT, got.clone()).await);
    assert_eq!(channels.notify(&job()).await, Answer::Done(()));
    let got = got.lock().unwrap();
    let (headers, body) = &got[0];
    assert_eq!(headers["idempotency-key"], "feed/3/opened/customer/web-hook");
    assert_eq!(headers["tidegate-signature"], sign(&Secret::new("key"), body));
    assert_eq!(serde_json::from_slice::<Notice>(body).unwrap(), job().notice);
}

#[tokio::test]
async fn a_receiver_that_refuses_is_asked_again_when_it_says_and_its_address_is_not_told() {
    let target = receiver(StatusCode::SERVICE_UNAVAILABLE, Got::default()).await;
    assert_eq!(
        why(channels(target).notify(&job()).await),
        ("status 503".to_owned(), Some(Span::from_secs(7)))
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Secret::new(format!("http://{}/?token=hunter2", listener.local_addr().unwrap()));
    drop(listener);
    let gone = channels(Target::Webhook { url, secret: Secret::new("key"), within: SOON });
    assert_eq!(why(gone.notify(&job()).await).0, "connection refused, or no such host");
}

#[tokio::test]
async fn a_command_reads_the_notice_and_its_exit_code_is_the_answer() {
    let script =
        r#"test "$TIDEGATE_NOTICE_ID" = feed/3/opened/customer/web-hook && grep -q '"cause":"build_failed"'"#;
    assert_eq!(command(script, SOON).notify(&job()).await, Answer::Done(()));
    let bad = command(r"printf 'pager is\033[31m down\nmore' >&2; exit 4", SOON);
    assert_eq!(why(bad.notify(&job()).await).0, "exit code 4: pager is down");
}

#[tokio::test]
async fn a_command_is_judged_by_its_exit_code_also_when_it_leaves_something_running_that_holds_its_pipes() {
    let leaves = command("sleep 600 & exit 0", SOON);
    assert_eq!(leaves.notify(&job()).await, Answer::Done(()));
    let leaves = command("sleep 600 & echo no paper >&2; exit 3", SOON);
    assert_eq!(why(leaves.notify(&job()).await).0, "exit code 3: no paper");
}

#[tokio::test]
async fn a_command_gets_nothing_of_the_daemons_environment_but_what_it_needs_to_run() {
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let script = r#"test -n "$PATH" && test -z "$CARGO_MANIFEST_DIR""#;
    assert_eq!(command(script, SOON).notify(&job()).await, Answer::Done(()));
}

#[tokio::test]
async fn what_is_for_one_owner_is_not_told_over_a_channel_that_was_made_for_another() {
    let got = Got::default();
    let channels = channels(receiver(StatusCode::NO_CONTENT, got.clone()).await);
    let mut other = job();
    other.notice.owner = "os-team".parse().unwrap();
    assert_eq!(why(channels.notify(&other).await).0, "its address is read at the next start");
    assert!(got.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("held");
    // Whoever it starts holds the pipe open for writing; its reader sees the end once they all are gone.
    let script = format!("mkfifo {0}; sleep 600 > {0} & wait", fifo.display());
    let asked = command(&script, Span::from_secs(1));
    let hangs = tokio::spawn(async move { asked.notify(&job()).await });
    while !fifo.exists() {
        tokio::task::yield_now().await;
    }
    let read = tokio::task::spawn_blocking(move || std::fs::read(fifo).unwrap());
    assert_eq!(why(hangs.await.unwrap()).0, "no answer within 1 s");
    assert_eq!(read.await.unwrap(), b"");
}

#[tokio::test]
async fn a_command_that_hangs_is_ended_and_one_that_is_missing_is_named() {
    let hangs = command("exec sleep 600", Span::from_millis(200));
    assert_eq!(why(hangs.notify(&job()).await).0, "no answer within 0 s");
    let argv = vec!["/nowhere/pager".to_owned()];
    let missing = channels(Target::Command { argv, within: SOON });
    assert!(why(missing.notify(&job()).await).0.starts_with("cannot start /nowhere/pager: "));
}
