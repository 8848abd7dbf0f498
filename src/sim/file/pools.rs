//! Pools of nodes, who makes their machines, and what a node release brings.

use super::things::three_seconds;
use super::{Length, WorldFile};
use crate::model::nodes::{NodeLimits, Pool, Strategy, WaveSize};
use crate::model::{FleetName, NodeId, Owner, PoolName, ReleaseName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A pool: nodes of a fleet that are updated together. All of them are workers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolFile {
    /// Its fleet.
    pub fleet: FleetName,
    /// Its nodes at the beginning.
    pub nodes: Vec<NodeId>,
    /// The release that they run then.
    pub release: ReleaseName,
    /// How a node gets a release.
    #[serde(default = "surge")]
    pub strategy: Strategy,
    /// Nodes in the first wave, the second, and so on; the last size is repeated.
    #[serde(default = "one_by_one")]
    pub waves: Vec<WaveSize>,
    /// Nodes that may be out at a time.
    #[serde(default = "one")]
    pub max_unavailable: u32,
    /// How long the work that moved is watched.
    #[serde(default = "thirty_seconds")]
    pub soak: Length,
    /// Node steps that may fail before the rollout stops.
    #[serde(default)]
    pub failure_budget: u32,
    /// The longest that each part of a step may take.
    #[serde(default)]
    pub limits: LimitsFile,
    /// The failure domains of nodes, where they have one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<NodeId, String>,
    /// How long a release must have been announced before it is taken by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic_after: Option<Length>,
    /// How long its commands take to make or update a machine, about.
    #[serde(default = "ten_seconds")]
    pub makes_in: Length,
    /// How long a machine takes from then until it is in the fleet, about.
    #[serde(default = "three_seconds")]
    pub joins_in: Length,
    /// Who answers for its releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// The longest that each part of a node step may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    /// Making a machine.
    pub provision: Length,
    /// Until it has joined.
    pub join: Length,
    /// Moving the work.
    pub shift: Length,
    /// Updating in place.
    pub update: Length,
}

impl Default for LimitsFile {
    fn default() -> Self {
        let minutes = |minutes: u64| Length::secs(60 * minutes);
        Self { provision: minutes(2), join: minutes(2), shift: minutes(3), update: minutes(3) }
    }
}

/// How the nodes of a release come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comes {
    /// As they should.
    #[default]
    Well,
    /// They never join; updated in place they never come back.
    Never,
    /// They join, and go down after this long.
    Vanishes(Length),
}

/// How the commands of a pool are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machines {
    /// Well.
    #[default]
    Well,
    /// They do nothing and exit 1.
    Fails,
    /// They do what they are asked for and exit 1 all the same.
    FailsLate,
    /// They do what they are asked for and never end.
    Hangs,
    /// They do what they are asked for, and their answer cannot be read.
    Garbage,
    /// They do what they are asked for, and answer twice.
    AnswersTwice,
}

/// How emptying a node goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drains {
    /// Well.
    #[default]
    Well,
    /// Tasks that are to stop do not, until whoever asked gives up.
    Sticks,
    /// No answer ever comes.
    Hangs,
}

/// What befalls a node, or what somebody does to it beside us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeIs {
    /// It is not heard of any more, and what ran there is started elsewhere.
    Down,
    /// It is heard of again.
    Up,
    /// Somebody cordons it.
    Cordoned,
    /// Somebody lets it take work again.
    Active,
}

fn surge() -> Strategy {
    Strategy::Surge
}

fn one_by_one() -> Vec<WaveSize> {
    vec![WaveSize::Nodes(1)]
}

fn one() -> u32 {
    1
}

fn ten_seconds() -> Length {
    Length::secs(10)
}

fn thirty_seconds() -> Length {
    Length::secs(30)
}

impl WorldFile {
    /// The pools as the daemon's configuration has them.
    pub(super) fn pools_of_setup(&self) -> BTreeMap<PoolName, Pool> {
        self.pools.iter().map(|(name, file)| (name.clone(), pool(file))).collect()
    }

    /// The pool that a node belongs to at the beginning.
    pub(in crate::sim) fn pool_of(&self, fleet: &FleetName, node: &NodeId) -> Option<(&PoolName, &PoolFile)> {
        self.pools.iter().find(|(_, pool)| pool.fleet == *fleet && pool.nodes.contains(node))
    }
}

fn pool(file: &PoolFile) -> Pool {
    let LimitsFile { provision, join, shift, update } = &file.limits;
    Pool {
        fleet: file.fleet.clone(),
        strategy: file.strategy,
        waves: file.waves.clone(),
        max_unavailable: file.max_unavailable,
        soak: file.soak.0,
        failure_budget: file.failure_budget,
        limits: NodeLimits { provision: provision.0, join: join.0, shift: shift.0, update: update.0 },
        zones: Vec::new(),
        automatic_after: file.automatic_after.map(|length| length.0),
        own_node: None,
        owner: file.owner.clone(),
    }
}
