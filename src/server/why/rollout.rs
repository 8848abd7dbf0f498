//! Why a rollout or one of its nodes is as it is.

use super::run::told;
use crate::api::subject::{Subject, matching};
use crate::api::why::{Fact, Link, Why};
use crate::engine::rollout::Question;
use crate::engine::rollout::dossier::concerns;
use crate::engine::run::Standing;
use crate::engine::{Event, NodeStage, NodeStep, Rollout, State, describe};
use crate::model::{Seq, StepKey};

/// The answer, if the subject is of a rollout; within it none when no step, or more than one, is called so.
pub(super) fn of(
    state: &State,
    subject: &Subject,
    events: &[(Seq, Event)],
    most: usize,
) -> Option<Option<Why>> {
    match subject {
        Subject::Run(id) => {
            let rollout = state.rollouts.get(id)?;
            let waiting = state.rollout_waiting(rollout);
            let subject = format!("rollout {id}");
            let chain = waiting.map(|waiting| Link { subject: subject.clone(), waiting });
            let facts = facts(state, rollout, None, events, most);
            Some(Some(Why { subject, state: of_rollout(rollout), chain: chain.into_iter().collect(), facts }))
        }
        Subject::Step(id, text) => {
            let rollout = state.rollouts.get(id)?;
            let [key] = matching(rollout.steps.keys(), text)[..] else { return Some(None) };
            let step = rollout.steps.get(key)?;
            Some(Some(Why {
                subject: format!("rollout {id} {}", describe::subject(key)),
                state: of_step(step),
                chain: chain(state, rollout, key),
                facts: facts(state, rollout, Some(key), events, most),
            }))
        }
        Subject::Incident(_) => None,
    }
}

fn of_rollout(rollout: &Rollout) -> String {
    let ended = rollout.ended.map(|at| format!("ended {}", at.hours_minutes_seconds()));
    let open = rollout.steps.values().filter(|step| step.standing() == Standing::Open).count();
    let how = ended.unwrap_or_else(|| format!("{open} of {} nodes are not done", rollout.steps.len()));
    let stopped = if rollout.stopped() && !rollout.is_ending() {
        let budget = rollout.how.failure_budget;
        format!("; it has stopped: {} failed, and {budget} may", rollout.bad.len())
    } else {
        String::new()
    };
    let back = rollout.back_of.map(|back| format!("; it takes back rollout {back}")).unwrap_or_default();
    let at = rollout.started.hours_minutes_seconds();
    let (release, pool, by) = (&rollout.release, &rollout.pool, &rollout.by);
    format!("{how}{stopped}; release {release} for pool {pool}, started by {by} {at}{back}")
}

/// The stage in a sentence: for what ended badly, the cause.
fn of_step(step: &NodeStep) -> String {
    let since = step.since.hours_minutes_seconds();
    let why = match &step.stage {
        NodeStage::Undecided(Question::Gaps(findings)) => findings.first().map(crate::api::rollout::said),
        NodeStage::Undecided(Question::Verdict(why)) => Some(why.clone()),
        NodeStage::Skipped(by) | NodeStage::Aborted(by) => Some(format!("by {by}")),
        other => other.cause().map(ToString::to_string),
    };
    format!("{} since {since}{}", step.word(), why.map(|why| format!(": {why}")).unwrap_or_default())
}

/// What the node waits for, then what the rollout does, where that is something else.
pub(super) fn chain(state: &State, rollout: &Rollout, key: &StepKey) -> Vec<Link> {
    let Some(step) = rollout.steps.get(key) else { return Vec::new() };
    let Some(own) = state.node_waiting(rollout, step) else { return Vec::new() };
    let whole =
        state.rollout_waiting(rollout).filter(|whole| step.stage == NodeStage::Pending && *whole != own);
    let link = |subject: String, waiting| Link { subject, waiting };
    let own = link(describe::subject(key), own);
    let whole = whole.map(|waiting| link(format!("rollout {}", rollout.id), waiting));
    std::iter::once(own).chain(whole).collect()
}

/// The latest facts that touched the node, or anything of the rollout; and those that made it possible.
pub(super) fn facts(
    state: &State,
    rollout: &Rollout,
    step: Option<&StepKey>,
    events: &[(Seq, Event)],
    most: usize,
) -> Vec<Fact> {
    let found: Vec<&Event> =
        events.iter().map(|(_, event)| event).filter(|event| concerns(rollout, step, event)).collect();
    told(state, &found, most)
}
