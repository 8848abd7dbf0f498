//! Invariant 9: what a console holds is what the server has, however slow the console is and however often it is cut off.

use crate::moment::Violation;
use std::sync::{Arc, Mutex};
use tidegate::api::sse::Parser;
use tidegate::api::stream::Frame;
use tidegate::console::replica::Replica;
use tidegate::model::{Seq, Span, limits};
use tidegate::play::Stage;
use tidegate::ports::Clock as _;
use tidegate::server::Table;
use tidegate::server::served::Served;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// What consoles are told by the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// All is well.
    Good,
    /// Each frame takes this long.
    Slow(Span),
    /// It is cut, for this long.
    Cut(Span),
}

/// The server of whichever daemon runs, and what is wrong with the line.
pub struct Desk {
    pub table: watch::Sender<Option<Arc<Table>>>,
    pub line: watch::Sender<Line>,
    pub found: Mutex<Option<Violation>>,
    pub told: Notify,
}

impl Default for Desk {
    fn default() -> Self {
        let (table, line) = (watch::Sender::new(None), watch::Sender::new(Line::Good));
        Self { table, line, found: Mutex::default(), told: Notify::new() }
    }
}

impl Desk {
    fn wrong(&self, what: String) {
        let sentence = "a console's replica at a place equals the server's rows at that place";
        self.found.lock().unwrap().get_or_insert(Violation { invariant: 9, sentence, what });
        self.told.notify_one();
    }
}

/// Serves the daemon that runs, for ever.
pub async fn serve(stage: &Stage, desk: &Desk) {
    let mut handles = stage.handles();
    // Counted, not the time of the start: here several daemons can start within one millisecond of the world.
    for epoch in 1.. {
        let handle = handles.borrow_and_update().clone();
        let served = Served::new(handle.clone());
        let table = served.table(epoch);
        desk.table.send_replace(Some(table.clone()));
        let stop = CancellationToken::new();
        tokio::spawn(served.publish(table, stop.clone()));
        let changed = handles.changed().await;
        stop.cancel();
        if changed.is_err() {
            return;
        }
    }
}

/// How a console gets its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As text, over the socket.
    Wire,
    /// As they are: the wire's text has been shown to lose nothing, and costs more than the rest.
    Hand,
}

/// One console: attaches, reads, is cut off, attaches again.
pub async fn watch(stage: &Stage, desk: &Desk, way: Way) {
    let mut replica = Replica::default();
    let mut compared = Compared::default();
    let mut tables = desk.table.subscribe();
    let mut lines = desk.line.subscribe();
    loop {
        let Some(table) = tables.borrow_and_update().clone() else {
            let _ = tables.changed().await;
            continue;
        };
        let Ok(mut reader) = table.read(replica.place()) else {
            return desk.wrong("the server is full of readers".to_owned());
        };
        let mut parser = Parser::new(limits::FRAME_BYTES);
        loop {
            let line = *lines.borrow_and_update();
            match line {
                Line::Good => {}
                Line::Slow(span) => stage.sim().clock().sleep(span).await,
                Line::Cut(span) => {
                    stage.sim().clock().sleep(span).await;
                    break;
                }
            }
            tokio::select! {
                biased;
                _ = tables.changed() => break,
                _ = lines.changed() => {}
                frame = reader.next() => {
                    replica.apply(brought(way, &mut parser, frame));
                    // Live figures move between two places of the journal: all that is owed is taken before the comparison.
                    while let Some(frame) = reader.take() {
                        replica.apply(brought(way, &mut parser, frame));
                    }
                    if compared.is_due(&replica) && let Err(what) = same(&replica, &table) {
                        return desk.wrong(what);
                    }
                }
            }
        }
    }
}

/// What was compared last. Between two facts only live figures move; of those frames one in a few is enough.
#[derive(Debug, Default)]
struct Compared {
    place: Option<(u64, Seq)>,
    frames: u32,
}

impl Compared {
    fn is_due(&mut self, replica: &Replica) -> bool {
        let (moved, place) = (self.place != replica.place(), replica.place());
        self.place = place;
        self.frames = self.frames.wrapping_add(1);
        moved || self.frames.is_multiple_of(8)
    }
}

/// As the server writes it and the console reads it, or as it is.
fn brought(way: Way, parser: &mut Parser, frame: Frame) -> Frame {
    if way == Way::Hand {
        return frame;
    }
    let text = format!("event: frame\ndata: {}\n\n", serde_json::to_string(&frame).unwrap());
    let messages = parser.feed(text.as_bytes()).unwrap();
    serde_json::from_str(&messages[0].data).unwrap()
}

/// Where both are at the same place, they hold the same rows.
fn same(replica: &Replica, table: &Table) -> Result<(), String> {
    let (seq, rows) = table.rows();
    if replica.arriving().is_some() || replica.place() != Some((table.epoch(), seq)) {
        return Ok(());
    }
    if replica.len() != rows.len() {
        return Err(format!("at {seq} the console has {} rows and the server {}", replica.len(), rows.len()));
    }
    match rows.iter().find(|row| replica.row(&row.key()) != Some(row)) {
        Some(row) => Err(format!("at {seq} the console shows another row {:?}", row.key())),
        None => Ok(()),
    }
}
