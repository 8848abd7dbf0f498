//! Whether a look says anything new: what a fact is made of, and what only the ring of samples needs. Pure.

use crate::model::TaskId;
use crate::model::reports::{Look, LookReport, TaskState, UpdateState};
use std::collections::{BTreeMap, BTreeSet};

/// All of a look that is worth a fact. Times, totals and the order of tasks are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    Gone,
    Seen(Box<Parts>),
}

/// See [`Material`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Version, image and our mark of the spec.
    spec: (u64, String, Option<String>),
    /// Desired, running, of the present spec.
    counts: (u32, u32, usize),
    ended: BTreeSet<TaskId>,
    update: UpdateState,
    tasks: BTreeMap<TaskId, (TaskState, Option<String>)>,
    /// Failed requests, sick tasks, and why none can be made.
    probes: Option<(u32, u32, Option<String>)>,
}

impl Material {
    pub(super) fn of(report: &LookReport) -> Self {
        match report {
            LookReport::Gone => Self::Gone,
            LookReport::Seen(look) => Self::Seen(Box::new(parts(look))),
        }
    }
}

fn parts(look: &Look) -> Parts {
    Parts {
        spec: (look.spec.version, look.spec.image.clone(), look.spec.mark.clone()),
        counts: (look.desired, look.running, look.tasks.iter().filter(|task| task.current).count()),
        ended: look.ended.iter().map(|task| task.id.clone()).collect(),
        update: look.update.clone(),
        tasks: look.tasks.iter().map(|task| (task.id.clone(), (task.state, blocked(task)))).collect(),
        probes: look.probes.as_ref().map(|tally| (tally.failed, tally.sick_tasks, tally.broken.clone())),
    }
}

/// Why a task finds no place; what a task says once it has one is told by its state.
fn blocked(task: &crate::model::reports::TaskLook) -> Option<String> {
    task.message.clone().filter(|_| task.state == TaskState::Pending)
}
