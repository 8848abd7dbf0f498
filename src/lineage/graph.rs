//! Which image is built from which, and what a change affects, in order.
//!
//! Images are numbered in the order of their names, so that "ties by name" is "ties by number". Edges are kept as two flat
//! vectors with offsets. The place of each image in the one topological order of the whole graph is worked out once;
//! a question then touches only the images that it is about.

use crate::model::ImageRef;
use crate::model::jobs::{BaseName, Ingredients, Role};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Why recipes make no graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineageError {
    /// An image is built, in the end, from itself.
    #[error("order the images: {} is a circle; take one of these FROM or COPY --from out", arrows(path))]
    Cycle {
        /// From a base to what is built on it, ending with the image that it began with.
        path: Vec<ImageRef>,
    },
}

fn arrows(path: &[ImageRef]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" → ")
}

/// An edge, seen from one of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge<'a> {
    /// The image at the other end.
    pub image: &'a ImageRef,
    /// What it is taken for.
    pub role: Role,
}

/// An image to rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<'a> {
    /// Which one.
    pub image: &'a ImageRef,
    /// The images of the same plan that it takes something from, over edges of both roles, by name: it is built after them, from
    /// exactly what they became.
    pub parents: Vec<&'a ImageRef>,
}

/// The graph of all images.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    /// By name.
    images: Vec<ImageRef>,
    built: Vec<bool>,
    parents: Edges,
    children: Edges,
    /// The place of each image in the order of the whole graph.
    rank: Vec<u32>,
    /// The image at each place.
    ranked: Vec<u32>,
}

/// The edges of every image, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Edges {
    first: Vec<usize>,
    ends: Vec<(u32, Role)>,
}

impl Edges {
    /// From pairs of (where, other end), sorted.
    fn of(count: usize, sorted: &[(u32, u32, Role)]) -> Self {
        let mut first = vec![0; count + 1];
        for (at, _, _) in sorted {
            first[*at as usize + 1] += 1;
        }
        for index in 0..count {
            first[index + 1] += first[index];
        }
        Self { first, ends: sorted.iter().map(|(_, other, role)| (*other, *role)).collect() }
    }

    fn at(&self, id: u32) -> &[(u32, Role)] {
        let id = id as usize;
        &self.ends[self.first[id]..self.first[id + 1]]
    }
}

impl Lineage {
    /// The graph of `recipes`. Bases by digest make no edge: no move of a tag reaches an image through them.
    pub fn new(recipes: &BTreeMap<ImageRef, Ingredients>) -> Result<Self, LineageError> {
        let mut images: Vec<ImageRef> =
            recipes.keys().chain(recipes.values().flat_map(tagged)).cloned().collect();
        images.sort_unstable();
        images.dedup();
        let mut down = Vec::new();
        let mut built = vec![false; images.len()];
        for (image, ingredients) in recipes {
            let child = number(&images, image);
            built[child as usize] = true;
            for base in &ingredients.bases {
                if let BaseName::Tag(parent) = &base.from {
                    down.push((number(&images, parent), child, base.role));
                }
            }
        }
        let (parents, children) = both_ways(images.len(), down);
        let rank = rank(&images, &parents, &children)?;
        let mut ranked = vec![0; images.len()];
        for (image, place) in (0u32..).zip(&rank) {
            ranked[*place as usize] = image;
        }
        Ok(Self { images, built, parents, children, rank, ranked })
    }

    /// Every image, by name.
    pub fn images(&self) -> &[ImageRef] {
        &self.images
    }

    /// Whether an image is in it, built or only taken from.
    pub fn contains(&self, image: &ImageRef) -> bool {
        self.find(image).is_some()
    }

    /// Whether there is a recipe for it.
    pub fn is_built(&self, image: &ImageRef) -> bool {
        self.find(image).is_some_and(|id| self.built[id as usize])
    }

    /// What an image takes something from, by name.
    pub fn parents(&self, image: &ImageRef) -> Vec<Edge<'_>> {
        self.edges(&self.parents, image)
    }

    /// What takes something from an image, by name.
    pub fn children(&self, image: &ImageRef) -> Vec<Edge<'_>> {
        self.edges(&self.children, image)
    }

    /// Images that somebody else publishes: there is no recipe for them. By name.
    pub fn upstreams(&self) -> impl Iterator<Item = &ImageRef> {
        self.images.iter().zip(&self.built).filter(|(_, built)| !**built).map(|(image, _)| image)
    }

    /// Images that nothing in the graph stands under: upstreams, and what is built from nothing or only from digests. By name.
    pub fn roots(&self) -> impl Iterator<Item = &ImageRef> {
        (0u32..).zip(&self.images).filter(|(id, _)| self.parents.at(*id).is_empty()).map(|(_, image)| image)
    }

    /// The images that are built here, each after all that it is built from; ties by name.
    pub fn build_order(&self) -> Vec<&ImageRef> {
        let built = self.ranked.iter().filter(|id| self.built[**id as usize]);
        built.map(|id| &self.images[*id as usize]).collect()
    }

    /// The images to rebuild when the tags `changed` moved, each after all that it is built from.
    ///
    /// 1. They are the descendants of what changed, over runtime edges, and over build edges if `build_edges`.
    /// 2. Each is in it once. A changed image is in it only as the descendant of another one.
    /// 3. Images that are not in the graph affect nothing.
    /// 4. The order is the one of the whole graph ([`build_order`](Self::build_order)), so it is the same in every plan.
    pub fn affected(&self, changed: &[ImageRef], build_edges: bool) -> Vec<ImageRef> {
        self.descendants(changed, build_edges)
            .into_iter()
            .map(|id| self.images[id as usize].clone())
            .collect()
    }

    /// [`affected`](Self::affected), each with its parents in the plan.
    pub fn plan(&self, changed: &[ImageRef], build_edges: bool) -> Vec<Planned<'_>> {
        let ids = self.descendants(changed, build_edges);
        let mut planned = Marks::new(self.images.len());
        for id in &ids {
            planned.mark(*id);
        }
        let parents = |id: u32| {
            let inside = self.parents.at(id).iter().filter(|(parent, _)| planned.has(*parent));
            inside.map(|(parent, _)| &self.images[*parent as usize]).collect()
        };
        ids.iter().map(|id| Planned { image: &self.images[*id as usize], parents: parents(*id) }).collect()
    }

    fn descendants(&self, changed: &[ImageRef], build_edges: bool) -> Vec<u32> {
        let mut seen = Marks::new(self.images.len());
        // Places, not images: they sort without another look at the graph.
        let mut found = Vec::new();
        let mut open: Vec<u32> = changed.iter().filter_map(|image| self.find(image)).collect();
        while let Some(id) = open.pop() {
            for (child, role) in self.children.at(id) {
                let carries = match role {
                    Role::Runtime => true,
                    Role::Build => build_edges,
                };
                if carries && seen.mark(*child) {
                    found.push(self.rank[*child as usize]);
                    open.push(*child);
                }
            }
        }
        found.sort_unstable();
        found.into_iter().map(|place| self.ranked[place as usize]).collect()
    }

    fn find(&self, image: &ImageRef) -> Option<u32> {
        self.images.binary_search(image).ok().map(id)
    }

    fn edges<'a>(&'a self, edges: &Edges, image: &ImageRef) -> Vec<Edge<'a>> {
        let ends = self.find(image).map_or(&[][..], |id| edges.at(id));
        ends.iter().map(|(other, role)| Edge { image: &self.images[*other as usize], role: *role }).collect()
    }
}

/// A set of image numbers: one bit each, so that even a large graph's is a few pages of zeros.
struct Marks(Vec<u64>);

impl Marks {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn has(&self, id: u32) -> bool {
        self.0[id as usize / 64] & (1 << (id % 64)) != 0
    }

    /// Whether it is new.
    fn mark(&mut self, id: u32) -> bool {
        let new = !self.has(id);
        self.0[id as usize / 64] |= 1 << (id % 64);
        new
    }
}

fn tagged(ingredients: &Ingredients) -> impl Iterator<Item = &ImageRef> {
    ingredients.bases.iter().filter_map(|base| match &base.from {
        BaseName::Tag(image) => Some(image),
        BaseName::Pinned(_) => None,
    })
}

fn id(index: usize) -> u32 {
    u32::try_from(index).expect("2^32 image names would need more memory than there is")
}

fn number(images: &[ImageRef], image: &ImageRef) -> u32 {
    id(images.binary_search(image).expect("every recipe and base was put into the list"))
}

/// Parents and children from (parent, child, role). Two edges between the same images become one, runtime before build.
fn both_ways(count: usize, mut down: Vec<(u32, u32, Role)>) -> (Edges, Edges) {
    down.sort_unstable();
    down.dedup_by_key(|(parent, child, _)| (*parent, *child));
    let children = Edges::of(count, &down);
    let mut up: Vec<(u32, u32, Role)> =
        down.iter().map(|(parent, child, role)| (*child, *parent, *role)).collect();
    up.sort_unstable();
    (Edges::of(count, &up), children)
}

/// Kahn's algorithm with the smallest name first.
fn rank(images: &[ImageRef], parents: &Edges, children: &Edges) -> Result<Vec<u32>, LineageError> {
    let all = 0..id(images.len());
    let mut missing: Vec<usize> = all.clone().map(|image| parents.at(image).len()).collect();
    let mut ready: BinaryHeap<Reverse<u32>> =
        all.filter(|image| missing[*image as usize] == 0).map(Reverse).collect();
    let mut rank = vec![u32::MAX; images.len()];
    let mut next = 0;
    while let Some(Reverse(image)) = ready.pop() {
        rank[image as usize] = next;
        next += 1;
        for (child, _) in children.at(image) {
            missing[*child as usize] -= 1;
            if missing[*child as usize] == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    match rank.iter().position(|rank| *rank == u32::MAX) {
        None => Ok(rank),
        Some(stuck) => Err(LineageError::Cycle { path: cycle(images, parents, &rank, id(stuck)) }),
    }
}

/// One circle above `stuck`: an image without a rank always has a parent without one.
fn cycle(images: &[ImageRef], parents: &Edges, rank: &[u32], stuck: u32) -> Vec<ImageRef> {
    let mut walked = vec![stuck];
    let mut place = BTreeMap::from([(stuck, 0)]);
    let mut here = stuck;
    let repeated = loop {
        let mut above = parents.at(here).iter().map(|(parent, _)| *parent);
        here = above
            .find(|parent| rank[*parent as usize] == u32::MAX)
            .expect("an image without a rank waits for a parent without one");
        if let Some(at) = place.insert(here, walked.len()) {
            break at;
        }
        walked.push(here);
    };
    let mut circle = walked.split_off(repeated);
    circle.reverse();
    let smallest = circle.iter().enumerate().min_by_key(|(_, image)| **image).map_or(0, |(at, _)| at);
    circle.rotate_left(smallest);
    circle.push(circle[0]);
    circle.into_iter().map(|image| images[image as usize].clone()).collect()
}
