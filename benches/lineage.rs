//! How long it takes to work out what a change affects, in a graph of 100,000 images.
//!
//! The goals: 50 ms when the change affects all of them, 1 ms when it affects a hundred.

use criterion::{Criterion, criterion_group, criterion_main};
use std::collections::BTreeMap;
use std::hint::black_box;
use tidegate::lineage::{Lineage, read_dockerfile};
use tidegate::model::jobs::{Base, BaseName, Ingredients, Role};
use tidegate::model::{Digest, ImageRef};

const IMAGES: usize = 100_000;

fn image(name: &str) -> ImageRef {
    name.parse().expect("names of the bench are legal")
}

fn from(parents: &[ImageRef]) -> Ingredients {
    let base = |(at, parent): (usize, &ImageRef)| Base {
        from: BaseName::Tag(parent.clone()),
        role: if at == 0 { Role::Runtime } else { Role::Build },
        places: Vec::new(),
    };
    let digest = Digest::of(b"");
    Ingredients {
        dockerfile: digest.clone(),
        recipe: digest,
        bases: parents.iter().enumerate().map(base).collect(),
        unknown: Vec::new(),
        buildkit: None,
    }
}

/// Ten systems on one upstream, a hundred frameworks on each, a hundred applications on each framework, every one of which also
/// takes something from a toolchain on the same upstream.
fn recipes() -> BTreeMap<ImageRef, Ingredients> {
    let mut recipes = BTreeMap::new();
    let upstream = image("debian:12");
    let tools = image("registry.example.com:5000/tools:1");
    recipes.insert(tools.clone(), from(std::slice::from_ref(&upstream)));
    for number in 0..IMAGES - 1 {
        let name =
            |kind: &str, number: usize| image(&format!("registry.example.com:5000/{kind}/n{number}:1"));
        let (child, parents) = match number {
            0..10 => (name("os", number), vec![upstream.clone()]),
            10..1_010 => (name("framework", number), vec![name("os", number % 10)]),
            _ => (name("app", number), vec![name("framework", 10 + number % 1_000), tools.clone()]),
        };
        recipes.insert(child, from(&parents));
    }
    recipes
}

fn graph(c: &mut Criterion) {
    let recipes = recipes();
    let lineage = Lineage::new(&recipes).expect("the bench's graph has no circle");
    let all = [image("debian:12")];
    let hundred = [image("registry.example.com:5000/framework/n500:1")];
    assert_eq!(lineage.affected(&all, true).len(), IMAGES);
    assert!((98..=100).contains(&lineage.affected(&hundred, true).len()));
    c.bench_function("affects all 100,000 images", |b| b.iter(|| lineage.affected(black_box(&all), true)));
    c.bench_function("plan of all 100,000 images", |b| b.iter(|| lineage.plan(black_box(&all), true)));
    c.bench_function("affects a hundred of 100,000", |b| {
        b.iter(|| lineage.affected(black_box(&hundred), true));
    });
    c.bench_function("plan of a hundred of 100,000", |b| b.iter(|| lineage.plan(black_box(&hundred), true)));
    let mut slow = c.benchmark_group("once");
    slow.sample_size(10);
    slow.bench_function("graph of 100,000 images", |b| b.iter(|| Lineage::new(black_box(&recipes))));
}

fn reading(c: &mut Criterion) {
    let run = "RUN set -e; \\\n  apt-get update \\\n  # why\n  && apt-get install -y a b c\n";
    let text = format!(
        "ARG V=12\nFROM golang:1 AS build\n{}FROM debian:${{V}}\nCOPY --from=build /a /a\n",
        run.repeat(50)
    );
    let args = BTreeMap::new();
    c.bench_function("read a Dockerfile of 200 lines", |b| {
        b.iter(|| read_dockerfile(black_box(&text), &args, None, None));
    });
}

criterion_group!(benches, graph, reading);
criterion_main!(benches);
