//! A dossier: all that is known of one failure, for whoever has to fix it. Documented in `docs/dossier.md`.

use super::ids::{IncidentId, NodeId, NodeRef, Owner, PoolName, ReleaseName, RunId, StepKey, WorkloadId};
use super::image::{Digest, ImageRef};
use super::nodes::{Finding, Strategy};
use super::reports::{EndedTask, ProbeTally, TaskLook, TestOutcome, UpdateState};
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of a dossier's JSON, in its `schema`; fields are added without a new one.
pub const DOSSIER_SCHEMA: u32 = 1;

/// All that is known of one failure. It names what is in the environment of builds and tests, and never holds a value of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    /// [`DOSSIER_SCHEMA`].
    pub schema: u32,
    /// The installation that wrote it.
    pub install: String,
    /// The incident.
    pub incident: IncidentId,
    /// The run that it happened in.
    pub run: RunId,
    /// The step that failed.
    pub step: StepKey,
    /// When it was opened.
    pub opened: Timestamp,
    /// When this was written.
    pub written: Timestamp,
    /// Whether the step had ended by then: a complete one is kept, and never changed.
    pub complete: bool,
    /// The cause class as a stable word.
    pub cause: String,
    /// The cause class in words.
    pub class: String,
    /// What happened, in a sentence.
    pub sentence: String,
    /// How often before the tests of this image failed and then passed on the same content.
    pub flaky_before: u32,
    /// Who answers for what changed.
    pub vendor: Option<Owner>,
    /// Who answers for what broke.
    pub customer: Option<Owner>,
    /// What set it off.
    pub changed: Changed,
    /// What was built, where an image was.
    pub built: Option<Built>,
    /// What tests said, in the order in which they were run.
    pub tests: Vec<TestRound>,
    /// What was deployed, where a workload was.
    pub deployed: Option<Deployed>,
    /// What was to happen to a node, where a node step failed.
    #[serde(default)]
    pub node: Option<NodePart>,
    /// What was seen when it failed, line by line.
    pub seen: Vec<String>,
    /// The end of every log of the step.
    pub logs: Vec<LogTail>,
    /// What happened in the run up to then, oldest first; the latest facts where there are many.
    pub timeline: Vec<Moment>,
    /// Commands that show the failure.
    pub reproduce: Vec<String>,
    /// Names of environment variables and build arguments that those need; never their values.
    pub environment: Vec<String>,
}

/// What set a run or a rollout off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The image, of a run.
    pub image: Option<ImageRef>,
    /// The release, of a rollout.
    #[serde(default)]
    pub release: Option<Released>,
    /// Where its tag pointed before.
    pub from: Option<Digest>,
    /// Where it points since.
    pub to: Option<Digest>,
    /// Who or what.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why, when a person said so.
    pub reason: Option<String>,
}

/// A node release on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The pool.
    pub pool: PoolName,
    /// The release that the node was to have.
    pub release: ReleaseName,
    /// The release that it had, where that is known.
    pub before: Option<ReleaseName>,
}

/// What was to happen to a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePart {
    /// The node.
    pub node: NodeRef,
    /// The machine that was to take its place, as long as it was not removed.
    pub machine: Option<NodeId>,
    /// How it was to get the release.
    pub strategy: Strategy,
    /// Its wave, from 1.
    pub wave: u32,
    /// How the step ended, in a word: `restored`, `quarantined`.
    pub ended: String,
    /// What the preflight found: what was in the way, then what blocks nothing.
    pub findings: Vec<Finding>,
    /// The workloads that moved, or were to.
    pub workloads: Vec<MovedWorkload>,
}

/// A workload that moved with a node's work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedWorkload {
    /// Which one.
    pub workload: WorkloadId,
    /// How many tasks of it moved.
    pub tasks: u32,
    /// Where to.
    pub to: Vec<NodeId>,
    /// How it was before it was moved.
    pub before: Option<Seen>,
    /// How it was seen last.
    pub last: Option<Seen>,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The image.
    pub image: ImageRef,
    /// The candidate, once it was built.
    pub candidate: Option<Digest>,
    /// What it was to take the place of.
    pub before: Option<Digest>,
    /// Every base with the digest that it was built from.
    pub bases: Vec<(ImageRef, Digest)>,
    /// The digest of the Dockerfile.
    pub dockerfile: Option<Digest>,
    /// The digest of Dockerfile, arguments and context.
    pub recipe: Option<Digest>,
}

/// One round of tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRound {
    /// Which: `first try`, `second try`, `control`.
    pub what: String,
    /// On which content.
    pub on: Option<Digest>,
    /// Passed cases.
    pub passed: u32,
    /// All cases.
    pub total: u32,
    /// Each test.
    pub tests: Vec<TestOutcome>,
}

/// What was deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// What it was to run.
    pub want: Option<Digest>,
    /// How it was before it was touched.
    pub before: Option<Seen>,
    /// How it was seen last.
    pub last: Option<Seen>,
    /// How the step ended, in a word: `restored`, `failed`.
    pub ended: String,
}

/// One look at a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When.
    pub at: Timestamp,
    /// What its spec named.
    pub digest: Option<Digest>,
    /// Tasks that ran.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
    /// Its tasks, with why they did not run and what our probe of them said.
    pub tasks: Vec<TaskLook>,
    /// Tasks that ended without being asked to.
    pub ended: Vec<EndedTask>,
    /// Our probes.
    pub probes: Option<ProbeTally>,
    /// What the orchestrator said of its own update.
    pub update: UpdateState,
}

/// The end of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogTail {
    /// Which one: `r42/image:web:1/build/1`.
    pub id: String,
    /// Its last lines; none when it was removed, or nothing was written.
    pub lines: Vec<String>,
    /// Whether there was more before them.
    pub cut: bool,
}

/// A fact of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// What.
    pub text: String,
}
