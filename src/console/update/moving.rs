//! Moving the selection, scrolling pages, folding the tree.

use super::logs;
use crate::api::rows::RowKey;
use crate::console::layout::{list_rows, page_end, page_rows};
use crate::console::list::nearest;
use crate::console::model::{Model, Screen};
use crate::console::msg::{Changed, Cmd};
use crate::console::tree;
use crate::model::ImageRef;

/// Lines of the list that stay in sight beyond the selected one.
const MARGIN: usize = 2;

/// A way to move in a list, a page or a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motion {
    /// One line down.
    Down,
    /// One line up.
    Up,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// To the begin.
    First,
    /// To the end.
    Last,
}

/// Moves the selection of a list, or a page, or a log.
pub fn moving(model: &mut Model, motion: Motion) -> (Changed, Vec<Cmd>) {
    match model.screen() {
        Screen::Log(_) => logs::scroll(model, motion),
        Screen::Page(..) => (page(model, motion), Vec::new()),
        Screen::Overview(_)
        | Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_)
        | Screen::Journal(..) => (list(model, motion), Vec::new()),
    }
}

/// Where a motion leads from line `at` of `count`, with `rows` in sight.
pub fn moved(motion: Motion, at: usize, last: usize, rows: usize) -> usize {
    let half = (rows / 2).max(1);
    match motion {
        Motion::Down => at.saturating_add(1).min(last),
        Motion::Up => at.saturating_sub(1),
        Motion::HalfDown => at.saturating_add(half).min(last),
        Motion::HalfUp => at.saturating_sub(half),
        Motion::First => 0,
        Motion::Last => last,
    }
}

fn page(model: &mut Model, motion: Motion) -> Changed {
    let (end, rows) = (page_end(model), page_rows(model));
    let Screen::Page(_, top) = model.screen_mut() else { return Changed::No };
    let next = moved(motion, (*top).min(end), end, rows);
    let changed = next != *top;
    *top = next;
    changed.into()
}

fn list(model: &mut Model, motion: Motion) -> Changed {
    let rows = list_rows(model).max(2);
    let Some(index) = model.screen().picker().map(|picker| picker.index) else { return Changed::No };
    let last = model.shown.len().saturating_sub(1);
    let wanted = moved(motion, index, last, rows);
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
    let key = &**model.selected()?;
    if let RowKey::Workload(workload) = key {
        return model.replica.workload(workload)?.image.clone();
    }
    let RowKey::Image(image) = key else { return None };
    if tree_has_children(model, image) {
        return Some(image.clone());
    }
    let parent = model.replica.image(image).and_then(tree::base).cloned();
    parent.or_else(|| Some(image.clone()))
}

fn tree_has_children(model: &Model, image: &ImageRef) -> bool {
    let has_workloads = model.replica.image(image).is_some_and(|row| !row.workloads.is_empty());
    has_workloads || model.replica.images().any(|(_, row)| tree::base(row) == Some(image))
}
