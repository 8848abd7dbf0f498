//! `check` and `lineage`: what the configuration and the Dockerfiles say; no daemon is asked.

use crate::cli::Failure;
use crate::cli::output::Output;
use crate::config::{self, Resolved};
use std::path::{Path, PathBuf};

/// The configuration of the folder that one stands in.
const HERE: &str = "tidegate.toml";

pub(crate) fn check(file: Option<&Path>, out: &mut Output<'_>) -> Result<(), Failure> {
    let file = file.map_or_else(|| PathBuf::from(HERE), Path::to_owned);
    let resolved = config::load(&file).map_err(|error| Failure::Usage(error.to_string()))?;
    let read = config::recipes::read(&resolved.setup);
    lines(&config::describe(&resolved, &read), out)?;
    for warning in &resolved.warnings {
        out.line(&format!("warning: {}", warning.shown(&resolved.file)))?;
    }
    let unread: Vec<String> = read
        .iter()
        .filter_map(|(image, read)| read.as_ref().err().map(|why| format!("recipe {image}: {why}")))
        .collect();
    if unread.is_empty() { Ok(()) } else { Err(Failure::Usage(unread.join("\n"))) }
}

pub(crate) fn lineage(
    targets: &[String],
    json: bool,
    file: Option<&Path>,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let config = configuration(file)?;
    let report = config::lineage_report(targets, config.as_ref()).map_err(|error| match error {
        config::ReportError::NotFound(_) => Failure::NotFound(error.to_string()),
        other => Failure::Failed(other.to_string()),
    })?;
    if json { out.raw(&report.to_json()) } else { lines(&report.to_string(), out) }
}

/// The configuration that was named, or the one that lies here; Dockerfiles can be read without any.
fn configuration(file: Option<&Path>) -> Result<Option<Resolved>, Failure> {
    let file = match file {
        Some(file) => file,
        None if Path::new(HERE).exists() => Path::new(HERE),
        None => return Ok(None),
    };
    config::load(file).map(Some).map_err(|error| Failure::Usage(error.to_string()))
}

fn lines(text: &str, out: &mut Output<'_>) -> Result<(), Failure> {
    text.lines().try_for_each(|line| out.line(line))
}
