//! Invariant 8.

use super::Past;
use super::put_back::changed;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::engine::{Cause, DeployStage, EventKind};
use tidegate::model::{Action, Command, Digest, WorkloadId};
use tidegate::sim::{Doing, Hand};

/// What each workload fell sick of, by what went in: two builds of the same have different digests.
#[derive(Default)]
pub struct Truth {
    sick: BTreeSet<(WorkloadId, Origin)>,
    built: BTreeMap<Digest, (Digest, Vec<Digest>)>,
}

/// What a content was made of: all recipes, and what others published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    recipes: BTreeSet<Digest>,
    upstream: BTreeSet<Digest>,
}

impl Truth {
    fn origin(&self, digest: &Digest) -> Origin {
        let mut origin = Origin { recipes: BTreeSet::new(), upstream: BTreeSet::new() };
        let mut open = vec![digest.clone()];
        while let Some(next) = open.pop() {
            match self.built.get(&next) {
                Some((recipe, bases)) => {
                    origin.recipes.insert(recipe.clone());
                    open.extend(bases.iter().cloned());
                }
                None => drop(origin.upstream.insert(next)),
            }
        }
        origin
    }
}

/// What a workload fell sick of is not deployed to it again by itself.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.sick;
    for deed in moment.deeds {
        if let Doing::Built { digest, recipe, bases, .. } = &deed.doing {
            truth.built.insert(digest.clone(), (recipe.clone(), bases.clone()));
        }
        let (Doing::SpecSet { workload, digest: Some(digest), .. }, Hand::Effect(id)) =
            (&deed.doing, &deed.by)
        else {
            continue;
        };
        let what = (workload.clone(), truth.origin(digest));
        if id.action == Action::Deploy && truth.sick.contains(&what) {
            let (digest, origin) = (digest.short(), what.1);
            return Err(format!("{id} gave {workload} {digest}, of whose like it fell sick: {origin:?}"));
        }
    }
    if let EventKind::Commanded { command: Command::Unquarantine { workload, .. } } = &moment.event.kind {
        truth.sick.retain(|(other, _)| other != workload);
    }
    for (_, step) in changed(moment) {
        let Some(deploy) = step.deploy() else { continue };
        if let (DeployStage::Restored(cause), Some(digest)) = (&deploy.stage, &deploy.want)
            && of_sickness(cause)
        {
            truth.sick.insert((deploy.workload.clone(), truth.origin(digest)));
        }
    }
    Ok(())
}

/// Whether the workload was seen to be sick of what it was given.
fn of_sickness(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::TasksEnded { .. }
            | Cause::ProbesFailed { .. }
            | Cause::NotThereByDeadline { .. }
            | Cause::FewerTasks { .. }
    )
}
