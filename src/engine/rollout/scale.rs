//! A pool grows or shrinks: a rollout whose steps add nodes, or take nodes out.
//!
//! 1. It brings no release and judges none: a pin does not hold it back, nothing is quarantined by it or let out of quarantine.
//! 2. A step that adds a node has none of its own. Its key names one that no fleet can have, so that whatever is asked about "its node" finds
//!    nothing there; what it makes is known by its token, as every machine is.
//! 3. A node that is added takes nothing out; one that leaves counts as out from its cordon on, as one that is replaced does.
//! 4. What a failed step added is emptied and removed again. A node that was to leave takes work again; what had moved stays where it is, since no
//!    one node took it over.
//! 5. What is done is taken back by scaling the pool back.

use super::plan::{Plan, PlanError, Planned, in_waves, planned};
use super::{NodeStep, is_out};
use crate::engine::state::State;
use crate::model::nodes::{NodeChange, NodeLook, NodeRole, Pool, Scale, Strategy};
use crate::model::{NodeId, NodeRef, PoolName, ReleaseName, limits};
use std::collections::{BTreeMap, VecDeque};

type Node<'a> = (&'a NodeRef, &'a NodeLook);
type Zone = Option<String>;

impl NodeStep {
    /// The node that was there before the step; none where one is added.
    pub(super) fn old_node(&self) -> Option<&NodeId> {
        (self.change != NodeChange::Grow).then_some(&self.node.name)
    }
}

impl State {
    /// What giving a pool so many nodes would do now: which are added, or which leave.
    ///
    /// # Errors
    /// Why it cannot be started.
    pub fn scale_plan(&self, pool: &PoolName, to: u32) -> Result<Plan, PlanError> {
        let how = self.idle_pool(pool)?;
        if how.strategy == Strategy::InPlace {
            return Err(PlanError::UpdatedInPlace(pool.clone()));
        }
        if !self.nodes.keys().any(|node| node.fleet == how.fleet) {
            return Err(PlanError::NotSeen(how.fleet.clone()));
        }
        let there: Vec<Node<'_>> = self.nodes_of(pool, how).collect();
        let from = u32::try_from(there.len()).unwrap_or(u32::MAX);
        let most = limits::MACHINES;
        if to == from {
            return Err(PlanError::HasThem { pool: pool.clone(), nodes: from });
        } else if to as usize > most {
            return Err(PlanError::TooMany { most });
        } else if to == 0 {
            return Err(PlanError::ToNothing(pool.clone()));
        }
        let release = self.release_of(pool, &there).ok_or_else(|| PlanError::NoRelease(pool.clone()))?;
        let nodes = if to > from {
            added(how, &there, &release, to - from)
        } else {
            leaving(pool, how, &there, &release, from - to)?
        };
        let scale = Some(Scale { from, to });
        Ok(Plan { pool: pool.clone(), how: how.clone(), release, scale, nodes })
    }

    /// The release that most of a pool's nodes have, of several the one announced last; where none has one, the newest announced one that is not
    /// skipped.
    fn release_of(&self, pool: &PoolName, there: &[Node<'_>]) -> Option<ReleaseName> {
        let known = self.releases.get(pool).map_or(&[][..], Vec::as_slice);
        let mut have: BTreeMap<&ReleaseName, usize> = BTreeMap::new();
        for release in there.iter().filter_map(|(_, look)| look.release.as_ref()) {
            *have.entry(release).or_default() += 1;
        }
        let place = |release: &ReleaseName| known.iter().position(|one| one.release == *release);
        let most = have.into_iter().max_by_key(|(release, count)| (*count, place(release)));
        let newest = || known.iter().rev().find(|one| one.skipped.is_none()).map(|one| &one.release);
        most.map(|(release, _)| release).or_else(newest).cloned()
    }
}

/// How many nodes each zone has; also those of the configuration that have none. Nodes of no zone count where there is nothing else.
fn zones(how: &Pool, there: &[Node<'_>]) -> BTreeMap<Zone, usize> {
    let mut zones: BTreeMap<Zone, usize> = how.zones.iter().map(|zone| (Some(zone.clone()), 0)).collect();
    for (_, look) in there {
        *zones.entry(look.zone.clone()).or_default() += 1;
    }
    zones
}

/// In the emptiest zone first, counted anew after each.
fn added(how: &Pool, there: &[Node<'_>], release: &ReleaseName, count: u32) -> Vec<Planned> {
    let mut zones = zones(how, there);
    if zones.keys().any(Option::is_some) {
        zones.remove(&None);
    }
    let mut next = || {
        let (zone, nodes) = zones.iter_mut().min_by_key(|(_, nodes)| **nodes)?;
        *nodes += 1;
        zone.clone()
    };
    // A colon is in no host's name.
    let names = (1..=count).filter_map(|number| format!("new:{number}").parse::<NodeId>().ok());
    let nodes = names.map(|name| Planned {
        change: NodeChange::Grow,
        node: NodeRef { fleet: how.fleet.clone(), name },
        uid: String::new(),
        wave: 1,
        zone: next(),
        address: None,
        manager: false,
        target: release.clone(),
        was: None,
        token: None,
    });
    nodes.collect()
}

/// 1. Managers and the daemon's own node stay.
/// 2. Nodes that cannot take work now go first.
/// 3. Then, of the fullest zone, counted anew after each: the one with the least work, by name.
fn leaving(
    pool: &PoolName,
    how: &Pool,
    there: &[Node<'_>],
    release: &ReleaseName,
    count: u32,
) -> Result<Vec<Planned>, PlanError> {
    if how.max_unavailable == 0 {
        return Err(PlanError::NoneMayBeOut(pool.clone()));
    }
    let may_go =
        |(node, look): &&Node<'_>| look.role == NodeRole::Worker && how.own_node.as_ref() != Some(&node.name);
    let mut may: Vec<Node<'_>> = there.iter().filter(may_go).copied().collect();
    if may.len() < count as usize {
        let stay = u32::try_from(there.len() - may.len()).unwrap_or(u32::MAX);
        return Err(PlanError::TheyStay { pool: pool.clone(), stay });
    }
    may.sort_by_key(|(node, look)| (!is_out(look), look.work.values().sum::<u32>(), &node.name));
    let (out, well): (Vec<Node<'_>>, Vec<Node<'_>>) = may.into_iter().partition(|(_, look)| is_out(look));
    let mut zones = zones(how, there);
    let mut by_zone: BTreeMap<&Zone, VecDeque<Node<'_>>> = BTreeMap::new();
    for node in well {
        by_zone.entry(&node.1.zone).or_default().push_back(node);
    }
    let mut out = VecDeque::from(out);
    let mut next = || {
        let node = out.pop_front().or_else(|| {
            let left = by_zone.iter_mut().filter(|(_, nodes)| !nodes.is_empty());
            left.max_by_key(|(zone, _)| zones.get(**zone)).and_then(|(_, nodes)| nodes.pop_front())
        })?;
        if let Some(nodes) = zones.get_mut(&node.1.zone) {
            *nodes -= 1;
        }
        Some(node)
    };
    let picked = (0..count).filter_map(|_| next());
    let nodes = picked
        .map(|(node, look)| Planned { change: NodeChange::Shrink, ..planned(node, look, release.clone()) })
        .collect();
    Ok(in_waves(how, nodes, there.len()))
}
