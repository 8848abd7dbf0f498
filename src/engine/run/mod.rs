//! A run, its steps, and how they go on.
//!
//! ```text
//!   image step:  Waiting ▶ Building ▶ Testing ▶ Held ▶ Cleared ▶ Publishing ▶ Published
//!   deploy step: Waiting ▶ Held ▶ Updating ▶ Soaking ▶ Healthy
//!                                    └▶ Undecided     └▶ Restoring ▶ Restored
//!   both:        ▶ Failed, Blocked, Superseded, Aborted;  deploy: ▶ Quarantined
//! ```
//!
//! A step has at most one thing that it *wants* done next and at most one effect that is *doing*: `advance` turns the
//! one into the other when pause, freeze, retry time and order permit. That is the only place that issues effects, so
//! a restart, a pause and a retry are all the same mechanism.

mod advance;
pub(super) mod deploy;
pub mod evidence;
pub(super) mod image;
mod issue;
mod jobs;
mod plan;
mod progress;

pub use advance::advance;
pub(super) use advance::finish;
pub(super) use issue::{again, again_within, outstanding};
pub(super) use plan::{change, queue};
pub use progress::Standing;

use super::hold::Hold;
use super::incident::Cause;
use super::origin::Origin;
use super::state::{Change, Made, Stop};
use super::steps::Steps;
use crate::model::jobs::Ingredients;
use crate::model::reports::{Look, SpecMark, TestReport, Unreachable};
use crate::model::setup::{Recipe, Workload};
use crate::model::{
    Action, Actor, Digest, EffectId, ImageRef, IncidentId, RunId, StepKey, Timestamp, WorkloadId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One change on its way through the lineage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// What set it off.
    pub change: Change,
    /// When it was planned.
    pub started: Timestamp,
    /// When its last step ended.
    pub ended: Option<Timestamp>,
    /// Its steps: images bases first, then workloads in the configured order.
    #[serde(flatten)]
    pub steps: Steps<Step>,
    /// Paused by a person.
    pub paused: Option<Stop>,
    /// Ended by a person.
    pub aborted: Option<Stop>,
    /// Candidates of it were asked to be removed.
    pub discarded: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Which one.
    pub key: StepKey,
    /// How often its stage has changed; a command must have seen the present one.
    pub generation: u64,
    /// When its stage changed last.
    pub since: Timestamp,
    /// When it left `Waiting`.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What is to be done next, once it may.
    pub want: Option<Action>,
    /// What is being done.
    pub doing: Option<EffectId>,
    /// A standing watch, beside what is being done.
    pub watching: Option<EffectId>,
    /// A put-back of the public tag, beside what is being done.
    pub untagging: Untag,
    /// How often each action was issued.
    pub attempts: BTreeMap<Action, u32>,
    /// Somebody could not be reached; when it is tried again.
    pub retry: Option<Retry>,
    /// The incident that it opened.
    pub incident: Option<IncidentId>,
    /// What kind of step, with what is its own.
    pub body: Body,
}

/// What kind of step it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// An image.
    Image(Box<ImageStep>),
    /// A workload.
    Deploy(Box<DeployStep>),
}

/// Putting the public tag back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Untag {
    /// Nothing to put back.
    #[default]
    No,
    /// It is wanted.
    Wanted,
    /// The registry could not be reached; it is tried again.
    Waiting(Retry),
    /// It is being done.
    Doing(EffectId),
    /// It was done.
    Done,
    /// Somebody had moved the tag; it was left alone. Or the registry refused.
    LeftAlone(String),
}

/// Somebody could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Whom, and what was seen.
    pub cause: Unreachable,
    /// Since when.
    pub since: Timestamp,
    /// When it is tried again.
    pub at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
}

/// Build, test, hold and publish one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageStep {
    /// The image.
    pub image: ImageRef,
    /// Its recipe as the plan had it.
    pub recipe: Recipe,
    /// The recipe as it was read for this build.
    pub inputs: Option<Ingredients>,
    /// Bases whose steps of this run must be tested before it is built.
    pub parents: Vec<ImageRef>,
    /// The digest of every base it is built from, once it is built.
    pub bases: BTreeMap<ImageRef, Digest>,
    /// All that goes in, through all its bases, once it is built.
    #[serde(default)]
    pub origin: Origin,
    /// Where the candidate is pushed, once it is built.
    pub candidate: Option<ImageRef>,
    /// The candidate.
    pub digest: Option<Digest>,
    /// Where the public tag pointed when the run was planned: the control, and what is put back.
    pub old: Option<Digest>,
    /// What that was made of, once this took its place.
    pub old_made: Option<Made>,
    /// What the first tests of the candidate said.
    pub report: Option<TestReport>,
    /// What the second try said.
    pub second: Option<TestReport>,
    /// What the tests said on the old image.
    pub control: Option<TestReport>,
    /// Where it stands.
    pub stage: ImageStage,
}

/// Where an image step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageStage {
    /// For its parents.
    Waiting,
    /// The candidate is built.
    Building,
    /// The candidate, or the control, is tested.
    Testing,
    /// It waits for approval.
    Held(Hold),
    /// Tested and approved; it waits for its parents to be published.
    Cleared,
    /// The public tag is moved.
    Publishing,
    /// The public tag is at the candidate.
    Published,
    /// It failed.
    Failed(Cause),
    /// It cannot go on because of another step.
    Blocked(StepKey),
    /// A newer change took its place.
    Superseded,
    /// A person ended it.
    Aborted(Actor),
}

/// Move one workload onto the image that was published for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployStep {
    /// The workload.
    pub workload: WorkloadId,
    /// How it is deployed, as the plan had it.
    pub how: Workload,
    /// What it shall run, once that is published.
    pub want: Option<Digest>,
    /// How it was before it was touched.
    pub baseline: Option<Box<Look>>,
    /// What an earlier try of this step replaced and may have left replaced: that, and not its own spec, is from before.
    #[serde(default)]
    pub replaced: Option<SpecMark>,
    /// The mark that our update sets.
    pub mark: Option<String>,
    /// The update was asked for: from here on the world may have changed.
    pub touched: bool,
    /// How it was seen last.
    pub look: Option<Box<Look>>,
    /// Nobody answered for it since then.
    pub unseen: Option<Unreachable>,
    /// Failed probes of watches that ended, to be added to those of the present one.
    pub failed_before: u32,
    /// When convergence must be reached.
    pub deadline: Option<Timestamp>,
    /// Where it stands.
    pub stage: DeployStage,
}

/// Where a deploy step stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployStage {
    /// For its image, and for the workloads before it.
    Waiting,
    /// For approval.
    Held(Hold),
    /// It is looked at, updated, and converges.
    Updating,
    /// It runs, and is watched.
    Soaking {
        /// When the verdict is due.
        until: Timestamp,
    },
    /// The verdict was healthy.
    Healthy,
    /// No verdict could be given: a person decides.
    Undecided(String),
    /// It is put back.
    Restoring(Cause),
    /// It runs again what it ran before.
    Restored(Cause),
    /// It failed and was not put back.
    Failed(Cause),
    /// What it should run has made it sick before.
    Quarantined(String),
    /// It cannot go on because of another step.
    Blocked(StepKey),
    /// A newer change took its place.
    Superseded,
    /// A person ended it.
    Aborted(Actor),
}
