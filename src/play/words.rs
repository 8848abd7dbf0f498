//! The word that is told of each step, in a story and in a debriefing.

use crate::engine::{Run, State, Step};
use crate::model::{RunId, StepKey};
use std::collections::BTreeMap;

/// What stands for a step that has come to its next stage and may not begin it: nobody should read that a pause did not hold.
const HELD_BACK: &str = "held back";

/// Of every step of these runs.
pub(super) fn of_runs<'a>(
    state: &State,
    runs: impl IntoIterator<Item = &'a Run>,
) -> BTreeMap<(RunId, StepKey), &'static str> {
    let steps = runs.into_iter().flat_map(|run| run.steps.values().map(move |step| (run, step)));
    steps.map(|(run, step)| ((run.id, step.key.clone()), word(state, run, step))).collect()
}

fn word(state: &State, run: &Run, step: &Step) -> &'static str {
    if state.is_held_back(run, step) { HELD_BACK } else { step.word() }
}
