//! What is inside a digest: what it was built from, and what is wrong with it.

use super::file::{Flaw, How};
use crate::model::{Digest, ImageRef, Span, WorkloadId};
use std::collections::BTreeMap;

/// One content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// The image that it was made as, by its public name.
    pub image: ImageRef,
    /// All that is wrong with it: its own flaws and those of its bases.
    pub flaws: Vec<Flaw>,
}

/// All contents that were ever made. None is forgotten: what runs may be in no registry any more.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents(BTreeMap<Digest, Content>);

impl Contents {
    /// Makes a content of a name that says all that it is made of, and answers its digest.
    pub fn make(&mut self, image: &ImageRef, of: &str, flaws: Vec<Flaw>) -> Digest {
        let digest = Digest::of(format!("{image}\n{of}").as_bytes());
        self.0.entry(digest.clone()).or_insert_with(|| Content { image: image.clone(), flaws });
        digest
    }

    pub fn get(&self, digest: &Digest) -> Option<&Content> {
        self.0.get(digest)
    }

    /// All that is wrong with a content; nothing when it is unknown.
    pub fn flaws(&self, digest: &Digest) -> &[Flaw] {
        self.0.get(digest).map_or(&[], |content| &content.flaws)
    }

    /// Whether a content shows this flaw when it is built or tested as `image`.
    pub fn image_has(&self, digest: &Digest, image: &ImageRef, how: How) -> bool {
        self.flaws(digest).iter().any(|flaw| flaw.how == how && hits_image(flaw, image))
    }

    /// The flaws that a workload shows when it runs this content, each with how long after the start.
    pub fn of_workload(&self, digest: &Digest, workload: &WorkloadId) -> Vec<(How, Span)> {
        let Some(content) = self.0.get(digest) else { return Vec::new() };
        let hits = |flaw: &&Flaw| {
            flaw.hits == workload.to_string() || (hits_image(flaw, &content.image) && runs(flaw.how))
        };
        let shown = content.flaws.iter().filter(hits);
        shown.map(|flaw| (flaw.how, flaw.after.map_or(Span::default(), |after| after.0))).collect()
    }
}

fn hits_image(flaw: &Flaw, image: &ImageRef) -> bool {
    flaw.hits == image.to_string() || flaw.hits.parse().is_ok_and(|hit: ImageRef| hit == *image)
}

/// Whether it shows where the content runs.
fn runs(how: How) -> bool {
    match how {
        How::BuildFails | How::BuildHangs | How::TestsFail | How::TestsFlake | How::TestsHang => false,
        How::NoPlace
        | How::NeverHealthy
        | How::Crashes
        | How::ExitsZero
        | How::Sick
        | How::HealthLies
        | How::HealthHangs => true,
    }
}
