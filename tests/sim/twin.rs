//! Invariant 6: a second state, made from the journal's text alone, is the live one.

use crate::invariants::Checks;
use crate::moment::{Moment, Violation};
use std::collections::BTreeMap;
use tidegate::daemon::Handle;
use tidegate::engine::{Event, State};
use tidegate::model::Seq;
use tidegate::play::Stage;

/// Between two looks at whether the state survives its own JSON.
const ROUND_TRIP_EVERY: u64 = 97;
/// The latest events that a report shows.
const REMEMBERED: usize = 40;

/// The twin.
pub struct Twin {
    state: State,
    seq: Seq,
    deeds: usize,
    checks: Checks,
    /// The latest events as sentences.
    pub latest: Vec<String>,
    /// How often each kind of fact, stage and cause came.
    pub counts: BTreeMap<String, u64>,
}

fn replay(what: String) -> Violation {
    Violation { invariant: 6, sentence: "replay of the journal is the live state", what }
}

impl Twin {
    pub fn new(stage: &Stage) -> Self {
        Self {
            state: State::default(),
            seq: Seq(0),
            deeds: 0,
            checks: Checks::new(stage.sim()),
            latest: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Takes in what is in the journal, checking every event, then compares with the live state where that has come as far.
    pub fn catch_up(&mut self, stage: &Stage, handle: &Handle) -> Result<(), Violation> {
        for stored in stage.memory().stored(self.seq, usize::MAX) {
            let (seq, event) = stored.decode().map_err(|error| replay(error.to_string()))?;
            self.take(stage, seq, &event)?;
        }
        let same = handle.read_at(|seq, live| seq != self.seq || *live == self.state);
        if !same {
            let live = handle.read(|live| difference(live, &self.state));
            return Err(replay(format!("at event {} the live state is another: {live}", self.seq)));
        }
        Ok(())
    }

    fn take(&mut self, stage: &Stage, seq: Seq, event: &Event) -> Result<(), Violation> {
        let deeds = stage.sim().deeds(self.deeds);
        self.deeds += deeds.len();
        let before = self.state.clone();
        let outcome = self.state.step(event);
        self.seq = seq;
        self.remember(event);
        if seq.0.is_multiple_of(ROUND_TRIP_EVERY) {
            self.round_trip()?;
        }
        let (state, before, outcome) = (&self.state, &before, &outcome);
        let moment = Moment { seq, event, before, state, outcome, deeds: &deeds };
        count(&mut self.counts, &moment);
        self.checks.after(&moment)
    }

    fn remember(&mut self, event: &Event) {
        if self.latest.len() >= REMEMBERED {
            self.latest.remove(0);
        }
        let sentence = tidegate::engine::describe::sentence(&self.state, event);
        self.latest.push(format!(
            "{} {} {}: {sentence}",
            self.seq,
            event.at.hours_minutes_seconds(),
            event.by
        ));
    }

    fn round_trip(&self) -> Result<(), Violation> {
        let text = serde_json::to_string(&self.state).map_err(|error| replay(error.to_string()))?;
        let mut read: State = serde_json::from_str(&text).map_err(|error| replay(error.to_string()))?;
        read.restore_derived();
        if read == self.state {
            Ok(())
        } else {
            Err(replay("a state is another after its own JSON".to_owned()))
        }
    }

    /// The whole journal, from the first event.
    pub fn full_replay(&self, stage: &Stage) -> Result<(), Violation> {
        let mut state = State::default();
        for stored in stage.memory().stored(Seq(0), usize::try_from(self.seq.0).unwrap_or(usize::MAX)) {
            let (_, event) = stored.decode().map_err(|error| replay(error.to_string()))?;
            state.step(&event);
        }
        if state == self.state { Ok(()) } else { Err(replay("a full replay gives another state".to_owned())) }
    }
}

/// Notes what kind of fact it was, and which stages it led to.
fn count(counts: &mut BTreeMap<String, u64>, moment: &Moment<'_>) {
    let mut one = |what: String| *counts.entry(what).or_default() += 1;
    one(format!("event {}", moment.event.kind.word()));
    for (run, step) in
        moment.state.rollouts.values().flat_map(|run| run.steps.values().map(|step| (run.id, step)))
    {
        let old = moment.before.node_step_of(run, &step.key).map(tidegate::engine::NodeStep::word);
        if old != Some(step.word()) {
            one(format!("stage node {}", step.word()));
        }
    }
    for (run, steps) in moment.state.runs.values().map(|run| (run.id, &run.steps)) {
        for step in steps.values() {
            let old = moment.before.step_of(run, &step.key).map(tidegate::engine::Step::word);
            if old != Some(step.word()) {
                let kind = if step.deploy().is_some() { "deploy" } else { "image" };
                one(format!("stage {kind} {}", step.word()));
            }
        }
    }
}

/// The first line in which two states differ.
fn difference(live: &State, twin: &State) -> String {
    let (live, twin) = (format!("{live:#?}"), format!("{twin:#?}"));
    let mut lines = live.lines().zip(twin.lines()).enumerate();
    match lines.find(|(_, (a, b))| a != b) {
        Some((number, (a, b))) => format!("line {number}: {} / {}", a.trim(), b.trim()),
        None => "one is longer".to_owned(),
    }
}
