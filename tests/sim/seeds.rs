//! Many seeds, on all cores; the failing one is told first, with a short scenario.

use crate::generate::{Drawn, drawn, generate, size};
use crate::incidents::Incident;
use crate::play::{Played, play};
use crate::reference;
use crate::shrink::shrink;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What many worlds came to.
#[derive(Debug, Default)]
pub struct Report {
    pub seeds: u64,
    pub events: u64,
    pub largest: u64,
    pub seconds: u64,
    pub counts: BTreeMap<String, u64>,
    pub drawn: Drawn,
    pub failed: Option<u64>,
}

impl Report {
    fn add(&mut self, played: &Played, drawn: &Drawn) {
        self.seeds += 1;
        self.events += played.events;
        self.largest = self.largest.max(played.events);
        self.seconds += played.lasted.as_secs();
        for (what, count) in &played.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
        for (what, count) in drawn {
            *self.drawn.entry(what).or_default() += count;
        }
    }

    /// Kinds of incidents that were in no story, and stages that no step ever reached: what was not played was not shown to hold.
    pub fn missed(&self) -> Vec<String> {
        let incidents = Incident::ALL.iter().map(|(incident, _)| incident.name());
        let unseen = incidents.filter(|name| !self.drawn.contains_key(name));
        let stages = reference::stages().filter(|stage| !self.counts.contains_key(stage));
        unseen.map(|name| format!("incident {name}")).chain(stages).collect()
    }

    pub fn lines(&self) -> String {
        let drawn = self.drawn.iter().map(|(what, count)| format!("  {count:>9} incident {what}\n"));
        let counts = self.counts.iter().map(|(what, count)| format!("  {count:>9} {what}\n"));
        let head = format!(
            "{} seeds, {} events, at most {} in one, {} hours of the worlds\n",
            self.seeds,
            self.events,
            self.largest,
            self.seconds / 3_600
        );
        std::iter::once(head).chain(drawn).chain(counts).collect()
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
                    let (world, drawn) = drawn(seed);
                    let played = play(&world, seed);
                    let mut report = report.lock().unwrap();
                    report.add(&played, &drawn);
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
    let size = size();
    eprintln!(
        "again: TIDEGATE_SIM_SEED={seed} TIDEGATE_SIM_SEEDS=1 TIDEGATE_SIM_SIZE={size} cargo test --profile verify --test sim seeds"
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
