//! What happened to which part of what: ids that are read aloud, typed and compared.

use super::image::ImageRef;
use super::shared::{Shared, serialized_as_shown, show};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $shown:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, $shown, self.0)
            }
        }
    };
}

number_id!(
    /// One change on its way through the lineage, or one node release on its way through a pool: one series for both. Counted from 1;
    /// shown and typed as `42`.
    RunId,
    "{}"
);
number_id!(
    /// A failure with its dossier. Counted from 1.
    IncidentId,
    "{}"
);
number_id!(
    /// The place of an event in the journal, counted from 1; 0 is "before the first".
    Seq,
    "{}"
);

impl RunId {
    /// The run of what belongs to none; numbers begin with 1.
    pub const NONE: Self = Self(0);
}

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a name; use 1 to 128 letters, digits and `. _ - :` or `/`, beginning with a letter or digit"
)]
pub struct NameError(pub String);

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Shared);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '/');
                let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
                if first && text.len() <= 128 && text.chars().all(legal) {
                    Ok(Self(text.into()))
                } else {
                    Err(NameError(text.chars().take(64).collect()))
                }
            }
        }
        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(value: String) -> Result<Self, NameError> {
                value.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.into()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

name_id!(
    /// A fleet of the configuration: one orchestrator with its nodes and workloads.
    FleetName
);
name_id!(
    /// A gate of the configuration: who must approve what.
    GateName
);
name_id!(
    /// A node, as its orchestrator names it.
    NodeId
);
name_id!(
    /// A task (container, pod), as its orchestrator names it.
    TaskId
);
name_id!(
    /// Who answers for an image or a workload: a team or a person.
    Owner
);
name_id!(
    /// A channel of the configuration: how an owner is told.
    ChannelName
);
name_id!(
    /// A workload's own name inside its fleet: the Swarm service, the Deployment, the container.
    WorkloadName
);

name_id!(
    /// A pool of the configuration: the part of a fleet's nodes that is updated together.
    PoolName
);
name_id!(
    /// A node release: what a node runs below its containers, as its vendor names it.
    ReleaseName
);

/// A node, and the fleet that it is in. Shown as `fleet/node`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct NodeRef {
    /// The fleet.
    pub fleet: FleetName,
    /// Its name there.
    pub name: NodeId,
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &[self.fleet.as_str(), "/", self.name.as_str()])
    }
}

impl FromStr for NodeRef {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let (fleet, name) = text.split_once('/').ok_or_else(|| NameError(text.chars().take(64).collect()))?;
        Ok(Self { fleet: fleet.parse()?, name: name.parse()? })
    }
}

impl TryFrom<String> for NodeRef {
    type Error = NameError;
    fn try_from(value: String) -> Result<Self, NameError> {
        value.parse()
    }
}

impl From<NodeRef> for String {
    fn from(value: NodeRef) -> String {
        value.to_string()
    }
}

/// A workload: what runs an image, and where. Shown as `fleet/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct WorkloadId {
    /// The fleet that it runs on.
    pub fleet: FleetName,
    /// Its name there.
    pub name: WorkloadName,
}

impl fmt::Display for WorkloadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(f, &[self.fleet.as_str(), "/", self.name.as_str()])
    }
}

impl FromStr for WorkloadId {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let (fleet, name) = text.split_once('/').ok_or_else(|| NameError(text.chars().take(64).collect()))?;
        Ok(Self { fleet: fleet.parse()?, name: name.parse()? })
    }
}

impl TryFrom<String> for WorkloadId {
    type Error = NameError;
    fn try_from(value: String) -> Result<Self, NameError> {
        value.parse()
    }
}

impl From<WorkloadId> for String {
    fn from(value: WorkloadId) -> String {
        value.to_string()
    }
}

/// One step of a run or a rollout: an image to build and judge, a workload to move onto it, or a node to replace or update.
///
/// Written `image:NAME`, `deploy:FLEET/NAME` and `node:FLEET/NODE`, so that it can be a key of a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub enum StepKey {
    /// Build, test, hold and publish this image.
    Image(ImageRef),
    /// Move this workload onto the image that was published for it.
    Deploy(WorkloadId),
    /// Bring this node onto the rollout's release.
    Node(NodeRef),
}

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Image(image) => write!(f, "image:{image}"),
            Self::Deploy(workload) => write!(f, "deploy:{workload}"),
            Self::Node(node) => write!(f, "node:{node}"),
        }
    }
}

impl FromStr for StepKey {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let bad = || NameError(text.chars().take(64).collect());
        match text.split_once(':') {
            Some(("image", rest)) => rest.parse().map(Self::Image).map_err(|_| bad()),
            Some(("deploy", rest)) => rest.parse().map(Self::Deploy),
            Some(("node", rest)) => rest.parse().map(Self::Node),
            _ => Err(bad()),
        }
    }
}

impl TryFrom<String> for StepKey {
    type Error = NameError;
    fn try_from(value: String) -> Result<Self, NameError> {
        value.parse()
    }
}

impl From<StepKey> for String {
    fn from(value: StepKey) -> String {
        value.to_string()
    }
}

serialized_as_shown!(NodeRef, WorkloadId, StepKey);

/// What an effect does to its step's subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Build the candidate and push it under its candidate tag.
    Build,
    /// Run the tests on the candidate for the first time.
    Test,
    /// Run them again, to tell a flaky failure from a real one.
    Retest,
    /// Run them on the old image, to tell whose failure it is.
    Control,
    /// Move the public tag onto the candidate.
    Publish,
    /// Look at the workload before it is touched.
    Baseline,
    /// Move the workload onto the published digest.
    Deploy,
    /// Observe the workload every second until told to stop.
    Watch,
    /// Look once more, freshly, because a verdict is due.
    Look,
    /// Put the workload's spec from before back.
    Restore,
    /// Put the public tag back.
    Untag,
    /// Remove the candidate tag of an ended run.
    Discard,
    /// Ask what emptying a node would meet.
    Preflight,
    /// Make the machine that takes a node's place.
    Provision,
    /// Ask which machine has a token.
    Find,
    /// Give a node that joined its labels and role.
    Admit,
    /// Let nothing new be placed on a node, and say what is on it then.
    Cordon,
    /// Move all work off a node.
    Shift,
    /// Update a node where it stands.
    Update,
    /// Let a node take work again.
    Uncordon,
    /// Move all work off the node that was to take over.
    ShiftBack,
    /// Take a node out of its fleet.
    Retire,
    /// Remove a machine.
    Deprovision,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Build => "build",
            Self::Test => "test",
            Self::Retest => "retest",
            Self::Control => "control",
            Self::Publish => "publish",
            Self::Baseline => "baseline",
            Self::Deploy => "deploy",
            Self::Watch => "watch",
            Self::Look => "look",
            Self::Restore => "restore",
            Self::Untag => "untag",
            Self::Discard => "discard",
            Self::Preflight => "preflight",
            Self::Provision => "provision",
            Self::Find => "find",
            Self::Admit => "admit",
            Self::Cordon => "cordon",
            Self::Shift => "shift",
            Self::Update => "update",
            Self::Uncordon => "uncordon",
            Self::ShiftBack => "shift_back",
            Self::Retire => "retire",
            Self::Deprovision => "deprovision",
        })
    }
}

/// One effect, for ever: its result carries this back, and a second result of the same id changes nothing.
///
/// `attempt` counts from 1 and grows only when the engine decides to try again; an effect that is issued again
/// after a restart keeps its id, so that the adapter can find out what became of the first time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectId {
    /// The run or rollout that wants it.
    pub run: RunId,
    /// The step that wants it.
    pub step: StepKey,
    /// Which of several workloads that the step watches; none where it is about the step itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<WorkloadId>,
    /// What is to be done.
    pub action: Action,
    /// How often the engine has asked for it, from 1.
    pub attempt: u32,
}

impl fmt::Display for EffectId {
    /// `r42/image:web:1/build/1`, `r43/node:prod/w1/prod/web/watch/1`: as it stands in logs and in labels of the world.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}/{}/", self.run, self.step)?;
        self.subject.iter().try_for_each(|workload| write!(f, "{workload}/"))?;
        write!(f, "{}/{}", self.action, self.attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_back_as_it_is_written() {
        for text in ["image:10.0.0.1:5000/os:1", "image:debian:jessie", "deploy:prod/web", "node:prod/w1"] {
            assert_eq!(text.parse::<StepKey>().unwrap().to_string(), text);
        }
        assert!("web".parse::<StepKey>().is_err());
    }

    #[test]
    fn names_with_escapes_or_spaces_are_refused() {
        for text in ["", "a b", "\u{1b}[2J", "-x", "a\n"] {
            assert!(text.parse::<FleetName>().is_err(), "{text:?} was taken");
        }
    }
}
