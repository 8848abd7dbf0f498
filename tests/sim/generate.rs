//! A world from a seed: images, workloads, gates, and a story made of incidents.

use crate::incidents::{Incident, Stage};
use crate::seeds::number;
use fastrand::Rng;
use std::collections::BTreeMap;

use tidegate::model::notices::ChannelKind;
use tidegate::model::setup::{GateBefore, Newer, OnFailure};
use tidegate::model::{ImageRef, Span, WorkloadId};
use tidegate::sim::WorldFile;
use tidegate::sim::file::{
    ChannelFile, Checks, FleetFile, GateFile, Happening, Hooks, ImageFile, Length, TestFile, WorkloadFile,
};

/// How often each kind of incident was drawn.
pub type Drawn = BTreeMap<&'static str, u64>;

/// The longest story of a world, in minutes.
const MINUTES: u64 = 25;
/// Most are shorter: what goes wrong needs two or three incidents that meet, seldom twenty.
const SHORT_MINUTES: u64 = 5;

fn image(name: &str) -> ImageRef {
    let registry = if name.starts_with("os") { "hub.example" } else { "registry.example:5000" };
    format!("{registry}/{name}:1").parse().expect("a generated name is one")
}

/// How many times as large as in `./check` worlds may be, from the environment: for long runs. A seed is another world at another size.
pub fn size() -> u64 {
    number("TIDEGATE_SIM_SIZE", 1).clamp(1, 20)
}

/// The world of a seed.
pub fn generate(seed: u64) -> WorldFile {
    drawn(seed).0
}

/// The world of a seed, and how often each kind of incident was drawn for its story.
pub fn drawn(seed: u64) -> (WorldFile, Drawn) {
    let rng = &mut Rng::with_seed(seed ^ 0x7469_6465);
    let mut file = WorldFile {
        title: format!("seed {seed}"),
        newer: if rng.u8(..4) == 0 { Newer::Supersede } else { Newer::Finish },
        ..WorldFile::default()
    };
    gates(rng, &mut file);
    images(rng, &mut file);
    workloads(rng, &mut file);
    // Drawn apart, so that the rest of a seed's world does not depend on it.
    let nodes = &mut Rng::with_seed(seed ^ 0x6e6f_6465);
    crate::releases::pools(nodes, &mut file);
    channels(rng, &mut file);
    let drawn = story(rng, nodes, &mut file);
    crate::releases::forgotten(&mut Rng::with_seed(seed ^ 0x6f72_7068), &mut file);
    crate::releases::scaled(&mut Rng::with_seed(seed ^ 0x7363_616c), &mut file);
    (file, drawn)
}

fn gates(rng: &mut Rng, file: &mut WorldFile) {
    for (name, before) in [("release", GateBefore::Publish), ("prod", GateBefore::Deploy)] {
        let approvers =
            if rng.u8(..3) == 0 { ["ana".to_owned(), "ben".to_owned()].into() } else { Default::default() };
        let gate = GateFile {
            before,
            approvals: rng.u32(0..3),
            approvers,
            expires: (rng.u8(..3) == 0).then(|| Length::secs(rng.u64(60..600))),
        };
        file.gates.insert(name.parse().expect("a plain word is a name"), gate);
    }
}

fn images(rng: &mut Rng, file: &mut WorldFile) {
    let upstreams = rng.usize(1..4);
    let built = if rng.u8(..8) == 0 { rng.usize(8..17) } else { rng.usize(1..8) };
    let built = built * usize::try_from(size()).unwrap();
    let mut names: Vec<ImageRef> = Vec::new();
    for n in 0..upstreams {
        let name = image(&format!("os{n}"));
        file.images.insert(name.clone(), ImageFile { owner: "vendor".parse().ok(), ..ImageFile::default() });
        names.push(name);
    }
    for n in 0..built {
        let name = image(&format!("app{n}"));
        let from = names[rng.usize(..names.len())].clone();
        let mut uses = Vec::new();
        if rng.u8(..4) == 0 {
            uses.push(names[rng.usize(..names.len())].clone());
            uses.retain(|base| *base != from);
        }
        let test = |name: &str, takes| TestFile {
            name: name.to_owned(),
            takes,
            cases: 12,
            timeout: Length::secs(120),
            log: Vec::new(),
            failing: Vec::new(),
        };
        let tests = (rng.u8(..2) == 0).then(|| {
            vec![test("unit", Length::secs(rng.u64(1..20))), test("smoke", Length::secs(rng.u64(1..20)))]
        });
        let built = ImageFile {
            from: Some(from),
            build_log: Vec::new(),
            uses,
            builds_in: Length::secs(rng.u64(2..40)),
            build_timeout: Length::secs(120),
            tests: tests.unwrap_or_default(),
            owner: "team".parse().ok(),
            gate: (rng.u8(..4) == 0).then(|| "release".parse().expect("a plain word is a name")),
        };
        file.images.insert(name.clone(), built);
        names.push(name);
    }
}

fn workloads(rng: &mut Rng, file: &mut WorldFile) {
    let fleets = rng.usize(1..3);
    for n in 0..fleets {
        let nodes =
            (0..rng.usize(1..4)).map(|node| format!("n{n}{node}").parse().expect("a plain word is a name"));
        let fleet = FleetFile { nodes: nodes.collect(), rolls_back: rng.u8(..4) == 0 };
        file.fleets.insert(format!("fleet{n}").parse().expect("a plain word is a name"), fleet);
    }
    let built: Vec<ImageRef> = file.built().map(|(image, _)| image.clone()).collect();
    for n in 0..rng.usize(1..7) * usize::try_from(size()).unwrap() {
        let id: WorkloadId =
            format!("fleet{}/w{n}", rng.usize(..fleets)).parse().expect("a generated name is one");
        let checks =
            [Checks::Both, Checks::Both, Checks::Engine, Checks::Probe, Checks::None][rng.usize(..5)];
        let workload = WorkloadFile {
            image: built[rng.usize(..built.len())].clone(),
            tasks: rng.u32(1..4),
            starts_in: Length::secs(rng.u64(1..6)),
            checks,
            order: rng.u32(..3),
            soak: Length::secs(rng.u64(5..60)),
            deadline: Length::secs(rng.u64(40..120)),
            on_failure: if rng.u8(..6) == 0 { OnFailure::Stop } else { OnFailure::Rollback },
            accept_running: rng.u8(..2) == 0,
            only_on: Vec::new(),
            single: false,
            gate: (rng.u8(..4) == 0).then(|| "prod".parse().expect("a plain word is a name")),
            owner: "team".parse().ok(),
        };
        file.workloads.insert(id, workload);
    }
}

/// Those who publish and those who run have one each, sometimes two.
fn channels(rng: &mut Rng, file: &mut WorldFile) {
    let second = rng.u8(..3) == 0;
    for (name, owner) in [("vendor-hook", "vendor"), ("team-hook", "team"), ("team-pager", "team")] {
        if name == "team-pager" && !second {
            continue;
        }
        let channel = ChannelFile {
            owner: owner.parse().expect("a plain word is a name"),
            kind: if name == "team-pager" { ChannelKind::Command } else { ChannelKind::Webhook },
            evidence: rng.u8(..4) == 0,
        };
        file.channels.insert(name.parse().expect("a plain word is a name"), channel);
    }
}

fn story(rng: &mut Rng, nodes: &mut Rng, file: &mut WorldFile) -> Drawn {
    let mut entries = Vec::new();
    for name in file.all_registries().into_keys() {
        let how =
            [Hooks::Never, Hooks::AtOnce, Hooks::Doubled, Hooks::Late(Length::secs(20))][rng.usize(..4)];
        entries.push((0, crate::incidents::world(Happening::Webhooks { name, how })));
    }
    let stage = Stage::of(file);
    entries.extend(crate::releases::first(nodes, &stage));
    let longest = if rng.u8(..4) == 0 { MINUTES } else { SHORT_MINUTES };
    let until = rng.u64(2..longest) * 60 * size();
    let mut at = rng.u64(2..20);
    let mut drawn = Drawn::new();
    while at < until {
        let incident = Incident::any(rng);
        *drawn.entry(incident.name()).or_default() += 1;
        entries.extend(incident.happens(rng, &stage, at));
        at += rng.u64(1..90);
    }
    entries.sort_by_key(|(at, _)| *at);
    file.story = entries
        .into_iter()
        .map(|(at, mut entry)| {
            entry.at = Length(Span::from_secs(at));
            entry
        })
        .collect();
    drawn
}
