//! The configuration and the Dockerfiles of a world, as the daemon gets them.

use super::things::{ChannelFile, Checks, ImageFile, TestFile, WorkloadFile};
use super::{RegistryFile, WorldFile};
use crate::model::jobs::{Base, BaseName, Ingredients, Place, Role};
use crate::model::notices::{Channel, VendorSees};
use crate::model::setup::{
    FleetKind, FleetSetup, Gate, ProbeSpec, Recipe, RegistrySetup, Retention, TestKind, TestSpec, Upstream,
    Workload,
};
use crate::model::{Digest, ImageRef, Registry, Setup, Span};
use std::collections::{BTreeMap, BTreeSet};

impl WorldFile {
    /// The daemon's configuration of this world.
    pub fn setup(&self) -> Setup {
        Setup {
            pools: self.pools_of_setup(),
            channels: self.channels.iter().map(|(name, file)| (name.clone(), channel(file))).collect(),
            registries: self
                .all_registries()
                .into_iter()
                .map(|(name, file)| (name, registry(&file)))
                .collect(),
            upstreams: self.upstreams(),
            recipes: self.built().map(|(image, file)| (image.clone(), recipe(image, file))).collect(),
            fleets: self
                .fleets
                .keys()
                .map(|name| {
                    let host = format!("sim://{name}");
                    (name.clone(), FleetSetup { kind: FleetKind::Swarm, host })
                })
                .collect(),
            workloads: self.workloads.iter().map(|(id, file)| (id.clone(), workload(file))).collect(),
            gates: self
                .gates
                .iter()
                .map(|(name, file)| {
                    let gate = Gate {
                        before: file.before,
                        approvals: file.approvals,
                        approvers: file.approvers.clone(),
                        expires: file.expires.map(|length| length.0),
                    };
                    (name.clone(), gate)
                })
                .collect(),
            retention: Retention::default(),
            newer: self.newer,
            build_edges: true,
        }
    }

    /// Every registry that an image is in.
    pub fn all_registries(&self) -> BTreeMap<Registry, RegistryFile> {
        let named = self.images.keys().map(|image| (image.registry.clone(), RegistryFile::default()));
        named.chain(self.registries.iter().map(|(name, file)| (name.clone(), file.clone()))).collect()
    }

    /// The images that are built here.
    pub fn built(&self) -> impl Iterator<Item = (&ImageRef, &ImageFile)> {
        self.images.iter().filter(|(_, file)| file.from.is_some())
    }

    fn upstreams(&self) -> BTreeMap<ImageRef, Upstream> {
        let others = self.images.iter().filter(|(_, file)| file.from.is_none());
        others
            .map(|(image, file)| (image.clone(), Upstream { owner: file.owner.clone(), poll: None }))
            .collect()
    }
}

impl ImageFile {
    /// The images that its build takes something from, the runtime base first.
    pub fn bases(&self) -> impl Iterator<Item = &ImageRef> {
        self.from.iter().chain(&self.uses)
    }

    /// What reading its Dockerfile finds, after so many edits.
    pub fn ingredients(&self, image: &ImageRef, edits: u32) -> Ingredients {
        let mut at = 0;
        let mut line = 0;
        let bases = self.bases().enumerate().map(|(index, base)| {
            line += 1;
            let start = at + "FROM ".len();
            let end = start + base.to_string().len();
            at = end + 1;
            Base {
                from: BaseName::Tag(base.clone()),
                role: if index == 0 { Role::Runtime } else { Role::Build },
                places: vec![Place { start, end, line }],
            }
        });
        Ingredients {
            bases: bases.collect(),
            dockerfile: Digest::of(format!("Dockerfile of {image}, edit {edits}").as_bytes()),
            recipe: Digest::of(format!("recipe of {image}, edit {edits}").as_bytes()),
            unknown: Vec::new(),
            buildkit: None,
        }
    }
}

fn channel(file: &ChannelFile) -> Channel {
    let vendor_sees = if file.evidence { VendorSees::Evidence } else { VendorSees::Summary };
    Channel { owner: file.owner.clone(), kind: file.kind, vendor_sees }
}

fn registry(file: &RegistryFile) -> RegistrySetup {
    RegistrySetup { insecure: false, poll: file.poll.0, aliases: BTreeSet::new() }
}

fn recipe(image: &ImageRef, file: &ImageFile) -> Recipe {
    let smoke = TestFile {
        name: "smoke".to_owned(),
        takes: super::Length::secs(5),
        cases: 0,
        timeout: super::Length::secs(300),
        log: Vec::new(),
        failing: Vec::new(),
    };
    let tests = if file.tests.is_empty() { vec![smoke] } else { file.tests.clone() };
    Recipe {
        context: format!("/sim/{}", image.short()),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: tests.iter().map(test).collect(),
        owner: file.owner.clone(),
        gate: file.gate.clone(),
        build_timeout: file.build_timeout.0,
    }
}

fn test(file: &TestFile) -> TestSpec {
    TestSpec {
        name: file.name.clone(),
        kind: TestKind::Command,
        run: vec!["/test".to_owned()],
        env: BTreeMap::new(),
        timeout: file.timeout.0,
        memory: None,
        network: false,
        junit: (file.cases > 0).then(|| "/junit.xml".to_owned()),
    }
}

fn workload(file: &WorkloadFile) -> Workload {
    let probe = ProbeSpec {
        // The address of a simulated task is the task's own.
        url: "http://{node}/health".to_owned(),
        status: 200,
        body: None,
        every: Span::from_secs(1),
        timeout: Span::from_secs(2),
        budget: 2,
    };
    let probes = match file.checks {
        Checks::Both | Checks::Probe => vec![probe],
        Checks::Engine | Checks::None => Vec::new(),
    };
    Workload {
        image: file.image.clone(),
        order: file.order,
        soak: file.soak.0,
        deadline: file.deadline.0,
        probes,
        on_failure: file.on_failure,
        accept_running: file.accept_running,
        gate: file.gate.clone(),
        owner: file.owner.clone(),
    }
}
