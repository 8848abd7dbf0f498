//! What the world answered. Texts in here were cleaned and cut at the edge.

use super::ids::{NodeId, TaskId, WorkloadId};
use super::image::Digest;
use super::time::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// How a piece of work ended that asked the world for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T> {
    /// It has an answer, good or bad.
    Done(T),
    /// Nobody was there to answer: shown, waited for, tried again later. Never a verdict.
    Unreachable(Unreachable),
}

/// Who could not be reached, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreachable {
    /// Whom: `registry 10.0.0.1:5000`, `fleet prod`, `builder`.
    pub who: String,
    /// What was seen, cleaned.
    pub why: String,
    /// When they asked to be tried again (`Retry-After`).
    pub retry_after: Option<Span>,
}

/// What became of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildReport {
    /// The candidate is pushed.
    Built {
        /// Its manifest's digest.
        digest: Digest,
        /// It was there already: an earlier attempt had finished.
        found: bool,
    },
    /// It was not built.
    Failed {
        /// Why.
        cause: BuildCause,
        /// What the engine said, cleaned: the first error and not the last line.
        message: String,
    },
}

/// Why a build failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BuildCause {
    /// An instruction of the Dockerfile failed.
    Instruction,
    /// The Dockerfile needs what this engine does not offer; the message names the line.
    NeedsBuildkit,
    /// The Dockerfile is not the one that was read, or the context is gone or too large.
    Context,
    /// It took longer than it may.
    Timeout,
    /// The engine or the registry refused for good.
    Refused,
}

/// What a run of a recipe's tests said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TestReport {
    /// One for each test, in the recipe's order.
    pub tests: Vec<TestOutcome>,
}

impl TestReport {
    /// Whether every test passed.
    pub fn passed(&self) -> bool {
        self.tests.iter().all(|test| test.passed)
    }

    /// Passed and all cases: those of JUnit files where there are any, else one per test.
    pub fn cases(&self) -> (u32, u32) {
        self.tests.iter().fold((0, 0), |(passed, all), test| {
            let bad = u32::from(!test.passed);
            match test.cases {
                Some(c) if c.total > 0 => (passed + c.total.saturating_sub(c.failed.max(bad)), all + c.total),
                _ => (passed + 1 - bad, all + 1),
            }
        })
    }
}

/// What one test said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOutcome {
    /// Its name in the recipe.
    pub name: String,
    /// The judgement: exit code 0, and no failing case in the JUnit file where one is named.
    pub passed: bool,
    /// The command's exit code, where it ended by itself.
    pub exit: Option<i64>,
    /// Case counts of the JUnit file.
    pub cases: Option<Cases>,
    /// Failing cases, at most [`FAILING_CASES`](super::limits::FAILING_CASES).
    pub failing: Vec<FailingCase>,
    /// Why it failed where no case says it: `timed out after 60s`, `never became healthy: …`, `out of memory`.
    pub reason: Option<String>,
    /// How long it took.
    pub took: Span,
}

/// Case counts of a JUnit file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cases {
    /// All cases, skipped ones left out.
    pub total: u32,
    /// Failures and errors.
    pub failed: u32,
    /// Skipped ones.
    pub skipped: u32,
}

/// One failing case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingCase {
    /// `suite.case`, cleaned.
    pub name: String,
    /// What it said, cleaned.
    pub message: String,
}

/// What became of moving a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublishReport {
    /// The tag points where it shall.
    Moved {
        /// It did already.
        found: bool,
    },
    /// Somebody else moved the tag; it was left alone.
    MovedByOthers {
        /// Where it points now; nowhere when it is gone.
        to: Option<Digest>,
    },
    /// The registry refused for good, with its reason.
    Refused(String),
}

/// What identifies a workload's spec without holding it: specs carry secrets, the journal must not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecMark {
    /// The orchestrator's version of the object when it was read.
    pub version: u64,
    /// The image as the spec names it, by tag or digest.
    pub image: String,
    /// Our mark on it, if a deploy of ours made it.
    pub mark: Option<String>,
    /// A digest of everything else in the spec.
    pub rest: Digest,
}

/// A workload as it was seen at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When.
    pub at: Timestamp,
    /// Its spec.
    pub spec: SpecMark,
    /// The digest that the spec names, where it names one.
    pub digest: Option<Digest>,
    /// Tasks that should run.
    pub desired: u32,
    /// Tasks of the present spec that run; behind a health check: that passed it.
    pub running: u32,
    /// The tasks of the present spec and those still running of earlier ones, at most
    /// [`TASKS_PER_WORKLOAD`](super::limits::TASKS_PER_WORKLOAD).
    pub tasks: Vec<TaskLook>,
    /// Tasks of the present spec that ended without being asked to, as long as the orchestrator remembers them, at most
    /// [`ENDED_TASKS`](super::limits::ENDED_TASKS).
    pub ended: Vec<EndedTask>,
    /// What the orchestrator says of its own update.
    pub update: UpdateState,
    /// Whether the orchestrator itself checks health (an engine health check, a readiness probe).
    pub health_check: bool,
    /// Our probes; counts since the watch began, or of the one round of a single look. None when none is configured.
    pub probes: Option<ProbeTally>,
}

/// One task as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLook {
    /// Its id.
    pub id: TaskId,
    /// Its place: `web.3`.
    pub name: String,
    /// Where it runs, once it is placed; the node's host name.
    pub node: Option<NodeId>,
    /// What it runs, where it is known.
    pub digest: Option<Digest>,
    /// Whether it belongs to the present spec.
    pub current: bool,
    /// What it does.
    pub state: TaskState,
    /// Why it does not run, cleaned: `no suitable node (host-mode port already in use on 3 nodes)`.
    pub message: Option<String>,
    /// The address at which its node is reached.
    pub address: Option<String>,
    /// What our last probe of it said; none when it was not probed.
    pub probe: Option<ProbeAnswer>,
}

/// What a task does; an orchestrator's finer states folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// It has no place yet.
    Pending,
    /// It is placed, and being pulled, created or started; also: started and not yet healthy.
    Starting,
    /// It runs; behind a health check: it passed it.
    Running,
    /// It is being stopped because it was asked to.
    Stopping,
    /// It ended.
    Ended,
}

/// A task that ended without being asked to: a failure, also with exit code 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedTask {
    /// Its id.
    pub id: TaskId,
    /// Its place: `web.3`.
    pub name: String,
    /// Where it ran.
    pub node: Option<NodeId>,
    /// Its exit code, where there is one.
    pub exit: Option<i64>,
    /// What the orchestrator said of it, cleaned.
    pub message: String,
    /// When.
    pub at: Timestamp,
}

/// What an orchestrator says of an update of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateState {
    /// Nothing is under way and nothing is said.
    None,
    /// It replaces tasks.
    Updating,
    /// It is done.
    Completed,
    /// It stopped by itself, with its message.
    Paused(String),
    /// It puts the spec from before back by itself, with its message.
    RollingBack(String),
    /// It has put the spec from before back by itself, with its message.
    RolledBack(String),
}

/// Counts of our own requests to the running tasks of the present spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeTally {
    /// When counting began; a new start of the watch begins anew.
    pub since: Timestamp,
    /// All requests.
    pub total: u32,
    /// Failed ones.
    pub failed: u32,
    /// Running tasks whose latest request failed.
    pub sick_tasks: u32,
    /// The first failure.
    pub first: Option<ProbeFailure>,
    /// The latest failure.
    pub last: Option<ProbeFailure>,
    /// The probe itself cannot be run (no address, an URL that nobody can resolve): neither good nor bad.
    pub broken: Option<String>,
}

/// One failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeFailure {
    /// When.
    pub at: Timestamp,
    /// The task's place: `web.3`.
    pub task: String,
    /// What was asked and what came: `GET /health: status 500, not 200`.
    pub what: String,
}

/// What one request said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeAnswer {
    /// Whether status and body were the expected ones.
    pub ok: bool,
    /// How long it took.
    pub took: Span,
    /// Why it failed.
    pub why: Option<String>,
}

/// What became of a fenced change to a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeReport {
    /// The spec is the wanted one.
    Changed {
        /// The orchestrator's version of it now.
        version: u64,
        /// It was already.
        found: bool,
    },
    /// The spec was neither the one from before nor ours: it was left alone.
    ChangedByOthers {
        /// What is there instead.
        found: SpecMark,
        /// What the orchestrator says: its own rollback looks like this too.
        update: UpdateState,
    },
    /// There is no such workload any more.
    Gone,
    /// The orchestrator refused for good, with its reason.
    Refused(String),
}

/// What became of a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookReport {
    /// It is there.
    Seen(Box<Look>),
    /// There is no such workload.
    Gone,
}

/// A workload as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Which one.
    pub workload: WorkloadId,
    /// The image as its spec names it.
    pub image: String,
    /// The digest it runs, where it is known.
    pub digest: Option<Digest>,
    /// Tasks that run.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
    /// Where they run.
    pub nodes: Vec<NodeId>,
}
