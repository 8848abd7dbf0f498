//! The calls of [`ports::Fleet`], with answers that are late, lost or refused; and our own requests.

use super::FleetPart;
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::limits::{CLAIM_STALE, ORCHESTRATOR_ANSWERS};
use crate::model::reports::{Answer, ChangeReport, LookReport, ProbeAnswer, Running, Unreachable};
use crate::model::setup::ProbeSpec;
use crate::model::{FleetName, Span, Timestamp, WorkloadId};
use crate::ports::{self, Claim, Claimed};
use crate::sim::file::Fleet as Answers;
use crate::sim::world::Sim;
use async_trait::async_trait;

/// How long an orchestrator takes to answer.
const ANSWERS_IN: Span = Span::from_millis(10);

/// One fleet of a world.
pub(in crate::sim) struct Port {
    pub sim: Sim,
    pub name: FleetName,
}

impl Port {
    /// Waits, does it, and waits for the answer to come back.
    pub(super) async fn call<T>(&self, does: impl FnOnce(&Self, Timestamp) -> T + Send) -> Answer<T>
    where
        T: Send,
    {
        let takes = match self.answers() {
            Answers::Slow(span) => span.0,
            Answers::Well | Answers::Away | Answers::LosesAnswers | Answers::Refuses => ANSWERS_IN,
        };
        self.sim.pause(takes.min(ORCHESTRATOR_ANSWERS)).await;
        if takes > ORCHESTRATOR_ANSWERS {
            return self.silent(&format!("no answer within {ORCHESTRATOR_ANSWERS}"));
        }
        if self.answers() == Answers::Away {
            return self.silent("connection refused");
        }
        let done = does(self, self.sim.now());
        // Who is killed here has done it and does not know.
        self.sim.pause(ANSWERS_IN).await;
        match self.answers() {
            Answers::LosesAnswers | Answers::Away => self.silent("connection reset by peer"),
            Answers::Well | Answers::Slow(_) | Answers::Refuses => Answer::Done(done),
        }
    }

    fn silent<T>(&self, why: &str) -> Answer<T> {
        let who = format!("fleet {}", self.name);
        Answer::Unreachable(Unreachable { who, why: why.to_owned(), retry_after: None })
    }

    fn answers(&self) -> Answers {
        self.sim.parts().fleets.get(&self.name).map_or(Answers::Away, |fleet| fleet.answers)
    }

    pub(super) fn with<T>(&self, does: impl FnOnce(&mut FleetPart) -> T) -> T {
        let mut parts = self.sim.parts();
        does(parts.fleets.get_mut(&self.name).expect("a port is made for each fleet of the world"))
    }
}

#[async_trait]
impl ports::Fleet for Port {
    async fn claim(&self, claim: &Claim) -> Answer<Claimed> {
        self.call(|port, _| {
            port.with(|fleet| match &fleet.claim {
                Some(old)
                    if old.install != claim.install
                        && claim.beat.since(old.beat) < CLAIM_STALE
                        && !claim.force =>
                {
                    Claimed::Theirs(old.clone())
                }
                Some(_) | None => {
                    fleet.claim = Some(claim.clone());
                    Claimed::Ours
                }
            })
        })
        .await
    }

    async fn workloads(&self) -> Answer<Vec<Running>> {
        self.call(|port, _| port.with(|fleet| fleet.list())).await
    }

    async fn look(&self, workload: &WorkloadId, at: Timestamp) -> Answer<LookReport> {
        self.call(|port, _| port.with(|fleet| fleet.look(workload, at))).await
    }

    async fn deploy(&self, job: &DeployJob) -> Answer<ChangeReport> {
        self.call(|port, now| port.sim.in_fleet(&port.name, |fleet, around| fleet.deploy(job, now, around)))
            .await
    }

    async fn restore(&self, job: &RestoreJob) -> Answer<ChangeReport> {
        self.call(|port, now| port.sim.in_fleet(&port.name, |fleet, around| fleet.restore(job, now, around)))
            .await
    }
}

#[async_trait]
impl ports::Prober for Sim {
    async fn probe(&self, spec: &ProbeSpec, address: &str) -> ProbeAnswer {
        let (now, dice) = (self.now(), self.fixed.dice);
        let answer = self.parts().fleets.values().find_map(|fleet| fleet.probe(spec, address, now, dice));
        let nobody = || ProbeAnswer {
            ok: false,
            took: Span::from_millis(1),
            why: Some("connection refused".to_owned()),
        };
        let answer = answer.unwrap_or_else(nobody);
        self.pause(answer.took).await;
        answer
    }
}
