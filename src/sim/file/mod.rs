//! What a world is made of, as people write it: TOML for demos, drills and cases of the simulation.
//!
//! ```toml
//! title = "A base image is patched"
//! begins = "2016-11-12T01:19:50Z"
//!
//! [fleets.prod]
//! nodes = ["n01", "n02", "n03"]
//! [images."debian:jessie"]                    # no `from`: somebody else publishes it
//! [images."mycriticalapp:1.4"]
//! from = "debian:jessie"
//! [workloads."prod/web"]
//! image = "mycriticalapp:1.4"
//! tasks = 3
//!
//! [[story]]
//! at = "4s"
//! world.moves = { image = "debian:jessie", flaws = [{ hits = "prod/web", how = "sick", after = "20s" }] }
//! [[story]]
//! at = "3m"
//! person = { name = "ana", does = "approve", on = "mycriticalapp:1.4" }
//! ```
//!
//! With a section `[drill]` it is an incident that people practise on.

mod check;
mod drill;
mod length;
mod pools;
mod setup;
mod story;
#[cfg(test)]
mod tests;
mod things;

pub use drill::{BestFile, Condition, DrillFile, GoalFile};
pub use length::Length;
pub use pools::{Comes, Drains, LimitsFile, Machines, NodeIs, PoolFile};
pub use story::{
    Answering, Engine, Entry, Flaw, Fleet, HandDoes, Happening, Happens, Hooks, How, Listening, Machine,
    Person, PersonDoes,
};
pub use things::{
    CaseFile, ChannelFile, Checks, FleetFile, GateFile, ImageFile, RegistryFile, TestFile, WorkloadFile,
};

use crate::model::setup::Newer;
use crate::model::{ChannelName, FleetName, GateName, ImageRef, PoolName, Registry, WorkloadId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A whole world and its story.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorldFile {
    /// What it is about, in a sentence.
    pub title: String,
    /// What its clock shows at the beginning, RFC 3339; 2016-11-12T01:19:50Z when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins: Option<String>,
    /// What a newer change does to a run under way.
    #[serde(default)]
    pub newer: Newer,
    /// Registries; those that images name and that are absent here are as [`RegistryFile::default`] has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub registries: BTreeMap<Registry, RegistryFile>,
    /// Fleets; those that workloads name must be here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fleets: BTreeMap<FleetName, FleetFile>,
    /// Pools of their nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pools: BTreeMap<PoolName, PoolFile>,
    /// Who must approve.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gates: BTreeMap<GateName, GateFile>,
    /// How owners are told of incidents.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ChannelName, ChannelFile>,
    /// All images, ours and others'.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<ImageRef, ImageFile>,
    /// What runs, and follows an image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub workloads: BTreeMap<WorkloadId, WorkloadFile>,
    /// What happens when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<Entry>,
    /// What makes it a drill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<Box<DrillFile>>,
}

/// Why a world is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// It is not TOML, or has a key or value that a world has not.
    #[error("read the world: {0}")]
    Toml(String),
    /// It names what it does not have, or says what cannot be.
    #[error("the world's {place}: {what}")]
    Wrong {
        /// Where: `workloads."prod/web".image`.
        place: String,
        /// What is wrong there and what to write instead.
        what: String,
    },
}

impl WorldFile {
    /// Reads and checks a world.
    ///
    /// # Errors
    /// See [`WorldError`]; the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, WorldError> {
        let file: Self = toml::from_str(text).map_err(|error| WorldError::Toml(error.to_string()))?;
        file.check()?;
        Ok(file)
    }

    /// As [`parse`](Self::parse) reads it.
    pub fn text(&self) -> String {
        toml::to_string(self).expect("a world has only keys and values that TOML has")
    }
}
