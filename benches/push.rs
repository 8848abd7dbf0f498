//! How long it takes from a push to a registry until a connected console shows the moved tag, through the webhook.
//!
//! ```text
//!   PUT manifest ─▶ docker-registry ─ notification ─▶ webhook ─ hint ─▶ HEAD ─▶ journal ─▶ rows ─ socket ─▶ replica
//! ```
//!
//! `cargo bench --bench push`; it needs Debian's `docker-registry` in the PATH and says loudly when it is not there. Polling is
//! set to an hour, so that only the notification can bring the news. `TIDEGATE_BENCH_DIR` names the disk (the system's temporary
//! directory when absent). It prints figures and judges nothing; the aim is a median of 100 ms.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and a failure of it is a panic"
)]

#[path = "push/registry.rs"]
mod registry;
#[path = "push/world.rs"]
mod world;

use futures_util::StreamExt as _;
use registry::Registry;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate::adapters::clock::SystemClock;
use tidegate::api::client::Client;
use tidegate::console::replica::Replica;
use tidegate::daemon::{self, Handle, Options};
use tidegate::model::{Digest, ImageRef};
use tidegate::server::rows::Beside as _;
use tidegate::server::socket::Socket;
use tidegate::server::webhook::{Counts, Intake, Token, Tokens};
use tidegate::server::{Doors, Served, routes, webhook};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Pushes that are measured.
const PUSHES: usize = 100;
/// Pushes before those, so that connections are open and files are there.
const WARM: usize = 5;
/// Between two pushes: pushes in real life are rare, and find everything idle.
const APART: Duration = Duration::from_millis(400);
/// A push that is not shown by then is lost.
const LOST: Duration = Duration::from_secs(10);
const TOKEN: &str = "a-token-of-the-bench";

fn main() {
    // `cargo test --benches` runs it too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let Some(program) = registry::program() else {
        println!(
            "SKIPPED: no docker-registry in the PATH; install Debian's package of that name. Nothing was measured."
        );
        return;
    };
    // As many threads as the program itself has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(bench(&program));
}

async fn bench(program: &Path) {
    let root = std::env::var_os("TIDEGATE_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::Builder::new().prefix("tidegate-bench").tempdir_in(root).unwrap();
    let hooks = TcpListener::bind("127.0.0.1:0").await.unwrap();
    // The world installs the TLS provider that every HTTP client of this process needs.
    let placeholder: ImageRef = "127.0.0.1:1/os:1".parse().unwrap();
    drop(world::world(&placeholder));
    let registry = Registry::start(program, dir.path(), hooks.local_addr().unwrap(), TOKEN).await;
    let upstream: ImageRef = format!("{}/os:1", registry.address).parse().unwrap();
    let built: ImageRef = format!("{}/app:1", registry.address).parse().unwrap();
    let first = registry.prepare(&upstream, 0).await;
    registry.put(&upstream, &first).await;

    let (world, looks) = world::world(&upstream);
    let handle = daemon::start(options(dir.path()), world, world::setup(&upstream, &built)).await.unwrap();
    let stop = CancellationToken::new();
    let socket = dir.path().join("tidegate.sock");
    serve(&handle, hooks, &socket, &stop).await;
    let mut console = console(&socket, upstream.clone());
    shown(&mut console, &first.digest).await;

    let mut rounds = Vec::new();
    for nth in 1..=WARM + PUSHES {
        tokio::time::sleep(APART).await;
        let manifest = registry.prepare(&upstream, nth).await;
        looks.lock().unwrap().clear();
        let began = Instant::now();
        registry.put(&upstream, &manifest).await;
        let answered = Instant::now();
        let seen = shown(&mut console, &manifest.digest).await;
        let look = looks.lock().unwrap().first().copied();
        rounds.push(Round { began, answered, look, seen });
    }
    report(&rounds[WARM..]);
    stop.cancel();
    handle.shutdown().await;
}

/// The times of one push.
struct Round {
    began: Instant,
    answered: Instant,
    /// The HEAD that followed from the hint.
    look: Option<(Instant, Instant)>,
    seen: Instant,
}

fn options(dir: &Path) -> Options {
    Options {
        state_dir: dir.join("state"),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        holder: "bench".to_owned(),
        read_only: false,
        take_over: false,
        name: None,
        memory: None,
        install: None,
    }
}

/// The doors, as the program opens them.
async fn serve(handle: &Handle, hooks: TcpListener, socket: &Path, stop: &CancellationToken) {
    let socket = Socket::bind(socket).await.unwrap();
    let served = Served::new(handle.clone());
    let table = served.table(1);
    let counts = Arc::new(Counts::default());
    let doors = Doors {
        table: table.clone(),
        source: served.clone(),
        about: served.about(),
        webhooks: counts.clone(),
        clock: Arc::new(SystemClock),
    };
    let intake = Arc::new(Intake::new(served.clone(), counts));
    let tokens = Tokens { registry: Token::new(TOKEN), release: None };
    tokio::spawn(webhook::serve(hooks, intake, tokens, stop.clone()));
    tokio::spawn(served.publish(table, stop.clone()));
    tokio::spawn(routes::serve(socket, doors, stop.clone()));
}

/// A console's client and replica; it tells where the image's tag points whenever that is new on it.
fn console(socket: &Path, image: ImageRef) -> mpsc::UnboundedReceiver<(Digest, Instant)> {
    let (tell, told) = mpsc::unbounded_channel();
    let client = Client::new(socket);
    tokio::spawn(async move {
        let mut frames = client.rows(None).await.unwrap();
        let (mut replica, mut before) = (Replica::default(), None);
        // The stream ends with an error when the bench is over.
        while let Some(Ok(frame)) = frames.next().await {
            replica.apply(frame);
            let now = replica.image(&image).and_then(|row| row.digest.clone());
            if now == before {
                continue;
            }
            before.clone_from(&now);
            if let Some(digest) = now
                && tell.send((digest, Instant::now())).is_err()
            {
                return;
            }
        }
    });
    told
}

/// Waits until the console shows this digest, and answers when it did.
async fn shown(console: &mut mpsc::UnboundedReceiver<(Digest, Instant)>, wanted: &Digest) -> Instant {
    let shown = async {
        loop {
            match console.recv().await {
                Some((digest, at)) if digest == *wanted => return at,
                Some(_) => {}
                None => panic!("the console lost the daemon"),
            }
        }
    };
    match tokio::time::timeout(LOST, shown).await {
        Ok(at) => at,
        Err(_) => panic!("{wanted} was not shown within {LOST:?}: the notification or the hint was lost"),
    }
}

fn report(rounds: &[Round]) {
    let line = |name: &str, took: &dyn Fn(&Round) -> Option<Duration>| {
        println!("{name:<42} {}", percentiles(rounds.iter().filter_map(took).collect()));
    };
    println!("{} pushes, {APART:?} apart, one console connected, polling off", rounds.len());
    line("push answered -> shown (aim: p50 100 ms)", &|r| Some(r.seen - r.answered));
    line("push begun -> shown", &|r| Some(r.seen - r.began));
    line("  push begun -> answered", &|r| Some(r.answered - r.began));
    line("  push answered -> tag asked for", &|r| Some(r.look?.0 - r.answered));
    line("  tag asked for -> known", &|r| r.look.map(|(asked, known)| known - asked));
    line("  known -> shown", &|r| Some(r.seen - r.look?.1));
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort();
    let Some(last) = took.len().checked_sub(1) else { return "not measured".to_owned() };
    let at = |share: usize| took[last * share / 100];
    format!("p50 {:>8.1?}  p90 {:>8.1?}  max {:>8.1?}", at(50), at(90), at(100))
}
