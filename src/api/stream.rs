//! The row stream: `begin`, every row, `end`, then deltas.

use super::rows::{Row, RowKey};
use crate::model::Seq;
use serde::{Deserialize, Serialize};

/// One server-sent event. Its `event:` line is the tag, its `data:` line this JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "frame")]
pub enum Frame {
    /// Forget what you have; every row follows.
    Begin {
        /// This daemon process; a `since` of another one begins anew.
        epoch: u64,
    },
    /// One row of the snapshot.
    Row {
        /// The row.
        row: Box<Row>,
    },
    /// The snapshot is whole, as of this place in the journal.
    End {
        /// This daemon process.
        epoch: u64,
        /// The place.
        seq: Seq,
    },
    /// What changed since the last frame, coalesced per key.
    Delta {
        /// The place in the journal that the replica has reached with it.
        seq: Seq,
        /// New and changed rows.
        upsert: Vec<Row>,
        /// Rows that are gone.
        remove: Vec<RowKey>,
    },
}
