//! All there is. Everything else can be computed from it; it can be computed from the journal.

use super::due::Due;
use super::incident::Incident;
use super::origin::Origin;
use super::orphans::{self, Orphan};
use super::outbox::{self, Outgoing};
use super::quarantine::Quarantine;
use super::rollout::{self, Announced, BadRelease, Rollout};
use super::run::{Run, Step};
use crate::lineage::{Lineage, LineageError};
use crate::model::jobs::Ingredients;
use crate::model::nodes::NodeLook;
use crate::model::notices::NoticeId;
use crate::model::reports::Running;
use crate::model::{
    Actor, Digest, FleetName, ImageRef, IncidentId, NodeRef, PoolName, RunId, Setup, Span, StepKey,
    Timestamp, WorkloadId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The whole state of the engine.
///
/// What an older program's snapshot lacks is as it is in a new state, so that a field more makes no snapshot unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The random name of this installation.
    pub install: String,
    /// Whether tokens say whose they are: those that a daemon of an older version made did not, and are made so again in a replay.
    pub marks: bool,
    /// The stamp of the latest event.
    pub now: Timestamp,
    /// The configuration in force.
    pub setup: Setup,
    /// When it was loaded.
    pub configured: Option<Timestamp>,
    /// The Dockerfiles as they were read last, or why not.
    pub recipes: BTreeMap<ImageRef, Result<Ingredients, String>>,
    /// The graph that follows from the recipes.
    #[serde(skip)]
    pub lineage: Lineage,
    /// Where tags point, as far as we know.
    pub tags: BTreeMap<ImageRef, TagState>,
    /// What the public content of our images was made of.
    pub made: BTreeMap<ImageRef, Made>,
    /// What runs on the fleets.
    pub running: BTreeMap<WorkloadId, Running>,
    /// Fleets that another daemon holds, and who.
    pub refused_fleets: BTreeMap<FleetName, String>,
    /// Sources that do not answer.
    pub lost: BTreeMap<String, Lost>,
    /// Runs, also the latest that ended. Boxed, since whoever works on one takes it out meanwhile.
    pub runs: BTreeMap<RunId, Box<Run>>,
    /// Rollouts, also the latest that ended.
    pub rollouts: BTreeMap<RunId, Rollout>,
    /// The latest number of a run or rollout.
    pub last_run: RunId,
    /// The fleets' nodes as they were seen last, and as we changed them since.
    pub nodes: BTreeMap<NodeRef, NodeLook>,
    /// When each of them was seen first, by the orchestrator's own id of it.
    pub joined: BTreeMap<NodeRef, Timestamp>,
    /// Those of them that cannot take work now. Not stored; it follows from the nodes.
    #[serde(skip)]
    pub out: BTreeSet<NodeRef>,
    /// Machines that are left behind, and those that were removed and whose nodes may be there still, by token.
    pub orphans: BTreeMap<String, Orphan>,
    /// Tokens of the machines that were handed over to carry work, until we take their nodes out of the fleet.
    pub delivered: BTreeSet<String>,
    /// How often something was done that belongs to no run.
    pub sweeps: u32,
    /// Announced releases by pool, oldest first.
    pub releases: BTreeMap<PoolName, Vec<Announced>>,
    /// Pools that a person keeps on what they have.
    pub pins: BTreeMap<PoolName, Stop>,
    /// Releases that pools will not take again by themselves.
    pub bad_releases: Vec<BadRelease>,
    /// Changes that wait for a run to end, by image; the latest wins.
    pub queued: BTreeMap<ImageRef, Change>,
    /// Incidents, also the latest that were closed.
    pub incidents: BTreeMap<IncidentId, Incident>,
    /// The latest incident's number.
    pub last_incident: IncidentId,
    /// What is told to vendors and customers, also what was, as long as its incident is here.
    pub outbox: BTreeMap<NoticeId, Outgoing>,
    /// What workloads will not take again by themselves.
    pub quarantine: Vec<Quarantine>,
    /// Nothing new is started anywhere.
    pub freeze: Option<Stop>,
    /// How long steps took that ended well: the latest few, newest last.
    pub usual: BTreeMap<StepKey, Vec<Span>>,
    /// How often an image's tests failed and then passed on the same content.
    pub flaky: BTreeMap<ImageRef, u32>,
    /// Facts that were illegal in the state they met, newest last; at most a hundred. A defect of ours, each of them.
    pub anomalies: Vec<String>,
}

/// Where a tag points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagState {
    /// Its digest; nowhere when the registry has no such tag.
    pub digest: Option<Digest>,
    /// Since when we know.
    pub since: Timestamp,
    /// Where it pointed before.
    pub before: Option<Digest>,
    /// The run that moved it, when it was us.
    pub by_run: Option<RunId>,
}

/// What an image's public content was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The content.
    pub digest: Digest,
    /// The digest of every base it was built from, by the base's name.
    pub bases: BTreeMap<ImageRef, Digest>,
    /// The recipe it was built by.
    pub recipe: Digest,
    /// All that went in, through all its bases; empty where a version made it that did not keep that.
    #[serde(default)]
    pub origin: Origin,
    /// The run.
    pub run: RunId,
    /// When it was published.
    pub at: Timestamp,
}

/// A source that does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// What was seen.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
}

/// What sets a run off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The image that moved, or that a person named.
    pub image: ImageRef,
    /// Where it pointed.
    pub from: Option<Digest>,
    /// Where it points now.
    pub to: Option<Digest>,
    /// Who or what.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why, when a person said so.
    pub reason: Option<String>,
}

/// A pause of one run, or a freeze of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Who.
    pub by: Actor,
    /// Why.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What a step of the engine touched: which rows must be made anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The configuration, freeze: anything that every row may depend on.
    All,
    /// An image's tag, recipe or state.
    Image(ImageRef),
    /// A workload.
    Workload(WorkloadId),
    /// A node.
    Node(NodeRef),
    /// A pool: its releases, and the rollout that it is in.
    Pool(PoolName),
    /// A run or rollout, and all its steps' summary.
    Run(RunId),
    /// One step.
    Step(RunId, StepKey),
    /// An incident.
    Incident(IncidentId),
    /// A source of facts.
    Source(String),
}

impl State {
    /// All runs that are kept, oldest first.
    pub fn each_run(&self) -> impl DoubleEndedIterator<Item = &Run> {
        self.runs.values().map(|run| &**run)
    }

    /// Runs that have not ended.
    pub fn active(&self) -> impl Iterator<Item = &Run> {
        self.each_run().filter(|run| run.ended.is_none())
    }

    /// A step of a run.
    pub fn step_of(&self, run: RunId, step: &StepKey) -> Option<&Step> {
        self.runs.get(&run)?.steps.get(step)
    }

    /// Where a tag points, as far as we know.
    pub fn digest_of(&self, image: &ImageRef) -> Option<&Digest> {
        self.tags.get(image)?.digest.as_ref()
    }

    /// Every tag that must be watched: upstreams, bases that Dockerfiles name, and our own public tags.
    pub fn watched(&self) -> BTreeSet<ImageRef> {
        let named = self.lineage.images().iter().filter(|image| !self.setup.recipes.contains_key(*image));
        let ours = self.setup.recipes.keys();
        self.setup.upstreams.keys().chain(named).chain(ours).cloned().collect()
    }

    /// The next moment at which the daemon must send `DeadlinePassed`, and what for.
    pub fn next_deadline(&self) -> Option<(Timestamp, Due<'_>)> {
        let freeze = self.freeze.iter().filter_map(|f| f.until.map(|at| (at, Due::Thaw)));
        let runs = self.runs.values().filter_map(|run| run.next_deadline(self));
        let rollouts = rollout::next_deadline(self);
        let others = outbox::next_deadline(self).into_iter().chain(orphans::next_deadline(self));
        freeze.chain(runs).chain(rollouts).chain(others).min()
    }

    /// The graph is not stored; it follows from the recipes, and which nodes are out from the nodes. Called after a snapshot was read.
    ///
    /// The configuration's check refuses circles, but recipes that changed on disk since may have made one: then the
    /// images of the circle have no readable recipe, and say why; all others stay as they are.
    pub fn restore_derived(&mut self) {
        self.out = rollout::out_of(&self.nodes);
        loop {
            let good = self
                .recipes
                .iter()
                .filter_map(|(image, r)| r.as_ref().ok().map(|i| (image.clone(), i.clone())));
            match Lineage::new(&good.collect()) {
                Ok(lineage) => {
                    self.lineage = lineage;
                    return;
                }
                Err(error) => {
                    let why = error.to_string();
                    let LineageError::Cycle { path } = error;
                    for image in path {
                        self.recipes.insert(image, Err(why.clone()));
                    }
                }
            }
        }
    }

    /// Records a fact that was illegal here; the simulation fails on any.
    pub(super) fn anomaly(&mut self, what: &str) {
        if self.anomalies.len() >= 100 {
            self.anomalies.remove(0);
        }
        self.anomalies.push(format!("{} {what}", self.now));
    }
}
