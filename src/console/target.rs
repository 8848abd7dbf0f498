//! What the selected row is about, and which actions are legal there. Footer, palette and keys all ask here.

use super::actions::Action;
use super::model::{About, Asked, Model, Screen};
use super::rank::List;
use super::replica::Replica;
use super::sheet::{Order, may_skip, release_of};
use crate::api::rollout::{PlanRow, ReleaseRow};
use crate::api::rows::{IncidentRow, May, PoolRow, RolloutPart, Row, RowKey, RunRow, StepRow};
use crate::model::{ImageRef, PoolName, RunId, StepKey, WorkloadId};

/// What the selected row, or the page that is open, is about. A need stands for what it leads to.
pub fn target(model: &Model) -> Option<RowKey> {
    let key = match model.screen() {
        Screen::Page(about, _) => page_key(about)?,
        Screen::Log(log) => log.about.clone(),
        Screen::Run(run, picker) => picker.selected.as_ref().map_or(RowKey::Run(*run), |key| (**key).clone()),
        Screen::Pool(pool, picker) => {
            picker.selected.as_ref().map_or_else(|| RowKey::Pool(pool.clone()), |key| (**key).clone())
        }
        Screen::Overview(_)
        | Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Pools(_)
        | Screen::Incidents(_)
        | Screen::Journal(..) => (**model.selected()?).clone(),
    };
    Some(resolve(&model.replica, key))
}

/// What a row stands for.
pub fn resolve(replica: &Replica, key: RowKey) -> RowKey {
    match replica.row(&key) {
        Some(Row::Need(need)) => need.leads_to.clone().unwrap_or(key),
        Some(Row::Event(event)) => match (event.run, &event.step) {
            (Some(run), Some(step)) => RowKey::Step(run, step.clone()),
            (Some(run), None) => RowKey::Run(run),
            (None, _) => key,
        },
        _ => key,
    }
}

fn page_key(about: &About) -> Option<RowKey> {
    Some(match about {
        About::Step(run, step) => RowKey::Step(*run, step.clone()),
        About::Incident(incident) => RowKey::Incident(*incident),
        About::Workload(workload) => RowKey::Workload(workload.clone()),
        About::Image(image) => RowKey::Image(image.clone()),
        About::Node(node) => RowKey::Node(node.clone()),
        About::Plan(planning) => RowKey::Pool(planning.pool.clone()),
        About::Event(seq) => RowKey::Event(*seq),
        About::Impact(key) | About::Why(key, _) => key.clone(),
        About::Help | About::Drill => return None,
    })
}

/// The run that a row belongs to.
pub fn run_of(replica: &Replica, key: &RowKey) -> Option<RunId> {
    match key {
        RowKey::Run(run) | RowKey::Step(run, _) => Some(*run),
        RowKey::Image(image) => replica.image(image)?.run,
        RowKey::Workload(workload) => replica.workload(workload)?.run,
        RowKey::Incident(incident) => Some(replica.incident(*incident)?.run),
        RowKey::Event(seq) => replica.event(*seq)?.run,
        RowKey::Pool(pool) => replica.pool(pool)?.run,
        RowKey::Node(node) => replica.node(node)?.run,
        RowKey::Daemon | RowKey::Source(_) | RowKey::Need(_) | RowKey::Coming(_) => None,
    }
}

/// The step that a row is about, where it is about one.
pub fn step_of<'a>(replica: &'a Replica, key: &RowKey) -> Option<&'a StepRow> {
    match key {
        RowKey::Step(run, step) => replica.step(*run, step),
        RowKey::Image(image) => replica.step(replica.image(image)?.run?, &StepKey::Image(image.clone())),
        RowKey::Workload(workload) => {
            replica.step(replica.workload(workload)?.run?, &StepKey::Deploy(workload.clone()))
        }
        RowKey::Incident(incident) => {
            let row = replica.incident(*incident)?;
            replica.step(row.run, &row.step)
        }
        RowKey::Event(seq) => {
            let row = replica.event(*seq)?;
            replica.step(row.run?, row.step.as_ref()?)
        }
        RowKey::Node(node) => replica.step(replica.node(node)?.run?, &StepKey::Node(node.clone())),
        RowKey::Run(_)
        | RowKey::Daemon
        | RowKey::Source(_)
        | RowKey::Pool(_)
        | RowKey::Need(_)
        | RowKey::Coming(_) => None,
    }
}

/// The step that may be treated so: the row's own, or the first such of its run. What is put back is chosen by a
/// person: a run stands for it only where it is the only one. A rollout does not stand for a node that somebody left out.
fn step_that_may<'a>(replica: &'a Replica, key: &RowKey, may: May) -> Option<&'a StepRow> {
    if may == May::Retry && rollout_of(replica, key).is_some() {
        return asking(replica, key, may);
    }
    if let RowKey::Run(run) = key {
        let mut steps = replica.step_rows(*run).filter(|step| step.may.contains(&may));
        let first = steps.next();
        return first.filter(|_| may != May::Rollback || steps.next().is_none());
    }
    step_of(replica, key).filter(|step| step.may.contains(&may))
}

/// The nodes that a rollout as a whole asks about, and that may be treated so: those that failed, and those that a person must
/// decide on. Not those that somebody left out.
pub fn asked_about(replica: &Replica, run: RunId, may: May) -> impl Iterator<Item = &StepRow> {
    let asks = |step: &&StepRow| step.state == "undecided" || FAILED.contains(&step.state.as_str());
    replica.step_rows(run).filter(move |step| step.may.contains(&may)).filter(asks)
}

/// The one of them for which the rollout's row stands: where there are more, a person chooses.
fn asking<'a>(replica: &'a Replica, key: &RowKey, may: May) -> Option<&'a StepRow> {
    let RowKey::Run(run) = key else { return None };
    let mut steps = asked_about(replica, *run, may);
    let first = steps.next();
    first.filter(|_| steps.next().is_none())
}

/// The rollout that a row is, as a whole.
fn rollout_of<'a>(replica: &'a Replica, key: &RowKey) -> Option<(RunId, &'a RolloutPart)> {
    let RowKey::Run(run) = key else { return None };
    replica.run(*run)?.rollout.as_deref().map(|part| (*run, part))
}

/// Whether several steps of this run could be put back, so that one must be chosen.
pub fn must_choose(model: &Model) -> bool {
    let Some(RowKey::Run(run)) = target(model) else { return false };
    if rollout_of(&model.replica, &RowKey::Run(run)).is_some() {
        return false;
    }
    let mut steps = model.replica.step_rows(run).filter(|step| step.may.contains(&May::Rollback));
    steps.nth(1).is_some()
}

/// The rollout on whose own screen a node is selected that cannot be put back alone, while all of it can: that is asked for on
/// the rollout's row, so that one key never reaches one node here and all of them a row below.
pub fn all_from_row(model: &Model) -> bool {
    let Screen::Run(run, _) = model.screen() else { return false };
    let back = rollout_of(&model.replica, &RowKey::Run(*run)).is_some_and(|(_, part)| part.back);
    back && order(model, Action::Rollback).is_none()
}

/// The incident that a row is about, as long as it is open.
pub fn open_incident<'a>(replica: &'a Replica, key: &RowKey) -> Option<&'a IncidentRow> {
    if let RowKey::Incident(incident) = key {
        return replica.incident(*incident).filter(|row| row.closed.is_none());
    }
    let (run, step) = (run_of(replica, key)?, step_of(replica, key).map(|row| &row.step));
    if step.is_none() && matches!(key, RowKey::Pool(_) | RowKey::Node(_)) {
        return None;
    }
    let rows = replica.list(List::Incidents).iter().filter_map(|(_, key)| {
        if let RowKey::Incident(incident) = &**key { replica.incident(*incident) } else { None }
    });
    rows.take_while(|row| row.closed.is_none())
        .find(|row| row.run == run && step.is_none_or(|step| *step == row.step))
}

/// States of steps whose logs tell of a failure.
const FAILED: [&str; 4] = ["failed", "restoring", "restored", "quarantined"];

/// The log to open: the row's own, or that of the first step of its run that failed, else of one at work.
pub fn log_of(replica: &Replica, key: &RowKey) -> Option<String> {
    if let RowKey::Run(run) = key {
        let with_log = |step: &&StepRow| !step.logs.is_empty();
        let failed =
            replica.step_rows(*run).filter(with_log).find(|step| FAILED.contains(&step.state.as_str()));
        let step = failed.or_else(|| replica.step_rows(*run).filter(with_log).last())?;
        return telling_log(step).cloned();
    }
    telling_log(step_of(replica, key)?).cloned()
}

/// The log of a step that tells most: the newest, but of a failed image the newest of its own trials. The control
/// is a trial of what was there before: it passed where the update is to blame, and tells nothing of the failure. Of a
/// node that failed it is that of the latest work towards the release, not of taking it back.
fn telling_log(step: &StepRow) -> Option<&String> {
    let newest = |action: &str| {
        step.logs.iter().rev().find(|id| id.rsplit('/').nth(1).is_some_and(|part| part == action))
    };
    let own: &[&str] = match &step.step {
        StepKey::Image(_) if step.state == "failed" => &["retest", "test", "build"],
        StepKey::Node(_) if FAILED.contains(&step.state.as_str()) => &["update", "shift", "provision"],
        StepKey::Image(_) | StepKey::Node(_) | StepKey::Deploy(_) => &[],
    };
    own.iter().copied().find_map(newest).or_else(|| step.logs.last())
}

/// The sheet that an action opens here; none where it is not legal.
pub fn order(model: &Model, action: Action) -> Option<Order> {
    let replica = &model.replica;
    let frozen = replica.daemon().is_some_and(|daemon| daemon.freeze.is_some());
    let target = target(model);
    let key = target.as_ref();
    let step = |may: May| step_that_may(replica, key?, may).map(|row| (row.run, row.step.clone()));
    match action {
        Action::Approve => step(May::Approve).map(|(run, step)| Order::Approve(run, step)),
        Action::Retry => step(May::Retry).map(|(run, step)| Order::Retry(run, step)),
        Action::Rollback => match rollout_of(replica, key?) {
            Some((run, part)) => part.back.then_some(Order::RollBackAll(run)),
            None => step(May::Rollback).map(|(run, step)| Order::Rollback(run, step)),
        },
        Action::Forward => {
            let rollout = replica.run(run_of(replica, key?)?)?;
            let to = rollout.rollout.as_ref()?.forward.clone()?;
            Some(Order::Forward(rollout.run, to))
        }
        Action::Skip => {
            let own = step_of(replica, key?).filter(|step| step.may.contains(&May::Skip));
            let one = own.or_else(|| asking(replica, key?, May::Skip));
            one.map(|step| Order::Skip(step.run, step.step.clone()))
        }
        Action::Reject => match step(May::Reject) {
            Some((run, step)) => Some(Order::Reject(run, step)),
            None => {
                open_incident(replica, key?).map(|row| Order::Close(row.incident)).or_else(|| skip(model))
            }
        },
        Action::Pause => pause(model),
        Action::Resume => resume(model, frozen),
        Action::Abort => under_way(replica, key?).map(|row| Order::Abort(row.run)),
        Action::Freeze => (!frozen && replica.daemon().is_some()).then_some(Order::Freeze),
        Action::Claim => open_incident(replica, key?).map(|row| Order::Claim(row.incident)),
        Action::Start => match plan_of(model) {
            Some(plan) => may_start(replica, plan).then(|| Order::StartRollout(Box::new(plan.clone()))),
            None => image_of(key?).map(|image| Order::Start(image.clone())),
        },
        Action::Unquarantine => quarantined(replica, key?).map(Order::Unquarantine).or_else(|| unskip(model)),
        Action::Down | Action::Up | Action::First | Action::Last | Action::HalfDown | Action::HalfUp => None,
        Action::Fold | Action::Unfold | Action::Open | Action::Back | Action::Now | Action::Lineage => None,
        Action::Updates | Action::Runs | Action::Pools | Action::Incidents | Action::Journal => None,
        Action::Filter | Action::Plan => None,
        Action::Jump | Action::Palette | Action::Why | Action::Impact | Action::Log | Action::Events => None,
        Action::Behind
        | Action::Save
        | Action::Copy
        | Action::Follow
        | Action::Wrap
        | Action::Help
        | Action::Leave => None,
        Action::Drill | Action::Hint => None,
        Action::Quit | Action::Redraw | Action::Suspend | Action::Interrupt => None,
    }
}

/// What a pause and its end are about: what the row is; on a pool's own screen the pool, whichever node is selected.
fn to_be_paused(model: &Model) -> Option<RowKey> {
    if let Screen::Pool(pool, _) = model.screen() { Some(RowKey::Pool(pool.clone())) } else { target(model) }
}

/// Starts nothing new in a run that goes on; where there is none, in a pool.
fn pause(model: &Model) -> Option<Order> {
    let (replica, key) = (&model.replica, to_be_paused(model)?);
    match under_way(replica, &key) {
        Some(row) => row.paused.is_none().then_some(Order::Pause(row.run)),
        None => {
            pool(replica, &key).filter(|row| row.pinned.is_none()).map(|row| Order::Pin(row.pool.clone()))
        }
    }
}

/// Ends the first of these that is there: the pause of what the row is about, its pin, the freeze.
fn resume(model: &Model, frozen: bool) -> Option<Order> {
    let (replica, key) = (&model.replica, to_be_paused(model));
    let run = key.as_ref().and_then(|key| under_way(replica, key)).filter(|row| row.paused.is_some());
    let pinned = key.as_ref().and_then(|key| pool(replica, key)).filter(|row| row.pinned.is_some());
    let run = run.map(|row| Order::Resume(row.run));
    run.or_else(|| pinned.map(|row| Order::Unpin(row.pool.clone()))).or_else(|| frozen.then_some(Order::Thaw))
}

/// The run that a row belongs to, as long as it goes on.
fn under_way<'a>(replica: &'a Replica, key: &RowKey) -> Option<&'a RunRow> {
    replica.run(run_of(replica, key)?).filter(|row| row.ended.is_none())
}

/// The plan that is on screen.
fn plan_of(model: &Model) -> Option<&PlanRow> {
    let Screen::Page(About::Plan(planning), _) = model.screen() else { return None };
    if let Asked::Answered(plan) = &planning.asked { Some(plan) } else { None }
}

/// A pool's own row, and not one of its nodes'.
fn pool<'a>(replica: &'a Replica, key: &RowKey) -> Option<&'a PoolRow> {
    if let RowKey::Pool(pool) = key { replica.pool(pool) } else { None }
}

/// The release whose plan is on screen, also where there is nothing to start.
fn planned(model: &Model) -> Option<(PoolName, &ReleaseRow)> {
    let Screen::Page(About::Plan(planning), _) = model.screen() else { return None };
    let row = release_of(&model.replica, &planning.pool, &planning.release)?;
    Some((planning.pool.clone(), row))
}

fn skip(model: &Model) -> Option<Order> {
    let (pool, row) = planned(model).filter(|(_, row)| may_skip(row))?;
    Some(Order::SkipRelease(pool, row.release.clone()))
}

fn unskip(model: &Model) -> Option<Order> {
    let (pool, row) = planned(model).filter(|(_, row)| row.skipped.is_some())?;
    Some(Order::UnskipRelease(pool, row.release.clone()))
}

/// Whether nothing is under way in the plan's pool, and nobody has pinned it.
pub fn may_start(replica: &Replica, plan: &PlanRow) -> bool {
    replica.pool(&plan.pool).is_some_and(|pool| pool.run.is_none() && pool.pinned.is_none())
}

/// The pool that a row is about: a node's is the one that it belongs to.
pub fn pool_of<'a>(replica: &'a Replica, key: &RowKey) -> Option<&'a PoolRow> {
    match key {
        RowKey::Pool(pool) => replica.pool(pool),
        RowKey::Node(node) => replica.pool(replica.node(node)?.pool.as_ref()?),
        RowKey::Daemon
        | RowKey::Source(_)
        | RowKey::Image(_)
        | RowKey::Workload(_)
        | RowKey::Run(_)
        | RowKey::Step(..)
        | RowKey::Incident(_)
        | RowKey::Need(_)
        | RowKey::Coming(_)
        | RowKey::Event(_) => None,
    }
}

fn image_of(key: &RowKey) -> Option<&ImageRef> {
    if let RowKey::Image(image) = key { Some(image) } else { None }
}

/// The workload that a row is about, where something is quarantined for it.
fn quarantined(replica: &Replica, key: &RowKey) -> Option<WorkloadId> {
    let step = if let RowKey::Incident(incident) = key {
        Some(&replica.incident(*incident)?.step)
    } else if let RowKey::Step(_, step) = key {
        Some(step)
    } else {
        None
    };
    let workload = match (key, step) {
        (RowKey::Workload(workload), _) | (_, Some(StepKey::Deploy(workload))) => workload,
        _ => return None,
    };
    replica.workload(workload).filter(|row| !row.quarantine.is_empty()).map(|_| workload.clone())
}

/// Whether an action does anything here.
pub fn is_legal(model: &Model, action: Action) -> bool {
    let replica = &model.replica;
    let target = || target(model);
    let in_log = matches!(model.screen(), Screen::Log(_));
    let in_list = model.screen().picker().is_some();
    match action {
        Action::Down | Action::Up | Action::First | Action::Last | Action::HalfDown | Action::HalfUp => true,
        Action::Now | Action::Lineage | Action::Updates | Action::Runs | Action::Incidents => true,
        Action::Journal | Action::Jump | Action::Palette | Action::Behind | Action::Save | Action::Copy => {
            true
        }
        Action::Help | Action::Leave | Action::Quit | Action::Redraw | Action::Suspend => true,
        Action::Interrupt | Action::Back => true,
        Action::Fold | Action::Unfold => {
            in_log || matches!(model.screen(), Screen::Lineage(..) | Screen::Page(About::Plan(_), _))
        }
        Action::Pools => !replica.list(List::Pools).is_empty(),
        Action::Plan => {
            target().is_some_and(|key| pool_of(replica, &key).is_some_and(|pool| !pool.announced.is_empty()))
        }
        Action::Open => in_list && model.selected().is_some(),
        Action::Filter => in_list,
        Action::Drill => model.drill.is_some(),
        Action::Hint => model.drill.as_ref().is_some_and(|drill| drill.hints < drill.lesson.hints.len()),
        Action::Why => target().is_some_and(|key| why_id(replica, &key).is_some()),
        Action::Impact => target().is_some_and(|key| impact_of(replica, &key)),
        Action::Log => !in_log && target().is_some_and(|key| log_of(replica, &key).is_some()),
        Action::Events => target().is_some_and(|key| run_of(replica, &key).is_some()),
        Action::Follow | Action::Wrap => in_log,
        Action::Pause
        | Action::Reject
        | Action::Claim
        | Action::Freeze
        | Action::Approve
        | Action::Resume
        | Action::Start
        | Action::Retry
        | Action::Rollback
        | Action::Forward
        | Action::Skip
        | Action::Abort
        | Action::Unquarantine => order(model, action).is_some(),
    }
}

fn impact_of(replica: &Replica, key: &RowKey) -> bool {
    match key {
        RowKey::Image(_) | RowKey::Workload(_) | RowKey::Step(..) | RowKey::Run(_) => true,
        RowKey::Incident(_) => step_of(replica, key).is_some(),
        RowKey::Daemon
        | RowKey::Source(_)
        | RowKey::Pool(_)
        | RowKey::Node(_)
        | RowKey::Need(_)
        | RowKey::Coming(_)
        | RowKey::Event(_) => false,
    }
}

/// The id under which the daemon is asked why: `42`, `42/image:web:1`, `incident 3`.
pub fn why_id(replica: &Replica, key: &RowKey) -> Option<String> {
    if let RowKey::Run(run) = key {
        return Some(run.to_string());
    }
    if let RowKey::Incident(incident) = key {
        return Some(format!("incident {incident}"));
    }
    if let RowKey::Pool(pool) = key {
        return Some(replica.pool(pool)?.run?.to_string());
    }
    step_of(replica, key).map(|row| format!("{}/{}", row.run, row.step))
}
