//! All of a simulated world, behind one lock; what happens to it, and its ports.

use super::clock::SimClock;
use super::content::Contents;
use super::deeds::{Deed, Doing, Hand};
use super::dice::Dice;
use super::file::{Engine, Happening, Listening, WorldError, WorldFile};
use super::fleet::{Around, FleetPart, Port};
use super::notices::Heard;
use super::registry::Registries;
use crate::model::nodes::{Machine, NodeLook};
use crate::model::{ChannelName, Digest, FleetName, ImageRef, PoolName, Setup, Timestamp, WorkloadId};
use crate::ports::{Clock, Fleet, Nodes, World};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A simulated world. Clones are the same world; it outlives every daemon that works on it.
#[derive(Clone)]
pub struct Sim {
    pub(super) fixed: Arc<Fixed>,
    pub(super) parts: Arc<Mutex<Parts>>,
}

/// What never changes.
pub(super) struct Fixed {
    pub file: WorldFile,
    pub setup: Setup,
    pub clock: Arc<SimClock>,
    pub dice: Dice,
}

/// What changes.
pub(super) struct Parts {
    pub contents: Contents,
    pub registries: Registries,
    pub fleets: BTreeMap<FleetName, FleetPart>,
    pub builder: Engine,
    pub tester: Engine,
    /// How owners' channels are; those that are absent are well.
    pub channels: BTreeMap<ChannelName, Listening>,
    /// What came out of them.
    pub heard: Vec<Heard>,
    /// How often each recipe was edited, and what is wrong with it since.
    pub edits: BTreeMap<ImageRef, Edited>,
    pub deeds: Vec<Deed>,
}

/// A recipe that was edited.
#[derive(Debug, Clone, Default)]
pub(super) struct Edited {
    pub times: u32,
    pub flaws: Vec<super::file::Flaw>,
}

impl Parts {
    /// What happens by itself in all fleets up to `now`, in the order of time, so that deeds stay in it.
    fn advance(&mut self, fixed: &Fixed, now: Timestamp) {
        let Self { contents, fleets, deeds, .. } = self;
        let mut around = Around { file: &fixed.file, dice: fixed.dice, contents, deeds };
        let next = |fleets: &BTreeMap<FleetName, FleetPart>| {
            fleets.values().filter_map(FleetPart::next_moment).min().filter(|at| *at <= now)
        };
        while let Some(at) = next(fleets) {
            fleets.values_mut().for_each(|fleet| fleet.moment(at, &mut around));
        }
    }

    /// Notes what was done.
    pub fn done(&mut self, at: Timestamp, by: Hand, doing: Doing) {
        self.deeds.push(Deed { at, by, doing });
    }
}

impl Sim {
    /// The world of a file at its beginning: every image published and well, every workload running it by digest.
    ///
    /// # Errors
    /// What [`WorldFile::check`] says.
    pub fn new(file: WorldFile, seed: u64, clock: Arc<SimClock>) -> Result<Self, WorldError> {
        file.check()?;
        let mut contents = Contents::default();
        let registries = Registries::new(&file, &mut contents);
        let begins = clock.world();
        let fleet = |name: &FleetName| {
            (name.clone(), FleetPart::new(name, &file, begins, |image| registries.tag(image)))
        };
        let fleets = file.fleets.keys().map(fleet).collect();
        let parts = Parts {
            contents,
            registries,
            fleets,
            builder: Engine::default(),
            tester: Engine::default(),
            channels: BTreeMap::new(),
            heard: Vec::new(),
            edits: BTreeMap::new(),
            deeds: Vec::new(),
        };
        let fixed = Fixed { setup: file.setup(), file, clock, dice: Dice::new(seed) };
        Ok(Self { fixed: Arc::new(fixed), parts: Arc::new(Mutex::new(parts)) })
    }

    /// The ports, for one daemon.
    pub fn world(&self) -> World {
        World {
            registries: Box::new(self.clone()),
            builder: Box::new(self.clone()),
            tester: Box::new(self.clone()),
            fleets: self
                .fixed
                .file
                .fleets
                .keys()
                .map(|name| {
                    let port: Box<dyn Fleet> = Box::new(Port { sim: self.clone(), name: name.clone() });
                    (name.clone(), port)
                })
                .collect(),
            nodes: self
                .fixed
                .file
                .fleets
                .keys()
                .map(|name| {
                    let port: Box<dyn Nodes> = Box::new(Port { sim: self.clone(), name: name.clone() });
                    (name.clone(), port)
                })
                .collect(),
            provisioner: Box::new(self.clone()),
            prober: Box::new(self.clone()),
            recipes: Box::new(self.clone()),
            notifier: Box::new(self.clone()),
            clock: self.fixed.clock.clone(),
        }
    }

    /// The configuration that a daemon of this world is started with.
    pub fn setup(&self) -> &Setup {
        &self.fixed.setup
    }

    /// The file that it was made from.
    pub fn file(&self) -> &WorldFile {
        &self.fixed.file
    }

    /// Its clock.
    pub fn clock(&self) -> &Arc<SimClock> {
        &self.fixed.clock
    }

    /// The world's own time.
    pub fn now(&self) -> Timestamp {
        self.fixed.clock.world()
    }

    /// Lets something happen, now.
    pub fn apply(&self, happening: &Happening) {
        let now = self.now();
        let mut parts = self.parts();
        super::happen::happen(&self.fixed, &mut parts, now, happening);
    }

    /// The notifications that have come by now, each once: the image, and the digest that it names.
    pub fn notifications(&self) -> Vec<(ImageRef, Option<Digest>)> {
        let now = self.now();
        self.parts().registries.due_notifications(now)
    }

    /// Waits until one is on its way.
    pub async fn notification(&self) {
        let sent = self.parts().registries.sent();
        while self.next_notification().is_none() {
            sent.notified().await;
        }
    }

    /// When the next notification comes, if one is on its way.
    pub fn next_notification(&self) -> Option<Timestamp> {
        self.parts().registries.next_notification()
    }

    /// What was done from place `from` on, oldest first.
    pub fn deeds(&self, from: usize) -> Vec<Deed> {
        let parts = self.parts();
        parts.deeds.get(from..).unwrap_or(&[]).to_vec()
    }

    /// Where a tag points.
    pub fn tag(&self, image: &ImageRef) -> Option<Digest> {
        self.parts().registries.tag(image)
    }

    /// All nodes of a fleet as its orchestrator has them now.
    pub fn nodes(&self, fleet: &FleetName) -> Vec<NodeLook> {
        self.parts().fleets.get(fleet).map(FleetPart::node_looks).unwrap_or_default()
    }

    /// All machines of a pool, also those that never joined.
    pub fn machines(&self, pool: &PoolName) -> Vec<Machine> {
        let parts = self.parts();
        let of = self.fixed.file.pools.get(pool).and_then(|file| parts.fleets.get(&file.fleet));
        of.map(|fleet| fleet.list_machines(pool)).unwrap_or_default()
    }

    /// A digest of all that an effect can change: tags, specs, nodes and machines, with no times and versions.
    pub fn fingerprint(&self) -> Digest {
        let parts = self.parts();
        let fleets = parts.fleets.values().map(FleetPart::fingerprint);
        let text: String = std::iter::once(parts.registries.fingerprint()).chain(fleets).collect();
        Digest::of(text.as_bytes())
    }

    /// Whether nothing is under way in any fleet.
    pub fn still(&self) -> bool {
        self.parts().fleets.values().all(FleetPart::still)
    }

    /// The digest that a workload's spec names.
    pub fn runs(&self, workload: &WorkloadId) -> Option<Digest> {
        self.parts().fleets.get(&workload.fleet).and_then(|fleet| fleet.runs(workload))
    }

    /// All parts, up to now.
    pub(super) fn parts(&self) -> MutexGuard<'_, Parts> {
        // Nothing in here panics half-way; a panic elsewhere is that test's failure already.
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.advance(&self.fixed, self.now());
        parts
    }

    /// Changes a fleet, with the rest of the world around it.
    pub(super) fn in_fleet<T>(
        &self,
        name: &FleetName,
        does: impl FnOnce(&mut FleetPart, &mut Around<'_>) -> T,
    ) -> T {
        let mut parts = self.parts();
        let Parts { contents, fleets, deeds, .. } = &mut *parts;
        let fleet = fleets.get_mut(name).expect("a port is made for each fleet of the world");
        does(fleet, &mut Around { file: &self.fixed.file, dice: self.fixed.dice, contents, deeds })
    }

    pub(super) async fn pause(&self, span: crate::model::Span) {
        self.fixed.clock.sleep(span).await;
    }
}
