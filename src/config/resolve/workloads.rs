//! Workloads: that their fleets, images and gates are there, and that their probes can work.

use super::super::file::{ProbeFile, WorkloadFile};
use super::super::read::{At, Place, nearest};
use super::{Resolver, value};
use crate::model::setup::{FleetSetup, Gate, GateBefore, ProbeSpec, Recipe, Workload};
use crate::model::{FleetName, GateName, ImageRef, WorkloadId};
use std::collections::BTreeMap;

const SECTION: &str = "[[workload]]";
const PROBE: &str = "[[workload.probe]]";

impl Resolver<'_> {
    pub(super) fn workloads(
        &mut self,
        workloads: &[At<WorkloadFile>],
        gates: &BTreeMap<GateName, Gate>,
        fleets: &BTreeMap<FleetName, FleetSetup>,
        recipes: &BTreeMap<ImageRef, Recipe>,
    ) -> BTreeMap<WorkloadId, Workload> {
        let mut out = BTreeMap::new();
        let mut lines: BTreeMap<WorkloadId, usize> = BTreeMap::new();
        for at in workloads {
            let file = &at.value;
            let fleet = self.fleet_of(at, fleets);
            let name = value(file.service.as_ref());
            let workload = self.workload(at, gates, recipes);
            let (Some(fleet), Some(name)) = (fleet, name) else { continue };
            let id = WorkloadId { fleet, name };
            if let Some(first) = lines.insert(id.clone(), at.line) {
                self.error(
                    at.line,
                    format!("the workload {id} is there twice; the other one is at line {first}"),
                    "take one out",
                );
            }
            out.extend(workload.map(|workload| (id, workload)));
        }
        out
    }

    fn fleet_of(
        &mut self,
        at: &At<WorkloadFile>,
        fleets: &BTreeMap<FleetName, FleetSetup>,
    ) -> Option<FleetName> {
        let name = value(at.value.fleet.as_ref())?;
        if !fleets.contains_key(&name) {
            let line = at.value.fleet.as_ref().map_or(at.line, |fleet| fleet.line);
            let near = nearest(name.as_str(), fleets.keys().map(FleetName::as_str));
            let hint =
                near.map_or_else(|| format!("add [fleet.{name}]"), |near| format!("did you mean {near:?}?"));
            self.error(line, format!("{SECTION} names the fleet {name:?}, which is not there"), hint);
        }
        Some(name)
    }

    fn workload(
        &mut self,
        at: &At<WorkloadFile>,
        gates: &BTreeMap<GateName, Gate>,
        recipes: &BTreeMap<ImageRef, Recipe>,
    ) -> Option<Workload> {
        let file = &at.value;
        let probes = file.probe.value.iter().filter_map(|probe| self.probe(probe)).collect();
        let gate = self.gate_of(file.gate.as_ref(), gates, GateBefore::Deploy, SECTION);
        let deadline = self.positive(&file.deadline, "deadline", SECTION);
        let image = value(file.image.as_ref())?;
        if !recipes.contains_key(&image) {
            let line = file.image.as_ref().map_or(at.line, |image| image.line);
            let names: Vec<String> = recipes.keys().map(ToString::to_string).collect();
            let near = nearest(&image.to_string(), names.iter().map(String::as_str)).map(str::to_owned);
            let hint = near.map_or_else(
                || "add a [[recipe]] for it".to_owned(),
                |near| format!("did you mean {near:?}?"),
            );
            self.error(line, format!("{SECTION} runs {image}, which no recipe builds"), hint);
        }
        Some(Workload {
            image,
            order: file.order.value,
            soak: file.soak.value,
            deadline,
            probes,
            on_failure: file.on_failure.value,
            accept_running: file.accept_running.value,
            gate,
            owner: value(file.owner.as_ref()),
        })
    }

    fn probe(&mut self, at: &At<ProbeFile>) -> Option<ProbeSpec> {
        let file = &at.value;
        let every = self.positive(&file.every, "every", PROBE);
        let timeout = self.positive(&file.timeout, "timeout", PROBE);
        let status = u16::try_from(file.status.value).ok().filter(|status| (100..600).contains(status));
        if status.is_none() {
            let place = Place { key: "status", section: PROBE };
            self.error(
                file.status.line,
                format!("{place} is {}", file.status.value),
                "write a status from 100 to 599",
            );
        }
        let url = value(file.url.as_ref())?;
        let line = file.url.as_ref().map_or(at.line, |url| url.line);
        let left = url.replace("{node}", "node");
        if !(left.starts_with("http://") || left.starts_with("https://")) || left.contains(['{', '}', ' ']) {
            let place = Place { key: "url", section: PROBE };
            self.error(
                line,
                format!("{place} is {url:?}"),
                "write for example \"http://{node}:8080/health\"",
            );
        }
        let body = value(file.body.as_ref());
        Some(ProbeSpec { url, status: status?, body, every, timeout, budget: file.budget.value })
    }
}
