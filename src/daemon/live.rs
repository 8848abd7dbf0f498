//! What is too quick for the journal: progress of work, and health samples. All of it is gone after a restart.

use crate::model::reports::Look;
use crate::model::{EffectId, Timestamp, WorkloadId, limits};
use crate::ports::Progress;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// One moment of a watched workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: Timestamp,
    /// Tasks of the present spec that ran; 0 when the fleet did not answer.
    pub running: u32,
    /// Tasks that should.
    pub desired: u32,
    /// Our requests since the watch began.
    pub probed: u32,
    /// Failed ones of them.
    pub failed: u32,
    /// Running tasks whose latest request failed.
    pub sick: u32,
    /// Whether the fleet answered.
    pub answered: bool,
}

/// A watched workload: its latest look whole, and samples.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watched {
    /// The latest look that was answered, with the probes' tally.
    pub look: Option<Look>,
    /// At most [`HEALTH_RING`](limits::HEALTH_RING), oldest first.
    pub samples: VecDeque<Sample>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Live {
    workloads: Mutex<BTreeMap<WorkloadId, Watched>>,
    progress: Mutex<BTreeMap<EffectId, Progress>>,
}

impl Live {
    /// A watched workload; none when it was never watched since the start.
    pub fn watched(&self, workload: &WorkloadId) -> Option<Watched> {
        lock(&self.workloads).get(workload).cloned()
    }

    /// The latest look at a workload, without its samples.
    pub fn look(&self, workload: &WorkloadId) -> Option<Look> {
        lock(&self.workloads).get(workload)?.look.clone()
    }

    /// How far a running effect is.
    pub fn progress(&self, id: &EffectId) -> Option<Progress> {
        lock(&self.progress).get(id).cloned()
    }

    pub(super) fn set_progress(&self, id: &EffectId, progress: Progress) {
        lock(&self.progress).insert(id.clone(), progress);
    }

    pub(super) fn ended(&self, id: &EffectId) {
        lock(&self.progress).remove(id);
    }

    pub(super) fn looked(&self, workload: &WorkloadId, look: Look) {
        let mut workloads = lock(&self.workloads);
        let watched = workloads.entry(workload.clone()).or_default();
        push(&mut watched.samples, sample(&look));
        watched.look = Some(look);
    }

    /// The fleet did not answer.
    pub(super) fn silent(&self, workload: &WorkloadId, at: Timestamp) {
        let mut workloads = lock(&self.workloads);
        let watched = workloads.entry(workload.clone()).or_default();
        let last = watched.samples.back().cloned().unwrap_or(NOTHING);
        push(&mut watched.samples, Sample { at, answered: false, running: 0, ..last });
    }

    /// Workloads that are configured no more are forgotten.
    pub(super) fn retain(&self, keep: impl Fn(&WorkloadId) -> bool) {
        lock(&self.workloads).retain(|workload, _| keep(workload));
    }
}

const NOTHING: Sample = Sample {
    at: Timestamp::from_millis(0),
    running: 0,
    desired: 0,
    probed: 0,
    failed: 0,
    sick: 0,
    answered: false,
};

fn sample(look: &Look) -> Sample {
    let tally = look.probes.as_ref();
    Sample {
        at: look.at,
        running: look.running,
        desired: look.desired,
        probed: tally.map_or(0, |t| t.total),
        failed: tally.map_or(0, |t| t.failed),
        sick: tally.map_or(0, |t| t.sick_tasks),
        answered: true,
    }
}

fn push(samples: &mut VecDeque<Sample>, sample: Sample) {
    if samples.len() >= limits::HEALTH_RING {
        samples.pop_front();
    }
    samples.push_back(sample);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change in here is one insert or remove: a panic elsewhere leaves nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_forgets_the_oldest_sample() {
        let live = Live::default();
        let web: WorkloadId = "prod/web".parse().unwrap();
        let many = i64::try_from(limits::HEALTH_RING).unwrap() + 3;
        (0..many).for_each(|at| live.silent(&web, Timestamp::from_millis(at)));
        let samples = live.watched(&web).unwrap().samples;
        assert_eq!((samples.len(), samples[0].at), (limits::HEALTH_RING, Timestamp::from_millis(3)));
    }
}
