//! A log: opened at the first error, in windows, cleaned.

use super::canvas::Canvas;
use super::states::paragraph;
use crate::console::log::{LogView, Reading};
use crate::console::model::Model;
use crate::console::text::wrap;
use crate::console::theme::Role;
use ratatui::layout::Rect;

/// Draws the part of the log that is in sight.
pub fn log(_model: &Model, log: &LogView, canvas: &mut Canvas<'_>, area: Rect) {
    canvas.rule(Rect { height: 1, ..area }, &format!("log {}", log.id), &place(log));
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    match &log.reading {
        Reading::Asked => paragraph(canvas, inner, "It is being read."),
        Reading::Failed(why) => paragraph(canvas, inner, &format!("It cannot be read: {why}")),
        Reading::Shown if log.is_empty() => paragraph(canvas, inner, "It has no lines yet."),
        Reading::Shown => lines(log, canvas, inner),
    }
}

fn place(log: &LogView) -> String {
    let kilobytes = |bytes: u64| bytes.div_ceil(1024);
    let state = if log.open { "still written" } else { "complete" };
    let follow = if log.follow { ", following" } else { "" };
    let error = match (log.error, &log.reading) {
        (Some(_), _) => "error found, ",
        (None, Reading::Shown) => "no error found, ",
        (None, Reading::Asked | Reading::Failed(_)) => "",
    };
    format!("{error}{} kB, {state}{follow}", kilobytes(log.size))
}

fn lines(log: &LogView, canvas: &mut Canvas<'_>, area: Rect) {
    let mut y = area.y;
    // One line of context above the error.
    let top = if log.error == Some(log.top) { log.top.saturating_sub(1) } else { log.top };
    let top = if log.follow { follow_top(log, area) } else { top };
    for (at, line) in log.lines(top) {
        let role = if log.error == Some(at) { Role::LogError } else { Role::Text };
        let parts = if log.wrap {
            wrap(line, usize::from(area.width.saturating_sub(3)))
        } else {
            vec![cut(line, log.sideways)]
        };
        for (part, text) in parts.iter().enumerate() {
            if y >= area.bottom() {
                return;
            }
            let sign = if log.error == Some(at) && part == 0 { ">" } else { "" };
            canvas.put(area.x, y, 1, sign, Role::LogError);
            canvas.put(area.x + 1 + u16::from(part > 0), y, area.width.saturating_sub(1), text, role);
            y += 1;
        }
    }
}

fn cut(line: &str, sideways: usize) -> String {
    line.chars().skip(sideways).collect()
}

/// The first line such that the end of the log is in sight.
fn follow_top(log: &LogView, area: Rect) -> usize {
    let rows = usize::from(area.height);
    let first = log.len().saturating_sub(rows);
    if !log.wrap {
        return first;
    }
    let room = usize::from(area.width.saturating_sub(3));
    let heights: Vec<(usize, usize)> =
        log.lines(first).map(|(at, line)| (at, wrap(line, room).len())).collect();
    let mut used = 0;
    let mut top = log.len();
    for (at, height) in heights.into_iter().rev() {
        used += height;
        if used > rows {
            break;
        }
        top = at;
    }
    top.min(log.len().saturating_sub(1))
}
