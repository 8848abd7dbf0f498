//! A run's row: what set it off, how far it is, what it waits for.

use super::{View, daemon, standing, step};
use crate::api::rows::{Mark, Row, RunRow};
use crate::engine::describe::subject;
use crate::engine::run::{Standing, Step};
use crate::engine::{Run, State};
use crate::model::{Digest, Span};

/// `plan` is the digest of its plan.
pub(super) fn run(view: View<'_>, run: &Run, plan: &Digest) -> Row {
    let state = view.state;
    let count = |standing| run.steps.values().filter(|step| step.standing() == standing).count();
    let failed = run.steps.values().filter(|step| standing::cause(step).is_some()).count();
    let (mark, words) = stands(run, count(Standing::Good), failed);
    let usual: Option<u64> = run.steps.keys().map(|key| usual(state, key).map(Span::as_millis)).sum();
    Row::Run(RunRow {
        run: run.id,
        cause: cause(run),
        image: Some(run.change.image.clone()),
        from: run.change.from.clone(),
        to: run.change.to.clone(),
        by: run.change.by.clone(),
        started: run.started,
        ended: run.ended,
        mark,
        state: words,
        doing: doing(view, run),
        done: number(count(Standing::Good)),
        failed: number(failed),
        steps: number(run.steps.len()),
        paused: run.paused.as_ref().map(daemon::freeze),
        waiting: state.run_waiting(run),
        left: left(state, run),
        usual: usual.map(Span::from_millis),
        plan: plan.clone(),
        rollout: None,
    })
}

pub(super) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// `os:1 9f3c→b71e, moved 01:20:11`.
fn cause(run: &Run) -> String {
    let change = &run.change;
    let by = crate::engine::waiting::set_off_by(run);
    let reason = change.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let moved = match (&change.from, &change.to) {
        (Some(from), Some(to)) if from != to => format!(" {}→{}", from.short(), to.short()),
        (None, Some(to)) => format!(" {}", to.short()),
        (Some(_) | None, _) => String::new(),
    };
    format!("{}{moved}, {by}{reason}", change.image.short())
}

/// The first that is true: ended, aborted, paused, what a person must decide, what failed, how far it is.
fn stands(run: &Run, done: usize, failed: usize) -> (Mark, String) {
    let steps = run.steps.len();
    let far = if failed > 0 {
        format!("{done} of {steps} done, {failed} failed")
    } else {
        format!("{done} of {steps} done")
    };
    let any = |mark| run.steps.values().any(|step| standing::mark(run, step) == mark);
    if run.ended.is_some() {
        return match &run.aborted {
            Some(stop) => (Mark::Blocked, format!("aborted by {}, {far}", stop.by)),
            None if failed > 0 && any(Mark::Restored) => (Mark::Restored, far),
            None if failed > 0 => (Mark::Failed, far),
            None if done < steps => (Mark::Blocked, far),
            None => (Mark::Good, far),
        };
    }
    if let Some(stop) = &run.paused {
        return (Mark::Paused, format!("paused by {}, {far}", stop.by));
    }
    for (mark, word) in [(Mark::Sick, "putting back"), (Mark::Unknown, "undecided"), (Mark::Held, "held")] {
        if any(mark) {
            return (mark, format!("{word}, {far}"));
        }
    }
    let mark = if failed > 0 {
        Mark::Failed
    } else if any(Mark::Working) {
        Mark::Working
    } else {
        Mark::Pending
    };
    (mark, far)
}

/// What is worked on now: the first such step, and how far it is.
fn doing(view: View<'_>, run: &Run) -> String {
    let working = |step: &&Step| matches!(standing::mark(run, step), Mark::Working | Mark::Sick);
    let mut steps = run.steps.values().filter(working);
    let Some(first) = steps.next() else { return String::new() };
    let others = match steps.count() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let progress =
        step::progress(view, first.doing.as_ref()).map(|text| format!(", {text}")).unwrap_or_default();
    format!("{} {}{progress}{others}", subject(&first.key), standing::words(first))
}

/// How long a step usually takes: the middle of the latest times.
pub(super) fn usual(state: &State, key: &crate::model::StepKey) -> Option<Span> {
    let mut spans = state.usual.get(key)?.clone();
    spans.sort_unstable();
    spans.get(spans.len() / 2).copied()
}

/// What is left of the usual times of the steps that have not ended, one after the other; none when one is not known,
/// or when a person must act first.
fn left(state: &State, run: &Run) -> Option<Span> {
    let open = || run.steps.values().filter(|step| step.standing() == Standing::Open);
    let waits =
        run.paused.is_some() || state.freeze.is_some() || open().any(|step| standing::hold(step).is_some());
    if run.ended.is_some() || waits {
        return None;
    }
    let left = open().map(|step| {
        let usual = usual(state, &step.key)?.as_millis();
        let spent = step.started.map_or(0, |started| state.now.since(started).as_millis());
        Some(usual.saturating_sub(spent))
    });
    left.sum::<Option<u64>>().map(Span::from_millis)
}
