//! What an approval means: what happens at once, what then, and what if it goes wrong.

use super::View;
use super::step::runs_before;
use crate::api::rows::{ApprovalRow, HoldRow};
use crate::engine::hold::Hold;
use crate::engine::run::{DeployStep, Standing, Step};
use crate::engine::{Run, State};
use crate::model::setup::{GateBefore, OnFailure};

pub(super) fn hold(view: View<'_>, run: &Run, step: &Step, hold: &Hold) -> HoldRow {
    let gate = view.state.setup.gates.get(&hold.gate);
    let follow = deploys_after(run, step);
    let approvals =
        hold.approvals.iter().map(|a| ApprovalRow { by: a.by.clone(), at: a.at, note: a.note.clone() });
    let stops = follow.iter().any(|deploy| deploy.how.on_failure == OnFailure::Stop);
    HoldRow {
        gate: hold.gate.to_string(),
        approvals: approvals.collect(),
        needed: hold.needed,
        approvers: gate.map(|gate| gate.approvers.iter().cloned().collect()).unwrap_or_default(),
        expires: hold.expires,
        at_once: at_once(step, hold),
        then: follow.iter().map(|deploy| then(deploy)).collect(),
        if_sick: if_sick(&follow, stops),
        undo: undo(hold, stops),
        if_nobody: if_nobody(view.state, step, hold),
        affects: affects(&follow),
        on_failure: if stops { OnFailure::Stop } else { OnFailure::Rollback },
    }
}

/// Deploys of the run that this step lets go on: its own, or those of its image and of what is built on it.
fn deploys_after<'a>(run: &'a Run, step: &'a Step) -> Vec<&'a DeployStep> {
    if let Some(deploy) = step.deploy() {
        return vec![deploy];
    }
    let Some(image) = step.image() else { return Vec::new() };
    let mut images = vec![&image.image];
    for later in run.steps.values().filter_map(Step::image) {
        if later.parents.iter().any(|parent| images.contains(&parent)) {
            images.push(&later.image);
        }
    }
    let open = run.steps.values().filter(|step| step.standing() == Standing::Open).filter_map(Step::deploy);
    open.filter(|deploy| images.contains(&&deploy.how.image)).collect()
}

fn at_once(step: &Step, hold: &Hold) -> String {
    let digest = hold.digest.short();
    let missing = (hold.needed as usize).saturating_sub(hold.approvals.len());
    let more = missing.saturating_sub(1);
    if more > 0 {
        return format!("nothing: {more} more must approve {digest} too");
    }
    match (step.image(), step.deploy()) {
        (Some(image), _) => {
            format!("tag {} moves to {digest}, once its bases are published", image.image.tag)
        }
        (_, Some(deploy)) => format!("{} is updated to {digest}", deploy.workload),
        (None, None) => String::new(),
    }
}

fn then(deploy: &DeployStep) -> String {
    let gate = deploy.how.gate.as_ref().map(|gate| format!(", after gate {gate}")).unwrap_or_default();
    format!("{} is updated{gate} and watched for {}", deploy.workload, deploy.how.soak)
}

fn if_sick(follow: &[&DeployStep], stops: bool) -> String {
    match (follow.is_empty(), stops) {
        (true, _) => "no workload follows it: only the tag moves".to_owned(),
        (false, true) => "it stops and a person is called: not everything here can be put back".to_owned(),
        (false, false) => {
            "the spec from before and the public tag are put back, and this content is quarantined".to_owned()
        }
    }
}

fn undo(hold: &Hold, stops: bool) -> String {
    match (hold.before, stops) {
        (_, true) => "not by itself: at least one workload cannot go back".to_owned(),
        (GateBefore::Publish, false) => "reject before it is published; roll back a deploy after".to_owned(),
        (GateBefore::Deploy, false) => "roll the deploy back".to_owned(),
    }
}

fn if_nobody(state: &State, step: &Step, hold: &Hold) -> String {
    let before = match (step.image(), step.deploy()) {
        (Some(image), _) => image.old.as_ref(),
        (_, Some(deploy)) => runs_before(state, deploy),
        (None, None) => None,
    };
    let stays = before.map(|digest| format!("stays on {}", digest.short()));
    match hold.expires {
        Some(at) => {
            format!("{} rejected{}", at.hours_minutes(), stays.map(|s| format!(", {s}")).unwrap_or_default())
        }
        None => stays.unwrap_or_else(|| "stays held".to_owned()),
    }
}

fn affects(follow: &[&DeployStep]) -> String {
    if follow.is_empty() {
        return "no workload".to_owned();
    }
    let named: Vec<String> = follow
        .iter()
        .map(|deploy| match &deploy.how.owner {
            Some(owner) => format!("{} ({owner})", deploy.workload),
            None => deploy.workload.to_string(),
        })
        .collect();
    named.join(", ")
}
