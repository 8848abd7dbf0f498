//! What a workload will not take again by itself.
//!
//! Two builds of the same inputs have different digests, so an entry is keyed by what went in as well as by what came out:
//!
//! 1. the workload is the same, and
//! 2. the digest is the same, or the recipe *and* every upstream digest are the same.
//!
//! So neither the next poll nor a rebuild brings it back; a move of an upstream does, and so does an operator's release.

use super::run::{Body, Run};
use super::state::State;
use crate::model::defect::{Defect, present};
use crate::model::{Digest, ImageRef, RunId, StepKey, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Who will not take it.
    pub workload: WorkloadId,
    /// What came out.
    pub digest: Digest,
    /// The recipe that went in.
    pub recipe: Option<Digest>,
    /// The upstream digests that went in.
    pub upstream: BTreeMap<ImageRef, Digest>,
    /// The run that found out.
    pub run: RunId,
    /// Since when.
    pub since: Timestamp,
    /// What was seen.
    pub why: String,
}

impl State {
    /// The entry that keeps `workload` from the content of `image` that `run` made, if there is one.
    pub fn quarantined(&self, run: &Run, workload: &WorkloadId, image: &ImageRef) -> Option<&Quarantine> {
        let digest = candidate(run, image)?;
        let recipe = recipe(run, image);
        let upstream = self.upstream_of(run, image);
        let same = |q: &&Quarantine| {
            let inputs = recipe.is_some() && q.recipe == recipe && q.upstream == upstream;
            q.workload == *workload && (q.digest == digest || inputs)
        };
        self.quarantine.iter().find(same).filter(|_| !present(Defect::QuarantineIgnored))
    }

    /// Adds the entry for what `run` put onto `workload`.
    pub(super) fn quarantine(
        &mut self,
        run: &Run,
        workload: &WorkloadId,
        image: &ImageRef,
        digest: Digest,
        why: String,
    ) {
        let entry = Quarantine {
            workload: workload.clone(),
            recipe: recipe(run, image),
            upstream: self.upstream_of(run, image),
            run: run.id,
            since: self.now,
            digest,
            why,
        };
        self.quarantine.retain(|q| q.workload != *workload || q.digest != entry.digest);
        self.quarantine.push(entry);
    }

    /// The digests of other people's images that `image` stands on in `run`, through all its bases.
    pub(super) fn upstream_of(&self, run: &Run, image: &ImageRef) -> BTreeMap<ImageRef, Digest> {
        let mut found = BTreeMap::new();
        let mut open = vec![image.clone()];
        while let Some(image) = open.pop() {
            for (base, digest) in self.bases_of(run, &image) {
                let ours = self.setup.recipes.contains_key(&base);
                if !ours {
                    found.insert(base, digest);
                } else if base != image && !open.contains(&base) {
                    open.push(base);
                }
            }
        }
        found
    }

    fn bases_of(&self, run: &Run, image: &ImageRef) -> BTreeMap<ImageRef, Digest> {
        match run.steps.get(&StepKey::Image(image.clone())).map(|step| &step.body) {
            Some(Body::Image(step)) => step.bases.clone(),
            _ => self.made.get(image).map(|made| made.bases.clone()).unwrap_or_default(),
        }
    }
}

fn candidate(run: &Run, image: &ImageRef) -> Option<Digest> {
    run.image_step(image)?.digest.clone()
}

fn recipe(run: &Run, image: &ImageRef) -> Option<Digest> {
    run.image_step(image)?.inputs.as_ref().map(|inputs| inputs.recipe.clone())
}
