//! How a step's stage looks: its mark and its words, for the step's own row and for its image or workload.

use crate::api::rows::Mark;
use crate::engine::describe::subject;
use crate::engine::hold::Hold;
use crate::engine::run::{Body, DeployStage, ImageStage, Step};
use crate::engine::{Cause, Run};

/// The mark of a step.
pub(super) fn mark(run: &Run, step: &Step) -> Mark {
    let mark = match &step.body {
        Body::Image(image) => image_mark(&image.stage),
        Body::Deploy(deploy) => deploy_mark(&deploy.stage),
    };
    // Work that goes on is not paused; what has not begun is, also where the step is at work as a whole.
    let idle =
        mark == Mark::Pending || (mark == Mark::Working && step.want.is_some() && step.doing.is_none());
    if idle && run.paused.is_some() { Mark::Paused } else { mark }
}

fn image_mark(stage: &ImageStage) -> Mark {
    match stage {
        ImageStage::Waiting | ImageStage::Cleared => Mark::Pending,
        ImageStage::Building | ImageStage::Testing | ImageStage::Publishing => Mark::Working,
        ImageStage::Held(_) => Mark::Held,
        ImageStage::Published => Mark::Good,
        ImageStage::Failed(_) => Mark::Failed,
        ImageStage::Blocked(_) | ImageStage::Superseded | ImageStage::Aborted(_) => Mark::Blocked,
    }
}

fn deploy_mark(stage: &DeployStage) -> Mark {
    match stage {
        DeployStage::Waiting => Mark::Pending,
        DeployStage::Held(_) => Mark::Held,
        DeployStage::Updating | DeployStage::Soaking { .. } => Mark::Working,
        DeployStage::Restoring(_) => Mark::Sick,
        DeployStage::Healthy => Mark::Good,
        DeployStage::Undecided(_) => Mark::Unknown,
        DeployStage::Restored(_) => Mark::Restored,
        DeployStage::Failed(_) => Mark::Failed,
        DeployStage::Quarantined(_)
        | DeployStage::Blocked(_)
        | DeployStage::Superseded
        | DeployStage::Aborted(_) => Mark::Blocked,
    }
}

/// The hold of a step that waits for approval.
pub(super) fn hold(step: &Step) -> Option<&Hold> {
    match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Held(hold) => Some(hold),
            ImageStage::Waiting
            | ImageStage::Building
            | ImageStage::Testing
            | ImageStage::Cleared
            | ImageStage::Publishing
            | ImageStage::Published
            | ImageStage::Failed(_)
            | ImageStage::Blocked(_)
            | ImageStage::Superseded
            | ImageStage::Aborted(_) => None,
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Held(hold) => Some(hold),
            DeployStage::Waiting
            | DeployStage::Updating
            | DeployStage::Soaking { .. }
            | DeployStage::Healthy
            | DeployStage::Undecided(_)
            | DeployStage::Restoring(_)
            | DeployStage::Restored(_)
            | DeployStage::Failed(_)
            | DeployStage::Quarantined(_)
            | DeployStage::Blocked(_)
            | DeployStage::Superseded
            | DeployStage::Aborted(_) => None,
        },
    }
}

/// Why a step failed or was put back.
pub(super) fn cause(step: &Step) -> Option<&Cause> {
    match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Failed(cause) => Some(cause),
            ImageStage::Waiting
            | ImageStage::Building
            | ImageStage::Testing
            | ImageStage::Held(_)
            | ImageStage::Cleared
            | ImageStage::Publishing
            | ImageStage::Published
            | ImageStage::Blocked(_)
            | ImageStage::Superseded
            | ImageStage::Aborted(_) => None,
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Restoring(cause) | DeployStage::Restored(cause) | DeployStage::Failed(cause) => {
                Some(cause)
            }
            DeployStage::Waiting
            | DeployStage::Held(_)
            | DeployStage::Updating
            | DeployStage::Soaking { .. }
            | DeployStage::Healthy
            | DeployStage::Undecided(_)
            | DeployStage::Quarantined(_)
            | DeployStage::Blocked(_)
            | DeployStage::Superseded
            | DeployStage::Aborted(_) => None,
        },
    }
}

/// How a step stands, with what makes it so: `held 1 of 2`, `blocked by web:1`, `soaking until 02:14`.
pub(super) fn words(step: &Step) -> String {
    let word = step.word();
    if let Some(hold) = hold(step) {
        return format!("{word} {} of {}", hold.approvals.len(), hold.needed);
    }
    match &step.body {
        Body::Image(image) => match &image.stage {
            ImageStage::Failed(Cause::Tests { passed, total, .. }) => {
                format!("{} of {total} failed", total.saturating_sub(*passed))
            }
            ImageStage::Failed(cause) => cause.class().to_owned(),
            ImageStage::Blocked(by) => format!("{word} by {}", subject(by)),
            ImageStage::Aborted(by) => format!("{word} by {by}"),
            ImageStage::Waiting
            | ImageStage::Building
            | ImageStage::Testing
            | ImageStage::Held(_)
            | ImageStage::Cleared
            | ImageStage::Publishing
            | ImageStage::Published
            | ImageStage::Superseded => word.to_owned(),
        },
        Body::Deploy(deploy) => match &deploy.stage {
            DeployStage::Soaking { until } => format!("{word} until {}", until.hours_minutes()),
            DeployStage::Updating | DeployStage::Restoring(_) => match &deploy.look {
                Some(look) => format!("{word} {} of {}", look.running, look.desired),
                None => word.to_owned(),
            },
            DeployStage::Failed(cause) => cause.class().to_owned(),
            DeployStage::Blocked(by) => format!("{word} by {}", subject(by)),
            DeployStage::Aborted(by) => format!("{word} by {by}"),
            DeployStage::Waiting
            | DeployStage::Held(_)
            | DeployStage::Healthy
            | DeployStage::Undecided(_)
            | DeployStage::Restored(_)
            | DeployStage::Quarantined(_)
            | DeployStage::Superseded => word.to_owned(),
        },
    }
}
