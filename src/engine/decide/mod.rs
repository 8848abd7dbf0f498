//! A request becomes a fact, or is refused with a reason that says what to do next.
//!
//! Nothing changes here: the accepted command is an event first, and `step` applies it. What an operator saw comes with
//! the command and is compared; a command made from a screen that has moved is refused as stale.

mod hold;
mod incidents;
mod run;

use super::event::EventKind;
use super::rollout;
use super::run::{Run, Step};
use super::state::State;
use crate::model::{Actor, Command, RunId, Seen, StepKey};

/// Why a command was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// What the author saw has moved.
    #[error("{what}; look again, then decide again")]
    Stale {
        /// What moved.
        what: String,
    },
    /// Somebody did the same before; nothing is left to do.
    #[error("{0}")]
    Already(String),
    /// There is nothing of that name.
    #[error("there is no {what}; `tidegate status` shows what there is")]
    Missing {
        /// What was named.
        what: String,
    },
    /// It cannot be done now, or not by this person.
    #[error("{0}")]
    Refused(String),
}

impl State {
    /// Whether `by` may do this now: the fact that it becomes, or why not.
    pub fn decide(&self, by: &Actor, command: Command) -> Result<EventKind, Rejection> {
        match self.rollout_of(&command) {
            Some(found) => rollout::decide::steer(self, found, &command)?,
            None => self.decide_other(by, &command)?,
        }
        Ok(EventKind::Commanded { command })
    }

    fn decide_other(&self, by: &Actor, command: &Command) -> Result<(), Rejection> {
        match command {
            Command::Approve { run, step, seen, .. } => hold::approve(self, by, *run, step, seen)?,
            Command::Reject { run, step, seen, reason } => hold::reject(self, *run, step, seen, reason)?,
            Command::Pause { run, .. } => run::pause(self, *run)?,
            Command::Resume { run, .. } => run::resume(self, *run)?,
            Command::Abort { run, reason } => run::abort(self, *run, reason)?,
            Command::Retry { run, step, seen, .. } => run::retry(self, *run, step, seen)?,
            Command::Rollback { run, step, seen, .. } => run::rollback(self, *run, step, seen)?,
            Command::Start { image, .. } => run::start(self, image)?,
            Command::Release { pool, release } => rollout::decide::release(self, pool, release)?,
            Command::SkipRelease { pool, release, reason } => {
                rollout::pins::may_skip(self, pool, release, reason)?;
            }
            Command::UnskipRelease { pool, release, .. } => rollout::pins::may_unskip(self, pool, release)?,
            Command::Pin { pool, reason } => rollout::pins::may_pin(self, pool, reason)?,
            Command::Unpin { pool, .. } => rollout::pins::may_unpin(self, pool)?,
            Command::StartRollout { pool, release, seen, .. } => {
                rollout::decide::start(self, pool, release, seen)?;
            }
            Command::Scale { pool, nodes, seen, .. } => rollout::decide::scale(self, pool, *nodes, seen)?,
            Command::RollBackAll { run, .. }
            | Command::RollForward { run, .. }
            | Command::SkipNode { run, .. } => {
                return Err(Rejection::Missing { what: format!("rollout {run}") });
            }
            Command::Unquarantine { workload, reason } => run::unquarantine(self, workload, reason)?,
            Command::Freeze { until, .. } => run::freeze(self, *until)?,
            Command::Thaw { .. } => run::thaw(self)?,
            Command::Claim { incident } => incidents::claim(self, by, *incident)?,
            Command::Close { incident, reason } => incidents::close(self, *incident, reason)?,
        }
        Ok(())
    }

    /// A digest of the plan of a run: its change, its steps with what they are about, what its workloads run now, order and
    /// gates. No times: a plan that only waits stays the same.
    pub fn plan_hash(&self, run: &Run) -> crate::model::Digest {
        let mut text = format!("{} {} {:?}\n", run.id, run.change.image, run.change.to);
        for step in run.steps.values() {
            let about = match (step.image(), step.deploy()) {
                (Some(image), _) => format!("{:?} {:?}", image.digest, image.old),
                (_, Some(deploy)) => {
                    let runs = self.running.get(&deploy.workload).map(|running| running.image.as_str());
                    format!("{:?} {runs:?} {:?} {:?}", deploy.want, deploy.how.order, deploy.how.gate)
                }
                (None, None) => String::new(),
            };
            text.push_str(&format!("{} {about}\n", step.key));
        }
        crate::model::Digest::of(text.as_bytes())
    }
}

fn find_run(state: &State, run: RunId) -> Result<&Run, Rejection> {
    state.runs.get(&run).map(|run| &**run).ok_or_else(|| Rejection::Missing { what: format!("run {run}") })
}

fn find_step<'a>(state: &'a State, run: RunId, key: &StepKey) -> Result<(&'a Run, &'a Step), Rejection> {
    let found = find_run(state, run)?;
    let step = found
        .steps
        .get(key)
        .ok_or_else(|| Rejection::Missing { what: format!("step {key} in run {run}") })?;
    Ok((found, step))
}

/// What the step is about now: the candidate, or what is deployed.
pub fn about(step: &Step) -> Option<&crate::model::Digest> {
    match (step.image(), step.deploy()) {
        (Some(image), _) => image.digest.as_ref(),
        (_, Some(deploy)) => deploy.want.as_ref(),
        (None, None) => None,
    }
}

/// Refuses what was decided on an older screen, and says what moved.
fn still_as_seen(state: &State, run: &Run, step: &Step, seen: &Seen) -> Result<(), Rejection> {
    let stale = |what: String| Err(Rejection::Stale { what });
    if let Some(digest) = &seen.digest
        && about(step) != Some(digest)
    {
        let now = about(step).map_or("nothing yet", |digest| digest.short());
        return stale(format!("{} is about {now} now, not {}", step.key, digest.short()));
    }
    if seen.generation.is_some_and(|generation| generation != step.generation) {
        return stale(format!("{} has changed since: it is {} now", step.key, step.word()));
    }
    if seen.plan.as_ref().is_some_and(|plan| *plan != state.plan_hash(run)) {
        return stale(format!("the plan of run {} has changed since", run.id));
    }
    Ok(())
}

pub(super) fn needs_reason(reason: &str) -> Result<(), Rejection> {
    if reason.trim().is_empty() {
        return Err(Rejection::Refused("a reason is needed; say why with --reason".to_owned()));
    }
    Ok(())
}
