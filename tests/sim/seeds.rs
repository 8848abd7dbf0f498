//! Many seeds, on all cores; the failing one is told first, with a short scenario.

use crate::generate::generate;
use crate::play::{Played, play};
use crate::shrink::shrink;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What many worlds came to.
#[derive(Debug, Default)]
pub struct Report {
    pub seeds: u64,
    pub events: u64,
    pub hours: u64,
    pub counts: BTreeMap<String, u64>,
    pub failed: Option<u64>,
}

impl Report {
    fn add(&mut self, played: &Played) {
        self.seeds += 1;
        self.events += played.events;
        self.hours += played.lasted.as_secs();
        for (what, count) in &played.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
    }

    pub fn lines(&self) -> String {
        let counts = self.counts.iter().map(|(what, count)| format!("  {count:>9} {what}\n"));
        let head = format!(
            "{} seeds, {} events, {} hours of the worlds\n",
            self.seeds,
            self.events,
            self.hours / 3_600
        );
        std::iter::once(head).chain(counts).collect()
    }
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Plays `count` seeds from `first` on; stops at the first that fails, which is printed with its shrunk world.
pub fn run(first: u64, count: u64) -> Report {
    let (next, over) = (AtomicU64::new(first), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let played = play(&generate(seed), seed);
                    let mut report = report.lock().unwrap();
                    report.add(&played);
                    if report.seeds.is_multiple_of(5_000) {
                        eprintln!("{} seeds, {} events", report.seeds, report.events);
                    }
                    if played.violation.is_some() && !over.swap(true, Ordering::Relaxed) {
                        report.failed = Some(seed);
                        drop(report);
                        tell(seed, &played);
                    }
                }
            });
        }
    });
    report.into_inner().unwrap()
}

/// The seed first, then what it broke, then how to see it again.
fn tell(seed: u64, played: &Played) {
    let violation = played.violation.as_ref().expect("only failed worlds are told");
    eprintln!("SEED {seed} FAILED: {violation}");
    eprintln!(
        "again: TIDEGATE_SIM_SEED={seed} TIDEGATE_SIM_SEEDS=1 cargo test --profile sim --test sim seeds"
    );
    played.latest.iter().for_each(|line| eprintln!("  {line}"));
    let short = shrink(&generate(seed), seed, violation);
    let name = format!("seed-{seed}.toml");
    let folder = std::env::var("TIDEGATE_SIM_OUT").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let path = std::path::Path::new(&folder).join(&name);
    let text = format!("# seed: {seed}\n# {violation}\n{}", short.text());
    let kept = std::fs::write(&path, &text);
    eprintln!(
        "shrunk to {} entries, {} images ({}):\n{text}",
        short.story.len(),
        short.images.len(),
        path.display()
    );
    eprintln!("keep it as tests/sim/cases/NAME.toml once it is understood ({kept:?})");
}
