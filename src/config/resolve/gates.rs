//! Gates: who may approve what, and whether each is used where it belongs.

use super::super::file::{GateFile, heading};
use super::super::read::{At, nearest};
use super::{Resolver, value};
use crate::model::setup::{Gate, GateBefore, Recipe, Workload};
use crate::model::{GateName, ImageRef, WorkloadId};
use std::collections::BTreeMap;

impl Resolver<'_> {
    pub(super) fn gates(&mut self, gates: &BTreeMap<String, At<GateFile>>) -> BTreeMap<GateName, Gate> {
        let mut out = BTreeMap::new();
        for (name, at) in gates {
            let section = format!("[gate.{name}]");
            let before = value(at.value.before.as_ref());
            let gate = self.gate(&at.value, &section, before.unwrap_or(GateBefore::Deploy));
            if let Some(name) = heading(name, at.line, &mut self.reader) {
                out.insert(name, gate);
            }
        }
        out
    }

    fn gate(&mut self, file: &GateFile, section: &str, before: GateBefore) -> Gate {
        let approvers: std::collections::BTreeSet<String> = file.approvers.value.iter().cloned().collect();
        let approvals = file.approvals.value;
        if approvals == 0 {
            self.error(
                file.approvals.line,
                format!("`approvals` in {section} is 0"),
                "write 1 or more, or take the gate out of what uses it",
            );
        }
        if !approvers.is_empty() && approvers.len() < approvals as usize {
            self.error(
                file.approvers.line,
                format!(
                    "{section} wants {approvals} approvals and names {} who may give them",
                    approvers.len()
                ),
                "name more `approvers`, or want fewer `approvals`",
            );
        }
        let expires = file.expires.as_ref().map(|at| self.positive(at, "expires", section));
        Gate { before, approvals, approvers, expires }
    }

    /// A reference to a gate, if it leads to one that stands `before`.
    pub(super) fn gate_of(
        &mut self,
        used: Option<&At<GateName>>,
        gates: &BTreeMap<GateName, Gate>,
        before: GateBefore,
        section: &str,
    ) -> Option<GateName> {
        let used = used?;
        let name = &used.value;
        let Some(gate) = gates.get(name) else {
            let near = nearest(name.as_str(), gates.keys().map(GateName::as_str));
            let hint =
                near.map_or_else(|| format!("add [gate.{name}]"), |near| format!("did you mean {near:?}?"));
            self.error(used.line, format!("{section} names the gate {name:?}, which is not there"), hint);
            return None;
        };
        if gate.before != before {
            let wanted = match before {
                GateBefore::Publish => "publish",
                GateBefore::Deploy => "deploy",
            };
            self.error(
                used.line,
                format!("{section} names the gate {name:?}, which does not stand before {wanted}"),
                format!("name a gate with before = {wanted:?}"),
            );
            return None;
        }
        Some(name.clone())
    }

    pub(super) fn unused_gates(
        &mut self,
        gates: &BTreeMap<String, At<GateFile>>,
        recipes: &BTreeMap<ImageRef, Recipe>,
        workloads: &BTreeMap<WorkloadId, Workload>,
    ) {
        let of_recipes = recipes.values().filter_map(|recipe| recipe.gate.as_ref());
        let of_workloads = workloads.values().filter_map(|workload| workload.gate.as_ref());
        let used: Vec<&str> = of_recipes.chain(of_workloads).map(GateName::as_str).collect();
        for (name, at) in gates {
            if !used.contains(&name.as_str()) {
                self.warning(
                    at.line,
                    format!("nothing uses the gate {name:?}"),
                    "name it as `gate` of a recipe or workload",
                );
            }
        }
    }
}
