//! What a rollout and a node step say beside what every run and step says.

use crate::api::rollout::said;
use crate::api::rows::{Mark, May, MovedRow, NodePart, RolloutPart, RunRow};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::sheet::release_of;
use crate::console::target::asked_about;
use crate::console::text::when;
use crate::model::nodes::{NodeChange, Scale, Strategy};
use crate::model::text::tasks;
use crate::model::{NodeId, ReleaseName, Timestamp};

/// The word for how nodes get a release.
pub(super) fn by(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Surge => "surge: a new node takes the work over, then the old one leaves",
        Strategy::InPlace => "in place: the node is emptied, updated where it stands, and takes new work",
    }
}

/// How a pool gets another size.
fn sizes(scale: Scale, release: &ReleaseName) -> String {
    if scale.to > scale.from {
        format!("nodes with {release} are made and join; no work is moved")
    } else {
        "the work of a node moves to the others, then the node leaves".to_owned()
    }
}

/// What a person may choose, once it has stopped.
pub(super) fn choose(doc: &mut Doc, replica: &Replica, row: &RunRow, part: &RolloutPart) {
    if part.stopped && !part.ending {
        doc.marked(
            "choose",
            format!("{}{}", ways_on(replica, row, part), needed_too(replica, row)),
            Mark::Held,
        );
    }
}

/// Release, waves, budget, and what the preflights found.
pub(super) fn rollout(doc: &mut Doc, row: &RunRow, part: &RolloutPart) {
    match part.scale {
        None => doc.pair("release", format!("{} for pool {} of {}", part.release, part.pool, part.fleet)),
        Some(scale) => doc.pair("scales", format!("pool {} of {}: {scale}", part.pool, part.fleet)),
    };
    let skipped = if part.skipped > 0 { format!(", {} skipped", part.skipped) } else { String::new() };
    let (done, nodes) = (row.done, row.steps);
    doc.pair("waves", format!("{} of {}, {done} of {nodes} nodes done{skipped}", part.wave, part.waves));
    let over = if part.stopped { ": stopped" } else { "" };
    doc.marked(
        "budget",
        format!("{} failed, {} may{over}", part.failures, part.budget),
        if part.stopped { Mark::Failed } else { Mark::Pending },
    );
    doc.pair(
        "how",
        part.scale.map_or_else(|| by(part.strategy).to_owned(), |scale| sizes(scale, &part.release)),
    );
    doc.pair("pace", format!("at most {} out, each watched for {}", part.max_unavailable, part.soak));
    if let Some(back) = part.back_of {
        doc.pair("takes back", format!("rollout {back}"));
    }
    if let Some(next) = part.followed_by {
        doc.pair("followed", format!("by rollout {next}"));
    }
    for (at, found) in part.findings.iter().enumerate() {
        let text = format!("{}: {}", found.node, said(&found.finding));
        let mark = if found.blocks { Mark::Blocked } else { Mark::Pending };
        doc.marked(if at == 0 { "preflight" } else { "" }, text, mark);
    }
}

/// What a person may choose once it has stopped, by key. `T` and `K` stand on the rollout's row for the one node that failed.
fn ways_on(replica: &Replica, row: &RunRow, part: &RolloutPart) -> String {
    let mut ways = Vec::new();
    if let Some(release) = &part.forward {
        let quarantined =
            release_of(replica, &part.pool, release).is_some_and(|row| row.quarantine.is_some());
        let known = match (quarantined, *release == part.release) {
            (true, _) => " (quarantined)",
            (false, true) => " (the same release)",
            (false, false) => "",
        };
        ways.push(format!("F forward to {release}{known}"));
    }
    if part.back {
        ways.push("R roll back all".to_owned());
    }
    let nodes = |may: May| asked_about(replica, row.run, may).count();
    let (again, skip) = (nodes(May::Retry), nodes(May::Skip));
    if again == 1 {
        ways.push("T try the node again".to_owned());
    }
    if skip == 1 {
        ways.push("K skip it".to_owned());
    }
    if again > 1 || skip > 1 {
        ways.push("Enter choose a node".to_owned());
    }
    ways.push("X leave it so".to_owned());
    ways.join(", ")
}

/// What holds it back beside that it stopped, and ends by another key.
fn needed_too(replica: &Replica, row: &RunRow) -> &'static str {
    let frozen = replica.daemon().is_some_and(|daemon| daemon.freeze.is_some());
    match (row.paused.is_some(), frozen) {
        (false, false) => "",
        (true, false) => "; then P, which ends the pause",
        (false, true) => "; then P, which ends the freeze",
        (true, true) => "; then P for the pause, P for the freeze",
    }
}

/// The nodes of a step, what is in its way, and what moves: before and now.
pub(super) fn step(doc: &mut Doc, part: &NodePart, now: Timestamp) {
    let zone = part.zone.as_ref().map(|zone| format!(", zone {zone}")).unwrap_or_default();
    let manager = if part.manager { ", a manager" } else { "" };
    match part.change {
        NodeChange::Replace => {
            let was = part.was.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string);
            let (node, target, wave) = (&part.node, &part.target, part.wave);
            doc.pair("node", format!("{node} {was}→{target}, wave {wave}{zone}{manager}"));
        }
        NodeChange::Grow => drop(doc.pair("adds", format!("a node with {}{zone}", part.target))),
        NodeChange::Shrink => drop(doc.pair("removes", format!("{}, wave {}{zone}", part.node, part.wave))),
    }
    doc.pair("new node", part.new_node.as_ref().map_or(String::new(), ToString::to_string));
    if let Some(until) = part.soaks_until {
        doc.pair("soaks", format!("until {}", when(until, now)));
    }
    for (at, finding) in part.blocks.iter().enumerate() {
        doc.marked(if at == 0 { "blocked by" } else { "" }, said(finding), Mark::Blocked);
    }
    for (at, finding) in part.notes.iter().enumerate() {
        doc.pair(if at == 0 { "note" } else { "" }, said(finding));
    }
    moved(doc, &part.moved);
}

fn moved(doc: &mut Doc, rows: &[MovedRow]) {
    for (at, row) in rows.iter().enumerate() {
        let tasks = tasks(row.tasks);
        let to = if row.to.is_empty() { String::new() } else { format!(" to {}", names(&row.to)) };
        let label = if at == 0 { "moves" } else { "" };
        doc.marked(label, format!("{}: {tasks}{to}", row.workload), row.mark);
        if let Some(before) = &row.before {
            doc.pair("", format!("before: {before}"));
        }
        if let Some(seen) = &row.now {
            doc.marked("", format!("now: {seen}"), row.mark);
        }
    }
}

/// `n1, n2`.
pub(super) fn names(nodes: &[NodeId]) -> String {
    nodes.iter().map(NodeId::as_str).collect::<Vec<_>>().join(", ")
}
