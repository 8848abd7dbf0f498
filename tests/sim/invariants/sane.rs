//! Invariant 10, as far as the state shows it.

use super::Past;
use crate::moment::Moment;
use tidegate::model::limits;

/// No anomaly, and the state stays within its limits.
pub fn check(_: &mut Past, moment: &Moment<'_>) -> Result<(), String> {
    let state = moment.state;
    if let Some(anomaly) = state.anomalies.last() {
        return Err(format!("anomaly: {anomaly}"));
    }
    let ended = state.runs.values().filter(|run| run.ended.is_some()).count();
    if ended > limits::ENDED_RUNS {
        return Err(format!("{ended} ended runs are kept"));
    }
    let closed = state.incidents.values().filter(|incident| incident.closed.is_some()).count();
    if closed > limits::CLOSED_INCIDENTS {
        return Err(format!("{closed} closed incidents are kept"));
    }
    if moment.event.at < moment.before.now {
        return Err(format!("event {} is stamped earlier than the one before it", moment.seq));
    }
    let looks =
        state.runs.values().flat_map(|run| run.steps.values()).filter_map(|step| step.deploy()?.look.clone());
    for look in looks {
        if look.tasks.len() > limits::TASKS_PER_WORKLOAD || look.ended.len() > limits::ENDED_TASKS {
            return Err(format!("a look holds {} tasks and {} ends", look.tasks.len(), look.ended.len()));
        }
    }
    Ok(())
}
