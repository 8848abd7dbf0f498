//! One reader of the rows: a snapshot, then deltas at its own pace.

use super::table::{Batch, Table};
use crate::api::rows::Row;
use crate::api::stream::Frame;
use crate::model::Seq;
use crate::model::limits::DELTA_EVERY;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Frames for one connection. Dropping it frees its place.
#[derive(Debug)]
pub struct Reader {
    table: Arc<Table>,
    id: u64,
    wake: Arc<Notify>,
    phase: Phase,
    quiet_until: Instant,
}

#[derive(Debug)]
enum Phase {
    /// Nothing was said yet.
    New,
    /// A snapshot is under way.
    Snapshot { seq: Seq, rows: VecDeque<Arc<Row>> },
    /// Deltas.
    Live,
}

impl Reader {
    pub(super) fn new(table: Arc<Table>, id: u64, wake: Arc<Notify>) -> Self {
        Self { table, id, wake, phase: Phase::New, quiet_until: Instant::now() }
    }

    /// The next frame; waits until there is one. Two deltas are at least [`DELTA_EVERY`] apart, the first one after
    /// idleness comes at once. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Frame {
        loop {
            if !matches!(self.phase, Phase::Snapshot { .. }) {
                sleep_until(self.quiet_until).await;
            }
            match self.take() {
                Some(frame) => return frame,
                None => self.wake.notified().await,
            }
        }
    }

    /// The next frame, if there is one now.
    pub fn take(&mut self) -> Option<Frame> {
        let epoch = self.table.epoch();
        if let Phase::Snapshot { seq, rows } = &mut self.phase {
            if let Some(row) = rows.pop_front() {
                return Some(Frame::Row { row: Box::new((*row).clone()) });
            }
            let seq = *seq;
            self.go_live();
            return Some(Frame::End { epoch, seq });
        }
        match self.table.take(self.id) {
            Some(Batch::Anew { seq, rows }) => {
                self.phase = Phase::Snapshot { seq, rows };
                Some(Frame::Begin { epoch })
            }
            Some(Batch::Delta { seq, upsert, remove }) => {
                self.go_live();
                Some(Frame::Delta { seq, upsert, remove })
            }
            // A reader that came back and missed nothing is told so at once: it need not wait to know that it is live.
            None if matches!(self.phase, Phase::New) => {
                self.go_live();
                Some(Frame::Delta { seq: self.table.at(), upsert: Vec::new(), remove: Vec::new() })
            }
            None => None,
        }
    }

    fn go_live(&mut self) {
        self.phase = Phase::Live;
        self.quiet_until = Instant::now() + DELTA_EVERY.to_std();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.table.leave(self.id);
    }
}
