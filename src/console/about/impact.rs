//! Who else is affected: everything that stands on an image, what runs it, and who answers for that.

use crate::api::rows::{Mark, NodePart, RowKey};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::target::step_of;
use crate::console::theme::Role;
use crate::console::tree::base;
use crate::model::{ImageRef, NodeId, Owner, StepKey, WorkloadId};
use std::collections::BTreeSet;

pub(super) fn impact(replica: &Replica, key: &RowKey) -> Doc {
    if let Some(doc) = of_nodes(replica, key) {
        return doc;
    }
    let Some(image) = origin(replica, key) else {
        let mut doc = Doc::new("who is affected");
        doc.text("Not known: no image of the lineage belongs to this.", Role::Dim);
        return doc;
    };
    let images = downstream(replica, &image);
    let workloads: BTreeSet<&WorkloadId> =
        images.iter().filter_map(|image| replica.image(image)).flat_map(|row| &row.workloads).collect();
    let mut doc = Doc::new(format!("who is affected by {}", image.short()));
    counts(&mut doc, replica, &workloads, images.len());
    owners(&mut doc, replica, &images, &workloads);
    for (at, row) in workloads.iter().filter_map(|id| replica.workload(id)).enumerate() {
        let text = format!("{} {}/{} {}", row.workload, row.running, row.desired, row.state);
        doc.marked(if at == 0 { "workloads" } else { "" }, text, row.mark);
    }
    for (at, row) in images.iter().filter_map(|image| replica.image(image)).enumerate() {
        let mark = if row.behind { Mark::Moved } else { row.mark };
        doc.marked(if at == 0 { "images" } else { "" }, format!("{} {}", row.image.short(), row.state), mark);
    }
    doc
}

/// Who is affected by a rollout or by one of its nodes: what it moves, and who answers for that.
fn of_nodes(replica: &Replica, key: &RowKey) -> Option<Doc> {
    let parts: Vec<&NodePart> = match key {
        RowKey::Run(run) => {
            replica.run(*run)?.rollout.as_ref()?;
            replica.step_rows(*run).filter_map(|step| step.node.as_deref()).collect()
        }
        other => vec![step_of(replica, other)?.node.as_deref()?],
    };
    let moved: BTreeSet<&WorkloadId> =
        parts.iter().flat_map(|part| &part.moved).map(|row| &row.workload).collect();
    let mut doc = Doc::new("who is affected");
    let rows = || moved.iter().filter_map(|id| replica.workload(id));
    let tasks: u32 = parts.iter().flat_map(|part| &part.moved).map(|row| row.tasks).sum();
    doc.pair("reach", format!("{} nodes, {} workloads, {tasks} tasks that move", parts.len(), moved.len()));
    let owners: BTreeSet<&str> = rows().filter_map(|row| row.owner.as_ref()).map(Owner::as_str).collect();
    let owners: Vec<&str> = owners.into_iter().collect();
    doc.pair("owners", if owners.is_empty() { "nobody is named".to_owned() } else { owners.join(", ") });
    for (at, id) in moved.iter().enumerate() {
        let row = replica.workload(id);
        let text = row.map_or_else(
            || format!("{id} is not known here"),
            |row| format!("{} {}/{} {}", row.workload, row.running, row.desired, row.state),
        );
        let mark = row.map_or(Mark::Unknown, |row| row.mark);
        doc.marked(if at == 0 { "workloads" } else { "" }, text, mark);
    }
    Some(doc)
}

fn origin(replica: &Replica, key: &RowKey) -> Option<ImageRef> {
    match key {
        RowKey::Image(image) => Some(image.clone()),
        RowKey::Workload(workload) => replica.workload(workload)?.image.clone(),
        RowKey::Run(run) => Some(replica.run(*run)?.image.clone()?),
        RowKey::Step(_, StepKey::Image(image)) => Some(image.clone()),
        RowKey::Step(_, StepKey::Deploy(workload)) => replica.workload(workload)?.image.clone(),
        // A node stands on no image.
        RowKey::Step(_, StepKey::Node(_)) => None,
        RowKey::Incident(_) | RowKey::Event(_) => match &step_of(replica, key)?.step {
            StepKey::Image(image) => Some(image.clone()),
            StepKey::Deploy(workload) => replica.workload(workload)?.image.clone(),
            StepKey::Node(_) => None,
        },
        RowKey::Daemon
        | RowKey::Source(_)
        | RowKey::Pool(_)
        | RowKey::Node(_)
        | RowKey::Need(_)
        | RowKey::Coming(_) => None,
    }
}

/// The image and all that stands on it.
fn downstream(replica: &Replica, image: &ImageRef) -> BTreeSet<ImageRef> {
    let mut found = BTreeSet::from([image.clone()]);
    loop {
        let stands_on = |image: &ImageRef| found.contains(image);
        let more: Vec<ImageRef> = replica
            .images()
            .map(|(_, row)| row)
            .filter(|row| !found.contains(&row.image) && base(row).is_some_and(stands_on))
            .map(|row| row.image.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn counts(doc: &mut Doc, replica: &Replica, workloads: &BTreeSet<&WorkloadId>, images: usize) {
    let rows = || workloads.iter().filter_map(|id| replica.workload(id));
    let tasks: u32 = rows().map(|row| row.running).sum();
    let nodes: BTreeSet<&NodeId> =
        rows().flat_map(|row| &row.tasks).filter_map(|task| task.node.as_ref()).collect();
    doc.pair(
        "reach",
        format!("{images} images, {} workloads, {tasks} tasks on {} nodes", workloads.len(), nodes.len()),
    );
}

fn owners(doc: &mut Doc, replica: &Replica, images: &BTreeSet<ImageRef>, workloads: &BTreeSet<&WorkloadId>) {
    let of_images =
        images.iter().filter_map(|image| replica.image(image)).filter_map(|row| row.owner.as_ref());
    let of_workloads =
        workloads.iter().filter_map(|id| replica.workload(id)).filter_map(|row| row.owner.as_ref());
    let all: BTreeSet<&Owner> = of_images.chain(of_workloads).collect();
    let names: Vec<&str> = all.into_iter().map(Owner::as_str).collect();
    doc.pair("owners", if names.is_empty() { "nobody is named".to_owned() } else { names.join(", ") });
}
