//! Who says when a drill is over.

use super::goal::{Facts, rejected};
use crate::engine::EventKind;
use crate::model::drill::Ended;
use crate::model::{Digest, Seq, Span, StepKey, Timestamp, WorkloadId};
use crate::play::Stage;
use crate::ports::Clock;
use crate::sim::file::DrillFile;
use crate::sim::{Doing, Sim};
use std::collections::{BTreeMap, BTreeSet};

/// Between two looks, by the world's time.
const EVERY: Span = Span::from_millis(250);

/// Watches a stage for the goal of its drill.
pub struct Referee<'a> {
    stage: &'a Stage,
    drill: &'a DrillFile,
    first: BTreeMap<WorkloadId, Option<Digest>>,
    hurt: BTreeSet<WorkloadId>,
    rejected: BTreeSet<StepKey>,
    deeds: usize,
    events: Seq,
    /// Since when all conditions hold without a break.
    since: Option<Timestamp>,
}

impl<'a> Referee<'a> {
    /// Of a drill that has just begun: what runs now is what ran at the beginning.
    pub fn of(stage: &'a Stage, drill: &'a DrillFile) -> Self {
        let sim: &Sim = stage.sim();
        let first = sim.file().workloads.keys().map(|id| (id.clone(), sim.runs(id))).collect();
        let (hurt, rejected) = (BTreeSet::new(), BTreeSet::new());
        Self { stage, drill, first, hurt, rejected, deeds: 0, events: Seq(0), since: None }
    }

    /// Comes back when the goal was reached or time is over.
    pub async fn watch(&mut self) -> Ended {
        loop {
            if let Some(ended) = self.look() {
                return ended;
            }
            self.stage.sim().clock().sleep(EVERY).await;
        }
    }

    /// How it ends when its player leaves now.
    pub fn left(&mut self) -> Ended {
        let passed = self.stage.sim().clock().passed();
        self.look().unwrap_or(Ended::Left(passed))
    }

    fn look(&mut self) -> Option<Ended> {
        let sim = self.stage.sim();
        let (passed, now) = (sim.clock().passed(), sim.now());
        self.learn();
        let facts = |state: &_| {
            let Self { first, hurt, rejected, .. } = &*self;
            let facts = Facts { sim, state, first, hurt, rejected };
            self.drill.goal.all.iter().all(|condition| facts.hold(condition))
        };
        let holds = passed >= self.drill.goal.from.0 && self.stage.handle().read(facts);
        self.since = if holds { self.since.or(Some(now)) } else { None };
        if self.since.is_some_and(|since| now.since(since) >= self.drill.goal.holds.0) {
            return Some(Ended::Reached(passed));
        }
        (passed >= self.drill.lasts.0).then_some(Ended::TimeOver)
    }

    /// Takes in what has happened since the last look.
    fn learn(&mut self) {
        let deeds = self.stage.sim().deeds(self.deeds);
        self.deeds += deeds.len();
        for deed in deeds {
            match deed.doing {
                Doing::Hurt { workload } => _ = self.hurt.insert(workload),
                Doing::Well { workload } => _ = self.hurt.remove(&workload),
                Doing::Built { .. }
                | Doing::Tested { .. }
                | Doing::Tagged { .. }
                | Doing::SpecSet { .. }
                | Doing::Removed { .. }
                | Doing::Node { .. } => {}
            }
        }
        // What cannot be read now is read at the next look.
        for (seq, event) in self.stage.handle().events(self.events, usize::MAX).unwrap_or_default() {
            self.events = seq;
            if let EventKind::Commanded { command } = &event.kind {
                self.rejected.extend(rejected(&event.by, command).cloned());
            }
        }
    }
}
