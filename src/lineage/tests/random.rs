//! Properties over random graphs and random texts.

use super::graph::{image, ingredients};
use crate::lineage::{Lineage, read_dockerfile};
use crate::model::edit::apply;
use crate::model::jobs::{Base, BaseName, Edit, Ingredients, Role};
use crate::model::{Digest, ImageRef};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

type Arrows = Vec<(usize, usize, Role)>;

/// Edges from a smaller to a larger number, over names whose order has nothing to do with the numbers.
fn arrows() -> impl Strategy<Value = Arrows> {
    prop::collection::vec((0usize..24, 1usize..8, prop::bool::weighted(0.7)), 0..70).prop_map(|edges| {
        let role = |runtime| if runtime { Role::Runtime } else { Role::Build };
        edges.into_iter().map(|(from, step, runtime)| (from, from + step, role(runtime))).collect()
    })
}

fn name(number: usize) -> ImageRef {
    image(&format!("n{}x{number}", number * 7 % 10))
}

fn recipes(arrows: &Arrows) -> BTreeMap<ImageRef, Ingredients> {
    let mut recipes: BTreeMap<ImageRef, Ingredients> = BTreeMap::new();
    for (parent, child, role) in arrows {
        let base = Base { from: BaseName::Tag(name(*parent)), role: *role, places: Vec::new() };
        recipes.entry(name(*child)).or_insert_with(|| ingredients(Vec::new())).bases.push(base);
    }
    recipes
}

/// One step down the edges until nothing new comes up.
fn brute_force(arrows: &Arrows, changed: &[usize], build_edges: bool) -> BTreeSet<ImageRef> {
    let mut below: BTreeSet<usize> = BTreeSet::new();
    loop {
        let carried = arrows.iter().filter(|(_, _, role)| build_edges || *role == Role::Runtime);
        let next: BTreeSet<usize> = carried
            .filter(|(parent, _, _)| changed.contains(parent) || below.contains(parent))
            .map(|(_, child, _)| *child)
            .collect();
        if next == below {
            return below.into_iter().map(name).collect();
        }
        below = next;
    }
}

/// Words that Dockerfiles are made of, so that random texts get past the first line.
fn dockerfile_like() -> impl Strategy<Value = String> {
    let words = [
        "FROM",
        "COPY",
        "RUN",
        "ARG",
        "AS",
        "ONBUILD",
        "--from=",
        "--mount=from=",
        "--platform=",
        " ",
        "\n",
        "\n",
        "\\\n",
        "\\",
        "a",
        "b:1",
        "scratch",
        "V=1",
        "$V",
        "${V",
        ":-",
        "}",
        "\"",
        "'",
        "<<E",
        "<<-",
        "\nE\n",
        "#",
        "# escape=`\n",
        "`",
        "\u{feff}",
        "é",
        "\r",
        "\r\n",
        "0",
        "@",
        ",",
        "=",
        "\u{1b}[31m",
        "\t",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.concat())
}

/// Reads, and applies an edit at every place found: must neither panic nor be refused.
fn read_and_rewrite(text: &str) {
    let args = BTreeMap::from([("A".to_owned(), "a".to_owned())]);
    let Ok(read) = read_dockerfile(text, &args, None, None) else { return };
    let places = read.bases.iter().flat_map(|base| &base.places);
    let edits: Vec<Edit> = places.map(|place| Edit { place: *place, text: "new:1".to_owned() }).collect();
    let changed = apply(text, &edits).expect("places of one reading never overlap");
    let again = read_dockerfile(&changed, &args, None, None)
        .expect("a file with other names in the same places reads as well");
    let count = |read: &crate::lineage::DockerfileRead| {
        read.bases.iter().map(|base| base.places.len()).sum::<usize>()
    };
    assert_eq!(count(&again), count(&read), "{text:?} became {changed:?}");
}

proptest! {
    #[test]
    fn the_affected_are_all_descendants_and_nothing_else(
        arrows in arrows(),
        changed in prop::collection::vec(0usize..31, 1..4),
        build_edges in any::<bool>(),
    ) {
        let lineage = Lineage::new(&recipes(&arrows)).unwrap();
        let images: Vec<ImageRef> = changed.iter().map(|number| name(*number)).collect();
        let affected = lineage.affected(&images, build_edges);
        let unique: BTreeSet<ImageRef> = affected.iter().cloned().collect();
        prop_assert_eq!(unique.len(), affected.len());
        prop_assert_eq!(unique, brute_force(&arrows, &changed, build_edges));
    }

    #[test]
    fn every_image_stands_after_all_that_it_is_built_from(arrows in arrows(), changed in 0usize..31) {
        let lineage = Lineage::new(&recipes(&arrows)).unwrap();
        let plan = lineage.plan(&[name(changed)], true);
        let place: BTreeMap<&ImageRef, usize> = plan.iter().enumerate().map(|(at, step)| (step.image, at)).collect();
        for (parent, child, _) in &arrows {
            if let (Some(parent_at), Some(child_at)) = (place.get(&name(*parent)), place.get(&name(*child))) {
                prop_assert!(parent_at < child_at);
                prop_assert!(plan[*child_at].parents.contains(&&name(*parent)));
            }
        }
    }

    #[test]
    fn a_circle_is_always_found_and_is_one(arrows in arrows(), from in 0usize..31, to in 0usize..31) {
        let mut arrows = arrows;
        arrows.push((to.max(from), to.min(from), Role::Runtime));
        arrows.push((to.min(from), to.max(from), Role::Build));
        let crate::lineage::LineageError::Cycle { path } = Lineage::new(&recipes(&arrows)).unwrap_err();
        prop_assert_eq!(path.first(), path.last());
        for pair in path.windows(2) {
            prop_assert!(arrows.iter().any(|(p, c, _)| name(*p) == pair[0] && name(*c) == pair[1]));
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        read_and_rewrite(&text);
    }

    #[test]
    fn no_dockerfile_makes_reading_panic_or_places_overlap(text in dockerfile_like()) {
        read_and_rewrite(&format!("FROM base:1 AS b\n{text}"));
        read_and_rewrite(&text);
    }

    #[test]
    fn both_parsers_find_the_same_words(
        stages in prop::collection::vec(("[a-z]{1,6}(:[0-9]{1,2})?", prop::option::of("[a-z]{2,5}"), 0usize..4), 1..5),
    ) {
        let mut text = String::new();
        for (index, (base, as_name, gap)) in stages.iter().enumerate() {
            let gap = ["", "\n# note\n", "\nRUN a \\\n  # in between\n  b\n", "\nENV A=b\n"][*gap];
            let named = as_name.as_ref().map_or_else(String::new, |name| format!(" as s{index}{name}"));
            text.push_str(&format!("FROM \\\n {base}{named}{gap}\n"));
        }
        let reference = parse_dockerfile::parse(&text).unwrap();
        let last = reference.stages().last().unwrap();
        let ours = read_dockerfile(&text, &BTreeMap::new(), None, None).unwrap();
        prop_assert_eq!(ours.bases[0].places[0].start..ours.bases[0].places[0].end, last.from.image.span.clone());
    }
}

#[test]
fn deep_substitutions_are_refused_and_not_followed() {
    let text = format!("FROM a:{}1", "${A:-".repeat(100_000));
    let read = read_dockerfile(&text, &BTreeMap::new(), None, None).unwrap();
    assert!(read.unknown[0].why.contains("nested"));
    assert!(Digest::of(b"").as_str().len() > read.unknown[0].why.len());
}
