//! A failing world, made as short as it still fails in the same way.

use crate::moment::Violation;
use crate::play::play;
use tidegate::sim::WorldFile;

/// Worlds that are tried at most.
const TRIES: u32 = 400;

struct Shrinking {
    best: WorldFile,
    seed: u64,
    invariant: u8,
    sentence: &'static str,
    left: u32,
}

/// The shortest world found that breaks the same invariant.
pub fn shrink(file: &WorldFile, seed: u64, violation: &Violation) -> WorldFile {
    let (invariant, sentence) = (violation.invariant, violation.sentence);
    let mut shrinking = Shrinking { best: file.clone(), seed, invariant, sentence, left: TRIES };
    loop {
        let before = shrinking.best.clone();
        shrinking.entries();
        shrinking.things();
        if shrinking.best == before || shrinking.left == 0 {
            return shrinking.best;
        }
    }
}

impl Shrinking {
    /// Whether the smaller world fails in the same way; it is the best then.
    fn keep(&mut self, smaller: WorldFile) -> bool {
        if self.left == 0 || smaller.check().is_err() {
            return false;
        }
        self.left -= 1;
        let broken = play(&smaller, self.seed).violation;
        let same = broken.is_some_and(|v| v.invariant == self.invariant && v.sentence == self.sentence);
        if same {
            self.best = smaller;
        }
        same
    }

    /// Leaves out stretches of the story, long ones first.
    fn entries(&mut self) {
        let mut stretch = self.best.story.len().div_ceil(2);
        while stretch > 0 {
            let mut at = 0;
            while at < self.best.story.len() {
                let mut smaller = self.best.clone();
                let end = (at + stretch).min(smaller.story.len());
                smaller.story.drain(at..end);
                if !self.keep(smaller) {
                    at += stretch;
                }
            }
            stretch /= 2;
        }
    }

    /// Leaves out workloads and images, one by one; a world that needs them is none, and is not tried.
    fn things(&mut self) {
        for workload in self.best.workloads.clone().into_keys() {
            let mut smaller = self.best.clone();
            smaller.workloads.remove(&workload);
            self.keep(smaller);
        }
        for image in self.best.images.clone().into_keys().rev() {
            let mut smaller = self.best.clone();
            smaller.images.remove(&image);
            self.keep(smaller);
        }
    }
}
