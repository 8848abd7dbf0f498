//! The one way that a run goes on: called after every fact that touched it, until nothing changes any more.

use super::issue::{asks, issue};
use super::{Body, Run, Standing, Step, deploy, image};
use crate::engine::effect::Effect;
use crate::engine::incident::{Cause, Incident};
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::{Action, IncidentId, StepKey};
use std::collections::BTreeSet;

/// Lets every step of `run` go as far as it may now. `run` is not in `state.runs` meanwhile.
pub fn advance(state: &mut State, run: &mut Run, out: &mut Outcome) {
    end_pause(state, run, out);
    loop {
        let mut moved = false;
        for place in 0..run.steps.len() {
            let open = |step: &&Step| step.standing() == Standing::Open;
            let Some(step) = run.steps.at(place).filter(open) else { continue };
            moved |= match step.body {
                Body::Image(_) => image::advance(state, run, place, out),
                Body::Deploy(_) => deploy::advance(state, run, place, out),
            };
        }
        if !moved {
            break;
        }
    }
    for place in 0..run.steps.len() {
        if let Some(key) = run.steps.at(place).filter(|step| asks(step)).map(|step| step.key.clone()) {
            issue(state, run, &key, out);
        }
    }
    settle_run(state, run, out);
}

fn end_pause(state: &State, run: &mut Run, out: &mut Outcome) {
    if run.paused.as_ref().and_then(|p| p.until).is_some_and(|until| until <= state.now) {
        run.paused = None;
        out.touch(Key::Run(run.id));
    }
}

/// Ends the run when all its steps have, and asks for its candidates' removal when their time has come.
pub(in crate::engine) fn settle_run(state: &mut State, run: &mut Run, out: &mut Outcome) {
    let over = run.steps.values().all(|step| step.ended.is_some() && !step.busy());
    match run.ended {
        None if over => {
            run.ended = Some(state.now);
            out.touch(Key::Run(run.id));
        }
        Some(_) if !over && run.steps.values().any(|step| step.ended.is_none()) => {
            run.ended = None;
            out.touch(Key::Run(run.id));
        }
        Some(ended) if !run.discarded && ended + state.setup.retention.candidates <= state.now => {
            run.discarded = true;
            for step in run.steps.values_mut() {
                if step.image().is_some_and(|image| image.candidate.is_some()) {
                    step.want = Some(Action::Discard);
                }
            }
            for key in run.steps.keys().cloned().collect::<Vec<_>>() {
                issue(state, run, &key, out);
            }
        }
        None | Some(_) => {}
    }
}

/// Stops whatever is being done for a step, because its stage ended otherwise.
pub(in crate::engine) fn finish(step: &mut Step, out: &mut Outcome) {
    step.want = None;
    step.retry = None;
    for id in [step.doing.take(), step.watching.take()].into_iter().flatten() {
        out.effects.push(Effect::Cancel(id));
    }
    if let Body::Deploy(deploy) = &mut step.body {
        deploy.unseen = None;
    }
}

/// Opens the incident of a failed step, once.
pub(super) fn open_incident(
    state: &mut State,
    run: &mut Run,
    key: &StepKey,
    cause: &Cause,
    seen: Vec<String>,
    out: &mut Outcome,
) {
    let Some(step) = run.steps.get_mut(key) else { return };
    if !cause.is_incident() || step.incident.is_some() {
        return;
    }
    state.last_incident = IncidentId(state.last_incident.0 + 1);
    let id = state.last_incident;
    step.incident = Some(id);
    let incident = Incident {
        id,
        run: run.id,
        step: key.clone(),
        cause: cause.clone(),
        seen,
        opened: state.now,
        told: BTreeSet::new(),
        claimed: None,
        closed: None,
    };
    state.incidents.insert(id, incident);
    out.touch(Key::Incident(id));
}
