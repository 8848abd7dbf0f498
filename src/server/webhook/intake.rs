//! Which pushes are news, and what becomes of them.

use super::counts::{Counts, count};
use super::read::{Push, pushes};
use crate::api::rows::Stuck;
use crate::model::limits::WEBHOOK_IDS;
use crate::model::{Digest, ImageRef};
use crate::server::{Hint, Source};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes bodies and passes on what is news.
pub struct Intake {
    source: Arc<dyn Source>,
    counts: Arc<Counts>,
    seen: Mutex<Seen>,
}

/// What was stored already.
#[derive(Debug, Default)]
struct Seen {
    /// Ids of events, oldest first, at most [`WEBHOOK_IDS`].
    order: VecDeque<String>,
    ids: BTreeSet<String>,
    /// What each watched image was last said to point to.
    said: BTreeMap<ImageRef, Digest>,
}

impl Intake {
    /// An intake that has seen nothing.
    pub fn new(source: Arc<dyn Source>, counts: Arc<Counts>) -> Self {
        Self { source, counts, seen: Mutex::default() }
    }

    /// Where what is news goes.
    pub(super) fn source(&self) -> &dyn Source {
        &*self.source
    }

    /// What came in so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Stores the hints of a body. An error means that the sender must try again; what was stored already is not stored
    /// twice then.
    pub async fn take(&self, body: &[u8]) -> Result<(), Stuck> {
        let Some((pushes, others)) = pushes(body) else {
            count(&self.counts.unreadable);
            tracing::warn!(bytes = body.len(), "a webhook's body is no notification");
            return Ok(());
        };
        for _ in 0..others {
            count(&self.counts.irrelevant);
        }
        for push in pushes {
            self.push(push).await?;
        }
        Ok(())
    }

    /// 1. An image that nobody watches is irrelevant: its registry need not be told what is.
    /// 2. An event whose id was stored, or that says of its image what was said last, is a repetition.
    /// 3. Anything else is stored, and only then remembered.
    async fn push(&self, push: Push) -> Result<(), Stuck> {
        let watched = push.names.iter().find_map(|name| Some((name, self.source.watched(name)?)));
        let Some((name, image)) = watched else {
            count(&self.counts.irrelevant);
            return Ok(());
        };
        if self.seen().knows(&push, &image) {
            count(&self.counts.repeated);
            return Ok(());
        }
        let hint = Hint { image: image.clone(), digest: push.digest.clone(), from: name.registry.clone() };
        if let Err(stuck) = self.source.hint(hint).await {
            count(&self.counts.unstored);
            tracing::warn!(%image, why = %stuck.why, "a hint could not be stored; the registry will try again");
            return Err(stuck);
        }
        count(&self.counts.hinted);
        self.seen().remember(&push, image);
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A half-remembered event would only be stored twice.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn knows(&self, push: &Push, image: &ImageRef) -> bool {
        let same_id = push.id.as_ref().is_some_and(|id| self.ids.contains(id));
        // Only what was said last: a tag that went A, B, A has moved twice.
        same_id || push.digest.as_ref().is_some_and(|digest| self.said.get(image) == Some(digest))
    }

    fn remember(&mut self, push: &Push, image: ImageRef) {
        match &push.digest {
            Some(digest) => self.said.insert(image, digest.clone()),
            None => self.said.remove(&image),
        };
        let Some(id) = &push.id else { return };
        if self.ids.insert(id.clone()) {
            self.order.push_back(id.clone());
        }
        if self.order.len() > WEBHOOK_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}
