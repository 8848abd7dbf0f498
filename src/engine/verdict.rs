//! Healthy, unhealthy or unknown: a workload against the baseline taken before the step.
//!
//! | before | after | verdict |
//! | --- | --- | --- |
//! | healthy | healthy for the whole soak | healthy |
//! | healthy | failures over the budget, or not there by the deadline | unhealthy |
//! | sick | no worse | unknown: a person decides |
//! | sick | worse | unhealthy |
//! | sick | healthy | healthy |
//! | any | probe broken, nothing runs here | unknown, with its reason |
//! | no health check and no probe | running, nothing ended | unknown unless the configuration accepts it |

use super::incident::Cause;
use crate::model::reports::{Look, ProbeTally, TaskState, UpdateState};
use crate::model::setup::{ProbeSpec, Workload};

/// What a workload is measured by.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// Our own requests, each with its budget.
    pub probes: &'a [ProbeSpec],
    /// Whether "running" counts as proof of health where there is neither a health check nor a probe.
    pub accept_running: bool,
}

impl<'a> Measure<'a> {
    /// As the configuration has it.
    pub fn of(how: &'a Workload) -> Self {
        Self { probes: &how.probes, accept_running: how.accept_running }
    }
}

/// What a watched workload says before its verdict is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// It is on its way; nothing to do.
    OnItsWay,
    /// All that should run runs the new spec.
    Converged,
    /// It is unhealthy; no need to wait longer.
    Unhealthy(Cause),
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as well as it should be.
    Healthy,
    /// It is not, and was before.
    Unhealthy(Cause),
    /// It cannot be said; a person decides.
    Unknown(String),
}

/// Judges a look while the workload converges or soaks.
pub fn now(before: &Look, look: &Look, how: Measure<'_>, failed_before: u32) -> Now {
    if let UpdateState::Paused(why) = &look.update {
        return Now::Unhealthy(Cause::OrchestratorPaused(why.clone()));
    }
    if let Some(cause) = failures(look, how, failed_before)
        && (!sick(before) || worse(before, look))
    {
        return Now::Unhealthy(cause);
    }
    let settled = match &look.update {
        UpdateState::Completed | UpdateState::None => true,
        UpdateState::Updating
        | UpdateState::Paused(_)
        | UpdateState::RollingBack(_)
        | UpdateState::RolledBack(_) => false,
    };
    let old_runs = look.tasks.iter().any(|t| !t.current && t.state == TaskState::Running);
    if settled && look.running >= look.desired && !old_runs { Now::Converged } else { Now::OnItsWay }
}

/// The verdict at the end of the soak: `look` is fresh, `failed_before` counts failures of watches that ended.
pub fn at_end_of_soak(before: &Look, look: &Look, how: Measure<'_>, failed_before: u32) -> Verdict {
    if look.desired == 0 {
        return Verdict::Unknown("no task of it should run, so nothing could be seen".to_owned());
    }
    let after = failures(look, how, failed_before).or_else(|| fewer(look));
    match (sick(before), after) {
        (false, Some(cause)) => Verdict::Unhealthy(cause),
        (true, Some(cause)) if worse(before, look) => Verdict::Unhealthy(cause),
        (true, Some(_)) => Verdict::Unknown("it was sick before the update and is no worse now".to_owned()),
        (_, None) => proof(look, how),
    }
}

/// Nothing failed; whether that proves anything.
fn proof(look: &Look, how: Measure<'_>) -> Verdict {
    if let Some(why) = look.probes.as_ref().and_then(|p| p.broken.as_ref()) {
        return Verdict::Unknown(format!("the probe itself is broken: {why}"));
    }
    let probed = look.probes.as_ref().is_some_and(|p| p.total > 0);
    if look.health_check || probed || how.accept_running {
        return Verdict::Healthy;
    }
    Verdict::Unknown(
        "it runs, but has neither a health check nor a probe; accept_running would count that as proof"
            .to_owned(),
    )
}

/// Failures over the budget, if there are any.
fn failures(look: &Look, how: Measure<'_>, failed_before: u32) -> Option<Cause> {
    if let Some(first) = look.ended.first() {
        let count = u32::try_from(look.ended.len()).unwrap_or(u32::MAX);
        return Some(Cause::TasksEnded { count, first: first.clone() });
    }
    let budget: u32 = how.probes.iter().map(|probe| probe.budget).sum();
    let tally = look.probes.as_ref()?;
    let failed = tally.failed.saturating_add(failed_before);
    (failed > budget && tally.broken.is_none()).then(|| Cause::ProbesFailed {
        failed,
        total: tally.total.saturating_add(failed_before),
        first: tally.first.clone(),
    })
}

fn fewer(look: &Look) -> Option<Cause> {
    (look.running < look.desired)
        .then_some(Cause::FewerTasks { running: look.running, desired: look.desired })
}

/// Whether it was sick: less runs than should, or a probe of it failed.
pub fn sick(look: &Look) -> bool {
    look.running < look.desired || failed(look.probes.as_ref()) > 0
}

/// Whether it is sicker than before, as shares of what should run.
fn worse(before: &Look, look: &Look) -> bool {
    let share = |part: u32, of: &Look| u64::from(part) * 1000 / u64::from(of.desired.max(1));
    let fewer = share(look.running, look) < share(before.running, before);
    let sicker = sick_tasks(look.probes.as_ref()) > sick_tasks(before.probes.as_ref());
    let ends = look.ended.len() > before.ended.len();
    fewer || sicker || ends
}

fn failed(tally: Option<&ProbeTally>) -> u32 {
    tally.map_or(0, |tally| tally.failed)
}

fn sick_tasks(tally: Option<&ProbeTally>) -> u32 {
    tally.map_or(0, |tally| tally.sick_tasks)
}
