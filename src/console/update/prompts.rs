//! What is typed into the filter, the palette and the jump.

use super::keys::act;
use super::moving::keep_in_sight;
use super::opening::{push, screen_of};
use crate::console::finder;
use crate::console::key::Key;
use crate::console::model::{Mode, Model};
use crate::console::msg::{Changed, Cmd};
use crate::model::Timestamp;
use crate::model::limits::FIELD_CHARS;

/// A key for the filter: what is typed applies at once.
pub fn filter(model: &mut Model, key: Key) -> Changed {
    match key {
        Key::Enter => model.mode = Mode::Normal,
        Key::Esc | Key::Ctrl('c') => {
            model.mode = Mode::Normal;
            edit_filter(model, String::clear);
        }
        Key::Backspace => edit_filter(model, |text| _ = text.pop()),
        Key::Ctrl('u') => edit_filter(model, String::clear),
        Key::Char(c) => edit_filter(model, |text| typed(text, c)),
        Key::Ctrl(_)
        | Key::Tab
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

fn edit_filter(model: &mut Model, edit: impl FnOnce(&mut String)) {
    if let Some(picker) = model.screen_mut().picker_mut() {
        edit(&mut picker.filter);
    }
    model.rebuild();
    keep_in_sight(model);
}

/// Adds a character to a field, as long as there is room.
pub fn typed(field: &mut String, c: char) {
    if field.chars().count() < FIELD_CHARS && !c.is_control() {
        field.push(c);
    }
}

/// A paste into the filter or the jump.
pub fn paste(model: &mut Model, text: &str) {
    match &mut model.mode {
        Mode::Filter => edit_filter(model, |field| text.chars().for_each(|c| typed(field, c))),
        Mode::Jump(field, at) => {
            text.chars().for_each(|c| typed(field, c));
            *at = 0;
        }
        Mode::Normal | Mode::Palette(..) | Mode::Sheet(_) => {}
    }
}

/// A key for the palette.
pub fn palette(model: &mut Model, key: Key, at: Timestamp) -> (Changed, Vec<Cmd>) {
    let Mode::Palette(text, index) = &mut model.mode else { return (Changed::No, Vec::new()) };
    if key == Key::Enter {
        let (text, index) = (std::mem::take(text), *index);
        model.mode = Mode::Normal;
        let chosen = finder::actions(model, &text).get(index).map(|spec| spec.action);
        let (_, cmds) = chosen.map_or((Changed::Yes, Vec::new()), |action| act(model, action, at));
        return (Changed::Yes, cmds);
    }
    if edit(text, index, key) {
        model.mode = Mode::Normal;
    }
    let Mode::Palette(text, _) = &model.mode else { return (Changed::Yes, Vec::new()) };
    let last = finder::actions(model, text).len().saturating_sub(1);
    if let Mode::Palette(_, index) = &mut model.mode {
        *index = (*index).min(last);
    }
    (Changed::Yes, Vec::new())
}

/// A key for the jump.
pub fn jump(model: &mut Model, key: Key) -> Changed {
    let Mode::Jump(text, index) = &mut model.mode else { return Changed::No };
    if key == Key::Enter {
        let (text, index) = (std::mem::take(text), *index);
        model.mode = Mode::Normal;
        let chosen = finder::objects(model, &text).get(index).map(|(key, _)| (**key).clone());
        if let Some(screen) = chosen.and_then(|key| screen_of(model, key)) {
            push(model, screen);
        }
        return Changed::Yes;
    }
    if edit(text, index, key) {
        model.mode = Mode::Normal;
    }
    let Mode::Jump(text, _) = &model.mode else { return Changed::Yes };
    let last = finder::objects(model, text).len().saturating_sub(1);
    if let Mode::Jump(_, index) = &mut model.mode {
        *index = (*index).min(last);
    }
    Changed::Yes
}

/// Edits what was typed; says whether the prompt is to be closed.
fn edit(text: &mut String, index: &mut usize, key: Key) -> bool {
    match key {
        Key::Esc | Key::Ctrl('c') => return true,
        Key::Backspace if text.is_empty() => return true,
        Key::Backspace => _ = text.pop(),
        Key::Ctrl('u') => text.clear(),
        Key::Char(c) => typed(text, c),
        Key::Down | Key::Ctrl('n') => {
            *index += 1;
            return false;
        }
        Key::Up | Key::Ctrl('p') => {
            *index = index.saturating_sub(1);
            return false;
        }
        Key::Enter
        | Key::Ctrl(_)
        | Key::Tab
        | Key::Left
        | Key::Right
        | Key::Home
        | Key::End
        | Key::PageUp
        | Key::PageDown => return false,
    }
    *index = 0;
    false
}
