//! Pools of nodes, node releases, and what goes wrong with them.

use crate::incidents::{Incident, Stage, any, person, world};
use fastrand::Rng;
use tidegate::model::nodes::{Strategy, WaveSize};
use tidegate::model::{NodeId, NodeRef, PoolName};
use tidegate::sim::WorldFile;
use tidegate::sim::file::{
    Comes, Drains, Entry, Flaw, Happening, How, Length, LimitsFile, Machines, NodeIs, PersonDoes, PoolFile,
};

/// The one pool of a world.
const POOL: &str = "workers";

fn pool() -> PoolName {
    POOL.parse().expect("a plain word is a name")
}

/// Gives the first fleet a pool of two to six nodes, and some workloads a reason why they cannot simply be moved.
pub fn pools(rng: &mut Rng, file: &mut WorldFile) {
    let Some((fleet, there)) = file.fleets.iter_mut().next() else { return };
    let nodes: Vec<NodeId> =
        (0..rng.usize(2..7)).map(|n| format!("p{n}").parse().expect("a plain word is a name")).collect();
    // Now and then the pool is all that there is, and what runs fits nowhere else.
    if rng.u8(..4) == 0 {
        there.nodes.clear();
    }
    there.nodes.extend(nodes.iter().cloned());
    let zoned = rng.bool();
    let zones = nodes.iter().filter(|_| zoned).map(|node| (node.clone(), any(rng, &["a", "b"]).to_owned()));
    let zones = zones.collect();
    let waves =
        [vec![WaveSize::Nodes(1)], vec![WaveSize::Nodes(1), WaveSize::Nodes(3)], vec![WaveSize::Percent(50)]];
    let seconds = |rng: &mut Rng| Length::secs(rng.u64(30..120));
    let pool_file = PoolFile {
        fleet: fleet.clone(),
        nodes: nodes.clone(),
        release: "r0".parse().expect("a plain word is a name"),
        strategy: if rng.u8(..4) == 0 { Strategy::InPlace } else { Strategy::Surge },
        waves: any(rng, &waves),
        max_unavailable: rng.u32(1..4),
        soak: Length::secs(rng.u64(5..40)),
        failure_budget: rng.u32(0..3),
        limits: LimitsFile {
            provision: seconds(rng),
            join: seconds(rng),
            shift: seconds(rng),
            update: seconds(rng),
        },
        zones,
        automatic_after: (rng.u8(..3) == 0).then(|| Length::secs(rng.u64(1..300))),
        makes_in: Length::secs(rng.u64(1..20)),
        joins_in: Length::secs(rng.u64(1..15)),
        owner: (rng.bool()).then(|| "vendor".parse().expect("a plain word is a name")),
    };
    let fleet = fleet.clone();
    file.pools.insert(pool(), pool_file);
    for (_, workload) in file.workloads.iter_mut().filter(|(id, _)| id.fleet == fleet) {
        workload.single = rng.u8(..8) == 0;
        if rng.u8(..16) == 0 {
            workload.only_on = vec![any(rng, &nodes)];
        }
    }
}

/// What every story has: a release that is announced early and rolled out.
pub fn first(rng: &mut Rng, on: &Stage) -> Vec<(u64, Entry)> {
    let at = rng.u64(1..60);
    release(rng, on, at)
}

/// In one world of three a machine of ours is there that nobody remembers; a pool that is updated in place has none. Drawn apart, too.
pub fn forgotten(rng: &mut Rng, file: &mut WorldFile) {
    let surge = file.pools.get(&pool()).is_some_and(|pool| pool.strategy == Strategy::Surge);
    if rng.u8(..3) > 0 || !surge {
        return;
    }
    let at = Length::secs(rng.u64(1..240));
    let orphan = world(Happening::Orphan { pool: pool(), joins: rng.bool() });
    let place = file.story.partition_point(|entry| entry.at.0 <= at.0);
    file.story.insert(place, Entry { at, ..orphan });
}

/// In one world of two a person makes the pool larger or smaller, once or twice. Drawn apart, too.
pub fn scaled(rng: &mut Rng, file: &mut WorldFile) {
    if rng.bool() || file.pools.is_empty() {
        return;
    }
    for _ in 0..rng.usize(1..3) {
        let mut entry = about_pool(rng, PersonDoes::Scale);
        entry.at = Length::secs(rng.u64(1..400));
        if let Some(person) = entry.person.as_mut() {
            person.nodes = Some(rng.u32(1..9));
        }
        let place = file.story.partition_point(|other| other.at.0 <= entry.at.0);
        file.story.insert(place, entry);
    }
}

fn about_pool(rng: &mut Rng, does: PersonDoes) -> Entry {
    person(rng, does, Some(POOL.to_owned()))
}

/// A release is made, announced, and mostly rolled out by a person.
fn release(rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
    let name = format!("r{}", at + 1);
    let (comes, flaws) = match rng.u8(..8) {
        0 => (Comes::Never, Vec::new()),
        1 => (Comes::Vanishes(Length::secs(rng.u64(0..60))), Vec::new()),
        2 | 3 => (Comes::Well, vec![flaw(rng, on)]),
        _ => (Comes::Well, Vec::new()),
    };
    let name = name.parse().expect("a letter and digits are a name");
    let brings = Happening::Release { pool: pool(), name, comes, flaws };
    let mut announced = about_pool(rng, PersonDoes::Release);
    if let (Some(person), Happening::Release { name, .. }) = (announced.person.as_mut(), &brings) {
        person.release = Some(name.clone());
    }
    let mut all = vec![(at, world(brings)), (at, announced)];
    for _ in 0..rng.usize(1..4) {
        all.push((at + rng.u64(1..90), about_pool(rng, PersonDoes::RollOut)));
    }
    all
}

fn flaw(rng: &mut Rng, on: &Stage) -> Flaw {
    let shown =
        [How::HealthLies, How::HealthLies, How::Sick, How::Crashes, How::NeverHealthy, How::HealthHangs];
    let after = Some(Length::secs(rng.u64(0..30)));
    Flaw { hits: any(rng, &on.workloads).to_string(), how: any(rng, &shown), after }
}

impl Incident {
    /// What happens to nodes and rollouts, each with when in seconds.
    pub(super) fn nodes(self, rng: &mut Rng, on: &Stage, at: u64) -> Vec<(u64, Entry)> {
        let over = at + rng.u64(5..200);
        match self {
            Self::NodeRelease => release(rng, on, at),
            Self::MachinesTrouble => {
                let how = any(
                    rng,
                    &[
                        Machines::Fails,
                        Machines::FailsLate,
                        Machines::Hangs,
                        Machines::Garbage,
                        Machines::AnswersTwice,
                    ],
                );
                let is = |how| world(Happening::Machines { pool: pool(), how });
                vec![(at, is(how)), (over, is(Machines::Well))]
            }
            Self::DrainTrouble => {
                let how = any(rng, &[Drains::Sticks, Drains::Sticks, Drains::Hangs]);
                let is = |how| world(Happening::Drains { fleet: on.nodes[0].fleet.clone(), how });
                vec![(at, is(how)), (over, is(Drains::Well))]
            }
            Self::NodeTrouble => {
                let name: NodeRef = any(rng, &on.nodes);
                let is = |is| world(Happening::Node { name: name.clone(), is });
                let (out, back) = any(rng, &[(NodeIs::Down, NodeIs::Up), (NodeIs::Cordoned, NodeIs::Active)]);
                vec![(at, is(out)), (over, is(back))]
            }
            _ => self.steered(rng, on, at, over),
        }
    }

    fn steered(self, rng: &mut Rng, on: &Stage, at: u64, over: u64) -> Vec<(u64, Entry)> {
        match self {
            Self::RolloutPaused => {
                vec![(at, about_pool(rng, PersonDoes::Pause)), (over, about_pool(rng, PersonDoes::Resume))]
            }
            Self::RolloutEnded => {
                let ways = [PersonDoes::Abort, PersonDoes::RollForward, PersonDoes::RollBackAll];
                let does = any(rng, &ways);
                vec![(at, about_pool(rng, does))]
            }
            _ => {
                let ways = [PersonDoes::Retry, PersonDoes::Retry, PersonDoes::Skip, PersonDoes::Rollback];
                let does = any(rng, &ways);
                let node = any(rng, &on.nodes).to_string();
                let on = if rng.u8(..3) == 0 { node } else { POOL.to_owned() };
                vec![(at, person(rng, does, Some(on)))]
            }
        }
    }
}
