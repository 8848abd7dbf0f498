//! The console's stream: server-sent events, the rows in them, and the screen that they make.

use super::{comes_back, readable};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::LazyLock;
use tidegate::api::sse::{Message, Parser, SseError};
use tidegate::api::stream::Frame;
use tidegate::console::model::Size;
use tidegate::console::theme::{Depth, GlyphSet};
use tidegate::console::{Model, Msg, Theme, update, view};
use tidegate::model::{Seq, Timestamp};

/// What one event may have here; the real limit would let a fuzzer spend its time on length.
const LIMIT: usize = 16 << 10;
/// A moment of the nights that the seeds are about.
const NOW: Timestamp = Timestamp::from_millis(1_795_400_060_000);

static THEME: LazyLock<Theme> =
    LazyLock::new(|| Theme::load("dark", Depth::Full, GlyphSet::Unicode).expect("the built-in themes load"));

pub fn check(bytes: &[u8]) {
    let whole = Parser::new(LIMIT).feed(bytes);
    assert_eq!(in_pieces(bytes), whole, "where the bytes are cut made a difference");
    let messages = match whole {
        Ok(messages) => messages,
        Err(error) => return readable(&error.to_string()),
    };
    let mut frames = Vec::new();
    for message in &messages {
        assert!(message.data.len() + message.event.len() <= LIMIT);
        if let Ok(frame) = serde_json::from_str::<Frame>(&message.data) {
            comes_back(&frame);
            frames.push(frame);
        }
    }
    if !frames.is_empty() {
        shown(frames);
    }
}

fn in_pieces(bytes: &[u8]) -> Result<Vec<Message>, SseError> {
    let mut parser = Parser::new(LIMIT);
    let mut messages = Vec::new();
    for piece in bytes.chunks(3) {
        messages.extend(parser.feed(piece)?);
    }
    Ok(messages)
}

/// Rows as they come, and once more inside a snapshot, make a screen that a terminal only shows.
fn shown(frames: Vec<Frame>) {
    let mut model = Model::new(Size { width: 80, height: 24 }, NOW, false);
    let snapshot = std::iter::once(Frame::Begin { epoch: 1 })
        .chain(
            frames.iter().filter(|frame| !matches!(frame, Frame::Begin { .. } | Frame::End { .. })).cloned(),
        )
        .chain([Frame::End { epoch: 1, seq: Seq(1) }])
        .collect();
    for batch in [frames, snapshot] {
        update(&mut model, Msg::Rows(batch, NOW));
        let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
        view(&model, &THEME, &mut buffer);
        for cell in &buffer.content {
            let harmful =
                |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            assert!(!cell.symbol().chars().any(harmful), "{:?}", cell.symbol());
        }
    }
}
