//! What a rollout would do and meet, before it is started: waves, nodes, and what the fleet finds in the way.

use super::pool::kept;
use super::rollout::{by, names};
use crate::api::rollout::{PlanRow, PlannedRow, said};
use crate::api::rows::{Mark, PoolRow};
use crate::console::doc::Doc;
use crate::console::model::{Asked, Model, NoPlan, Planning};
use crate::console::sheet::release_of;
use crate::console::text::when;
use crate::console::theme::{Role, glyph};
use crate::model::text::tasks;

/// The page of a plan.
pub(super) fn plan(model: &Model, planning: &Planning) -> Doc {
    let mut doc = Doc::new(format!("plan ── {} through pool {}", planning.release, planning.pool));
    let pool = model.replica.pool(&planning.pool);
    if let Some(run) = pool.and_then(|pool| pool.run) {
        doc.marked("under way", format!("rollout {run}; another one begins only after it"), Mark::Working);
    }
    if let Some(pin) = pool.and_then(|pool| pool.pinned.as_ref()) {
        doc.marked("pinned", kept(pin, model.now), Mark::Paused);
    }
    // As they are now: the plan itself may be older.
    let announced = release_of(&model.replica, &planning.pool, &planning.release);
    if let Some(skip) = announced.and_then(|one| one.skipped.as_ref()) {
        doc.marked("skipped", kept(skip, model.now), Mark::Paused);
    }
    if let Some(why) = announced.and_then(|one| one.quarantine.as_ref()) {
        doc.marked("kept out", format!("quarantined: {why}; a start ends that"), Mark::Failed);
    }
    match &planning.asked {
        Asked::Waiting => {
            doc.text("The fleet is asked what emptying each node would meet. It may take 6 s.", Role::Dim);
        }
        Asked::Failed(why) => {
            let text = match why {
                NoPlan::Refused(why) => format!("There is nothing to start: {why}"),
                NoPlan::Unknown(why) => format!("The plan is not known: {why}; n asks again"),
            };
            doc.text(text, Role::Refused);
            others(&mut doc, pool, planning);
        }
        Asked::Answered(plan) => {
            let at = when(planning.at, model.now);
            doc.pair("as of", format!("{at}: what is out, the tasks and the preflight; n asks again"));
            policy(&mut doc, plan);
            others(&mut doc, pool, planning);
            nodes(&mut doc, plan);
        }
    }
    doc
}

fn policy(doc: &mut Doc, plan: &PlanRow) {
    let (count, waves) = (plan.nodes.len(), plan.nodes.last().map_or(0, |node| node.wave));
    doc.pair("nodes", format!("{count} of fleet {} in {waves} waves", plan.fleet));
    doc.pair("how", by(plan.strategy));
    doc.pair("pace", pace(plan));
    doc.pair("out now", names(&plan.out));
    doc.styled("preflight", preflight(plan), Role::of(mark(plan)));
}

/// How fast, and when it stops.
pub(super) fn pace(plan: &PlanRow) -> String {
    let stops = match plan.budget {
        0 => "the first failure stops it".to_owned(),
        budget => format!("more than {budget} failures stop it"),
    };
    format!("at most {} out at a time, each watched for {}; {stops}", plan.max_unavailable, plan.soak)
}

/// `4 fit, 1 has something in the way, 1 not known`.
pub(super) fn preflight(plan: &PlanRow) -> String {
    let count = |of: Mark| plan.nodes.iter().filter(|node| stands(node) == of).count();
    let (fit, blocked, unknown) = (count(Mark::Good), count(Mark::Blocked), count(Mark::Unknown));
    let mut parts = vec![format!("{fit} of {} fit", plan.nodes.len())];
    if blocked > 0 {
        parts.push(format!("{blocked} with something in the way"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} not known"));
    }
    parts.join(", ")
}

fn mark(plan: &PlanRow) -> Mark {
    let worst = [Mark::Blocked, Mark::Unknown];
    let has = |mark: &Mark| plan.nodes.iter().any(|node| stands(node) == *mark);
    worst.into_iter().find(has).unwrap_or(Mark::Good)
}

fn stands(node: &PlannedRow) -> Mark {
    match (&node.unknown, node.blocks.is_empty()) {
        (Some(_), _) => Mark::Unknown,
        (None, false) => Mark::Blocked,
        (None, true) => Mark::Good,
    }
}

/// The releases to which the arrows lead.
fn others(doc: &mut Doc, pool: Option<&PoolRow>, planning: &Planning) {
    let Some(pool) = pool else { return };
    let Some(at) = pool.announced.iter().position(|one| one.release == planning.release) else { return };
    let older = at.checked_sub(1).map(|at| format!("← {}", pool.announced[at].release));
    let newer = pool.announced.get(at + 1).map(|one| format!("→ {}", one.release));
    doc.pair("others", older.into_iter().chain(newer).collect::<Vec<_>>().join("   "));
}

fn nodes(doc: &mut Doc, plan: &PlanRow) {
    let wide = plan.nodes.iter().map(|node| crate::console::text::width(node.node.as_str())).max();
    let mut wave = 0;
    for node in &plan.nodes {
        if node.wave != wave {
            wave = node.wave;
            doc.rule(format!("wave {wave}"));
        }
        line(doc, node, wide.unwrap_or(0));
    }
}

fn line(doc: &mut Doc, node: &PlannedRow, wide: usize) {
    let mark = stands(node);
    let was = node.was.as_ref().map_or_else(|| "no release".to_owned(), ToString::to_string);
    let zone = node.zone.as_ref().map(|zone| format!(", zone {zone}")).unwrap_or_default();
    let manager = if node.manager { ", a manager" } else { "" };
    let tasks = tasks(node.work.iter().map(|(_, tasks)| tasks).sum());
    let lead = format!("{} {:<wide$}  ", glyph(mark), node.node.as_str());
    let text = format!("{}; has {was}, {tasks}{zone}{manager}", node.stands());
    doc.led(lead, text, Role::of(mark));
    let under = " ".repeat(wide + 4);
    for finding in &node.blocks {
        doc.led(format!("{under}{} ", glyph(Mark::Blocked)), said(finding), Role::of(Mark::Blocked));
    }
    for finding in &node.notes {
        doc.led(format!("{under}{} ", glyph(Mark::Pending)), said(finding), Role::Text);
    }
    if let Some(why) = &node.unknown {
        doc.led(format!("{under}{} ", glyph(Mark::Unknown)), why.clone(), Role::of(Mark::Unknown));
    }
}
