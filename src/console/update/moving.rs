//! Moving the selection, scrolling pages, folding the tree.

use super::logs;
use crate::api::rows::RowKey;
use crate::console::actions::Action;
use crate::console::layout::{list_rows, page_end, page_rows};
use crate::console::list::nearest;
use crate::console::model::{Model, Screen};
use crate::console::msg::{Changed, Cmd};
use crate::console::tree;
use crate::model::ImageRef;

/// Lines of the list that stay in sight beyond the selected one.
const MARGIN: usize = 2;

/// Moves the selection of a list, or a page, or a log.
pub fn moving(model: &mut Model, action: Action) -> (Changed, Vec<Cmd>) {
    match model.screen() {
        Screen::Log(_) => logs::scroll(model, action),
        Screen::Page(..) => (page(model, action), Vec::new()),
        Screen::Overview(_)
        | Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Incidents(_)
        | Screen::Journal(..) => (list(model, action), Vec::new()),
    }
}

/// Where an action leads from line `at` of `count`, with `rows` in sight.
pub fn moved(action: Action, at: usize, last: usize, rows: usize) -> usize {
    let half = (rows / 2).max(1);
    match action {
        Action::Down => at.saturating_add(1).min(last),
        Action::Up => at.saturating_sub(1),
        Action::HalfDown => at.saturating_add(half).min(last),
        Action::HalfUp => at.saturating_sub(half),
        Action::First => 0,
        Action::Last => last,
        _ => at,
    }
}

fn page(model: &mut Model, action: Action) -> Changed {
    let (end, rows) = (page_end(model), page_rows(model));
    let Screen::Page(_, top) = model.screen_mut() else { return Changed::No };
    let next = moved(action, (*top).min(end), end, rows);
    let changed = next != *top;
    *top = next;
    changed.into()
}

fn list(model: &mut Model, action: Action) -> Changed {
    let rows = list_rows(model).max(2);
    let Some(index) = model.screen().picker().map(|picker| picker.index) else { return Changed::No };
    let last = model.shown.len().saturating_sub(1);
    let wanted = moved(action, index, last, rows);
    select(model, wanted, wanted > index)
}

/// Selects the line at `wanted`, or the next one in that direction that can be selected.
pub fn select(model: &mut Model, wanted: usize, downwards: bool) -> Changed {
    let can = |at: &usize| model.shown.get(*at).is_some_and(|entry| entry.key().is_some());
    let ahead = if downwards { (wanted..model.shown.len()).find(can) } else { (0..=wanted).rev().find(can) };
    let Some(at) = ahead.or_else(|| nearest(&model.shown, wanted)) else { return Changed::No };
    let key = model.shown[at].key().cloned();
    let Some(picker) = model.screen_mut().picker_mut() else { return Changed::No };
    let changed = picker.selected != key;
    (picker.index, picker.selected) = (at, key);
    keep_in_sight(model);
    changed.into()
}

/// Scrolls as little as is needed to have the selected row in sight, with a margin.
pub fn keep_in_sight(model: &mut Model) {
    let rows = list_rows(model).max(1);
    let count = model.shown.len();
    let Some(picker) = model.screen_mut().picker_mut() else { return };
    let margin = MARGIN.min(rows.saturating_sub(1) / 2);
    let highest = (picker.index + margin + 1).saturating_sub(rows);
    let lowest = picker.index.saturating_sub(margin);
    picker.top = picker.top.clamp(highest.min(lowest), lowest).min(count.saturating_sub(rows));
}

/// Folds or unfolds what stands on the selected image; on a leaf, folding goes to its parent.
pub fn fold(model: &mut Model, fold: bool) -> Changed {
    if let Screen::Log(log) = model.screen_mut() {
        log.sideways = if fold { log.sideways.saturating_sub(20) } else { (log.sideways + 20).min(2_000) };
        return Changed::Yes;
    }
    let Some(image) = selected_image(model) else { return Changed::No };
    let Screen::Lineage(_, tree) = model.screen_mut() else { return Changed::No };
    let (into, out_of) =
        if fold { (&mut tree.folded, &mut tree.unfolded) } else { (&mut tree.unfolded, &mut tree.folded) };
    out_of.remove(&image);
    if !into.insert(image.clone()) {
        return Changed::No;
    }
    if let Some(picker) = model.screen_mut().picker_mut() {
        picker.selected = Some(std::sync::Arc::new(RowKey::Image(image)));
    }
    model.rebuild();
    keep_in_sight(model);
    Changed::Yes
}

/// The selected image, or the one that the selected workload runs.
fn selected_image(model: &Model) -> Option<ImageRef> {
    match &**model.selected()? {
        RowKey::Image(image) => {
            let below = tree_has_children(model, image);
            let parent = || model.replica.image(image).and_then(tree::base).cloned();
            if below { Some(image.clone()) } else { parent().or_else(|| Some(image.clone())) }
        }
        RowKey::Workload(workload) => model.replica.workload(workload)?.image.clone(),
        _ => None,
    }
}

fn tree_has_children(model: &Model, image: &ImageRef) -> bool {
    let has_workloads = model.replica.image(image).is_some_and(|row| !row.workloads.is_empty());
    has_workloads || model.replica.images().any(|(_, row)| tree::base(row) == Some(image))
}
