//! Changes to nodes and machines: only under a fresh claim of ours on the fleet. A preflight and a look at the list change nothing and need none.

use super::super::reporter::Sink;
use super::super::shared::Shared;
use super::change::may;
use super::look::{name_of, nobody};
use crate::engine::EventKind;
use crate::model::nodes::{
    AdmitJob, AvailJob, DeprovisionJob, FindJob, Machine, NodeReport, PreflightJob, PreflightReport,
    ProvisionJob, ProvisionReport, RetireJob, ShiftJob, ShiftReport, UpdateJob,
};
use crate::model::reports::{Answer, Unreachable};
use crate::model::{FleetName, PoolName, limits};
use crate::ports::Nodes;
use std::sync::Arc;

pub(super) async fn preflight(shared: &Shared, job: &PreflightJob) -> EventKind {
    let answer = match nodes_of(shared, &job.node.fleet) {
        Ok(nodes) => nodes.preflight(job).await,
        Err(unreachable) => Answer::<Option<PreflightReport>>::Unreachable(unreachable),
    };
    EventKind::NodePreflighted { id: job.id.clone(), answer }
}

pub(super) async fn provision(shared: &Arc<Shared>, job: &ProvisionJob) -> EventKind {
    let answer = match pool(shared, &job.pool).await {
        Ok(()) => shared.world.provisioner.provision(job, &Sink::new(shared, &job.id)).await,
        Err(unreachable) => Answer::<ProvisionReport<Machine>>::Unreachable(unreachable),
    };
    EventKind::NodeProvisioned { id: job.id.clone(), answer }
}

pub(super) async fn find(shared: &Shared, job: &FindJob) -> EventKind {
    let answer = match shared.world.provisioner.list(&job.pool).await {
        Answer::Done(ProvisionReport::Done(machines)) => {
            let of_token = |machine: &Machine| machine.token.as_ref() == Some(&job.token);
            Answer::Done(ProvisionReport::Done(machines.into_iter().find(of_token)))
        }
        Answer::Done(ProvisionReport::Failed { what, stderr }) => {
            Answer::Done(ProvisionReport::Failed { what, stderr })
        }
        Answer::Unreachable(unreachable) => Answer::Unreachable(unreachable),
    };
    EventKind::MachineFound { id: job.id.clone(), answer }
}

pub(super) async fn shift(shared: &Arc<Shared>, job: &ShiftJob) -> EventKind {
    let answer = match claimed(shared, &job.from.fleet).await {
        Ok(nodes) => nodes.shift(job, &Sink::new(shared, &job.id)).await,
        Err(unreachable) => Answer::<ShiftReport>::Unreachable(unreachable),
    };
    EventKind::NodeShifted { id: job.id.clone(), answer }
}

pub(super) async fn avail(shared: &Shared, job: &AvailJob) -> EventKind {
    let answer = match claimed(shared, &job.node.fleet).await {
        Ok(nodes) => nodes.avail(job).await,
        Err(unreachable) => Answer::<NodeReport>::Unreachable(unreachable),
    };
    EventKind::NodeChanged { id: job.id.clone(), answer }
}

pub(super) async fn admit(shared: &Shared, job: &AdmitJob) -> EventKind {
    let answer = match claimed(shared, &job.node.fleet).await {
        Ok(nodes) => nodes.admit(job).await,
        Err(unreachable) => Answer::<NodeReport>::Unreachable(unreachable),
    };
    EventKind::NodeChanged { id: job.id.clone(), answer }
}

pub(super) async fn retire(shared: &Shared, job: &RetireJob) -> EventKind {
    let answer = match claimed(shared, &job.node.fleet).await {
        Ok(nodes) => nodes.retire(job).await,
        Err(unreachable) => Answer::<NodeReport>::Unreachable(unreachable),
    };
    EventKind::NodeChanged { id: job.id.clone(), answer }
}

pub(super) async fn update(shared: &Arc<Shared>, job: &UpdateJob) -> EventKind {
    let answer = match pool(shared, &job.pool).await {
        Ok(()) => shared.world.provisioner.update(job, &Sink::new(shared, &job.id)).await,
        Err(unreachable) => Answer::<ProvisionReport<()>>::Unreachable(unreachable),
    };
    EventKind::NodeUpdated { id: job.id.clone(), answer }
}

pub(super) async fn deprovision(shared: &Arc<Shared>, job: &DeprovisionJob) -> EventKind {
    let answer = match removable(shared, job).await {
        Ok(()) => shared.world.provisioner.deprovision(job, &Sink::new(shared, &job.id)).await,
        Err(unreachable) => Answer::<ProvisionReport<()>>::Unreachable(unreachable),
    };
    EventKind::NodeRemoved { id: job.id.clone(), answer }
}

/// The pool's fleet is ours, and a node that must not be used is not, as the fleet has it now.
async fn removable(shared: &Shared, job: &DeprovisionJob) -> Result<(), Unreachable> {
    pool(shared, &job.pool).await?;
    let Some(node) = &job.unused else { return Ok(()) };
    let looks = match shared.within(limits::LOOK_STALE, nodes_of(shared, &node.fleet)?.nodes()).await {
        Some(Answer::Done(looks)) => looks,
        Some(Answer::Unreachable(unreachable)) => return Err(unreachable),
        None => return Err(nobody(name_of(&node.fleet), format!("no answer within {}", limits::LOOK_STALE))),
    };
    let used = looks.iter().any(|look| look.name == node.name && !look.is_unused());
    if used || looks.is_empty() {
        return Err(nobody(format!("machine {node}"), "its node may be used; it is not removed".to_owned()));
    }
    Ok(())
}

/// The fleet's nodes, once the fleet is known to be ours.
async fn claimed<'a>(shared: &'a Shared, fleet: &FleetName) -> Result<&'a dyn Nodes, Unreachable> {
    let nodes = nodes_of(shared, fleet)?;
    may(shared, fleet).await.map(|()| nodes)
}

pub(in crate::daemon) fn nodes_of<'a>(
    shared: &'a Shared,
    fleet: &FleetName,
) -> Result<&'a dyn Nodes, Unreachable> {
    let why = || "this fleet's nodes cannot be changed yet".to_owned();
    let nodes = shared.world.nodes.get(fleet);
    nodes.map(|nodes| &**nodes).ok_or_else(|| nobody(name_of(fleet), why()))
}

/// A pool's machines are changed only while its fleet is ours: another daemon may be at work on the same pool.
async fn pool(shared: &Shared, pool: &PoolName) -> Result<(), Unreachable> {
    let fleet = shared.read(|state| state.setup.pools.get(pool).map(|pool| pool.fleet.clone()));
    let why = || "it is not in the configuration any more".to_owned();
    let fleet = fleet.ok_or_else(|| nobody(format!("pool {pool}"), why()))?;
    may(shared, &fleet).await
}
