//! Which rows a fact concerns, and the change that makes them right again.

use super::{Beside, View, coming, daemon, image, incident, need, rollout, run, source, step, workload};
use crate::api::rows::{Row, RowKey};
use crate::engine::run::{Standing, Step};
use crate::engine::{Key, State};
use crate::model::{ImageRef, IncidentId, NodeRef, PoolName, RunId, Seq, StepKey, WorkloadId};
use std::collections::BTreeSet;
use std::ops::Range;

/// Rows to put and rows to take away.
#[derive(Debug, Default)]
pub struct Change {
    /// Rows as they are now, changed or not.
    pub upsert: Vec<Row>,
    /// Rows that may have gone.
    pub remove: Vec<RowKey>,
}

/// What is to be made anew.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    images: BTreeSet<ImageRef>,
    workloads: BTreeSet<WorkloadId>,
    pub(super) pools: BTreeSet<PoolName>,
    pub(super) nodes: BTreeSet<NodeRef>,
    /// A run or rollout with all its steps that are open, and these others.
    pub(super) runs: BTreeSet<RunId>,
    /// A rollout's own row.
    pub(super) summaries: BTreeSet<RunId>,
    pub(super) steps: BTreeSet<(RunId, StepKey)>,
    pub(super) incidents: BTreeSet<IncidentId>,
    sources: BTreeSet<String>,
}

/// Every row but the journal's lines.
pub fn all(state: &State, beside: &dyn Beside) -> Vec<Row> {
    let sources = beside.sources();
    let view = View { state, beside, sources: &sources };
    let mut subjects = Subjects {
        images: image::images(state),
        workloads: workload::workloads(state),
        sources: source::names(view),
        incidents: state.incidents.keys().copied().collect(),
        ..Subjects::default()
    };
    for run in state.runs.values() {
        subjects.runs.insert(run.id);
        subjects.steps.extend(run.steps.keys().map(|key| (run.id, key.clone())));
    }
    rollout::touched::all(state, &mut subjects);
    let mut change = Change::default();
    subjects.make(view, &mut change);
    change.upsert
}

/// The rows that `keys` concern. `known` tells which rows of a range are there now: what summarizes everything (needs,
/// what is coming) is made anew each time, and what is no more among it goes. None: everything must be made anew.
pub fn change(
    state: &State,
    beside: &dyn Beside,
    keys: &BTreeSet<Key>,
    known: &dyn Fn(Range<RowKey>) -> Vec<RowKey>,
) -> Option<Change> {
    if keys.contains(&Key::All) {
        return None;
    }
    let sources = beside.sources();
    let view = View { state, beside, sources: &sources };
    let mut subjects = Subjects::default();
    keys.iter().for_each(|key| subjects.add(state, key));
    rollout::touched::follow_nodes(state, &mut subjects);
    let mut change = Change::default();
    subjects.make(view, &mut change);
    let made: BTreeSet<RowKey> = change.upsert.iter().map(Row::key).collect();
    let summaries = known(RowKey::Need(String::new())..RowKey::Event(Seq(0)));
    change.remove.extend(summaries.into_iter().filter(|key| !made.contains(key)));
    let known_run = |id: &RunId| state.runs.contains_key(id) || state.rollouts.contains_key(id);
    if subjects.runs.iter().any(|id| !known_run(id)) {
        let steps = known(RowKey::Run(RunId(u64::MAX))..RowKey::Incident(IncidentId(0)));
        let gone = |key: &RowKey| matches!(key, RowKey::Step(run, _) if !known_run(run));
        change.remove.extend(steps.into_iter().filter(gone));
    }
    Some(change)
}

impl Subjects {
    fn add(&mut self, state: &State, key: &Key) {
        match key {
            Key::All => {}
            Key::Image(image) => {
                // What stands on it is behind now, or no more.
                let below = state.lineage.affected(std::slice::from_ref(image), true);
                for image in below.into_iter().chain([image.clone()]) {
                    let follow = state.setup.workloads.iter().filter(|(_, how)| how.image == image);
                    self.workloads.extend(follow.map(|(id, _)| id.clone()));
                    self.images.insert(image);
                }
            }
            Key::Workload(id) => self.workload(state, id),
            Key::Run(id) => self.run(state, *id),
            Key::Step(id, step @ StepKey::Node(_)) => rollout::touched::step(state, *id, step, self),
            Key::Step(id, step) => {
                self.run(state, *id);
                self.steps.insert((*id, step.clone()));
                // Node steps wait for a workload that a deploy step has in hand.
                self.runs.extend(state.rolling().map(|rollout| rollout.id));
            }
            Key::Incident(id) => {
                self.incidents.insert(*id);
                let about = state.incidents.get(id).map(|incident| (incident.run, incident.step.clone()));
                self.steps.extend(about);
            }
            Key::Source(name) => self.source(state, name),
            Key::Node(node) => rollout::touched::node(state, node, self),
            Key::Pool(pool) => rollout::touched::pool(state, pool, self),
        }
    }

    /// A workload; its steps, which may be rolled back or not; and the plans that say what it runs now.
    fn workload(&mut self, state: &State, id: &WorkloadId) {
        self.workloads.insert(id.clone());
        let key = StepKey::Deploy(id.clone());
        for run in state.runs.values().filter(|run| run.steps.contains_key(&key)) {
            match run.ended {
                Some(_) => drop(self.steps.insert((run.id, key.clone()))),
                None => drop(self.runs.insert(run.id)),
            }
        }
    }

    /// A run, and those that may wait for a workload which it had in hand.
    fn run(&mut self, state: &State, id: RunId) {
        self.runs.insert(id);
        if let Some(rollout) = state.rollouts.get(&id) {
            rollout::touched::run(state, rollout, self);
        }
        let Some(run) = state.runs.get(&id) else { return };
        self.images.insert(run.change.image.clone());
        self.incidents.extend(run.steps.values().filter_map(|step| step.incident));
        if run.ended.is_some() {
            self.runs.extend(state.active().map(|run| run.id));
            self.runs.extend(state.rolling().map(|rollout| rollout.id));
        }
    }

    fn source(&mut self, state: &State, name: &str) {
        self.sources.insert(name.to_owned());
        if let Some(fleet) = name.strip_prefix("fleet ") {
            let there = workload::workloads(state).into_iter().filter(|id| id.fleet.as_str() == fleet);
            self.workloads.extend(there);
            let rolls = state.rolling().filter(|rollout| rollout.how.fleet.as_str() == fleet);
            self.runs.extend(rolls.map(|rollout| rollout.id));
        }
    }

    fn make(&self, view: View<'_>, change: &mut Change) {
        let state = view.state;
        let (images, workloads) = (image::images(state), workload::workloads(state));
        change.upsert.push(daemon::daemon(view));
        change.upsert.extend(self.sources.iter().map(|name| source::source(view, name)));
        for image in &self.images {
            change.put(images.contains(image).then(|| image::image(view, image)), || {
                RowKey::Image(image.clone())
            });
        }
        for id in &self.workloads {
            change.put(workloads.contains(id).then(|| workload::workload(view, id)), || {
                RowKey::Workload(id.clone())
            });
        }
        for pool in &self.pools {
            let row = state.setup.pools.get(pool).map(|how| rollout::pool(state, pool, how));
            change.put(row, || RowKey::Pool(pool.clone()));
        }
        for node in &self.nodes {
            let row = state.nodes.get(node).map(|look| rollout::node(state, node, look));
            change.put(row, || RowKey::Node(node.clone()));
        }
        for id in self.runs.union(&self.summaries) {
            self.make_run(view, *id, change);
        }
        let made = |run: &RunId| self.runs.contains(run) || self.summaries.contains(run);
        for (run, key) in self.steps.iter().filter(|(run, _)| !made(run)) {
            change.put(one_step(view, *run, key), || RowKey::Step(*run, key.clone()));
        }
        for id in &self.incidents {
            let row = state.incidents.get(id).map(|found| incident::incident(view, found));
            change.put(row, || RowKey::Incident(*id));
        }
        change.upsert.extend(need::needs(view));
        change.upsert.extend(coming::coming(view));
    }

    /// A run's row, and those of its steps that are open or were touched.
    fn make_run(&self, view: View<'_>, id: RunId, change: &mut Change) {
        if let Some(found) = view.state.rollouts.get(&id) {
            return self.make_rollout(view, found, change);
        }
        let Some(found) = view.state.runs.get(&id) else {
            change.remove.push(RowKey::Run(id));
            return;
        };
        let plan = view.state.plan_hash(found);
        change.upsert.push(run::run(view, found, &plan));
        let wanted = |step: &Step| {
            step.standing() == Standing::Open
                || found.ended.is_some()
                || self.steps.contains(&(id, step.key.clone()))
        };
        let steps = found.steps.values().enumerate().filter(|(_, step)| wanted(step));
        change.upsert.extend(steps.map(|(place, one)| step::step(view, found, place, one, &plan)));
    }
}

impl Change {
    fn put(&mut self, row: Option<Row>, key: impl FnOnce() -> RowKey) {
        match row {
            Some(row) => self.upsert.push(row),
            None => self.remove.push(key()),
        }
    }
}

fn one_step(view: View<'_>, run: RunId, key: &StepKey) -> Option<Row> {
    if let Some(found) = view.state.rollouts.get(&run) {
        return Some(rollout::step(view, found, found.steps.get(key)?));
    }
    let run = view.state.runs.get(&run)?;
    let place = run.steps.place(key)?;
    Some(step::step(view, run, place, run.steps.at(place)?, &view.state.plan_hash(run)))
}
