//! Where things stand on the screen: shared by `view`, which draws there, and `update`, which keeps the selection in sight.

use super::about;
use super::model::{Model, Screen, Size};
use super::sheet::Proof;
use ratatui::layout::Rect;

/// The size that the screens are made for; smaller ones are told so.
pub const SMALLEST: Size = Size { width: 80, height: 24 };
/// From this width on, details stand at the right of lists and not below.
const WIDE: u16 = 140;
/// Columns of the lineage at 80 columns; the rest is its detail pane.
const TREE_WIDTH: u16 = 48;

/// The regions of a frame. Those that have no room have no rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regions {
    /// The first line: what is connected, how it stands, who I am.
    pub header: Rect,
    /// The second: the views.
    pub tabs: Rect,
    /// In a drill, the third: its goal and the time that is left.
    pub drill: Rect,
    /// What the screen on top shows.
    pub body: Rect,
    /// The sheet; no rows while none is open.
    pub sheet: Rect,
    /// The last line but one: a message, else the newest event.
    pub notice: Rect,
    /// The last line: the keys that work here.
    pub footer: Rect,
}

/// The regions of the frame that `model` asks for.
pub fn regions(model: &Model) -> Regions {
    let Size { width, height } = model.size;
    let row = |y: u16, wanted: bool| Rect { x: 0, y, width, height: u16::from(wanted && y < height) };
    let (tabs, notice) = (height >= 5, height >= 6);
    let drill = model.drill.is_some() && height >= 10;
    let top = 1 + u16::from(tabs) + u16::from(drill);
    let bottom = height.saturating_sub(1 + u16::from(notice)).max(top.min(height));
    let whole = Rect { x: 0, y: top.min(height), width, height: bottom.saturating_sub(top) };
    let sheet_height = sheet_height(model, whole);
    let (body, sheet) = whole.split_bottom(sheet_height);
    Regions {
        header: row(0, true),
        tabs: row(1, tabs),
        drill: row(2, drill),
        body,
        sheet,
        notice: row(bottom, notice),
        footer: row(height.saturating_sub(1), height >= 2),
    }
}

/// The sheet stands in place of the details; the list above keeps at least five lines.
fn sheet_height(model: &Model, whole: Rect) -> u16 {
    let Some(sheet) = model.sheet() else { return 0 };
    let lines = about::sheet(model, sheet).layout(whole.width).len();
    // Its title, and up to three lines of fields.
    let wanted = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(4);
    wanted.min(whole.height.saturating_sub(5)).max(whole.height.min(6))
}

trait Split: Sized {
    fn split_bottom(self, height: u16) -> (Self, Self);
}

impl Split for Rect {
    fn split_bottom(self, height: u16) -> (Self, Self) {
        let height = height.min(self.height);
        let above = Self { height: self.height - height, ..self };
        (above, Self { y: self.y + above.height, height, ..self })
    }
}

/// A list and the details of its selected row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Panes {
    /// The list.
    pub list: Rect,
    /// The details; nothing where there is no room for them.
    pub detail: Rect,
    /// Whether the details stand at the right, with a line between.
    pub beside: bool,
}

/// How a list shares the body with its details.
pub fn panes(model: &Model, body: Rect) -> Panes {
    let none = Rect { width: 0, height: 0, ..body };
    let alone = Panes { list: body, detail: none, beside: false };
    let with_detail = match model.screen() {
        Screen::Lineage(..) => true,
        Screen::Updates(_) | Screen::Runs(_) | Screen::Run(..) | Screen::Incidents(_) => true,
        Screen::Pools(_) | Screen::Pool(..) => true,
        Screen::Overview(_) | Screen::Journal(..) | Screen::Page(..) | Screen::Log(_) => false,
    };
    if !with_detail || (model.sheet().is_some() && body.width < WIDE) {
        return alone;
    }
    let tree = matches!(model.screen(), Screen::Lineage(..));
    if body.width >= WIDE || (tree && body.width >= SMALLEST.width) {
        let list = if tree && body.width < WIDE { TREE_WIDTH } else { body.width * 3 / 5 };
        return Panes {
            list: Rect { width: list, ..body },
            detail: Rect { x: body.x + list + 1, width: body.width - list - 1, ..body },
            beside: true,
        };
    }
    // The list has at least half; the details get what a short list leaves.
    let list = u16::try_from(model.shown.len().max(4) + 3).unwrap_or(u16::MAX).min(body.height * 11 / 20);
    let below = if body.height >= 14 { body.height - list } else { 0 };
    let (list, detail) = body.split_bottom(below);
    Panes { list, detail, beside: false }
}

/// Rows of the list on top that are in sight: without its title and its column heads.
pub fn list_rows(model: &Model) -> usize {
    let list = panes(model, regions(model).body).list;
    let heads = match model.screen() {
        Screen::Journal(..) => 1,
        Screen::Overview(_) => 0,
        Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_)
        | Screen::Page(..)
        | Screen::Log(_) => 2,
    };
    usize::from(list.height.saturating_sub(heads))
}

/// Lines of a page or a log that are in sight: without its title.
pub fn page_rows(model: &Model) -> usize {
    usize::from(regions(model).body.height.saturating_sub(1))
}

/// Lines of the open sheet that are in sight: without its title and its fields.
pub fn sheet_rows(model: &Model) -> usize {
    let Some(sheet) = model.sheet() else { return 0 };
    let height = regions(model).sheet.height;
    let named = matches!(sheet.proof, Proof::Code(_) | Proof::Name(_));
    let fields = 1 + u16::from(named) + u16::from(sheet.problem.is_some());
    // Where there is hardly room, one line of what it says is left.
    usize::from(height.saturating_sub(1 + fields).max(height.saturating_sub(1).min(1)))
}

/// The most lines that the open sheet can be moved up.
pub fn sheet_end(model: &Model) -> usize {
    let Some(sheet) = model.sheet() else { return 0 };
    about::sheet(model, sheet).layout(model.size.width).len().saturating_sub(sheet_rows(model))
}

/// The most lines that the page on top can be moved up.
pub fn page_end(model: &Model) -> usize {
    match model.screen() {
        Screen::Page(about, _) => {
            let lines = about::page(model, about).layout(model.size.width).len();
            lines.saturating_sub(page_rows(model))
        }
        Screen::Log(log) => log.len().saturating_sub(1),
        Screen::Overview(_)
        | Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_)
        | Screen::Journal(..) => 0,
    }
}
