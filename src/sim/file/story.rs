//! What happens when: in the world, to our own machine, and by people.

use super::{Comes, Drains, Length, Machines, NodeIs};
use crate::model::{ChannelName, FleetName, ImageRef, NodeRef, PoolName, Registry, ReleaseName, WorkloadId};
use serde::{Deserialize, Serialize};

/// One line of the story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// When, from the beginning, by the world's own time.
    pub at: Length,
    /// What a person who watches is told, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Something happens in the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<Happening>,
    /// A person asks the daemon for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Person>,
    /// Something happens to the daemon's own machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
}

/// The one thing that an entry is about; an entry with none is only said, and one with two is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happens<'a> {
    /// Something is only said.
    Nothing,
    /// In the world.
    World(&'a Happening),
    /// By a person.
    Person(&'a Person),
    /// To our machine.
    Machine(&'a Machine),
}

impl Entry {
    /// What it is about; none where it is about two things.
    pub fn happens(&self) -> Option<Happens<'_>> {
        match (&self.world, &self.person, &self.machine) {
            (None, None, None) => Some(Happens::Nothing),
            (Some(world), None, None) => Some(Happens::World(world)),
            (None, Some(person), None) => Some(Happens::Person(person)),
            (None, None, Some(machine)) => Some(Happens::Machine(machine)),
            _ => None,
        }
    }
}

/// What can happen in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// New content is published under an image's tag: by upstream, or, under a built image's tag, by somebody's hand.
    Moves {
        /// Which one.
        image: ImageRef,
        /// What is wrong with the content, here and in all that is built on it.
        #[serde(default)]
        flaws: Vec<Flaw>,
    },
    /// The tag points again where it did before its last move.
    MovesBack {
        /// Which one.
        image: ImageRef,
    },
    /// The tag is removed.
    Vanishes {
        /// Which one.
        image: ImageRef,
    },
    /// The recipe of a built image is edited.
    Edits {
        /// Which one.
        image: ImageRef,
        /// What is wrong with what it builds from now on.
        #[serde(default)]
        flaws: Vec<Flaw>,
    },
    /// How a registry answers from now on.
    Registry {
        /// Which one.
        name: Registry,
        /// How.
        how: Answering,
    },
    /// How a registry's notifications come from now on.
    Webhooks {
        /// Whose.
        name: Registry,
        /// How.
        how: Hooks,
    },
    /// How the engine that builds is from now on.
    Builder(Engine),
    /// How the engine that tests is from now on.
    Tester(Engine),
    /// How an orchestrator answers from now on.
    Fleet {
        /// Which one.
        name: FleetName,
        /// How.
        how: Fleet,
    },
    /// Somebody changes a workload beside us.
    Hand {
        /// Which one.
        workload: WorkloadId,
        /// What they do.
        does: HandDoes,
    },
    /// One task of a workload ends by itself, once.
    Ends {
        /// Whose.
        workload: WorkloadId,
        /// With this exit code.
        exit: i64,
    },
    /// How the receiver at the end of an owner's channel is from now on.
    Channel {
        /// Which one.
        name: ChannelName,
        /// How.
        how: Listening,
    },
    /// A node release is what it is from now on; one that the story never names is well.
    Release {
        /// Whose.
        pool: PoolName,
        /// Its name.
        name: ReleaseName,
        /// How its nodes come.
        #[serde(default)]
        comes: Comes,
        /// What workloads show on its nodes.
        #[serde(default)]
        flaws: Vec<Flaw>,
    },
    /// How the commands of a pool are from now on.
    Machines {
        /// Whose.
        pool: PoolName,
        /// How.
        how: Machines,
    },
    /// A machine is there that the daemon's installation has made and does not know any more: its state is from a backup.
    Orphan {
        /// Whose.
        pool: PoolName,
        /// Whether it has joined the fleet, and goes down after a few seconds; else it never joins.
        #[serde(default)]
        joins: bool,
    },
    /// How emptying a fleet's nodes goes from now on.
    Drains {
        /// Whose.
        fleet: FleetName,
        /// How.
        how: Drains,
    },
    /// What befalls a node.
    Node {
        /// Which one.
        name: NodeRef,
        /// What.
        is: NodeIs,
    },
    /// Every fault of registries, engines, fleets, their nodes and machines, and channels is over, and tags that were deleted are where they
    /// were. Flaws stay in what was built, and in node releases.
    Heals,
}

/// Something that is wrong with a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flaw {
    /// The image or workload that it shows in: `billing:3.2`, `prod/web`.
    pub hits: String,
    /// How it shows.
    pub how: How,
    /// How long after its start a task shows it; at once when absent. Without meaning for builds and tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Length>,
}

/// How a flaw shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// An instruction of the image's build fails.
    BuildFails,
    /// The image's build never ends by itself.
    BuildHangs,
    /// The image's tests fail.
    TestsFail,
    /// They fail the first time and pass the second.
    TestsFlake,
    /// They never end by themselves.
    TestsHang,
    /// Tasks find no place to run.
    NoPlace,
    /// Tasks are started and never become healthy.
    NeverHealthy,
    /// Tasks end with exit code 1.
    Crashes,
    /// Tasks end with exit code 0.
    ExitsZero,
    /// Requests fail, and the orchestrator's health check, where there is one, says so: the task is killed and begun anew.
    Sick,
    /// Requests fail, and the orchestrator's health check says that all is well.
    HealthLies,
    /// Requests are answered well, and the orchestrator's health check times out.
    HealthHangs,
}

/// How a registry answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answering {
    /// As it should.
    Well,
    /// Nobody is there: the connection is refused.
    Away,
    /// Nothing comes back, until the client gives up.
    Silent,
    /// 401, whatever the credentials: refused for good.
    Unauthorized,
    /// 429; with a `Retry-After` when there is a length.
    TooMany(Option<Length>),
    /// 500.
    Broken,
    /// Right, but only after this long.
    Slow(Length),
}

/// How notifications come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hooks {
    /// Never: tags are polled.
    #[default]
    Never,
    /// At once.
    AtOnce,
    /// Twice.
    Doubled,
    /// After this long.
    Late(Length),
}

/// How an engine that builds or tests is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Well.
    #[default]
    Well,
    /// Nobody is there.
    Away,
    /// It goes away in the middle of each piece of work.
    Crashes,
    /// Its disk is full.
    DiskFull,
    /// Nothing that it begins ends by itself.
    Hangs,
}

/// How a receiver of notices is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listening {
    /// Well.
    #[default]
    Well,
    /// Nobody is there.
    Away,
    /// It takes nothing.
    Refuses,
    /// Nothing comes back, until we give up.
    Silent,
    /// Right, but only after this long.
    Slow(Length),
    /// It takes what it is told, and the answer is lost.
    LosesAnswers,
}

/// How an orchestrator answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fleet {
    /// As it should.
    #[default]
    Well,
    /// Nobody is there.
    Away,
    /// Right, but only after this long.
    Slow(Length),
    /// It does what it is asked for, and the answer is lost.
    LosesAnswers,
    /// It refuses every change.
    Refuses,
}

/// What somebody does to a workload beside us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandDoes {
    /// Sets another image, by this text.
    SetsImage(String),
    /// Changes the environment.
    SetsEnvironment(String),
    /// Sets the number of tasks.
    Scales(u32),
    /// Has every task replaced by one of the same spec.
    Restarts,
    /// Removes it.
    Removes,
    /// Makes it again as it was at the beginning, if it was removed.
    Remakes,
}

/// A person asks the daemon for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Who.
    pub name: String,
    /// What for.
    pub does: PersonDoes,
    /// The image, workload, pool or node that it is about, where it is about one; the first that it can be about when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The node release, where it is about one; the newest that is announced when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseName>,
    /// How many nodes a pool shall have, where it is about that; one more than it has when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<u32>,
    /// Why, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether they saw the state of some while ago, and not of now.
    #[serde(default)]
    pub stale: bool,
}

/// What a person can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonDoes {
    /// Let a held step, or one without a verdict, go on.
    Approve,
    /// Refuse a held step.
    Reject,
    /// Pause the run.
    Pause,
    /// Resume it.
    Resume,
    /// End it.
    Abort,
    /// Try a failed step again.
    Retry,
    /// Put a workload back.
    Rollback,
    /// Start a run of an image.
    Start,
    /// Let a workload take again what made it sick.
    Unquarantine,
    /// Start nothing anywhere.
    Freeze,
    /// Take that back.
    Thaw,
    /// Announce a node release.
    Release,
    /// Start a rollout of one.
    RollOut,
    /// Make a pool larger or smaller.
    Scale,
    /// End the rollout and go on with a release.
    RollForward,
    /// End the rollout and take all back that it has done.
    RollBackAll,
    /// Leave a node out.
    Skip,
    /// Take the first open incident.
    Claim,
    /// Close the first open incident.
    Close,
}

/// What can happen to the daemon's own machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// The daemon is killed now, and started again after this long.
    Crash(Length),
    /// It is killed when it next writes, before anything is on the disk, and started again after this long.
    CrashBeforeWrite(Length),
    /// It is killed when it next writes, with everything on the disk and nothing done, and started again after this long.
    CrashAfterWrite(Length),
    /// It is ended as it should be, and started again after this long.
    Restart(Length),
    /// Its configuration is read again, with every soak time changed by this many seconds.
    Reload(u32),
    /// The disk is full, for this long.
    DiskFull(Length),
    /// The clock is set forward.
    ClockForward(Length),
    /// The clock is set back.
    ClockBack(Length),
    /// A result that came before comes again: the one of so many results ago.
    ResultAgain(u32),
    /// A console reads nothing for this long.
    ConsoleSlow(Length),
    /// A console is cut off and comes back after this long.
    ConsoleCut(Length),
}
