//! The first screen: what needs a person, what it is about, what is on its way, what comes.

use super::body::detail;
use super::canvas::{Canvas, Cell, Column, Wide};
use super::states;
use crate::api::rows::{NeedRow, Row, RowKey};
use crate::console::about;
use crate::console::list::Entry;
use crate::console::model::Model;
use crate::console::rank::List;
use crate::console::text::{self, when};
use crate::console::theme::{Role, glyph};
use ratatui::layout::Rect;

/// How many lines each part gets, its rule included; nothing where it has nothing to say.
struct Shares {
    needs: u16,
    detail: u16,
    going: u16,
    coming: u16,
}

/// Draws it.
pub fn overview(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let is_need = |entry: &&Entry| entry.key().is_some_and(|key| matches!(**key, RowKey::Need(_)));
    let needs = model.shown.iter().filter(is_need).count();
    let (needs, going) = model.shown.split_at(needs);
    let doc = about::selected(model);
    let wanted = doc.as_ref().map_or(0, |doc| doc.layout(area.width).len());
    let coming = model.replica.list(List::Coming).len();
    let shares = share(area.height, needs.len(), wanted, going.len(), coming);
    let mut y = area.y;
    let mut take = |height: u16| {
        let part = Rect { y, height, ..area };
        y += height;
        part
    };
    let columns = need_columns(model, needs, area.width);
    section(model, canvas, take(shares.needs), "needs you", needs, 0, &columns);
    if let Some(doc) = doc {
        detail(&doc, canvas, take(shares.detail));
    }
    section(model, canvas, take(shares.going), "on its way", going, needs.len(), going_columns(area.width));
    coming_up(model, canvas, take(shares.coming));
}

/// Shares `height` out: first what each part cannot do without, then by what it is for.
fn share(height: u16, needs: usize, detail: usize, going: usize, coming: usize) -> Shares {
    let count = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    let with_rule = |n: usize| if n == 0 { 0 } else { count(n).saturating_add(1) };
    let wanted =
        [count(needs.max(1)).saturating_add(1), with_rule(detail), with_rule(going), with_rule(coming)];
    let mut given = [0u16; 4];
    let mut left = height;
    // Each round lets a part grow to its next quota: the needs first, then their detail.
    for quota in [[5, 8, 3, 4], [9, 8, 6, 4], [u16::MAX, u16::MAX, 12, 10], [u16::MAX; 4]] {
        for part in 0..4 {
            let more = wanted[part].min(quota[part]).saturating_sub(given[part]).min(left);
            given[part] += more;
            left -= more;
        }
    }
    // A rule with nothing below it tells nobody anything.
    let whole = |lines: u16| if lines < 2 { 0 } else { lines };
    Shares { needs: given[0], detail: whole(given[1]), going: whole(given[2]), coming: whole(given[3]) }
}

/// The outcomes are whole where that leaves room for what stands before them: that is told in full below.
fn need_columns(model: &Model, needs: &[Entry], width: u16) -> [Column; 4] {
    let wide = |entry: &Entry| {
        let row = model.replica.need(entry.key()?)?;
        u16::try_from(text::width(&outcome(row, width))).ok()
    };
    let longest = needs.iter().filter_map(wide).max().unwrap_or(0);
    [
        Column::left("", Wide::Fixed(1)),
        Column::left("", Wide::Fixed(11)),
        Column::left("", Wide::Share(1)),
        Column::left("", Wide::Fixed(longest.max(width.saturating_sub(17) * 2 / 7))),
    ]
}

/// An outcome, cut by whole clauses where it would take more than its part of the line.
fn outcome(row: &NeedRow, width: u16) -> String {
    text::clause(&row.outcome, usize::from(width.saturating_sub(17)) * 5 / 9)
}

const GOING_COLUMNS: [Column; 5] = [
    Column::left("", Wide::Fixed(1)),
    Column::left("", Wide::Fixed(11)),
    Column::left("", Wide::Share(1)),
    Column::right("left", Wide::Fixed(6)),
    Column::right("usual", Wide::Fixed(6)),
];

const GOING_WIDE: [Column; 7] = [
    Column::left("", Wide::Fixed(1)),
    Column::left("", Wide::Fixed(11)),
    Column::left("", Wide::Share(3)),
    Column::right("left", Wide::Fixed(6)),
    Column::right("usual", Wide::Fixed(6)),
    Column::left("began", Wide::Fixed(12)),
    Column::left("by", Wide::Share(1)),
];

fn going_columns(width: u16) -> &'static [Column] {
    if width >= 140 { &GOING_WIDE } else { &GOING_COLUMNS }
}

/// A list with a title, scrolled so that the selected row is in sight.
fn section(
    model: &Model,
    canvas: &mut Canvas<'_>,
    area: Rect,
    title: &str,
    entries: &[Entry],
    first: usize,
    columns: &[Column],
) {
    if area.height == 0 {
        return;
    }
    let rule = Rect { height: 1, ..area };
    let inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let rows = usize::from(inner.height);
    let hidden = if entries.len() > rows { format!("{title} {}", entries.len()) } else { title.to_owned() };
    canvas.rule(rule, &hidden, if first == 0 && title == "needs you" { "if nobody acts" } else { "" });
    if title == "on its way" {
        canvas.rule_heads(rule, columns);
    }
    if entries.is_empty() {
        nothing_in(model, canvas, inner);
        return;
    }
    let selected = model.screen().picker().map_or(0, |picker| picker.index);
    let here = selected.checked_sub(first).filter(|at| *at < entries.len());
    let top = here.map_or(0, |at| (at + 1).saturating_sub(rows));
    for (at, entry) in entries.iter().enumerate().skip(top).take(rows) {
        let y = inner.y + u16::try_from(at - top).unwrap_or(0);
        let cells = entry.key().map_or(Vec::new(), |key| cells(model, key));
        canvas.row(Rect { y, height: 1, ..inner }, columns, &cells, here == Some(at));
    }
}

fn nothing_in(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if model.shown.is_empty() {
        states::empty(model, canvas, area);
        return;
    }
    let (text, role) = match states::unseen(model) {
        Some(unseen) => (unseen, Role::Unknown),
        None => ("nothing needs you".to_owned(), Role::Good),
    };
    canvas.put(area.x + 3, area.y, area.width.saturating_sub(3), &text, role);
}

fn cells(model: &Model, key: &RowKey) -> Vec<Cell> {
    match model.replica.row(key) {
        Some(Row::Need(row)) => vec![
            Cell::styled(glyph(row.mark), Role::of(row.mark)),
            Cell::text(row.object.clone()),
            Cell::text(row.text.clone()),
            Cell::text(outcome(row, model.size.width)),
        ],
        Some(Row::Run(row)) => vec![
            Cell::styled(glyph(row.mark), Role::of(row.mark)),
            Cell::text(row.name()),
            Cell::text(
                Some(about::doing(&model.replica, row, model.now))
                    .filter(|doing| !doing.is_empty())
                    .unwrap_or_else(|| row.cause.clone()),
            ),
            Cell::text(row.left.map_or("?".to_owned(), |left| left.to_string())),
            Cell::text(row.usual.map_or("?".to_owned(), |usual| usual.to_string())),
            Cell::text(when(row.started, model.now)),
            Cell::text(row.by.to_string()),
        ],
        _ => Vec::new(),
    }
}

fn coming_up(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let list = model.replica.list(List::Coming);
    canvas.rule(Rect { height: 1, ..area }, "coming up", "");
    let rows = usize::from(area.height - 1);
    for (y, (_, key)) in (area.y + 1..area.bottom()).zip(list.iter().take(rows)) {
        if let Some(Row::Coming(row)) = model.replica.row(key) {
            let at = when(row.at, model.now);
            let x = canvas.put(area.x + 1, y, area.width.saturating_sub(1), &at, Role::Text);
            let x = x.max(area.x + 7) + 1;
            canvas.put(x, y, area.right().saturating_sub(x), &row.text, Role::Text);
        }
    }
}
