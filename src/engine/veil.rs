//! Values of the environment and of build arguments do not get into what is told or kept: a test may print what it was given.

use super::run::Run;
use crate::model::StepKey;
use std::collections::BTreeMap;

/// A shorter value is no secret, and too many words would vanish with it.
const SHORTEST: usize = 4;

/// The values that must not be seen, each with its name.
#[derive(Debug, Default)]
pub(super) struct Veil {
    /// Longest first, so that a value inside another one leaves no rest of that.
    values: Vec<(String, String)>,
}

impl Veil {
    /// What the recipes of a run give to builds and tests. The logs of one image may show what another one's base was given.
    pub(super) fn of(run: &Run) -> Self {
        let recipes = run.steps.values().filter_map(|step| Some(&step.image()?.recipe));
        let given = recipes.flat_map(|recipe| {
            let tests = recipe.tests.iter().flat_map(|test| &test.env);
            recipe.args.iter().chain(tests).map(|(name, value)| (value.clone(), name.clone()))
        });
        let known: BTreeMap<String, String> = given.filter(|(value, _)| value.len() >= SHORTEST).collect();
        let mut values: Vec<_> = known.into_iter().collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Self { values }
    }

    /// The text with names in place of values.
    pub(super) fn over(&self, text: &str) -> String {
        let cover = |text: String, (value, name): &(String, String)| {
            text.replace(value.as_str(), &format!("[{name}]"))
        };
        self.values.iter().fold(text.to_owned(), cover)
    }
}

/// The names of what a step's build and tests are given.
pub(super) fn names(run: &Run, step: &StepKey) -> Vec<String> {
    let Some(image) = run.steps.get(step).and_then(|step| step.image()) else { return Vec::new() };
    let tests = image.recipe.tests.iter().flat_map(|test| test.env.keys());
    let names: std::collections::BTreeSet<&String> = image.recipe.args.keys().chain(tests).collect();
    names.into_iter().cloned().collect()
}
