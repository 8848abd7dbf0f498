//! The daemon's row.

use super::View;
use crate::api::rows::{DaemonRow, Freeze, Row};
use crate::engine::state::Stop;

/// How many fleets are named in the header; more are a number.
const NAMED_FLEETS: usize = 3;

pub(super) fn daemon(view: View<'_>) -> Row {
    let about = view.beside.about();
    Row::Daemon(DaemonRow {
        name: about.name.unwrap_or_else(|| fleets(view)),
        version: about.version,
        pid: about.pid,
        since: view.beside.since(),
        read_only: about.read_only,
        freeze: view.state.freeze.as_ref().map(freeze),
        stuck: view.beside.stuck(),
        config: view.state.configured,
    })
}

/// A pause or a freeze as rows say it.
pub(super) fn freeze(stop: &Stop) -> Freeze {
    Freeze { by: stop.by.clone(), reason: stop.reason.clone(), since: stop.since, until: stop.until }
}

fn fleets(view: View<'_>) -> String {
    let fleets: Vec<&str> = view.state.setup.fleets.keys().map(crate::model::FleetName::as_str).collect();
    match fleets.len() {
        0 => "local".to_owned(),
        1..=NAMED_FLEETS => fleets.join(", "),
        count => format!("{count} fleets"),
    }
}
