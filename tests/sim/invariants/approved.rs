//! Invariant 2.

use super::Past;
use crate::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};
use tidegate::engine::{EventKind, State};
use tidegate::model::setup::{Gate, GateBefore};
use tidegate::model::{Action, Actor, Command, Digest, EffectId, RunId, StepKey};
use tidegate::sim::{Doing, Hand};

/// Who approved what.
#[derive(Default)]
pub struct Truth {
    approvals: BTreeMap<(RunId, StepKey, Digest), BTreeSet<String>>,
    /// Who asked for a run.
    asked: BTreeMap<RunId, Actor>,
}

/// Nothing is published or deployed without the approvals that its policy asks for, of that very digest.
pub fn check(past: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let truth = &mut past.approved;
    for run in moment.state.runs.values() {
        truth.asked.entry(run.id).or_insert_with(|| run.change.by.clone());
    }
    if let (
        EventKind::Commanded { command: Command::Approve { run, step, seen, .. } },
        Actor::Person { name, .. },
    ) = (&moment.event.kind, &moment.event.by)
        && let Some(digest) = &seen.digest
    {
        let key = (*run, step.clone(), digest.clone());
        truth.approvals.entry(key).or_default().insert(name.clone());
    }
    for deed in moment.deeds {
        let Hand::Effect(id) = &deed.by else { continue };
        let digest = match (&deed.doing, id.action) {
            (Doing::SpecSet { digest: Some(digest), .. }, Action::Deploy) => digest,
            (Doing::Tagged { to: Some(digest), .. }, Action::Publish) => digest,
            _ => continue,
        };
        if let Some(gate) = gate(moment.state, id) {
            truth.enough(&gate, id, digest)?;
        }
    }
    Ok(())
}

impl Truth {
    fn enough(&self, gate: &Gate, id: &EffectId, digest: &Digest) -> Result<(), String> {
        let key = (id.run, id.step.clone(), digest.clone());
        let by = self.approvals.get(&key).cloned().unwrap_or_default();
        let asked = self.asked.get(&id.run);
        let may = |name: &&String| {
            let requester = matches!(asked, Some(Actor::Person { name: asked, .. }) if asked == *name);
            !requester && (gate.approvers.is_empty() || gate.approvers.contains(*name))
        };
        let count = by.iter().filter(may).count();
        if count < gate.approvals as usize {
            return Err(format!(
                "{id} put {} in place with {count} of {} approvals: {by:?}",
                digest.short(),
                gate.approvals
            ));
        }
        Ok(())
    }
}

/// The gate that the configuration puts before this effect.
fn gate(state: &State, id: &EffectId) -> Option<Gate> {
    let (name, before) = match &id.step {
        StepKey::Image(image) => (state.setup.recipes.get(image)?.gate.clone()?, GateBefore::Publish),
        StepKey::Deploy(workload) => (state.setup.workloads.get(workload)?.gate.clone()?, GateBefore::Deploy),
        // No gate stands before a node: a person starts a rollout, or a pool's own rule.
        StepKey::Node(_) => return None,
    };
    state.setup.gates.get(&name).filter(|gate| gate.before == before).cloned()
}
