//! `dossier`: all that is known of a failure, to read, to pipe or to keep.

use crate::api::client::Client;
use crate::api::dossier::markdown;
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use std::path::Path;

pub(crate) async fn dossier(
    client: &Client,
    id: &[String],
    json: bool,
    file: Option<&Path>,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let dossier = client.dossier(find::incident(id)?).await?;
    let text = if json {
        let text = serde_json::to_string_pretty(&dossier).map_err(|e| Failure::Failed(e.to_string()))?;
        format!("{text}\n")
    } else {
        markdown(&dossier)
    };
    let Some(file) = file else { return Ok(write!(out.0, "{text}")?) };
    let written = std::fs::write(file, text);
    written.map_err(|error| Failure::Failed(format!("cannot write {}: {error}", file.display())))?;
    out.line(&format!("the dossier of incident {} is in {}", dossier.incident, file.display()))
}
