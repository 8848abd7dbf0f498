//! The lineage as lines: images under the base of their final stage, workloads under their image.

use super::list::{Entry, Fold};
use super::model::Tree;
use super::replica::{Replica, Shared};
use crate::api::rows::{ImageRow, Mark, RowKey};
use crate::model::jobs::Role;
use crate::model::{ImageRef, WorkloadId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Lines below an image from which on they are folded by themselves as long as all are well.
const FOLDED_FROM: usize = 3;

/// The image that this one is built on, where it has a name.
pub fn base(row: &ImageRow) -> Option<&ImageRef> {
    row.bases.iter().find(|base| base.role == Role::Runtime).and_then(|base| base.image.as_ref())
}

/// The tree as lines, top down; what is folded is counted, not listed.
pub fn flatten(replica: &Replica, folding: &Tree) -> Vec<Entry> {
    let mut walk = Walk::new(replica, folding);
    for root in walk.roots() {
        walk.image(root, 0);
    }
    // What stands in a circle has no root; it must not vanish for that.
    let rest: Vec<&ImageRef> =
        replica.images().map(|(_, row)| &row.image).filter(|image| !walk.seen.contains(image)).collect();
    for image in rest {
        walk.image(image, 0);
    }
    walk.strays();
    walk.lines
}

struct Walk<'a> {
    replica: &'a Replica,
    folding: &'a Tree,
    children: BTreeMap<&'a ImageRef, Vec<&'a ImageRef>>,
    keys: BTreeMap<&'a ImageRef, &'a Shared>,
    /// With "behind only": what is behind, and all it stands on.
    wanted: Option<BTreeSet<&'a ImageRef>>,
    seen: BTreeSet<&'a ImageRef>,
    lines: Vec<Entry>,
}

impl<'a> Walk<'a> {
    fn new(replica: &'a Replica, folding: &'a Tree) -> Self {
        let mut children: BTreeMap<&ImageRef, Vec<&ImageRef>> = BTreeMap::new();
        let mut keys = BTreeMap::new();
        for (key, row) in replica.images() {
            keys.insert(&row.image, key);
            if let Some(base) = base(row) {
                children.entry(base).or_default().push(&row.image);
            }
        }
        let wanted = folding.behind_only.then(|| behind(replica));
        Self { replica, folding, children, keys, wanted, seen: BTreeSet::new(), lines: Vec::new() }
    }

    fn roots(&self) -> Vec<&'a ImageRef> {
        let has_base = |row: &ImageRow| base(row).is_some_and(|base| self.keys.contains_key(base));
        self.replica.images().filter(|(_, row)| !has_base(row)).map(|(_, row)| &row.image).collect()
    }

    /// Adds an image and what stands on it; says whether all of that is well.
    fn image(&mut self, image: &'a ImageRef, depth: u16) -> bool {
        let Some(key) = self.keys.get(image).copied() else { return true };
        if self.wanted.as_ref().is_some_and(|wanted| !wanted.contains(image)) || !self.seen.insert(image) {
            return true;
        }
        let at = self.lines.len();
        self.lines.push(Entry::Row { key: Arc::clone(key), depth, fold: Fold::Leaf });
        let mut well = true;
        for child in self.children.get(image).cloned().unwrap_or_default() {
            well &= self.image(child, depth + 1);
        }
        let row = self.replica.image(image);
        for workload in row.map_or(&[][..], |row| &row.workloads) {
            well &= self.workload(workload, depth + 1);
        }
        let below = self.lines.len() - at - 1;
        let fold = if below == 0 {
            Fold::Leaf
        } else if self.is_folded(image, below, well) {
            self.lines.truncate(at + 1);
            Fold::Folded(below)
        } else {
            Fold::Open
        };
        self.lines[at] = Entry::Row { key: Arc::clone(key), depth, fold };
        well && row.is_none_or(|row| row.mark == Mark::Good && !row.behind)
    }

    /// What was folded by hand; else what is well and long, unless it was unfolded by hand.
    fn is_folded(&self, image: &ImageRef, below: usize, well: bool) -> bool {
        let by_itself = well && below >= FOLDED_FROM && self.wanted.is_none() && !self.folding.whole;
        self.folding.folded.contains(image) || (by_itself && !self.folding.unfolded.contains(image))
    }

    fn workload(&mut self, workload: &WorkloadId, depth: u16) -> bool {
        let Some(row) = self.replica.workload(workload) else { return true };
        let key = Arc::new(RowKey::Workload(workload.clone()));
        self.lines.push(Entry::Row { key, depth, fold: Fold::Leaf });
        row.mark == Mark::Good && row.quarantine.is_empty()
    }

    /// Workloads that no image names: what they are built from is not known.
    fn strays(&mut self) {
        if self.wanted.is_some() {
            return;
        }
        let named: BTreeSet<&WorkloadId> =
            self.replica.images().flat_map(|(_, row)| row.workloads.iter()).collect();
        for (key, row) in self.replica.workloads() {
            if !named.contains(&row.workload) {
                self.lines.push(Entry::flat(key));
            }
        }
    }
}

/// What is behind, and all that it stands on.
fn behind(replica: &Replica) -> BTreeSet<&ImageRef> {
    let mut wanted = BTreeSet::new();
    for (_, row) in replica.images().filter(|(_, row)| row.behind) {
        let mut next = Some(&row.image);
        while let Some(image) = next {
            if !wanted.insert(image) {
                break;
            }
            next = replica.image(image).and_then(base);
        }
    }
    wanted
}
