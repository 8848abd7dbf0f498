//! Invariant 15.

use super::Past;
use crate::moment::Moment;
use tidegate::engine::Key;
use tidegate::engine::run::Standing;

/// A node step that has not ended does something, or says what it waits for; a rollout that stopped says that a person must act.
pub fn check(_: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let touched = moment.outcome.touched.iter().filter_map(|key| match key {
        Key::Step(run, _) | Key::Run(run) => Some(*run),
        _ => None,
    });
    for run in touched {
        let Some(rollout) = moment.state.rollouts.get(&run).filter(|one| one.ended.is_none()) else {
            continue;
        };
        for step in rollout.steps.values().filter(|step| step.standing() == Standing::Open) {
            if !step.busy() && moment.state.node_waiting(rollout, step).is_none() {
                return Err(format!("rollout {run}: {} is {} and says nothing", step.key, step.word()));
            }
        }
        let waits = moment.state.rollout_waiting(rollout);
        if rollout.stopped()
            && !rollout.is_ending()
            && waits.is_none_or(|waits| waits.who.starts_with("nobody"))
        {
            return Err(format!("rollout {run} has stopped and asks nobody"));
        }
    }
    Ok(())
}
