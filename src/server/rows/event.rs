//! A line of the journal as a row.

use crate::api::rows::{EventRow, Mark};
use crate::engine::describe::sentence;
use crate::engine::{Event, EventKind, State};
use crate::model::nodes::{NodeReport, ProvisionReport, ShiftReport};
use crate::model::reports::{Answer, BuildReport, ChangeReport, LookReport, PublishReport};
use crate::model::{FleetName, Seq, StepKey};

/// The row of the fact at `seq`; `state` is the state after it, or a later one.
pub fn event(state: &State, seq: Seq, event: &Event) -> EventRow {
    let (run, step) = event.kind.subject().map_or((None, None), |(run, step)| (Some(run), step));
    EventRow {
        seq,
        at: event.at,
        by: event.by.clone(),
        kind: event.kind.word().to_owned(),
        text: sentence(state, event),
        run,
        // What belongs to no run is about a node all the same.
        fleet: fleet(&event.kind, step.as_ref().or(event.kind.effect().map(|id| &id.step))),
        step,
        mark: mark(&event.kind),
    }
}

fn fleet(kind: &EventKind, step: Option<&StepKey>) -> Option<FleetName> {
    match (kind, step) {
        (
            EventKind::WorkloadsSeen { fleet, .. }
            | EventKind::NodesSeen { fleet, .. }
            | EventKind::FleetRefused { fleet, .. }
            | EventKind::FleetClaimed { fleet },
            _,
        ) => Some(fleet.clone()),
        (_, Some(StepKey::Deploy(workload))) => Some(workload.fleet.clone()),
        (_, Some(StepKey::Node(node))) => Some(node.fleet.clone()),
        (_, Some(StepKey::Image(_)) | None) => None,
    }
}

/// Only what is worth an eye is marked.
fn mark(kind: &EventKind) -> Option<Mark> {
    match kind {
        EventKind::TagSeen { .. } => Some(Mark::Moved),
        EventKind::SourceLost { .. } | EventKind::FleetRefused { .. } => Some(Mark::Unknown),
        EventKind::BuildFinished { answer, .. } => answered(answer, |report| match report {
            BuildReport::Built { .. } => None,
            BuildReport::Failed { .. } => Some(Mark::Failed),
        }),
        EventKind::TestsFinished { answer, .. } => {
            answered(answer, |report| Some(if report.passed() { Mark::Good } else { Mark::Failed }))
        }
        EventKind::TagPublished { answer, .. } => answered(answer, |report| match report {
            PublishReport::Moved { .. } => Some(Mark::Good),
            PublishReport::MovedByOthers { .. } | PublishReport::Refused(_) => Some(Mark::Failed),
        }),
        EventKind::WorkloadLooked { answer, .. } | EventKind::WorkloadWatched { answer, .. } => {
            answered(answer, |report| match report {
                LookReport::Seen(look) if !look.ended.is_empty() => Some(Mark::Sick),
                LookReport::Seen(_) => None,
                LookReport::Gone => Some(Mark::Failed),
            })
        }
        EventKind::WorkloadChanged { answer, .. } => answered(answer, |report| match report {
            ChangeReport::Changed { .. } => None,
            ChangeReport::ChangedByOthers { .. } | ChangeReport::Gone | ChangeReport::Refused(_) => {
                Some(Mark::Failed)
            }
        }),
        EventKind::NodePreflighted { answer, .. } => answered(answer, |report| match report {
            Some(report) if report.blocks.is_empty() => None,
            Some(_) => Some(Mark::Blocked),
            None => Some(Mark::Unknown),
        }),
        EventKind::NodeProvisioned { answer, .. } => answered(answer, made),
        EventKind::NodeUpdated { answer, .. } | EventKind::NodeRemoved { answer, .. } => {
            answered(answer, made)
        }
        EventKind::MachineFound { answer, .. } => answered(answer, made),
        EventKind::NodeShifted { answer, .. } => answered(answer, |report| match report {
            ShiftReport::Shifted { .. } => None,
            ShiftReport::Blocked { .. } => Some(Mark::Blocked),
            ShiftReport::Gone => Some(Mark::Unknown),
        }),
        EventKind::NodeChanged { answer, .. } => answered(answer, |report| match report {
            NodeReport::Done { .. } | NodeReport::Cordoned { .. } => None,
            NodeReport::Gone => Some(Mark::Unknown),
            NodeReport::Refused(_) => Some(Mark::Failed),
        }),
        EventKind::ReleaseAnnounced { .. } => Some(Mark::Moved),
        EventKind::OrphansSeen { machines, .. } => (!machines.is_empty()).then_some(Mark::Unknown),
        EventKind::NoticeFailed { .. } => Some(Mark::Unknown),
        EventKind::CommandRefused { .. } => Some(Mark::Blocked),
        EventKind::Installed { .. }
        | EventKind::DaemonStarted { .. }
        | EventKind::ConfigLoaded { .. }
        | EventKind::RecipesRead { .. }
        | EventKind::HintReceived { .. }
        | EventKind::SourceFound { .. }
        | EventKind::WorkloadsSeen { .. }
        | EventKind::NodesSeen { .. }
        | EventKind::FleetClaimed { .. }
        | EventKind::CandidateDiscarded { .. }
        | EventKind::NoticeSent { .. }
        | EventKind::DeadlinePassed
        | EventKind::Commanded { .. } => None,
    }
}

fn made<T>(report: &ProvisionReport<T>) -> Option<Mark> {
    match report {
        ProvisionReport::Done(_) => None,
        ProvisionReport::Failed { .. } => Some(Mark::Failed),
    }
}

fn answered<T>(answer: &Answer<T>, done: impl FnOnce(&T) -> Option<Mark>) -> Option<Mark> {
    match answer {
        Answer::Done(report) => done(report),
        Answer::Unreachable(_) => Some(Mark::Unknown),
    }
}
