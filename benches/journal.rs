//! How fast the journal is on this disk: batches, single commits beside a bare fsync, and a replay of a million events.
//!
//! `cargo bench --bench journal`; `TIDEGATE_BENCH_DIR` names the disk (the system's temporary directory when absent).
//! It prints figures and judges nothing: the disk is the machine's. The aims are 50,000 events/s and a replay within 5 s.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and a failure of it is a panic"
)]

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};
use tidegate::engine::{Event, EventKind, State};
use tidegate::journal::Journal;
use tidegate::model::reports::{Answer, BuildReport};
use tidegate::model::{Action, Actor, Digest, EffectId, RunId, Seq, Timestamp};

/// Events of one batch, as the daemon's loop makes them at most.
const BATCH: usize = 256;
/// Events that are replayed.
const MANY: usize = 1_000_000;

fn main() {
    // `cargo test --benches` runs it too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let root = std::env::var_os("TIDEGATE_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::Builder::new().prefix("tidegate-bench").tempdir_in(root).unwrap();
    singles(&dir.path().join("singles"));
    bare(dir.path());
    let path = dir.path().join("batches");
    batches(&path);
    replay(&path);
}

/// One in two is a moved tag, the rest are results of builds: what a busy day's journal is made of.
fn event(nth: usize) -> Event {
    let at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(nth).unwrap());
    let digest = Digest::of(&(nth % 64).to_le_bytes());
    let kind = if nth.is_multiple_of(2) {
        let image = format!("registry.example:5000/team/app-{}:1", nth % 200).parse().unwrap();
        EventKind::TagSeen { image, digest: Some(digest), before: None }
    } else {
        let step = format!("image:registry.example:5000/team/app-{}:1", nth % 200).parse().unwrap();
        let id = EffectId { run: RunId(nth as u64), step, subject: None, action: Action::Build, attempt: 1 };
        EventKind::BuildFinished { id, answer: Answer::Done(BuildReport::Built { digest, found: false }) }
    };
    Event { at, by: Actor::Daemon, kind }
}

fn batches(dir: &Path) {
    let events: Vec<Event> = (0..BATCH * 16).map(event).collect();
    let mut journal = Journal::open(dir).unwrap();
    let mut took = Vec::new();
    let began = Instant::now();
    for nth in 0..MANY.div_ceil(BATCH) {
        let from = nth % 16 * BATCH;
        let one = Instant::now();
        journal.append(&events[from..from + BATCH]).unwrap();
        took.push(one.elapsed());
    }
    let all = took.len() * BATCH;
    println!(
        "append, {BATCH} a batch: {:>9.0} events/s   {}",
        per_second(all, began.elapsed()),
        percentiles(took)
    );
}

fn singles(dir: &Path) {
    let mut journal = Journal::open(dir).unwrap();
    let took = (0..2_000).map(|nth| timed(|| drop(journal.append(&[event(nth)]).unwrap()))).collect();
    println!("append, one a batch: {}", percentiles(took));
}

/// What the disk itself needs: 4 KiB appended and fsynced.
fn bare(dir: &Path) {
    let mut file = std::fs::File::create(dir.join("bare")).unwrap();
    let page = [7; 4096];
    let write = |file: &mut std::fs::File| {
        file.write_all(&page).unwrap();
        file.sync_data().unwrap();
    };
    let took = (0..2_000).map(|_| timed(|| write(&mut file))).collect();
    println!("bare 4 KiB + fsync:  {}", percentiles(took));
}

fn replay(dir: &Path) {
    let journal = Journal::open(dir).unwrap();
    let mut state = State::default();
    let began = Instant::now();
    let count = journal
        .replay(Seq(0), |_, event| {
            state.step(event);
        })
        .unwrap();
    let took = began.elapsed();
    println!(
        "replay: {count} events in {:.2} s, {:.0} events/s",
        took.as_secs_f64(),
        per_second(usize::try_from(count).unwrap(), took)
    );
    let size = std::fs::metadata(dir.join("journal.sqlite")).unwrap().len();
    println!("file: {} MiB, {} bytes an event", size >> 20, size / count.max(1));
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_second(count: usize, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    format!("p50 {:.2?}  p99 {:.2?}  worst {:.2?}", at(50), at(99), at(100))
}
