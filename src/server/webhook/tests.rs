//! The listener as a registry meets it: whole requests over TCP, garbage included.

use super::{Counts, Intake, Token, Tokens, serve};
use crate::api::Reply;
use crate::api::rows::{EventRow, Stuck};
use crate::api::why::Why;
use crate::model::limits::{WEBHOOK_BODY_BYTES, WEBHOOK_IDS};
use crate::model::{Actor, Command, ImageRef, PoolName, ReleaseName, Seq, Timestamp};
use crate::server::{Announcement, Hint, Source};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Watches `10.0.0.1:5000/os:1`, also called `registry:5000/os:1`, has a pool `workers`, and keeps hints and announcements while its
/// disk has room.
#[derive(Default)]
struct Daemon {
    hints: Mutex<Vec<Hint>>,
    releases: Mutex<Vec<ReleaseName>>,
    full: AtomicBool,
}

#[async_trait]
impl Source for Daemon {
    async fn command(&self, _: Actor, _: Command) -> Reply {
        unreachable!("a webhook commands nothing")
    }
    async fn events(&self, _: Seq, _: usize) -> Result<Vec<EventRow>, String> {
        unreachable!("a webhook reads nothing")
    }
    async fn why(&self, _: &str) -> Option<Why> {
        unreachable!("a webhook reads nothing")
    }
    async fn plan(
        &self,
        _: &crate::model::PoolName,
        _: &crate::api::rollout::Goal,
    ) -> Result<crate::api::rollout::PlanRow, String> {
        unreachable!("a webhook reads nothing")
    }
    async fn dossier(
        &self,
        _: crate::model::IncidentId,
    ) -> Result<Option<crate::model::dossier::Dossier>, String> {
        unreachable!("a registry asks for no dossier")
    }
    async fn announce(&self, pool: PoolName, release: ReleaseName) -> Result<Announcement, Stuck> {
        self.room()?;
        if pool.as_str() != "workers" {
            return Ok(Announcement::NoPool);
        }
        let mut known = self.releases.lock().unwrap();
        if known.contains(&release) {
            return Ok(Announcement::Known);
        }
        known.push(release);
        Ok(Announcement::Stored)
    }
    async fn hint(&self, hint: Hint) -> Result<(), Stuck> {
        self.room()?;
        self.hints.lock().unwrap().push(hint);
        Ok(())
    }
    fn watched(&self, claimed: &ImageRef) -> Option<ImageRef> {
        let ours: ImageRef = "10.0.0.1:5000/os:1".parse().unwrap();
        let alias: ImageRef = "registry:5000/os:1".parse().unwrap();
        (*claimed == ours || *claimed == alias).then_some(ours)
    }
    fn logs(&self) -> &Path {
        Path::new("/nonexistent")
    }
    fn log_open(&self, _: &str) -> bool {
        false
    }
}

impl Daemon {
    fn room(&self) -> Result<(), Stuck> {
        if self.full.load(Ordering::SeqCst) {
            return Err(Stuck { why: "no space left on device".to_owned(), since: Timestamp::default() });
        }
        Ok(())
    }
}

struct Listener {
    daemon: Arc<Daemon>,
    counts: Arc<Counts>,
    address: std::net::SocketAddr,
    stop: CancellationToken,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listener() -> Listener {
    listener_with(Some(Token::new("r3lease"))).await
}

async fn listener_with(release: Option<Token>) -> Listener {
    let (daemon, counts, stop) =
        (Arc::new(Daemon::default()), Arc::new(Counts::default()), CancellationToken::new());
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let intake = Arc::new(Intake::new(daemon.clone(), counts.clone()));
    let tokens = Tokens { registry: Token::new("s3cret"), release };
    tokio::spawn(serve(tcp, intake, tokens, stop.clone()));
    Listener { daemon, counts, address, stop }
}

impl Listener {
    /// The status of the answer to these bytes; 0 when the connection was closed without one.
    async fn raw(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The listener may answer and close before it has read everything.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), answer)
    }

    async fn post(&self, secret: &str, body: &[u8]) -> u16 {
        self.post_to("distribution", secret, body).await.0
    }

    async fn announces(&self, pool: &str, release: &str) -> (u16, String) {
        let body = json!({"pool": pool, "release": release}).to_string();
        self.post_to("release", "r3lease", body.as_bytes()).await
    }

    async fn post_to(&self, what: &str, secret: &str, body: &[u8]) -> (u16, String) {
        let head = format!(
            "POST /v1/webhook/{what} HTTP/1.1\r\nhost: t\r\nauthorization: Bearer {secret}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    async fn events(&self, events: &[Value]) -> u16 {
        self.post("s3cret", json!({"events": events}).to_string().as_bytes()).await
    }

    fn hints(&self) -> usize {
        self.daemon.hints.lock().unwrap().len()
    }

    fn count(&self, outcome: &str) -> u64 {
        self.counts.all().into_iter().find(|(name, _)| *name == outcome).unwrap().1
    }
}

fn push(id: &str, host: &str, digit: char) -> Value {
    json!({
        "id": id, "action": "push", "request": {"host": host},
        "target": {"repository": "os", "tag": "1", "digest": format!("sha256:{}", digit.to_string().repeat(64))},
    })
}

#[tokio::test]
async fn a_push_is_stored_under_our_name_whatever_its_registry_is_called() {
    let listener = listener().await;
    assert_eq!(listener.events(&[push("1", "registry:5000", 'a')]).await, 204);
    let hints = listener.daemon.hints.lock().unwrap().clone();
    assert_eq!(hints.len(), 1);
    assert_eq!(hints[0].image.to_string(), "10.0.0.1:5000/os:1");
    assert_eq!(hints[0].from.as_str(), "registry:5000");
}

#[tokio::test]
async fn a_wrong_secret_learns_nothing_and_stores_nothing() {
    let listener = listener().await;
    let body = json!({"events": [push("1", "registry:5000", 'a')]}).to_string();
    assert_eq!(listener.post("guess", body.as_bytes()).await, 401);
    let request = "POST /v1/webhook/distribution HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n";
    let (status, answer) = listener.raw(request.as_bytes()).await;
    assert_eq!(status, 401);
    assert!(answer.ends_with("\r\n\r\n"), "a body: {answer}");
    assert_eq!((listener.hints(), listener.count("unauthorized")), (0, 2));
}

#[tokio::test]
async fn ten_times_the_same_is_stored_once() {
    let listener = listener().await;
    for _ in 0..10 {
        assert_eq!(listener.events(&[push("1", "registry:5000", 'a')]).await, 204);
    }
    assert_eq!(listener.events(&[push("2", "registry:5000", 'a')]).await, 204);
    assert_eq!((listener.hints(), listener.count("repeated")), (1, 10));
}

#[tokio::test]
async fn a_tag_that_moves_back_has_moved_again() {
    let listener = listener().await;
    let events =
        [push("1", "registry:5000", 'a'), push("2", "registry:5000", 'b'), push("3", "registry:5000", 'a')];
    assert_eq!(listener.events(&events).await, 204);
    assert_eq!(listener.hints(), 3);
}

#[tokio::test]
async fn garbage_and_what_concerns_others_do_not_block_the_registrys_queue() {
    let listener = listener().await;
    for body in ["", "not json", "{\"events\":{}}", "[1,2,3]"] {
        assert_eq!(listener.post("s3cret", body.as_bytes()).await, 204, "{body}");
    }
    assert_eq!(listener.events(&[push("1", "elsewhere:5000", 'a')]).await, 204);
    assert_eq!((listener.hints(), listener.count("unreadable"), listener.count("irrelevant")), (0, 4, 1));
}

#[tokio::test]
async fn ten_megabytes_are_refused_announced_or_not() {
    let listener = listener().await;
    let huge = vec![b'x'; 10 * WEBHOOK_BODY_BYTES];
    assert_eq!(listener.post("s3cret", &huge).await, 413);
    let head = "POST /v1/webhook/distribution HTTP/1.1\r\nhost: t\r\nauthorization: Bearer s3cret\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [
        format!("{:x}\r\n", WEBHOOK_BODY_BYTES + 1).as_bytes(),
        &huge[..=WEBHOOK_BODY_BYTES],
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    assert_eq!(listener.raw(&[head.as_bytes(), &chunk].concat()).await.0, 413);
    assert_eq!(listener.count("too_large"), 2);
}

#[tokio::test]
async fn only_a_post_to_the_one_path_is_taken() {
    let listener = listener().await;
    assert_eq!(listener.raw(b"GET /v1/webhook/distribution HTTP/1.1\r\nhost: t\r\n\r\n").await.0, 405);
    assert_eq!(listener.raw(b"POST /v1/commands HTTP/1.1\r\nhost: t\r\n\r\n").await.0, 404);
    assert_eq!(listener.raw(b"\x16\x03\x01 no http at all\r\n\r\n").await.0, 400);
}

#[tokio::test]
async fn a_full_disk_makes_the_registry_try_again_and_then_nothing_is_lost() {
    let listener = listener().await;
    listener.daemon.full.store(true, Ordering::SeqCst);
    assert_eq!(listener.events(&[push("1", "registry:5000", 'a')]).await, 503);
    listener.daemon.full.store(false, Ordering::SeqCst);
    assert_eq!(listener.events(&[push("1", "registry:5000", 'a')]).await, 204);
    assert_eq!((listener.hints(), listener.count("unstored")), (1, 1));
}

#[tokio::test]
async fn what_is_remembered_has_a_limit() {
    let daemon = Arc::new(Daemon::default());
    let intake = Intake::new(daemon.clone(), Arc::default());
    let take = |n: usize, digit| {
        let body = json!({"events": [push(&n.to_string(), "registry:5000", digit)]}).to_string();
        let intake = &intake;
        async move { intake.take(body.as_bytes()).await.unwrap() }
    };
    for n in 0..=WEBHOOK_IDS {
        take(n, if n % 2 == 0 { 'a' } else { 'b' }).await;
    }
    let before = daemon.hints.lock().unwrap().len();
    take(1, 'c').await;
    assert_eq!(daemon.hints.lock().unwrap().len(), before, "a young id is known");
    take(0, 'c').await;
    assert_eq!(daemon.hints.lock().unwrap().len(), before + 1, "the oldest id was forgotten");
}

#[tokio::test(start_paused = true)]
async fn who_dawdles_is_cut_off() {
    let listener = listener().await;
    let mut silent = TcpStream::connect(listener.address).await.unwrap();
    silent.write_all(b"POST /v1/webhook/dis").await.unwrap();
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).await.unwrap();

    let mut slow = TcpStream::connect(listener.address).await.unwrap();
    let head = "POST /v1/webhook/distribution HTTP/1.1\r\nhost: t\r\nauthorization: Bearer s3cret\r\ncontent-length: 100\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_announcement_is_stored_once_however_often_it_is_delivered() {
    let listener = listener().await;
    for _ in 0..3 {
        assert_eq!(listener.announces("workers", "2026.11").await.0, 204);
    }
    assert_eq!(listener.announces("workers", "2026.12").await.0, 204);
    assert_eq!(listener.daemon.releases.lock().unwrap().len(), 2);
    assert_eq!((listener.count("announced"), listener.count("repeated")), (2, 2));
}

#[tokio::test]
async fn each_token_opens_its_own_door_only() {
    let listener = listener().await;
    let release = br#"{"pool": "workers", "release": "2026.11"}"#;
    for guess in ["s3cret", "guess", ""] {
        let (status, answer) = listener.post_to("release", guess, release).await;
        assert!(status == 401 && answer.ends_with("\r\n\r\n"), "{guess}: {answer}");
    }
    assert_eq!(listener.post("r3lease", br#"{"events": []}"#).await, 401);
    assert!(listener.daemon.releases.lock().unwrap().is_empty());
    assert_eq!(listener.count("unauthorized"), 4);
}

#[tokio::test]
async fn who_announces_is_told_what_is_wrong() {
    let listener = listener().await;
    let (status, answer) = listener.announces("gpu", "2026.11").await;
    assert!(status == 404 && answer.contains("no pool gpu in the configuration"), "{answer}");
    for body in ["", "{}", r#"{"pool": "workers"}"#, r#"{"pool": "wor kers", "release": "1"}"#] {
        let (status, answer) = listener.post_to("release", "r3lease", body.as_bytes()).await;
        assert!(status == 400 && answer.contains("the body must be JSON"), "{body}: {answer}");
    }
    let huge = vec![b'x'; 10 * WEBHOOK_BODY_BYTES];
    assert_eq!(listener.post_to("release", "r3lease", &huge).await.0, 413);
    assert_eq!(listener.raw(b"GET /v1/webhook/release HTTP/1.1\r\nhost: t\r\n\r\n").await.0, 405);
    listener.daemon.full.store(true, Ordering::SeqCst);
    assert_eq!(listener.announces("workers", "2026.11").await.0, 503);
    listener.daemon.full.store(false, Ordering::SeqCst);
    assert_eq!(listener.announces("workers", "2026.11").await.0, 204);
    assert_eq!(
        (listener.count("no_pool"), listener.count("unreadable"), listener.count("unstored")),
        (1, 4, 1)
    );
}

#[tokio::test]
async fn without_a_token_for_releases_nobody_announces_any() {
    let listener = listener_with(None).await;
    assert_eq!(listener.announces("workers", "2026.11").await.0, 404);
    assert!(listener.daemon.releases.lock().unwrap().is_empty());
}
