//! Why something failed, and the record of it that people work on.

use super::rollout::NodeCause;
use crate::model::notices::Occasion;
use crate::model::reports::{BuildCause, EndedTask, FailingCase, ProbeFailure};
use crate::model::{Actor, Digest, IncidentId, RunId, StepKey, Timestamp, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Why a step failed or was put back. `Display` is the sentence for the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The recipe cannot be read.
    Recipe(String),
    /// It was not built.
    Build {
        /// Why.
        cause: BuildCause,
        /// What the engine said.
        message: String,
    },
    /// Its tests failed twice.
    Tests {
        /// Whose failure it is.
        blame: Blame,
        /// Passed cases.
        passed: u32,
        /// All cases.
        total: u32,
        /// The failing ones.
        failing: Vec<FailingCase>,
    },
    /// Somebody moved the public tag meanwhile.
    TagMovedByOthers(Option<Digest>),
    /// The registry refused the new tag.
    PublishRefused(String),
    /// Tasks of the new spec ended without being asked to.
    TasksEnded {
        /// How many.
        count: u32,
        /// The first.
        first: EndedTask,
    },
    /// Our own requests failed more often than they may.
    ProbesFailed {
        /// Failed ones.
        failed: u32,
        /// All.
        total: u32,
        /// The first.
        first: Option<ProbeFailure>,
    },
    /// It did not converge in time.
    NotThereByDeadline {
        /// Tasks that ran.
        running: u32,
        /// Tasks that should.
        desired: u32,
        /// What one of the others said.
        why: Option<String>,
    },
    /// It ran, and at the end of the soak less of it ran than before.
    FewerTasks {
        /// Tasks that ran.
        running: u32,
        /// Tasks that should.
        desired: u32,
    },
    /// The orchestrator stopped the update by itself.
    OrchestratorPaused(String),
    /// The orchestrator put the spec from before back by itself.
    OrchestratorRolledBack(String),
    /// Somebody changed the workload while it was ours.
    ChangedByOthers {
        /// The image that is there now.
        image: String,
    },
    /// An update of somebody else was under way and did not end; ours was not begun.
    Busy {
        /// Since when it was waited out.
        since: Timestamp,
    },
    /// The workload is gone.
    Gone,
    /// The orchestrator refused the change.
    UpdateRefused(String),
    /// The put-back did not succeed.
    RestoreFailed {
        /// Why.
        why: String,
        /// Why it was to be put back.
        because: Box<Cause>,
    },
    /// A node step failed.
    Node(NodeCause),
    /// A person ordered it back.
    OrderedBack {
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
    /// A person ended the run.
    Aborted {
        /// Who.
        by: Actor,
        /// Why.
        reason: Option<String>,
    },
}

/// Whose failure failing tests are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// They pass on the old image: this update broke it.
    ThisUpdate,
    /// They fail on the old image too: the update did not break it.
    BeforeToo,
    /// There is no old image to compare with.
    NoControl,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recipe(why) => write!(f, "the recipe cannot be read: {why}"),
            Self::Build { cause: BuildCause::Instruction, message } => {
                write!(f, "the build failed: {message}")
            }
            Self::Build { message, .. } => write!(f, "not built: {message}"),
            Self::Tests { blame, passed, total, .. } => write!(f, "tests {passed}/{total}: {blame}"),
            Self::TagMovedByOthers(Some(to)) => {
                write!(f, "somebody else moved the public tag to {}; it was left alone", to.short())
            }
            Self::TagMovedByOthers(None) => {
                f.write_str("somebody else removed the public tag; it was left alone")
            }
            Self::PublishRefused(why) => write!(f, "the registry refused the tag: {why}"),
            Self::TasksEnded { count, first } => ended(f, *count, first),
            Self::ProbesFailed { failed, total, first } => {
                write!(f, "{failed} of {total} probes failed")?;
                first.iter().try_for_each(|p| {
                    write!(f, ", first {} of {}: {}", p.at.hours_minutes_seconds(), p.task, p.what)
                })
            }
            Self::NotThereByDeadline { running, desired, why } => {
                write!(f, "{running} of {desired} tasks ran by the deadline")?;
                why.iter().try_for_each(|why| write!(f, ": {why}"))
            }
            Self::FewerTasks { running, desired } => {
                write!(f, "{running} of {desired} tasks ran at the end of the soak")
            }
            Self::OrchestratorPaused(why) => write!(f, "the orchestrator paused the update: {why}"),
            Self::OrchestratorRolledBack(why) => {
                write!(f, "the orchestrator rolled it back by itself: {why}")
            }
            Self::ChangedByOthers { image } => {
                write!(f, "somebody else changed the workload (it names {image} now); it was left alone")
            }
            Self::Busy { since } => {
                let since = since.hours_minutes();
                write!(
                    f,
                    "an update of somebody else under way since {since} does not end; it was left alone"
                )
            }
            Self::Gone => f.write_str("the workload is gone from its fleet"),
            Self::UpdateRefused(why) => write!(f, "the orchestrator refused the change: {why}"),
            Self::RestoreFailed { why, because } => {
                write!(f, "it could not be put back: {why}; it was to be because {because}")
            }
            Self::Node(cause) => cause.fmt(f),
            Self::OrderedBack { by, reason } => ordered(f, "put back by", by, reason.as_deref()),
            Self::Aborted { by, reason } => ordered(f, "aborted by", by, reason.as_deref()),
        }
    }
}

fn ended(f: &mut fmt::Formatter<'_>, count: u32, first: &EndedTask) -> fmt::Result {
    let tasks = if count == 1 { "task" } else { "tasks" };
    write!(f, "{count} {tasks} ended unasked, first {}: ", first.name)?;
    match first.exit {
        Some(code) if first.message.is_empty() => write!(f, "exit code {code}"),
        Some(code) => write!(f, "{} (exit code {code})", first.message),
        None => f.write_str(&first.message),
    }
}

fn ordered(f: &mut fmt::Formatter<'_>, what: &str, by: &Actor, reason: Option<&str>) -> fmt::Result {
    write!(f, "{what} {by}")?;
    reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisUpdate => "this update broke it (they pass on the old image)",
            Self::BeforeToo => "not this update: they fail on the old image too",
            Self::NoControl => "no control: there is no old image to compare with",
        })
    }
}

impl Cause {
    /// The class in words: the heading of an incident.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Recipe(_) => "recipe unreadable",
            Self::Build { .. } => "build failed",
            Self::Tests { blame: Blame::ThisUpdate, .. } => "tests failed because of the update",
            Self::Tests { blame: Blame::BeforeToo, .. } => "tests failed before too",
            Self::Tests { blame: Blame::NoControl, .. } => "tests failed, no control",
            Self::TagMovedByOthers(_) => "tag moved by somebody else",
            Self::PublishRefused(_) => "publication refused",
            Self::TasksEnded { .. } | Self::ProbesFailed { .. } | Self::FewerTasks { .. } => {
                "workload unhealthy after the update"
            }
            Self::NotThereByDeadline { .. } => "workload not there by its deadline",
            Self::OrchestratorPaused(_) => "update paused by the orchestrator",
            Self::OrchestratorRolledBack(_) => "rolled back by the orchestrator",
            Self::ChangedByOthers { .. } => "workload changed by somebody else",
            Self::Busy { .. } => "workload in an update of somebody else",
            Self::Gone => "workload gone",
            Self::UpdateRefused(_) => "update refused by the orchestrator",
            Self::RestoreFailed { .. } => "put-back failed",
            Self::Node(cause) => cause.class(),
            Self::OrderedBack { .. } => "put back by a person",
            Self::Aborted { .. } => "aborted by a person",
        }
    }

    /// The class as a stable word: what programs that read notices and dossiers compare with.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Recipe(_) => "recipe_unreadable",
            Self::Build { .. } => "build_failed",
            Self::Tests { blame: Blame::ThisUpdate, .. } => "tests_failed_because_of_update",
            Self::Tests { blame: Blame::BeforeToo, .. } => "tests_failed_before_too",
            Self::Tests { blame: Blame::NoControl, .. } => "tests_failed_no_control",
            Self::TagMovedByOthers(_) => "tag_moved_by_others",
            Self::PublishRefused(_) => "publish_refused",
            Self::TasksEnded { .. } | Self::ProbesFailed { .. } | Self::FewerTasks { .. } => {
                "workload_unhealthy"
            }
            Self::NotThereByDeadline { .. } => "workload_not_there",
            Self::OrchestratorPaused(_) => "orchestrator_paused",
            Self::OrchestratorRolledBack(_) => "orchestrator_rolled_back",
            Self::ChangedByOthers { .. } => "workload_changed_by_others",
            Self::Busy { .. } => "workload_busy",
            Self::Gone => "workload_gone",
            Self::UpdateRefused(_) => "update_refused",
            Self::RestoreFailed { .. } => "put_back_failed",
            Self::Node(cause) => cause.word(),
            Self::OrderedBack { .. } => "put_back_by_person",
            Self::Aborted { .. } => "aborted_by_person",
        }
    }

    /// What it began with, where one failure followed from another.
    pub fn root(&self) -> &Self {
        match self {
            Self::RestoreFailed { because, .. } => because.root(),
            Self::Node(NodeCause::WorkloadSick { because, .. }) => because.root(),
            other => other,
        }
    }

    /// The workload that a failed node step is about, where it is about one.
    pub fn workload(&self) -> Option<&WorkloadId> {
        match self {
            Self::Node(cause) => cause.workload(),
            Self::RestoreFailed { because, .. } => because.workload(),
            _ => None,
        }
    }

    /// Whether what led to it must not come back by itself: it made a workload sick.
    pub fn quarantines(&self) -> bool {
        match self {
            Self::TasksEnded { .. }
            | Self::ProbesFailed { .. }
            | Self::NotThereByDeadline { .. }
            | Self::FewerTasks { .. }
            | Self::OrchestratorPaused(_)
            | Self::OrchestratorRolledBack(_)
            | Self::OrderedBack { .. } => true,
            Self::RestoreFailed { because, .. } => because.quarantines(),
            Self::Node(cause) => cause.quarantines(),
            Self::Recipe(_)
            | Self::Build { .. }
            | Self::Tests { .. }
            | Self::TagMovedByOthers(_)
            | Self::PublishRefused(_)
            | Self::ChangedByOthers { .. }
            | Self::Busy { .. }
            | Self::Gone
            | Self::UpdateRefused(_)
            | Self::Aborted { .. } => false,
        }
    }

    /// Whether it is a failure that somebody must look at, and not what a person ordered.
    pub fn is_incident(&self) -> bool {
        !matches!(self, Self::OrderedBack { .. } | Self::Aborted { .. })
    }
}

/// A failure, and what people did about it. What was seen is written once and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// The run.
    pub run: RunId,
    /// The step.
    pub step: StepKey,
    /// Why.
    pub cause: Cause,
    /// What was seen, line by line.
    pub seen: Vec<String>,
    /// When it was opened.
    pub opened: Timestamp,
    /// What of it vendor and customer were to be told so far.
    #[serde(default)]
    pub told: BTreeSet<Occasion>,
    /// Who looks at it, since when.
    pub claimed: Option<(Actor, Timestamp)>,
    /// Who closed it, when, and what came of it.
    pub closed: Option<(Actor, Timestamp, String)>,
}
