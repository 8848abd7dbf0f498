//! A list with the details of its selected row: lineage, updates, runs, one run, incidents, journal.

use super::body::detail;
use super::canvas::{Canvas, Cell};
use super::{states, tables};
use crate::console::about;
use crate::console::layout::panes;
use crate::console::list::Entry;
use crate::console::model::{Model, Screen};
use crate::console::rank::List;
use ratatui::layout::Rect;

/// Draws the list on top and, where there is room, the details.
pub fn list(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let panes = panes(model, area);
    rows(model, canvas, panes.list);
    if panes.detail.height > 0 && panes.detail.width > 0 {
        if let Some(doc) = about::selected(model) {
            detail(&doc, canvas, panes.detail);
        } else {
            canvas.rule(Rect { height: 1, ..panes.detail }, "", "");
        }
        if panes.beside {
            canvas.divider(panes.detail.x - 1, area.y, area.bottom());
        }
    }
}

fn rows(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let (title, right) = title(model);
    canvas.rule(Rect { height: 1, ..area }, &title, &right);
    let columns = tables::columns(model.screen(), area.width);
    let heads = u16::from(!matches!(model.screen(), Screen::Journal(..)));
    if heads == 1 && area.height > 1 {
        canvas.heads(Rect { y: area.y + 1, height: 1, ..area }, columns);
    }
    let skip = (1 + heads).min(area.height);
    let inner = Rect { y: area.y + skip, height: area.height - skip, ..area };
    if model.shown.is_empty() {
        states::empty(model, canvas, inner);
        return;
    }
    let Some(picker) = model.screen().picker() else { return };
    // `update` keeps the selection in sight; a frame between a resize and it must still show something.
    let top = picker.top.min(model.shown.len().saturating_sub(1));
    for (y, (at, entry)) in (inner.y..inner.bottom()).zip(model.shown.iter().enumerate().skip(top)) {
        let row = Rect { y, height: 1, ..inner };
        match entry {
            Entry::Rule(title) => canvas.rule(row, title, ""),
            Entry::Row { key, depth, fold } => {
                let cells: Vec<Cell> = tables::cells(model, key, *depth, *fold);
                canvas.row(row, columns, &cells, at == picker.index);
            }
        }
    }
}

/// The title of a list, and what stands at its right.
fn title(model: &Model) -> (String, String) {
    let replica = &model.replica;
    let place = place(model);
    match model.screen() {
        Screen::Overview(_) => ("now".to_owned(), place),
        Screen::Lineage(_, tree) => {
            let (behind, unclear) = (replica.list(List::Behind).len(), replica.list(List::Unclear).len());
            let all = replica.list(List::Images).len();
            if tree.behind_only {
                return (format!("lineage, behind only ── {behind} of {all}, unknown {unclear}"), place);
            }
            (format!("lineage ── behind {behind}, unknown {unclear}, of {all}"), place)
        }
        Screen::Updates(_) => {
            (format!("updates that are not through ── {}", replica.list(List::Updates).len()), place)
        }
        Screen::Runs(_) => {
            let (going, all) = (replica.list(List::Going).len(), replica.list(List::Runs).len());
            (format!("runs ── {going} on their way, of {all}"), place)
        }
        Screen::Run(run, _) => match replica.run(*run) {
            // How it stands comes first: where there is no room it is the cause that is cut.
            Some(row) => (format!("{} ── {} ── {}", row.name(), row.state, row.cause), String::new()),
            None => (format!("run {run} ── gone"), place),
        },
        Screen::Pools(_) => (format!("pools ── {}", replica.list(List::Pools).len()), place),
        Screen::Pool(pool, _) => {
            let state = replica.pool(pool).map_or("gone", |row| row.state.as_str());
            (format!("pool {pool} ── {state}"), place)
        }
        Screen::Incidents(_) => {
            let list = replica.list(List::Incidents);
            let open = list.partition_point(|(rank, _)| rank.0 == 0);
            (format!("incidents ── {open} open, of {}", list.len()), place)
        }
        Screen::Journal(_, None) => ("journal".to_owned(), place),
        Screen::Journal(_, Some(run)) => (format!("journal of run {run}"), place),
        Screen::Page(..) | Screen::Log(_) => (String::new(), String::new()),
    }
}

/// Where in the list the selection stands, and the filter.
fn place(model: &Model) -> String {
    let Some(picker) = model.screen().picker() else { return String::new() };
    let filter = if picker.filter.is_empty() { String::new() } else { format!("/{} ", picker.filter) };
    let all = model.shown.len();
    if all == 0 { filter } else { format!("{filter}{} of {all}", picker.index + 1) }
}
