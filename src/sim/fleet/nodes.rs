//! The calls of [`ports::Nodes`], with answers that are late, lost or refused; and changes to a node's labels and place in the fleet.

use super::port::Port;
use super::{Around, FleetPart};
use crate::model::nodes::{
    AdmitJob, AvailJob, Availability, NodeLook, NodeReport, PreflightJob, PreflightReport, RetireJob,
    ShiftJob, ShiftReport,
};
use crate::model::reports::Answer;
use crate::model::{NodeId, Span, Timestamp};
use crate::ports::{self, Reporter};
use crate::sim::deeds::{Doing, NodeDeed};
use crate::sim::file::{Drains, Fleet as Answers};
use async_trait::async_trait;

/// Between two looks at what a shift moves.
const LOOKS_EVERY: Span = Span::from_millis(500);

impl FleetPart {
    fn change(&mut self, name: &NodeId, does: impl FnOnce(&mut Self) -> bool) -> NodeReport {
        if self.find_node(name).is_none() {
            return NodeReport::Gone;
        }
        if self.answers == Answers::Refuses {
            return NodeReport::Refused("rpc error: code = PermissionDenied".to_owned());
        }
        NodeReport::Done { found: !does(self) }
    }

    fn avail(&mut self, job: &AvailJob, at: Timestamp, around: &mut Around<'_>) -> NodeReport {
        let name = &job.node.name;
        let by = Self::effect(&job.id);
        if job.want == Availability::Cordoned {
            return match self.change(name, |fleet| fleet.cordon(name, by, at, around)) {
                NodeReport::Done { found } => NodeReport::Cordoned { found, work: self.work_on(name) },
                other => other,
            };
        }
        self.change(name, |fleet| {
            fleet.take_back(name, at, around);
            fleet.set_availability(name, job.want, by, at, around)
        })
    }

    fn admit(&mut self, job: &AdmitJob) -> NodeReport {
        self.change(&job.node.name, |fleet| {
            let Some(node) = fleet.find_node(&job.node.name) else { return false };
            let labels = (Some(job.pool.clone()), Some(job.release.clone()), job.zone.clone());
            let token = job.token.clone().or_else(|| node.token.clone());
            let found = (&node.pool, &node.label, &node.zone) == (&labels.0, &labels.1, &labels.2);
            let found = found && node.token == token;
            ((node.pool, node.label, node.zone), node.token) = (labels, token);
            !found
        })
    }

    fn retire(&mut self, job: &RetireJob, at: Timestamp, around: &mut Around<'_>) -> NodeReport {
        let name = &job.node.name;
        let namesake = |fleet: &mut Self| {
            let node = fleet.find_node(name);
            node.is_some_and(|node| job.uid.as_ref().is_some_and(|uid| *uid != node.uid))
        };
        if namesake(self) {
            return NodeReport::Gone;
        }
        self.change(name, |fleet| {
            fleet.nodes.retain(|node| node.name != *name);
            let (node, is) = (fleet.node_ref(name), NodeDeed::Left);
            around.done(at, Self::effect(&job.id), Doing::Node { node, is });
            fleet.lose_tasks(name, at, around);
            true
        })
    }
}

impl Port {
    async fn change(
        &self,
        does: impl FnOnce(&mut FleetPart, Timestamp, &mut Around<'_>) -> NodeReport + Send,
    ) -> Answer<NodeReport> {
        self.call(|port, now| port.sim.in_fleet(&port.name, |fleet, around| does(fleet, now, around))).await
    }
}

#[async_trait]
impl ports::Nodes for Port {
    async fn nodes(&self) -> Answer<Vec<NodeLook>> {
        self.call(|port, _| port.with(|fleet| fleet.node_looks())).await
    }

    async fn preflight(&self, job: &PreflightJob) -> Answer<Option<PreflightReport>> {
        self.call(|port, _| port.with(|fleet| fleet.preflight(job))).await
    }

    async fn shift(&self, job: &ShiftJob, reporter: &dyn Reporter) -> Answer<ShiftReport> {
        let due = self.sim.now() + job.timeout;
        let begins =
            |fleet: &mut FleetPart, now, around: &mut Around<'_>| fleet.shift_begins(job, now, around);
        reporter.line(&format!("node {} takes no new work", job.from.name));
        let mut answer =
            self.call(|port, now| port.sim.in_fleet(&port.name, |f, around| begins(f, now, around))).await;
        loop {
            match answer {
                Answer::Done(Some(report)) => return Answer::Done(report),
                Answer::Done(None) => {}
                Answer::Unreachable(silence) => return Answer::Unreachable(silence),
            }
            self.sim.pause(LOOKS_EVERY).await;
            if self.with(|fleet| fleet.drains) == Drains::Hangs {
                std::future::pending::<()>().await;
            }
            answer = self
                .call(|port, now| {
                    let looks = |fleet: &mut FleetPart, around: &mut Around<'_>| {
                        fleet.shift_goes_on(job, now >= due, now, around)
                    };
                    port.sim.in_fleet(&port.name, looks)
                })
                .await;
        }
    }

    async fn avail(&self, job: &AvailJob) -> Answer<NodeReport> {
        self.change(|fleet, now, around| fleet.avail(job, now, around)).await
    }

    async fn admit(&self, job: &AdmitJob) -> Answer<NodeReport> {
        self.change(|fleet, _, _| fleet.admit(job)).await
    }

    async fn retire(&self, job: &RetireJob) -> Answer<NodeReport> {
        self.change(|fleet, now, around| fleet.retire(job, now, around)).await
    }
}
