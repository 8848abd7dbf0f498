//! What the sheets of a pool say: what it is kept from, and what is kept from it.

use super::pool::kept;
use crate::api::rollout::ReleaseRow;
use crate::api::rows::{Mark, PoolRow};
use crate::console::doc::Doc;
use crate::console::text::when;
use crate::console::theme::Role;
use crate::model::{ReleaseName, Timestamp};

/// What a pool would take by itself, and when.
fn takes(doc: &mut Doc, row: &PoolRow, now: Timestamp) {
    let next = row.next.as_ref();
    let text = next.map(|(release, at)| format!("{release} at {}, by itself", when(*at, now)));
    doc.pair("otherwise", text.unwrap_or_else(|| "nothing by itself".to_owned()));
}

pub(super) fn pin(doc: &mut Doc, row: &PoolRow, now: Timestamp) {
    doc.pair("state", row.state.clone());
    doc.pair(
        "stops",
        "no release begins in this pool: not by itself, not by a person, not as a roll forward",
    );
    doc.pair("goes on", "taking back what was done, and making the pool larger or smaller");
    takes(doc, row, now);
    doc.pair("by itself", "stays pinned until somebody ends it (P)");
}

pub(super) fn unpin(doc: &mut Doc, row: &PoolRow, now: Timestamp) {
    if let Some(pin) = &row.pinned {
        doc.marked("pinned", kept(pin, now), Mark::Paused);
    }
    let announced = row.announced.iter().rev().find(|one| one.skipped.is_none() && one.quarantine.is_none());
    let newest = announced.map_or("nothing is announced".to_owned(), |one| {
        format!(
            "{} is the newest announced; a pool that takes releases by itself takes it once old enough",
            one.release
        )
    });
    doc.pair("at once", "releases may begin in this pool again");
    doc.pair("then", newest);
    doc.pair("undo", "p pins it again; p on a rollout that has begun pauses that");
}

pub(super) fn skip(doc: &mut Doc, row: &PoolRow, release: &ReleaseName, now: Timestamp) {
    doc.pair("at once", format!("pool {} does not take {release} by itself", row.pool));
    takes(doc, row, now);
    doc.pair("then", "a pool that takes releases by itself takes the newest one that is not skipped");
    doc.pair("undo", "U takes this back; S starts it all the same, and it is skipped no more then");
}

pub(super) fn unskip(doc: &mut Doc, row: &PoolRow, release: &ReleaseName, now: Timestamp) {
    let one = row.announced.iter().find(|one| one.release == *release);
    if let Some(skip) = one.and_then(|one| one.skipped.as_ref()) {
        doc.marked("skipped", kept(skip, now), Mark::Paused);
    }
    let text =
        format!("pool {} may take {release} by itself again, at once where it is old enough", row.pool);
    doc.pair("at once", text);
    doc.pair("undo", "x skips it again, as long as no rollout of it has begun");
}

/// Somebody else was quicker with a pin, or with ending it.
pub(super) fn pinned_meanwhile(doc: &mut Doc, row: &PoolRow, now: Timestamp) {
    let text = match &row.pinned {
        Some(pin) => format!("this is done already: pinned {}", kept(pin, now)),
        None => "this is done already: the pool is not pinned any more".to_owned(),
    };
    doc.text(text, Role::Refused);
}

/// Somebody else was quicker with a skip, or the release has begun.
pub(super) fn skipped_meanwhile(doc: &mut Doc, row: &ReleaseRow, now: Timestamp) {
    let release = &row.release;
    let text = match &row.skipped {
        Some(skip) => format!("this is done already: {release} is skipped {}", kept(skip, now)),
        None if row.taken => format!("a rollout of {release} has begun; it is not taken by itself again"),
        None => format!("this is done already: {release} is not skipped any more"),
    };
    doc.text(text, Role::Refused);
}
