//! The proof that nothing is lost: the production daemon, executor and server on simulated worlds, at their worst.
//!
//! ```text
//!   seed ─▶ generate: images, workloads, gates, and a story of incidents ─▶ play ─▶ all that must hold, held
//!                                                                            │
//!   invariants/  after every event      twin      a second state from the journal's text      consoles   replicas
//!   reference    what a run may do      operators people who decide                          logs       no error
//!                                                                            ▼
//!   a world that fails ─▶ shrink ─▶ cases/NAME.toml, played every time from then on
//! ```
//!
//! `TIDEGATE_SIM_SEED` and `TIDEGATE_SIM_SEEDS` say which seeds and how many, `TIDEGATE_SIM_SIZE` how many times as large the worlds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]
#![expect(clippy::print_stdout, reason = "the report of the seeds is what they are played for")]

mod cases;
mod consoles;
mod defects;
mod generate;
mod incidents;
mod invariants;
mod logs;
mod moment;
mod operators;
mod play;
mod reference;
mod seeds;
mod shrink;
mod twin;

/// Seeds that are played when the environment names no number; `./check` names a thousand, and has the program optimised for them.
const SEEDS: u64 = 25;

/// So many seeds play every kind of incident, and take steps through every stage.
const WHOLE: u64 = 500;

#[test]
fn seeds() {
    let first = seeds::number("TIDEGATE_SIM_SEED", 1);
    let count = seeds::number("TIDEGATE_SIM_SEEDS", SEEDS);
    if count <= SEEDS {
        eprintln!(
            "{count} seeds only; `TIDEGATE_SIM_SEEDS=1000 cargo test --profile verify --test sim` plays more"
        );
    }
    let begun = std::time::Instant::now();
    let report = seeds::run(first, count);
    println!("{}{:.1} s", report.lines(), begun.elapsed().as_secs_f64());
    assert_eq!(report.failed, None, "see above");
    if count >= WHOLE {
        assert_eq!(report.missed(), Vec::<String>::new(), "this many seeds should play everything");
    }
}

#[test]
fn a_seed_played_twice_is_the_same_journal() {
    for seed in [3, 11] {
        let (one, two) =
            (play::play(&generate::generate(seed), seed), play::play(&generate::generate(seed), seed));
        let differs = one.journal.iter().zip(&two.journal).find(|(one, two)| one != two);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(one.journal.len(), two.journal.len());
        assert!(one.journal.len() > 20);
    }
}
