//! A page that stands alone, with no daemon behind it: what is told before and after a drill.

use super::body::page;
use super::canvas::Canvas;
use crate::console::doc::Doc;
use crate::console::theme::{Role, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws `doc` from line `top` on, between a header and the keys that work.
pub fn paper(header: &str, doc: &Doc, keys: &str, top: usize, theme: &Theme, buffer: &mut Buffer) {
    let area = buffer.area;
    if area.height < 4 {
        return;
    }
    let canvas = &mut Canvas::new(buffer, theme);
    let line = |y: u16| Rect { y, height: 1, ..area };
    canvas.paint(line(0), Role::Header);
    canvas.put(1, 0, area.width.saturating_sub(2), header, Role::Header);
    page(doc, top, canvas, Rect { y: 1, height: area.height - 2, ..area });
    canvas.put(1, area.height - 1, area.width.saturating_sub(2), keys, Role::Key);
    theme.finish(buffer, false);
}
