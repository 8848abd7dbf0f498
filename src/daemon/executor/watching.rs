//! What a watch knows and has told. Pure: time and answers come in, news goes out.

use super::material::Material;
use super::probing::{Probing, Question};
use crate::model::jobs::WatchJob;
use crate::model::reports::{Answer, Look, LookReport, ProbeAnswer, Unreachable};
use crate::model::{Span, Timestamp, limits};

/// One watch.
#[derive(Debug)]
pub(super) struct Watching {
    probing: Probing,
    /// What the fleet said last.
    report: Option<LookReport>,
    /// What it says now: none while it does not answer.
    silence: Option<Unreachable>,
    /// When it answered last; at first, when the watch began.
    answered: Timestamp,
    /// When it was asked last, and whether that is still under way.
    asked: Option<Timestamp>,
    asking: bool,
    told: Told,
}

/// What the engine was told last.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Silent,
    Seen(Material),
}

impl Watching {
    pub(super) fn new(job: &WatchJob, now: Timestamp) -> Self {
        Self {
            probing: Probing::new(job.probes.clone(), now),
            report: None,
            silence: None,
            answered: now,
            asked: None,
            asking: false,
            told: Told::Nothing,
        }
    }

    /// Between two ticks: often enough for the looks and for the quickest probe.
    pub(super) fn tick(&self) -> Span {
        let shortest = self.probing.shortest().unwrap_or(limits::LOOK_EVERY);
        shortest.clamp(Span::from_millis(100), limits::LOOK_EVERY)
    }

    /// Whether the fleet is to be asked now; then it counts as asked.
    pub(super) fn look_now(&mut self, now: Timestamp) -> bool {
        let due = self.asked.is_none_or(|asked| now.since(asked) >= limits::LOOK_EVERY);
        let look = due && !self.asking;
        if look {
            (self.asked, self.asking) = (Some(now), true);
        }
        look
    }

    /// The requests to make now.
    pub(super) fn probes_now(&mut self, now: Timestamp) -> Vec<Question> {
        match &self.report {
            Some(LookReport::Seen(look)) => self.probing.due(look, now, limits::PROBES_AT_ONCE),
            Some(LookReport::Gone) | None => Vec::new(),
        }
    }

    /// The fleet answered, or not.
    pub(super) fn looked(&mut self, answer: Answer<LookReport>, now: Timestamp) {
        self.asking = false;
        match answer {
            Answer::Done(report) => {
                self.report = Some(report);
                (self.silence, self.answered) = (None, now);
            }
            Answer::Unreachable(unreachable) => self.silence = Some(unreachable),
        }
    }

    /// A task answered, or not.
    pub(super) fn probed(&mut self, question: &Question, answer: ProbeAnswer, now: Timestamp) {
        if let Some(LookReport::Seen(look)) = &self.report {
            self.probing.answered(question, answer, look, now);
        }
    }

    /// The latest look with the probes on it; none when the fleet does not answer now, or there is no such workload.
    pub(super) fn look(&mut self) -> Option<Look> {
        match (self.present()?, &self.silence) {
            (LookReport::Seen(look), None) => Some(*look),
            (LookReport::Seen(_) | LookReport::Gone, _) => None,
        }
    }

    /// What the engine must be told now, if anything; then it counts as told.
    ///
    /// 1. The fleet answers: what differs materially from what was told last.
    /// 2. It has not answered for [`LOOK_STALE`](limits::LOOK_STALE): that, once.
    pub(super) fn news(&mut self, now: Timestamp) -> Option<Answer<LookReport>> {
        match &self.silence {
            None => {
                let report = self.present()?;
                let told = Told::Seen(Material::of(&report));
                let new = told != self.told;
                self.told = told;
                new.then_some(Answer::Done(report))
            }
            Some(silence) => {
                let stale = now.since(self.answered) >= limits::LOOK_STALE && self.told != Told::Silent;
                let news = stale.then(|| Answer::Unreachable(silence.clone()));
                if stale {
                    self.told = Told::Silent;
                }
                news
            }
        }
    }

    fn present(&mut self) -> Option<LookReport> {
        let mut report = self.report.clone()?;
        if let LookReport::Seen(look) = &mut report {
            self.probing.onto(look);
        }
        Some(report)
    }
}
