//! A workload's row: what runs, how well, and what it will not take again.

use super::{View, image, standing};
use crate::api::rows::{Mark, QuarantineRow, Row, WorkloadRow};
use crate::engine::quarantine::Quarantine;
use crate::engine::run::{Standing, Step};
use crate::engine::{Run, State};
use crate::model::reports::{Look, Running, UpdateState};
use crate::model::{Digest, StepKey, WorkloadId};
use std::collections::BTreeSet;

/// Every workload that has a row: ours, and what runs beside it.
pub(super) fn workloads(state: &State) -> BTreeSet<WorkloadId> {
    state.setup.workloads.keys().chain(state.running.keys()).cloned().collect()
}

pub(super) fn workload(view: View<'_>, id: &WorkloadId) -> Row {
    let state = view.state;
    let how = state.setup.workloads.get(id);
    let running = state.running.get(id);
    let step = step_of(state, id);
    let look =
        view.beside.look(id).or_else(|| step.and_then(|(_, step)| step.deploy()?.look.as_deref().cloned()));
    let (is, should) = counts(look.as_ref(), running);
    let digest = look.as_ref().and_then(|look| look.digest.clone()).or_else(|| running?.digest.clone());
    let (mark, words) = stands(state, id, step, (is, should));
    let fleet = format!("fleet {}", id.fleet);
    Row::Workload(WorkloadRow {
        workload: id.clone(),
        image: how.map(|how| how.image.clone()),
        runs: running.map(|running| running.image.clone()).unwrap_or_default(),
        stands_on: digest.as_ref().and_then(|digest| stands_on(state, id, digest)),
        digest,
        owner: how.and_then(|how| how.owner.clone()),
        mark,
        state: words,
        running: is,
        desired: should,
        tasks: look.as_ref().map(|look| look.tasks.clone()).unwrap_or_default(),
        probes: look.as_ref().and_then(|look| look.probes.clone()),
        update: look.as_ref().map_or(UpdateState::None, |look| look.update.clone()),
        quarantine: state
            .quarantine
            .iter()
            .filter(|q| q.workload == *id && in_force(state, q))
            .map(quarantine)
            .collect(),
        run: step.filter(|(_, step)| step.standing() == Standing::Open).map(|(run, _)| run.id),
        seen: look.map(|look| look.at).or_else(|| view.sources.get(&fleet)?.last),
    })
}

/// Its step in the run that has it in hand, else in the latest one.
fn step_of<'a>(state: &'a State, id: &WorkloadId) -> Option<(&'a Run, &'a Step)> {
    let key = StepKey::Deploy(id.clone());
    let with = || state.each_run().rev().filter_map(|run| Some((run, run.steps.get(&key)?)));
    let in_hand =
        |(_, step): &(&Run, &Step)| step.deploy().is_some_and(|deploy| deploy.stage.holds_workload());
    let open = |(_, step): &(&Run, &Step)| step.standing() == Standing::Open;
    with().find(in_hand).or_else(|| with().find(open)).or_else(|| with().next())
}

fn counts(look: Option<&Look>, running: Option<&Running>) -> (u32, u32) {
    match (look, running) {
        (Some(look), _) => (look.running, look.desired),
        (None, Some(running)) => (running.running, running.desired),
        (None, None) => (0, 0),
    }
}

fn stands_on(state: &State, id: &WorkloadId, digest: &Digest) -> Option<Digest> {
    let image = &state.setup.workloads.get(id)?.image;
    let made = state.made.get(image).filter(|made| made.digest == *digest)?;
    match image::stands_on(state, image) {
        Some((_, root)) => root,
        None => Some(made.digest.clone()),
    }
}

/// 1. Nobody can see it: unknown, whatever was seen last.
/// 2. A run has it in hand, or left it otherwise than well: as its step stands.
/// 3. Less run than should: sick.
/// 4. It runs something else than the tag of its image says: behind.
/// 5. A run has judged it healthy: good. Nobody has: unknown.
fn stands(
    state: &State,
    id: &WorkloadId,
    step: Option<(&Run, &Step)>,
    (is, should): (u32, u32),
) -> (Mark, String) {
    if let Some(lost) = state.lost.get(&format!("fleet {}", id.fleet)) {
        return (Mark::Unknown, format!("fleet not reached since {}", lost.since.hours_minutes()));
    }
    if let Some(holder) = state.refused_fleets.get(&id.fleet) {
        return (Mark::Unknown, format!("fleet held by {holder}"));
    }
    if let Some((run, step)) = step
        && (in_hand(step) || standing::cause(step).is_some())
    {
        return (standing::mark(run, step), standing::words(step));
    }
    match state.running.get(id) {
        None => (Mark::Unknown, "not there".to_owned()),
        Some(_) if is < should => (Mark::Sick, format!("{is} of {should} run")),
        Some(runs) if let Some(why) = behind(state, id, runs, step) => (Mark::Moved, why),
        Some(runs) if judged_well(step, runs) => (Mark::Good, "healthy".to_owned()),
        // It runs, and nobody has judged it: green needs a verdict.
        Some(_) => (Mark::Unknown, format!("{is} of {should} run, no verdict")),
    }
}

/// Its step ended well, and what it put there is what runs.
fn judged_well(step: Option<(&Run, &Step)>, runs: &Running) -> bool {
    let deploy = step.and_then(|(_, step)| step.deploy().filter(|_| step.standing() == Standing::Good));
    deploy.is_some_and(|deploy| deploy.want == runs.digest)
}

/// Why it runs something else than the public tag of its image says: what became of the step that should have moved it.
fn behind(state: &State, id: &WorkloadId, runs: &Running, step: Option<(&Run, &Step)>) -> Option<String> {
    let image = &state.setup.workloads.get(id)?.image;
    let (tag, runs) = (state.digest_of(image)?, runs.digest.as_ref()?);
    let why =
        step.map(|(run, step)| format!(", run {} {}", run.id, standing::words(step))).unwrap_or_default();
    (tag != runs).then(|| format!("behind: {} is at {}{why}", image.short(), tag.short()))
}

fn in_hand(step: &Step) -> bool {
    step.deploy().is_some_and(|deploy| deploy.stage.holds_workload()) || standing::hold(step).is_some()
}

/// Whether upstream is where it was when the entry was made. It has moved on: the entry only matters if it moves back.
fn in_force(state: &State, entry: &Quarantine) -> bool {
    entry.upstream.iter().all(|(image, digest)| state.digest_of(image) == Some(digest))
}

fn quarantine(entry: &Quarantine) -> QuarantineRow {
    let upstream: Vec<String> = entry.upstream.keys().map(crate::model::ImageRef::short).collect();
    let moves = if upstream.is_empty() {
        "another content".to_owned()
    } else {
        format!("the next move of {}", upstream.join(" or "))
    };
    QuarantineRow {
        digest: entry.digest.clone(),
        since: entry.since,
        run: entry.run,
        why: entry.why.clone(),
        ends: format!("{moves}, or U"),
    }
}
