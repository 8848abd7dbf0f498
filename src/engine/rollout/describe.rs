//! One sentence for each fact of a rollout.

use crate::model::nodes::{Machine, Moved, NodeReport, PreflightReport, ProvisionReport, ShiftReport};
use crate::model::{Action, EffectId, NodeId, PoolName};

pub(in crate::engine) fn preflight(report: &Option<PreflightReport>) -> String {
    match report {
        None => "preflight: the node is gone from its fleet".to_owned(),
        Some(report) => {
            let moves = report.moves.len();
            let first = report.blocks.first().map(super::cause::one);
            let more = report.blocks.len().saturating_sub(1);
            match first {
                None => format!("preflight: {moves} workloads would move, nothing is in the way"),
                Some(first) if more > 0 => format!("preflight: {first} (and {more} more)"),
                Some(first) => format!("preflight: {first}"),
            }
        }
    }
}

pub(in crate::engine) fn provisioned(report: &ProvisionReport<Machine>) -> String {
    match report {
        ProvisionReport::Done(machine) => format!("machine made, to join as {}", machine.node),
        ProvisionReport::Failed { what, .. } => format!("no machine was made: {what}"),
    }
}

pub(in crate::engine) fn orphans(pool: &PoolName, machines: &[Machine]) -> String {
    let names: Vec<&str> = machines.iter().take(3).map(|machine| NodeId::as_str(&machine.node)).collect();
    let more = if machines.len() > names.len() { " and more" } else { "" };
    match machines.len() {
        0 => format!("pool {pool}: no machine is left behind any more"),
        1 => format!(
            "pool {pool}: machine {} is left behind: it is ours, and nobody needs it",
            names.join(", ")
        ),
        _ => format!(
            "pool {pool}: machines {}{more} are left behind: they are ours, and nobody needs them",
            names.join(", ")
        ),
    }
}

pub(in crate::engine) fn found(report: &ProvisionReport<Option<Machine>>) -> String {
    match report {
        ProvisionReport::Done(Some(machine)) => format!("what may have been made is {}", machine.node),
        ProvisionReport::Done(None) => "no machine was made".to_owned(),
        ProvisionReport::Failed { what, .. } => {
            format!("which machine may have been made is not known: {what}")
        }
    }
}

pub(in crate::engine) fn shifted(id: &EffectId, report: &ShiftReport) -> String {
    let back = if id.action == Action::ShiftBack { " back" } else { "" };
    let tasks = |moved: &[Moved]| moved.iter().map(|one| one.tasks).sum::<u32>();
    match report {
        ShiftReport::Shifted { moved } => {
            format!("{} tasks of {} workloads moved{back}", tasks(moved), moved.len())
        }
        ShiftReport::Blocked { by, .. } => {
            let why = by.first().map_or_else(|| "it did not end in time".to_owned(), super::cause::one);
            format!("the work could not be moved{back}: {why}")
        }
        ShiftReport::Gone => "the node is gone from its fleet".to_owned(),
    }
}

pub(in crate::engine) fn changed(id: &EffectId, report: &NodeReport) -> String {
    let what = match id.action {
        Action::Admit => "labelled for its pool",
        Action::Cordon => "takes no new work",
        Action::Uncordon => "takes work again",
        Action::Retire => "left its fleet",
        _ => "changed",
    };
    match report {
        NodeReport::Done { found: false } => what.to_owned(),
        NodeReport::Done { found: true } => format!("{what}, found done"),
        NodeReport::Cordoned { found, work } => {
            let (found, carries) = (if *found { ", found so" } else { "" }, work.len());
            format!("{what}{found}; {carries} workloads are on it")
        }
        NodeReport::Gone => "the node is gone from its fleet".to_owned(),
        NodeReport::Refused(why) => format!("the orchestrator refused: {why}"),
    }
}

pub(in crate::engine) fn updated(report: &ProvisionReport<()>) -> String {
    match report {
        ProvisionReport::Done(()) => "updated in place".to_owned(),
        ProvisionReport::Failed { what, .. } => format!("not updated: {what}"),
    }
}

pub(in crate::engine) fn removed(report: &ProvisionReport<()>) -> String {
    match report {
        ProvisionReport::Done(()) => "machine removed".to_owned(),
        ProvisionReport::Failed { what, .. } => format!("the machine was not removed: {what}"),
    }
}
