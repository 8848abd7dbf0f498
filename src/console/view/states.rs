//! Screens for the times when there is nothing to show: connecting, loading, lost, refused, empty.

use super::canvas::Canvas;
use crate::api::rows::Row;
use crate::console::model::{Link, Model, Screen};
use crate::console::rank::List;
use crate::console::text::{exactly_when, when, wrap};
use crate::console::theme::Role;
use ratatui::layout::Rect;

/// Before the first whole snapshot.
pub fn nothing_yet(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let (title, text) = match &model.link {
        Link::Connecting => ("connecting", "Asking the daemon for its rows.".to_owned()),
        Link::Loading => {
            let rows = model.replica.arriving().unwrap_or(0);
            ("loading", format!("{rows} rows so far; the screen is drawn once all are here."))
        }
        Link::Live => ("loading", "The rows are on their way.".to_owned()),
        Link::Lost { why, since } => {
            let since = exactly_when(*since, model.now);
            ("no daemon", format!("Since {since}: {why}. It is asked again by itself; q leaves."))
        }
        Link::Hopeless { why } => ("no daemon", format!("{why}. q leaves.")),
    };
    canvas.rule(Rect { height: 1, ..area }, title, "");
    paragraph(canvas, Rect { y: area.y + 1, height: area.height - 1, ..area }, &text);
}

/// What an empty list says: what would stand here, and that there is none; or what keeps us from knowing that.
pub fn empty(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let filter = model.screen().picker().map_or("", |picker| picker.filter.as_str());
    let journal = matches!(model.screen(), Screen::Journal(..) | Screen::Run(..));
    let text = match unseen(model) {
        _ if !filter.is_empty() => "Nothing contains that; Esc shows all again.".to_owned(),
        Some(unseen) if !journal => unseen,
        Some(_) | None => nothing_in(model.screen()).to_owned(),
    };
    paragraph(canvas, area, &text);
}

/// Which sources do not answer; while there is one, "nothing" may only mean that nothing is seen.
pub fn unseen(model: &Model) -> Option<String> {
    let lost = model.replica.list(List::Lost).iter().filter_map(|(_, key)| {
        let Some(Row::Source(row)) = model.replica.row(key) else { return None };
        let lost = row.lost.as_ref()?;
        Some(format!("{}: {}, since {}", row.name, lost.why, when(lost.since, model.now)))
    });
    let lost: Vec<String> = lost.collect();
    (!lost.is_empty()).then(|| format!("not everything can be seen: {}", lost.join("; ")))
}

fn nothing_in(screen: &Screen) -> &'static str {
    match screen {
        Screen::Overview(_) => "Nothing needs you, and nothing is on its way.",
        Screen::Lineage(_, tree) if tree.behind_only => {
            "Nothing is known to be behind. b shows everything, and what is not known."
        }
        Screen::Lineage(..) => "No image is known yet: the configuration names none, and nothing runs.",
        Screen::Updates(_) => "Every image is current, and nothing is quarantined.",
        Screen::Runs(_) => "No change has come through yet.",
        Screen::Run(..) => "This run has no steps, or it is older than what is kept.",
        Screen::Pools(_) => "The configuration names no pool of nodes.",
        Screen::Pool(..) => "No node of this pool was seen yet.",
        Screen::Incidents(_) => "Nothing has failed.",
        Screen::Journal(..) => "Nothing has happened yet.",
        Screen::Page(..) | Screen::Log(_) => "",
    }
}

/// A text over several lines.
pub fn paragraph(canvas: &mut Canvas<'_>, area: Rect, text: &str) {
    let lines = wrap(text, usize::from(area.width.saturating_sub(4)));
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        canvas.put(area.x + 3, y, area.width.saturating_sub(3), &line, Role::Text);
    }
}
