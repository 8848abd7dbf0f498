//! Simulated registries: tags, how they answer, and the notifications that are on their way.

use super::content::Contents;
use super::deeds::{Doing, Hand};
use super::dice::Dice;
use super::file::{Answering, Hooks, WorldFile};
use super::world::Sim;
use crate::model::jobs::PublishJob;
use crate::model::limits::REGISTRY_WITHIN;
use crate::model::reports::{Answer, PublishReport, Unreachable};
use crate::model::{Digest, ImageRef, Registry, Span, Timestamp};
use crate::ports::{self, Resolved};
use async_trait::async_trait;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

/// The tag that a candidate has: the daemon's own, so its pushes are told of too.
const DELAY: Span = Span::from_millis(50);

/// All registries of a world.
#[derive(Debug, Clone, Default)]
pub(super) struct Registries {
    tags: BTreeMap<ImageRef, Digest>,
    before: BTreeMap<ImageRef, Digest>,
    each: BTreeMap<Registry, One>,
    on_their_way: VecDeque<(Timestamp, ImageRef, Option<Digest>)>,
    /// Told when one was sent on its way.
    sent: Arc<Notify>,
}

/// One registry.
#[derive(Debug, Clone)]
struct One {
    how: Answering,
    hooks: Hooks,
    takes: Span,
}

impl Registries {
    /// Every image published: upstreams first, then what is built on them.
    pub fn new(file: &WorldFile, contents: &mut Contents) -> Self {
        let one = |file: &super::file::RegistryFile| One {
            how: Answering::Well,
            hooks: Hooks::Never,
            takes: file.answers_in.0,
        };
        let each = file.all_registries().iter().map(|(name, file)| (name.clone(), one(file))).collect();
        let tags = file
            .images
            .keys()
            .map(|image| (image.clone(), contents.make(image, "as it was at the beginning", Vec::new())));
        Self { tags: tags.collect(), each, ..Self::default() }
    }

    pub fn tag(&self, image: &ImageRef) -> Option<Digest> {
        self.tags.get(image).cloned()
    }

    pub fn before(&self, image: &ImageRef) -> Option<Digest> {
        self.before.get(image).cloned()
    }

    /// Moves a tag, and answers where it pointed.
    pub fn set(&mut self, image: &ImageRef, to: Option<&Digest>) -> Option<Digest> {
        let from = match to {
            Some(digest) => self.tags.insert(image.clone(), digest.clone()),
            None => self.tags.remove(image),
        };
        if let Some(from) = from.clone().filter(|from| to != Some(from)) {
            self.before.insert(image.clone(), from);
        }
        from
    }

    /// Whether any other tag carries the digest.
    fn carried(&self, digest: &Digest, beside: &ImageRef) -> bool {
        self.tags.iter().any(|(image, at)| at == digest && image != beside)
    }

    pub fn answers(&mut self, name: &Registry, how: Answering) {
        if let Some(one) = self.each.get_mut(name) {
            one.how = how;
        }
    }

    pub fn notifies(&mut self, name: &Registry, hooks: Hooks) {
        if let Some(one) = self.each.get_mut(name) {
            one.hooks = hooks;
        }
    }

    pub fn hooks(&self, image: &ImageRef) -> Hooks {
        self.each.get(&image.registry).map_or(Hooks::Never, |one| one.hooks)
    }

    /// Sends the notification of a push on its way.
    pub fn notify(&mut self, image: &ImageRef, digest: Option<&Digest>, now: Timestamp, dice: Dice) {
        let at = |span: Span| now + dice.about(span, &format!("notification of {image} at {now}"));
        let times = match self.hooks(image) {
            Hooks::Never => Vec::new(),
            Hooks::AtOnce => vec![at(DELAY)],
            Hooks::Doubled => vec![at(DELAY), at(Span::from_secs(2))],
            Hooks::Late(late) => vec![at(late.0)],
        };
        self.sent.notify_one();
        for time in times {
            self.on_their_way.push_back((time, image.clone(), digest.cloned()));
        }
        self.on_their_way.make_contiguous().sort_by_key(|(time, _, _)| *time);
    }

    pub fn due_notifications(&mut self, now: Timestamp) -> Vec<(ImageRef, Option<Digest>)> {
        let count = self.on_their_way.iter().take_while(|(at, _, _)| *at <= now).count();
        self.on_their_way.drain(..count).map(|(_, image, digest)| (image, digest)).collect()
    }

    pub fn sent(&self) -> Arc<Notify> {
        self.sent.clone()
    }

    pub fn next_notification(&self) -> Option<Timestamp> {
        self.on_their_way.front().map(|(at, _, _)| *at)
    }

    pub fn fingerprint(&self) -> String {
        self.tags.iter().map(|(image, digest)| format!("{image} {digest}\n")).collect()
    }

    /// What stands between a client and an answer now, and how long an answer takes.
    fn between(&self, registry: &Registry) -> (Option<Trouble>, Span) {
        let Some(one) = self.each.get(registry) else {
            return (Some(Trouble::Silent("no such host".to_owned(), None)), Span::default());
        };
        let silent = |why: &str| Some(Trouble::Silent(why.to_owned(), None));
        match one.how {
            Answering::Well => (None, one.takes),
            Answering::Slow(span) if span.0 < REGISTRY_WITHIN => (None, span.0),
            Answering::Silent | Answering::Slow(_) => {
                (silent(&format!("no answer within {REGISTRY_WITHIN}")), REGISTRY_WITHIN)
            }
            Answering::Away => (silent("connection refused"), Span::from_millis(1)),
            Answering::Broken => (silent("status 500"), one.takes),
            Answering::TooMany(after) => {
                let after = after.map(|length| length.0);
                (Some(Trouble::Silent("status 429: too many requests".to_owned(), after)), one.takes)
            }
            Answering::Unauthorized => {
                (Some(Trouble::Refused("status 401: authentication required".to_owned())), one.takes)
            }
        }
    }
}

/// Why there is no answer.
enum Trouble {
    Silent(String, Option<Span>),
    Refused(String),
}

impl Sim {
    /// Waits as long as the registry takes; then whether it answers.
    pub(super) async fn ask(&self, registry: &Registry) -> Result<(), Answer<String>> {
        let (_, takes) = self.parts().registries.between(registry);
        self.pause(takes).await;
        // What it is like when the answer comes counts: an outage hits what is on its way.
        match self.parts().registries.between(registry).0 {
            None => Ok(()),
            Some(Trouble::Refused(why)) => Err(Answer::Done(why)),
            Some(Trouble::Silent(why, retry_after)) => Err(Answer::Unreachable(Unreachable {
                who: format!("registry {registry}"),
                why,
                retry_after,
            })),
        }
    }
}

#[async_trait]
impl ports::Registries for Sim {
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved> {
        match self.ask(&image.registry).await {
            Ok(()) => Answer::Done(self.tag(image).map_or(Resolved::Missing, Resolved::At)),
            Err(Answer::Done(why)) => Answer::Done(Resolved::Refused(why)),
            Err(Answer::Unreachable(silence)) => Answer::Unreachable(silence),
        }
    }

    async fn publish(&self, job: &PublishJob) -> Answer<PublishReport> {
        let refused = match self.ask(&job.image.registry).await {
            Ok(()) => None,
            Err(Answer::Done(why)) => Some(why),
            Err(Answer::Unreachable(silence)) => return Answer::Unreachable(silence),
        };
        if let Some(why) = refused {
            return Answer::Done(PublishReport::Refused(why));
        }
        let report = self.move_tag(job);
        // The answer is on its way: a daemon that dies now does not know what it did.
        match self.ask(&job.image.registry).await {
            Ok(()) | Err(Answer::Done(_)) => Answer::Done(report),
            Err(Answer::Unreachable(silence)) => Answer::Unreachable(silence),
        }
    }

    async fn discard(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool> {
        match self.ask(&candidate.registry).await {
            Ok(()) => Answer::Done(self.remove(candidate, keep)),
            Err(Answer::Done(_)) => Answer::Done(false),
            Err(Answer::Unreachable(silence)) => Answer::Unreachable(silence),
        }
    }
}

impl Sim {
    fn move_tag(&self, job: &PublishJob) -> PublishReport {
        let (now, dice) = (self.now(), self.fixed.dice);
        let mut parts = self.parts();
        let at = parts.registries.tag(&job.image);
        if at.as_ref() == Some(&job.digest) {
            return PublishReport::Moved { found: true };
        }
        if at != job.expect {
            return PublishReport::MovedByOthers { to: at };
        }
        parts.registries.set(&job.image, Some(&job.digest));
        parts.registries.notify(&job.image, Some(&job.digest), now, dice);
        let doing = Doing::Tagged { image: job.image.clone(), from: at, to: Some(job.digest.clone()) };
        parts.done(now, Hand::Effect(job.id.clone()), doing);
        PublishReport::Moved { found: false }
    }

    /// Registries delete by digest, and take every tag with it: so nothing is deleted that another tag carries.
    fn remove(&self, candidate: &ImageRef, keep: &[ImageRef]) -> bool {
        let mut parts = self.parts();
        let Some(digest) = parts.registries.tag(candidate) else { return false };
        let kept = keep.iter().any(|image| parts.registries.tag(image).as_ref() == Some(&digest));
        if kept || parts.registries.carried(&digest, candidate) {
            return false;
        }
        parts.registries.set(candidate, None);
        true
    }
}
