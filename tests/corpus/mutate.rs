//! Inputs near those of the corpus: what a fuzzer does, without looking at what the code does with them.

use fastrand::Rng;

/// Longer inputs say nothing new here.
const LONGEST: usize = 16 << 10;
/// Pieces that readers trip over.
const NASTY: [&str; 22] = [
    "\u{1b}[2J",
    "\u{9b}",
    "\u{202e}",
    "\u{feff}",
    "\0",
    "\r\n",
    "\r",
    "\t",
    "\u{2028}",
    "\\",
    "\"",
    "'",
    "$",
    "${",
    "}",
    "=",
    ",",
    "<<E\n",
    "#",
    ":",
    "@sha256:",
    "\u{1f468}\u{200d}\u{1f469}",
];

/// One seed, changed in one to six places.
pub fn one(seeds: &[Vec<u8>], random: &mut Rng) -> Vec<u8> {
    let mut bytes = seeds[random.usize(..seeds.len())].clone();
    for _ in 0..random.usize(1..=6) {
        let at = random.usize(..=bytes.len());
        change(&mut bytes, at, seeds, random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(bytes: &mut Vec<u8>, at: usize, seeds: &[Vec<u8>], random: &mut Rng) {
    let end = (at + random.usize(1..=16)).min(bytes.len());
    match random.u8(..7) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
        1 => drop(bytes.drain(at..end)),
        2 => insert(bytes, at, NASTY[random.usize(..NASTY.len())].as_bytes()),
        3 => insert(bytes, at, &[random.u8(..)]),
        // A piece of it again, a piece of another seed, or an end that does not come.
        4 => insert(bytes, at, &bytes[at..end].to_vec().repeat(random.usize(1..=8))),
        5 => {
            let other = &seeds[random.usize(..seeds.len())];
            let from = random.usize(..=other.len());
            let to = (from + random.usize(1..=200)).min(other.len());
            insert(bytes, at, &other[from..to]);
        }
        _ => bytes.truncate(at.max(bytes.len() / 2)),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    drop(bytes.splice(at..at, piece.iter().copied()));
}
