//! A configuration file.

use super::{comes_back, readable};
use std::path::Path;
use tidegate::config::{ConfigError, Problem, describe, parse};
use tidegate::model::limits::MESSAGE_CHARS;

/// No folder has this name, so that nothing is read from the disk that this runs on.
const NOWHERE: &str = "/nowhere/at/all/tidegate.toml";
/// What every variable of the environment holds.
const SECRET: &str = "hunter2-hunter2";

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if text.contains(SECRET) {
        return;
    }
    let lines = text.lines().count() + 1;
    match parse(&text, Path::new(NOWHERE), &|_| Some(SECRET.to_owned())) {
        Ok(resolved) => {
            comes_back(&resolved.setup);
            resolved.warnings.iter().for_each(|warning| sound(warning, lines));
            assert!(!format!("{resolved:?}").contains(SECRET), "a secret in the debug form");
            let page = describe(&resolved, &std::collections::BTreeMap::new());
            readable(&page);
            assert!(!page.contains(SECRET), "a secret in the description");
        }
        Err(ConfigError::Wrong { problems, .. }) => {
            assert!(!problems.is_empty(), "refused, and nobody knows why");
            problems.iter().for_each(|problem| sound(problem, lines));
        }
        Err(error @ ConfigError::Unreadable { .. }) => panic!("there was nothing to read: {error}"),
    }
}

fn sound(problem: &Problem, lines: usize) {
    readable(&problem.message);
    assert!(problem.line <= lines, "line {} of {lines}", problem.line);
    let texts = [Some(&problem.message), problem.hint.as_ref()];
    for text in texts.into_iter().flatten() {
        assert!(text.chars().count() <= MESSAGE_CHARS, "{} characters", text.chars().count());
        assert!(!text.contains(SECRET), "a secret in {text:?}");
        assert!(!text.chars().any(char::is_control), "{text:?}");
    }
}
