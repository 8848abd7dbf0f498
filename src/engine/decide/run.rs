//! Steering runs: pause, abort, retry, rollback, start, quarantine, freeze.

use super::{Rejection, find_run, find_step, needs_reason, still_as_seen};
use crate::engine::incident::Cause;
use crate::engine::rollout::lock;
use crate::engine::run::{DeployStage, DeployStep, Standing, Step, deploy};
use crate::engine::state::State;
use crate::model::{ImageRef, RunId, Seen, StepKey, Timestamp, WorkloadId};

fn refused<T>(why: String) -> Result<T, Rejection> {
    Err(Rejection::Refused(why))
}

fn under_way(state: &State, run: RunId) -> Result<&crate::engine::run::Run, Rejection> {
    let found = find_run(state, run)?;
    match found.ended {
        Some(at) => {
            refused(format!("run {run} ended {}; there is nothing to stop", at.hours_minutes_seconds()))
        }
        None => Ok(found),
    }
}

pub(super) fn pause(state: &State, run: RunId) -> Result<(), Rejection> {
    match &under_way(state, run)?.paused {
        Some(stop) => {
            Err(Rejection::Already(format!("{} paused this {}", stop.by, stop.since.hours_minutes_seconds())))
        }
        None => Ok(()),
    }
}

pub(super) fn resume(state: &State, run: RunId) -> Result<(), Rejection> {
    match &under_way(state, run)?.paused {
        Some(_) => Ok(()),
        None => Err(Rejection::Already(format!("run {run} is not paused"))),
    }
}

pub(super) fn abort(state: &State, run: RunId, reason: &str) -> Result<(), Rejection> {
    if let Some(stop) = &under_way(state, run)?.aborted {
        let at = stop.since.hours_minutes_seconds();
        return Err(Rejection::Already(format!("{} aborted this {at}", stop.by)));
    }
    needs_reason(reason)
}

pub(super) fn retry(state: &State, run: RunId, key: &StepKey, seen: &Seen) -> Result<(), Rejection> {
    let (run, step) = find_step(state, run, key)?;
    if step.standing() != Standing::Bad {
        return Err(Rejection::Already(format!("{key} has not failed: it is {}", step.word())));
    }
    still_as_seen(state, run, step, seen)?;
    if step.busy() {
        return refused(format!("{key} is still being put back; try again when that is done"));
    }
    match state.runs.values().rev().find(|later| later.id > run.id && later.steps.contains_key(key)) {
        // What this run would make is older than what that one made, or works on.
        Some(later) => refused(format!(
            "run {} is newer and has {} too; try again there, or start a new run with `tidegate start`",
            later.id,
            crate::engine::describe::subject(key)
        )),
        None => quarantine_holds(state, step),
    }
}

fn quarantine_holds(state: &State, step: &Step) -> Result<(), Rejection> {
    let Some(deploy) = step.deploy() else { return Ok(()) };
    let held = state
        .quarantine
        .iter()
        .find(|q| q.workload == deploy.workload && Some(&q.digest) == deploy.want.as_ref());
    match held {
        Some(entry) => refused(format!(
            "{} is in quarantine for {} since {}; `tidegate unquarantine {}` releases it",
            entry.digest.short(),
            entry.workload,
            entry.since.hours_minutes(),
            entry.workload
        )),
        None => Ok(()),
    }
}

/// 1. The step is a deploy whose workload runs what this run put there, also where it failed and was not put back.
/// 2. No other run has the workload in hand, and none has moved it since.
pub(super) fn rollback(state: &State, run: RunId, key: &StepKey, seen: &Seen) -> Result<(), Rejection> {
    let (run, step) = find_step(state, run, key)?;
    let Some(deploy) = step.deploy() else {
        return refused(format!("{key} is an image; roll back the deploy step of a workload that runs it"));
    };
    match &deploy.stage {
        DeployStage::Healthy | DeployStage::Soaking { .. } | DeployStage::Undecided(_) => {}
        DeployStage::Updating if deploy.touched => {}
        DeployStage::Failed(cause) if left_there(deploy, cause) => {}
        DeployStage::Restoring(_) | DeployStage::Restored(_) => {
            return Err(Rejection::Already(format!("{key} is {} already", step.word())));
        }
        DeployStage::Waiting
        | DeployStage::Held(_)
        | DeployStage::Updating
        | DeployStage::Failed(_)
        | DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => {
            return refused(format!("{key} is {}: there is nothing of this run to put back", step.word()));
        }
    }
    still_as_seen(state, run, step, seen)?;
    if let Some(other) = deploy::holder(state, run, &deploy.workload) {
        return refused(format!("run {} has {} in hand now", other.id, deploy.workload));
    }
    if let Some((rollout, step)) = lock::of_workload(state, &deploy.workload) {
        let (id, node) = (rollout.id, &step.node);
        return refused(format!("rollout {id} has {} in hand now, with node {node}", deploy.workload));
    }
    match state.runs.values().find(|later| later.id > run.id && touched(later, key)) {
        Some(later) => {
            refused(format!("run {} has moved {} since; roll that back", later.id, deploy.workload))
        }
        None => Ok(()),
    }
}

/// Whether a deploy that failed left the workload on what it was given: it is irreversible, or could not be put back.
fn left_there(deploy: &DeployStep, cause: &Cause) -> bool {
    let never_ours = matches!(
        cause,
        Cause::ChangedByOthers { .. } | Cause::Busy { .. } | Cause::Gone | Cause::UpdateRefused(_)
    );
    deploy.mark.is_some() && deploy.touched && !never_ours
}

fn touched(run: &crate::engine::run::Run, key: &StepKey) -> bool {
    run.steps.get(key).and_then(Step::deploy).is_some_and(|deploy| deploy.touched)
}

pub(super) fn start(state: &State, image: &ImageRef) -> Result<(), Rejection> {
    let known = state.setup.recipes.contains_key(image) || state.lineage.images().contains(image);
    if !known {
        return refused(format!(
            "{image} is neither built here nor a base of anything; `tidegate lineage` lists what is"
        ));
    }
    if !state.setup.recipes.contains_key(image) && state.digest_of(image).is_none() {
        return refused(format!("{image} was never seen at its registry; it must be reachable first"));
    }
    Ok(())
}

pub(super) fn unquarantine(state: &State, workload: &WorkloadId, reason: &str) -> Result<(), Rejection> {
    if !state.quarantine.iter().any(|entry| entry.workload == *workload) {
        return Err(Rejection::Already(format!("{workload} has nothing in quarantine")));
    }
    needs_reason(reason)
}

pub(super) fn freeze(state: &State, until: Option<Timestamp>) -> Result<(), Rejection> {
    if let Some(stop) = &state.freeze {
        let at = stop.since.hours_minutes_seconds();
        return Err(Rejection::Already(format!("{} froze everything {at}", stop.by)));
    }
    if until.is_some_and(|until| until <= state.now) {
        return refused("the end of the freeze has passed already".to_owned());
    }
    Ok(())
}

pub(super) fn thaw(state: &State) -> Result<(), Rejection> {
    match state.freeze {
        Some(_) => Ok(()),
        None => Err(Rejection::Already("nothing is frozen".to_owned())),
    }
}
