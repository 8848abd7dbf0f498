//! Pools: that their fleets are there, that their strategy has the commands that it needs, and where those are.

use super::super::file::{PoolFile, heading};
use super::super::read::{At, Place, nearest};
use super::{Resolver, value};
use crate::model::nodes::{NodeLimits, Pool, PoolCommands, Strategy};
use crate::model::secret::Secret;
use crate::model::setup::FleetSetup;
use crate::model::{FleetName, PoolName};
use std::collections::{BTreeMap, BTreeSet};

/// What the engine knows of pools, and what only their adapter does.
pub(super) type Pools = (BTreeMap<PoolName, Pool>, BTreeMap<PoolName, PoolCommands>);

/// A command with its key.
type Named<'a> = (&'static str, &'a At<Vec<String>>);

impl Resolver<'_> {
    pub(super) fn pools(
        &mut self,
        pools: &BTreeMap<String, At<PoolFile>>,
        fleets: &BTreeMap<FleetName, FleetSetup>,
    ) -> Pools {
        let mut out = Pools::default();
        for (name, at) in pools {
            let section = format!("[pools.{name}]");
            let commands = self.commands(at, &section);
            self.commands_needed(at, &section);
            let pool = self.pool(&at.value, &section, fleets);
            let name: Option<PoolName> = heading(name, at.line, &mut self.reader);
            let (Some(name), Some(pool)) = (name, pool) else { continue };
            out.0.insert(name.clone(), pool);
            out.1.insert(name, commands);
        }
        out
    }

    fn pool(
        &mut self,
        file: &PoolFile,
        section: &str,
        fleets: &BTreeMap<FleetName, FleetSetup>,
    ) -> Option<Pool> {
        if file.waves.value.is_empty() && file.waves.is_set() {
            let place = Place { key: "waves", section };
            self.error(file.waves.line, format!("{place} is empty"), "write at least one size, such as [1]");
        }
        if file.max_unavailable.value == 0 {
            let place = Place { key: "max_unavailable", section };
            let message = format!("{place} is 0, so no node could ever be emptied");
            self.error(file.max_unavailable.line, message, "write 1 or more");
        }
        self.zones(&file.zones, section);
        let limits = self.limits(file, section);
        Some(Pool {
            fleet: self.pools_fleet(file, section, fleets)?,
            strategy: file.strategy.value,
            waves: file.waves.value.clone(),
            max_unavailable: file.max_unavailable.value,
            soak: file.soak.value,
            failure_budget: file.failure_budget.value,
            limits,
            zones: file.zones.value.clone(),
            automatic_after: value(file.automatic_after.as_ref()),
            own_node: value(file.own_node.as_ref()),
            owner: value(file.owner.as_ref()),
        })
    }

    fn pools_fleet(
        &mut self,
        file: &PoolFile,
        section: &str,
        fleets: &BTreeMap<FleetName, FleetSetup>,
    ) -> Option<FleetName> {
        let named = file.fleet.as_ref()?;
        let name = &named.value;
        if !fleets.contains_key(name) {
            let near = nearest(name.as_str(), fleets.keys().map(FleetName::as_str));
            let hint =
                near.map_or_else(|| format!("add [fleet.{name}]"), |near| format!("did you mean {near:?}?"));
            self.error(named.line, format!("{section} names the fleet {name:?}, which is not there"), hint);
        }
        Some(name.clone())
    }

    fn zones(&mut self, zones: &At<Vec<String>>, section: &str) {
        let mut seen = BTreeSet::new();
        for zone in &zones.value {
            let place = Place { key: "zones", section };
            if zone.is_empty() {
                self.error(zones.line, format!("{place} has an empty name"), "take it out");
            } else if !seen.insert(zone) {
                self.error(zones.line, format!("{place} names {zone:?} twice"), "take one out");
            }
        }
    }

    fn limits(&mut self, file: &PoolFile, section: &str) -> NodeLimits {
        let limits = &file.limits.value;
        let section = section.replace(']', ".limits]");
        NodeLimits {
            provision: self.positive(&limits.provision, "provision", &section),
            join: self.positive(&limits.join, "join", &section),
            shift: self.positive(&limits.shift, "shift", &section),
            update: self.positive(&limits.update, "update", &section),
        }
    }

    /// 1. Surge makes and removes machines; a pool that makes some by hand only (`in_place` with `provision`) needs all three as well.
    /// 2. In place updates them.
    fn commands_needed(&mut self, at: &At<PoolFile>, section: &str) {
        let file = &at.value;
        let makes =
            [("provision", &file.provision), ("deprovision", &file.deprovision), ("list", &file.list)];
        let (strategy, needed): (&str, &[Named<'_>]) = match file.strategy.value {
            Strategy::Surge => ("surge", &makes),
            Strategy::InPlace => ("in_place", &[("update", &file.update)]),
        };
        for (key, command) in needed {
            if !command.is_set() {
                let message = format!("{section} has the strategy {strategy} and no command `{key}`");
                self.error(at.line, message, "add it; docs/provisioner.md says what it gets and answers");
            }
        }
        let some = makes.iter().any(|(_, command)| command.is_set());
        let missing = makes.iter().find(|(_, command)| !command.is_set());
        if let (Strategy::InPlace, true, Some((key, _))) = (file.strategy.value, some, missing) {
            let message =
                format!("{section} has some of `provision`, `deprovision` and `list`, and no `{key}`");
            self.error(at.line, message, "add it, or take the others out");
        }
    }

    fn commands(&mut self, at: &At<PoolFile>, section: &str) -> PoolCommands {
        let file = &at.value;
        for name in file.env.value.keys().filter(|name| name.is_empty() || name.contains(['=', '\0'])) {
            let place = Place { key: "env", section };
            self.error(file.env.line, format!("{place} has the name {name:?}"), "write a variable's name");
        }
        let limits = section.replace(']', ".limits]");
        let env = file.env.value.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone())));
        PoolCommands {
            provision: self.pools_argv(&file.provision, "provision", section),
            deprovision: self.pools_argv(&file.deprovision, "deprovision", section),
            list: self.pools_argv(&file.list, "list", section),
            update: self.pools_argv(&file.update, "update", section),
            env: env.collect(),
            list_within: self.positive(&file.limits.value.list, "list", &limits),
        }
    }

    /// A program with a slash in its name is a path of the file; another one is looked for in `PATH`.
    fn pools_argv(&mut self, command: &At<Vec<String>>, key: &str, section: &str) -> Vec<String> {
        let mut argv = command.value.clone();
        match argv.first_mut() {
            Some(program) if !program.is_empty() => {
                if program.contains('/') {
                    *program = self.path(program).to_string_lossy().into_owned();
                }
            }
            Some(_) | None if command.is_set() => {
                let place = Place { key, section };
                let hint = "write the command as a list of words, such as [\"./machines\", \"list\"]";
                self.error(command.line, format!("{place} is empty"), hint);
            }
            Some(_) | None => {}
        }
        argv
    }
}
