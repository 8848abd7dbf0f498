//! Sheets: opened, typed into, sent, answered.
//!
//! 1. Keys of the first moments are dropped: they were typed at the screen before.
//! 2. A paste reaches the reason only, never what proves that the sheet was read.
//! 3. Nothing is sent while the link is down or this console may not act; then the sheet has no field at all.
//! 4. What was sent carries what its author saw. A refusal stays on screen until Esc.
//! 5. A sheet that has more lines than room is not sent before its last line was in sight, unless Enter alone is enough for it: what
//!    leads towards safety must not wait for a reader.

use super::moving::{Motion, moved};
use super::prompts::typed;
use crate::api::Reply;
use crate::console::actions::Action;
use crate::console::key::Key;
use crate::console::layout::{sheet_end, sheet_rows};
use crate::console::model::{Mode, Model, Notice};
use crate::console::msg::{Changed, Cmd};
use crate::console::sheet::{Field, Proof, Sheet};
use crate::console::target;
use crate::model::Timestamp;

/// Opens the sheet of an action.
pub fn open(model: &mut Model, action: Action, at: Timestamp) -> Changed {
    let sheet = target::order(model, action).and_then(|order| Sheet::open(order, &model.replica, at));
    let Some(sheet) = sheet else { return Changed::No };
    model.mode = Mode::Sheet(Box::new(sheet));
    super::moving::keep_in_sight(model);
    Changed::Yes
}

/// A key for the open sheet.
pub fn key(model: &mut Model, key: Key, at: Timestamp) -> (Changed, Vec<Cmd>) {
    let can_act = model.can_act().is_ok();
    let Mode::Sheet(sheet) = &mut model.mode else { return (Changed::No, Vec::new()) };
    if matches!(key, Key::Esc | Key::Ctrl('c')) {
        close(model);
        return (Changed::Yes, Vec::new());
    }
    if sheet.is_deaf(at) {
        return (Changed::No, Vec::new());
    }
    if let Some((_, motion)) = SCROLLS.iter().find(|(scrolls, _)| *scrolls == key) {
        return (scroll(model, *motion), Vec::new());
    }
    if !can_act || sheet.sent.is_some() || !sheet.may_still(&model.replica) {
        return (Changed::No, Vec::new());
    }
    if key == Key::Enter {
        return enter(model);
    }
    sheet.problem = None;
    (edit(sheet, key), Vec::new())
}

/// Keys that move a sheet; letters belong to its fields.
const SCROLLS: [(Key, Motion); 4] = [
    (Key::PageDown, Motion::HalfDown),
    (Key::PageUp, Motion::HalfUp),
    (Key::Down, Motion::Down),
    (Key::Up, Motion::Up),
];

fn scroll(model: &mut Model, motion: Motion) -> Changed {
    let Mode::Sheet(sheet) = &mut model.mode else { return Changed::No };
    let said = sheet.problem.take().is_some();
    let (end, rows) = (sheet_end(model), sheet_rows(model));
    let Mode::Sheet(sheet) = &mut model.mode else { return Changed::No };
    let next = moved(motion, sheet.top.min(end), end, rows);
    let changed = said || next != sheet.top;
    sheet.top = next;
    sheet.read |= next == end;
    changed.into()
}

fn close(model: &mut Model) {
    model.mode = Mode::Normal;
    super::moving::keep_in_sight(model);
}

fn edit(sheet: &mut Sheet, key: Key) -> Changed {
    let has_proof = matches!(sheet.proof, Proof::Code(_) | Proof::Name(_));
    if sheet.proof == Proof::Nothing {
        return Changed::No;
    }
    let field = match sheet.field {
        Field::Proof => &mut sheet.typed,
        Field::Reason => &mut sheet.reason,
    };
    match key {
        Key::Char(c) => typed(field, c),
        Key::Backspace => _ = field.pop(),
        Key::Ctrl('u') => field.clear(),
        Key::Tab if has_proof => {
            sheet.field = match sheet.field {
                Field::Proof => Field::Reason,
                Field::Reason => Field::Proof,
            };
        }
        Key::Tab
        | Key::Enter
        | Key::Esc
        | Key::Ctrl(_)
        | Key::Up
        | Key::Down
        | Key::Left
        | Key::Right
        | Key::Home
        | Key::End
        | Key::PageUp
        | Key::PageDown => return Changed::No,
    }
    Changed::Yes
}

/// Enter sends, or says what is missing.
fn enter(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let end = sheet_end(model);
    let Mode::Sheet(sheet) = &mut model.mode else { return (Changed::No, Vec::new()) };
    if !sheet.still_stands(&model.replica) {
        sheet.problem = Some("what this is about is not there any more; nothing was sent".to_owned());
        return (Changed::Yes, Vec::new());
    }
    sheet.read |= sheet.top >= end;
    if !sheet.read && !matches!(sheet.proof, Proof::Nothing | Proof::Enter) {
        sheet.problem = Some("read to the end first: PgDn".to_owned());
        return (Changed::Yes, Vec::new());
    }
    match sheet.command() {
        Ok(command) => {
            model.ticket += 1;
            sheet.sent = Some(model.ticket);
            sheet.problem = None;
            (Changed::Yes, vec![Cmd::Send { ticket: model.ticket, command }])
        }
        Err(missing) => {
            // Half of a name is typed: the reason is next.
            let named = matches!(&sheet.proof, Proof::Name(name) if sheet.typed == *name);
            if named {
                sheet.field = Field::Reason;
            }
            sheet.problem = Some(missing);
            (Changed::Yes, Vec::new())
        }
    }
}

/// A paste: into the reason, where keys go there.
pub fn paste(model: &mut Model, text: &str) -> Changed {
    let can_act = model.can_act().is_ok();
    let Mode::Sheet(sheet) = &mut model.mode else { return Changed::No };
    let can_act = can_act && sheet.may_still(&model.replica);
    match sheet.field {
        Field::Reason if can_act && sheet.sent.is_none() => {
            text.chars().for_each(|c| typed(&mut sheet.reason, c));
            Changed::Yes
        }
        Field::Proof if can_act => {
            sheet.problem = Some("a paste does not count here: type what is shown".to_owned());
            Changed::Yes
        }
        Field::Proof | Field::Reason => Changed::No,
    }
}

/// What became of a command.
pub fn reply(model: &mut Model, ticket: u64, reply: Result<Reply, String>) -> Changed {
    let ours = model.sheet().is_some_and(|sheet| sheet.sent == Some(ticket));
    if ours {
        close(model);
    }
    model.notice = Some(match reply {
        Ok(Reply::Accepted { message, .. }) => Notice::Done(message),
        Ok(Reply::Already { message }) => Notice::Nothing(format!("nothing was done: {message}")),
        // The reason ends with what to do.
        Ok(Reply::Rejected { reason, stale: true }) => {
            Notice::Refused(format!("refused, since it has moved: {reason}"))
        }
        Ok(Reply::Rejected { reason, stale: false }) => Notice::Refused(format!("refused: {reason}")),
        Err(why) => Notice::Refused(format!("not known whether it was done: {why}")),
    });
    Changed::Yes
}
