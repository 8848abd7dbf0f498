//! What one reader of the rows has not been told yet, by key: it can lag for hours and owes at most one entry a row.

use crate::api::rows::RowKey;
use crate::model::defect::{Defect, present};
use crate::model::limits::DELTA_ROWS;
use std::collections::BTreeMap;

/// What a reader does not know of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// The row; the reader never had one under this key, so nothing is owed once it is gone.
    New,
    /// The row as it is now; the reader has an older one.
    Changed,
    /// That it is gone.
    Gone,
}

/// Everything that one reader does not know.
#[derive(Debug, Default)]
pub struct Outbox {
    owed: BTreeMap<RowKey, Owed>,
    anew: bool,
}

impl Outbox {
    /// For a reader that knows nothing.
    pub fn anew() -> Self {
        Self { owed: BTreeMap::new(), anew: true }
    }

    /// For a reader that was away: `owed` is what it missed.
    pub fn resumed(owed: BTreeMap<RowKey, Owed>) -> Self {
        if owed.len() > DELTA_ROWS { Self::anew() } else { Self { owed, anew: false } }
    }

    /// A row came (`known` false) or changed (`known` true).
    pub fn upserted(&mut self, key: &RowKey, known: bool) {
        if self.anew {
            return;
        }
        let before = self.owed.get(key).copied();
        let now = match (before, known) {
            (Some(Owed::New), _) | (None, false) => Owed::New,
            (Some(Owed::Changed | Owed::Gone), _) | (None, true) => Owed::Changed,
        };
        self.owe(key, now);
    }

    /// A row went.
    pub fn removed(&mut self, key: &RowKey) {
        if self.anew || present(Defect::RemovalLost) {
            return;
        }
        if self.owed.get(key) == Some(&Owed::New) {
            self.owed.remove(key);
        } else {
            self.owe(key, Owed::Gone);
        }
    }

    /// Takes all that is owed: everything (`None`), or these keys.
    pub fn take(&mut self) -> Option<BTreeMap<RowKey, Owed>> {
        let owed = std::mem::take(&mut self.owed);
        if std::mem::take(&mut self.anew) { None } else { Some(owed) }
    }

    /// Whether the reader knows everything.
    pub fn is_empty(&self) -> bool {
        !self.anew && self.owed.is_empty()
    }

    /// Keys that are owed one by one.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.owed.len()
    }

    fn owe(&mut self, key: &RowKey, owed: Owed) {
        self.owed.insert(key.clone(), owed);
        if self.owed.len() > DELTA_ROWS {
            *self = Self::anew();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> RowKey {
        RowKey::Need(n.to_string())
    }

    #[test]
    fn a_row_that_came_and_went_unseen_is_not_owed() {
        let mut outbox = Outbox::default();
        for n in 0..100_000 {
            outbox.upserted(&key(n), false);
            outbox.upserted(&key(n), true);
            outbox.removed(&key(n));
        }
        assert!(outbox.is_empty());
    }

    #[test]
    fn a_row_that_went_and_came_back_is_owed_as_it_is_now() {
        let mut outbox = Outbox::default();
        outbox.removed(&key(1));
        outbox.upserted(&key(1), false);
        assert_eq!(outbox.take(), Some(BTreeMap::from([(key(1), Owed::Changed)])));
    }

    #[test]
    fn a_reader_that_is_too_far_behind_begins_anew_and_owes_nothing_more() {
        let mut outbox = Outbox::default();
        for n in 0..=DELTA_ROWS {
            outbox.upserted(&key(n), true);
        }
        outbox.upserted(&key(0), true);
        assert_eq!(outbox.len(), 0);
        assert_eq!(outbox.take(), None);
        assert!(outbox.is_empty());
    }
}
