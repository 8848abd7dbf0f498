//! What is shown, taken away: into the clipboard, or into a file.

use crate::api::rows::{Row, RowKey};
use crate::console::about;
use crate::console::list::Entry;
use crate::console::model::{Model, Notice, Screen};
use crate::console::msg::{Changed, Cmd};
use crate::console::target::{open_incident, target};

/// The screen as text, into the clipboard.
pub fn copy(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let text = text_of(model);
    model.notice =
        Some(Notice::Done(format!("copied {} lines, if the terminal allows it", text.lines().count())));
    (Changed::Yes, vec![Cmd::Copy(text)])
}

/// The dossier of the incident that this is about; elsewhere the screen as text.
pub fn save(model: &mut Model) -> (Changed, Vec<Cmd>) {
    if let Some(incident) = incident_of(model) {
        return (Changed::No, vec![Cmd::Dossier(incident)]);
    }
    let (name, text) = match model.screen() {
        Screen::Journal(_, Some(run)) => (format!("run-{run}-journal"), journal(model)),
        Screen::Journal(_, None) => ("journal".to_owned(), journal(model)),
        Screen::Overview(_) => ("hand-over".to_owned(), text_of(model)),
        Screen::Log(_) => ("log".to_owned(), text_of(model)),
        Screen::Page(..)
        | Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_) => ("page".to_owned(), text_of(model)),
    };
    (Changed::No, vec![Cmd::Save { name: format!("tidegate-{name}"), text }])
}

/// The incident of a page or a selected row; a journal's line stays a line.
fn incident_of(model: &Model) -> Option<crate::model::IncidentId> {
    if matches!(model.screen(), Screen::Journal(..) | Screen::Log(_)) {
        return None;
    }
    match target(model)? {
        RowKey::Incident(incident) => Some(incident),
        step @ RowKey::Step(..) => open_incident(&model.replica, &step).map(|row| row.incident),
        RowKey::Daemon
        | RowKey::Source(_)
        | RowKey::Image(_)
        | RowKey::Workload(_)
        | RowKey::Pool(_)
        | RowKey::Node(_)
        | RowKey::Run(_)
        | RowKey::Need(_)
        | RowKey::Coming(_)
        | RowKey::Event(_) => None,
    }
}

fn text_of(model: &Model) -> String {
    match model.screen() {
        Screen::Page(about, _) => about::page(model, about).plain(),
        Screen::Log(log) => {
            log.lines(log.top).take(200).fold(String::new(), |all, (_, line)| all + line + "\n")
        }
        Screen::Overview(_) => hand_over(model),
        Screen::Lineage(..)
        | Screen::Updates(_)
        | Screen::Runs(_)
        | Screen::Run(..)
        | Screen::Pools(_)
        | Screen::Pool(..)
        | Screen::Incidents(_)
        | Screen::Journal(..) => about::selected(model).map_or(String::new(), |doc| doc.plain()),
    }
}

/// The lines of the journal that the screen has, newest first: who did what, when.
fn journal(model: &Model) -> String {
    use crate::console::text::{exactly_when, safe};
    let mut out = format!("journal, {}\n", model.now);
    for key in model.shown.iter().filter_map(Entry::key) {
        if let Some(Row::Event(row)) = model.replica.row(key) {
            let line = format!("{} {}: {}", exactly_when(row.at, model.now), row.by, row.text);
            out.push_str(&safe(&line));
            out.push('\n');
        }
    }
    out
}

/// What the next person on call needs to know, as text.
fn hand_over(model: &Model) -> String {
    use crate::console::plain::word;
    use crate::console::rank::List;
    use crate::console::text::{safe, when};
    let mut out = format!("hand-over, {}\n", model.now);
    for list in [List::Needs, List::Going, List::Coming] {
        for (_, key) in model.replica.list(list) {
            let line = match model.replica.row(key) {
                Some(Row::Need(row)) => {
                    format!(
                        "needs you: {} {}: {}; if nobody acts: {}",
                        word(row.mark),
                        row.object,
                        row.text,
                        row.outcome
                    )
                }
                Some(Row::Run(row)) => format!("on its way: run {} {}: {}", row.run, row.cause, row.state),
                Some(Row::Coming(row)) => format!("coming up: {} {}", when(row.at, model.now), row.text),
                _ => continue,
            };
            out.push_str(&safe(&line));
            out.push('\n');
        }
    }
    out
}
