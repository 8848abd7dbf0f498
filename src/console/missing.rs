//! What a key that opens a sheet would need, where it does nothing: a key that is silent looks broken.

use super::actions::Action;
use super::model::{Link, Model};
use super::target::{asked_about, must_choose, step_of, target};
use crate::api::rows::{May, RowKey};
use crate::model::RunId;

/// What to say of an action that is not possible here; none where nothing is known, or of one that only shows.
pub fn missing(model: &Model, action: Action) -> Option<String> {
    // Of what is not loaded, or was lost, nothing can be said.
    if model.link != Link::Live {
        return None;
    }
    let what = match action {
        Action::Approve => "nothing is held here".to_owned(),
        Action::Reject => "nothing is held here, and no incident is open".to_owned(),
        Action::Retry => several(model, May::Retry).unwrap_or("nothing that failed is selected").to_owned(),
        Action::Rollback => nothing_to_put_back(model),
        Action::Forward => "no rollout here has a newer release to go on with".to_owned(),
        Action::Skip => {
            several(model, May::Skip).unwrap_or("no node that could be left out is selected").to_owned()
        }
        Action::Pause => "nothing here is under way, or it is paused or pinned already".to_owned(),
        Action::Resume => "nothing is paused, pinned or frozen here".to_owned(),
        Action::Abort => "no run or rollout is under way here".to_owned(),
        Action::Freeze => "everything is frozen already".to_owned(),
        Action::Claim => "no incident is open here".to_owned(),
        Action::Start => "only an image, or the plan (n) of a pool that is idle and not pinned".to_owned(),
        Action::Unquarantine => "nothing is quarantined or skipped here".to_owned(),
        Action::Down | Action::Up | Action::First | Action::Last | Action::HalfDown | Action::HalfUp => {
            return None;
        }
        Action::Fold | Action::Unfold | Action::Open | Action::Back | Action::Now | Action::Lineage => {
            return None;
        }
        Action::Updates | Action::Runs | Action::Pools | Action::Incidents | Action::Journal => return None,
        Action::Filter | Action::Jump | Action::Palette | Action::Why | Action::Impact => return None,
        Action::Log | Action::Events | Action::Plan | Action::Behind | Action::Save | Action::Copy => {
            return None;
        }
        Action::Follow | Action::Wrap | Action::Help | Action::Leave | Action::Drill | Action::Hint => {
            return None;
        }
        Action::Quit | Action::Redraw | Action::Suspend | Action::Interrupt => return None,
    };
    let spec = action.spec();
    Some(format!("{} {}: {what}", spec.keys[0], spec.name))
}

/// A rollout's row stands for no node where several could be meant.
fn several(model: &Model, may: May) -> Option<&'static str> {
    let Some(RowKey::Run(run)) = target(model) else { return None };
    let many = asked_about(&model.replica, run, may).nth(1).is_some();
    (many && is_rollout(model, run)).then_some("several nodes could be meant; Enter, then choose one")
}

fn is_rollout(model: &Model, run: RunId) -> bool {
    model.replica.run(run).is_some_and(|row| row.rollout.is_some())
}

fn nothing_to_put_back(model: &Model) -> String {
    if must_choose(model) {
        return "several steps could be put back; Enter, then choose one".to_owned();
    }
    let key = target(model);
    let node = key.as_ref().and_then(|key| step_of(&model.replica, key)).filter(|step| step.node.is_some());
    let of = node.and_then(|step| model.replica.run(step.run));
    match of.filter(|row| row.rollout.as_ref().is_some_and(|part| part.back)) {
        Some(row) => format!("nothing to put back here; all of {}: R on its row (3)", row.name()),
        None => "nothing here can be put back".to_owned(),
    }
}
