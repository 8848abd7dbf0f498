//! The nouns: what every other module speaks of, parsed at the edge and impossible to hold wrong.
//!
//! ```text
//!   image   ImageRef, Digest, PinnedRef           what is published, built, deployed
//!   ids     RunId, StepKey, EffectId, WorkloadId  what happened to which part of it
//!   time    Timestamp, Span                       when, as data; nobody here reads a clock
//!   actor   Actor                                 who
//!   setup   Setup: Recipe, Workload, Gate, …      the resolved configuration
//!   jobs    BuildJob, TestJob, DeployJob, …       what the engine asks the world to do
//!   edit    apply()                               edits of a Dockerfile, applied
//!   reports BuildReport, TestReport, Look, …      what the world answered
//!   drill   Lesson, Debriefing                   what the player of a drill is told
//!   text    clean()                               what outsiders wrote, made safe to show
//!   pace    look_again()                          when to look again at what is waited for
//!   token   make(), is_of()                       whose a machine is
//!   limits                                        every bound, with its reason
//! ```
//!
//! Invariants: everything here is plain data, ordered and serializable; no I/O, no clock, no floats.

pub mod actor;
pub mod command;
pub mod defect;
pub mod dossier;
pub mod drill;
pub mod edit;
pub mod ids;
pub mod image;
pub mod jobs;
pub mod limits;
pub mod logname;
pub mod nodes;
pub mod notices;
pub mod pace;
pub mod reports;
pub mod secret;
pub mod setup;
mod shared;
pub mod text;
pub mod time;
pub mod token;
pub mod waiting;

pub use actor::Actor;
pub use command::{Command, Seen};
pub use ids::{
    Action, ChannelName, EffectId, FleetName, GateName, IncidentId, NodeId, NodeRef, Owner, PoolName,
    ReleaseName, RunId, Seq, StepKey, TaskId, WorkloadId, WorkloadName,
};
pub use image::{Digest, ImageRef, PinnedRef, Registry, Repository, Tag};
pub use setup::Setup;
pub use time::{Span, Timestamp};
pub use waiting::Waiting;
