//! A model as the text that its screen shows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tidegate::console::theme::{Depth, GlyphSet};
use tidegate::console::{Model, Theme, view};

pub fn theme() -> Theme {
    Theme::load("dark", Depth::Full, GlyphSet::Unicode).unwrap()
}

pub fn buffer(model: &Model, theme: &Theme) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
    view(model, theme, &mut buffer);
    buffer
}

/// Lines of the screen, without the blanks at their ends.
pub fn lines(model: &Model) -> Vec<String> {
    let buffer = buffer(model, &theme());
    let width = usize::from(buffer.area.width.max(1));
    let line =
        |cells: &[ratatui::buffer::Cell]| cells.iter().map(ratatui::buffer::Cell::symbol).collect::<String>();
    buffer.content.chunks(width).map(|cells| line(cells).trim_end().to_owned()).collect()
}

pub fn picture(model: &Model) -> String {
    lines(model).join("\n")
}
