//! How a step's stage changes, and what a stage means for others.

use super::{Body, DeployStage, DeployStep, ImageStage, ImageStep, Run, Step, Untag};
use crate::engine::due::Due;
use crate::engine::state::State;
use crate::model::defect::{Defect, present};
use crate::model::{Action, EffectId, ImageRef, RunId, StepKey, Timestamp};

/// How far a step is, as its successors see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It goes on, or waits.
    Open,
    /// It ended as it should.
    Good,
    /// It ended otherwise: what depends on it is blocked.
    Bad,
}

impl ImageStage {
    /// How far it is.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Waiting
            | Self::Building
            | Self::Testing
            | Self::Held(_)
            | Self::Cleared
            | Self::Publishing => Standing::Open,
            Self::Published => Standing::Good,
            Self::Failed(_) | Self::Blocked(_) | Self::Superseded | Self::Aborted(_) => Standing::Bad,
        }
    }

    /// Whether its tests have passed: children may be built on it.
    pub fn tested(&self) -> bool {
        match self {
            Self::Held(_) | Self::Cleared | Self::Publishing | Self::Published => true,
            Self::Waiting
            | Self::Building
            | Self::Testing
            | Self::Failed(_)
            | Self::Blocked(_)
            | Self::Superseded
            | Self::Aborted(_) => false,
        }
    }

    /// Its word in rows and sentences.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Building => "building",
            Self::Testing => "testing",
            Self::Held(_) => "held",
            Self::Cleared => "cleared",
            Self::Publishing => "publishing",
            Self::Published => "published",
            Self::Failed(_) => "failed",
            Self::Blocked(_) => "blocked",
            Self::Superseded => "superseded",
            Self::Aborted(_) => "aborted",
        }
    }
}

impl DeployStage {
    /// How far it is. `Undecided` is open: a person decides.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Waiting
            | Self::Held(_)
            | Self::Updating
            | Self::Soaking { .. }
            | Self::Undecided(_)
            | Self::Restoring(_) => Standing::Open,
            Self::Healthy => Standing::Good,
            Self::Restored(_)
            | Self::Failed(_)
            | Self::Quarantined(_)
            | Self::Blocked(_)
            | Self::Superseded
            | Self::Aborted(_) => Standing::Bad,
        }
    }

    /// Whether the workload is in our hands: no other run may touch it.
    pub fn holds_workload(&self) -> bool {
        match self {
            Self::Updating | Self::Soaking { .. } | Self::Undecided(_) | Self::Restoring(_) => true,
            Self::Waiting
            | Self::Held(_)
            | Self::Healthy
            | Self::Restored(_)
            | Self::Failed(_)
            | Self::Quarantined(_)
            | Self::Blocked(_)
            | Self::Superseded
            | Self::Aborted(_) => false,
        }
    }

    /// Its word in rows and sentences.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Held(_) => "held",
            Self::Updating => "updating",
            Self::Soaking { .. } => "soaking",
            Self::Healthy => "healthy",
            Self::Undecided(_) => "undecided",
            Self::Restoring(_) => "restoring",
            Self::Restored(_) => "restored",
            Self::Failed(_) => "failed",
            Self::Quarantined(_) => "quarantined",
            Self::Blocked(_) => "blocked",
            Self::Superseded => "superseded",
            Self::Aborted(_) => "aborted",
        }
    }
}

impl Step {
    /// A step that has not begun.
    pub fn new(key: StepKey, body: Body, now: Timestamp) -> Self {
        Self {
            key,
            generation: 0,
            since: now,
            started: None,
            ended: None,
            want: None,
            doing: None,
            watching: None,
            untagging: Untag::No,
            attempts: std::collections::BTreeMap::new(),
            retry: None,
            incident: None,
            body,
        }
    }

    /// How far it is.
    pub fn standing(&self) -> Standing {
        match &self.body {
            Body::Image(step) => step.stage.standing(),
            Body::Deploy(step) => step.stage.standing(),
        }
    }

    /// Its stage's word.
    pub fn word(&self) -> &'static str {
        match &self.body {
            Body::Image(step) => step.stage.word(),
            Body::Deploy(step) => step.stage.word(),
        }
    }

    /// The image part, when it is one.
    pub fn image(&self) -> Option<&ImageStep> {
        match &self.body {
            Body::Image(step) => Some(step),
            Body::Deploy(_) => None,
        }
    }

    /// The deploy part, when it is one.
    pub fn deploy(&self) -> Option<&DeployStep> {
        match &self.body {
            Body::Deploy(step) => Some(step),
            Body::Image(_) => None,
        }
    }

    pub(in crate::engine) fn image_mut(&mut self) -> Option<&mut ImageStep> {
        match &mut self.body {
            Body::Image(step) => Some(step),
            Body::Deploy(_) => None,
        }
    }

    pub(in crate::engine) fn deploy_mut(&mut self) -> Option<&mut DeployStep> {
        match &mut self.body {
            Body::Deploy(step) => Some(step),
            Body::Image(_) => None,
        }
    }

    /// Whether anything of it is being done or wanted.
    pub fn busy(&self) -> bool {
        self.want.is_some()
            || self.doing.is_some()
            || self.watching.is_some()
            || matches!(self.untagging, Untag::Wanted | Untag::Waiting(_) | Untag::Doing(_))
    }

    /// The id of the next effect of this kind.
    pub(in crate::engine) fn next_id(&mut self, run: RunId, action: Action) -> EffectId {
        let attempt = self.attempts.entry(action).or_insert(0);
        *attempt += 1;
        EffectId { run, step: self.key.clone(), subject: None, action, attempt: *attempt }
    }

    pub(in crate::engine) fn enter_image(&mut self, stage: ImageStage, now: Timestamp) {
        let standing = stage.standing();
        let waiting = matches!(stage, ImageStage::Waiting);
        if let Some(step) = self.image_mut() {
            step.stage = stage;
            self.entered(standing, waiting, now);
        }
    }

    pub(in crate::engine) fn enter_deploy(&mut self, stage: DeployStage, now: Timestamp) {
        let standing = stage.standing();
        // The time that an approval takes is people's, not the deploy's.
        let waiting = matches!(stage, DeployStage::Waiting | DeployStage::Held(_));
        if let Some(step) = self.deploy_mut() {
            step.stage = stage;
            self.entered(standing, waiting, now);
        }
    }

    fn entered(&mut self, standing: Standing, waiting: bool, now: Timestamp) {
        self.generation += 1;
        self.since = now;
        self.retry = None;
        self.want = None;
        match standing {
            Standing::Open if waiting => (self.started, self.ended) = (None, None),
            Standing::Open => {
                self.started.get_or_insert(now);
                self.ended = None;
            }
            Standing::Good | Standing::Bad => self.ended = Some(now),
        }
    }
}

impl Run {
    /// The step of an image, when it is in this run.
    pub fn image_step(&self, image: &ImageRef) -> Option<&ImageStep> {
        self.step_of_image(image)?.image()
    }

    /// The same, with all that steps have in common.
    pub(super) fn step_of_image(&self, image: &ImageRef) -> Option<&Step> {
        self.steps.get(&StepKey::Image(image.clone()))
    }

    /// How an image's step stands; `None` when it is not in this run.
    pub fn standing_of(&self, image: &ImageRef) -> Option<Standing> {
        self.image_step(image).map(|step| step.stage.standing())
    }

    /// The next moment at which something in it happens by itself.
    pub fn next_deadline(&self, state: &State) -> Option<(Timestamp, Due<'_>)> {
        let pause = self.paused.as_ref().and_then(|pause| pause.until);
        let pause = pause.map(|at| (at, Due::Resume(self.id)));
        let kept = self.ended.filter(|_| !self.discarded);
        let kept = kept.map(|ended| (ended + state.setup.retention.candidates, Due::Discard(self.id)));
        let stopped = state.freeze.is_some() || self.paused.is_some();
        let steps = self.steps.values().filter_map(|step| {
            let (at, how) = step.next_deadline(state, stopped)?;
            Some((at, Due::Step(self.id, &step.key, how)))
        });
        pause.into_iter().chain(kept).chain(steps).min_by_key(|(at, _)| *at)
    }
}

impl Step {
    /// The next moment at which something in it happens by itself, and what. Times that have passed and were acted on
    /// are not named again: each is tied to the stage that it ends. Nor is a retry that waits for more than its time.
    fn next_deadline(&self, state: &State, stopped: bool) -> Option<(Timestamp, &'static str)> {
        let may = self.want.is_some_and(|action| !(stopped && super::issue::begins(action)))
            && !super::issue::elsewhere(state, &self.key);
        let retry = self
            .retry
            .as_ref()
            .filter(|_| may && !present(Defect::RetryForgotten))
            .map(|retry| (retry.at, "is tried again"));
        let untag = match &self.untagging {
            Untag::Waiting(retry) => Some((retry.at, "puts the tag back")),
            Untag::No | Untag::Wanted | Untag::Doing(_) | Untag::Done | Untag::LeftAlone(_) => None,
        };
        let own = match &self.body {
            Body::Image(step) => match &step.stage {
                ImageStage::Held(hold) => hold.expires.map(|at| (at, "approval expires")),
                _ => None,
            },
            Body::Deploy(step) => match &step.stage {
                DeployStage::Held(hold) => hold.expires.map(|at| (at, "approval expires")),
                DeployStage::Updating | DeployStage::Restoring(_) => step.deadline.map(|at| (at, "is due")),
                DeployStage::Soaking { until } if self.doing.is_none() && self.want.is_none() => {
                    Some((*until, "verdict"))
                }
                _ => None,
            },
        };
        [retry, untag, own].into_iter().flatten().min()
    }
}
