//! What is being typed: the filter, the palette, the jump.

use super::canvas::{Canvas, Cell, Column, Wide};
use crate::api::rows::Row;
use crate::console::finder;
use crate::console::model::{Mode, Model};
use crate::console::theme::{Role, glyph};
use ratatui::layout::Rect;

/// The line with what was typed, in place of the footer.
pub fn line(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let text = match &model.mode {
        Mode::Filter => {
            let typed = model.screen().picker().map_or("", |picker| picker.filter.as_str());
            format!("/{typed}_   Enter keeps it, Esc shows all")
        }
        Mode::Palette(typed, _) => format!(":{typed}_   Enter does it, Esc leaves"),
        Mode::Jump(typed, _) => format!("go to: {typed}_   Enter goes, Esc leaves"),
        Mode::Normal | Mode::Sheet(_) => return,
    };
    canvas.put(area.x + 1, area.y, area.width.saturating_sub(1), &text, Role::Field);
}

/// The matches, over the lowest lines of the body.
pub fn matches(model: &Model, canvas: &mut Canvas<'_>, body: Rect) {
    let (title, rows, selected) = match &model.mode {
        Mode::Palette(typed, at) => ("actions", palette(model, typed), *at),
        Mode::Jump(typed, at) => ("go to", jump(model, typed), *at),
        Mode::Normal | Mode::Filter | Mode::Sheet(_) => return,
    };
    let height = u16::try_from(rows.len().max(1) + 1).unwrap_or(1).min(body.height);
    let area = Rect { y: body.bottom() - height, height, ..body };
    if height == 0 {
        return;
    }
    for y in area.y..area.bottom() {
        let blank = " ".repeat(usize::from(area.width));
        canvas.put(area.x, y, area.width, &blank, Role::Text);
    }
    canvas.rule(Rect { height: 1, ..area }, title, "");
    if rows.is_empty() {
        canvas.put(
            area.x + 3,
            area.bottom() - 1,
            area.width.saturating_sub(3),
            "nothing is called that",
            Role::Dim,
        );
    }
    for (at, (y, cells)) in (area.y + 1..area.bottom()).zip(rows).enumerate() {
        canvas.row(Rect { y, height: 1, ..area }, &COLUMNS, &cells, at == selected);
    }
}

const COLUMNS: [Column; 3] =
    [Column::left("", Wide::Fixed(14)), Column::left("", Wide::Share(1)), Column::left("", Wide::Share(2))];

fn palette(model: &Model, typed: &str) -> Vec<Vec<Cell>> {
    let row = |spec: &&crate::console::actions::Spec| {
        vec![
            Cell::styled(spec.keys[0].to_string(), Role::Key),
            Cell::text(spec.name),
            Cell::styled(spec.help, Role::Dim),
        ]
    };
    finder::actions(model, typed).iter().map(row).collect()
}

fn jump(model: &Model, typed: &str) -> Vec<Vec<Cell>> {
    let row = |(key, name): &(crate::console::replica::Shared, String)| {
        let (kind, mark, state) = match model.replica.row(key) {
            Some(Row::Image(row)) => ("image", Some(row.mark), row.state.clone()),
            Some(Row::Workload(row)) => ("workload", Some(row.mark), row.state.clone()),
            Some(Row::Run(row)) if row.rollout.is_some() => ("rollout", Some(row.mark), row.cause.clone()),
            Some(Row::Run(row)) => ("run", Some(row.mark), row.cause.clone()),
            Some(Row::Incident(row)) => ("incident", None, row.cause.clone()),
            Some(
                Row::Daemon(_)
                | Row::Source(_)
                | Row::Pool(_)
                | Row::Node(_)
                | Row::Step(_)
                | Row::Need(_)
                | Row::Coming(_)
                | Row::Event(_),
            )
            | None => ("", None, String::new()),
        };
        let sign = mark.map_or(String::new(), |mark| format!("{} ", glyph(mark)));
        vec![
            Cell::styled(kind, Role::Dim),
            Cell::name(name.clone()),
            Cell::styled(format!("{sign}{state}"), mark.map_or(Role::Text, Role::of)),
        ]
    };
    finder::objects(model, typed).iter().map(row).collect()
}
