//! What a person may ask of releases and rollouts.

use super::{NodeStage, NodeStep, Plan, PlanError, Question, Rollout};
use crate::engine::decide::{Rejection, needs_reason};
use crate::engine::run::Standing;
use crate::engine::state::State;
use crate::model::nodes::Strategy;
use crate::model::{Command, PoolName, ReleaseName, RunId, Seen, StepKey};

fn refused<T>(why: String) -> Result<T, Rejection> {
    Err(Rejection::Refused(why))
}

pub(in crate::engine) fn release(
    state: &State,
    pool: &PoolName,
    release: &ReleaseName,
) -> Result<(), Rejection> {
    if !state.setup.pools.contains_key(pool) {
        return Err(Rejection::Missing { what: format!("pool {pool} in the configuration") });
    }
    match state.announced(pool, release) {
        Some(before) => Err(Rejection::Already(format!(
            "{} announced {release} {}",
            before.by,
            before.at.hours_minutes_seconds()
        ))),
        None => Ok(()),
    }
}

/// 1. There is something to do, and no other rollout of the pool is under way.
/// 2. The plan that was shown is the plan that would be carried out.
pub(in crate::engine) fn start(
    state: &State,
    pool: &PoolName,
    release: &ReleaseName,
    seen: &Seen,
) -> Result<(), Rejection> {
    as_seen(state.rollout_plan(pool, release), seen)
}

/// The same of a pool that shall have so many nodes.
pub(in crate::engine) fn scale(
    state: &State,
    pool: &PoolName,
    nodes: u32,
    seen: &Seen,
) -> Result<(), Rejection> {
    as_seen(state.scale_plan(pool, nodes), seen)
}

fn as_seen(plan: Result<Plan, PlanError>, seen: &Seen) -> Result<(), Rejection> {
    let plan = plan.map_err(|error| Rejection::Refused(error.to_string()))?;
    match &seen.plan {
        None => refused("a rollout is started from a plan; name the one that you saw".to_owned()),
        Some(shown) if *shown != plan.hash() => {
            Err(Rejection::Stale { what: format!("the plan for pool {} has changed since", plan.pool) })
        }
        Some(_) => Ok(()),
    }
}

/// What added or removed nodes has no releases to go between.
fn of_a_release(rollout: &Rollout) -> Result<(), Rejection> {
    match rollout.scale {
        None => Ok(()),
        Some(scale) => refused(format!(
            "rollout {} changes how many nodes pool {} has; once it has ended, `tidegate scale {} {}` takes that back",
            rollout.id, rollout.pool, rollout.pool, scale.from
        )),
    }
}

/// A command about a rollout that is known.
pub(in crate::engine) fn steer(state: &State, rollout: &Rollout, command: &Command) -> Result<(), Rejection> {
    match command {
        Command::Approve { step, seen, .. } => approve(rollout, step, seen),
        Command::Reject { .. } => {
            refused("nothing is held in a rollout; skip the node, roll it back, or abort".to_owned())
        }
        Command::Pause { .. } => pause(rollout),
        Command::Resume { .. } => {
            under_way(rollout)?;
            if rollout.paused.is_some() {
                return Ok(());
            }
            Err(Rejection::Already(format!("rollout {} is not paused", rollout.id)))
        }
        Command::Abort { reason, .. } => {
            under_way(rollout)?;
            not_ending(rollout)?;
            needs_reason(reason)
        }
        Command::Retry { step, seen, .. } => retry(state, rollout, step, seen),
        Command::Rollback { step, seen, .. } => rollback(state, rollout, step, seen),
        Command::RollBackAll { reason, .. } => roll_back_all(state, rollout, reason),
        Command::RollForward { release, .. } => roll_forward(state, rollout, release),
        Command::SkipNode { step, seen, reason, .. } => skip(rollout, step, seen, reason),
        Command::Start { .. }
        | Command::Release { .. }
        | Command::SkipRelease { .. }
        | Command::UnskipRelease { .. }
        | Command::Pin { .. }
        | Command::Unpin { .. }
        | Command::StartRollout { .. }
        | Command::Scale { .. }
        | Command::Unquarantine { .. }
        | Command::Freeze { .. }
        | Command::Thaw { .. }
        | Command::Claim { .. }
        | Command::Close { .. } => Ok(()),
    }
}

fn find<'a>(rollout: &'a Rollout, key: &StepKey, seen: &Seen) -> Result<&'a NodeStep, Rejection> {
    let missing = || Rejection::Missing { what: format!("step {key} in rollout {}", rollout.id) };
    let step = rollout.steps.get(key).ok_or_else(missing)?;
    if seen.generation.is_some_and(|generation| generation != step.generation) {
        return Err(Rejection::Stale { what: format!("{key} has changed since: it is {} now", step.word()) });
    }
    Ok(step)
}

fn under_way(rollout: &Rollout) -> Result<(), Rejection> {
    match rollout.ended {
        Some(at) => refused(format!("rollout {} ended {}", rollout.id, at.hours_minutes_seconds())),
        None => Ok(()),
    }
}

fn not_ending(rollout: &Rollout) -> Result<(), Rejection> {
    let stop = rollout.aborted.as_ref().or(rollout.choice.as_ref().map(|choice| &choice.stop));
    match stop {
        Some(stop) => Err(Rejection::Already(format!(
            "{} ended rollout {} {}",
            stop.by,
            rollout.id,
            stop.since.hours_minutes_seconds()
        ))),
        None => Ok(()),
    }
}

/// No other rollout has the pool now.
fn alone(state: &State, rollout: &Rollout) -> Result<(), Rejection> {
    match state.rolling().find(|other| other.pool == rollout.pool && other.id != rollout.id) {
        Some(other) => refused(format!("rollout {} of pool {} is under way", other.id, other.pool)),
        None => Ok(()),
    }
}

fn approve(rollout: &Rollout, key: &StepKey, seen: &Seen) -> Result<(), Rejection> {
    let step = find(rollout, key, seen)?;
    match &step.stage {
        NodeStage::Undecided(_) => Ok(()),
        stage => Err(Rejection::Stale { what: format!("{key} asks nothing: it is {}", stage.word()) }),
    }
}

fn pause(rollout: &Rollout) -> Result<(), Rejection> {
    under_way(rollout)?;
    match &rollout.paused {
        Some(stop) => {
            Err(Rejection::Already(format!("{} paused this {}", stop.by, stop.since.hours_minutes_seconds())))
        }
        None => Ok(()),
    }
}

/// 1. The step failed, or was left out. What could not be taken back or finished may be tried again at any time, by surge; in place a
///    step can only begin anew.
/// 2. Nobody has ended the rollout, and no other one has the pool.
fn retry(state: &State, rollout: &Rollout, key: &StepKey, seen: &Seen) -> Result<(), Rejection> {
    again(rollout, find(rollout, key, seen)?)?;
    alone(state, rollout)
}

/// Whether a step may be tried again, as long as no other rollout has the pool.
pub(in crate::engine) fn again(rollout: &Rollout, step: &NodeStep) -> Result<(), Rejection> {
    let (key, surge) = (&step.key, rollout.how.strategy == Strategy::Surge);
    match &step.stage {
        NodeStage::Quarantined(_) if surge => return Ok(()),
        NodeStage::Quarantined(_) => {}
        NodeStage::Restored(_) | NodeStage::Failed(_) | NodeStage::Skipped(_) => {}
        NodeStage::Aborted(_) | NodeStage::Superseded => {
            return refused(format!("rollout {} was ended; start a new one", rollout.id));
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
        | NodeStage::Undecided(_)
        | NodeStage::Retiring
        | NodeStage::Done
        | NodeStage::Restoring(_) => {
            return Err(Rejection::Already(format!("{key} has not failed: it is {}", step.word())));
        }
    }
    not_ending(rollout)
}

/// 1. The new node was asked for, and the old one has not begun to leave: it is taken back.
/// 2. The step is done and so is the rollout: a rollout of this one node goes back.
fn rollback(state: &State, rollout: &Rollout, key: &StepKey, seen: &Seen) -> Result<(), Rejection> {
    let step = find(rollout, key, seen)?;
    match &step.stage {
        NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Undecided(Question::Verdict(_)) => Ok(()),
        NodeStage::Restoring(_) | NodeStage::Restored(_) => {
            Err(Rejection::Already(format!("{key} is {} already", step.word())))
        }
        NodeStage::Retiring => {
            refused(format!("the old node of {key} is leaving; roll it back when it is done"))
        }
        NodeStage::Done if rollout.scale.is_some() => of_a_release(rollout),
        NodeStage::Done if rollout.ended.is_none() => {
            refused(format!("{key} is done; roll back all, or end rollout {} first", rollout.id))
        }
        NodeStage::Done => {
            alone(state, rollout)?;
            match state.plan_back(rollout, Some(key)) {
                Some(_) => Ok(()),
                None => refused(format!("which release {key} had before is not known, or its node is gone")),
            }
        }
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Undecided(Question::Gaps(_))
        | NodeStage::Failed(_)
        | NodeStage::Quarantined(_)
        | NodeStage::Skipped(_)
        | NodeStage::Superseded
        | NodeStage::Aborted(_) => {
            refused(format!("{key} is {}: there is nothing of this rollout to take back", step.word()))
        }
    }
}

fn roll_back_all(state: &State, rollout: &Rollout, reason: &str) -> Result<(), Rejection> {
    of_a_release(rollout)?;
    not_ending(rollout)?;
    alone(state, rollout)?;
    let touched = rollout.in_flight().any(|step| step.standing() == Standing::Open);
    if !touched && state.plan_back(rollout, None).is_none() {
        return refused(format!("rollout {} has done nothing that could be taken back", rollout.id));
    }
    needs_reason(reason)
}

fn roll_forward(state: &State, rollout: &Rollout, release: &ReleaseName) -> Result<(), Rejection> {
    of_a_release(rollout)?;
    under_way(rollout)?;
    not_ending(rollout)?;
    let how = state.setup.pools.get(&rollout.pool).unwrap_or(&rollout.how);
    match state.planned(&rollout.pool, how, release) {
        Ok(_) => Ok(()),
        Err(error) => refused(error.to_string()),
    }
}

fn skip(rollout: &Rollout, key: &StepKey, seen: &Seen, reason: &str) -> Result<(), Rejection> {
    let step = find(rollout, key, seen)?;
    not_ending(rollout)?;
    match &step.stage {
        NodeStage::Pending
        | NodeStage::Preflight
        | NodeStage::Undecided(Question::Gaps(_))
        | NodeStage::Failed(_)
        | NodeStage::Restored(_)
        | NodeStage::Quarantined(_) => needs_reason(reason),
        NodeStage::Skipped(by) => Err(Rejection::Already(format!("{key} was left out by {by}"))),
        NodeStage::Provisioning
        | NodeStage::Joining
        | NodeStage::Cordoning
        | NodeStage::Shifting
        | NodeStage::Updating
        | NodeStage::Rejoining
        | NodeStage::Soaking { .. }
        | NodeStage::Undecided(Question::Verdict(_))
        | NodeStage::Retiring
        | NodeStage::Restoring(_) => refused(format!("{key} is {}; roll it back first", step.word())),
        NodeStage::Done | NodeStage::Superseded | NodeStage::Aborted(_) => {
            refused(format!("{key} is {}: there is nothing to leave out", step.word()))
        }
    }
}

impl State {
    /// The rollout that a command is about, if it is about one.
    pub(in crate::engine) fn rollout_of(&self, command: &Command) -> Option<&Rollout> {
        let (run, _): (RunId, _) = command.subject()?;
        self.rollouts.get(&run)
    }
}
