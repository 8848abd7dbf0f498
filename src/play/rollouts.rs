//! What a person of the story asks for of releases and rollouts, as [`super::people`] does it of runs.

use crate::engine::State;
use crate::engine::rollout::{NodeStage, NodeStep, Question, Rollout};
use crate::engine::run::Standing;
use crate::model::{Command, PoolName, ReleaseName, RunId, Seen};
use crate::sim::file::Person;

/// Announce a release.
pub(super) fn release(seen: &State, person: &Person) -> Option<Command> {
    let pool = pool(seen, person)?;
    Some(Command::Release { pool, release: person.release.clone()? })
}

/// Start a rollout, from the plan that the person sees.
pub(super) fn roll_out(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let pool = pool(seen, person)?;
    let release = newest(seen, &pool, person)?;
    let plan = seen.rollout_plan(&pool, &release).ok()?.hash();
    let seen = Seen { plan: Some(plan), ..Seen::default() };
    Some(Command::StartRollout { pool, release, seen, reason: Some(reason) })
}

/// Make the pool larger or smaller, from the plan that the person sees.
pub(super) fn scale(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let pool = pool(seen, person)?;
    let now = || u32::try_from(seen.nodes_of(&pool, seen.setup.pools.get(&pool)?).count()).ok();
    let nodes = person.nodes.or_else(|| Some(now()? + 1))?;
    let plan = seen.scale_plan(&pool, nodes).ok()?.hash();
    let seen = Seen { plan: Some(plan), ..Seen::default() };
    Some(Command::Scale { pool, nodes, seen, reason: Some(reason) })
}

pub(super) fn roll_forward(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let rollout = rolling(seen, person).next()?;
    let release = newest(seen, &rollout.pool, person)?;
    Some(Command::RollForward { run: rollout.id, release, reason: Some(reason) })
}

/// Of the newest rollout, also when it has ended.
pub(super) fn roll_back_all(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let run = rollouts(seen, person).next()?.id;
    Some(Command::RollBackAll { run, reason })
}

pub(super) fn skip(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let fits = |step: &NodeStep| match &step.stage {
        NodeStage::Failed(_)
        | NodeStage::Restored(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Undecided(Question::Gaps(_)) => true,
        NodeStage::Pending => person.on.is_some(),
        _ => false,
    };
    let (rollout, step) = step(seen, person, fits)?;
    Some(Command::SkipNode { run: rollout.id, step: step.key.clone(), seen: shown(step), reason })
}

pub(super) fn approve(seen: &State, person: &Person, note: Option<String>) -> Option<Command> {
    let (rollout, step) = step(seen, person, |step| matches!(step.stage, NodeStage::Undecided(_)))?;
    Some(Command::Approve { run: rollout.id, step: step.key.clone(), seen: shown(step), note })
}

pub(super) fn retry(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let (rollout, step) = step(seen, person, |step| step.stage.cause().is_some() && over(step))?;
    Some(Command::Retry { run: rollout.id, step: step.key.clone(), seen: shown(step), reason: Some(reason) })
}

/// What is in flight, or done.
pub(super) fn roll_back(seen: &State, person: &Person, reason: String) -> Option<Command> {
    let fits =
        |step: &NodeStep| step.stage == NodeStage::Done || (step.stage != NodeStage::Pending && !over(step));
    let (rollout, step) = step(seen, person, fits)?;
    let reason = Some(reason);
    Some(Command::Rollback { run: rollout.id, step: step.key.clone(), seen: shown(step), reason })
}

/// The rollout that a person can mean who pauses or ends something.
pub(super) fn under_way(seen: &State, person: &Person) -> Option<RunId> {
    rolling(seen, person).next().map(|rollout| rollout.id)
}

pub(super) fn paused(seen: &State, person: &Person) -> Option<RunId> {
    rolling(seen, person).find(|rollout| rollout.paused.is_some()).map(|rollout| rollout.id)
}

fn over(step: &NodeStep) -> bool {
    step.standing() != Standing::Open
}

fn shown(step: &NodeStep) -> Seen {
    Seen { generation: Some(step.generation), ..Seen::default() }
}

/// Rollouts of the pool or node that the person names, or of all, newest first.
fn rollouts<'a>(seen: &'a State, person: &'a Person) -> impl Iterator<Item = &'a Rollout> {
    let about = |rollout: &&Rollout| {
        let on = person.on.as_deref();
        let of_node = || rollout.steps.values().any(|step| on == Some(step.node.to_string().as_str()));
        on.is_none_or(|on| rollout.pool.as_str() == on || of_node())
    };
    seen.rollouts.values().rev().filter(about)
}

fn rolling<'a>(seen: &'a State, person: &'a Person) -> impl Iterator<Item = &'a Rollout> {
    rollouts(seen, person).filter(|rollout| rollout.ended.is_none())
}

/// The first step that fits, of the newest rollout that has one.
fn step<'a>(
    seen: &'a State,
    person: &'a Person,
    fits: impl Fn(&NodeStep) -> bool,
) -> Option<(&'a Rollout, &'a NodeStep)> {
    let named = move |step: &&NodeStep| {
        let node = person.on.as_deref().filter(|on| on.contains('/'));
        node.is_none_or(|node| step.node.to_string() == node)
    };
    let steps =
        rollouts(seen, person).flat_map(|rollout| rollout.steps.values().map(move |step| (rollout, step)));
    steps.filter(|(_, step)| named(step)).find(|(_, step)| fits(step))
}

fn pool(seen: &State, person: &Person) -> Option<PoolName> {
    let named = person.on.as_ref().and_then(|on| on.parse().ok());
    named.or_else(|| seen.setup.pools.keys().next().cloned())
}

fn newest(seen: &State, pool: &PoolName, person: &Person) -> Option<ReleaseName> {
    let announced = || Some(seen.releases.get(pool)?.last()?.release.clone());
    person.release.clone().or_else(announced)
}
