//! Recipes: their folders, their tests, and that no image has two.

use super::super::file::{RecipeFile, TestFile};
use super::super::read::{At, KindName, Place};
use super::{Resolver, value};
use crate::model::setup::{Gate, GateBefore, Recipe, TestKind, TestSpec};
use crate::model::{GateName, ImageRef};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

const SECTION: &str = "[[recipe]]";
const TEST: &str = "[[recipe.test]]";

impl Resolver<'_> {
    pub(super) fn recipes(
        &mut self,
        recipes: &[At<RecipeFile>],
        gates: &BTreeMap<GateName, Gate>,
    ) -> BTreeMap<ImageRef, Recipe> {
        let mut out = BTreeMap::new();
        let mut lines: BTreeMap<ImageRef, usize> = BTreeMap::new();
        for at in recipes {
            let recipe = self.recipe(at, gates);
            let Some(image) = value(at.value.image.as_ref()) else { continue };
            if let Some(first) = lines.insert(image.clone(), at.line) {
                self.error(
                    at.line,
                    format!("{image} is built by two recipes; the other one is at line {first}"),
                    "take one of them out, or give it another `image`",
                );
            }
            out.extend(recipe.map(|recipe| (image, recipe)));
        }
        out
    }

    fn recipe(&mut self, at: &At<RecipeFile>, gates: &BTreeMap<GateName, Gate>) -> Option<Recipe> {
        let file = &at.value;
        let tests = self.tests(&file.test.value);
        let gate = self.gate_of(file.gate.as_ref(), gates, GateBefore::Publish, SECTION);
        let build_timeout = self.positive(&file.build_timeout, "build_timeout", SECTION);
        self.platform(file.platform.as_ref());
        let context = value(file.context.as_ref())?;
        let context = self.path(&context);
        self.context(&context, file);
        Some(Recipe {
            context: context.to_string_lossy().into_owned(),
            dockerfile: file.dockerfile.value.clone(),
            target: value(file.target.as_ref()),
            args: file.args.value.clone(),
            platform: value(file.platform.as_ref()),
            tests,
            owner: value(file.owner.as_ref()),
            gate,
            build_timeout,
        })
    }

    fn context(&mut self, context: &Path, file: &RecipeFile) {
        let line = file.context.as_ref().map_or(0, |at| at.line);
        if !context.is_dir() {
            let shown = context.display();
            self.error(
                line,
                format!("`context` in {SECTION}: there is no folder {shown}"),
                "it is relative to this file",
            );
            return;
        }
        let name = &file.dockerfile.value;
        let line = if file.dockerfile.is_set() { file.dockerfile.line } else { line };
        let inside =
            Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside {
            let place = Place { key: "dockerfile", section: SECTION };
            self.error(
                line,
                format!("{place} is {name:?}, which leads out of the context"),
                "it is relative to the context",
            );
        } else if !context.join(name).is_file() {
            let shown = context.display();
            self.error(
                line,
                format!("{SECTION}: there is no Dockerfile {name} in {shown}"),
                "set `dockerfile`, relative to the context",
            );
        }
    }

    fn platform(&mut self, platform: Option<&At<String>>) {
        let Some(at) = platform else { return };
        let legal = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        };
        let parts: Vec<&str> = at.value.split('/').collect();
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(|part| legal(part)) {
            let place = Place { key: "platform", section: SECTION };
            self.error(
                at.line,
                format!("{place} is {:?}", at.value),
                "write `os/architecture[/variant]`, such as \"linux/amd64\"",
            );
        }
    }

    fn tests(&mut self, tests: &[At<TestFile>]) -> Vec<TestSpec> {
        let mut names = BTreeSet::new();
        let mut out = Vec::new();
        for at in tests {
            let name = value(at.value.name.as_ref());
            let run = value(at.value.run.as_ref());
            if let Some(name) = &name
                && !names.insert(name.clone())
            {
                self.error(
                    at.line,
                    format!("the recipe has two tests called {name:?}"),
                    "give one another `name`",
                );
            }
            let kind = self.kind(&at.value);
            let timeout = self.positive(&at.value.timeout, "timeout", TEST);
            if let (Some(name), Some(run)) = (name, run) {
                self.argv(at, &run);
                out.push(test(&at.value, name, run, kind, timeout));
            }
        }
        out
    }

    fn argv(&mut self, at: &At<TestFile>, run: &[String]) {
        if run.first().is_none_or(String::is_empty) {
            let line = at.value.run.as_ref().map_or(at.line, |run| run.line);
            self.error(
                line,
                format!("`run` in {TEST} is empty"),
                "write the command as a list of words, such as [\"/bin/true\"]",
            );
        }
    }

    fn kind(&mut self, file: &TestFile) -> TestKind {
        match file.kind.value {
            KindName::Service => TestKind::Service {
                healthy_within: self.positive(&file.healthy_within, "healthy_within", TEST),
                client: value(file.client.as_ref()),
                service_env: file.service_env.value.clone(),
            },
            KindName::Command => {
                let client = file.client.as_ref().map_or(0, |at| at.line);
                let keys = [
                    ("healthy_within", file.healthy_within.line),
                    ("client", client),
                    ("service_env", file.service_env.line),
                ];
                for (key, line) in keys.into_iter().filter(|(_, line)| *line != 0) {
                    let place = Place { key, section: TEST };
                    self.error(
                        line,
                        format!("{place} is only for services"),
                        "set kind = \"service\", or take it out",
                    );
                }
                TestKind::Command
            }
        }
    }
}

fn test(
    file: &TestFile,
    name: String,
    run: Vec<String>,
    kind: TestKind,
    timeout: crate::model::Span,
) -> TestSpec {
    TestSpec {
        name,
        kind,
        run,
        env: file.env.value.clone(),
        timeout,
        memory: file.memory.as_ref().map(|at| at.value.0),
        network: file.network.value,
        junit: value(file.junit.as_ref()),
    }
}
