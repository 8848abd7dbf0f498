//! What a workload will not take again by itself.
//!
//! Two builds of the same inputs have different digests, so an entry is keyed by what went in as well as by what came out:
//!
//! 1. the workload is the same, and
//! 2. the digest is the same, or every upstream digest *and* every recipe are the same, its own and those of the bases that we build.
//!
//! So neither the next poll nor a rebuild brings it back; a move of an upstream does, a recipe that was mended anywhere below it, and an
//! operator's release.

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
    /// The recipes that went in: its own, or one digest of all where bases of ours have their own.
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
        let (recipe, upstream) = self.origin(run, image);
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
        let (recipe, upstream) = self.origin(run, image);
        let entry = Quarantine {
            workload: workload.clone(),
            recipe,
            upstream,
            run: run.id,
            since: self.now,
            digest,
            why,
        };
        self.quarantine.retain(|q| q.workload != *workload || q.digest != entry.digest);
        self.quarantine.push(entry);
    }

    /// What `image` was made of in `run`, through all its bases: the recipes, and the digests of other people's images. No recipe where
    /// its own is not known.
    fn origin(&self, run: &Run, image: &ImageRef) -> (Option<Digest>, BTreeMap<ImageRef, Digest>) {
        let (mut upstream, mut below) = (BTreeMap::new(), BTreeMap::new());
        let mut open = vec![image.clone()];
        while let Some(next) = open.pop() {
            for (base, digest) in self.bases_of(run, &next) {
                if !self.setup.recipes.contains_key(&base) {
                    upstream.insert(base, digest);
                } else if base != *image && !below.contains_key(&base) {
                    below.insert(base.clone(), self.recipe_of(run, &base));
                    open.push(base);
                }
            }
        }
        let own = self.recipe_of(run, image);
        let recipe = if below.is_empty() { own } else { own.map(|own| all_recipes(&own, &below)) };
        (recipe, upstream)
    }

    fn recipe_of(&self, run: &Run, image: &ImageRef) -> Option<Digest> {
        match run.image_step(image) {
            Some(step) => step.inputs.as_ref().map(|inputs| inputs.recipe.clone()),
            None => self.made.get(image).map(|made| made.recipe.clone()),
        }
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

/// One digest of an image's own recipe and of those below it.
fn all_recipes(own: &Digest, below: &BTreeMap<ImageRef, Option<Digest>>) -> Digest {
    let unknown = || "not known".to_owned();
    let lines = below.iter().map(|(image, recipe)| {
        format!("\n{image} {}", recipe.as_ref().map_or_else(unknown, Digest::to_string))
    });
    Digest::of(lines.fold(own.to_string(), |all, line| all + &line).as_bytes())
}
