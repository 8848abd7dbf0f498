//! When each source of facts answered last. Whether it is lost is a fact and in the state; this is not.

use crate::model::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A source, as far as the state does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// When it answered last, since the daemon's start.
    pub answered: Option<Timestamp>,
    /// When it is asked next, while it does not answer.
    pub next: Option<Timestamp>,
}

/// All sources by name: `registry 10.0.0.1:5000`, `fleet prod`, `webhook`; there are as many as the configuration and the recipes name.
#[derive(Debug, Default)]
pub(super) struct Sources(Mutex<BTreeMap<String, Seen>>);

impl Sources {
    pub(super) fn answered(&self, who: &str, at: Timestamp) {
        self.set(who, |seen| *seen = Seen { answered: Some(at), next: None });
    }

    pub(super) fn silent(&self, who: &str, next: Timestamp) {
        self.set(who, |seen| seen.next = Some(next));
    }

    pub(super) fn all(&self) -> BTreeMap<String, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, who: &str, change: impl FnOnce(&mut Seen)) {
        let mut sources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sources.get_mut(who) {
            Some(seen) => change(seen),
            None => change(sources.entry(who.to_owned()).or_default()),
        }
    }
}
