//! What the engine asks the world to do. Every job can be done twice: who does it looks at the world first.

use super::ids::{EffectId, WorkloadId};
use super::image::{Digest, ImageRef, PinnedRef};
use super::reports::SpecMark;
use super::setup::{ProbeSpec, TestSpec};
use super::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a recipe's images come from, as its Dockerfile says it. Made by `lineage`, carried by `RecipesRead`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredients {
    /// The Dockerfile's own content; edits are only valid on exactly this.
    pub dockerfile: Digest,
    /// The content of everything the build reads: context, Dockerfile, target, arguments. A quarantine is keyed by it.
    pub recipe: Digest,
    /// Every image the build takes something from, in the order of the file.
    pub bases: Vec<Base>,
    /// What could not be resolved; never guessed.
    pub unknown: Vec<Unknown>,
    /// The first line that needs BuildKit, and why.
    pub buildkit: Option<Need>,
}

/// One image that a Dockerfile takes something from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Which one.
    pub from: BaseName,
    /// What for.
    pub role: Role,
    /// Where its name stands in the file, as byte ranges: what an edit replaces.
    pub places: Vec<Place>,
}

/// How a Dockerfile names an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaseName {
    /// By its tag: a move of the tag reaches the image.
    Tag(ImageRef),
    /// By digest: no move of a tag can reach it, and the console says so.
    Pinned(PinnedRef),
}

/// What an image is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The base of the final stage.
    Runtime,
    /// Any other stage, `COPY --from` or `RUN --mount from`.
    Build,
}

/// A range of bytes in a Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The line, from 1.
    pub line: usize,
}

/// Something in a Dockerfile that could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unknown {
    /// The text as it stands there, cleaned.
    pub text: String,
    /// The line, from 1.
    pub line: usize,
    /// Why it could not be resolved.
    pub why: String,
}

/// Something that a Dockerfile needs of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    /// The line, from 1.
    pub line: usize,
    /// What it is: `RUN --mount`, a here-document, `# syntax=`.
    pub what: String,
}

/// One replacement in a Dockerfile. Edits of one file never overlap and are sorted by `place.start`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// What stands there afterwards.
    pub text: String,
}

/// Build a candidate and push it under its candidate tag.
///
/// The candidate tag is made from the run and all inputs, so a manifest that is there already *is* the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The image as it will be published.
    pub image: ImageRef,
    /// Where the result is pushed.
    pub candidate: ImageRef,
    /// The folder that is sent, absolute.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
    /// The content that the edits were made for.
    pub dockerfile_digest: Digest,
    /// FROM and COPY --from fixed to the digests that this run tested.
    pub edits: Vec<Edit>,
    /// The stage that is built.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// `os/architecture[/variant]`.
    pub platform: Option<String>,
    /// Labels of the image: where it came from.
    pub labels: BTreeMap<String, String>,
    /// What needs BuildKit, if anything.
    pub buildkit: Option<Need>,
    /// The longest that it may take.
    pub timeout: Span,
}

/// Run a recipe's tests on one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestJob {
    /// Whose work it is; its action says candidate, second try or control.
    pub id: EffectId,
    /// What is tested.
    pub subject: PinnedRef,
    /// The tests, in order. All are run, also after a failure.
    pub tests: Vec<TestSpec>,
}

/// Move a tag onto a manifest that is in the same repository already.
///
/// 1. The tag is at `digest`: done before, nothing to do.
/// 2. The tag is at `expect` (absent when `expect` is none): it is moved.
/// 3. Anything else: somebody moved it; it is left alone and reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The public tag.
    pub image: ImageRef,
    /// Where it shall point.
    pub digest: Digest,
    /// Where it must point until then.
    pub expect: Option<Digest>,
}

/// Look at a workload now: its spec's mark, its tasks, one round of probes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which one.
    pub workload: WorkloadId,
    /// Our own requests.
    pub probes: Vec<ProbeSpec>,
}

/// Move a workload onto an image, by digest, fenced.
///
/// 1. The spec carries this job's mark already (`ours == deploy`): done before, nothing to do.
/// 2. The spec is the one of `before`: its image is replaced and the mark set, under the version just read.
/// 3. Anything else: somebody changed it; it is left alone and reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which workload.
    pub workload: WorkloadId,
    /// What it shall run.
    pub image: PinnedRef,
    /// The image's name with its tag, for people who look at the orchestrator.
    pub named: ImageRef,
    /// The mark that is set: this text in the workload's metadata says that the change was ours.
    pub mark: String,
    /// The spec that must be there until then.
    pub before: SpecMark,
}

/// Watch a workload every second until cancelled: its tasks, and our probes of each running one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WatchJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which workload.
    pub workload: WorkloadId,
    /// What it should be running; whatever its spec names, when absent.
    pub image: Option<PinnedRef>,
    /// Our own requests.
    pub probes: Vec<ProbeSpec>,
}

/// Put a workload's spec from before back, fenced.
///
/// 1. The spec is the one of `before` again: done before, nothing to do.
/// 2. The spec is the one that `mark` set: its image and metadata are put back, everything else was never touched.
/// 3. Anything else: somebody changed it; it is left alone and reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreJob {
    /// Whose work it is.
    pub id: EffectId,
    /// Which workload.
    pub workload: WorkloadId,
    /// The mark that our deploy had set.
    pub mark: String,
    /// The spec to put back.
    pub before: SpecMark,
}

/// Remove a candidate tag of an ended run, unless a tag of `keep` carries its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardJob {
    /// Whose work it is.
    pub id: EffectId,
    /// The candidate tag.
    pub candidate: ImageRef,
    /// Tags that must survive.
    pub keep: Vec<ImageRef>,
}
