//! The rows: what a console holds of the daemon's state. Each is whole and stands for itself.

pub use super::hold::{ApprovalRow, HoldRow};
pub use super::mark::Mark;
pub use super::rollout::{
    KeptRow, MovedRow, NodeFinding, NodePart, NodeRow, PoolRow, ReleaseRow, RolloutPart,
};
pub use super::told::ToldRow;
use crate::model::Actor;
use crate::model::command::Seen;
use crate::model::ids::{FleetName, IncidentId, NodeRef, Owner, PoolName, RunId, Seq, StepKey, WorkloadId};
use crate::model::image::{Digest, ImageRef};
use crate::model::jobs::{Role, Unknown};
use crate::model::reports::{FailingCase, ProbeTally, TaskLook, UpdateState};
use crate::model::time::{Span, Timestamp};
use crate::model::waiting::Waiting;
use serde::{Deserialize, Serialize};

/// What a row is about; the order is the order of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKey {
    /// The daemon itself; there is one.
    Daemon,
    /// A source of facts: a registry, a fleet, the builder.
    Source(String),
    /// An image, upstream or built.
    Image(ImageRef),
    /// A workload.
    Workload(WorkloadId),
    /// A pool of nodes.
    Pool(PoolName),
    /// A node.
    Node(NodeRef),
    /// A run or a rollout.
    Run(RunId),
    /// A step of a run or rollout.
    Step(RunId, StepKey),
    /// An incident.
    Incident(IncidentId),
    /// Something that needs a person, by what it is about: `run 42 image:web:1`, `incident 3`, `freeze`.
    Need(String),
    /// Something that will happen by itself.
    Coming(String),
    /// A line of the journal.
    Event(Seq),
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// See [`RowKey::Daemon`].
    Daemon(DaemonRow),
    /// See [`RowKey::Source`].
    Source(SourceRow),
    /// See [`RowKey::Image`].
    Image(ImageRow),
    /// See [`RowKey::Workload`].
    Workload(WorkloadRow),
    /// See [`RowKey::Pool`].
    Pool(PoolRow),
    /// See [`RowKey::Node`].
    Node(NodeRow),
    /// See [`RowKey::Run`].
    Run(RunRow),
    /// See [`RowKey::Step`].
    Step(Box<StepRow>),
    /// See [`RowKey::Incident`].
    Incident(IncidentRow),
    /// See [`RowKey::Need`].
    Need(NeedRow),
    /// See [`RowKey::Coming`].
    Coming(ComingRow),
    /// See [`RowKey::Event`].
    Event(EventRow),
}

impl Row {
    /// What it is about.
    pub fn key(&self) -> RowKey {
        match self {
            Self::Daemon(_) => RowKey::Daemon,
            Self::Source(row) => RowKey::Source(row.name.clone()),
            Self::Image(row) => RowKey::Image(row.image.clone()),
            Self::Workload(row) => RowKey::Workload(row.workload.clone()),
            Self::Pool(row) => RowKey::Pool(row.pool.clone()),
            Self::Node(row) => RowKey::Node(row.node.clone()),
            Self::Run(row) => RowKey::Run(row.run),
            Self::Step(row) => RowKey::Step(row.run, row.step.clone()),
            Self::Incident(row) => RowKey::Incident(row.incident),
            Self::Need(row) => RowKey::Need(row.subject.clone()),
            Self::Coming(row) => RowKey::Coming(row.subject.clone()),
            Self::Event(row) => RowKey::Event(row.seq),
        }
    }
}

/// The daemon itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaemonRow {
    /// What the header calls this installation: its fleets, or `local`.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// Since when it runs.
    pub since: Timestamp,
    /// Whether it only observes.
    pub read_only: bool,
    /// Everything is frozen.
    pub freeze: Option<Freeze>,
    /// Nothing can be written: why, and since when. Commands are refused, and work waits.
    pub stuck: Option<Stuck>,
    /// What the configuration in force was loaded from, and when.
    pub config: Option<Timestamp>,
}

/// A freeze in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// The journal cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// Why: `no space left on device`.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// Where facts come from, and whether they still do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// `registry 10.0.0.1:5000`, `fleet prod`, `builder`, `webhook`.
    pub name: String,
    /// When it last answered.
    pub seen: Option<Timestamp>,
    /// Since when it has not answered, and what was seen.
    pub lost: Option<Stuck>,
    /// When it is asked next, while it is lost.
    pub next: Option<Timestamp>,
}

/// An image, upstream or built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRow {
    /// Which one.
    pub image: ImageRef,
    /// Whether somebody else publishes it.
    pub upstream: bool,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// Where its public tag points, as far as we know.
    pub digest: Option<Digest>,
    /// How it stands.
    pub mark: Mark,
    /// How it stands, in words: `moved 01:20`, `held 1 of 2`, `2 of 210 failed`, `current`, `behind`.
    pub state: String,
    /// Since when it stands so.
    pub since: Option<Timestamp>,
    /// What it is built from, as its Dockerfile says.
    pub bases: Vec<BaseRow>,
    /// What its Dockerfile does not tell.
    pub unknown: Vec<Unknown>,
    /// The root of its runtime chain and the digest of that which its *public* content stands on.
    pub stands_on: Option<(ImageRef, Option<Digest>)>,
    /// Whether its public content stands on an older digest of a base than that base has now.
    pub behind: bool,
    /// Why it is behind, in a sentence, when it is.
    pub why_behind: Option<String>,
    /// The run that moves it now, or the latest one that did.
    pub run: Option<RunId>,
    /// The workloads that run it.
    pub workloads: Vec<WorkloadId>,
    /// When its tag was last asked for.
    pub polled: Option<Timestamp>,
}

/// One base of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseRow {
    /// Its name: an image with a tag, or pinned by digest.
    pub name: String,
    /// The image, when it is named by its tag.
    pub image: Option<ImageRef>,
    /// What for.
    pub role: Role,
    /// The digest that the public content was built from, where we built it.
    pub digest: Option<Digest>,
}

/// A workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadRow {
    /// Which one.
    pub workload: WorkloadId,
    /// The image that it follows, where the configuration says so.
    pub image: Option<ImageRef>,
    /// What its spec names.
    pub runs: String,
    /// The digest it runs.
    pub digest: Option<Digest>,
    /// The digest of the root base that it stands on, where we know.
    pub stands_on: Option<Digest>,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// How it stands.
    pub mark: Mark,
    /// How it stands, in words: `healthy`, `updating 2 of 3`, `soaking until 02:14`.
    pub state: String,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
    /// Its tasks.
    pub tasks: Vec<TaskLook>,
    /// Our probes, since the present step began to watch.
    pub probes: Option<ProbeTally>,
    /// What the orchestrator says of its own update.
    pub update: UpdateState,
    /// What it will not take again by itself, and why.
    pub quarantine: Vec<QuarantineRow>,
    /// The run that moves it.
    pub run: Option<RunId>,
    /// When it was last looked at.
    pub seen: Option<Timestamp>,
}

/// What a workload will not take again by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantineRow {
    /// The digest that made it sick.
    pub digest: Digest,
    /// Since when.
    pub since: Timestamp,
    /// The run that found out.
    pub run: RunId,
    /// What was seen.
    pub why: String,
    /// What ends it: `the next move of os:1, or U`.
    pub ends: String,
}

/// A run, or a rollout: runs and rollouts are of one series of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRow {
    /// Which one.
    pub run: RunId,
    /// What set it off: `os:1 9f3c→b71e, moved 01:20:11`; of a rollout `workers r1→r2, started by ana 01:48:02`.
    pub cause: String,
    /// The image that set it off; none of a rollout.
    pub image: Option<ImageRef>,
    /// Where its tag pointed before.
    pub from: Option<Digest>,
    /// Where it points now.
    pub to: Option<Digest>,
    /// Who or what.
    pub by: Actor,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it stands.
    pub mark: Mark,
    /// How it stands, in words: `4 of 8 done, 1 failed`, `held`, `paused by ben`.
    pub state: String,
    /// What it does now: `web:1 testing, 31 of 64 cases`.
    pub doing: String,
    /// Steps that ended well.
    pub done: u32,
    /// Steps that failed.
    pub failed: u32,
    /// All steps.
    pub steps: u32,
    /// Paused by a person.
    pub paused: Option<Freeze>,
    /// The first thing that it waits for.
    pub waiting: Option<Waiting>,
    /// How long it will probably take from now, where earlier runs tell.
    pub left: Option<Span>,
    /// How long such a run usually takes.
    pub usual: Option<Span>,
    /// The plan that a command must have seen.
    pub plan: Digest,
    /// What is to say more of a rollout; none of a run.
    #[serde(default)]
    pub rollout: Option<Box<RolloutPart>>,
}

impl RunRow {
    /// How it is called: `run 42`, `rollout 17`.
    pub fn name(&self) -> String {
        let word = if self.rollout.is_some() { "rollout" } else { "run" };
        format!("{word} {}", self.run)
    }
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRow {
    /// The run.
    pub run: RunId,
    /// Which step.
    pub step: StepKey,
    /// Its place in the run, from 0.
    pub place: u32,
    /// What it is about: `web:1`, `deploy web`, `node w1`.
    pub title: String,
    /// How it stands.
    pub mark: Mark,
    /// Its state in a word: `waiting`, `building`, `testing`, `cleared`, `held`, `publishing`, `published`, `updating`, `soaking`,
    /// `healthy`, `restoring`, `restored`, `undecided`, `failed`, `blocked`, `quarantined`, `superseded`, `aborted`; of a node step besides
    /// `pending`, `preflight`, `provisioning`, `joining`, `cordoning`, `shifting`, `rejoining`, `retiring`, `done`, `skipped`.
    pub state: String,
    /// What came of it: `3ac1, tests 12/12`; `tests 208/210, this update broke it`.
    pub result: String,
    /// What it is about now: the candidate, or what is being deployed.
    pub digest: Option<Digest>,
    /// What it takes the place of.
    pub before: Option<Digest>,
    /// When it left `waiting`.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How long it usually takes.
    pub usual: Option<Span>,
    /// Passed and all test cases.
    pub cases: Option<(u32, u32)>,
    /// Failing cases.
    pub failing: Vec<FailingCase>,
    /// How far the work is, in words.
    pub progress: Option<String>,
    /// Why it waits.
    pub waiting: Option<Waiting>,
    /// What an approval of it means.
    pub hold: Option<HoldRow>,
    /// A sentence that says whose failure it is and what was done: for a failed, restored or quarantined step.
    pub verdict: Option<String>,
    /// Evidence, line by line.
    pub seen: Vec<String>,
    /// Its logs, newest last: `r42/image:web:1/build/1`.
    pub logs: Vec<String>,
    /// What a command about it must carry.
    pub expect: Seen,
    /// What may be done with it now.
    pub may: Vec<May>,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// What is to say more of a node step.
    #[serde(default)]
    pub node: Option<Box<NodePart>>,
}

/// What a person may do with a step now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum May {
    /// Approve it.
    Approve,
    /// Reject it.
    Reject,
    /// Try it again.
    Retry,
    /// Put it back.
    Rollback,
    /// Leave its node out.
    Skip,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRow {
    /// Which one.
    pub incident: IncidentId,
    /// Its cause class in words: `workload unhealthy after the update`.
    pub cause: String,
    /// The verdict, in sentences.
    pub verdict: String,
    /// The run that it happened in.
    pub run: RunId,
    /// The step.
    pub step: StepKey,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// Who looks at it.
    pub claimed: Option<(Actor, Timestamp)>,
    /// Whether users were hurt: `fine: 0 of 132 probes failed since 02:12:46`.
    pub users: String,
    /// Whether and how it was put back: `✓ web runs 9f3c since 02:12:46`.
    pub restored: String,
    /// What was seen, line by line.
    pub seen: Vec<String>,
    /// Who answers for what changed.
    pub vendor: Option<Owner>,
    /// Who answers for what broke.
    pub customer: Option<Owner>,
    /// Who was told of it, over what, and whether it arrived: oldest first.
    #[serde(default)]
    pub told: Vec<ToldRow>,
}

/// Something that needs a person. The order on screen is `harm`, then `deadline`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeedRow {
    /// What it is about; see [`RowKey::Need`].
    pub subject: String,
    /// How it stands.
    pub mark: Mark,
    /// 0 users are hurt, 1 something failed, 2 an approval waits, 3 a pause or freeze stands.
    pub harm: u8,
    /// `run 42`.
    pub object: String,
    /// `mycriticalapp:1.4 held, 1 of 2 approvals`.
    pub text: String,
    /// What happens if nobody acts: `03:31 rejected`, `stays on 9f3c`.
    pub outcome: String,
    /// When that happens.
    pub deadline: Option<Timestamp>,
    /// Since when it needs somebody.
    pub since: Timestamp,
    /// Where Enter leads.
    pub leads_to: Option<RowKey>,
}

/// Something that will happen by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComingRow {
    /// What it is about.
    pub subject: String,
    /// When.
    pub at: Timestamp,
    /// `run 42: approval expires, rejected by gate prod`.
    pub text: String,
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its place.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What kind of fact: `tag_moved`, `build_finished`.
    pub kind: String,
    /// The sentence.
    pub text: String,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// The step it belongs to.
    pub step: Option<StepKey>,
    /// The fleet it belongs to.
    pub fleet: Option<FleetName>,
    /// How it is marked; none for the everyday ones.
    pub mark: Option<Mark>,
}
