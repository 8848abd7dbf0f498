//! The answer to "why" for rollouts and node steps.

use crate::api::why::{Fact, Link, Why};
use crate::engine::rollout::dossier::concerns;
use crate::engine::{Event, NodeStep, Rollout, State, describe};
use crate::model::{Seq, StepKey};

/// Why a rollout is as it is.
pub(super) fn of_rollout(state: &State, rollout: &Rollout, events: &[(Seq, Event)], most: usize) -> Why {
    let waiting = state.rollout_waiting(rollout);
    let chain = waiting.map(|waiting| Link { subject: format!("rollout {}", rollout.id), waiting });
    let open = rollout.pending.len() + rollout.flying.len();
    let ended = rollout.ended.map(|at| format!("ended {}", at.hours_minutes_seconds()));
    let how = ended.unwrap_or_else(|| format!("{open} of {} nodes are not done", rollout.order.len()));
    Why {
        subject: format!("rollout {}", rollout.id),
        state: format!(
            "{how}; release {} through pool {}, started by {} {}",
            rollout.release,
            rollout.pool,
            rollout.by,
            rollout.started.hours_minutes_seconds()
        ),
        chain: chain.into_iter().collect(),
        facts: facts(state, rollout, None, events, most),
    }
}

/// Why a node step is as it is.
pub(super) fn of_step(
    state: &State,
    rollout: &Rollout,
    step: &NodeStep,
    events: &[(Seq, Event)],
    most: usize,
) -> Why {
    let subject = describe::subject(&step.key);
    let why = step.stage.cause().map(|cause| format!(": {cause}")).unwrap_or_default();
    Why {
        subject: format!("rollout {} {subject}", rollout.id),
        state: format!("{} since {}{why}", step.word(), step.since.hours_minutes_seconds()),
        chain: chain(state, rollout, &step.key),
        facts: facts(state, rollout, Some(&step.key), events, most),
    }
}

pub(super) fn chain(state: &State, rollout: &Rollout, key: &StepKey) -> Vec<Link> {
    let waiting = rollout.steps.get(key).and_then(|step| state.node_waiting(rollout, step));
    waiting.map(|waiting| Link { subject: describe::subject(key), waiting }).into_iter().collect()
}

pub(super) fn facts(
    state: &State,
    rollout: &Rollout,
    step: Option<&StepKey>,
    events: &[(Seq, Event)],
    most: usize,
) -> Vec<Fact> {
    let told = events.iter().map(|(_, event)| event).filter(|event| concerns(rollout, step, event));
    let told: Vec<&Event> = told.collect();
    let fact = |event: &&Event| Fact {
        at: event.at,
        who: event.by.to_string(),
        text: describe::sentence(state, event),
    };
    told[told.len().saturating_sub(most)..].iter().map(fact).collect()
}
