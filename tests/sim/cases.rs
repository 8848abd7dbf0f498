//! Worlds that were found once, and are played every time.

use crate::play::play;
use tidegate::sim::WorldFile;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sim/cases");

/// A case's first line may name the seed with which it was found.
fn seed(text: &str) -> u64 {
    text.lines().find_map(|line| line.strip_prefix("# seed: ")?.trim().parse().ok()).unwrap_or(1)
}

#[test]
fn every_case_that_was_found_once_holds() {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no cases in {FOLDER}");
    let mut broken = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = WorldFile::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Some(violation) = play(&file, seed(&text)).violation {
            broken.push(format!("{}: {violation}", path.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
