//! The rows once, in the documented shape of `tidegate status --json`.

use crate::api::rows::{ImageRow, Row, RunRow, StepRow};
use crate::api::status::{RunStatus, SCHEMA, Status};
use crate::model::{ImageRef, RunId, Seq, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The status that `rows` make at `seq`.
pub fn status(seq: Seq, at: Timestamp, rows: &[Arc<Row>]) -> Status {
    let mut all = Status { schema: SCHEMA, seq, at, ..empty() };
    let (mut runs, mut steps): (Vec<RunRow>, BTreeMap<RunId, Vec<StepRow>>) = Default::default();
    for row in rows {
        match &**row {
            Row::Daemon(row) => all.daemon = Some(row.clone()),
            Row::Source(row) => all.sources.push(row.clone()),
            Row::Image(row) => all.images.push(row.clone()),
            Row::Workload(row) => all.workloads.push(row.clone()),
            Row::Pool(row) => all.pools.push(row.clone()),
            Row::Node(row) => all.nodes.push(row.clone()),
            Row::Run(row) => runs.push(row.clone()),
            Row::Step(row) => steps.entry(row.run).or_default().push((**row).clone()),
            Row::Incident(row) => all.incidents.push(row.clone()),
            Row::Need(row) => all.needs.push(row.clone()),
            Row::Coming(row) => all.coming.push(row.clone()),
            Row::Event(_) => {}
        }
    }
    all.holds = steps.values().flatten().filter(|step| step.hold.is_some()).cloned().collect();
    all.runs = runs.into_iter().rev().map(|run| with_steps(run, &mut steps)).collect();
    all.images = bases_first(all.images);
    all.incidents.sort_by_key(|row| (row.closed.is_some(), std::cmp::Reverse(row.incident)));
    all.needs.sort_by_key(|row| (row.harm, row.deadline.is_none(), row.deadline, row.since));
    all.coming.sort_by(|a, b| (a.at, &a.subject).cmp(&(b.at, &b.subject)));
    all
}

fn empty() -> Status {
    Status {
        schema: SCHEMA,
        seq: Seq(0),
        at: Timestamp::default(),
        daemon: None,
        sources: Vec::new(),
        images: Vec::new(),
        runs: Vec::new(),
        workloads: Vec::new(),
        holds: Vec::new(),
        incidents: Vec::new(),
        needs: Vec::new(),
        coming: Vec::new(),
        pools: Vec::new(),
        nodes: Vec::new(),
    }
}

fn with_steps(run: RunRow, steps: &mut BTreeMap<RunId, Vec<StepRow>>) -> RunStatus {
    let mut steps = steps.remove(&run.run).unwrap_or_default();
    steps.sort_by_key(|step| step.place);
    RunStatus { run, steps }
}

/// Images after all that they are built from, otherwise by name. What is in a circle comes last, by name.
fn bases_first(images: Vec<ImageRow>) -> Vec<ImageRow> {
    let known: BTreeSet<ImageRef> = images.iter().map(|row| row.image.clone()).collect();
    let (mut placed, mut sorted, mut rest) = (BTreeSet::new(), Vec::new(), images);
    loop {
        let is_ready = |row: &ImageRow| {
            let mut bases = row.bases.iter().filter_map(|base| base.image.as_ref());
            bases.all(|base| placed.contains(base) || !known.contains(base) || *base == row.image)
        };
        let (ready, later): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_ready);
        if ready.is_empty() {
            sorted.extend(later);
            return sorted;
        }
        placed.extend(ready.iter().map(|row| row.image.clone()));
        sorted.extend(ready);
        rest = later;
    }
}
