//! A story as lines: what was said, what became a fact, and what followed from it.
//!
//! ```text
//!   01:19:54 * Upstream patches OpenSSL in debian:jessie.             what the file says
//!   01:19:55   debian:jessie moved 9f3c→b71e                          a fact of the journal
//!   01:19:55     run 1 dotnet:1.0.1-core building                     what followed from it
//! ```

use super::{Stage, words};
use crate::daemon::Reply;
use crate::engine::describe::{sentence, subject};
use crate::engine::{Event, EventKind, State};
use crate::journal::ReadError;
use crate::model::{IncidentId, RunId, Seq, Span, StepKey, Timestamp};
use crate::ports::Clock;
use crate::sim::file::{Entry, Happens};
use std::collections::BTreeMap;
use std::io;
use tokio::sync::mpsc;

/// Between two readings of the journal.
const EVERY: Span = Span::from_millis(100);

/// A stage and what was told of it so far.
pub struct Story<'a> {
    stage: &'a Stage,
    told: Seq,
    /// The engine's state after the last fact that was told: each fact is told from the state right after it.
    state: State,
    shown: Shown,
}

/// What was told of steps and incidents.
#[derive(Default, PartialEq)]
struct Shown {
    steps: BTreeMap<(RunId, StepKey), &'static str>,
    incidents: BTreeMap<IncidentId, bool>,
}

impl<'a> Story<'a> {
    /// Nothing was told yet.
    pub fn of(stage: &'a Stage) -> Self {
        Self { stage, told: Seq(0), state: State::default(), shown: Shown::default() }
    }

    /// Plays the stage's story and tells it, line by line, until its last entry.
    ///
    /// # Errors
    /// A line could not be told, or the journal could not be read.
    pub async fn tell(&mut self, mut line: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        line(&format!("{}\n", self.stage.sim().file().title))?;
        let (sender, mut entries) = mpsc::unbounded_channel();
        let play = self.stage.play(move |entry, reply| {
            // Nobody listens only when telling has failed.
            let _ = sender.send((entry.clone(), reply));
        });
        tokio::pin!(play);
        let mut playing = true;
        while playing {
            tokio::select! {
                biased;
                () = &mut play => playing = false,
                () = self.stage.sim().clock().sleep(EVERY) => {}
            }
            while let Ok((entry, reply)) = entries.try_recv() {
                self.catch_up(Some(&entry), &mut line)?;
                self.entry(&entry, reply.as_ref(), &mut line)?;
            }
            self.catch_up(None, &mut line)?;
        }
        Ok(())
    }

    /// Tells the facts that have come; those up to an entry of the story only, when there is one.
    fn catch_up(
        &mut self,
        entry: Option<&Entry>,
        line: &mut impl FnMut(&str) -> io::Result<()>,
    ) -> io::Result<()> {
        let until = entry.map(|entry| self.at(entry));
        let facts: Result<Vec<(Seq, Event)>, ReadError> = self.stage.handle().events(self.told, usize::MAX);
        for (seq, event) in facts.map_err(io::Error::other)? {
            if until.is_some_and(|until| event.at >= until) {
                break;
            }
            self.told = seq;
            self.fact(&event, line)?;
        }
        Ok(())
    }

    fn at(&self, entry: &Entry) -> Timestamp {
        let clock = self.stage.sim().clock();
        clock.world() - clock.passed() + entry.at.0
    }

    fn entry(
        &self,
        entry: &Entry,
        reply: Option<&Reply>,
        line: &mut impl FnMut(&str) -> io::Result<()>,
    ) -> io::Result<()> {
        let at = self.at(entry).hours_minutes_seconds();
        if let Some(says) = &entry.says {
            line(&format!("{at} * {says}"))?;
        }
        match (entry.happens(), reply) {
            (Some(Happens::Person(person)), Some(Reply::Rejected { reason, .. })) => {
                line(&format!("{at}   {} was refused: {reason}", person.name))
            }
            (Some(Happens::Person(person)), None) => {
                line(&format!("{at}   {} found nothing to do", person.name))
            }
            // What was accepted is a fact, and told as one.
            (_, Some(Reply::Accepted { .. } | Reply::Already { .. } | Reply::Rejected { .. }) | None) => {
                Ok(())
            }
        }
    }

    fn fact(&mut self, event: &Event, line: &mut impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
        self.state.step(event);
        let at = event.at.hours_minutes_seconds();
        if is_told(&event.kind) {
            line(&format!("{at}   {}", sentence(&self.state, event)))?;
        }
        let now = Shown::of(&self.state);
        for ((run, step), word) in &now.steps {
            if self.shown.steps.get(&(*run, step.clone())) != Some(word) && *word != "waiting" {
                line(&format!("{at}     run {run}: {} {word}", subject(step)))?;
            }
        }
        for (id, incident) in &self.state.incidents {
            if !self.shown.incidents.contains_key(id) {
                line(&format!("{at}     incident {id}: {}", incident.cause))?;
            }
        }
        self.shown = now;
        Ok(())
    }
}

impl Shown {
    fn of(state: &State) -> Self {
        let steps = words::of_runs(state, state.each_run());
        let incidents = state.incidents.values().map(|incident| (incident.id, incident.closed.is_some()));
        Self { steps, incidents: incidents.collect() }
    }
}

/// What belongs to the process and not to the story is left out, and what leads to a line of its own.
fn is_told(kind: &EventKind) -> bool {
    let about_us = matches!(kind, EventKind::Installed { .. } | EventKind::DaemonStarted { .. });
    let first_sight = matches!(kind, EventKind::TagSeen { before: None, digest: Some(_), .. });
    !about_us && !first_sight && !kind.is_routine()
}
