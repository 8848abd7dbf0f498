//! How many events a second the engine takes, from the fact to its effects, with the journal in memory, on one core.
//!
//! `cargo bench --bench engine`. The events are those of simulated worlds, each played to its end once; then they are taken in anew,
//! again and again, as the daemon's loop takes them: written as text and appended, stepped, and the next deadline asked for. One
//! line is with a commit for each event, the other with the loop's largest batches. It prints figures and judges nothing; the aim is
//! 150,000 events a second.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and a failure of it is a panic"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate::engine::{Event, State};
use tidegate::journal::{Journal, Memory};
use tidegate::model::{Seq, Span, limits};
use tidegate::play::{DEMO, Stage};
use tidegate::ports::Clock as _;
use tidegate::sim::{Sim, SimClock, WorldFile};

const DRILLS: [&str; 3] = [
    include_str!("../worlds/drills/sick-app.toml"),
    include_str!("../worlds/drills/bad-approval.toml"),
    include_str!("../worlds/drills/stuck.toml"),
];
/// How long each line is measured.
const FOR: Duration = Duration::from_secs(3);
/// How long the worlds go on when their stories are told.
const AFTERWARDS: Span = Span::from_secs(300);

fn main() {
    // `cargo test --benches` runs it too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let worlds: Vec<Vec<Event>> =
        std::iter::once(DEMO).chain(DRILLS).enumerate().map(|(nth, text)| events(text, nth as u64)).collect();
    let all: usize = worlds.iter().map(Vec::len).sum();
    println!("{} worlds with {all} events", worlds.len());
    for batch in [1, limits::BATCH] {
        let (mut events, mut slowest) = (0, Duration::ZERO);
        let begun = Instant::now();
        while begun.elapsed() < FOR {
            for world in &worlds {
                slowest = slowest.max(take_in(world, batch));
                events += world.len();
            }
        }
        let rate = events as f64 / begun.elapsed().as_secs_f64();
        println!(
            "engine, {batch:>3} events a commit: {rate:>7.0} events/s, {:.2} µs each, slowest commit {:.0} µs",
            1e6 / rate,
            slowest.as_secs_f64() * 1e6
        );
    }
}

/// A new state takes all of them in; answers how long the slowest commit took.
fn take_in(events: &[Event], batch: usize) -> Duration {
    let mut journal = Journal::on(&Memory::default()).unwrap();
    let mut state = State::default();
    let mut slowest = Duration::ZERO;
    for some in events.chunks(batch) {
        let begun = Instant::now();
        journal.append(some).unwrap();
        for event in some {
            std::hint::black_box(state.step(event));
        }
        std::hint::black_box(state.next_deadline());
        slowest = slowest.max(begun.elapsed());
    }
    slowest
}

/// Everything that happened in a world.
fn events(text: &str, seed: u64) -> Vec<Event> {
    let file = WorldFile::parse(text).unwrap();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    runtime.block_on(async {
        let clock = Arc::new(SimClock::new(file.begins().unwrap(), 1));
        let sim = Sim::new(file, seed, clock.clone()).unwrap();
        let stage = Stage::start(sim, dir.path().to_owned()).await.unwrap();
        let told = async {
            stage.play(|_, _| {}).await;
            clock.sleep(AFTERWARDS).await;
        };
        tokio::select! {
            () = told => {}
            () = stage.courier() => {}
        }
        stage.handle().crash().await;
        let stored = stage.memory().stored(Seq(0), usize::MAX);
        stored.iter().map(|one| one.decode().unwrap().1).collect()
    })
}
