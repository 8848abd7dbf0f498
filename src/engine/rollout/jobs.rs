//! Each action's job, made from the state alone: the same id gives the same job, also after a restart.

use super::{NodeStage, NodeStep, Rollout};
use crate::engine::effect::Job;
use crate::engine::state::State;
use crate::model::jobs::{LookJob, WatchJob};
use crate::model::nodes::{
    AdmitJob, AvailJob, Availability, DeprovisionJob, FindJob, PreflightJob, ProvisionJob, RetireJob,
    ShiftJob, Strategy, UpdateJob,
};
use crate::model::setup::ProbeSpec;
use crate::model::{Action, EffectId, WorkloadId};

/// The job of an effect; none when the step has not what it needs.
pub(super) fn make(state: &State, rollout: &Rollout, step: &NodeStep, id: &EffectId) -> Option<Job> {
    let back = matches!(step.stage, NodeStage::Restoring(_));
    match id.action {
        Action::Preflight => Some(preflight(rollout, step, id)),
        Action::Provision => provision(rollout, step, id),
        Action::Find => {
            let (pool, token) = (rollout.pool.clone(), step.traces.token.clone()?);
            Some(Job::Find(FindJob { id: id.clone(), pool, token }))
        }
        Action::Admit => admit(rollout, step, id, back),
        Action::Shift => Some(shift(rollout, step, id)),
        Action::ShiftBack => shift_back(rollout, step, id),
        Action::Update => update(rollout, step, id, back),
        Action::Cordon => Some(avail(step, id, Availability::Cordoned)),
        Action::Uncordon => Some(avail(step, id, Availability::Active)),
        Action::Retire => retire(step, id, back),
        Action::Deprovision => Some(deprovision(rollout, step, id, back)),
        Action::Baseline | Action::Look => {
            let workload = id.subject.clone()?;
            let probes = probes(state, &workload);
            Some(Job::Look(LookJob { id: id.clone(), workload, probes }))
        }
        Action::Watch => {
            let workload = id.subject.clone()?;
            let probes = probes(state, &workload);
            Some(Job::Watch(WatchJob { id: id.clone(), workload, image: None, probes }))
        }
        Action::Build
        | Action::Test
        | Action::Retest
        | Action::Control
        | Action::Publish
        | Action::Deploy
        | Action::Restore
        | Action::Untag
        | Action::Discard => None,
    }
}

fn preflight(rollout: &Rollout, step: &NodeStep, id: &EffectId) -> Job {
    let strategy = rollout.how.strategy;
    let (surge, removes) = (step.change.joins(strategy), step.change.removes(strategy));
    Job::Preflight(PreflightJob { id: id.clone(), node: step.node.clone(), surge, removes })
}

fn provision(rollout: &Rollout, step: &NodeStep, id: &EffectId) -> Option<Job> {
    Some(Job::Provision(Box::new(ProvisionJob {
        id: id.clone(),
        pool: rollout.pool.clone(),
        release: step.target.clone(),
        token: step.traces.token.clone()?,
        zone: step.zone.clone(),
        replaces: step.old_node().cloned(),
        timeout: rollout.how.limits.provision,
    })))
}

/// Of a node that is taken back in place: its label from before.
fn admit(rollout: &Rollout, step: &NodeStep, id: &EffectId, back: bool) -> Option<Job> {
    let node = step.traces.joined.as_ref().map_or(&step.node, |(node, _)| node);
    let release = if back { step.was.clone()? } else { step.target.clone() };
    Some(Job::Admit(Box::new(AdmitJob {
        id: id.clone(),
        node: node.clone(),
        pool: rollout.pool.clone(),
        release,
        zone: step.zone.clone(),
        token: step.traces.token.clone().or_else(|| step.token.clone()),
        manager: step.manager,
    })))
}

fn avail(step: &NodeStep, id: &EffectId, want: Availability) -> Job {
    Job::Avail(AvailJob { id: id.clone(), node: step.node.clone(), want })
}

fn shift(rollout: &Rollout, step: &NodeStep, id: &EffectId) -> Job {
    Job::Shift(Box::new(ShiftJob {
        id: id.clone(),
        from: step.node.clone(),
        onto: step.traces.joined.as_ref().map(|(node, _)| node.name.clone()),
        lend: true,
        gaps: step.gaps.clone(),
        timeout: rollout.how.limits.shift,
    }))
}

/// From the node that was to take over onto the old one; from one that was to be added onto whatever takes it; in place, off the updated node.
fn shift_back(rollout: &Rollout, step: &NodeStep, id: &EffectId) -> Option<Job> {
    let (from, onto) = match rollout.how.strategy {
        Strategy::Surge => (step.traces.joined.as_ref()?.0.clone(), step.old_node().cloned()),
        Strategy::InPlace => (step.node.clone(), None),
    };
    let (gaps, timeout) = (step.gaps.clone(), rollout.how.limits.shift);
    Some(Job::Shift(Box::new(ShiftJob { id: id.clone(), from, onto, lend: false, gaps, timeout })))
}

fn update(rollout: &Rollout, step: &NodeStep, id: &EffectId, back: bool) -> Option<Job> {
    Some(Job::Update(Box::new(UpdateJob {
        id: id.clone(),
        pool: rollout.pool.clone(),
        node: step.node.name.clone(),
        address: step.address.clone(),
        release: if back { step.was.clone()? } else { step.target.clone() },
        timeout: rollout.how.limits.update,
    })))
}

fn retire(step: &NodeStep, id: &EffectId, back: bool) -> Option<Job> {
    let (node, uid) = if back { step.traces.joined.clone()? } else { (step.node.clone(), step.uid.clone()) };
    Some(Job::Retire(RetireJob { id: id.clone(), node, uid: Some(uid) }))
}

fn deprovision(rollout: &Rollout, step: &NodeStep, id: &EffectId, back: bool) -> Job {
    let machine = || step.traces.machine.as_ref().map(|machine| machine.node.clone());
    let (token, node) = if back {
        (step.traces.token.clone(), machine())
    } else {
        (step.token.clone(), Some(step.node.name.clone()))
    };
    let (id, pool, timeout) = (id.clone(), rollout.pool.clone(), rollout.how.limits.provision);
    Job::Deprovision(Box::new(DeprovisionJob { id, pool, token, node, unused: None, timeout }))
}

/// Our own requests to a workload. Of one that the configuration does not name, only the orchestrator is asked.
fn probes(state: &State, workload: &WorkloadId) -> Vec<ProbeSpec> {
    state.setup.workloads.get(workload).map_or_else(Vec::new, |how| how.probes.clone())
}
