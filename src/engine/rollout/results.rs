//! Results of a node step's effects. A result that is not waited for (late, double, cancelled) changes nothing.

use super::advance::{after_preflight, with_rollout};
use super::facts::{drop_node, put_node};
use super::restore::{fail, go_on, quarantine};
use super::stage::enter;
use super::{NodeCause, NodeStage, NodeStep, Question, Rollout, cordon, moved};
use crate::engine::incident::Cause;
use crate::engine::orphans;
use crate::engine::run::again;
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::model::defect::{Defect, present};
use crate::model::nodes::{
    Availability, Finding, FindingKind, Machine, Moved, NodeLook, NodeReport, NodeRole, PreflightReport,
    ProvisionReport, ShiftReport, Strategy,
};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{Action, Actor, EffectId, NodeRef, Timestamp, limits};

/// The place of the step that waits for this result.
pub(super) fn place_of(
    state: &State,
    id: &EffectId,
    waits: fn(&NodeStep, &EffectId) -> bool,
) -> Option<usize> {
    let step = state.node_step_of(id.run, &id.step)?;
    waits(step, id).then_some(step.place)
}

/// Takes a result in: a good answer goes to `good`; "not reached" is tried again later.
fn result<T: Clone>(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<T>,
    out: &mut Outcome,
    good: impl FnOnce(&mut State, &mut Rollout, usize, T, &mut Outcome),
) {
    let Some(place) = place_of(state, id, |step, id| step.doing.as_ref() == Some(id)) else { return };
    with_rollout(state, id.run, out, |state, rollout, out| {
        let Some(step) = rollout.at_mut(place) else { return };
        step.doing = None;
        out.touch_step(id.run, &id.step);
        match answer {
            Answer::Unreachable(cause) => wait(state, step, id.action, cause.clone()),
            Answer::Done(report) => good(state, rollout, place, report.clone(), out),
        }
    });
}

/// Tried again later, longer each time.
fn wait(state: &State, step: &mut NodeStep, action: Action, cause: Unreachable) {
    step.retry = Some(again(state.now, step.retry.as_ref(), cause));
    step.want = Some(action);
}

pub(super) fn reached(rollout: &mut Rollout, place: usize) {
    if let Some(step) = rollout.at_mut(place) {
        step.retry = None;
    }
}

/// 1. The node is gone: it is left out.
/// 2. Nothing is in the way, or a person has agreed to what is: on.
/// 3. Only gaps are in the way: a person is asked.
/// 4. What may pass by itself is waited out, as long as moving the work may take.
/// 5. Else it has failed, before anything was touched.
pub(in crate::engine) fn preflighted(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<Option<PreflightReport>>,
    out: &mut Outcome,
) {
    result(state, id, answer, out, |state, rollout, place, report, out| {
        let waited = rollout.at(place).and_then(|step| step.retry.clone());
        reached(rollout, place);
        let Some(mut report) = report else {
            let by = Actor::Outside("its fleet, where it is gone".to_owned());
            return enter(state, rollout, place, NodeStage::Skipped(by), None, out);
        };
        report.blocks.truncate(limits::FINDINGS);
        report.notes.truncate(limits::FINDINGS);
        let longest = rollout.how.limits.shift;
        let Some(step) = rollout.at_mut(place) else { return };
        let blocks: Vec<Finding> = report.blocks.iter().filter(|one| !agreed(step, one)).cloned().collect();
        step.preflight = Some(report);
        let Some(first) = blocks.first().cloned() else {
            return after_preflight(state, rollout, place, out);
        };
        let kinds = |kinds: &[FindingKind]| blocks.iter().all(|one| kinds.contains(&one.kind));
        let over = waited.as_ref().is_some_and(|retry| state.now.since(retry.since) >= longest);
        if kinds(&[FindingKind::Gap]) {
            let asked = NodeStage::Undecided(Question::Gaps(blocks));
            enter(state, rollout, place, asked, None, out);
        } else if kinds(&[FindingKind::Gap, FindingKind::Disruption, FindingKind::Unsettled]) && !over {
            let passing = blocks.iter().find(|one| one.kind != FindingKind::Gap).unwrap_or(&first);
            let why = super::cause::one(passing);
            let cause = Unreachable { who: "preflight".to_owned(), why, retry_after: None };
            step.retry = waited;
            wait(state, step, Action::Preflight, cause);
        } else {
            fail(state, rollout, place, Cause::Node(NodeCause::Preflight(blocks)), out);
        }
    });
}

fn agreed(step: &NodeStep, finding: &Finding) -> bool {
    let known = finding.workload.as_ref().is_some_and(|workload| step.gaps.contains(workload));
    finding.kind == FindingKind::Gap && known
}

/// A machine that bears the name of a node which was there before it was asked for is none of ours: it is not remembered, so that
/// taking back cannot remove it.
pub(in crate::engine) fn provisioned(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ProvisionReport<Machine>>,
    out: &mut Outcome,
) {
    result(state, id, answer, out, |state, rollout, place, report, out| {
        reached(rollout, place);
        let longest = rollout.how.limits.join;
        let failed = |what: String, stderr: String| Cause::Node(NodeCause::NeverProvisioned { what, stderr });
        let Some(step) = rollout.at(place) else { return };
        match report {
            ProvisionReport::Failed { what, stderr } => {
                fail(state, rollout, place, failed(what, stderr), out);
            }
            ProvisionReport::Done(machine) if foreign(state, step, &machine, step.since) => {
                let what = format!("it named {}, which is another node of the fleet", machine.node);
                fail(state, rollout, place, failed(what, String::new()), out);
            }
            ProvisionReport::Done(machine) => {
                enter(state, rollout, place, NodeStage::Joining, None, out);
                let Some(step) = rollout.at_mut(place) else { return };
                step.traces.machine = Some(machine);
                step.deadline = (!present(Defect::JoinedNever)).then(|| state.now + longest);
            }
        }
    });
}

/// Whether the machine is under a node that was there before one was asked for. Stamps stand still while the clock is set back: one that joined in
/// the same stamp is a new one unless it belongs to somebody.
fn foreign(state: &State, step: &NodeStep, machine: &Machine, asked: Timestamp) -> bool {
    let node = NodeRef { fleet: step.node.fleet.clone(), name: machine.node.clone() };
    let look = state.nodes.get(&node);
    let taken = look.is_some_and(|look| look.pool.is_some() || look.role != NodeRole::Worker);
    let before = |joined: &Timestamp| *joined < asked || (*joined == asked && taken);
    node == step.node || state.joined.get(&node).is_some_and(before)
}

/// Which machine was made, where `provision` had not said so: by its name what has joined of it is found, emptied and removed. Where that
/// cannot be known, what there is goes by its token alone.
pub(in crate::engine) fn found(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ProvisionReport<Option<Machine>>>,
    out: &mut Outcome,
) {
    result(state, id, answer, out, |state, rollout, place, report, out| {
        reached(rollout, place);
        let Some(step) = rollout.at_mut(place) else { return };
        step.traces.looked = true;
        if let ProvisionReport::Done(Some(machine)) = report {
            let begun = step.started.unwrap_or(step.since);
            step.traces.machine = Some(machine).filter(|machine| !foreign(state, step, machine, begun));
        }
        go_on(state, rollout, place, out);
    });
}

/// Result of a change to a node: its labels, whether it takes work, its leaving.
pub(in crate::engine) fn changed(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<NodeReport>,
    out: &mut Outcome,
) {
    let action = id.action;
    result(state, id, answer, out, |state, rollout, place, report, out| {
        let restoring = rollout.at(place).is_some_and(|step| matches!(step.stage, NodeStage::Restoring(_)));
        match action {
            Action::Admit => admitted(state, rollout, place, report, out),
            Action::Cordon => cordon::cordoned(state, rollout, place, report, out),
            Action::Uncordon => uncordoned(state, rollout, place, report, out),
            _ if restoring => new_left(state, rollout, place, report, out),
            _ => old_left(state, rollout, place, report, out),
        }
    });
}

/// It could not be done for good: what was under way fails; what was being taken back is a person's now.
pub(super) fn refused(
    state: &mut State,
    rollout: &mut Rollout,
    place: usize,
    why: String,
    out: &mut Outcome,
) {
    if rollout.at(place).is_some_and(|step| matches!(step.stage, NodeStage::Restoring(_))) {
        return quarantine(state, rollout, place, format!("the orchestrator refused: {why}"), out);
    }
    fail(state, rollout, place, Cause::Node(NodeCause::Refused(why)), out);
}

fn admitted(state: &mut State, rollout: &mut Rollout, place: usize, report: NodeReport, out: &mut Outcome) {
    let pool = rollout.pool.clone();
    let Some(step) = rollout.at_mut(place) else { return };
    let restoring = matches!(step.stage, NodeStage::Restoring(_));
    match report {
        NodeReport::Refused(why) => refused(state, rollout, place, why, out),
        NodeReport::Gone if restoring => {
            quarantine(state, rollout, place, "the node is gone from its fleet".to_owned(), out);
        }
        NodeReport::Gone if step.stage == NodeStage::Joining => {
            // It came and went: it is waited for until its time is over.
            (step.traces.joined, step.retry) = (None, None);
        }
        NodeReport::Gone => wait(state, step, Action::Admit, not_there(step)),
        NodeReport::Done { .. } | NodeReport::Cordoned { .. } => {
            step.retry = None;
            step.traces.admitted = !restoring;
            let release = if restoring { step.was.clone() } else { Some(step.target.clone()) };
            match step.stage {
                NodeStage::Rejoining => step.want = Some(Action::Uncordon),
                NodeStage::Joining => step.deadline = None,
                _ => {}
            }
            let node = step.traces.joined.as_ref().map_or(&step.node, |(node, _)| node).clone();
            let (zone, token) = (step.zone.clone(), step.traces.token.clone());
            know(state, &node, out, |look| {
                (look.pool, look.release, look.zone) = (Some(pool), release, zone);
                look.token = token.or(look.token.take());
            });
            go_on(state, rollout, place, out);
        }
    }
}

fn not_there(step: &NodeStep) -> Unreachable {
    Unreachable {
        who: step.node.to_string(),
        why: "it is not in its fleet now".to_owned(),
        retry_after: None,
    }
}

/// What we did to a node is known at once, and not only with the next look.
pub(super) fn know(state: &mut State, node: &NodeRef, out: &mut Outcome, change: impl FnOnce(&mut NodeLook)) {
    if let Some(mut look) = state.nodes.get(node).cloned() {
        change(&mut look);
        put_node(state, node, look, out);
    }
}

fn uncordoned(state: &mut State, rollout: &mut Rollout, place: usize, report: NodeReport, out: &mut Outcome) {
    let Some(step) = rollout.at_mut(place) else { return };
    match report {
        NodeReport::Refused(why) => refused(state, rollout, place, why, out),
        NodeReport::Gone if step.stage == NodeStage::Rejoining => {
            wait(state, step, Action::Uncordon, not_there(step));
        }
        // There is nothing to give back: the cordon that is asked for next finds that out too.
        NodeReport::Gone if step.stage == NodeStage::Cordoning => {
            (step.retry, step.traces.cordoned) = (None, false);
        }
        NodeReport::Gone => {
            quarantine(state, rollout, place, NodeCause::OldNodeGone.to_string(), out);
        }
        NodeReport::Done { .. } | NodeReport::Cordoned { .. } => {
            // What lands on it from now on is not known.
            (step.retry, step.carried) = (None, None);
            step.traces.cordoned = false;
            let node = step.node.clone();
            know(state, &node, out, |look| look.availability = Availability::Active);
            go_on(state, rollout, place, out);
        }
    }
}

/// The old node left its fleet: its machine is removed.
fn old_left(state: &mut State, rollout: &mut Rollout, place: usize, report: NodeReport, out: &mut Outcome) {
    reached(rollout, place);
    match report {
        NodeReport::Refused(why) => refused(state, rollout, place, why, out),
        NodeReport::Done { .. } | NodeReport::Cordoned { .. } | NodeReport::Gone => {
            let Some(step) = rollout.at_mut(place) else { return };
            step.want = Some(Action::Deprovision);
            if let Some(token) = &step.token {
                state.delivered.remove(token);
            }
            let node = step.node.clone();
            drop_node(state, &node, out);
        }
    }
}

/// The node that was to take over left the fleet again.
fn new_left(state: &mut State, rollout: &mut Rollout, place: usize, report: NodeReport, out: &mut Outcome) {
    reached(rollout, place);
    match report {
        NodeReport::Refused(why) => refused(state, rollout, place, why, out),
        NodeReport::Done { .. } | NodeReport::Cordoned { .. } | NodeReport::Gone => {
            let joined = rollout.at_mut(place).and_then(|step| step.traces.joined.take());
            if let Some((node, _)) = joined {
                drop_node(state, &node, out);
            }
            go_on(state, rollout, place, out);
        }
    }
}

/// Result of moving the work, there or back.
pub(in crate::engine) fn shifted(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ShiftReport>,
    out: &mut Outcome,
) {
    let back = id.action == Action::ShiftBack;
    cordon::of_older_version(state, id, out);
    result(state, id, answer, out, |state, rollout, place, report, out| {
        reached(rollout, place);
        if back {
            emptied(state, rollout, place, report, out);
        } else {
            moved_off(state, rollout, place, report, out);
        }
    });
}

fn moved_off(state: &mut State, rollout: &mut Rollout, place: usize, report: ShiftReport, out: &mut Outcome) {
    let Some(step) = rollout.at_mut(place) else { return };
    let node = step.node.clone();
    match report {
        ShiftReport::Blocked { moved, by } => {
            step.moved = moved;
            know(state, &node, out, |look| look.availability = Availability::Cordoned);
            fail(state, rollout, place, Cause::Node(NodeCause::DrainBlocked(by)), out);
        }
        ShiftReport::Shifted { moved } => {
            know(state, &node, out, |look| {
                look.availability = Availability::Drained;
                look.work.clear();
            });
            moved::moved(state, rollout, place, moved, out);
        }
        // The old node went by itself, and the orchestrator has moved its work: that is watched like any other move.
        ShiftReport::Gone => {
            let all = step.carries().into_iter().flatten();
            let moved = all.map(|(workload, tasks)| Moved {
                workload: workload.clone(),
                tasks: *tasks,
                to: Vec::new(),
                by: Vec::new(),
            });
            let moved = moved.collect();
            moved::moved(state, rollout, place, moved, out);
        }
    }
}

fn emptied(state: &mut State, rollout: &mut Rollout, place: usize, report: ShiftReport, out: &mut Outcome) {
    let in_place = rollout.how.strategy == Strategy::InPlace;
    let Some(step) = rollout.at_mut(place) else { return };
    match report {
        ShiftReport::Blocked { by, .. } => {
            let node = step.nodes().last().cloned();
            if let Some(node) = node {
                know(state, &node, out, |look| look.availability = Availability::Cordoned);
            }
            let why = by.first().map_or_else(|| "it did not end in time".to_owned(), super::cause::one);
            quarantine(state, rollout, place, format!("the work could not be moved back: {why}"), out);
        }
        ShiftReport::Shifted { .. } | ShiftReport::Gone => {
            step.traces.emptied = true;
            step.traces.cordoned |= in_place;
            step.deadline = None;
            let node = step.nodes().last().cloned();
            if let Some(node) = node {
                know(state, &node, out, |look| {
                    look.availability = Availability::Drained;
                    look.work.clear();
                });
            }
            go_on(state, rollout, place, out);
        }
    }
}

/// Result of an update in place, to the release or back.
pub(in crate::engine) fn updated(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ProvisionReport<()>>,
    out: &mut Outcome,
) {
    result(state, id, answer, out, |state, rollout, place, report, out| {
        reached(rollout, place);
        let longest = rollout.how.limits.join;
        let Some(step) = rollout.at_mut(place) else { return };
        let restoring = matches!(step.stage, NodeStage::Restoring(_));
        match report {
            ProvisionReport::Failed { what, .. } if restoring => {
                quarantine(state, rollout, place, format!("the node was not updated back: {what}"), out);
            }
            ProvisionReport::Failed { what, stderr } => {
                fail(state, rollout, place, Cause::Node(NodeCause::UpdateFailed { what, stderr }), out);
            }
            ProvisionReport::Done(()) if restoring => {
                step.traces.updated = false;
                go_on(state, rollout, place, out);
            }
            ProvisionReport::Done(()) => {
                enter(state, rollout, place, NodeStage::Rejoining, Some(Action::Admit), out);
                if let Some(step) = rollout.at_mut(place) {
                    step.deadline = Some(state.now + longest);
                }
            }
        }
    });
}

/// Result of removing a machine: the old one at the end, or the new one that is taken back.
pub(in crate::engine) fn removed(
    state: &mut State,
    id: &EffectId,
    answer: &Answer<ProvisionReport<()>>,
    out: &mut Outcome,
) {
    result(state, id, answer, out, |state, rollout, place, report, out| {
        reached(rollout, place);
        let Some(step) = rollout.at_mut(place) else { return };
        let restoring = matches!(step.stage, NodeStage::Restoring(_));
        match report {
            ProvisionReport::Failed { what, stderr } => {
                let cause = NodeCause::NotRemoved { what, stderr };
                if restoring {
                    quarantine(state, rollout, place, cause.to_string(), out);
                } else {
                    fail(state, rollout, place, Cause::Node(cause), out);
                }
            }
            ProvisionReport::Done(()) if restoring => {
                let (token, machine) = (step.traces.token.take(), step.traces.machine.take());
                // One that was emptied has left its fleet before.
                let machine = machine.filter(|_| !step.traces.emptied);
                if let (Some(token), Some(machine)) = (token, machine) {
                    let node = NodeRef { fleet: step.node.fleet.clone(), name: machine.node };
                    orphans::gone(state, &rollout.pool, node, token);
                }
                go_on(state, rollout, place, out);
            }
            ProvisionReport::Done(()) => {
                enter(state, rollout, place, NodeStage::Done, None, out);
            }
        }
    });
}
