//! What can be typed.

use super::units::{span, speed};
use crate::model::{PoolName, ReleaseName, Span};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0  done, or somebody had done it already
  1  failed
  2  wrong command line or configuration
  3  no daemon answers
  4  the daemon refused the command
  5  there is no such run, step, incident, image, workload or log
  6  what was seen has moved: look again, then decide again

IDs:
  42            run 42
  42/web:1      its step for an image: short names do where only one step has them
  42/prod/web   its step for a workload
  17/w1         the step of rollout 17 for a node
  i3            incident 3, also written `incident 3`";

/// Lets upstream container updates through only as far as they are tested, approved and healthy
///
/// Without a command it opens the console.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// The daemon's control socket [default: the configuration's, else /run/tidegate/tidegate.sock]
    #[arg(long, global = true, env = "TIDEGATE_SOCKET", value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// The configuration [default: ./tidegate.toml]
    #[arg(long, global = true, env = "TIDEGATE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How the console looks
    #[command(flatten)]
    pub console: ConsoleStart,
    /// What to do
    #[command(subcommand)]
    pub command: Option<Cmd>,
}

/// How the console is started.
#[derive(Debug, Clone, Default, Args)]
pub struct ConsoleStart {
    /// A theme by its name: dark, light or mono
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
}

/// How the daemon is started.
#[derive(Debug, Clone, Args)]
pub struct DaemonStart {
    /// Only observe: nothing is built, deployed or claimed
    #[arg(long)]
    pub observe: bool,
    /// Take fleets over from another daemon that holds them
    #[arg(long)]
    pub take_over: bool,
}

/// How a simulated world is played.
#[derive(Debug, Clone, Args)]
pub struct PlayStart {
    /// How many times as fast as real: `10x`, `10`
    #[arg(long, value_parser = speed, default_value = "1x", value_name = "SPEED")]
    pub speed: u32,
    /// What chance follows from: the same seed is the same story
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    pub seed: u64,
}

/// How the demo is started.
#[derive(Debug, Clone, Args)]
pub struct DemoStart {
    /// How it is played
    #[command(flatten)]
    pub play: PlayStart,
    /// Another world than the built-in one; docs/demo.md has its keys
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
}

/// How a drill is started.
#[derive(Debug, Clone, Args)]
pub struct DrillStart {
    /// Its name; without one the drills are listed
    pub name: Option<String>,
    /// A drill of your own; docs/drills.md has its keys
    #[arg(long, value_name = "FILE", conflicts_with = "name")]
    pub file: Option<PathBuf>,
    /// Only say what is wrong with a file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "file", "answer", "debrief"])]
    pub check: Option<PathBuf>,
    /// Play the best known answer, as fast as can be; exit code 1 when it misses the goal or its time
    #[arg(long)]
    pub answer: bool,
    /// Keep the debriefing as Markdown
    #[arg(long, value_name = "FILE")]
    pub debrief: Option<PathBuf>,
    /// How it is played
    #[command(flatten)]
    pub play: PlayStart,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Cmd {
    /// Show all of it on a simulated fleet: no Docker, no network, no configuration; nothing is left behind
    Demo(DemoStart),
    /// Practise on a scripted incident, on a simulated fleet: briefing, goal, hints, debriefing
    Drill(DrillStart),
    /// Do the work: watch, build, test, hold, deploy, put back
    Daemon(DaemonStart),
    /// Check the configuration and say what it means
    Check {
        /// The configuration [default: ./tidegate.toml]
        file: Option<PathBuf>,
        /// Instead, ask a pool's commands for its machines; nothing is changed
        #[arg(long, value_name = "POOL")]
        provisioner: Option<String>,
        /// And make a machine of this release, make it again, remove it, and look each time
        #[arg(long, value_name = "RELEASE", requires = "provisioner")]
        make: Option<String>,
    },
    /// Send a test notice over every channel of an owner, and say whether it arrived
    Notify {
        /// Whose channels
        #[arg(long = "test", value_name = "OWNER")]
        test: String,
    },
    /// Show what is built from what
    Lineage {
        /// Images, folders or Dockerfiles; all of the configuration when none is named
        targets: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the state once
    Status {
        /// As JSON; docs/status.md has its fields
        #[arg(long)]
        json: bool,
    },
    /// List the nodes of all fleets
    Nodes {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// List the runs and rollouts, newest first
    Runs {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say why a run, step or incident is as it is
    Why {
        /// What: `42`, `42/web:1`, `i3`
        #[arg(required = true, num_args = 1..)]
        id: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Print all that is known of an incident: what changed, what was seen, tests, logs, how to see it
    Dossier {
        /// The incident: `3`, `i3`
        #[arg(required = true, num_args = 1..)]
        id: Vec<String>,
        /// As JSON; docs/dossier.md has its fields
        #[arg(long)]
        json: bool,
        /// Into a file
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Let a held step go on, or a node about which you are asked
    Approve(OnStep),
    /// Refuse a held step: it ends, and what is built on it is blocked
    Reject(OnStep),
    /// Start nothing new in a run or rollout; what is in flight goes on to its next safe point
    Pause {
        /// The run
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Resume by itself after this: `30m`, `2h`
        #[arg(long = "for", value_parser = span, value_name = "TIME")]
        span: Option<Span>,
    },
    /// Take a pause back
    Resume {
        /// The run
        id: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// End a run or rollout: nothing new is started, what is in flight is put back
    Abort {
        /// The run
        id: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Try a failed step again, and what it blocked
    Retry(OnStep),
    /// Put a workload back to what it ran before the run, and quarantine what it ran; of a rollout: a node's work, or all
    Rollback(Back),
    /// Announce a node release: it may be rolled out from now on
    Release {
        /// The pool that it is for
        pool: PoolName,
        /// Its name
        release: ReleaseName,
    },
    /// Never take a release by itself; it may still be started
    SkipRelease(OfRelease),
    /// Take a skip of a release back
    UnskipRelease(OfRelease),
    /// Keep a pool on what it has: no release is begun there; what is under way goes on
    Pin(OfPool),
    /// Take a pin back
    Unpin(OfPool),
    /// Show what a rollout of a release through a pool would do; --yes or --plan starts it
    Rollout(StartRollout),
    /// Show what giving a pool so many nodes would do; --yes or --plan does it
    Scale(StartScale),
    /// End a rollout and go on with a release; what is not done yet is planned anew
    Forward {
        /// The rollout
        id: String,
        /// The release; the newest one that was announced, when absent
        release: Option<ReleaseName>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Leave a node out of its rollout
    Skip {
        /// The node's step: `17/w1`, `17 w1`
        #[arg(required = true, num_args = 1..)]
        id: Vec<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Start no new step anywhere
    Freeze {
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// Thaw by itself after this: `30m`, `2h`
        #[arg(long = "for", value_parser = span, value_name = "TIME")]
        span: Option<Span>,
    },
    /// Take a freeze back
    Thaw {
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Start a run of an image and all that is built on it, as if it had moved
    Start {
        /// The image
        image: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a workload take again what made it sick
    Unquarantine {
        /// The workload: `prod/web`, or `web` where only one is called so
        workload: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take an incident: the others see who looks at it
    Claim {
        /// The incident: `3`, `i3`
        #[arg(required = true, num_args = 1..)]
        incident: Vec<String>,
    },
    /// Close an incident
    Close {
        /// The incident: `3`, `i3`
        #[arg(required = true, num_args = 1..)]
        incident: Vec<String>,
        /// What came of it
        #[arg(long)]
        reason: String,
    },
    /// Print a log
    Logs {
        /// A step (its latest log), or a log as `why` and `status --json` name it: `r42/image:web:1/build/1`
        id: String,
        /// Go on until the work ends
        #[arg(long, short)]
        follow: bool,
        /// Begin a little before the first error
        #[arg(long, conflicts_with = "follow")]
        error: bool,
    },
    /// Print lines of the journal
    Events {
        /// Go on with lines to come
        #[arg(long, short)]
        follow: bool,
        /// As JSON, one line each
        #[arg(long)]
        json: bool,
        /// The latest so many
        #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
        last: usize,
        /// Only lines after this place in the journal
        #[arg(long, conflicts_with = "last", value_name = "SEQ")]
        after: Option<u64>,
    },
}

/// A command about one step.
#[derive(Debug, Args)]
pub struct OnStep {
    /// The step: `42/web:1`; the run alone where only one step can be meant
    pub id: String,
    /// Why; needed to reject
    #[arg(long, alias = "note")]
    pub reason: Option<String>,
    /// Only if the step is about this digest: at least its first four digits
    #[arg(long, value_name = "PREFIX")]
    pub digest: Option<String>,
}

/// What is put back.
#[derive(Debug, Args)]
pub struct Back {
    /// Which step
    #[command(flatten)]
    pub on: OnStep,
    /// Everything that a rollout has done; needs its reason
    #[arg(long, conflicts_with = "digest")]
    pub all: bool,
}

/// A command about a pool.
#[derive(Debug, Args)]
pub struct OfPool {
    /// The pool
    pub pool: PoolName,
    /// Why; needed to pin
    #[arg(long)]
    pub reason: Option<String>,
}

/// A command about a release of a pool.
#[derive(Debug, Args)]
pub struct OfRelease {
    /// The pool
    pub pool: PoolName,
    /// The release, announced before
    pub release: ReleaseName,
    /// Why; needed to skip
    #[arg(long)]
    pub reason: Option<String>,
}

/// A rollout that is to be started.
#[derive(Debug, Args)]
pub struct StartRollout {
    /// The pool
    pub pool: PoolName,
    /// The release, announced before
    pub release: ReleaseName,
    /// From which plan
    #[command(flatten)]
    pub from: FromPlan,
}

/// A pool that is to grow or shrink.
#[derive(Debug, Args)]
pub struct StartScale {
    /// The pool
    pub pool: PoolName,
    /// How many nodes it shall have
    pub nodes: u32,
    /// From which plan
    #[command(flatten)]
    pub from: FromPlan,
}

/// How something is started that is shown first.
#[derive(Debug, Args)]
pub struct FromPlan {
    /// Start it, whatever the plan is now
    #[arg(long, conflicts_with = "plan")]
    pub yes: bool,
    /// Start it only if the plan is still this one: at least the first four digits of its hash
    #[arg(long, value_name = "PREFIX")]
    pub plan: Option<String>,
    /// Why
    #[arg(long)]
    pub reason: Option<String>,
    /// The plan as JSON; docs/status.md has its fields
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
