//! The body: the screen on top, or why there is nothing to show.

use super::canvas::Canvas;
use super::{list, log, overview, states};
use crate::console::about;
use crate::console::doc::Doc;
use crate::console::model::{About, Model, Screen};
use ratatui::layout::Rect;

/// Draws the screen on top.
pub fn body(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let needs_rows = !matches!(model.screen(), Screen::Page(About::Help | About::Drill, _));
    if model.replica.place().is_none() && needs_rows {
        states::nothing_yet(model, canvas, area);
        return;
    }
    match model.screen() {
        Screen::Overview(_) => overview::overview(model, canvas, area),
        Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_)
        | Screen::Journal(..) => list::list(model, canvas, area),
        Screen::Page(about, top) => page(&about::page(model, about), *top, canvas, area),
        Screen::Log(view) => log::log(model, view, canvas, area),
    }
}

/// A page from line `top` on.
pub fn page(doc: &Doc, top: usize, canvas: &mut Canvas<'_>, area: Rect) {
    let lines = doc.layout(area.width);
    let rows = usize::from(area.height.saturating_sub(1));
    let top = top.min(lines.len().saturating_sub(rows));
    let below = lines.len().saturating_sub(top + rows);
    let right = if below > 0 { format!("{below} lines below") } else { String::new() };
    canvas.rule(Rect { height: 1, ..area }, &doc.title, &right);
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    canvas.lines(inner, &lines[top..]);
}

/// The details of the selected row, cut where they do not fit.
pub fn detail(doc: &Doc, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let lines = doc.layout(area.width);
    let rows = usize::from(area.height - 1);
    let more = if lines.len() > rows { "Enter: more" } else { "" };
    canvas.rule(Rect { height: 1, ..area }, &doc.title, more);
    canvas.lines(Rect { y: area.y + 1, height: area.height - 1, ..area }, &lines);
}
