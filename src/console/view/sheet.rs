//! An open sheet: what would happen, and the fields to type in. It stands in place of the details, never of the list.

use super::canvas::Canvas;
use crate::console::about;
use crate::console::layout::sheet_rows;
use crate::console::model::Model;
use crate::console::sheet::{Field, Proof, Sheet};
use crate::console::theme::Role;
use ratatui::layout::Rect;

/// Draws the sheet, when one is open.
pub fn sheet(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(sheet) = model.sheet() else { return };
    if area.height < 2 {
        return;
    }
    let doc = about::sheet(model, sheet);
    let lines = doc.layout(area.width);
    let rows = sheet_rows(model);
    let top = sheet.top.min(lines.len().saturating_sub(rows));
    let below = lines.len().saturating_sub(top + rows);
    canvas.sheet_rule(Rect { height: 1, ..area }, &doc.title, &out_of_sight(top, below));
    let height = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height - 1);
    canvas.lines(Rect { y: area.y + 1, height, ..area }, &lines[top..]);
    let fields = fields(model, sheet);
    let kept = u16::try_from(fields.len()).unwrap_or(2).min(area.height - 1 - height);
    for (y, (text, role)) in (area.bottom() - kept..area.bottom()).zip(fields) {
        canvas.put(area.x + 1, y, area.width.saturating_sub(1), &text, role);
    }
}

/// How many lines there are to be read yet; at the end, how many were read.
fn out_of_sight(above: usize, below: usize) -> String {
    match (above, below) {
        (0, 0) => String::new(),
        (_, 1) => "1 more line: PgDn".to_owned(),
        (above, 0) => format!("{above} above: PgUp"),
        (_, below) => format!("{below} more lines: PgDn"),
    }
}

/// The last lines: why nothing can be sent, or what to type and what was typed.
fn fields(model: &Model, sheet: &Sheet) -> Vec<(String, Role)> {
    if let Err(why) = model.can_act() {
        return vec![(format!("{why}; Esc"), Role::Refused)];
    }
    if sheet.sent.is_none() && !sheet.may_still(&model.replica) {
        return vec![("nothing can be done here; Esc".to_owned(), Role::Refused)];
    }
    if sheet.sent.is_some() {
        return vec![("sent; the daemon has not answered yet".to_owned(), Role::Done)];
    }
    let mut out = Vec::new();
    if let Some(problem) = &sheet.problem {
        out.push((problem.clone(), Role::Refused));
    }
    let at = |field: Field| if sheet.field == field { Role::Field } else { Role::Dim };
    let cursor =
        |field: Field, text: &str| if sheet.field == field { format!("{text}_") } else { text.to_owned() };
    let reason = cursor(Field::Reason, &sheet.reason);
    match &sheet.proof {
        Proof::Nothing => out.push(("Enter does it.".to_owned(), Role::Field)),
        Proof::Enter => {
            out.push((format!("Enter does it.  reason, if you like: {reason}"), at(Field::Reason)));
        }
        Proof::Reason => out.push((format!("type a reason, then Enter: {reason}"), at(Field::Reason))),
        Proof::Code(code) => {
            out.push((
                format!("type {code}, then Enter: {}", cursor(Field::Proof, &sheet.typed)),
                at(Field::Proof),
            ));
            out.push((format!("Tab: reason, if you like: {reason}"), at(Field::Reason)));
        }
        Proof::Name(name) => {
            out.push((format!("type {name}: {}", cursor(Field::Proof, &sheet.typed)), at(Field::Proof)));
            out.push((format!("Tab: reason, needed; then Enter: {reason}"), at(Field::Reason)));
        }
    }
    out
}
