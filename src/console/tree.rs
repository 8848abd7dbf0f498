//! The lineage as lines: images under the base of their final stage, workloads under their image.

use super::list::{Entry, Fold};
use super::model::Tree;
use super::replica::{Replica, Shared};
use crate::api::rows::{ImageRow, Mark, WorkloadRow};
use crate::model::jobs::Role;
use crate::model::{ImageRef, WorkloadId};
use std::collections::HashMap;
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
    for root in walk.roots.clone() {
        walk.image(root, 0);
    }
    // What stands in a circle has no root; it must not vanish for that.
    for image in 0..walk.images.len() {
        walk.image(image, 0);
    }
    walk.strays();
    walk.lines
}

/// Images and workloads by their place in the replica's order: names are compared once, in [`Walk::new`].
struct Walk<'a> {
    folding: &'a Tree,
    images: Vec<(&'a Shared, &'a ImageRow)>,
    workloads: HashMap<&'a WorkloadId, (&'a Shared, &'a WorkloadRow)>,
    children: Vec<Vec<usize>>,
    roots: Vec<usize>,
    /// With "behind only": what is behind, and all it stands on; else everything.
    wanted: Vec<bool>,
    seen: Vec<bool>,
    lines: Vec<Entry>,
}

impl<'a> Walk<'a> {
    fn new(replica: &'a Replica, folding: &'a Tree) -> Self {
        let images: Vec<_> = replica.images().collect();
        let places: HashMap<&ImageRef, usize> =
            images.iter().enumerate().map(|(at, (_, row))| (&row.image, at)).collect();
        let bases: Vec<Option<usize>> =
            images.iter().map(|(_, row)| base(row).and_then(|base| places.get(base)).copied()).collect();
        let mut children = vec![Vec::new(); images.len()];
        let mut roots = Vec::new();
        for (at, base) in bases.iter().enumerate() {
            match base {
                Some(base) => children[*base].push(at),
                None => roots.push(at),
            }
        }
        Self {
            folding,
            workloads: replica.workloads().map(|(key, row)| (&row.workload, (key, row))).collect(),
            children,
            roots,
            wanted: wanted(&images, &bases, folding.behind_only),
            seen: vec![false; images.len()],
            images,
            lines: Vec::new(),
        }
    }

    /// Adds an image and what stands on it; says whether all of that is well.
    fn image(&mut self, image: usize, depth: u16) -> bool {
        if !self.wanted[image] || std::mem::replace(&mut self.seen[image], true) {
            return true;
        }
        let (key, row) = self.images[image];
        let at = self.lines.len();
        self.lines.push(Entry::Row { key: Arc::clone(key), depth, fold: Fold::Leaf });
        let mut well = true;
        for child in std::mem::take(&mut self.children[image]) {
            well &= self.image(child, depth.saturating_add(1));
        }
        for workload in &row.workloads {
            well &= self.workload(workload, depth.saturating_add(1));
        }
        let below = self.lines.len() - at - 1;
        let fold = if below == 0 {
            Fold::Leaf
        } else if self.is_folded(&row.image, below, well) {
            self.lines.truncate(at + 1);
            Fold::Folded(below)
        } else {
            Fold::Open
        };
        self.lines[at] = Entry::Row { key: Arc::clone(key), depth, fold };
        well && row.mark == Mark::Good && !row.behind
    }

    /// What was folded by hand; else what is well and long, unless it was unfolded by hand.
    fn is_folded(&self, image: &ImageRef, below: usize, well: bool) -> bool {
        let by_itself = well && below >= FOLDED_FROM && !self.folding.behind_only && !self.folding.whole;
        self.folding.folded.contains(image) || (by_itself && !self.folding.unfolded.contains(image))
    }

    fn workload(&mut self, workload: &WorkloadId, depth: u16) -> bool {
        let Some((key, row)) = self.workloads.get(workload) else { return true };
        self.lines.push(Entry::Row { key: Arc::clone(key), depth, fold: Fold::Leaf });
        row.mark == Mark::Good && row.quarantine.is_empty()
    }

    /// Workloads that no image names: what they are built from is not known.
    fn strays(&mut self) {
        if self.folding.behind_only {
            return;
        }
        for (_, row) in &self.images {
            for workload in &row.workloads {
                self.workloads.remove(workload);
            }
        }
        let mut strays: Vec<&Shared> = self.workloads.values().map(|(key, _)| *key).collect();
        strays.sort();
        self.lines.extend(strays.into_iter().map(Entry::flat));
    }
}

/// What is behind, and all that it stands on; or everything.
fn wanted(images: &[(&Shared, &ImageRow)], bases: &[Option<usize>], behind_only: bool) -> Vec<bool> {
    let mut wanted = vec![!behind_only; images.len()];
    for at in (0..images.len()).filter(|at| images[*at].1.behind) {
        let mut next = Some(at);
        while let Some(image) = next.filter(|image| !wanted[*image]) {
            wanted[image] = true;
            next = bases[image];
        }
    }
    wanted
}
