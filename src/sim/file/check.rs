//! Whether a world is one: every name that is used is there, and nothing is built from itself.

use super::story::{Entry, Flaw, Happening, Happens};
use super::{WorldError, WorldFile};
use crate::model::setup::GateBefore;
use crate::model::{GateName, ImageRef, NodeRef, PoolName, WorkloadId};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The story of a file is at most this long: a case of the simulation has some hundreds of lines.
const ENTRIES: usize = 10_000;

pub(super) fn wrong(place: impl Into<String>, what: impl Into<String>) -> WorldError {
    WorldError::Wrong { place: place.into(), what: what.into() }
}

impl WorldFile {
    /// 1. Every name that is used is there. 2. No image is built from itself. 3. Every entry is about one thing, in the order of time.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), WorldError> {
        self.begins()?;
        self.check_images()?;
        self.check_workloads()?;
        self.check_pools()?;
        self.check_entries("story", &self.story)?;
        self.check_drill()
    }

    /// Every entry of a list is about one thing, and they are in the order of time.
    pub(super) fn check_entries(&self, list: &str, entries: &[Entry]) -> Result<(), WorldError> {
        if entries.len() > ENTRIES {
            return Err(wrong(list, format!("has more than {ENTRIES} entries; tell less")));
        }
        let mut before = super::Length::default();
        for (index, entry) in entries.iter().enumerate() {
            let place = format!("{list}, entry {}", index + 1);
            if entry.at < before {
                return Err(wrong(place, "comes before the entry above it; put them in the order of `at`"));
            }
            before = entry.at;
            self.check_entry(&place, entry)?;
        }
        Ok(())
    }

    /// When its clock begins.
    ///
    /// # Errors
    /// It is not a time.
    pub fn begins(&self) -> Result<crate::model::Timestamp, WorldError> {
        let text = self.begins.as_deref().unwrap_or("2016-11-12T01:19:50Z");
        let read: Result<DateTime<Utc>, _> = text.parse();
        read.map(Into::into).map_err(|_| {
            wrong("begins", format!("{text:?} is no time; write for example 2016-11-12T01:19:50Z"))
        })
    }

    fn check_images(&self) -> Result<(), WorldError> {
        for (image, file) in &self.images {
            let place = format!("images.\"{image}\"");
            if file.from.is_none() && !file.uses.is_empty() {
                return Err(wrong(place, "has `uses` and no `from`; what is built here has a base"));
            }
            for base in file.bases() {
                self.image(&format!("{place}.from or .uses"), base)?;
            }
            self.gate(&place, file.gate.as_ref(), GateBefore::Publish)?;
            let mut seen = BTreeSet::from([image]);
            let mut next: Vec<&ImageRef> = file.bases().collect();
            while let Some(base) = next.pop() {
                if base == image {
                    return Err(wrong(place, "is built from itself"));
                }
                if seen.insert(base) {
                    next.extend(self.images.get(base).into_iter().flat_map(super::ImageFile::bases));
                }
            }
        }
        Ok(())
    }

    fn check_workloads(&self) -> Result<(), WorldError> {
        for (id, file) in &self.workloads {
            let place = format!("workloads.\"{id}\"");
            let fleet = self.fleets.get(&id.fleet);
            if fleet.is_none_or(|fleet| fleet.nodes.is_empty()) {
                let what = format!("needs a section [fleets.{}] with at least one node", id.fleet);
                return Err(wrong(place, what));
            }
            self.image(&format!("{place}.image"), &file.image)?;
            self.gate(&place, file.gate.as_ref(), GateBefore::Deploy)?;
        }
        Ok(())
    }

    fn check_pools(&self) -> Result<(), WorldError> {
        let mut known = BTreeSet::new();
        for (name, pool) in &self.pools {
            let place = format!("pools.{name}");
            let Some(fleet) = self.fleets.get(&pool.fleet) else {
                return Err(wrong(place, format!("there is no fleet {}; add [fleets.{0}]", pool.fleet)));
            };
            for node in pool.nodes.iter().chain(pool.zones.keys()) {
                if !fleet.nodes.contains(node) {
                    return Err(wrong(
                        place,
                        format!("fleet {} has no node {node}; add it there", pool.fleet),
                    ));
                }
            }
            for node in &pool.nodes {
                if !known.insert((&pool.fleet, node)) {
                    return Err(wrong(place, format!("node {node} is in two pools, or twice in one")));
                }
            }
        }
        Ok(())
    }

    pub(super) fn pool(&self, place: &str, pool: &PoolName) -> Result<(), WorldError> {
        if self.pools.contains_key(pool) {
            return Ok(());
        }
        Err(wrong(place, format!("there is no pool {pool}; add a section [pools.{pool}]")))
    }

    /// A node that is there from the beginning, or may be made later.
    fn node(&self, node: &NodeRef) -> bool {
        let there = self.fleets.get(&node.fleet).is_some_and(|fleet| fleet.nodes.contains(&node.name));
        there || self.pools.values().any(|pool| pool.fleet == node.fleet)
    }

    fn image(&self, place: &str, image: &ImageRef) -> Result<(), WorldError> {
        if self.images.contains_key(image) {
            return Ok(());
        }
        Err(wrong(place, format!("there is no image {image}; add a section [images.\"{image}\"]")))
    }

    pub(super) fn workload(&self, place: &str, workload: &WorkloadId) -> Result<(), WorldError> {
        if self.workloads.contains_key(workload) {
            return Ok(());
        }
        Err(wrong(
            place,
            format!("there is no workload {workload}; add a section [workloads.\"{workload}\"]"),
        ))
    }

    fn gate(&self, place: &str, gate: Option<&GateName>, before: GateBefore) -> Result<(), WorldError> {
        let Some(gate) = gate else { return Ok(()) };
        match self.gates.get(gate) {
            Some(file) if file.before == before => Ok(()),
            Some(_) => {
                Err(wrong(format!("{place}.gate"), format!("gate {gate} stands before something else")))
            }
            None => {
                Err(wrong(format!("{place}.gate"), format!("there is no gate {gate}; add [gates.{gate}]")))
            }
        }
    }

    fn check_entry(&self, place: &str, entry: &Entry) -> Result<(), WorldError> {
        match entry.happens() {
            None => Err(wrong(place, "is about two things; make two entries of it")),
            Some(Happens::Nothing) if entry.says.is_none() => Err(wrong(
                place,
                "says nothing and does nothing; give it `says`, `world`, `person` or `machine`",
            )),
            Some(Happens::World(happening)) => self.check_happening(place, happening),
            Some(Happens::Person(person)) => match &person.on {
                Some(on) => self.check_about(place, on),
                None => Ok(()),
            },
            Some(Happens::Nothing | Happens::Machine(_)) => Ok(()),
        }
    }

    fn check_happening(&self, place: &str, happening: &Happening) -> Result<(), WorldError> {
        match happening {
            Happening::Moves { image, flaws } | Happening::Edits { image, flaws } => {
                self.image(place, image)?;
                flaws.iter().try_for_each(|Flaw { hits, .. }| self.check_named(place, hits))
            }
            Happening::MovesBack { image } | Happening::Vanishes { image } => self.image(place, image),
            Happening::Hand { workload, .. } | Happening::Ends { workload, .. } => {
                self.workload(place, workload)
            }
            Happening::Fleet { name, .. } if !self.fleets.contains_key(name) => {
                Err(wrong(place, format!("there is no fleet {name}")))
            }
            Happening::Channel { name, .. } if !self.channels.contains_key(name) => {
                Err(wrong(place, format!("there is no channel {name}; add [channels.{name}]")))
            }
            Happening::Registry { name, .. } | Happening::Webhooks { name, .. }
                if !self.all_registries().contains_key(name) =>
            {
                Err(wrong(place, format!("no image is in a registry {name}")))
            }
            Happening::Release { pool, flaws, .. } => {
                self.pool(place, pool)?;
                flaws.iter().try_for_each(|Flaw { hits, .. }| self.check_named(place, hits))
            }
            Happening::Machines { pool, .. } | Happening::Orphan { pool, .. } => self.pool(place, pool),
            Happening::Drains { fleet, .. } if !self.fleets.contains_key(fleet) => {
                Err(wrong(place, format!("there is no fleet {fleet}")))
            }
            Happening::Node { name, .. } if !self.node(name) => {
                Err(wrong(place, format!("there is no node {name}, and none can be made")))
            }
            Happening::Fleet { .. }
            | Happening::Drains { .. }
            | Happening::Node { .. }
            | Happening::Channel { .. }
            | Happening::Registry { .. }
            | Happening::Webhooks { .. }
            | Happening::Builder(_)
            | Happening::Tester(_)
            | Happening::Heals => Ok(()),
        }
    }

    /// The name of anything that a person can be about.
    fn check_about(&self, place: &str, name: &str) -> Result<(), WorldError> {
        let pool = name.parse().is_ok_and(|pool: PoolName| self.pools.contains_key(&pool));
        let node = name.parse().is_ok_and(|node: NodeRef| self.node(&node));
        if pool || node { Ok(()) } else { self.check_named(place, name) }
    }

    /// The name of an image or of a workload.
    pub(super) fn check_named(&self, place: &str, name: &str) -> Result<(), WorldError> {
        let image = name.parse().is_ok_and(|image: ImageRef| self.images.contains_key(&image));
        let workload = name.parse().is_ok_and(|id: WorkloadId| self.workloads.contains_key(&id));
        if image || workload {
            return Ok(());
        }
        Err(wrong(place, format!("{name:?} is neither an image nor a workload of this world")))
    }
}
