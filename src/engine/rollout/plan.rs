//! Which nodes of a pool get a release, in which order. Pure: what is planned twice in the same state is the same.

use super::{NodeStage, NodeStep, Rollout, Traces};
use crate::engine::state::State;
use crate::model::nodes::{NodeChange, NodeLook, NodeRole, Pool, PreflightJob, Scale, WaveSize};
use crate::model::{Action, Digest, EffectId, FleetName, NodeRef, PoolName, ReleaseName, RunId, StepKey};

/// What a rollout would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The pool.
    pub pool: PoolName,
    /// The pool as the configuration has it.
    pub how: Pool,
    /// The release; of one that takes another back: that of its first node.
    pub release: ReleaseName,
    /// How the size of the pool changes, where it does.
    pub scale: Option<Scale>,
    /// The nodes, in order.
    pub nodes: Vec<Planned>,
}

/// One node of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What would be done with it.
    pub change: NodeChange,
    /// The node; of one that would be added a name that no node has.
    pub node: NodeRef,
    /// The orchestrator's own id of it.
    pub uid: String,
    /// Its wave, from 1.
    pub wave: u32,
    /// Its failure domain.
    pub zone: Option<String>,
    /// Where it is reached.
    pub address: Option<String>,
    /// Whether it is a manager of its fleet.
    pub manager: bool,
    /// The release that it would have.
    pub target: ReleaseName,
    /// The release that it has.
    pub was: Option<ReleaseName>,
    /// The token with which it was made, where we made it.
    pub token: Option<String>,
}

/// A node that an order to take everything back does not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The node that has the release.
    pub node: NodeRef,
    /// Why it keeps it.
    pub why: String,
}

/// Why there is nothing to start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is no such pool.
    #[error("there is no pool {0} in the configuration")]
    NoPool(PoolName),
    /// The release was not announced.
    #[error("release {release} was not announced for pool {pool}; `tidegate release {pool} {release}` does")]
    NotAnnounced {
        /// The pool.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
    },
    /// The fleet's nodes are not known.
    #[error("no node of fleet {0} was seen yet; it must be reachable first")]
    NotSeen(FleetName),
    /// A person keeps the pool on what it has.
    #[error("pool {pool} is pinned by {pinned}; `tidegate unpin {pool}` ends that")]
    Pinned {
        /// The pool.
        pool: PoolName,
        /// By whom, since when, why.
        pinned: String,
    },
    /// Nothing may ever be out.
    #[error("pool {0} has max_unavailable 0, so that no node could ever be begun")]
    NoneMayBeOut(PoolName),
    /// Every node has it.
    #[error("every node of pool {pool} has release {release}")]
    NothingToDo {
        /// The pool.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
    },
    /// It replaces no nodes.
    #[error(
        "pool {0} is updated in place; only a pool that replaces its nodes (strategy \"surge\") is scaled"
    )]
    UpdatedInPlace(PoolName),
    /// It is as large as it should be.
    #[error("pool {pool} has {nodes} nodes already")]
    HasThem {
        /// The pool.
        pool: PoolName,
        /// So many.
        nodes: u32,
    },
    /// Nobody could say of which release its next node would be.
    #[error("a pool keeps at least one node; {0} would have none")]
    ToNothing(PoolName),
    /// More than any fleet carries.
    #[error("a pool has at most {most} nodes")]
    TooMany {
        /// That many.
        most: usize,
    },
    /// Nothing says what a new node should run.
    #[error(
        "which release a new node of pool {0} should have is not known; announce one with `tidegate release`"
    )]
    NoRelease(PoolName),
    /// Managers, and the daemon's own node, are not taken out.
    #[error(
        "{stay} nodes of pool {pool} stay: managers, and the one that Tidegate runs on; it keeps at least those"
    )]
    TheyStay {
        /// The pool.
        pool: PoolName,
        /// How many.
        stay: u32,
    },
    /// A rollout of the pool has not ended.
    #[error("rollout {run} of pool {pool} has not ended; abort it, or roll it forward or back")]
    Busy {
        /// The pool.
        pool: PoolName,
        /// The rollout.
        run: RunId,
    },
}

impl Plan {
    /// A digest of the plan: nodes with what they have and get, order and policy. No times, no availability, no work.
    pub fn hash(&self) -> Digest {
        let mut text = format!("{} {} {:?}\n", self.pool, self.release, self.how);
        if let Some(scale) = self.scale {
            text.push_str(&format!("{scale}\n"));
        }
        for node in &self.nodes {
            let (was, target, zone) = (&node.was, &node.target, &node.zone);
            text.push_str(&format!("{} {} {} {was:?} {target} {zone:?}\n", node.wave, node.node, node.uid));
        }
        Digest::of(text.as_bytes())
    }

    /// What to ask the fleet of the first `most` nodes before the start. The ids are those of no run: no step waits for the answers.
    pub fn preflights(&self, most: usize) -> Vec<PreflightJob> {
        let job = |one: &Planned| PreflightJob {
            id: EffectId {
                run: RunId::NONE,
                step: StepKey::Node(one.node.clone()),
                subject: None,
                action: Action::Preflight,
                attempt: 1,
            },
            node: one.node.clone(),
            surge: one.change.joins(self.how.strategy),
            removes: one.change.removes(self.how.strategy),
        };
        let emptied = self.nodes.iter().filter(|one| one.change != NodeChange::Grow);
        emptied.take(most).map(job).collect()
    }
}

impl State {
    /// What a rollout of `release` through `pool` would do now.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn rollout_plan(&self, pool: &PoolName, release: &ReleaseName) -> Result<Plan, PlanError> {
        self.planned(pool, self.idle_pool(pool)?, release)
    }

    /// A pool of which no rollout is under way.
    pub(super) fn idle_pool(&self, pool: &PoolName) -> Result<&Pool, PlanError> {
        let how = self.setup.pools.get(pool).ok_or_else(|| PlanError::NoPool(pool.clone()))?;
        match self.rolling().find(|rollout| rollout.pool == *pool) {
            Some(busy) => Err(PlanError::Busy { pool: pool.clone(), run: busy.id }),
            None => Ok(how),
        }
    }

    /// The same, whether or not another rollout of the pool is under way.
    pub(super) fn planned(
        &self,
        pool: &PoolName,
        how: &Pool,
        release: &ReleaseName,
    ) -> Result<Plan, PlanError> {
        let (pool, release) = (pool.clone(), release.clone());
        if let Some(pinned) = self.pinned(&pool) {
            return Err(PlanError::Pinned { pool, pinned });
        }
        if self.announced(&pool, &release).is_none() {
            return Err(PlanError::NotAnnounced { pool, release });
        }
        if how.max_unavailable == 0 {
            return Err(PlanError::NoneMayBeOut(pool));
        }
        if !self.nodes.keys().any(|node| node.fleet == how.fleet) {
            return Err(PlanError::NotSeen(how.fleet.clone()));
        }
        let all: Vec<_> = self.nodes_of(&pool, how).collect();
        let size = all.len();
        let behind = all.into_iter().filter(|(_, look)| look.release.as_ref() != Some(&release));
        let nodes: Vec<Planned> = behind.map(|(node, look)| planned(node, look, release.clone())).collect();
        if nodes.is_empty() {
            return Err(PlanError::NothingToDo { pool, release });
        }
        let nodes = in_waves(how, in_order(how, nodes), size);
        Ok(Plan { nodes, pool, how: how.clone(), release, scale: None })
    }

    /// What taking back all that a rollout has done, or one step of it, would do: the nodes that were done get the release from before.
    /// Those of which it is not known which one that was stay. What changed the size of its pool is scaled back, by a plan of its own.
    pub fn plan_back(&self, of: &Rollout, only: Option<&StepKey>) -> Option<Plan> {
        if of.scale.is_some() {
            return None;
        }
        let how = self.setup.pools.get(&of.pool).unwrap_or(&of.how);
        let steps: Vec<&NodeStep> = match only {
            Some(key) => of.steps.get(key).into_iter().collect(),
            None => of.steps.values().collect(),
        };
        let done = steps.into_iter().filter(|step| step.stage == NodeStage::Done);
        let nodes = done.filter_map(|step| {
            let node = step.traces.joined.as_ref().map_or(&step.node, |(node, _)| node);
            let look = self.nodes.get(node)?;
            Some(planned(node, look, step.was.clone()?))
        });
        let nodes = in_order(how, nodes.collect());
        let release = nodes.first()?.target.clone();
        let size = nodes.len();
        let at_once = Pool { waves: vec![WaveSize::Percent(100)], ..how.clone() };
        let nodes = in_waves(&at_once, nodes, size);
        Some(Plan { pool: of.pool.clone(), how: at_once, release, scale: None, nodes })
    }

    /// Nodes that keep the release when all that a rollout has done is taken back, in the rollout's order. What is gone keeps nothing.
    pub fn kept(&self, of: &Rollout) -> Vec<Kept> {
        let kept = |step: &NodeStep| {
            let node = step.traces.joined.as_ref().map_or(&step.node, |(node, _)| node);
            let why = keeps(step).filter(|_| self.nodes.contains_key(node))?;
            Some(Kept { node: node.clone(), why })
        };
        of.steps.values().filter(|_| of.scale.is_none()).filter_map(kept).collect()
    }

    /// The nodes of a pool as they were seen last.
    pub fn nodes_of<'a>(
        &'a self,
        pool: &'a PoolName,
        how: &'a Pool,
    ) -> impl Iterator<Item = (&'a NodeRef, &'a NodeLook)> {
        let ours = move |(node, look): &(&NodeRef, &NodeLook)| {
            node.fleet == how.fleet && look.pool.as_ref() == Some(pool)
        };
        self.nodes.iter().filter(ours)
    }
}

/// Why a node keeps the release that its step has brought; none where it goes back, or never had it.
fn keeps(step: &NodeStep) -> Option<String> {
    let Traces { soaked, updated, .. } = step.traces;
    match &step.stage {
        NodeStage::Done if step.was.is_none() => {
            Some(format!("which release {} had before is not known", step.node.name))
        }
        NodeStage::Skipped(by) if soaked => Some(format!(
            "it carries the work of {}, whose machine was not removed, and {by} left it so",
            step.node.name
        )),
        NodeStage::Quarantined(_) if soaked => Some(format!(
            "it carries the work of {}, whose machine was not removed; try that again first",
            step.node.name
        )),
        NodeStage::Skipped(by) if updated => {
            Some(format!("it was updated and is empty, and {by} left it so"))
        }
        NodeStage::Quarantined(_) if updated => {
            Some("it was updated and is empty; a person must look".to_owned())
        }
        _ => None,
    }
}

pub(super) fn planned(node: &NodeRef, look: &NodeLook, target: ReleaseName) -> Planned {
    Planned {
        change: NodeChange::Replace,
        node: node.clone(),
        uid: look.uid.clone(),
        wave: 1,
        zone: look.zone.clone(),
        address: look.address.clone(),
        manager: matches!(look.role, NodeRole::Manager { .. }),
        target,
        was: look.release.clone(),
        token: look.token.clone(),
    }
}

/// 1. The daemon's own node is last.
/// 2. Zones in the configured order, then the others by name, then nodes of no zone.
/// 3. By name.
fn in_order(how: &Pool, mut nodes: Vec<Planned>) -> Vec<Planned> {
    let rank = |zone: Option<&String>| match zone {
        Some(zone) => how.zones.iter().position(|named| named == zone).unwrap_or(how.zones.len()),
        None => how.zones.len() + 1,
    };
    nodes.sort_by_cached_key(|one| {
        let own = how.own_node.as_ref() == Some(&one.node.name);
        (own, rank(one.zone.as_ref()), one.zone.clone(), one.node.name.clone())
    });
    nodes
}

/// Fills the waves in order; the last size is repeated. `size` is that of the whole pool, of which percents are meant.
pub(super) fn in_waves(how: &Pool, mut nodes: Vec<Planned>, size: usize) -> Vec<Planned> {
    let mut sizes = how.waves.iter();
    let mut room = sizes.next().map_or(size, |wave| nodes_in(*wave, size));
    let mut last = room;
    let mut wave = 1;
    for node in &mut nodes {
        if room == 0 {
            last = sizes.next().map_or(last, |wave| nodes_in(*wave, size));
            (room, wave) = (last, wave + 1);
        }
        room -= 1;
        node.wave = wave;
    }
    nodes
}

fn nodes_in(wave: WaveSize, size: usize) -> usize {
    let nodes = match wave {
        WaveSize::Nodes(nodes) => nodes as usize,
        WaveSize::Percent(percent) => (size * percent as usize).div_ceil(100),
    };
    nodes.max(1)
}
