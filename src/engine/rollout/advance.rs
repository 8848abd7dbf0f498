//! The one way that a rollout goes on: called after every fact that touched it, until nothing changes any more.

use super::begin;
use super::issue::issue;
use super::restore::fail;
use super::stage::enter;
use super::{NodeStage, NodeStep, Rollout, cordon, moved};
use crate::engine::incident::Cause;
use crate::engine::rollout::NodeCause;
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::model::defect::{Defect, present};
use crate::model::limits::GROW_AT_ONCE;
use crate::model::nodes::NodeChange;
use crate::model::{Action, NodeRef, RunId, StepKey, token};
use std::collections::BTreeSet;

/// Works on a rollout that is taken out of the state meanwhile, lets it go on, and starts what was chosen to follow it.
pub(in crate::engine) fn with_rollout(
    state: &mut State,
    id: RunId,
    out: &mut Outcome,
    work: impl FnOnce(&mut State, &mut Rollout, &mut Outcome),
) {
    let Some(mut rollout) = state.rollouts.remove(&id) else {
        state.anomaly(&format!("there is no rollout {id}"));
        return;
    };
    let was_over = rollout.ended.is_some();
    work(state, &mut rollout, out);
    advance(state, &mut rollout, out);
    let over = rollout.ended.is_some();
    state.rollouts.insert(id, rollout);
    if over && !was_over {
        begin::follow(state, id, out);
        begin::automatic(state, out);
    }
}

/// Lets every rollout go on.
pub(in crate::engine) fn all_go_on(state: &mut State, out: &mut Outcome) {
    let active: Vec<RunId> = state.rolling().map(|rollout| rollout.id).collect();
    active.into_iter().for_each(|id| with_rollout(state, id, out, |_, _, _| {}));
}

/// Deploy steps and node steps wait for one another: whoever may have been waited for lets the others go on.
pub(in crate::engine) fn settle(state: &mut State, out: &mut Outcome) {
    let touched = |out: &Outcome, kind: fn(&StepKey) -> bool| {
        out.touched.iter().any(|key| matches!(key, Key::Step(_, step) if kind(step)))
    };
    let nodes = |step: &StepKey| matches!(step, StepKey::Node(_));
    let several = state.rolling().nth(1).is_some();
    let deploys = touched(out, |step| matches!(step, StepKey::Deploy(_)));
    if (deploys && state.rolling().next().is_some()) || (several && touched(out, nodes)) {
        all_go_on(state, out);
    }
    if touched(out, nodes) {
        crate::engine::step::runs_go_on(state, out);
    }
}

/// Lets every step go as far as it may now. The rollout is not in `state.rollouts` meanwhile.
pub(super) fn advance(state: &mut State, rollout: &mut Rollout, out: &mut Outcome) {
    if rollout.paused.as_ref().and_then(|p| p.until).is_some_and(|until| until <= state.now) {
        rollout.paused = None;
        State::touch_pool(out, rollout);
    }
    loop {
        let flying: Vec<usize> = rollout.flying.iter().copied().collect();
        let mut moved = false;
        for place in flying {
            moved |= advance_step(state, rollout, place, out);
        }
        moved |= begin_next(state, rollout, out);
        if !moved {
            break;
        }
    }
    for place in rollout.flying.clone() {
        issue(state, rollout, place, out);
    }
    end(state, rollout, out);
}

/// Ends the rollout when all its steps have, unless it stopped and nobody has said how it goes on.
fn end(state: &State, rollout: &mut Rollout, out: &mut Outcome) {
    let done = rollout.pending.is_empty() && rollout.flying.is_empty();
    let over = done && (!rollout.stopped() || rollout.is_ending());
    match rollout.ended {
        None if over => {
            rollout.ended = Some(state.now);
            State::touch_pool(out, rollout);
        }
        Some(_) if !done => {
            rollout.ended = None;
            State::touch_pool(out, rollout);
        }
        None | Some(_) => {}
    }
}

/// What keeps the next step from beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InTheWay {
    /// A person ended the rollout.
    Ending,
    /// More failed than may.
    Stopped,
    /// A pause or a freeze.
    Paused,
    /// Another daemon has the fleet.
    Refused,
    /// Steps of another wave have not ended.
    Wave(u32),
    /// A step in another zone has not ended.
    Zone(StepKey),
    /// As many as may be are out, these among them.
    Out(Vec<String>),
    /// As many as may be at a time are being added.
    Added,
}

/// What keeps a step that has not begun from beginning, if anything does. What is cheap is asked first: only where a place is free
/// are the nodes counted.
pub(super) fn in_the_way(state: &State, rollout: &Rollout, step: &NodeStep) -> Option<InTheWay> {
    if rollout.is_ending() {
        return Some(InTheWay::Ending);
    }
    if rollout.stopped() {
        return Some(InTheWay::Stopped);
    }
    if held_back(state, rollout) {
        return Some(InTheWay::Paused);
    }
    if state.refused_fleets.contains_key(&rollout.how.fleet) {
        return Some(InTheWay::Refused);
    }
    if step.change == NodeChange::Grow {
        // It takes nothing out.
        return (rollout.flying.len() >= GROW_AT_ONCE).then_some(InTheWay::Added);
    }
    if let Some(other) = rollout.in_flight().find(|other| other.wave != step.wave) {
        return Some(InTheWay::Wave(other.wave));
    }
    if let Some(other) = rollout.in_flight().find(|other| other.zone != step.zone) {
        return Some(InTheWay::Zone(other.key.clone()));
    }
    if present(Defect::OutUncounted) {
        return None;
    }
    let most = rollout.how.max_unavailable as usize;
    let flying = rollout.flying.len();
    let names = || rollout.in_flight().map(|other| other.node.name.to_string());
    if flying >= most {
        return Some(InTheWay::Out(names().collect()));
    }
    let others = out_beside(state, rollout, step);
    (flying + others.len() >= most).then(|| InTheWay::Out(names().chain(others).collect()))
}

/// Nodes of the pool that are out, beside this step's own, those of steps in flight, and what was out before.
fn out_beside(state: &State, rollout: &Rollout, step: &NodeStep) -> Vec<String> {
    let in_hand: BTreeSet<&NodeRef> = rollout.in_flight().chain([step]).flat_map(NodeStep::nodes).collect();
    let quarantined = rollout.bad.iter().filter_map(|place| rollout.at(*place));
    let quarantined = quarantined.filter(|other| matches!(other.stage, NodeStage::Quarantined(_)));
    // A node that could not be put back counts whatever the latest look says, which may be older than that.
    let mut out: BTreeSet<&NodeRef> = quarantined.map(|other| &other.node).collect();
    let of_pool = |node: &&NodeRef| {
        let look = state.nodes.get(*node);
        node.fleet == rollout.how.fleet && look.is_some_and(|look| look.pool.as_ref() == Some(&rollout.pool))
    };
    out.extend(state.out.iter().filter(of_pool));
    let counts = |node: &&&NodeRef| !in_hand.contains(**node) && !rollout.out_before.contains(&node.name);
    out.iter().filter(counts).map(|node| node.name.to_string()).collect()
}

/// Whether a pause or a freeze holds back what begins something.
pub(super) fn held_back(state: &State, rollout: &Rollout) -> bool {
    state.freeze.is_some() || rollout.paused.is_some()
}

fn begin_next(state: &mut State, rollout: &mut Rollout, out: &mut Outcome) -> bool {
    let Some(place) = next_place(state, rollout) else { return false };
    match rollout.at(place).map(|step| step.change) {
        // Nothing is emptied, so that there is nothing to ask beforehand.
        Some(NodeChange::Grow) => provision(state, rollout, place, out),
        _ => enter(state, rollout, place, NodeStage::Preflight, Some(Action::Preflight), out),
    }
    true
}

/// The first step in order. Where that waits for nodes that are out, one of its wave whose own node is: no more are out for it.
fn next_place(state: &State, rollout: &Rollout) -> Option<usize> {
    let first = rollout.at(rollout.pending.first().copied()?)?;
    match in_the_way(state, rollout, first) {
        None => Some(first.place),
        Some(InTheWay::Out(_)) if rollout.flying.len() < rollout.how.max_unavailable as usize => {
            // The nodes that are out are few; those that have not begun may be ten thousand.
            let steps = state.out.iter().filter_map(|node| rollout.steps.get(&StepKey::Node(node.clone())));
            let mut waits = steps
                .filter(|step| step.stage == NodeStage::Pending && step.wave == first.wave)
                .filter(|step| in_the_way(state, rollout, step).is_none());
            waits.next().map(|step| step.place)
        }
        Some(
            InTheWay::Ending
            | InTheWay::Stopped
            | InTheWay::Paused
            | InTheWay::Refused
            | InTheWay::Wave(_)
            | InTheWay::Zone(_)
            | InTheWay::Out(_)
            | InTheWay::Added,
        ) => None,
    }
}

/// Lets one step in flight go on where nothing needs to be done first. Answers whether its stage or its wants changed.
fn advance_step(state: &mut State, rollout: &mut Rollout, place: usize, out: &mut Outcome) -> bool {
    let Some(step) = rollout.at(place) else { return false };
    let due = step.deadline.is_some_and(|at| at <= state.now);
    match &step.stage {
        NodeStage::Preflight => cleared(step) && cordon::begin(state, rollout, place, out),
        NodeStage::Provisioning => due && fail(state, rollout, place, overdue(step), out),
        NodeStage::Joining => joining(state, rollout, place, due, out),
        NodeStage::Cordoning => cordon::goes_on(state, rollout, place, out),
        NodeStage::Shifting => shifting(state, rollout, place, due, out),
        NodeStage::Updating => due && fail(state, rollout, place, overdue(step), out),
        NodeStage::Rejoining => rejoining(state, rollout, place, due, out),
        NodeStage::Soaking { .. } | NodeStage::Undecided(super::Question::Verdict(_)) => {
            match sick_node(state, step) {
                Some(cause) => fail(state, rollout, place, cause, out),
                None => moved::advance(state, rollout, place, out),
            }
        }
        NodeStage::Restoring(_) => due && super::restore::overdue(state, rollout, place, out),
        NodeStage::Pending
        | NodeStage::Undecided(super::Question::Gaps(_))
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Restored(_)
        | NodeStage::Failed(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => false,
    }
}

/// Where no new node is made, once the preflight has found nothing: it waits for whoever has the work in hand.
pub(super) fn cleared(step: &NodeStep) -> bool {
    step.preflight.is_some() && step.want.is_none() && step.doing.is_none()
}

/// What was to be made or done did not end in time. Whom it waited for says why.
fn overdue(step: &NodeStep) -> Cause {
    let what = step.retry.as_ref().map_or_else(
        || "it did not end in time".to_owned(),
        |retry| format!("{} gave no answer: {}", retry.cause.who, retry.cause.why),
    );
    Cause::Node(match step.stage {
        NodeStage::Updating => NodeCause::UpdateFailed { what, stderr: String::new() },
        _ => NodeCause::NeverProvisioned { what, stderr: String::new() },
    })
}

/// 1. The node that was made is there and up: it gets its labels.
/// 2. It has them: the old one is cordoned, once nobody else has its work in hand; one that is added is done.
/// 3. It did not come in time.
fn joining(state: &mut State, rollout: &mut Rollout, place: usize, due: bool, out: &mut Outcome) -> bool {
    let Some(step) = rollout.at(place) else { return false };
    if step.traces.admitted {
        return match sick_node(state, step) {
            Some(cause) => fail(state, rollout, place, cause, out),
            None if step.change == NodeChange::Grow => {
                moved::good(state, rollout, place, out);
                true
            }
            None => cordon::begin(state, rollout, place, out),
        };
    }
    if due {
        let node = step.traces.machine.as_ref().map(|machine| machine.node.clone());
        let why = joined_how(state, step);
        return fail(state, rollout, place, Cause::Node(NodeCause::NeverJoined { node, why }), out);
    }
    let idle = step.want.is_none() && step.doing.is_none();
    let found = seen(state, step).filter(|(node, look)| idle && look.up && **node != step.node);
    let Some((node, uid)) = found.map(|(node, look)| (node.clone(), look.uid.clone())) else { return false };
    if let Some(step) = rollout.at_mut(place) {
        step.traces.joined = Some((node, uid));
        step.want = Some(Action::Admit);
    }
    true
}

/// The machine that was made, as the fleet has it.
pub(super) fn seen<'a>(
    state: &'a State,
    step: &NodeStep,
) -> Option<(&'a NodeRef, &'a crate::model::nodes::NodeLook)> {
    let name = step.traces.machine.as_ref()?.node.clone();
    state.nodes.get_key_value(&NodeRef { fleet: step.node.fleet.clone(), name })
}

fn joined_how(state: &State, step: &NodeStep) -> String {
    match (seen(state, step), &step.retry) {
        (_, Some(retry)) => format!("{} gave no answer: {}", retry.cause.who, retry.cause.why),
        (Some((_, look)), None) if look.up => "it joined, and did not get its labels".to_owned(),
        (Some((_, look)), None) => {
            let said = look.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
            format!("it joined, and is down{said}")
        }
        (None, None) => "it was never seen in the fleet".to_owned(),
    }
}

/// Once every workload was looked at, the work is moved.
fn shifting(state: &mut State, rollout: &mut Rollout, place: usize, due: bool, out: &mut Outcome) -> bool {
    let Some(step) = rollout.at(place) else { return false };
    if let Some(cause) = sick_node(state, step) {
        return fail(state, rollout, place, cause, out);
    }
    // A try under way has had its whole time; without one nobody answers.
    let unreachable = step.retry.is_some() && step.doing.is_none();
    if due && !unreachable {
        return fail(state, rollout, place, Cause::Node(NodeCause::DrainBlocked(Vec::new())), out);
    }
    let longest = rollout.how.limits.shift + crate::model::limits::NODE_GRACE;
    let Some(step) = rollout.at_mut(place) else { return false };
    if due {
        // Nobody answers: that is no verdict on the drain. It is tried again, and shown.
        step.deadline = Some(state.now + longest);
        return false;
    }
    let looked = step.watched.values().all(|one| one.want.is_none() && one.doing.is_none());
    let asked = step.want.is_some() || step.doing.is_some() || step.deadline.is_some();
    if asked || !looked {
        return false;
    }
    step.want = Some(Action::Shift);
    true
}

/// The updated node has its label and takes work again; it is up.
fn rejoining(state: &mut State, rollout: &mut Rollout, place: usize, due: bool, out: &mut Outcome) -> bool {
    let Some(step) = rollout.at(place) else { return false };
    let idle = step.want.is_none() && step.doing.is_none();
    let up = state.nodes.get(&step.node).is_some_and(|look| look.up);
    if idle && up && step.traces.admitted && !step.traces.cordoned {
        moved::soak(state, rollout, place, out);
        return true;
    }
    if !due {
        return false;
    }
    let why = match (&step.retry, state.nodes.get(&step.node)) {
        (Some(retry), _) => format!("{} gave no answer: {}", retry.cause.who, retry.cause.why),
        (None, Some(look)) if look.up => "it is up, and did not get its label".to_owned(),
        (None, Some(_)) => "it is down".to_owned(),
        (None, None) => "it is not in the fleet".to_owned(),
    };
    let node = Some(step.node.name.clone());
    fail(state, rollout, place, Cause::Node(NodeCause::NeverJoined { node, why }), out)
}

/// Whether the node that has the release is down or gone. Before it has joined, and in place before it is updated, there is none.
pub(super) fn sick_node(state: &State, step: &NodeStep) -> Option<Cause> {
    let (node, uid) = match (&step.traces.joined, step.traces.updated) {
        (Some((node, uid)), _) => (node, Some(uid)),
        (None, true) if matches!(step.stage, NodeStage::Soaking { .. }) => (&step.node, None),
        (None, _) => return None,
    };
    let why = match state.nodes.get(node) {
        None => "it is gone from its fleet".to_owned(),
        Some(look) if uid.is_some_and(|uid| *uid != look.uid) => {
            "it left and joined as another one".to_owned()
        }
        Some(look) if !look.up => look.message.clone().unwrap_or_else(|| "it is down".to_owned()),
        Some(_) => return None,
    };
    Some(Cause::Node(NodeCause::NodeSick { node: node.name.clone(), why }))
}

impl NodeStep {
    /// Its node, and the one that takes over.
    pub(in crate::engine) fn nodes(&self) -> impl Iterator<Item = &NodeRef> {
        std::iter::once(&self.node).chain(self.traces.joined.iter().map(|(node, _)| node))
    }
}

/// What comes after a preflight that found nothing in the way.
pub(super) fn after_preflight(state: &State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let strategy = rollout.how.strategy;
    // Where no node takes over it waits where it is for whoever has the work in hand.
    if rollout.at(place).is_some_and(|step| step.change.joins(strategy)) {
        provision(state, rollout, place, out);
    }
}

/// A machine is made: from here on it is known by the step's token.
fn provision(state: &State, rollout: &mut Rollout, place: usize, out: &mut Outcome) {
    let token = rollout.at(place).map(|step| token_of(state, rollout.id, step));
    enter(state, rollout, place, NodeStage::Provisioning, Some(Action::Provision), out);
    if let Some(step) = rollout.at_mut(place) {
        step.traces.token = token;
    }
}

/// The new machine's token: the same in every try of one round, another one after a person had the step begin anew.
fn token_of(state: &State, run: RunId, step: &NodeStep) -> String {
    let what = format!("{run} {} {} {}", step.key, step.uid, step.round);
    if state.marks { token::make(&state.install, &what) } else { token::unmarked(&state.install, &what) }
}
