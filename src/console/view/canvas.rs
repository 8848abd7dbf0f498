//! The brush: texts into cells, cut to their place, cleaned, in the style of a role.

use crate::console::doc::{LABEL, Line};
use crate::console::text::{fit, fit_middle, width};
use crate::console::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A buffer with the theme to draw in.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
}

/// How wide a column is.
#[derive(Debug, Clone, Copy)]
pub enum Wide {
    /// This many cells.
    Fixed(u16),
    /// This share of what is left.
    Share(u16),
}

/// A column of a list.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub head: &'static str,
    /// Its width.
    pub wide: Wide,
    /// Whether figures stand at its right edge.
    pub right: bool,
}

impl Column {
    /// A column of texts.
    pub const fn left(head: &'static str, wide: Wide) -> Self {
        Self { head, wide, right: false }
    }

    /// A column of figures.
    pub const fn right(head: &'static str, wide: Wide) -> Self {
        Self { head, wide, right: true }
    }
}

/// A cell of a list.
#[derive(Debug, Clone)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Its style.
    pub role: Role,
    /// Whether its end tells most, so that the middle is cut.
    pub name: bool,
    /// Cells of a tree before it, which are never cut.
    pub stem: String,
}

impl Cell {
    /// An everyday text.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), role: Role::Text, name: false, stem: String::new() }
    }

    /// A text in a role.
    pub fn styled(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role, name: false, stem: String::new() }
    }

    /// A name whose end tells most.
    pub fn name(text: impl Into<String>) -> Self {
        Self { text: text.into(), role: Role::Text, name: true, stem: String::new() }
    }

    /// A name in a tree.
    pub fn branch(stem: String, name: impl Into<String>) -> Self {
        Self { stem, ..Self::name(name) }
    }
}

impl<'a> Canvas<'a> {
    /// Draws into `buffer`.
    pub fn new(buffer: &'a mut Buffer, theme: &'a Theme) -> Self {
        Self { buffer, theme }
    }

    /// Writes `text` at most `room` cells wide; gives back the column after it.
    pub fn put(&mut self, x: u16, y: u16, room: u16, text: &str, role: Role) -> u16 {
        let area = self.buffer.area;
        if y >= area.bottom() || x >= area.right() {
            return x;
        }
        let room = room.min(area.right() - x);
        let text = fit(text, usize::from(room));
        self.buffer.set_stringn(x, y, &text, usize::from(room), self.theme.style(role)).0
    }

    /// Writes `text` so that it ends before column `right`; gives back the column at which it begins.
    pub fn put_right(&mut self, right: u16, y: u16, room: u16, text: &str, role: Role) -> u16 {
        let text = fit(text, usize::from(room));
        let x = right.saturating_sub(u16::try_from(width(&text)).unwrap_or(room));
        self.put(x, y, room, &text, role);
        x
    }

    /// A line across: `── title ─────── right ──`.
    pub fn rule(&mut self, area: Rect, title: &str, right: &str) {
        self.rule_of("─", Role::Rule, Role::Title, area, title, right);
    }

    /// The line above a sheet. What is out of sight matters more than the end of its title.
    pub fn sheet_rule(&mut self, area: Rect, title: &str, right: &str) {
        let room = usize::from(area.width).saturating_sub(width(right) + 9);
        let title = if right.is_empty() { title.into() } else { fit(title, room) };
        self.rule_of("═", Role::Sheet, Role::Sheet, area, &title, right);
    }

    fn rule_of(&mut self, sign: &str, rule: Role, titled: Role, area: Rect, title: &str, right: &str) {
        let full = sign.repeat(usize::from(area.width));
        self.put(area.x, area.y, area.width, &full, rule);
        // Where both have no room the title matters more.
        let both = width(title) + width(right) + 9 <= usize::from(area.width);
        let right = if both || title.is_empty() { right } else { "" };
        if !right.is_empty() {
            let text = format!(" {right} ");
            let room = area.width;
            self.put_right(area.right().saturating_sub(3), area.y, room, &text, rule);
        }
        if !title.is_empty() && area.width > 6 {
            let taken = if right.is_empty() { 6 } else { u16::try_from(width(right)).unwrap_or(0) + 9 };
            let room = area.width.saturating_sub(taken).max(4);
            let text = format!(" {} ", fit(title, usize::from(room)));
            self.put(area.x + 2, area.y, room + 2, &text, titled);
        }
    }

    /// The heads of columns.
    pub fn heads(&mut self, area: Rect, columns: &[Column]) {
        for (column, (x, wide)) in columns.iter().zip(places(area, columns)) {
            if column.right {
                self.put_right(x + wide, area.y, wide, column.head, Role::Label);
            } else {
                self.put(x, area.y, wide, column.head, Role::Label);
            }
        }
    }

    /// The heads of columns in the line above them.
    pub fn rule_heads(&mut self, area: Rect, columns: &[Column]) {
        for (column, (x, wide)) in columns.iter().zip(places(area, columns)) {
            if !column.head.is_empty() && column.right {
                self.put_right(x + wide + 1, area.y, wide + 2, &format!(" {} ", column.head), Role::Rule);
            } else if !column.head.is_empty() {
                self.put(x.saturating_sub(1), area.y, wide, &format!(" {} ", column.head), Role::Rule);
            }
        }
    }

    /// A row of a list. The selected one has `>` in the first column and is reversed. A text may use the room of an
    /// empty cell at its right.
    pub fn row(&mut self, area: Rect, columns: &[Column], cells: &[Cell], selected: bool) {
        let mut places: Vec<(u16, u16)> = places(area, columns).collect();
        for at in (1..places.len().min(cells.len())).rev() {
            if cells[at].text.is_empty() {
                places[at - 1].1 += places[at].1 + 1;
            }
        }
        for ((column, cell), (x, wide)) in columns.iter().zip(cells).zip(places) {
            self.cell(*column, cell, x, wide, area.y);
        }
        if selected {
            self.select(area);
        }
    }

    fn cell(&mut self, column: Column, cell: &Cell, x: u16, wide: u16, y: u16) {
        let after = if cell.stem.is_empty() { x } else { self.put(x, y, wide, &cell.stem, cell.role) };
        let wide = wide.saturating_sub(after - x);
        let room = usize::from(wide);
        let text = if cell.name { fit_middle(&cell.text, room) } else { fit(&cell.text, room) };
        if column.right {
            self.put_right(after + wide, y, wide, &text, cell.role);
        } else {
            self.put(after, y, wide, &text, cell.role);
        }
    }

    /// Marks a line as the selected one.
    pub fn select(&mut self, area: Rect) {
        self.put(area.x, area.y, 1, ">", Role::Text);
        let style = self.theme.style(Role::Selection);
        self.buffer.set_style(Rect { height: 1, ..area }.intersection(self.buffer.area), style);
    }

    /// Lines of a page.
    pub fn lines(&mut self, area: Rect, lines: &[Line]) {
        for (y, line) in (area.y..area.bottom()).zip(lines) {
            let row = Rect { y, height: 1, ..area };
            match line {
                Line::Rule(title) => self.rule(row, title, ""),
                Line::Pair(label, text, role) => {
                    let after = area.x + 1;
                    let label_room = u16::try_from(LABEL).unwrap_or(10);
                    self.put(after, y, label_room.min(area.width), label, Role::Label);
                    let x = after + label_room;
                    self.put(x, y, area.right().saturating_sub(x), text, *role);
                }
                Line::Text(text, role) => {
                    self.put(area.x + 1, y, area.width.saturating_sub(1), text, *role);
                }
            }
        }
    }

    /// A line down between two panes.
    pub fn divider(&mut self, x: u16, top: u16, bottom: u16) {
        self.put(x, top, 1, "┬", Role::Rule);
        for y in top + 1..bottom {
            self.put(x, y, 1, "│", Role::Rule);
        }
    }

    /// A whole line in the style of a role.
    pub fn paint(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }
}

/// Where each column stands: one cell of room for `>`, one between columns.
fn places(area: Rect, columns: &[Column]) -> impl Iterator<Item = (u16, u16)> {
    let gaps = u16::try_from(columns.len()).unwrap_or(0);
    let fixed: u16 = columns.iter().map(|c| if let Wide::Fixed(cells) = c.wide { cells } else { 0 }).sum();
    let shares: u16 = columns.iter().map(|c| if let Wide::Share(share) = c.wide { share } else { 0 }).sum();
    let left = area.width.saturating_sub(fixed + gaps + 1);
    let mut x = area.x + 1;
    columns.iter().map(move |column| {
        let wide = match column.wide {
            Wide::Fixed(cells) => cells,
            Wide::Share(share) => left * share / shares.max(1),
        };
        let at = x;
        x = x.saturating_add(wide + 1);
        let room = area.right().saturating_sub(at);
        (at, wide.min(room))
    })
}
