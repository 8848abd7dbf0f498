//! What an ID means, in the state as it is now.

use super::Failure;
use crate::api::rows::{May, RunRow, StepRow};
use crate::api::status::{RunStatus, Status};
use crate::api::subject::{Subject, matching};
use crate::model::{ImageRef, IncidentId, RunId, WorkloadId};

/// The subject that was typed.
pub(super) fn subject(text: &str) -> Result<Subject, Failure> {
    text.parse().map_err(|error: crate::api::subject::SubjectError| Failure::Usage(error.to_string()))
}

/// A run's number; a step is refused, so that nobody pauses more than they meant.
pub(super) fn run(text: &str) -> Result<RunId, Failure> {
    match subject(text)? {
        Subject::Run(run) => Ok(run),
        Subject::Step(run, _) => Err(Failure::Usage(format!("this is about a whole run; write `{run}`"))),
        Subject::Incident(_) => {
            Err(Failure::Usage(format!("{text} is an incident; name a run, for example `42`")))
        }
    }
}

/// An incident's number: `3`, `i3`, `incident 3`.
pub(super) fn incident(words: &[String]) -> Result<IncidentId, Failure> {
    match subject(&words.join(" "))? {
        Subject::Incident(incident) => Ok(incident),
        Subject::Run(run) => Ok(IncidentId(run.0)),
        Subject::Step(..) => Err(Failure::Usage("name an incident, for example `i3`".to_owned())),
    }
}

/// The run that is meant.
pub(super) fn run_status(status: &Status, run: RunId) -> Result<&RunStatus, Failure> {
    let found = status.runs.iter().find(|found| found.run.run == run);
    found.ok_or_else(|| Failure::NotFound(format!("there is no run {run}; `tidegate runs` lists the runs")))
}

/// The rollout that is meant; a run is refused.
pub(super) fn rollout(status: &Status, run: RunId) -> Result<&RunRow, Failure> {
    let row = &run_status(status, run)?.run;
    match row.rollout {
        Some(_) => Ok(row),
        None => Err(Failure::Usage(format!("{run} is a run, no rollout; `tidegate runs` lists both"))),
    }
}

/// The step that is meant. A run alone means its one step that `fits`.
pub(super) fn step<'a>(
    status: &'a Status,
    text: &str,
    what: &str,
    fits: &dyn Fn(&StepRow) -> bool,
) -> Result<&'a StepRow, Failure> {
    match subject(text)? {
        Subject::Run(run) => {
            let run = run_status(status, run)?;
            let fitting: Vec<&StepRow> = run.steps.iter().filter(|step| fits(step)).collect();
            let called = run.run.name();
            let none = format!(
                "{called} has no step {what}: {}; `tidegate why {}` says more",
                run.run.state, run.run.run
            );
            one(&fitting, none, || format!("{called} has several steps {what}"))
        }
        Subject::Step(run, name) => {
            let run = run_status(status, run)?;
            let keys = matching(run.steps.iter().map(|step| &step.step), &name);
            let all: Vec<&StepRow> = run.steps.iter().filter(|step| keys.contains(&&step.step)).collect();
            // A name of both an image and a workload means the one for which the command makes sense.
            let fitting: Vec<&StepRow> = all.iter().copied().filter(|step| fits(step)).collect();
            let found = if fitting.len() == 1 { fitting } else { all };
            let called = run.run.name();
            let none = format!("{called} has no step {name}; it has {}", names(&run.steps));
            one(&found, none, || format!("{name} means several steps of {called}"))
        }
        Subject::Incident(_) => {
            Err(Failure::Usage(format!("{text} is an incident; name a step, for example `42/web:1`")))
        }
    }
}

/// What is done with a step, as [`May`] says, in words for `step`.
pub(super) fn words(may: May) -> &'static str {
    match may {
        May::Approve => "to approve",
        May::Reject => "to reject",
        May::Retry => "to try again",
        May::Rollback => "to roll back",
        May::Skip => "to skip",
    }
}

fn one<'a>(
    found: &[&'a StepRow],
    none: String,
    several: impl Fn() -> String,
) -> Result<&'a StepRow, Failure> {
    match found {
        [] => Err(Failure::NotFound(none)),
        [step] => Ok(step),
        many => {
            let lines: Vec<String> =
                many.iter().map(|step| format!("  {}/{}  {}", step.run, step.step, step.state)).collect();
            Err(Failure::Usage(format!("{}; name one:\n{}", several(), lines.join("\n"))))
        }
    }
}

fn names(steps: &[StepRow]) -> String {
    steps.iter().map(|step| step.step.to_string()).collect::<Vec<_>>().join(", ")
}

/// The beginning of a digest, at least four digits of it.
pub(super) fn prefix(text: &str) -> Result<String, Failure> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    if hex.len() < 4 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::Usage(format!("{text:?} is no digest; give at least its first four digits")));
    }
    Ok(hex.to_ascii_lowercase())
}

/// The image that is meant: one of the lineage by any of its names, else what was typed in full.
pub(super) fn image(status: &Status, text: &str) -> Result<ImageRef, Failure> {
    let called = |image: &&ImageRef| image.to_string() == text || image.short() == text;
    let found: Vec<&ImageRef> = status.images.iter().map(|row| &row.image).filter(called).collect();
    match found.as_slice() {
        [image] => Ok((*image).clone()),
        [] => {
            text.parse().map_err(|error: crate::model::image::ImageError| Failure::Usage(error.to_string()))
        }
        many => Err(several(text, "images", many)),
    }
}

/// The workload that is meant: by its name where only one is called so.
pub(super) fn workload(status: &Status, text: &str) -> Result<WorkloadId, Failure> {
    let called = |id: &&WorkloadId| id.to_string() == text || id.name.as_str() == text;
    let found: Vec<&WorkloadId> = status.workloads.iter().map(|row| &row.workload).filter(called).collect();
    match found.as_slice() {
        [id] => Ok((*id).clone()),
        [] => Err(Failure::NotFound(format!("there is no workload {text}; `tidegate status` lists them"))),
        many => Err(several(text, "workloads", many)),
    }
}

fn several<T: std::fmt::Display>(text: &str, what: &str, found: &[&T]) -> Failure {
    let lines: Vec<String> = found.iter().map(|one| format!("  {one}")).collect();
    Failure::Usage(format!("{text} means several {what}; name one:\n{}", lines.join("\n")))
}
