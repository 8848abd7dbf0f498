//! A source's row: where facts come from, and whether they still do.

use super::View;
use crate::api::rows::{Row, SourceRow, Stuck};
use std::collections::BTreeSet;

/// Every source there is: configured, named by a watched image, heard of, or lost.
pub(super) fn names(view: View<'_>) -> BTreeSet<String> {
    let state = view.state;
    let registries = state.setup.registries.keys().map(|registry| format!("registry {registry}"));
    let watched = state.watched().into_iter().map(|image| format!("registry {}", image.registry));
    let fleets = state.setup.fleets.keys().map(|fleet| format!("fleet {fleet}"));
    let builder = (!state.setup.recipes.is_empty()).then(|| "builder".to_owned());
    let heard = view.sources.keys().cloned();
    registries
        .chain(watched)
        .chain(fleets)
        .chain(builder)
        .chain(heard)
        .chain(state.lost.keys().cloned())
        .collect()
}

pub(super) fn source(view: View<'_>, name: &str) -> Row {
    let answered = view.sources.get(name).copied().unwrap_or_default();
    let lost = view.state.lost.get(name);
    Row::Source(SourceRow {
        name: name.to_owned(),
        seen: answered.last,
        lost: lost.map(|lost| Stuck { why: lost.why.clone(), since: lost.since }),
        next: answered.next.filter(|_| lost.is_some()),
    })
}
