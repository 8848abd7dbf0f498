//! The corpus that the fuzzers left, read again on the stable toolchain; then a short walk around it.
//!
//! `TIDEGATE_CORPUS_RUNS` says how many mutated inputs a target gets (1,500 without it), `TIDEGATE_CORPUS_SEED` which ones.
//! `docs/fuzzing.md` says how the fuzzers themselves are run.

mod mutate;
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use targets::TARGETS;

/// Mutated inputs of each target in `./check`: some seconds in all, in a debug build.
const RUNS: u64 = 1_500;

fn corpus(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name)
}

/// The seeds of a target with their files, sorted.
fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = corpus(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a file of the corpus").path()).collect();
    files.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (path, bytes)
    };
    files.into_iter().map(read).collect()
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text:?}")))
}

fn holds(name: &str, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| targets::run(name, bytes))).is_ok()
}

#[test]
fn everything_in_the_corpus_holds() {
    let mut failed = Vec::new();
    for (name, _) in TARGETS {
        let seeds = seeds(name);
        assert!(seeds.len() >= 5, "{name} has {} seeds: too few to say anything", seeds.len());
        failed.extend(seeds.iter().filter(|(_, bytes)| !holds(name, bytes)).map(|(path, _)| path.clone()));
    }
    assert!(failed.is_empty(), "these inputs fail, see above for what: {failed:#?}");
}

#[test]
fn a_short_walk_around_the_corpus_holds() {
    let (runs, seed) = (number("TIDEGATE_CORPUS_RUNS", RUNS), number("TIDEGATE_CORPUS_SEED", 1));
    for (name, _) in TARGETS {
        let seeds: Vec<Vec<u8>> = seeds(name).into_iter().map(|(_, bytes)| bytes).collect();
        let mut random = fastrand::Rng::with_seed(seed);
        for run in 0..runs {
            let input = mutate::one(&seeds, &mut random);
            if !holds(name, &input) {
                let kept = std::env::temp_dir().join(format!("tidegate-{name}-{seed}-{run}"));
                fs::write(&kept, &input).expect("room for the input that fails");
                panic!("target {name}: the input in {} fails, see above for what", kept.display());
            }
        }
    }
}

#[test]
fn every_target_has_its_fuzzer_and_every_fuzzer_its_corpus() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/Cargo.toml"));
    let manifest = manifest.expect("fuzz/Cargo.toml");
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "fuzz/Cargo.toml has no target {name}");
    }
    let folders = fs::read_dir(corpus("")).expect("fuzz/corpus").count();
    assert_eq!(folders, TARGETS.len(), "fuzz/corpus has a folder that no target reads");
    assert_eq!(
        manifest.matches("[[bin]]").count(),
        TARGETS.len(),
        "fuzz/Cargo.toml has a fuzzer that is no target"
    );
}
