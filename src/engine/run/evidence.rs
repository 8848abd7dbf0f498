//! What was seen of a workload, in lines for people.

use super::DeployStep;
use crate::model::limits;
use crate::model::reports::Look;

/// What was seen of a workload, line by line.
pub(super) fn evidence(deploy: &DeployStep) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(before) = &deploy.baseline {
        lines.push(format!("before: {}", summary(before)));
    }
    let Some(look) = &deploy.look else { return lines };
    lines.push(format!("during: {}", summary(look)));
    for ended in look.ended.iter().take(10) {
        let node = ended.node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
        let exit = ended.exit.map(|code| format!(", exit code {code}")).unwrap_or_default();
        lines.push(format!(
            "{} {}{node} ended: {}{exit}",
            ended.at.hours_minutes_seconds(),
            ended.name,
            ended.message
        ));
    }
    for task in look.tasks.iter().filter(|task| task.current).take(limits::ENDED_TASKS) {
        if let Some(why) = task.probe.as_ref().and_then(|probe| probe.why.as_ref()).or(task.message.as_ref())
        {
            lines.push(format!("{}: {why}", task.name));
        }
    }
    if let Some(first) = look.probes.as_ref().and_then(|p| p.first.as_ref()) {
        lines.push(format!(
            "first failed probe {} of {}: {}",
            first.at.hours_minutes_seconds(),
            first.task,
            first.what
        ));
    }
    lines
}

/// `2 of 2 tasks run, 0 of 14 probes failed`.
pub fn summary(look: &Look) -> String {
    let tasks = format!("{} of {} tasks run", look.running, look.desired);
    match &look.probes {
        Some(p) => format!("{tasks}, {} of {} probes failed", p.failed, p.total),
        None => tasks,
    }
}
