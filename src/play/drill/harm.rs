//! How long users were affected, and by what: from the world's own deeds.

use crate::model::{Span, Timestamp, WorkloadId};
use crate::sim::{Deed, Doing, Hand, NodeDeed};
use std::collections::BTreeMap;

/// Users of one workload were hurt for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hurt {
    /// Whose users.
    pub workload: WorkloadId,
    /// From then on.
    pub from: Timestamp,
    /// Until then; until the end of the drill where it did not end before.
    pub until: Timestamp,
    /// Whether it went on at the end of the drill.
    pub open: bool,
    /// What had changed the workload last: `the update of run 3`; none where nothing had.
    pub by: Option<String>,
}

impl Hurt {
    /// How long.
    pub fn lasted(&self) -> Span {
        self.until.since(self.from)
    }
}

/// Who was hurt up to `end`, in the order in which it began; only users of `whose`, or all where that is empty.
pub fn hurts(deeds: &[Deed], whose: &[WorkloadId], end: Timestamp) -> Vec<Hurt> {
    let (mut hurts, mut open): (Vec<Hurt>, BTreeMap<WorkloadId, usize>) = (Vec::new(), BTreeMap::new());
    let mut changed: BTreeMap<&WorkloadId, String> = BTreeMap::new();
    for deed in deeds.iter().filter(|deed| deed.at <= end) {
        match &deed.doing {
            Doing::SpecSet { workload, .. } => _ = changed.insert(workload, by(&deed.by)),
            Doing::Node { node, is: NodeDeed::Moves(workload) } => {
                changed.insert(workload, format!("its move off node {}", node.name));
            }
            Doing::Hurt { workload } if whose.is_empty() || whose.contains(workload) => {
                let by = changed.get(workload).cloned();
                let place = *open.entry(workload.clone()).or_insert(hurts.len());
                if place == hurts.len() {
                    let workload = workload.clone();
                    hurts.push(Hurt { workload, from: deed.at, until: end, open: true, by });
                }
            }
            Doing::Well { workload } => {
                if let Some(hurt) = open.remove(workload).and_then(|place| hurts.get_mut(place)) {
                    (hurt.until, hurt.open) = (deed.at, false);
                }
            }
            Doing::Hurt { .. }
            | Doing::Built { .. }
            | Doing::Tested { .. }
            | Doing::Tagged { .. }
            | Doing::Removed { .. }
            | Doing::Node { .. } => {}
        }
    }
    hurts
}

fn by(hand: &Hand) -> String {
    match hand {
        Hand::Effect(id) => format!("the update of run {}", id.run),
        Hand::Outside => "a change by hand".to_owned(),
        Hand::Orchestrator => "the orchestrator's own rollback".to_owned(),
    }
}

/// How long somebody was hurt: what lies over each other counts once.
pub fn together(hurts: &[Hurt]) -> Span {
    let mut spans: Vec<(Timestamp, Timestamp)> = hurts.iter().map(|hurt| (hurt.from, hurt.until)).collect();
    spans.sort_unstable();
    let (mut sum, mut counted) = (Span::default(), None);
    for (from, until) in spans {
        let from = counted.map_or(from, |counted: Timestamp| counted.max(from));
        sum = sum + until.since(from);
        counted = Some(counted.map_or(until, |counted| counted.max(until)));
    }
    sum
}
