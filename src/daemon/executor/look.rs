//! One look at a workload with one round of probes.

use super::super::shared::Shared;
use super::probing::{Probing, Question};
use crate::engine::EventKind;
use crate::model::jobs::LookJob;
use crate::model::reports::{Answer, Look, LookReport, ProbeAnswer, Unreachable};
use crate::model::setup::ProbeSpec;
use crate::model::{FleetName, WorkloadId, limits};
use crate::ports::Fleet;
use futures_util::stream::{self, StreamExt as _};

pub(super) async fn look(shared: &Shared, job: &LookJob) -> EventKind {
    let answer = match once(shared, &job.workload).await {
        Answer::Done(LookReport::Seen(look)) => {
            Answer::Done(LookReport::Seen(Box::new(probed(shared, *look, job.probes.clone()).await)))
        }
        other => other,
    };
    EventKind::WorkloadLooked { id: job.id.clone(), answer }
}

/// Asks the fleet, for at most [`LOOK_STALE`](limits::LOOK_STALE).
pub(super) async fn once(shared: &Shared, workload: &WorkloadId) -> Answer<LookReport> {
    let fleet = match fleet_of(shared, workload) {
        Ok(fleet) => fleet,
        Err(unreachable) => return Answer::Unreachable(unreachable),
    };
    let answer = shared.within(limits::LOOK_STALE, fleet.look(workload, shared.now())).await;
    let late = || format!("no answer within {}", limits::LOOK_STALE);
    answer.unwrap_or_else(|| Answer::Unreachable(nobody(name_of(&workload.fleet), late())))
}

async fn probed(shared: &Shared, mut look: Look, specs: Vec<ProbeSpec>) -> Look {
    let mut probing = Probing::new(specs, look.at);
    let questions = probing.due(&look, look.at, usize::MAX);
    let asked = questions.into_iter().map(|question| ask(shared, question));
    let answers: Vec<_> = stream::iter(asked).buffer_unordered(limits::PROBES_AT_ONCE).collect().await;
    for (question, answer) in answers {
        probing.answered(&question, answer, &look, shared.now());
    }
    probing.onto(&mut look);
    look
}

pub(super) async fn ask(shared: &Shared, question: Question) -> (Question, ProbeAnswer) {
    let answer = shared.world.prober.probe(&question.spec, &question.address).await;
    (question, answer)
}

pub(super) fn fleet_of<'a>(shared: &'a Shared, workload: &WorkloadId) -> Result<&'a dyn Fleet, Unreachable> {
    let why = || "this daemon was started without it; start it again after a fleet was added".to_owned();
    let fleet = shared.world.fleets.get(&workload.fleet);
    fleet.map(|fleet| &**fleet).ok_or_else(|| nobody(name_of(&workload.fleet), why()))
}

/// What a fleet is called as a source of facts.
pub(super) fn name_of(fleet: &FleetName) -> String {
    format!("fleet {fleet}")
}

pub(super) fn nobody(who: String, why: String) -> Unreachable {
    Unreachable { who, why, retry_after: None }
}
