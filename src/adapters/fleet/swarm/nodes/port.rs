//! [`Nodes`] for a Swarm.

use super::change::several;
use super::preflight::{Own, preflight};
use super::view::Found;
use crate::adapters::fleet::swarm::manager::Trouble;
use crate::adapters::fleet::swarm::port::Swarm;
use crate::model::nodes::{
    AdmitJob, AvailJob, Finding, FindingKind, NodeLook, NodeReport, PreflightJob, PreflightReport, RetireJob,
    ShiftJob, ShiftReport,
};
use crate::model::reports::Answer;
use crate::model::text::clean;
use crate::ports::{Nodes, Reporter};
use async_trait::async_trait;
use serde_json::Value;

/// The label that a task's container has.
const OF_A_TASK: &str = "com.docker.swarm.task.id";

impl Swarm {
    async fn preflight_once(&self, job: &PreflightJob) -> Result<Option<PreflightReport>, Trouble> {
        let view = self.view().await?;
        let node = match view.find(&job.node.name) {
            Found::One(member) => member,
            Found::Nobody => return Ok(None),
            Found::Several => {
                let what = several(&job.node.name);
                let block = Finding { workload: None, kind: FindingKind::Unsettled, what };
                return Ok(Some(PreflightReport { blocks: vec![block], ..PreflightReport::default() }));
            }
        };
        let own = self.own_node().await?;
        let containers = if own == node.id { self.plain_containers().await? } else { Vec::new() };
        Ok(Some(preflight(&view, node, job, &Own { node: own, containers })))
    }

    /// Names of the containers on our own engine that are no tasks.
    async fn plain_containers(&self) -> Result<Vec<String>, Trouble> {
        let all = self.manager.get("/containers/json").await?;
        let plain = all.as_array().into_iter().flatten().filter(|container| {
            container.pointer("/Labels").and_then(|labels| labels.get(OF_A_TASK)).is_none()
        });
        let name =
            |container: &Value| container.pointer("/Names/0").and_then(Value::as_str).map(str::to_owned);
        Ok(plain.filter_map(name).map(|name| clean(name.trim_start_matches('/'), 100)).collect())
    }
}

#[async_trait]
impl Nodes for Swarm {
    async fn nodes(&self) -> Answer<Vec<NodeLook>> {
        self.answer(self.view().await.map(|view| view.looks()))
    }

    async fn preflight(&self, job: &PreflightJob) -> Answer<Option<PreflightReport>> {
        self.answer(self.preflight_once(job).await)
    }

    async fn shift(&self, job: &ShiftJob, reporter: &dyn Reporter) -> Answer<ShiftReport> {
        self.answer(self.shift_once(job, reporter).await)
    }

    async fn avail(&self, job: &AvailJob) -> Answer<NodeReport> {
        self.answer(self.avail_once(job).await)
    }

    async fn admit(&self, job: &AdmitJob) -> Answer<NodeReport> {
        self.answer(self.admit_once(job).await)
    }

    async fn retire(&self, job: &RetireJob) -> Answer<NodeReport> {
        self.answer(self.retire_once(job).await)
    }
}
