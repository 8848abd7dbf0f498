//! How a rollout begins: by a person, by its pool's own rule, or as what a person chose to follow another one.

use super::plan::{Plan, Planned};
use super::{Announced, Next, NodeStage, NodeStep, Rollout, Traces, advance};
use crate::engine::due::Due;
use crate::engine::orphans;
use crate::engine::state::State;
use crate::engine::step::Outcome;
use crate::engine::steps::Steps;
use crate::model::nodes::{Availability, NodeLook};
use crate::model::{Actor, NodeId, PoolName, ReleaseName, RunId, StepKey, Timestamp, limits};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a node cannot take work now.
pub fn is_out(look: &NodeLook) -> bool {
    !look.up || look.availability != Availability::Active
}

/// Starts what was planned.
pub(super) fn start(
    state: &mut State,
    plan: Plan,
    by: &Actor,
    reason: Option<String>,
    back_of: Option<RunId>,
    out: &mut Outcome,
) -> RunId {
    state.last_run = RunId(state.last_run.0 + 1);
    let id = state.last_run;
    let out_before: BTreeSet<NodeId> = state
        .nodes_of(&plan.pool, &plan.how)
        .filter(|(_, look)| is_out(look))
        .map(|(node, _)| node.name.clone())
        .collect();
    let steps = plan.nodes.into_iter().enumerate().map(|(place, planned)| step(planned, place, state.now));
    let steps = Steps::new(steps.collect());
    steps.keys().for_each(|key| out.touch_step(id, key));
    if back_of.is_none() && plan.scale.is_none() {
        taken(state, &plan.pool, &plan.release);
    }
    let mut rollout = Rollout {
        id,
        pool: plan.pool,
        how: plan.how,
        release: plan.release,
        back_of,
        scale: plan.scale,
        by: by.clone(),
        reason,
        started: state.now,
        ended: None,
        pending: (0..steps.len()).collect(),
        flying: BTreeSet::new(),
        bad: BTreeSet::new(),
        steps,
        out_before,
        paused: None,
        aborted: None,
        choice: None,
    };
    advance::advance(state, &mut rollout, out);
    State::touch_pool(out, &rollout);
    state.rollouts.insert(id, rollout);
    forget(state, out);
    id
}

fn step(planned: Planned, place: usize, now: Timestamp) -> NodeStep {
    NodeStep {
        key: StepKey::Node(planned.node.clone()),
        change: planned.change,
        node: planned.node,
        uid: planned.uid,
        place,
        wave: planned.wave,
        zone: planned.zone,
        address: planned.address,
        manager: planned.manager,
        target: planned.target,
        was: planned.was,
        token: planned.token,
        round: 0,
        generation: 0,
        since: now,
        started: None,
        ended: None,
        want: None,
        doing: None,
        attempts: BTreeMap::new(),
        attempts_of: BTreeMap::new(),
        retry: None,
        deadline: None,
        incident: None,
        preflight: None,
        gaps: BTreeSet::new(),
        traces: Traces::default(),
        carried: None,
        moved: Vec::new(),
        watched: BTreeMap::new(),
        stage: NodeStage::Pending,
    }
}

fn taken(state: &mut State, pool: &PoolName, release: &ReleaseName) {
    let known = state.releases.get_mut(pool).into_iter().flatten();
    known.filter(|one| one.release == *release).for_each(|one| (one.taken, one.skipped) = (true, None));
}

/// Drops ended rollouts beyond their limit, oldest first; the journal has them all.
fn forget(state: &mut State, out: &mut Outcome) {
    let old: Vec<RunId> = state.rollouts.values().filter(|r| r.ended.is_some()).map(|r| r.id).collect();
    let surplus = old.len().saturating_sub(limits::ENDED_ROLLOUTS);
    for id in old.into_iter().take(surplus) {
        if let Some(rollout) = state.rollouts.remove(&id) {
            orphans::let_go(state, &rollout.pool, rollout.steps.values());
        }
        out.touch(crate::engine::state::Key::Run(id));
    }
}

/// A rollout has ended: what a person chose follows it.
pub(super) fn follow(state: &mut State, id: RunId, out: &mut Outcome) {
    let Some(rollout) = state.rollouts.get(&id) else { return };
    let Some(choice) = rollout.choice.clone().filter(|choice| choice.begun.is_none()) else { return };
    let (plan, back_of) = match &choice.next {
        Next::Back => (state.plan_back(rollout, None), Some(id)),
        Next::Forward(release) => {
            let how = state.setup.pools.get(&rollout.pool).unwrap_or(&rollout.how);
            (state.planned(&rollout.pool, how, release).ok(), None)
        }
    };
    let Some(plan) = plan else { return };
    let next = start(state, plan, &choice.stop.by, choice.stop.reason.clone(), back_of, out);
    if let Some(choice) = state.rollouts.get_mut(&id).and_then(|rollout| rollout.choice.as_mut()) {
        choice.begun = Some(next);
    }
}

/// Starts what pools take by themselves:
///
/// 1. nothing is frozen, the pool is not pinned, and no rollout of it is under way (one that waits for a person is), and
/// 2. the pool's newest announced release that is not skipped is old enough, and
/// 3. no rollout of it has begun before, and it is not in quarantine, and
/// 4. some node does not have it.
pub(in crate::engine) fn automatic(state: &mut State, out: &mut Outcome) {
    if state.freeze.is_some() || state.setup.pools.is_empty() {
        return;
    }
    let pools: Vec<PoolName> = state.setup.pools.keys().cloned().collect();
    for pool in pools {
        let Some((release, at)) = candidate(state, &pool) else { continue };
        if at > state.now {
            continue;
        }
        if let Ok(plan) = state.rollout_plan(&pool, &release) {
            let by = Actor::Policy(format!("automatic_after of pool {pool}"));
            start(state, plan, &by, None, None, out);
        }
    }
}

/// The release that a pool takes next by itself, and when.
fn candidate(state: &State, pool: &PoolName) -> Option<(ReleaseName, Timestamp)> {
    let after = state.setup.pools.get(pool)?.automatic_after?;
    let newest = state.releases.get(pool)?.iter().rev().find(|one| one.skipped.is_none())?;
    let bad = state.bad_releases.iter().any(|bad| bad.pool == *pool && bad.release == newest.release);
    let busy = || state.rolling().any(|rollout| rollout.pool == *pool);
    (!newest.taken && !bad && !state.pins.contains_key(pool) && !busy())
        .then(|| (newest.release.clone(), newest.at + after))
}

pub(super) fn next_deadline(state: &State) -> Option<(Timestamp, Due<'_>)> {
    if state.freeze.is_some() {
        return None;
    }
    let next = state.setup.pools.keys().filter_map(|pool| {
        let (release, at) = candidate(state, pool)?;
        (at > state.now).then_some((at, Due::Take(pool, release)))
    });
    next.min()
}

impl State {
    /// The release that a pool takes next by itself, and when, as long as nothing is frozen.
    pub fn takes_next(&self, pool: &PoolName) -> Option<(ReleaseName, Timestamp)> {
        candidate(self, pool)
    }

    /// An announced release.
    pub fn announced(&self, pool: &PoolName, release: &ReleaseName) -> Option<&Announced> {
        self.releases.get(pool)?.iter().find(|one| one.release == *release)
    }
}
