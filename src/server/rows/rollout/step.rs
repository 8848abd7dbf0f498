//! A node step's row: where it stands, what moved, what may be done with it.

use super::standing;
use crate::api::rollout::said;
use crate::api::rows::{Mark, May, MovedRow, NodePart, Row, StepRow};
use crate::engine::describe::subject;
use crate::engine::rollout::dossier::logs;
use crate::engine::rollout::{Judged, Question, Watched};
use crate::engine::run::{Standing, evidence};
use crate::engine::{Cause, NodeStage, NodeStep, Rollout, State};
use crate::model::nodes::NodeChange;
use crate::model::reports::Look;
use crate::model::{Actor, Command, NodeId, Seen, WorkloadId};
use crate::server::rows::View;
use crate::server::rows::run::{number, usual};
use crate::server::rows::step::progress;
use std::collections::BTreeSet;

pub(in crate::server::rows) fn step(view: View<'_>, rollout: &Rollout, step: &NodeStep) -> Row {
    let state = view.state;
    let incident = step.incident.and_then(|id| state.incidents.get(&id));
    Row::Step(Box::new(StepRow {
        run: rollout.id,
        step: step.key.clone(),
        place: number(step.place),
        title: subject(&step.key),
        mark: standing::mark(rollout, step),
        state: step.word().to_owned(),
        result: result(step),
        digest: None,
        before: None,
        started: step.started,
        ended: step.ended,
        usual: usual(state, &step.key),
        cases: None,
        failing: Vec::new(),
        progress: progress(view, step.doing.as_ref()),
        waiting: state.node_waiting(rollout, step),
        hold: None,
        verdict: verdict(step),
        seen: incident.map(|incident| incident.seen.clone()).unwrap_or_default(),
        logs: logs(rollout, step).iter().map(ToString::to_string).collect(),
        expect: Seen { digest: None, plan: None, generation: Some(step.generation) },
        may: may(state, rollout, step),
        owner: rollout.how.owner.clone(),
        node: Some(Box::new(part(rollout, step))),
    }))
}

/// What came of it: for what failed, why; for what is done, the node that has the release now.
fn result(step: &NodeStep) -> String {
    if let Some(cause) = step.stage.cause() {
        return cause.to_string();
    }
    match &step.stage {
        NodeStage::Done if step.change == NodeChange::Shrink => {
            format!("{} left, and its machine is removed", step.node.name)
        }
        NodeStage::Done => format!("{} runs {}", new_node(step).unwrap_or(&step.node.name), step.target),
        NodeStage::Skipped(by) => format!("left out by {by}"),
        NodeStage::Undecided(Question::Gaps(findings)) => findings.first().map(said).unwrap_or_default(),
        NodeStage::Undecided(Question::Verdict(why)) => why.clone(),
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Retiring
        | NodeStage::Restoring(_)
        | NodeStage::Restored(_)
        | NodeStage::Failed(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => String::new(),
    }
}

/// The node that takes the place of the old one, once it is known.
pub(super) fn new_node(step: &NodeStep) -> Option<&NodeId> {
    let joined = step.traces.joined.as_ref().map(|(node, _)| &node.name);
    joined.or(step.traces.machine.as_ref().map(|machine| &machine.node))
}

/// Why it failed, and what was done about it; what a person is asked.
fn verdict(step: &NodeStep) -> Option<String> {
    let name = &step.node.name;
    let done = match &step.stage {
        NodeStage::Restoring(_) if step.change == NodeChange::Grow => {
            "what was made is being removed".to_owned()
        }
        NodeStage::Restored(_) if step.change == NodeChange::Grow => {
            "nothing of this step is left".to_owned()
        }
        NodeStage::Restored(_) if step.change == NodeChange::Shrink => {
            format!("{name} takes work again; what had moved stays where it is")
        }
        NodeStage::Quarantined(_) if step.traces.soaked && step.change == NodeChange::Shrink => {
            format!("{name} is empty, and has not gone; a person must look, or try again")
        }
        NodeStage::Restoring(_) => format!("{name} is being given its work back"),
        NodeStage::Restored(_) => format!("{name} takes work again, and nothing of this step is left"),
        NodeStage::Failed(_) => "nothing was touched".to_owned(),
        NodeStage::Quarantined(_) if step.traces.soaked => {
            "the new node carries the work; a person must look, or try again".to_owned()
        }
        NodeStage::Quarantined(_) => "it could NOT be taken back, a person must look".to_owned(),
        NodeStage::Undecided(Question::Gaps(findings)) => {
            let all: Vec<String> = findings.iter().map(said).collect();
            let ways = "approve to let it be so, skip to leave the node out";
            return Some(format!("{}; {ways}", all.join("; ")));
        }
        NodeStage::Undecided(Question::Verdict(why)) => {
            return Some(format!("no verdict: {why}; approve to keep it, roll back to give the work back"));
        }
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => return None,
    };
    step.stage.cause().map(|cause| format!("{cause}; {done}"))
}

/// What may be asked for now: only what the engine would take.
fn may(state: &State, rollout: &Rollout, step: &NodeStep) -> Vec<May> {
    let takes = |command| state.decide(&Actor::Daemon, command).is_ok();
    let (run, key, seen) = (rollout.id, || step.key.clone(), Seen::default);
    let asked = matches!(step.stage, NodeStage::Undecided(_));
    let again = || takes(Command::Retry { run, step: key(), seen: seen(), reason: None });
    let back = || takes(Command::Rollback { run, step: key(), seen: seen(), reason: None });
    let skip = || takes(Command::SkipNode { run, step: key(), seen: seen(), reason: "asked".to_owned() });
    let skipped = matches!(step.stage, NodeStage::Skipped(_));
    let mut may = Vec::new();
    may.extend(asked.then_some(May::Approve));
    may.extend(((skipped || step.standing() == Standing::Bad) && again()).then_some(May::Retry));
    may.extend(back().then_some(May::Rollback));
    may.extend(skip().then_some(May::Skip));
    may
}

fn part(rollout: &Rollout, step: &NodeStep) -> NodePart {
    let found = step.preflight.as_ref();
    let soaks_until = match &step.stage {
        NodeStage::Soaking { until } => Some(*until),
        _ => None,
    };
    NodePart {
        change: step.change,
        node: step.node.clone(),
        new_node: new_node(step).cloned(),
        strategy: rollout.how.strategy,
        wave: step.wave,
        zone: step.zone.clone(),
        manager: step.manager,
        was: step.was.clone(),
        target: step.target.clone(),
        blocks: found.map(|report| report.blocks.clone()).unwrap_or_default(),
        notes: found.map(|report| report.notes.clone()).unwrap_or_default(),
        soaks_until,
        moved: moved(step),
    }
}

/// What it moves: what is known to be on the node, what was moved, what is watched.
fn moved(step: &NodeStep) -> Vec<MovedRow> {
    let found = step.carries().into_iter().flat_map(|work| work.keys());
    let all: BTreeSet<&WorkloadId> =
        found.chain(step.moved.iter().map(|one| &one.workload)).chain(step.watched.keys()).collect();
    let row = |workload: &WorkloadId| {
        let moved = step.moved.iter().find(|one| one.workload == *workload);
        let expected = step.carries().and_then(|work| work.get(workload)).copied();
        let watched = step.watched.get(workload);
        let summary = |look: Option<&Look>| look.map(evidence::summary);
        MovedRow {
            workload: workload.clone(),
            tasks: moved.map(|one| one.tasks).or(expected).unwrap_or(0),
            to: moved.map(|one| one.to.clone()).unwrap_or_default(),
            before: summary(watched.and_then(|one| one.baseline.as_deref())),
            now: summary(watched.and_then(|one| one.look.as_deref())),
            mark: moved_mark(step, workload, watched),
        }
    };
    all.into_iter().map(row).collect()
}

/// 1. It is why the step failed: sick, until the work is back. What the preflight or a drain named was not hurt by it: blocked.
/// 2. Nobody answers for it, or it cannot be said: unknown.
/// 3. A verdict was given: good.
/// 4. It is watched: working. Else: pending.
fn moved_mark(step: &NodeStep, workload: &WorkloadId, watched: Option<&Watched>) -> Mark {
    if let Some(cause) = step.stage.cause().filter(|cause| cause.workload() == Some(workload)) {
        return match (&step.stage, cause.root()) {
            (NodeStage::Restored(_), Cause::Node(_)) | (NodeStage::Failed(_), _) => Mark::Blocked,
            (NodeStage::Restored(_), _) => Mark::Restored,
            (_, Cause::Node(_)) => Mark::Blocked,
            (_, _) => Mark::Sick,
        };
    }
    let Some(one) = watched else { return Mark::Pending };
    match &one.judged {
        _ if one.unseen.is_some() => Mark::Unknown,
        Some(Judged::Unknown(_)) if !step.traces.soaked => Mark::Unknown,
        Some(_) => Mark::Good,
        None if step.traces.soaked => Mark::Good,
        None if one.look.is_some() || one.watching.is_some() => Mark::Working,
        None => Mark::Pending,
    }
}
