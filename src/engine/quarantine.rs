//! What a workload will not take again by itself.
//!
//! Two builds of the same inputs have different digests, so an entry is keyed by what went in as well as by what came out:
//!
//! 1. the workload is the same, and
//! 2. the digest is the same, or all that went in is: every upstream digest and every recipe, its own and those of the bases that we build
//!    ([`Origin`]).
//!
//! So neither the next poll nor a rebuild brings it back; a move of an upstream does, a recipe that was mended anywhere below it, and an
//! operator's release.

use super::origin::Origin;
use super::run::Run;
use super::state::State;
use crate::model::defect::{Defect, present};
use crate::model::{Digest, ImageRef, RunId, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine {
    /// Who will not take it.
    pub workload: WorkloadId,
    /// What came out.
    pub digest: Digest,
    /// One digest of all that went in ([`Origin::digest`]); none where it is not known.
    #[serde(default)]
    pub inputs: Option<Digest>,
    /// Its own recipe, where we built it.
    pub recipe: Option<Digest>,
    /// The upstream digests that went in, for people.
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
        let inputs = self.origin(run, image, &digest).map(Origin::digest);
        let same = |q: &&Quarantine| {
            q.workload == *workload && (q.digest == digest || inputs.is_some() && q.inputs == inputs)
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
        let origin = self.origin(run, image, &digest);
        let entry = Quarantine {
            workload: workload.clone(),
            inputs: origin.map(Origin::digest),
            recipe: origin.and_then(|origin| origin.recipe_of(image)).cloned(),
            upstream: origin.map(|origin| origin.upstream.iter().cloned().collect()).unwrap_or_default(),
            run: run.id,
            since: self.now,
            digest,
            why,
        };
        self.quarantine.retain(|q| q.workload != *workload || q.digest != entry.digest);
        self.quarantine.push(entry);
    }
}

fn candidate(run: &Run, image: &ImageRef) -> Option<Digest> {
    run.image_step(image)?.digest.clone()
}
