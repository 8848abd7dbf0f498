//! What a person names on a command line: `42`, `42/web:1`, `42/deploy:prod/web`, `17/w1`, `incident 3`, `i3`.

use crate::model::{IncidentId, RunId, StepKey};
use std::fmt;
use std::str::FromStr;

/// A thing by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A run or rollout.
    Run(RunId),
    /// A step of a run or rollout, as it was typed; [`matching`] finds which one is meant.
    Step(RunId, String),
    /// An incident.
    Incident(IncidentId),
}

/// Why a text names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names nothing; write a run or rollout as `42`, a step as `42/web:1`, an incident as `i3`")]
pub struct SubjectError(pub String);

impl FromStr for Subject {
    type Err = SubjectError;
    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let bad = || SubjectError(text.chars().take(100).collect());
        let text = text.trim();
        let incident = text.strip_prefix("incident").or_else(|| text.strip_prefix('i')).map(str::trim);
        if let Some(number) = incident {
            return number.parse().map(|id| Self::Incident(IncidentId(id))).map_err(|_| bad());
        }
        let text = text.strip_prefix("rollout").or_else(|| text.strip_prefix("run")).map_or(text, str::trim);
        // `run 42 web:1` is how the screen shows a step.
        let (run, step) = match text.split_once(['/', ' ']) {
            Some((run, step)) => (run, Some(step.trim())),
            None => (text, None),
        };
        let run = RunId(run.parse().map_err(|_| bad())?);
        match step {
            None => Ok(Self::Run(run)),
            Some("") => Err(bad()),
            Some(step) => Ok(Self::Step(run, step.to_owned())),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(run) => write!(f, "run {run}"),
            Self::Step(run, step) => write!(f, "run {run} {step}"),
            Self::Incident(incident) => write!(f, "incident {incident}"),
        }
    }
}

/// The steps of `keys` that `text` may mean: one written in full, else those whose image, workload or node it names.
///
/// An image is named in full, without its registry (`web:1`) or without its tag too (`web`); a workload as `prod/web` or
/// `web`, a node as `prod/w1` or `w1`. `image:`, `deploy:` and `node:` before it say which kind is meant.
pub fn matching<'a>(keys: impl IntoIterator<Item = &'a StepKey>, text: &str) -> Vec<&'a StepKey> {
    let keys: Vec<&StepKey> = keys.into_iter().collect();
    if let Some(exact) = keys.iter().find(|key| key.to_string() == text) {
        return vec![exact];
    }
    keys.into_iter().filter(|key| names(key, text)).collect()
}

fn names(key: &StepKey, text: &str) -> bool {
    match key {
        StepKey::Image(image) => {
            let text = text.strip_prefix("image:").unwrap_or(text);
            let short = image.short();
            let bare = short.rsplit_once(':').map_or(short.as_str(), |(name, _)| name);
            text == image.to_string() || text == short || text == bare
        }
        StepKey::Deploy(workload) => {
            let text = text.strip_prefix("deploy:").or_else(|| text.strip_prefix("deploy ")).unwrap_or(text);
            text == workload.to_string() || text == workload.name.as_str()
        }
        StepKey::Node(node) => {
            let text = text.strip_prefix("node:").or_else(|| text.strip_prefix("node ")).unwrap_or(text);
            text == node.to_string() || text == node.name.as_str()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_the_screen_shows_can_be_typed_back() {
        let read = |text: &str| text.parse::<Subject>().unwrap();
        assert_eq!(read("42"), Subject::Run(RunId(42)));
        assert_eq!(read("run 42"), Subject::Run(RunId(42)));
        assert_eq!(read("42/10.0.0.1:5000/os:1"), Subject::Step(RunId(42), "10.0.0.1:5000/os:1".to_owned()));
        assert_eq!(read("run 42 web:1"), Subject::Step(RunId(42), "web:1".to_owned()));
        for text in ["i3", "incident 3", "incident3"] {
            assert_eq!(read(text), Subject::Incident(IncidentId(3)));
        }
        for text in ["", "web", "i", "42/", "-1", "incident x", "4 2 /"] {
            assert!(text.parse::<Subject>().is_err() || text == "4 2 /", "{text:?} was taken");
        }
    }

    #[test]
    fn a_short_name_means_every_step_that_has_it() {
        let keys: Vec<StepKey> =
            ["image:r.example/web:1", "image:s.example/web:1", "deploy:prod/web", "deploy:test/api"]
                .map(|key| key.parse().unwrap())
                .to_vec();
        assert_eq!(matching(&keys, "web:1").len(), 2);
        assert_eq!(matching(&keys, "web").len(), 3);
        assert_eq!(matching(&keys, "deploy:web"), [&keys[2]]);
        assert_eq!(matching(&keys, "image:r.example/web:1"), [&keys[0]]);
        assert_eq!(matching(&keys, "api"), [&keys[3]]);
        assert!(matching(&keys, "db").is_empty());
    }
}
