//! A rollout's row: what set it off, how far it is, what it waits for.

use super::standing;
use crate::api::rows::{KeptRow, Mark, NodeFinding, RolloutPart, Row, RunRow};
use crate::engine::describe::subject;
use crate::engine::run::Standing;
use crate::engine::{NodeStage, NodeStep, Rollout, State};
use crate::model::limits::ROLLOUT_FINDINGS;
use crate::model::{Actor, Command, Digest, ReleaseName, Span};
use crate::server::rows::run::{number, usual};
use crate::server::rows::step::progress;
use crate::server::rows::{View, daemon};

pub(in crate::server::rows) fn rollout(view: View<'_>, rollout: &Rollout) -> Row {
    let state = view.state;
    let tally = Tally::of(rollout);
    let (mark, words) = stands(rollout, &tally);
    let usual: Option<u64> = rollout.steps.keys().map(|key| usual(state, key).map(Span::as_millis)).sum();
    Row::Run(RunRow {
        run: rollout.id,
        cause: cause(rollout),
        image: None,
        from: None,
        to: None,
        by: rollout.by.clone(),
        started: rollout.started,
        ended: rollout.ended,
        mark,
        state: words,
        doing: doing(view, rollout),
        done: number(tally.done),
        failed: number(tally.failed),
        steps: number(rollout.steps.len()),
        paused: rollout.paused.as_ref().map(daemon::freeze),
        waiting: state.rollout_waiting(rollout),
        // Nodes are worked on side by side, and each waits for what moves off it: their usual times do not add up.
        left: None,
        usual: usual.map(Span::from_millis).filter(|_| rollout.how.max_unavailable == 1),
        plan: hash(rollout),
        rollout: Some(Box::new(part(state, rollout, &tally))),
    })
}

/// How many steps stand how.
struct Tally {
    done: usize,
    failed: usize,
    skipped: usize,
    worst: Option<Mark>,
}

impl Tally {
    fn of(rollout: &Rollout) -> Self {
        let mut tally = Self { done: 0, failed: 0, skipped: 0, worst: None };
        for step in rollout.steps.values() {
            tally.done += usize::from(step.stage == NodeStage::Done);
            tally.skipped += usize::from(matches!(step.stage, NodeStage::Skipped(_)));
            tally.failed += usize::from(standing::failed(step));
            let mark = standing::mark(rollout, step);
            if rank(mark) < tally.worst.map_or(usize::MAX, rank) {
                tally.worst = Some(mark);
            }
        }
        tally
    }
}

/// Which step's mark is the rollout's, as long as it goes on: the first of these.
fn rank(mark: Mark) -> usize {
    let order = [Mark::Sick, Mark::Unknown, Mark::Failed, Mark::Restored, Mark::Working, Mark::Paused];
    order.iter().position(|one| *one == mark).unwrap_or(order.len())
}

/// `workers r1→r2, started by ana 01:48:02`; where nodes had different releases, only the new one is named. `workers 3→5 nodes, …` where its size
/// changes.
fn cause(rollout: &Rollout) -> String {
    let mut before = rollout.steps.values().map(|step| step.was.as_ref());
    let first = before.next().flatten();
    let same = first.filter(|first| before.all(|other| other == Some(first)));
    let from = same.map(|release| format!("{release}→")).unwrap_or_default();
    let at = rollout.started.hours_minutes_seconds();
    let by = match (&rollout.by, rollout.back_of) {
        (by, Some(back)) => format!("takes back rollout {back}, by {}", who(by)),
        (by, None) => format!("started by {}", who(by)),
    };
    let reason = rollout.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match rollout.scale {
        None => format!("{} {from}{}, {by} {at}{reason}", rollout.pool, rollout.release),
        Some(scale) => format!("{} {scale}, {by} {at}{reason}", rollout.pool),
    }
}

fn who(by: &Actor) -> String {
    match by {
        Actor::Person { name, .. } => name.clone(),
        Actor::Policy(_) | Actor::Timer | Actor::Webhook(_) | Actor::Daemon | Actor::Outside(_) => {
            by.to_string()
        }
    }
}

/// The first that is true: ended, being ended, stopped, paused, what a person must decide, how far it is.
fn stands(rollout: &Rollout, tally: &Tally) -> (Mark, String) {
    let far = far(rollout, tally);
    let worst = tally.worst.unwrap_or(Mark::Pending);
    if rollout.ended.is_some() {
        return match (&rollout.aborted, &rollout.choice) {
            (Some(stop), _) => (Mark::Blocked, format!("aborted by {}, {far}", stop.by)),
            (None, Some(choice)) => (Mark::Blocked, format!("ended by {}, {far}", choice.stop.by)),
            (None, None) if tally.failed > 0 && worst == Mark::Restored => (Mark::Restored, far),
            (None, None) if tally.failed > 0 => (Mark::Failed, far),
            (None, None) => (Mark::Good, far),
        };
    }
    let stop = rollout.aborted.as_ref().or(rollout.choice.as_ref().map(|choice| &choice.stop));
    if let Some(stop) = stop {
        return (worst, format!("being ended by {}, {far}", stop.by));
    }
    if rollout.stopped() {
        let mark = if worst == Mark::Sick { Mark::Sick } else { Mark::Failed };
        return (mark, format!("stopped, {far}"));
    }
    if let Some(stop) = &rollout.paused {
        return (Mark::Paused, format!("paused by {}, {far}", stop.by));
    }
    match worst {
        Mark::Sick => (worst, format!("putting back, {far}")),
        Mark::Unknown => (worst, format!("undecided, {far}")),
        _ => (worst, format!("wave {} of {}, {far}", wave(rollout), waves(rollout))),
    }
}

/// `2 of 12 nodes done, 1 failed`.
fn far(rollout: &Rollout, tally: &Tally) -> String {
    let failed = if tally.failed > 0 { format!(", {} failed", tally.failed) } else { String::new() };
    let skipped = if tally.skipped > 0 { format!(", {} skipped", tally.skipped) } else { String::new() };
    format!("{} of {} nodes done{failed}{skipped}", tally.done, rollout.steps.len())
}

/// The wave of what is in flight, else of what comes next, else the last one.
fn wave(rollout: &Rollout) -> u32 {
    let next = || rollout.pending.first().and_then(|place| rollout.at(*place));
    rollout.in_flight().next().or_else(next).map_or_else(|| waves(rollout), |step| step.wave)
}

fn waves(rollout: &Rollout) -> u32 {
    rollout.steps.values().last().map_or(0, |step| step.wave)
}

/// What is worked on now: the first such node, and how far it is.
fn doing(view: View<'_>, rollout: &Rollout) -> String {
    let mut steps = rollout.in_flight();
    let Some(first) = steps.next() else { return String::new() };
    let others = match steps.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let progress = progress(view, first.doing.as_ref()).map(|text| format!(", {text}")).unwrap_or_default();
    format!("{} {}{progress}{others}", subject(&first.key), standing::words(first))
}

/// What a sheet about the whole rollout compares: its nodes, in order, and what they shall have. No stages: what merely goes on moves nothing.
fn hash(rollout: &Rollout) -> Digest {
    let mut text = format!("{} {} {}\n", rollout.id, rollout.pool, rollout.release);
    for step in rollout.steps.values() {
        text.push_str(&format!("{} {} {}\n", step.wave, step.key, step.target));
    }
    Digest::of(text.as_bytes())
}

fn part(state: &State, rollout: &Rollout, tally: &Tally) -> RolloutPart {
    RolloutPart {
        pool: rollout.pool.clone(),
        fleet: rollout.how.fleet.clone(),
        release: rollout.release.clone(),
        back_of: rollout.back_of,
        scale: rollout.scale,
        followed_by: rollout.choice.as_ref().and_then(|choice| choice.begun),
        strategy: rollout.how.strategy,
        wave: wave(rollout),
        waves: waves(rollout),
        skipped: number(tally.skipped),
        failures: number(rollout.bad.len()),
        budget: rollout.how.failure_budget,
        max_unavailable: rollout.how.max_unavailable,
        soak: rollout.how.soak,
        stopped: rollout.stopped(),
        ending: rollout.is_ending(),
        findings: findings(rollout),
        back: can_go_back(state, rollout),
        keeps: keeps(state, rollout),
        forward: forward(state, rollout),
    }
}

fn can_go_back(state: &State, rollout: &Rollout) -> bool {
    // Why it goes back is not known before somebody asks for it.
    let command = Command::RollBackAll { run: rollout.id, reason: "asked".to_owned() };
    state.decide(&Actor::Daemon, command).is_ok()
}

fn keeps(state: &State, rollout: &Rollout) -> Vec<KeptRow> {
    let kept = state.kept(rollout).into_iter().take(ROLLOUT_FINDINGS);
    kept.map(|one| KeptRow { node: one.node.name, why: one.why }).collect()
}

/// The newest announced release that is not skipped, where going on with it would change anything: another release, or the same one after a stop.
fn forward(state: &State, rollout: &Rollout) -> Option<ReleaseName> {
    if rollout.ended.is_some()
        || rollout.is_ending()
        || rollout.scale.is_some()
        || state.pins.contains_key(&rollout.pool)
    {
        return None;
    }
    let known = state.releases.get(&rollout.pool)?;
    let newest = &known.iter().rev().find(|one| one.skipped.is_none())?.release;
    (rollout.stopped() || *newest != rollout.release).then(|| newest.clone())
}

fn findings(rollout: &Rollout) -> Vec<NodeFinding> {
    let open = |step: &&NodeStep| step.standing() != Standing::Good;
    let reports =
        || rollout.steps.values().filter(open).filter_map(|step| Some((step, step.preflight.as_ref()?)));
    let found = |blocks: bool| {
        reports().flat_map(move |(step, report)| {
            let list = if blocks { &report.blocks } else { &report.notes };
            list.iter().map(move |finding| NodeFinding {
                node: step.node.name.clone(),
                blocks,
                finding: finding.clone(),
            })
        })
    };
    found(true).chain(found(false)).take(ROLLOUT_FINDINGS).collect()
}
