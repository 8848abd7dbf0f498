//! One task. What it does follows from when it was made and what it runs: its whole life is known when it is made.

use super::node::Place;
use super::service::{Service, Spec};
use crate::model::reports::TaskState;
use crate::model::{NodeId, Span, TaskId, Timestamp};
use crate::sim::content::Contents;
use crate::sim::dice::Dice;
use crate::sim::file::{Checks, How};

/// How long the orchestrator waits for a task to become healthy.
const HEALTHY_WITHIN: Span = Span::from_secs(30);
/// How long a health check must fail until its task is killed.
const KILLED_AFTER: Span = Span::from_secs(10);
/// How long a task takes to stop.
const STOPS_IN: Span = Span::from_secs(1);

/// One task.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub id: TaskId,
    pub slot: u32,
    pub node: Option<NodeId>,
    pub address: String,
    /// What it was made from.
    pub spec: Spec,
    pub state: TaskState,
    /// Why it does not run.
    pub message: Option<String>,
    /// When it ended unasked, and how.
    pub ended: Option<(Timestamp, i64, String)>,
    /// What comes next by itself, and when.
    pub next: Option<(Timestamp, Next)>,
    /// From when on requests to it fail.
    pub sick_from: Option<Timestamp>,
    /// When it ends after it runs, and how.
    dies: Option<(Timestamp, i64, &'static str)>,
}

/// What a task does next by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It runs, and passed its health check.
    Runs,
    /// Requests begin to fail; nothing else happens.
    Sickens,
    /// It ends.
    Ends(i64, &'static str),
    /// It has stopped, as it was asked to.
    Stopped,
    /// Its slot is given another one.
    BegunAnew,
}

impl Task {
    fn new(service: &Service, slot: u32, number: u64, node: Option<NodeId>) -> Self {
        let id = format!("{}-{slot}-{number}", service.id.name);
        Self {
            id: id.parse().expect("a workload's name and two numbers are a name"),
            slot,
            node,
            address: format!("10.{}.{}.{}:8080", number >> 16 & 255, number >> 8 & 255, number & 255),
            spec: service.spec.clone(),
            state: TaskState::Pending,
            message: None,
            ended: None,
            next: None,
            sick_from: None,
            dies: None,
        }
    }

    /// One that has been running, and is well.
    pub fn running(service: &Service, slot: u32, number: u64, node: Option<NodeId>) -> Self {
        Self { state: TaskState::Running, ..Self::new(service, slot, number, node) }
    }

    /// One that is started now.
    pub fn started(
        service: &Service,
        slot: u32,
        number: u64,
        place: Place,
        now: Timestamp,
        contents: &Contents,
        dice: Dice,
    ) -> Self {
        let mut task = Self::new(service, slot, number, place.node);
        let Some(digest) = service.spec.digest.clone() else {
            task.message = Some(format!("No such image: {}", service.spec.image));
            return task;
        };
        if task.node.is_none() {
            task.message = Some("no suitable node (no node is available for it)".to_owned());
            return task;
        }
        let starts = dice.about(service.workload.starts_in.0, &format!("start of {}", task.id));
        task.state = TaskState::Starting;
        let shown = contents.of_workload(&digest, &service.id).into_iter().chain(place.flaws);
        task.live(service, now + starts, shown);
        task
    }

    /// The life of a task that would run from `runs` on.
    fn live(&mut self, service: &Service, runs: Timestamp, shown: impl Iterator<Item = (How, Span)>) {
        let checked = matches!(service.workload.checks, Checks::Both | Checks::Engine);
        self.next = Some((runs, Next::Runs));
        for (how, after) in shown {
            let at = runs + after;
            match how {
                How::NoPlace => {
                    self.state = TaskState::Pending;
                    self.next = None;
                    self.message = Some("no suitable node (insufficient resources on 3 nodes)".to_owned());
                    return;
                }
                How::NeverHealthy if checked => {
                    self.next = Some((runs + HEALTHY_WITHIN, Next::Ends(137, UNHEALTHY)));
                    return;
                }
                How::NeverHealthy | How::HealthLies => self.sickens(runs.max(at)),
                How::Crashes => self.dies_at(at, 1, "task: non-zero exit (1)"),
                How::ExitsZero => self.dies_at(at, 0, "task: complete"),
                How::Sick => {
                    self.sickens(at);
                    if checked {
                        self.dies_at(at + KILLED_AFTER, 137, UNHEALTHY);
                    }
                }
                How::HealthHangs => {
                    if checked {
                        self.dies_at(at + KILLED_AFTER, 137, UNHEALTHY);
                    }
                }
                How::BuildFails | How::BuildHangs | How::TestsFail | How::TestsFlake | How::TestsHang => {}
            }
        }
    }

    fn sickens(&mut self, at: Timestamp) {
        self.sick_from = Some(self.sick_from.map_or(at, |other| other.min(at)));
    }

    fn dies_at(&mut self, at: Timestamp, exit: i64, message: &'static str) {
        if self.dies.is_none_or(|(other, _, _)| at < other) {
            self.dies = Some((at, exit, message));
        }
    }

    pub fn next_moment(&self) -> Option<Timestamp> {
        self.next.map(|(at, _)| at)
    }

    /// What comes after it has begun to run, or to be sick.
    pub fn after(&self, now: Timestamp) -> Option<(Timestamp, Next)> {
        let sick = self.sick_from.filter(|at| *at > now).map(|at| (at, Next::Sickens));
        let dies = self.dies.map(|(at, exit, message)| (at.max(now), Next::Ends(exit, message)));
        [sick, dies].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// It is asked to stop.
    pub fn stop(&mut self, now: Timestamp) {
        self.state = TaskState::Stopping;
        self.next = Some((now + STOPS_IN, Next::Stopped));
    }

    /// It ends now, unasked.
    pub fn end(&mut self, now: Timestamp, exit: i64, message: &str) {
        self.state = TaskState::Ended;
        self.ended = Some((now, exit, message.to_owned()));
        self.next = None;
    }

    /// Whether it is there, or on its way.
    pub fn lives(&self) -> bool {
        match self.state {
            TaskState::Pending | TaskState::Starting | TaskState::Running => true,
            TaskState::Stopping | TaskState::Ended => false,
        }
    }

    /// Whether a request to it is answered well now.
    pub fn answers(&self, now: Timestamp) -> bool {
        self.state == TaskState::Running && self.sick_from.is_none_or(|at| at > now)
    }
}

/// What the orchestrator says of a task that its health check gave up.
const UNHEALTHY: &str = "task: non-zero exit (137): dockerexec: unhealthy container";
