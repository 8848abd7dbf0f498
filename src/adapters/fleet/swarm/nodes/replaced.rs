//! Services whose specification somebody replaces while their node is emptied, as `docker stack deploy` does: our label is gone, and mostly what was added too.
//!
//! A service is left alone while somebody changes it. Swarm says only a moment later that an update is under way, and a change of ours in that moment would take
//! the place of the specification that it rolls back to: so it must have been seen as it is for [`SHIFT_REPLACED_RESTS`].

use super::moving::Moving;
use super::view::View;
use crate::adapters::fleet::swarm::spec::Service;
use crate::model::limits::SHIFT_REPLACED_RESTS;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// What was seen of the services of a node while it is emptied; by Swarm's ids of them.
#[derive(Debug, Default)]
pub(super) struct Replaced {
    /// At which version one was first seen without our label, and when.
    without: BTreeMap<String, (u64, Instant)>,
    /// What the label said when it was last there.
    labels: BTreeMap<String, Moving>,
}

impl Replaced {
    /// Those of `without` that have been so, and unchanged, for long enough.
    pub(super) fn rested<'a>(
        &mut self,
        view: &View,
        node: &str,
        without: &[&'a Service],
        now: Instant,
    ) -> Vec<&'a Service> {
        for service in view.services.values() {
            if let Some(label) = service.moving().filter(|moving| moving.is_leaving(node)) {
                self.labels.insert(service.id.clone(), label);
            }
        }
        self.without.retain(|id, _| without.iter().any(|service| service.id == *id));
        let rests = |service: &&&Service| {
            let seen = self.without.entry(service.id.clone()).or_insert((service.version, now));
            if seen.0 != service.version {
                *seen = (service.version, now);
            }
            now.duration_since(seen.1) >= SHIFT_REPLACED_RESTS.to_std()
        };
        without.iter().filter(rests).copied().collect()
    }

    /// The label of before, where nothing but it was taken off: what was added is still there, and must not be added twice.
    pub(super) fn still_holds(&self, now: &Service) -> Option<&Moving> {
        let label = self.labels.get(&now.id)?;
        (now.moving().is_none() && now.replicas() == Some(label.wanted())).then_some(label)
    }
}

#[cfg(test)]
mod tests {
    use super::super::moving::Part;
    use super::super::sample::{World, up};
    use super::*;
    use serde_json::json;

    fn world(label: bool, replicas: u64) -> World {
        let mut world = World::default();
        world.node("a", "a");
        let part =
            Part { add: 1, goal: 1, tasks: 1, since: "2026-11-26T07:00:01Z".parse().unwrap(), done: false };
        let moving = Moving::of(None, 1).begun("a", part);
        let spec = world.service("web", replicas);
        if label {
            spec["Labels"] = json!({"tidegate.shift": moving.text()});
        }
        up(&mut world, "web", "a");
        world
    }

    #[test]
    fn what_was_replaced_rests_before_it_begins_anew() {
        let (mut replaced, start) = (Replaced::default(), Instant::now());
        let view = world(false, 1).view();
        let without = [&view.services["web"]];
        let mut rested = |at| replaced.rested(&view, "a", &without, at).len();
        assert_eq!(rested(start), 0);
        assert_eq!(rested(start + SHIFT_REPLACED_RESTS.to_std()), 1);
        let mut changed = world(false, 1).view();
        changed.services.get_mut("web").unwrap().version += 1;
        let later = start + 2 * SHIFT_REPLACED_RESTS.to_std();
        let again = [&changed.services["web"]];
        assert!(replaced.rested(&changed, "a", &again, later).is_empty(), "it was changed once more");
    }

    #[test]
    fn a_label_that_alone_was_taken_off_is_put_back_as_it_was() {
        let mut replaced = Replaced::default();
        replaced.rested(&world(true, 2).view(), "a", &[], Instant::now());
        let held = |world: &World| replaced.still_holds(&world.view().services["web"]).map(Moving::wanted);
        assert_eq!(held(&world(false, 2)), Some(2));
        assert_eq!(held(&world(false, 1)), None, "what was added is gone too");
        assert_eq!(held(&world(true, 2)), None, "it is there");
    }
}
