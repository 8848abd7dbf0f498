//! An image: what it stands on, whether that is behind, and why it is not fixed yet.

use super::{owned_by, waiting_lines};
use crate::api::rows::{ImageRow, Mark};
use crate::console::doc::Doc;
use crate::console::replica::Replica;
use crate::console::text::{short, when};
use crate::model::jobs::Role as Use;
use crate::model::{ImageRef, StepKey, Timestamp};

pub(super) fn image(replica: &Replica, row: &ImageRow, now: Timestamp) -> Doc {
    let mut doc = Doc::new(row.image.short());
    doc.marked("state", row.state.clone(), row.mark);
    stands_on(&mut doc, replica, row, now);
    if row.behind {
        let why = row.why_behind.clone().unwrap_or_else(|| "nothing has begun to move it".to_owned());
        doc.marked("why not", why, Mark::Moved);
    }
    let step = row.run.and_then(|run| replica.step(run, &StepKey::Image(row.image.clone())));
    if let Some(step) = step {
        let failing: Vec<String> = step.failing.iter().map(|case| case.name.clone()).collect();
        if !failing.is_empty() {
            let all = step
                .cases
                .map_or(String::new(), |(passed, all)| format!("{} of {all}", all - passed.min(all)));
            doc.marked("failing", all, Mark::Failed);
            doc.lines("", &failing);
        }
        waiting_lines(&mut doc, step.waiting.as_ref(), now);
    }
    doc.pair("points to", short(row.digest.as_ref()));
    bases(&mut doc, row);
    used_by(&mut doc, replica, row);
    owned_by(&mut doc, row.owner.as_ref());
    doc.pair("named", row.image.to_string());
    doc.pair("run", row.run.map_or(String::new(), |run| run.to_string()));
    doc.pair("asked", row.polled.map_or(String::new(), |at| format!("its registry, {}", when(at, now))));
    doc
}

fn stands_on(doc: &mut Doc, replica: &Replica, row: &ImageRow, now: Timestamp) {
    let Some((root, digest)) = &row.stands_on else { return };
    if *root == row.image {
        return;
    }
    doc.pair("runs on", format!("{} {}", root.short(), short(digest.as_ref())));
    if let Some(fixed) = fixed(replica, root, row, now) {
        doc.pair("newest is", fixed);
    }
}

/// Where the root is now, when that is not what the image stands on.
fn fixed(replica: &Replica, root: &ImageRef, row: &ImageRow, now: Timestamp) -> Option<String> {
    let root = replica.image(root).filter(|_| row.behind)?;
    let since = root.since.map_or(String::new(), |at| format!(", {}", when(at, now)));
    Some(format!("{} {}{since}", root.image.short(), short(root.digest.as_ref())))
}

fn bases(doc: &mut Doc, row: &ImageRow) {
    for (at, base) in row.bases.iter().enumerate() {
        let what_for = match base.role {
            Use::Runtime => "",
            Use::Build => ", to build with",
        };
        let text = format!("{} {}{what_for}", base.name, short(base.digest.as_ref()));
        doc.pair(if at == 0 { "base" } else { "" }, text);
    }
    for unknown in &row.unknown {
        doc.marked(
            "unknown",
            format!("line {}: {}: {}", unknown.line, unknown.text, unknown.why),
            Mark::Unknown,
        );
    }
}

fn used_by(doc: &mut Doc, replica: &Replica, row: &ImageRow) {
    let rows = row.workloads.iter().filter_map(|workload| replica.workload(workload));
    let texts: Vec<String> =
        rows.map(|row| format!("{} {}/{} {}", row.workload, row.running, row.desired, row.state)).collect();
    doc.lines("used by", &texts);
}
