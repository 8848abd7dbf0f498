//! `logs`: a log, window by window.

use crate::api::client::{At, Client};
use crate::api::logs::file_name;
use crate::cli::output::Output;
use crate::cli::{Failure, find};
use crate::model::limits::LOG_LINE_BYTES;
use crate::model::text::clean;
use std::time::Duration;

/// Between two looks at a log that is still written.
const LOOK_EVERY: Duration = Duration::from_millis(300);

pub(crate) async fn logs(
    client: &Client,
    id: &str,
    follow: bool,
    error: bool,
    out: &mut Output<'_>,
) -> Result<(), Failure> {
    let id = log_id(client, id).await?;
    let mut at = if error { At::FirstError } else { At::Offset(0) };
    loop {
        let window = client.logs(&id, at).await?;
        for line in &window.lines {
            out.raw(&clean(line, LOG_LINE_BYTES))?;
        }
        let moved = window.next != window.offset;
        at = At::Offset(window.next);
        if !(moved || follow && window.open) {
            return Ok(());
        }
        if !moved {
            out.0.flush()?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// `r42/…` is a log; anything else is a step, whose latest log is meant.
async fn log_id(client: &Client, id: &str) -> Result<String, Failure> {
    let is_log = id.strip_prefix('r').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if is_log && file_name(id).is_some() {
        return Ok(id.to_owned());
    }
    let status = client.status().await?;
    let step = find::step(&status, id, "with a log", &|step| !step.logs.is_empty())?;
    let none = || {
        Failure::NotFound(format!("{}/{} has written no log yet: it is {}", step.run, step.step, step.state))
    };
    step.logs.last().cloned().ok_or_else(none)
}
