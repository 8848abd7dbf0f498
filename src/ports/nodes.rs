//! The ports of a rollout: a fleet's nodes, and who makes and removes machines. The invariants of [`super`] hold here too.

use super::Reporter;
use crate::model::PoolName;
use crate::model::nodes::{
    AdmitJob, AvailJob, DeprovisionJob, Machine, NodeLook, NodeReport, PreflightJob, PreflightReport,
    ProvisionJob, ProvisionReport, RetireJob, ShiftJob, ShiftReport, UpdateJob,
};
use crate::model::reports::{Answer, Unreachable};
use async_trait::async_trait;

/// The nodes of one orchestrator.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// All of its nodes, with what runs on each.
    async fn nodes(&self) -> Answer<Vec<NodeLook>>;

    /// What emptying a node would meet; touches nothing. `None`: there is no such node.
    async fn preflight(&self, job: &PreflightJob) -> Answer<Option<PreflightReport>>;

    /// Moves all work off a node as [`ShiftJob`] says. Takes minutes; tells the reporter how far it is. A dropped call leaves what a second
    /// one goes on from, and what an [`avail`](Self::avail) to `Active` takes back.
    async fn shift(&self, job: &ShiftJob, reporter: &dyn Reporter) -> Answer<ShiftReport>;

    /// Sets whether work may be placed on a node, as [`AvailJob`] says. Within 2 s of the call the node can take work again. A cordon is
    /// answered by [`NodeReport::Cordoned`].
    async fn avail(&self, job: &AvailJob) -> Answer<NodeReport>;

    /// Gives a node that joined its labels and role.
    async fn admit(&self, job: &AdmitJob) -> Answer<NodeReport>;

    /// Takes a node out of the fleet, whether it is up or not. The machine itself is the provisioner's.
    async fn retire(&self, job: &RetireJob) -> Answer<NodeReport>;
}

/// Makes and removes the machines of pools by commands of the user's.
#[async_trait]
pub trait Provisioner: Send + Sync {
    /// Makes a machine that will join the fleet by itself.
    async fn provision(
        &self,
        job: &ProvisionJob,
        reporter: &dyn Reporter,
    ) -> Answer<ProvisionReport<Machine>>;

    /// Removes one.
    async fn deprovision(&self, job: &DeprovisionJob, reporter: &dyn Reporter)
    -> Answer<ProvisionReport<()>>;

    /// All machines of a pool, also those that never joined.
    async fn list(&self, pool: &PoolName) -> Answer<ProvisionReport<Vec<Machine>>>;

    /// Updates a node where it stands.
    async fn update(&self, job: &UpdateJob, reporter: &dyn Reporter) -> Answer<ProvisionReport<()>>;
}

/// The provisioner of a world without pools: it makes nothing, and says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProvisioner;

impl NoProvisioner {
    fn says<T>(pool: &PoolName) -> Answer<T> {
        let why = "machines of this pool cannot be made here".to_owned();
        Answer::Unreachable(Unreachable { who: format!("provisioner of {pool}"), why, retry_after: None })
    }
}

#[async_trait]
impl Provisioner for NoProvisioner {
    async fn provision(&self, job: &ProvisionJob, _: &dyn Reporter) -> Answer<ProvisionReport<Machine>> {
        Self::says(&job.pool)
    }

    async fn deprovision(&self, job: &DeprovisionJob, _: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        Self::says(&job.pool)
    }

    async fn list(&self, pool: &PoolName) -> Answer<ProvisionReport<Vec<Machine>>> {
        Self::says(pool)
    }

    async fn update(&self, job: &UpdateJob, _: &dyn Reporter) -> Answer<ProvisionReport<()>> {
        Self::says(&job.pool)
    }
}
