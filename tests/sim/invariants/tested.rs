//! Invariant 1.

use super::Past;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::model::{Digest, ImageRef, WorkloadId};
use tidegate::sim::{Doing, Hand, Sim};

/// What passed, and what was where.
#[derive(Default)]
pub struct Truth {
    passed: BTreeSet<Digest>,
    ran: BTreeMap<WorkloadId, BTreeSet<Option<Digest>>>,
    named: BTreeMap<ImageRef, BTreeSet<Option<Digest>>>,
}

impl Truth {
    pub fn new(sim: &Sim) -> Self {
        let mut truth = Self::default();
        for workload in sim.file().workloads.keys() {
            truth.ran.entry(workload.clone()).or_default().insert(sim.runs(workload));
        }
        for image in sim.file().images.keys() {
            truth.named.entry(image.clone()).or_default().insert(sim.tag(image));
        }
        truth
    }
}

/// A workload only ever runs, and a tag of ours only ever names, what passed its tests or was there before.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.tested;
    for deed in moment.deeds {
        let ours = matches!(deed.by, Hand::Effect(_));
        match &deed.doing {
            Doing::Tested { digest, passed: true } => {
                truth.passed.insert(digest.clone());
            }
            Doing::SpecSet { workload, digest, .. } => {
                let before = truth.ran.entry(workload.clone()).or_default();
                let passed = digest.as_ref().is_some_and(|digest| truth.passed.contains(digest));
                if ours && !passed && !before.contains(digest) {
                    return Err(format!(
                        "{workload} was given {digest:?}, which never passed a test, by {:?}",
                        deed.by
                    ));
                }
                before.insert(digest.clone());
            }
            Doing::Tagged { image, to, .. } => {
                let before = truth.named.entry(image.clone()).or_default();
                let passed = to.as_ref().is_some_and(|digest| truth.passed.contains(digest));
                if ours && !passed && !before.contains(to) {
                    return Err(format!(
                        "{image} was moved to {to:?}, which never passed a test, by {:?}",
                        deed.by
                    ));
                }
                before.insert(to.clone());
            }
            Doing::Tested { passed: false, .. }
            | Doing::Built { .. }
            | Doing::Removed { .. }
            | Doing::Hurt { .. }
            | Doing::Well { .. }
            | Doing::Node { .. } => {}
        }
    }
    Ok(())
}
