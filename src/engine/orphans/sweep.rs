//! How machines that are left behind go.

use super::{Orphan, OrphanStage, nodes_source};
use crate::engine::due::Due;
use crate::engine::effect::{Effect, Job};
use crate::engine::rollout::drop_node;
use crate::engine::run::{Standing, again_within};
use crate::engine::state::{Key, State};
use crate::engine::step::Outcome;
use crate::engine::{NodeStage, NodeStep};
use crate::model::defect::{Defect, present};
use crate::model::nodes::{DeprovisionJob, Machine, NodeReport, ProvisionReport, RetireJob};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{Action, EffectId, NodeRef, PoolName, RunId, StepKey, Timestamp, limits};

/// A pool was looked at. What is not listed any more after a try to remove it is gone, whatever the command said of it; what else is not seen
/// to be left behind any more is forgotten, unless it is being removed; what was suspected for long enough is removed.
pub(in crate::engine) fn seen(state: &mut State, pool: &PoolName, machines: &[Machine], out: &mut Outcome) {
    let Some(fleet) = state.setup.pools.get(pool).map(|how| how.fleet.clone()) else { return };
    let (now, found) = (state.now, state.orphans_among(pool, machines));
    let listed = |token: &String| found.iter().any(|machine| machine.token.as_ref() == Some(token));
    let tried = state.orphans.iter().filter(|(token, one)| {
        let idle = one.pool == *pool && one.stage == OrphanStage::Removing && one.waits();
        idle && !listed(token) && still(state, token, one)
    });
    for (token, node) in tried.map(|(token, one)| (token.clone(), one.node.clone())).collect::<Vec<_>>() {
        gone(state, pool, node, token);
    }
    state.orphans.retain(|token, one| one.pool != *pool || !one.waits() || listed(token));
    for machine in found {
        let Some(token) = machine.token else { continue };
        let room = state.orphans.len() < limits::ORPHANS;
        match state.orphans.get_mut(&token) {
            Some(one)
                if one.stage == OrphanStage::Suspected && now.since(one.since) >= limits::ORPHAN_SURE =>
            {
                (one.stage, one.since) = (OrphanStage::Removing, now);
            }
            Some(_) => {}
            None if room => {
                let node = NodeRef { fleet: fleet.clone(), name: machine.node };
                state.orphans.insert(token, Orphan::new(pool, node, OrphanStage::Suspected, now));
            }
            None => {}
        }
    }
    out.touch(Key::Pool(pool.clone()));
}

/// A machine was removed, by a step that had made it or as one that was left behind. Should it have joined its fleet, its node is taken out too.
pub(in crate::engine) fn gone(state: &mut State, pool: &PoolName, node: NodeRef, token: String) {
    if state.orphans.len() < limits::ORPHANS {
        let node = state.labelled(&node.fleet, &token).cloned().unwrap_or(node);
        state.orphans.insert(token, Orphan::new(pool, node, OrphanStage::Removed, state.now));
    }
}

/// Nobody may try these steps of a rollout again: what one of them made and could not remove is in nobody's hands. Where its machine is there still,
/// the provisioner's list says so; where only its node is, nothing else would ever look for that.
pub(in crate::engine) fn let_go<'a>(
    state: &mut State,
    pool: &PoolName,
    steps: impl Iterator<Item = &'a NodeStep>,
) {
    let over = |step: &&NodeStep| step.standing() != Standing::Open && step.stage != NodeStage::Done;
    // What carries the work by now, and what has left the fleet by now, is nobody's to look for.
    for step in steps.filter(over).filter(|step| !step.traces.soaked && !step.traces.emptied) {
        let (Some(token), Some(machine)) = (&step.traces.token, &step.traces.machine) else { continue };
        if !state.orphans.contains_key(token) {
            let node = NodeRef { fleet: step.node.fleet.clone(), name: machine.node.clone() };
            gone(state, pool, node, token.clone());
        }
    }
}

/// A source answers again. Whether the node of a removed machine is in its fleet is waited for from now on: nobody could tell before.
pub(in crate::engine) fn heard_again(state: &mut State, who: &str) {
    for one in state.orphans.values_mut() {
        if one.stage == OrphanStage::Removed && nodes_source(&one.node.fleet) == who {
            one.since = state.now;
        }
    }
}

/// What is to be done about one of them now.
enum Next {
    Do(OrphanStage, Action),
    Forget,
    Wait,
}

/// Lets every one of them go on; called after every fact.
pub(in crate::engine) fn go_on(state: &mut State, out: &mut Outcome) {
    let idle = state.orphans.iter().filter(|(_, one)| one.doing.is_none());
    let next: Vec<_> = idle.map(|(token, one)| (token.clone(), next(state, token, one))).collect();
    for (token, next) in next {
        match next {
            Next::Wait => {}
            Next::Forget => {
                let gone = state.orphans.remove(&token);
                out.touched.extend(gone.map(|one| Key::Pool(one.pool)));
            }
            Next::Do(stage, action) => issue(state, &token, stage, action, out),
        }
    }
}

/// 1. Its pool is gone from the configuration, or it is not left behind any more: it is forgotten.
/// 2. It may go now: its machine is removed.
/// 3. The machine is gone, and the node that it left is there: that leaves the fleet.
/// 4. No such node came for a while: it is forgotten.
fn next(state: &State, token: &str, one: &Orphan) -> Next {
    if !state.setup.pools.contains_key(&one.pool) {
        return Next::Forget;
    }
    let now = may_go(state, one) && one.retry.as_ref().is_none_or(|retry| retry.at <= state.now);
    match &one.stage {
        OrphanStage::Suspected => Next::Wait,
        OrphanStage::Removing if !now || present(Defect::OrphanLeft) => Next::Wait,
        OrphanStage::Removing if still(state, token, one) => {
            Next::Do(OrphanStage::Removing, Action::Deprovision)
        }
        OrphanStage::Removing => Next::Forget,
        OrphanStage::Removed => match state.leftover(token, one) {
            Some(uid) if now => Next::Do(OrphanStage::Leaving { uid: uid.to_owned() }, Action::Retire),
            Some(_) => Next::Wait,
            None if !state.knows_nodes_of(&one.node.fleet) => Next::Wait,
            None if one.since + limits::ORPHAN_NODE <= state.now => Next::Forget,
            None => Next::Wait,
        },
        OrphanStage::Leaving { uid } => match state.leftover(token, one) {
            Some(known) if known == uid && now => Next::Do(one.stage.clone(), Action::Retire),
            Some(known) if known == uid => Next::Wait,
            Some(_) | None => Next::Forget,
        },
    }
}

/// Whether it would be left behind, were it listed.
fn still(state: &State, token: &str, one: &Orphan) -> bool {
    let (node, token) = (one.node.name.clone(), Some(token.to_owned()));
    let machine = Machine { node, address: None, token, release: None };
    !state.orphans_among(&one.pool, &[machine]).is_empty()
}

/// Neither a freeze nor a pause of the pool's rollout holds it back, no other daemon has the fleet, and which nodes that has is known.
fn may_go(state: &State, one: &Orphan) -> bool {
    if !state.knows_nodes_of(&one.node.fleet) {
        return false;
    }
    let paused = || state.rolling().any(|rollout| rollout.pool == one.pool && rollout.paused.is_some());
    state.freeze.is_none() && !state.refused_fleets.contains_key(&one.node.fleet) && !paused()
}

fn issue(state: &mut State, token: &str, stage: OrphanStage, action: Action, out: &mut Outcome) {
    state.sweeps += 1;
    let attempt = state.sweeps;
    let Some(one) = state.orphans.get_mut(token) else { return };
    let step = StepKey::Node(one.node.clone());
    let id = EffectId { run: RunId::NONE, step, subject: None, action, attempt };
    (one.stage, one.doing) = (stage, Some(id.clone()));
    out.touch(Key::Pool(one.pool.clone()));
    let one = one.clone();
    out.effects.extend(job(state, token, &one, id).map(Effect::Do));
}

/// The job of what is being done: the same after a restart.
fn job(state: &State, token: &str, one: &Orphan, id: EffectId) -> Option<Job> {
    match &one.stage {
        OrphanStage::Removing => {
            let limits = state.setup.pools.get(&one.pool).map(|how| how.limits);
            Some(Job::Deprovision(Box::new(DeprovisionJob {
                id,
                pool: one.pool.clone(),
                token: Some(token.to_owned()),
                node: Some(one.node.name.clone()),
                unused: Some(one.node.clone()),
                timeout: limits.map_or(limits::PROVISIONER_ENDS, |limits| limits.provision),
            })))
        }
        OrphanStage::Leaving { uid } => {
            Some(Job::Retire(RetireJob { id, node: one.node.clone(), uid: Some(uid.clone()) }))
        }
        OrphanStage::Suspected | OrphanStage::Removed => None,
    }
}

/// What must be done again after a restart.
pub(in crate::engine) fn outstanding(state: &State) -> impl Iterator<Item = Effect> {
    let doing = state.orphans.iter().filter_map(|(token, one)| Some((token, one, one.doing.clone()?)));
    doing.filter_map(|(token, one, id)| job(state, token, one, id)).map(Effect::Do)
}

/// Result of removing the machine. A late or double one changes nothing.
pub(in crate::engine) fn removed(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ProvisionReport<()>>,
    out: &mut Outcome,
) {
    let now = state.now;
    let Some((token, one)) = waiting(state, id, out) else { return };
    match answer {
        Answer::Done(ProvisionReport::Done(())) => {
            let (pool, node) = (one.pool.clone(), one.node.clone());
            state.orphans.remove(&token);
            gone(state, &pool, node, token);
        }
        Answer::Done(ProvisionReport::Failed { what, stderr }) => {
            let why = if stderr.is_empty() { what.clone() } else { format!("{what} ({stderr})") };
            let who = format!("provisioner of {}", one.pool);
            one.wait(now, Unreachable { who, why, retry_after: None });
        }
        Answer::Unreachable(cause) => one.wait(now, cause.clone()),
    }
}

/// Result of taking its node out of the fleet. A refusal is tried again like a failure: rights may be given meanwhile, and it stands among what
/// needs a person.
pub(in crate::engine) fn left(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<NodeReport>,
    out: &mut Outcome,
) {
    let now = state.now;
    let Some((token, one)) = waiting(state, id, out) else { return };
    match answer {
        Answer::Unreachable(cause) => one.wait(now, cause.clone()),
        Answer::Done(NodeReport::Refused(why)) => {
            let who = format!("fleet {}", one.node.fleet);
            one.wait(now, Unreachable { who, why: why.clone(), retry_after: None });
        }
        Answer::Done(NodeReport::Done { .. } | NodeReport::Cordoned { .. } | NodeReport::Gone) => {
            let node = one.node.clone();
            state.orphans.remove(&token);
            drop_node(state, &node, out);
        }
    }
}

/// The one that waits for this result, and waits no more.
fn waiting<'a>(state: &'a mut State, id: &EffectId, out: &mut Outcome) -> Option<(String, &'a mut Orphan)> {
    let mut all = state.orphans.iter_mut();
    let (token, one) = all.find(|(_, one)| one.doing.as_ref() == Some(id))?;
    one.doing = None;
    out.touch(Key::Pool(one.pool.clone()));
    Some((token.clone(), one))
}

impl Orphan {
    fn wait(&mut self, now: Timestamp, cause: Unreachable) {
        self.retry = Some(again_within(now, self.retry.as_ref(), cause, limits::ORPHAN_LONGEST));
    }
}

/// When the next of them goes on by itself.
pub(in crate::engine) fn next_deadline(state: &State) -> Option<(Timestamp, Due<'_>)> {
    let idle = state.orphans.iter().filter(|(_, one)| one.doing.is_none());
    let next = idle.filter_map(|(token, one)| {
        let at = match &one.stage {
            // The poller's next look decides.
            OrphanStage::Suspected => None,
            OrphanStage::Removing | OrphanStage::Leaving { .. } => {
                one.retry.as_ref().filter(|_| may_go(state, one)).map(|retry| retry.at)
            }
            OrphanStage::Removed => {
                let unseen = state.leftover(token, one).is_none() && state.knows_nodes_of(&one.node.fleet);
                unseen.then(|| one.since + limits::ORPHAN_NODE)
            }
        };
        Some((at?, Due::Sweep(&one.node)))
    });
    next.min()
}
