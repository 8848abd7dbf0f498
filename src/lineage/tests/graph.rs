//! The graph on small, named examples.

use crate::lineage::{Lineage, LineageError};
use crate::model::jobs::{Base, BaseName, Ingredients, Role};
use crate::model::{Digest, ImageRef};
use std::collections::BTreeMap;

pub(super) fn image(name: &str) -> ImageRef {
    name.parse().unwrap()
}

fn base(text: &str) -> Base {
    let (role, name) = match text.strip_prefix('+') {
        Some(name) => (Role::Build, name),
        None => (Role::Runtime, text),
    };
    let from = match name.parse() {
        Ok(pinned) => BaseName::Pinned(pinned),
        Err(_) => BaseName::Tag(image(name)),
    };
    Base { from, role, places: Vec::new() }
}

pub(super) fn ingredients(bases: Vec<Base>) -> Ingredients {
    let digest = Digest::of(b"");
    Ingredients { dockerfile: digest.clone(), recipe: digest, bases, unknown: Vec::new(), buildkit: None }
}

/// Lines of `child: base +buildbase`.
fn recipes(lines: &[&str]) -> BTreeMap<ImageRef, Ingredients> {
    let line = |line: &&str| {
        let (child, bases) = line.split_once(": ").unwrap();
        (image(child), ingredients(bases.split_whitespace().map(base).collect()))
    };
    lines.iter().map(line).collect()
}

fn names(images: &[ImageRef]) -> Vec<String> {
    images.iter().map(ImageRef::short).collect()
}

fn diamond() -> Lineage {
    let lines = ["os: debian:8", "z: os", "a: os", "web: z a +go", "job: a", "alone: nginx:1"];
    Lineage::new(&recipes(&lines)).unwrap()
}

#[test]
fn a_change_rebuilds_its_descendants_once_and_after_all_their_parents() {
    let affected = diamond().affected(&[image("debian:8")], false);
    assert_eq!(names(&affected), ["os:latest", "a:latest", "job:latest", "z:latest", "web:latest"]);
}

#[test]
fn build_edges_carry_a_change_only_by_policy() {
    assert!(diamond().affected(&[image("go")], false).is_empty());
    assert_eq!(names(&diamond().affected(&[image("go")], true)), ["web:latest"]);
}

#[test]
fn two_changes_make_one_plan_and_a_changed_image_is_in_it_only_as_a_descendant() {
    let both = diamond().affected(&[image("nginx:1"), image("os"), image("a")], false);
    assert_eq!(names(&both), ["alone:latest", "a:latest", "job:latest", "z:latest", "web:latest"]);
    assert_eq!(names(&diamond().affected(&[image("a")], false)), ["job:latest", "web:latest"]);
    assert!(diamond().affected(&[image("unheard:of")], true).is_empty());
}

#[test]
fn a_plan_names_the_parents_that_are_in_it() {
    let lineage = diamond();
    let plan = lineage.plan(&[image("os")], false);
    let parents: Vec<Vec<String>> =
        plan.iter().map(|step| step.parents.iter().map(|parent| parent.short()).collect()).collect();
    assert_eq!(
        parents,
        [vec![], vec!["a:latest".to_owned()], vec![], vec!["a:latest".to_owned(), "z:latest".to_owned()]]
    );
}

#[test]
fn the_graph_knows_its_ends() {
    let lineage = diamond();
    let upstreams: Vec<String> = lineage.upstreams().map(ImageRef::short).collect();
    assert_eq!(
        upstreams,
        ["library/debian:8", "library/go:latest", "library/nginx:1"]
            .map(|n| n.trim_start_matches("library/"))
    );
    let web = lineage.parents(&image("web"));
    assert_eq!(
        web.iter().map(|edge| edge.role).collect::<Vec<_>>(),
        [Role::Runtime, Role::Build, Role::Runtime]
    );
    assert_eq!(lineage.children(&image("a")).len(), 2);
    assert!(lineage.is_built(&image("os")) && !lineage.is_built(&image("debian:8")));
    assert_eq!(lineage.build_order().len(), 6);
}

#[test]
fn a_base_by_digest_carries_no_change() {
    let pinned = format!("app: debian@{}", Digest::of(b"x"));
    let lineage = Lineage::new(&recipes(&[pinned.as_str()])).unwrap();
    assert!(lineage.affected(&[image("debian")], true).is_empty());
    assert_eq!(lineage.roots().count(), 1);
}

#[test]
fn a_circle_is_refused_and_its_path_named() {
    let lines = ["below: c", "c: b", "b: +a", "a: c other", "other: debian:8"];
    let error = Lineage::new(&recipes(&lines)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "order the images: a:latest → b:latest → c:latest → a:latest is a circle; take one of these FROM or COPY --from out"
    );
    let LineageError::Cycle { path } = Lineage::new(&recipes(&["a: a"])).unwrap_err();
    assert_eq!(names(&path), ["a:latest", "a:latest"]);
}
