//! Our own requests to the running tasks of the present spec: whom to ask when, and the count of what came. Pure.

use crate::model::reports::{Look, ProbeAnswer, ProbeFailure, ProbeTally, TaskLook, TaskState};
use crate::model::setup::ProbeSpec;
use crate::model::{Span, TaskId, Timestamp};
use std::collections::BTreeMap;

/// A configured request and the task it goes to.
type Asked = (usize, TaskId);

/// One request to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    asked: Asked,
    /// The task's place: `web.3`.
    task: String,
    /// What to ask.
    pub spec: ProbeSpec,
    /// The address of its node; empty when the URL does not name it.
    pub address: String,
}

/// What is known of one request to one task.
#[derive(Debug, Clone)]
struct Known {
    at: Timestamp,
    flying: bool,
    latest: Option<ProbeAnswer>,
}

/// All requests to one workload.
#[derive(Debug)]
pub(super) struct Probing {
    specs: Vec<ProbeSpec>,
    known: BTreeMap<Asked, Known>,
    tally: ProbeTally,
}

impl Probing {
    pub(super) fn new(specs: Vec<ProbeSpec>, since: Timestamp) -> Self {
        let tally =
            ProbeTally { since, total: 0, failed: 0, sick_tasks: 0, first: None, last: None, broken: None };
        Self { specs, known: BTreeMap::new(), tally }
    }

    /// The shortest time between two requests to the same task.
    pub(super) fn shortest(&self) -> Option<Span> {
        self.specs.iter().map(|spec| spec.every).min()
    }

    /// The requests to make now, so that at most `most` are on their way: what is on its way is not asked again.
    pub(super) fn due(&mut self, look: &Look, now: Timestamp, most: usize) -> Vec<Question> {
        self.known.retain(|(_, task), _| look.tasks.iter().any(|t| t.id == *task && probed(t)));
        self.tally.broken = None;
        let mut room = most.saturating_sub(self.known.values().filter(|known| known.flying).count());
        let mut questions = Vec::new();
        for task in look.tasks.iter().filter(|task| probed(task)) {
            for (nth, spec) in self.specs.iter().enumerate() {
                let asked = (nth, task.id.clone());
                let address = match (&task.address, spec.url.contains("{node}")) {
                    (Some(address), _) => address.clone(),
                    (None, false) => String::new(),
                    (None, true) => {
                        self.tally.broken =
                            Some(format!("{}: the address of its node is not known", task.name));
                        continue;
                    }
                };
                if room == 0 || !is_due(self.known.get(&asked), spec, now) {
                    continue;
                }
                room -= 1;
                let known =
                    self.known.entry(asked.clone()).or_insert(Known { at: now, flying: true, latest: None });
                (known.at, known.flying) = (now, true);
                questions.push(Question { asked, task: task.name.clone(), spec: spec.clone(), address });
            }
        }
        questions
    }

    /// Counts an answer, unless the task was told to stop meanwhile: what it says then is no sign of sickness.
    pub(super) fn answered(&mut self, question: &Question, answer: ProbeAnswer, look: &Look, now: Timestamp) {
        let Some(known) = self.known.get_mut(&question.asked) else { return };
        known.flying = false;
        if !look.tasks.iter().any(|task| task.id == question.asked.1 && probed(task)) {
            return;
        }
        self.tally.total = self.tally.total.saturating_add(1);
        if !answer.ok {
            let failure = failure(question, &answer, now);
            self.tally.failed = self.tally.failed.saturating_add(1);
            self.tally.first.get_or_insert_with(|| failure.clone());
            self.tally.last = Some(failure);
        }
        known.latest = Some(answer);
    }

    /// Writes the tally and each task's latest answer onto a look.
    pub(super) fn onto(&mut self, look: &mut Look) {
        if self.specs.is_empty() {
            return;
        }
        for task in look.tasks.iter_mut().filter(|task| probed(task)) {
            let latest = (0..self.specs.len())
                .filter_map(|nth| self.known.get(&(nth, task.id.clone()))?.latest.as_ref());
            // Of several requests the one that failed says more.
            task.probe = latest.max_by_key(|answer| !answer.ok).cloned();
        }
        let sick =
            look.tasks.iter().filter(|task| task.probe.as_ref().is_some_and(|answer| !answer.ok)).count();
        self.tally.sick_tasks = u32::try_from(sick).unwrap_or(u32::MAX);
        look.probes = Some(self.tally.clone());
    }
}

/// Only a running task of the present spec is asked.
fn probed(task: &TaskLook) -> bool {
    task.current && task.state == TaskState::Running
}

fn is_due(known: Option<&Known>, spec: &ProbeSpec, now: Timestamp) -> bool {
    known.is_none_or(|known| !known.flying && now.since(known.at) >= spec.every)
}

fn failure(question: &Question, answer: &ProbeAnswer, at: Timestamp) -> ProbeFailure {
    let what = answer.why.clone().unwrap_or_else(|| "not what was expected".to_owned());
    ProbeFailure { at, task: question.task.clone(), what }
}
