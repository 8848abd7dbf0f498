//! What a Dockerfile takes from which images, for the stage that is built.

use super::DockerfileError;
use super::scan::scan;
use super::stages::{self, Source, Stage};
use crate::model::jobs::{Base, BaseName, Need, Role, Unknown};
use crate::model::text::clean;
use std::collections::{BTreeMap, BTreeSet};

/// What was found in a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DockerfileRead {
    /// What the built stage stands on in the end.
    pub runtime: Runtime,
    /// Every image that the built stage takes something from, in the order of the file, each once.
    pub bases: Vec<Base>,
    /// What could not be resolved, in the order of the file.
    pub unknown: Vec<Unknown>,
    /// The first line that needs BuildKit; of the whole file, since the classic builder parses all of it.
    pub buildkit: Option<Need>,
}

/// What an image stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Runtime {
    /// Another image.
    Image(BaseName),
    /// Nothing: `FROM scratch`.
    Scratch,
    /// It could not be resolved.
    Unknown(Unknown),
}

/// Reads a Dockerfile for the stage `target` (the last one when absent), with build arguments `args`, for `platform`
/// (`os/architecture[/variant]`, the engine's own when absent).
///
/// 1. Only stages that the target reaches count. (The classic builder also builds the others that stand before it; nothing of
///    them gets into the image.)
/// 2. The image at the end of the target's chain of FROMs is the runtime base; every other one is a build base. An image
///    that is both counts as runtime.
/// 3. `ONBUILD` instructions act in the images built on this one, and are not followed.
/// 4. Named contexts (`--build-context`) are not followed: Tidegate's builds have none.
pub fn read_dockerfile(
    text: &str,
    args: &BTreeMap<String, String>,
    target: Option<&str>,
    platform: Option<&str>,
) -> Result<DockerfileRead, DockerfileError> {
    let read = stages::read(text, scan(text)?, args, platform)?;
    let target = match target {
        Some(target) => find_target(&read.stages, target)?,
        None => read.stages.len() - 1,
    };
    let runtime = runtime(&read.stages, target);
    let mut found = Found::default();
    for index in reached(&read.stages, target) {
        let stage = &read.stages[index];
        for source in std::iter::once(&stage.from).chain(&stage.takes) {
            found.add(source, &runtime);
        }
    }
    Ok(found.finish(runtime, read.buildkit))
}

/// By name in any case, else by number from 0.
fn find_target(stages: &[Stage], target: &str) -> Result<usize, DockerfileError> {
    let wanted = target.to_ascii_lowercase();
    let by_name = stages.iter().position(|stage| stage.name.as_deref() == Some(wanted.as_str()));
    let by_number = || target.parse::<usize>().ok().filter(|index| *index < stages.len());
    by_name.or_else(by_number).ok_or_else(|| {
        let names: Vec<&str> = stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
        let stages = if names.is_empty() { "no named stages".to_owned() } else { names.join(", ") };
        DockerfileError::NoTarget { target: clean(target, 64), stages: clean(&stages, 256) }
    })
}

/// Follows the FROMs down. It ends, since a FROM only names earlier stages.
fn runtime(stages: &[Stage], target: usize) -> Runtime {
    let mut index = target;
    loop {
        match &stages[index].from {
            Source::Stage(earlier) => index = *earlier,
            Source::Image(name, _) => return Runtime::Image(name.clone()),
            Source::Scratch => return Runtime::Scratch,
            Source::Unknown(unknown) => return Runtime::Unknown(unknown.clone()),
        }
    }
}

fn reached(stages: &[Stage], target: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![target];
    while let Some(index) = open.pop() {
        if !reached.insert(index) {
            continue;
        }
        for source in std::iter::once(&stages[index].from).chain(&stages[index].takes) {
            if let Source::Stage(other) = source {
                open.push(*other);
            }
        }
    }
    reached
}

#[derive(Default)]
struct Found {
    bases: BTreeMap<BaseName, Base>,
    unknown: Vec<Unknown>,
}

impl Found {
    fn add(&mut self, source: &Source, runtime: &Runtime) {
        match source {
            Source::Image(name, place) => {
                let role = if matches!(runtime, Runtime::Image(base) if base == name) {
                    Role::Runtime
                } else {
                    Role::Build
                };
                let base = || Base { from: name.clone(), role, places: Vec::new() };
                self.bases.entry(name.clone()).or_insert_with(base).places.push(*place);
            }
            Source::Unknown(unknown) => self.unknown.push(unknown.clone()),
            Source::Stage(_) | Source::Scratch => {}
        }
    }

    fn finish(self, runtime: Runtime, buildkit: Option<Need>) -> DockerfileRead {
        let mut bases: Vec<Base> = self.bases.into_values().collect();
        for base in &mut bases {
            base.places.sort();
        }
        bases.sort_by(|a, b| a.places.cmp(&b.places));
        let mut unknown = self.unknown;
        unknown.sort_by_key(|unknown| unknown.line);
        DockerfileRead { runtime, bases, unknown, buildkit }
    }
}
