//! Finding by a few letters: actions for the palette, objects for the jump.

use super::actions::{ACTIONS, Spec};
use super::model::Model;
use super::rank::List;
use super::replica::Shared;
use super::target::is_legal;
use crate::api::rows::{Row, RowKey};

/// Matches that are shown.
pub const SHOWN: usize = 10;

/// What can be found, the more wanted kinds first.
const KINDS: [List; 6] =
    [List::Workloads, List::Images, List::Runs, List::Incidents, List::Pools, List::Nodes];

/// The actions whose name contains what was typed and which do something here.
pub fn actions(model: &Model, typed: &str) -> Vec<&'static Spec> {
    let needle = typed.to_lowercase();
    let mut found: Vec<&Spec> =
        ACTIONS.iter().filter(|spec| spec.name.contains(&needle) && is_legal(model, spec.action)).collect();
    found.sort_by_key(|spec| !spec.name.starts_with(&needle));
    found.truncate(SHOWN);
    found
}

/// The objects whose name contains what was typed: those that begin with it first, workloads before images.
pub fn objects(model: &Model, typed: &str) -> Vec<(Shared, String)> {
    let needle = typed.to_lowercase();
    let mut found: Vec<(usize, Shared, String)> = Vec::new();
    for (kind, list) in KINDS.into_iter().enumerate() {
        for (_, key) in model.replica.list(list) {
            let Some(name) = name(model, key) else { continue };
            if let Some(quality) = quality(&name, &needle) {
                found.push((quality * KINDS.len() + kind, key.clone(), name));
            }
        }
    }
    found.sort_by(|a, b| (a.0, &a.2).cmp(&(b.0, &b.2)));
    found.truncate(SHOWN);
    found.into_iter().map(|(_, key, name)| (key, name)).collect()
}

fn name(model: &Model, key: &RowKey) -> Option<String> {
    match model.replica.row(key)? {
        Row::Image(row) => Some(row.image.short()),
        Row::Workload(row) => Some(row.workload.to_string()),
        Row::Run(row) => Some(row.name()),
        Row::Incident(row) => Some(format!("incident {}", row.incident)),
        Row::Pool(row) => Some(format!("pool {}", row.pool)),
        Row::Node(row) => Some(format!("node {}", row.node)),
        Row::Daemon(_) | Row::Source(_) | Row::Step(_) | Row::Need(_) | Row::Coming(_) | Row::Event(_) => {
            None
        }
    }
}

/// 0: a part of the name begins with it, 1: the name contains it; none: neither.
fn quality(name: &str, needle: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let begins = name.split(['/', ' ']).any(|part| part.starts_with(needle));
    if begins { Some(0) } else { name.contains(needle).then_some(1) }
}
