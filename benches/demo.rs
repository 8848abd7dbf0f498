//! How long it takes from the start of the process until `tidegate demo` shows its first full screen.
//!
//! `cargo bench --bench demo`. The built program runs in a pseudo-terminal of 80x24; the clock stops when what was read from it makes a
//! screen that has its header with a live link, its body and its footer. It prints figures and judges nothing; the aim is 50 ms.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and a failure of it is a panic"
)]

#[path = "../tests/demo/pty.rs"]
mod pty;

use pty::Terminal;
use std::path::Path;
use std::time::{Duration, Instant};

const TIMES: usize = 50;
/// Starts before those, so that the program is in memory.
const WARM: usize = 3;

fn main() {
    // `cargo test --benches` runs it too, and wants no figures.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let mut took: Vec<Duration> = (0..WARM + TIMES).map(|_| once()).skip(WARM).collect();
    took.sort();
    let millis = |part: usize| took[(TIMES - 1) * part / 100].as_secs_f64() * 1_000.0;
    println!(
        "demo, first full screen: p50 {:.1} ms, p90 {:.1} ms, max {:.1} ms, of {TIMES}",
        millis(50),
        millis(90),
        millis(100)
    );
}

fn once() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let mut terminal =
        Terminal::start(Path::new(env!("CARGO_BIN_EXE_tidegate")), &["demo"], folder.path(), (80, 24));
    terminal.until("the first full screen", |text| {
        ["● live", "needs you", "? help"].iter().all(|word| text.contains(word))
    });
    let took = begun.elapsed();
    terminal.press("Q");
    assert_eq!(terminal.ended(), 0);
    took
}
