//! The facts, in the past tense. A fact is on disk before `step` sees it.

use crate::model::command::Command;
use crate::model::jobs::Ingredients;
use crate::model::nodes::{Machine, NodeLook, NodeReport, PreflightReport, ProvisionReport, ShiftReport};
use crate::model::notices::NoticeId;
use crate::model::reports::{
    Answer, BuildReport, ChangeReport, LookReport, PublishReport, Running, TestReport, Unreachable,
};
use crate::model::{
    Actor, Digest, EffectId, FleetName, ImageRef, NodeId, PoolName, ReleaseName, RunId, Setup, StepKey,
    Timestamp, WorkloadId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One fact: when, who, what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was stamped; never earlier than the event before it.
    pub at: Timestamp,
    /// Who or what brought it about.
    pub by: Actor,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The journal was made; the random name of this installation.
    Installed {
        /// Lasting and random; part of candidate tags and claims.
        install: String,
    },
    /// A daemon began to work on this journal.
    DaemonStarted {
        /// Its program's version.
        version: String,
        /// Its process.
        pid: u32,
        /// Whether tokens that are made from now on say whose they are ([`token`](crate::model::token)); older daemons' did not.
        #[serde(default)]
        marks: bool,
    },
    /// The configuration in force from now on.
    ConfigLoaded {
        /// All of it, resolved.
        setup: Box<Setup>,
    },
    /// The Dockerfiles as they are from now on. A recipe that cannot be read has its reason instead.
    RecipesRead {
        /// By image.
        recipes: BTreeMap<ImageRef, Result<Ingredients, String>>,
    },
    /// A notification came in: only a hint, a HEAD follows.
    HintReceived {
        /// The image that it names.
        image: ImageRef,
        /// The digest that it names.
        digest: Option<Digest>,
    },
    /// A registry was asked, and the tag is not where it was known to be.
    TagSeen {
        /// The image.
        image: ImageRef,
        /// Where it points; nowhere when the registry has no such tag.
        digest: Option<Digest>,
        /// Where it was known to point; none at the first look. For sentences: the state knows by itself.
        #[serde(default)]
        before: Option<Digest>,
    },
    /// A source of facts does not answer.
    SourceLost {
        /// `registry 10.0.0.1:5000`, `fleet prod`, `builder`.
        who: String,
        /// What was seen.
        why: String,
    },
    /// It answers again.
    SourceFound {
        /// Which one.
        who: String,
    },
    /// A fleet's workloads are not as they were known to be.
    WorkloadsSeen {
        /// The fleet.
        fleet: FleetName,
        /// Those that are new, or not as they were known to be; all of them where `gone` is none.
        running: Vec<Running>,
        /// Those that are gone. None in what an older program wrote: it told all that run, and what it did not tell is gone.
        #[serde(default)]
        gone: Option<Vec<WorkloadId>>,
    },
    /// A fleet is held by another daemon; nothing is done there.
    FleetRefused {
        /// The fleet.
        fleet: FleetName,
        /// The holder, for people.
        holder: String,
    },
    /// The fleet is ours.
    FleetClaimed {
        /// The fleet.
        fleet: FleetName,
    },
    /// Result of [`Job::Build`](super::Job::Build).
    BuildFinished {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<BuildReport>,
    },
    /// Result of [`Job::Test`](super::Job::Test).
    TestsFinished {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<TestReport>,
    },
    /// Result of [`Job::Publish`](super::Job::Publish).
    TagPublished {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<PublishReport>,
    },
    /// Result of [`Job::Look`](super::Job::Look).
    WorkloadLooked {
        /// The effect.
        id: EffectId,
        /// What was seen.
        answer: Answer<LookReport>,
    },
    /// Result of [`Job::Deploy`](super::Job::Deploy) or [`Job::Restore`](super::Job::Restore).
    WorkloadChanged {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<ChangeReport>,
    },
    /// A watched workload is not as it was ([`Job::Watch`](super::Job::Watch)); sent on transitions and new failures only.
    WorkloadWatched {
        /// The effect.
        id: EffectId,
        /// What was seen.
        answer: Answer<LookReport>,
    },
    /// Candidate tags of an ended run were removed, or found to be gone.
    CandidateDiscarded {
        /// The effect.
        id: EffectId,
        /// Whether it was removed; kept when a public tag carries its digest.
        answer: Answer<bool>,
    },
    /// A fleet's nodes are not as they were known to be.
    NodesSeen {
        /// The fleet.
        fleet: FleetName,
        /// Those that are new, or not as they were known to be. Not all: a fleet may have ten thousand, and one changes at a time.
        nodes: Vec<NodeLook>,
        /// Those that are gone.
        gone: Vec<NodeId>,
    },
    /// A pool's machines were listed, and those that are left behind are not those that were known to be, or are so for long enough.
    OrphansSeen {
        /// The pool.
        pool: PoolName,
        /// All of them: they have a token of ours, and nobody needs them.
        machines: Vec<Machine>,
    },
    /// A vendor announced a node release.
    ReleaseAnnounced {
        /// The pool that it is for.
        pool: PoolName,
        /// Its name.
        release: ReleaseName,
    },
    /// Result of [`Job::Preflight`](super::Job::Preflight).
    NodePreflighted {
        /// The effect.
        id: EffectId,
        /// What was found; none where there is no such node.
        answer: Answer<Option<PreflightReport>>,
    },
    /// Result of [`Job::Provision`](super::Job::Provision).
    NodeProvisioned {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<ProvisionReport<Machine>>,
    },
    /// Result of [`Job::Find`](super::Job::Find).
    MachineFound {
        /// The effect.
        id: EffectId,
        /// The machine of the token; none where there is none.
        answer: Answer<ProvisionReport<Option<Machine>>>,
    },
    /// Result of [`Job::Shift`](super::Job::Shift).
    NodeShifted {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<ShiftReport>,
    },
    /// Result of [`Job::Avail`](super::Job::Avail), [`Job::Admit`](super::Job::Admit) or [`Job::Retire`](super::Job::Retire).
    NodeChanged {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<NodeReport>,
    },
    /// Result of [`Job::Update`](super::Job::Update).
    NodeUpdated {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<ProvisionReport<()>>,
    },
    /// Result of [`Job::Deprovision`](super::Job::Deprovision).
    NodeRemoved {
        /// The effect.
        id: EffectId,
        /// What became of it.
        answer: Answer<ProvisionReport<()>>,
    },
    /// A notice arrived. Result of [`Effect::Notify`](super::Effect::Notify).
    NoticeSent {
        /// Which one.
        id: NoticeId,
        /// Which try.
        attempt: u32,
    },
    /// A notice did not arrive, as far as we know. Result of [`Effect::Notify`](super::Effect::Notify).
    NoticeFailed {
        /// Which one.
        id: NoticeId,
        /// Which try.
        attempt: u32,
        /// What was seen.
        cause: Unreachable,
    },
    /// A deadline of `next_deadline` has come.
    DeadlinePassed,
    /// A person's command, accepted.
    Commanded {
        /// What was asked for.
        command: Command,
    },
    /// A person's command, refused.
    CommandRefused {
        /// What was asked for.
        command: Command,
        /// Why.
        reason: String,
    },
}

impl EventKind {
    /// Whether it says nothing to a person by itself: what it leads to has a line of its own. `tidegate events` has them all.
    pub fn is_routine(&self) -> bool {
        let again = matches!(self, Self::NoticeFailed { attempt, .. } if *attempt > 1);
        let looks = matches!(self, Self::WorkloadsSeen { .. } | Self::NodesSeen { .. });
        again || looks || matches!(self, Self::DeadlinePassed | Self::HintReceived { .. })
    }

    /// A stable word for what kind of fact it is: `tag_seen`, `build_finished`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Installed { .. } => "installed",
            Self::DaemonStarted { .. } => "daemon_started",
            Self::ConfigLoaded { .. } => "config_loaded",
            Self::RecipesRead { .. } => "recipes_read",
            Self::HintReceived { .. } => "hint_received",
            Self::TagSeen { .. } => "tag_seen",
            Self::SourceLost { .. } => "source_lost",
            Self::SourceFound { .. } => "source_found",
            Self::WorkloadsSeen { .. } => "workloads_seen",
            Self::FleetRefused { .. } => "fleet_refused",
            Self::FleetClaimed { .. } => "fleet_claimed",
            Self::BuildFinished { .. } => "build_finished",
            Self::TestsFinished { .. } => "tests_finished",
            Self::TagPublished { .. } => "tag_published",
            Self::WorkloadLooked { .. } => "workload_looked",
            Self::WorkloadChanged { .. } => "workload_changed",
            Self::WorkloadWatched { .. } => "workload_watched",
            Self::CandidateDiscarded { .. } => "candidate_discarded",
            Self::NodesSeen { .. } => "nodes_seen",
            Self::OrphansSeen { .. } => "orphans_seen",
            Self::ReleaseAnnounced { .. } => "release_announced",
            Self::NodePreflighted { .. } => "node_preflighted",
            Self::NodeProvisioned { .. } => "node_provisioned",
            Self::MachineFound { .. } => "machine_found",
            Self::NodeShifted { .. } => "node_shifted",
            Self::NodeChanged { .. } => "node_changed",
            Self::NodeUpdated { .. } => "node_updated",
            Self::NodeRemoved { .. } => "node_removed",
            Self::NoticeSent { .. } => "notice_sent",
            Self::NoticeFailed { .. } => "notice_failed",
            Self::DeadlinePassed => "deadline_passed",
            Self::Commanded { .. } => "commanded",
            Self::CommandRefused { .. } => "command_refused",
        }
    }

    /// The effect whose result it is.
    pub fn effect(&self) -> Option<&EffectId> {
        match self {
            Self::BuildFinished { id, .. }
            | Self::TestsFinished { id, .. }
            | Self::TagPublished { id, .. }
            | Self::WorkloadLooked { id, .. }
            | Self::WorkloadChanged { id, .. }
            | Self::WorkloadWatched { id, .. }
            | Self::CandidateDiscarded { id, .. }
            | Self::NodePreflighted { id, .. }
            | Self::NodeProvisioned { id, .. }
            | Self::MachineFound { id, .. }
            | Self::NodeShifted { id, .. }
            | Self::NodeChanged { id, .. }
            | Self::NodeUpdated { id, .. }
            | Self::NodeRemoved { id, .. } => Some(id),
            Self::Installed { .. }
            | Self::DaemonStarted { .. }
            | Self::ConfigLoaded { .. }
            | Self::RecipesRead { .. }
            | Self::HintReceived { .. }
            | Self::TagSeen { .. }
            | Self::SourceLost { .. }
            | Self::SourceFound { .. }
            | Self::WorkloadsSeen { .. }
            | Self::FleetRefused { .. }
            | Self::FleetClaimed { .. }
            | Self::NodesSeen { .. }
            | Self::OrphansSeen { .. }
            | Self::ReleaseAnnounced { .. }
            | Self::NoticeSent { .. }
            | Self::NoticeFailed { .. }
            | Self::DeadlinePassed
            | Self::Commanded { .. }
            | Self::CommandRefused { .. } => None,
        }
    }

    /// The run and step that it is about, where it names them.
    pub fn subject(&self) -> Option<(RunId, Option<StepKey>)> {
        match self {
            Self::Commanded { command } | Self::CommandRefused { command, .. } => command.subject(),
            other => {
                let id = other.effect().filter(|id| id.run != RunId::NONE)?;
                Some((id.run, Some(id.step.clone())))
            }
        }
    }
}
