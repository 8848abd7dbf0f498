//! What a sheet says: what would happen, to whom, how it can be undone, and what happens otherwise.

use super::step::approvals;
use super::{pool_sheet, rollout_sheet};
use crate::api::rows::{HoldRow, IncidentRow, Mark, RunRow, StepRow};
use crate::console::doc::Doc;
use crate::console::model::Model;
use crate::console::rank::List;
use crate::console::replica::Replica;
use crate::console::sheet::{Order, Sheet, release_of};
use crate::console::text::{exactly_when, short, when};
use crate::console::theme::Role;
use crate::model::setup::OnFailure;
use crate::model::{ImageRef, StepKey, Timestamp, WorkloadId};

/// The sheet as a page, without its field.
pub fn sheet(model: &Model, sheet: &Sheet) -> Doc {
    let replica = &model.replica;
    let mut doc = Doc::new(title(replica, &sheet.order));
    for moved in &sheet.moved {
        doc.styled("MOVED", moved.clone(), Role::Refused);
    }
    if sheet.sent.is_none() && !sheet.may_still(replica) {
        too_late(&mut doc, replica, &sheet.order, model.now);
        return doc;
    }
    match &sheet.order {
        Order::Approve(run, step) => {
            with(&mut doc, replica.step(*run, step), |doc, row| approve(doc, replica, row, model.now));
        }
        Order::Reject(run, step) => {
            with(&mut doc, replica.step(*run, step), |doc, row| reject(doc, row, model.now));
        }
        Order::Retry(run, step) => {
            with(&mut doc, replica.step(*run, step), |doc, row| retry(doc, replica, row));
        }
        Order::Skip(run, step) => with(&mut doc, replica.step(*run, step), |doc, row| {
            with(doc, row.node.as_deref(), |doc, part| rollout_sheet::skip(doc, replica, row, part));
        }),
        Order::RollBackAll(run) => with(&mut doc, replica.run(*run), |doc, row| {
            with(doc, row.rollout.as_deref(), |doc, part| rollout_sheet::back(doc, replica, row, part));
        }),
        Order::Forward(run, to) => with(&mut doc, replica.run(*run), |doc, row| {
            with(doc, row.rollout.as_deref(), |doc, part| {
                rollout_sheet::forward(doc, replica, row, part, to, model.now);
            });
        }),
        Order::Rollback(run, step) => {
            with(&mut doc, replica.step(*run, step), |doc, row| rollback(doc, replica, row));
        }
        Order::Pause(run) => with(&mut doc, replica.run(*run), |doc, row| pause(doc, replica, row)),
        Order::Resume(run) => {
            with(&mut doc, replica.run(*run), |doc, row| resume(doc, replica, row, model.now));
        }
        Order::Abort(run) => with(&mut doc, replica.run(*run), |doc, row| abort(doc, replica, row)),
        Order::Start(image) => start(&mut doc, replica, image),
        Order::StartRollout(plan) => rollout_sheet::start(&mut doc, replica, plan, model.now),
        Order::Pin(pool) => {
            with(&mut doc, replica.pool(pool), |doc, row| pool_sheet::pin(doc, row, model.now));
        }
        Order::Unpin(pool) => {
            with(&mut doc, replica.pool(pool), |doc, row| pool_sheet::unpin(doc, row, model.now));
        }
        Order::SkipRelease(pool, release) => with(&mut doc, replica.pool(pool), |doc, row| {
            pool_sheet::skip(doc, row, release, model.now);
        }),
        Order::UnskipRelease(pool, release) => with(&mut doc, replica.pool(pool), |doc, row| {
            pool_sheet::unskip(doc, row, release, model.now);
        }),
        Order::Unquarantine(workload) => unquarantine(&mut doc, replica, workload, model.now),
        Order::Freeze => freeze(&mut doc, replica),
        Order::Thaw => thaw(&mut doc, replica, model.now),
        Order::Claim(incident) => {
            with(&mut doc, replica.incident(*incident), |doc, row| claim(doc, row, model.now));
        }
        Order::Close(incident) => with(&mut doc, replica.incident(*incident), close),
    }
    doc
}

fn with<T>(doc: &mut Doc, row: Option<&T>, say: impl FnOnce(&mut Doc, &T)) {
    if let Some(row) = row {
        say(doc, row);
    }
}

fn title(replica: &Replica, order: &Order) -> String {
    let name = |run: &crate::model::RunId, step: &crate::model::StepKey| {
        let row = replica.step(*run, step);
        let title = row.map_or(step.to_string(), |row| row.title.clone());
        (title, row)
    };
    let called = |run: &crate::model::RunId| {
        replica.run(*run).map_or_else(|| format!("run {run}"), crate::api::rows::RunRow::name)
    };
    match order {
        Order::Approve(run, step @ StepKey::Node(_)) => format!("APPROVE {}", name(run, step).0),
        Order::Rollback(run, step @ StepKey::Node(_)) => format!("ROLL BACK {}", name(run, step).0),
        Order::Skip(run, step) => format!("SKIP {}", name(run, step).0),
        Order::RollBackAll(run) => format!("ROLL BACK ALL of {}", called(run)),
        Order::Forward(run, to) => format!("ROLL FORWARD {} to {to}", called(run)),
        Order::Approve(run, step) => {
            let (title, row) = name(run, step);
            let (digest, before) = (row.and_then(|r| r.digest.as_ref()), row.and_then(|r| r.before.as_ref()));
            format!("APPROVE {title} {} ══ in place of {}", short(digest), short(before))
        }
        Order::Reject(run, step) => format!("REJECT {}", name(run, step).0),
        Order::Retry(run, step) => format!("TRY AGAIN {}", name(run, step).0),
        Order::Rollback(run, step) => {
            let (title, row) = name(run, step);
            format!("ROLL BACK {title} to {}", short(row.and_then(|row| row.before.as_ref())))
        }
        Order::Pause(run) => format!("PAUSE {}", called(run)),
        Order::Resume(run) => format!("RESUME {}", called(run)),
        Order::Abort(run) => format!("ABORT {}", called(run)),
        Order::Start(image) => format!("START a run of {}", image.short()),
        Order::StartRollout(plan) => format!("START rollout of {} through {}", plan.release, plan.pool),
        Order::Pin(pool) => format!("PIN pool {pool}"),
        Order::Unpin(pool) => format!("END THE PIN of pool {pool}"),
        Order::SkipRelease(pool, release) => format!("SKIP release {release} in pool {pool}"),
        Order::UnskipRelease(pool, release) => format!("SKIP release {release} NO MORE in pool {pool}"),
        Order::Unquarantine(workload) => format!("UNQUARANTINE {workload}"),
        Order::Freeze => "FREEZE EVERYTHING".to_owned(),
        Order::Thaw => "END THE FREEZE".to_owned(),
        Order::Claim(incident) => format!("CLAIM incident {incident}"),
        Order::Close(incident) => format!("CLOSE incident {incident}"),
    }
}

/// What a step became while its sheet was open.
fn too_late(doc: &mut Doc, replica: &Replica, order: &Order, now: Timestamp) {
    let (run, step, what) = match order {
        Order::Approve(run, step) | Order::Reject(run, step) => (run, step, "this is no longer held"),
        Order::Retry(run, step) => (run, step, "this can no longer be tried again"),
        Order::Rollback(run, step) => (run, step, "this can no longer be put back"),
        Order::Skip(run, step) => (run, step, "this can no longer be left out"),
        Order::RollBackAll(run) | Order::Forward(run, _) => {
            if let Some(row) = replica.run(*run) {
                doc.text(format!("this can no longer be asked for: {}", row.state), Role::Refused);
            }
            return;
        }
        Order::StartRollout(plan) => {
            let pool = replica.pool(&plan.pool);
            let run = pool.and_then(|pool| pool.run).map(|run| format!("rollout {run} is under way"));
            let pin = pool.and_then(|pool| pool.pinned.as_ref()).map(|pin| format!("pinned by {}", pin.by));
            let why = run.or(pin).unwrap_or_else(|| "the pool is gone".to_owned());
            doc.text(format!("this can no longer be started: {why}"), Role::Refused);
            return;
        }
        Order::Pin(pool) | Order::Unpin(pool) => {
            return with(doc, replica.pool(pool), |doc, row| pool_sheet::pinned_meanwhile(doc, row, now));
        }
        Order::SkipRelease(pool, release) | Order::UnskipRelease(pool, release) => {
            return with(doc, release_of(replica, pool, release), |doc, row| {
                pool_sheet::skipped_meanwhile(doc, row, now);
            });
        }
        Order::Pause(_)
        | Order::Resume(_)
        | Order::Abort(_)
        | Order::Start(_)
        | Order::Unquarantine(_)
        | Order::Freeze
        | Order::Thaw
        | Order::Claim(_)
        | Order::Close(_) => return,
    };
    let Some(row) = replica.step(*run, step) else { return };
    let since = row.ended.map_or(String::new(), |at| format!(" since {}", exactly_when(at, now)));
    doc.text(format!("{what}: it is {}{since}", row.state), Role::Refused);
    doc.pair("now", row.result.clone());
    super::waiting_lines(doc, row.waiting.as_ref(), now);
}

fn approve(doc: &mut Doc, replica: &Replica, row: &StepRow, now: Timestamp) {
    if let Some(part) = &row.node {
        return rollout_sheet::approve(doc, row, part);
    }
    let Some(hold) = &row.hold else {
        doc.text("It is not held any more.", Role::Refused);
        return;
    };
    approvals(doc, hold, now);
    doc.pair("tested", tested(replica, row));
    plan(doc, hold);
    doc.pair("if sick", hold.if_sick.clone());
    doc.pair("undo", undo(hold));
    doc.pair("if nobody", hold.if_nobody.clone());
    doc.pair("affects", hold.affects.clone());
}

/// What the tests said: of a deploy those of its image, in the same run.
fn tested(replica: &Replica, row: &StepRow) -> String {
    let tested = match &row.step {
        StepKey::Image(_) => Some(row),
        StepKey::Deploy(workload) => followed(replica, workload)
            .and_then(|image| replica.step(row.run, &StepKey::Image(image.clone()))),
        // A node has no tests: what moves is watched.
        StepKey::Node(_) => None,
    };
    let cases = |step: &StepRow| {
        step.cases.map_or(step.result.clone(), |(passed, all)| format!("{passed} of {all} cases passed"))
    };
    tested.map_or("not in this run".to_owned(), cases)
}

/// The image that a workload follows.
fn followed<'a>(replica: &'a Replica, workload: &WorkloadId) -> Option<&'a ImageRef> {
    replica.workload(workload)?.image.as_ref()
}

fn plan(doc: &mut Doc, hold: &HoldRow) {
    doc.pair("at once", hold.at_once.clone());
    doc.lines("then", &hold.then);
}

fn undo(hold: &HoldRow) -> String {
    match hold.on_failure {
        OnFailure::Rollback => hold.undo.clone(),
        OnFailure::Stop => format!("{} IRREVERSIBLE: never put back by itself", hold.undo),
    }
}

fn reject(doc: &mut Doc, row: &StepRow, now: Timestamp) {
    let (title, digest, before) = (&row.title, short(row.digest.as_ref()), short(row.before.as_ref()));
    let undo = match &row.step {
        StepKey::Image(_) => {
            doc.pair("ends", format!("{title} {digest} is thrown away; what is built on it is blocked"));
            doc.pair("stays", format!("{before} goes on as it is"));
            "T (try again) builds and tests it anew"
        }
        StepKey::Deploy(workload) => {
            doc.pair("ends", format!("{title} in this run: {digest} is not deployed"));
            doc.pair(
                "stays",
                format!("{workload} stays on what it runs, {before}; the public tag stays where it is"),
            );
            "T (try again) asks for approval again"
        }
        StepKey::Node(node) => {
            doc.pair("ends", format!("{node} is left as it is"));
            "T (try again) begins it anew"
        }
    };
    if let Some(hold) = &row.hold {
        approvals(doc, hold, now);
        doc.pair("if nobody", hold.if_nobody.clone());
        doc.pair("affects", hold.affects.clone());
    }
    doc.pair("undo", undo);
}

fn retry(doc: &mut Doc, replica: &Replica, row: &StepRow) {
    if let Some(part) = &row.node {
        return rollout_sheet::retry(doc, replica, row, part);
    }
    doc.pair("again", format!("{}, and what it blocks", row.title));
    doc.pair("was", format!("{}: {}", row.state, row.result));
    doc.styled("verdict", row.verdict.clone().unwrap_or_default(), Role::of(row.mark));
    doc.pair("undo", "X ends the run");
}

fn rollback(doc: &mut Doc, replica: &Replica, row: &StepRow) {
    if let Some(part) = &row.node {
        return rollout_sheet::rollback(doc, row, part);
    }
    let (now, before) = (short(row.digest.as_ref()), short(row.before.as_ref()));
    doc.pair(
        "at once",
        format!("{} goes from {now} back to {before}: its spec from before is put back", row.title),
    );
    let image = if let StepKey::Deploy(workload) = &row.step { followed(replica, workload) } else { None };
    let of = image.map_or(String::new(), |image| format!(" {}", image.short()));
    doc.pair("too", format!("the public tag{of} is moved back, unless somebody has moved it since"));
    doc.pair("then", format!("{now} is quarantined: it does not come back by itself"));
    // The usual time of the step is that of an update with its soak, not of the way back.
    doc.pair("takes", "not measured yet");
    doc.pair("undo", "U releases the quarantine; then T, or the next run, deploys it");
    if let Some(hold) = &row.hold {
        doc.pair("affects", hold.affects.clone());
    }
    owner(doc, row);
}

fn owner(doc: &mut Doc, row: &StepRow) {
    doc.pair("owner", row.owner.as_ref().map_or(String::new(), ToString::to_string));
}

fn pause(doc: &mut Doc, replica: &Replica, row: &RunRow) {
    if row.rollout.is_some() {
        return rollout_sheet::pause(doc, replica, row);
    }
    doc.pair("stops", format!("run {}: no new step is started", row.run));
    doc.pair("finishes", in_flight(replica, |run| run.run == row.run));
    doc.pair("by itself", "stays paused until somebody resumes it (P)");
}

/// What goes on to its next safe point whatever is asked for now.
fn in_flight(replica: &Replica, wanted: impl Fn(&RunRow) -> bool) -> String {
    let going = replica.list(List::Going).iter().filter_map(|(_, key)| {
        if let crate::api::rows::RowKey::Run(run) = &**key { replica.run(*run) } else { None }
    });
    let steps = going.filter(|run| wanted(run)).flat_map(|run| {
        let at_work =
            replica.step_rows(run.run).filter(|step| step.started.is_some() && step.ended.is_none());
        at_work.filter(|step| step.hold.is_none())
    });
    let names: Vec<String> = steps.map(|step| format!("{} ({})", step.title, step.state)).collect();
    if names.is_empty() { "nothing is in flight".to_owned() } else { names.join(", ") }
}

fn resume(doc: &mut Doc, replica: &Replica, row: &RunRow, now: Timestamp) {
    super::freeze_lines(doc, "paused", row.paused.as_ref(), now);
    let freeze = replica.daemon().and_then(|daemon| daemon.freeze.as_ref());
    let stopped = row.rollout.as_ref().is_some_and(|part| part.stopped && !part.ending);
    let name = row.name();
    doc.pair(
        "at once",
        match freeze {
            _ if stopped => format!("{name} is paused no longer, but stays stopped: F, R, T, K or X"),
            Some(_) => format!("{name} is paused no longer, but starts nothing yet"),
            None => format!("{name} may start its next steps"),
        },
    );
    if let Some(freeze) = freeze {
        let since = when(freeze.since, now);
        let text =
            format!("the freeze by {} since {since} still holds; no step starts until it ends", freeze.by);
        doc.marked("but", text, Mark::Paused);
    }
    doc.pair("undo", "p pauses it again; what was started meanwhile goes on to its next safe point");
}

fn abort(doc: &mut Doc, replica: &Replica, row: &RunRow) {
    if row.rollout.is_some() {
        return rollout_sheet::abort(doc, replica, row);
    }
    doc.pair("ends", format!("run {} for good: {}", row.run, row.cause));
    doc.pair("in flight", in_flight(replica, |run| run.run == row.run));
    doc.pair("put back", "workloads that are being updated; published tags and healthy workloads stay");
    doc.pair("undo", "none; S starts a new run");
}

fn start(doc: &mut Doc, replica: &Replica, image: &ImageRef) {
    let row = replica.image(image);
    let digest = row.and_then(|row| row.digest.as_ref());
    doc.pair("image", format!("{image} {}", short(digest)));
    doc.pair("at once", "what is built on it is built, tested and held anew, as if it had moved");
    doc.pair("affects", "i shows who");
    doc.pair("undo", "X ends the run; nothing is deployed before its gates");
}

fn unquarantine(doc: &mut Doc, replica: &Replica, workload: &WorkloadId, now: Timestamp) {
    if let Some(row) = replica.workload(workload) {
        super::workload::quarantine(doc, row, now);
        doc.pair("at once", format!("{workload} may take it again with the next run, or with T"));
        doc.pair("affects", format!("{} tasks", row.desired));
    }
    doc.pair("undo", "R puts it back if it makes people sick again");
}

fn freeze(doc: &mut Doc, replica: &Replica) {
    doc.pair("stops", "no new step is started, in any run or rollout");
    doc.pair("finishes", in_flight(replica, |_| true));
    doc.pair("goes on", "watching, probing, and putting back what is sick");
    doc.pair("by itself", "stays frozen until somebody ends it (P)");
}

fn thaw(doc: &mut Doc, replica: &Replica, now: Timestamp) {
    let freeze = replica.daemon().and_then(|daemon| daemon.freeze.as_ref());
    super::freeze_lines(doc, "frozen", freeze, now);
    let going = replica.list(List::Going).len();
    let who = match going {
        0 => "nothing was under way; what comes may start".to_owned(),
        1 => "the one that is under way may start its next steps".to_owned(),
        more => format!("the {more} that are under way may start their next steps"),
    };
    doc.pair("at once", who);
    doc.pair("undo", "! freezes again");
}

fn claim(doc: &mut Doc, row: &IncidentRow, now: Timestamp) {
    doc.pair("about", row.cause.clone());
    let taken = row.claimed.as_ref();
    let text = taken.map_or("nobody".to_owned(), |(who, at)| format!("{who} since {}", when(*at, now)));
    doc.pair("has it", text);
    doc.pair("at once", "the others see that you look at it");
}

fn close(doc: &mut Doc, row: &IncidentRow) {
    doc.pair("about", row.cause.clone());
    doc.pair("verdict", row.verdict.clone());
    doc.pair("put back", row.restored.clone());
    doc.pair("at once", "it leaves the list of what needs somebody; the journal keeps it");
}
