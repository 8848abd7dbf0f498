//! What goes wrong in the real world, by the names that people give it afterwards.

use fastrand::Rng;
use tidegate::model::{ChannelName, FleetName, ImageRef, NodeRef, Registry, WorkloadId};
use tidegate::sim::WorldFile;
use tidegate::sim::file::{
    Answering, Engine, Entry, Flaw, Fleet, HandDoes, Happening, How, Length, Listening, Machine, Person,
    PersonDoes,
};

/// What there is for something to happen to.
pub struct Stage {
    upstreams: Vec<ImageRef>,
    built: Vec<ImageRef>,
    pub workloads: Vec<WorkloadId>,
    /// The nodes of the pool; there are some.
    pub nodes: Vec<NodeRef>,
    fleets: Vec<FleetName>,
    registries: Vec<Registry>,
    channels: Vec<ChannelName>,
}

impl Stage {
    pub fn of(file: &WorldFile) -> Self {
        let (built, upstreams) =
            file.images.keys().cloned().partition(|image| file.images[image].from.is_some());
        let nodes = file.pools.values().flat_map(|pool| {
            pool.nodes.iter().map(|name| NodeRef { fleet: pool.fleet.clone(), name: name.clone() })
        });
        Self {
            nodes: nodes.collect(),
            upstreams,
            built,
            workloads: file.workloads.keys().cloned().collect(),
            fleets: file.fleets.keys().cloned().collect(),
            registries: file.all_registries().into_keys().collect(),
            channels: file.channels.keys().cloned().collect(),
        }
    }
}

pub fn any<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(..of.len())].clone()
}

macro_rules! incidents {
    ($($(#[doc = $doc:literal])+ $name:ident $word:literal $weight:literal),+ $(,)?) => {
        /// One kind of incident.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Incident {
            $($(#[doc = $doc])+ $name),+
        }

        impl Incident {
            /// All of them, with how often each comes.
            pub const ALL: &[(Self, u32)] = &[$((Self::$name, $weight)),+];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word),+
                }
            }
        }
    };
}

incidents! {
    /// A base image is patched under its tag, and all is well.
    GoodPatch "good patch" 8,
    /// A base image is patched, and something that is built on it, or runs it, does not bear it.
    BadPatch "bad patch" 12,
    /// A base is patched twice within a minute.
    PatchedTwice "patched twice" 3,
    /// A patch is withdrawn: the tag moves back.
    PatchWithdrawn "patch withdrawn" 3,
    /// A tag is deleted by mistake, and pushed again later.
    TagDeleted "tag deleted" 2,
    /// Somebody pushes an image of ours by hand.
    PushedByHand "pushed by hand" 2,
    /// A Dockerfile is edited.
    RecipeEdited "recipe edited" 3,
    /// A registry counts requests and refuses more.
    RateLimited "rate limited" 2,
    /// A registry is away for some minutes, maybe in the middle of a publish.
    RegistryOutage "registry outage" 3,
    /// A registry's certificate or token service breaks: everything is refused.
    RegistryRefuses "registry refuses" 1,
    /// The engine that builds is away, crashes, hangs or has a full disk.
    BuilderTrouble "builder trouble" 3,
    /// The engine that tests is.
    TesterTrouble "tester trouble" 3,
    /// An orchestrator does not answer, answers late, or its answers are lost.
    FleetTrouble "fleet trouble" 4,
    /// A receiver of notices is away, slow or full, or its answers are lost.
    ChannelTrouble "channel trouble" 4,
    /// Somebody deploys a hotfix by hand.
    Hotfix "hotfix by hand" 3,
    /// An autoscaler, or a person, changes the number of tasks, or the environment.
    ScaledByOthers "changed by others" 3,
    /// A service is removed, and made again.
    ServiceRemoved "service removed" 1,
    /// A task ends by itself: out of memory, a node's hiccup.
    TaskEnds "task ends" 3,
    /// A person approves, maybe what was on the screen a while ago.
    Approval "approval" 6,
    /// A person refuses.
    Refusal "refusal" 2,
    /// Two people decide at once.
    TwoDecide "two decide" 2,
    /// A person pauses a run and resumes it.
    Paused "paused" 2,
    /// A person ends a run.
    Aborted "aborted" 2,
    /// A person starts a run, or tries a step again.
    Restarted "started again" 4,
    /// A person puts a workload back, or takes it out of quarantine.
    PutBack "put back" 3,
    /// Everything is frozen, and thawed later.
    Frozen "frozen" 2,
    /// Somebody takes and closes an incident.
    WorkedOn "incident worked on" 1,
    /// A node release is announced and rolled out; every other one is bad.
    NodeRelease "node release" 6,
    /// The commands that make and remove machines fail, hang, or answer what cannot be read.
    MachinesTrouble "machines trouble" 5,
    /// What is asked to stop on a node does not, or nobody says so.
    DrainTrouble "drain trouble" 3,
    /// A node goes down, or somebody cordons it.
    NodeTrouble "node trouble" 4,
    /// A person pauses a rollout and resumes it.
    RolloutPaused "rollout paused" 3,
    /// A person aborts a rollout, or rolls it forward or back.
    RolloutEnded "rollout ended" 4,
    /// A person tries a node again, leaves it out, or takes it back.
    NodeSteered "node steered" 6,
    /// The daemon is killed, between two writes.
    Killed "daemon killed" 5,
    /// The daemon is killed in the very moment of a write.
    KilledAtWrite "daemon killed at a write" 6,
    /// The daemon is killed several times within seconds.
    KilledAgain "daemon killed again and again" 2,
    /// The daemon is upgraded.
    Restart "daemon restarted" 2,
    /// The configuration is read again.
    Reload "configuration reloaded" 2,
    /// The daemon's disk is full for a while.
    DiskFull "disk full" 3,
    /// The clock is set: a time server was wrong, or a machine slept.
    ClockSet "clock set" 2,
    /// The network repeats an old answer.
    ResultAgain "result again" 5,
    /// A console is slow, or cut off.
    ConsoleTrouble "console trouble" 3,
}

pub fn world(happening: Happening) -> Entry {
    Entry { at: Length::default(), says: None, world: Some(happening), person: None, machine: None }
}

fn machine(machine: Machine) -> Entry {
    Entry { at: Length::default(), says: None, world: None, person: None, machine: Some(machine) }
}

pub fn person(rng: &mut Rng, does: PersonDoes, on: Option<String>) -> Entry {
    let name = any(rng, &["ana", "ben", "cleo"]).to_owned();
    let person =
        Person { name, does, on, release: None, nodes: None, because: None, stale: rng.u8(..4) == 0 };
    Entry { at: Length::default(), says: None, world: None, person: Some(person), machine: None }
}

impl Incident {
    /// One of them.
    pub fn any(rng: &mut Rng) -> Self {
        let total: u32 = Self::ALL.iter().map(|(_, weight)| weight).sum();
        let mut at = rng.u32(..total);
        for (incident, weight) in Self::ALL {
            if at < *weight {
                return *incident;
            }
            at -= weight;
        }
        Self::GoodPatch
    }

    /// What it is made of, each with when in seconds.
    pub fn happens(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        match self {
            Self::GoodPatch
            | Self::BadPatch
            | Self::PatchedTwice
            | Self::PatchWithdrawn
            | Self::TagDeleted
            | Self::PushedByHand
            | Self::RecipeEdited => self.upstream(rng, on, at),
            Self::RateLimited
            | Self::RegistryOutage
            | Self::RegistryRefuses
            | Self::BuilderTrouble
            | Self::TesterTrouble
            | Self::FleetTrouble
            | Self::ChannelTrouble => self.outage(rng, on, at),
            Self::Hotfix | Self::ScaledByOthers | Self::ServiceRemoved | Self::TaskEnds => {
                self.beside(rng, on, at)
            }
            Self::Approval
            | Self::Refusal
            | Self::TwoDecide
            | Self::Paused
            | Self::Aborted
            | Self::Restarted
            | Self::PutBack
            | Self::Frozen
            | Self::WorkedOn => self.people(rng, on, at),
            Self::NodeRelease
            | Self::MachinesTrouble
            | Self::DrainTrouble
            | Self::NodeTrouble
            | Self::RolloutPaused
            | Self::RolloutEnded
            | Self::NodeSteered => self.nodes(rng, on, at),
            Self::Killed
            | Self::KilledAtWrite
            | Self::KilledAgain
            | Self::Restart
            | Self::Reload
            | Self::DiskFull
            | Self::ClockSet
            | Self::ResultAgain
            | Self::ConsoleTrouble => self.ours(rng, at),
        }
    }

    fn upstream(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        let image = any(rng, &on.upstreams);
        let ours = any(rng, &on.built);
        let moves = |image: &ImageRef, flaws| world(Happening::Moves { image: image.clone(), flaws });
        match self {
            Self::BadPatch => vec![(at, moves(&image, flaws(rng, on)))],
            Self::PatchedTwice => {
                let first = flaws(rng, on);
                vec![(at, moves(&image, first)), (at + rng.u64(1..60), moves(&image, Vec::new()))]
            }
            Self::PatchWithdrawn => {
                let flaws = flaws(rng, on);
                let back = world(Happening::MovesBack { image: image.clone() });
                vec![(at, moves(&image, flaws)), (at + rng.u64(5..200), back)]
            }
            Self::TagDeleted => {
                let image = if rng.bool() { image } else { ours };
                let gone = world(Happening::Vanishes { image: image.clone() });
                vec![(at, gone), (at + rng.u64(5..200), moves(&image, Vec::new()))]
            }
            Self::PushedByHand => vec![(at, moves(&ours, Vec::new()))],
            Self::RecipeEdited => {
                let flaws = if rng.bool() { flaws(rng, on) } else { Vec::new() };
                vec![(at, world(Happening::Edits { image: ours, flaws }))]
            }
            _ => vec![(at, moves(&image, Vec::new()))],
        }
    }

    fn outage(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        let registry = any(rng, &on.registries);
        let answers = |how| world(Happening::Registry { name: registry.clone(), how });
        let fleet = any(rng, &on.fleets);
        let over = at + rng.u64(5..240);
        let trouble = any(rng, &[Engine::Away, Engine::Crashes, Engine::DiskFull, Engine::Hangs]);
        match self {
            Self::RateLimited => {
                let after = (rng.bool()).then(|| Length::secs(rng.u64(1..90)));
                vec![(at, answers(Answering::TooMany(after))), (over, answers(Answering::Well))]
            }
            Self::RegistryRefuses => {
                vec![(at, answers(Answering::Unauthorized)), (over, answers(Answering::Well))]
            }
            Self::BuilderTrouble => {
                vec![
                    (at, world(Happening::Builder(trouble))),
                    (over, world(Happening::Builder(Engine::Well))),
                ]
            }
            Self::TesterTrouble => {
                vec![(at, world(Happening::Tester(trouble))), (over, world(Happening::Tester(Engine::Well)))]
            }
            Self::FleetTrouble => {
                let slow = Fleet::Slow(Length::secs(rng.u64(1..14)));
                let how = any(rng, &[Fleet::Away, slow, Fleet::LosesAnswers, Fleet::Refuses]);
                let is = |how| world(Happening::Fleet { name: fleet.clone(), how });
                vec![(at, is(how)), (over, is(Fleet::Well))]
            }
            Self::ChannelTrouble => {
                let name = any(rng, &on.channels);
                let slow = Listening::Slow(Length::secs(rng.u64(1..30)));
                let (lost, silent) = (Listening::LosesAnswers, Listening::Silent);
                let how = any(rng, &[Listening::Away, Listening::Refuses, silent, slow, lost]);
                let is = |how| world(Happening::Channel { name: name.clone(), how });
                vec![(at, is(how)), (over + rng.u64(0..900), is(Listening::Well))]
            }
            _ => {
                let slow = Answering::Slow(Length::secs(rng.u64(1..40)));
                let how = any(rng, &[Answering::Away, Answering::Silent, Answering::Broken, slow]);
                vec![(at, answers(how)), (over, answers(Answering::Well))]
            }
        }
    }

    fn beside(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        let workload = any(rng, &on.workloads);
        let hand = |does| world(Happening::Hand { workload: workload.clone(), does });
        match self {
            Self::Hotfix => vec![(at, hand(HandDoes::SetsImage(any(rng, &on.built).to_string())))],
            Self::ScaledByOthers => {
                let environment = HandDoes::SetsEnvironment(format!("LEVEL={at}"));
                let scales = HandDoes::Scales(rng.u32(1..5));
                let does = any(rng, &[scales, environment, HandDoes::Restarts]);
                vec![(at, hand(does))]
            }
            Self::ServiceRemoved => {
                vec![(at, hand(HandDoes::Removes)), (at + rng.u64(5..120), hand(HandDoes::Remakes))]
            }
            _ => vec![(
                at,
                world(Happening::Ends { workload: workload.clone(), exit: any(rng, &[0, 1, 137]) }),
            )],
        }
    }

    fn people(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        let later = at + rng.u64(2..200);
        let image = any(rng, &on.built).to_string();
        let workload = any(rng, &on.workloads).to_string();
        match self {
            Self::Refusal => vec![(at, person(rng, PersonDoes::Reject, None))],
            Self::TwoDecide => {
                let second = any(rng, &[PersonDoes::Approve, PersonDoes::Reject]);
                vec![(at, person(rng, PersonDoes::Approve, None)), (at, person(rng, second, None))]
            }
            Self::Paused => {
                vec![
                    (at, person(rng, PersonDoes::Pause, None)),
                    (later, person(rng, PersonDoes::Resume, None)),
                ]
            }
            Self::Aborted => vec![(at, person(rng, PersonDoes::Abort, None))],
            Self::Restarted => {
                let (does, on) = any(rng, &[(PersonDoes::Start, Some(image)), (PersonDoes::Retry, None)]);
                vec![(at, person(rng, does, on))]
            }
            Self::PutBack => {
                let does = any(rng, &[PersonDoes::Rollback, PersonDoes::Rollback, PersonDoes::Unquarantine]);
                let on = rng.bool().then_some(workload);
                vec![(at, person(rng, does, on))]
            }
            Self::Frozen => {
                vec![
                    (at, person(rng, PersonDoes::Freeze, None)),
                    (later, person(rng, PersonDoes::Thaw, None)),
                ]
            }
            Self::WorkedOn => {
                vec![
                    (at, person(rng, PersonDoes::Claim, None)),
                    (later, person(rng, PersonDoes::Close, None)),
                ]
            }
            _ => vec![
                (at, person(rng, PersonDoes::Approve, None)),
                (later, person(rng, PersonDoes::Approve, None)),
            ],
        }
    }

    fn ours(self, rng: &mut Rng, at: u64) -> Vec<(u64, Entry)> {
        let down = Length::secs(rng.u64(0..20));
        let one = |what| vec![(at, machine(what))];
        match self {
            Self::KilledAtWrite if rng.bool() => one(Machine::CrashBeforeWrite(down)),
            Self::KilledAtWrite => one(Machine::CrashAfterWrite(down)),
            Self::KilledAgain => {
                let quick = Length::secs(0);
                (0..rng.u64(2..5)).map(|n| (at + n, machine(Machine::Crash(quick)))).collect()
            }
            Self::Restart => one(Machine::Restart(down)),
            Self::Reload => one(Machine::Reload(rng.u32(0..5))),
            Self::DiskFull => one(Machine::DiskFull(Length::secs(rng.u64(1..90)))),
            Self::ClockSet if rng.bool() => one(Machine::ClockForward(Length::secs(rng.u64(1..4_000)))),
            Self::ClockSet => one(Machine::ClockBack(Length::secs(rng.u64(1..120)))),
            Self::ResultAgain => {
                (0..rng.u64(1..6)).map(|_| (at, machine(Machine::ResultAgain(rng.u32(0..12))))).collect()
            }
            Self::ConsoleTrouble if rng.bool() => one(Machine::ConsoleSlow(Length::secs(rng.u64(1..60)))),
            Self::ConsoleTrouble => one(Machine::ConsoleCut(Length::secs(rng.u64(1..60)))),
            _ => one(Machine::Crash(down)),
        }
    }
}

/// What is wrong with a content: one or two things, in images and workloads that may or may not be built on it.
fn flaws(rng: &mut Rng, on: &Stage) -> Vec<Flaw> {
    let image =
        [How::BuildFails, How::BuildHangs, How::TestsFail, How::TestsFail, How::TestsFlake, How::TestsHang];
    let running = [
        How::NoPlace,
        How::NeverHealthy,
        How::Crashes,
        How::Crashes,
        How::ExitsZero,
        How::Sick,
        How::Sick,
        How::HealthLies,
        How::HealthHangs,
    ];
    let one = |rng: &mut Rng| {
        if rng.u8(..3) == 0 {
            Flaw { hits: any(rng, &on.built).to_string(), how: any(rng, &image), after: None }
        } else {
            let after = Some(Length::secs(rng.u64(0..50)));
            Flaw { hits: any(rng, &on.workloads).to_string(), how: any(rng, &running), after }
        }
    };
    (0..rng.usize(1..3)).map(|_| one(rng)).collect()
}
