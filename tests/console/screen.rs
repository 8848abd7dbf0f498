//! A model as the text that its screen shows.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use tidegate::console::theme::{Depth, GlyphSet};
use tidegate::console::{Model, Theme, view};

pub fn theme() -> Theme {
    Theme::load("dark", Depth::Full, GlyphSet::Unicode).expect("the built-in themes load")
}

pub fn buffer(model: &Model, theme: &Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    view(model, theme, &mut buffer);
    buffer
}

/// Lines of a buffer, without the blanks at their ends.
pub fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width.max(1));
    let line = |cells: &[Cell]| cells.iter().map(Cell::symbol).collect::<String>().trim_end().to_owned();
    buffer.content.chunks(width).map(line).collect::<Vec<_>>().join("\n")
}

pub fn picture(model: &Model) -> String {
    text(&buffer(model, &theme()))
}
