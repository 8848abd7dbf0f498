//! Nothing waits without saying what for, since when, who can end it, and what happens by itself.

use crate::fixture::{model, rows};
use tidegate::api::rows::Row;
use tidegate::console::about::of_key;

#[test]
fn every_row_that_waits_says_all_of_it() {
    let model = model(80, 24);
    let mut waiting = 0;
    for row in rows() {
        let waits = match &row {
            Row::Step(step) => step.waiting.clone(),
            Row::Run(run) => run.waiting.clone(),
            _ => None,
        };
        let Some(waits) = waits else { continue };
        waiting += 1;
        let said = of_key(&model, &row.key()).plain();
        let since = waits.since.hours_minutes_seconds();
        for word in [&*waits.what, &*waits.who, &*waits.next, &*since, "waits", "unblocks", "by itself"] {
            assert!(said.contains(word), "{:?} does not say {word:?}:\n{said}", row.key());
        }
        if let Some(deadline) = waits.deadline {
            assert!(said.contains(&deadline.hours_minutes()), "{said}");
        }
    }
    assert!(waiting >= 6, "the fixture has steps that wait");
}

#[test]
fn every_pause_says_who_why_and_until_when() {
    let model = model(80, 24);
    for row in rows() {
        if let Row::Run(run) = &row {
            let Some(pause) = &run.paused else { continue };
            let said = of_key(&model, &row.key()).plain();
            assert!(said.contains(&pause.by.to_string()) && said.contains("no end set"), "{said}");
        }
    }
}
