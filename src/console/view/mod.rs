//! The picture of a model. Pure: it reads the model, writes cells, and knows no clock.
//!
//! ```text
//!   header    prod  ● live   needs you 4 …            ana 02:14Z
//!   tabs     [0 now] 1 lineage …
//!   drill     goal  web well on its old image     4m10 left   (only in a drill)
//!   body      overview | list with details | page | log | a state of its own
//!   sheet     in place of the details, never of the list
//!   notice    a message until it was read, else the newest event
//!   footer    the keys that work here; a prompt while one is open
//! ```
//!
//! It draws into a buffer and not into a terminal's frame, so that the shell can compare two buffers and send nothing
//! when they are alike. Only rows in sight are turned into text.

mod body;
mod canvas;
mod chrome;
mod list;
mod log;
mod overview;
mod paper;
mod prompt;
mod sheet;
mod states;
mod tables;

use super::layout::regions;
use super::model::{Link, Model};
use super::theme::Theme;
use canvas::Canvas;
pub use paper::paper;
use ratatui::buffer::Buffer;

/// Draws `model` into `buffer`, which must have the model's size and be empty.
pub fn view(model: &Model, theme: &Theme, buffer: &mut Buffer) {
    let regions = regions(model);
    let canvas = &mut Canvas::new(buffer, theme);
    chrome::header(model, canvas, regions.header);
    chrome::tabs(model, canvas, regions.tabs);
    chrome::drill(model, canvas, regions.drill);
    body::body(model, canvas, regions.body);
    sheet::sheet(model, canvas, regions.sheet);
    chrome::notice(model, canvas, regions.notice);
    chrome::footer(model, canvas, regions.footer);
    prompt::matches(model, canvas, regions.body);
    let lost = match model.link {
        Link::Lost { .. } | Link::Hopeless { .. } => true,
        Link::Connecting | Link::Loading | Link::Live => false,
    };
    theme.finish(buffer, lost);
}
