//! A log that is open: scrolling, following, windows that arrive.

use super::moving::{Motion, moved};
use crate::api::logs::Window;
use crate::console::actions::Action;
use crate::console::layout::page_rows;
use crate::console::log::{LogView, Reading};
use crate::console::model::{Model, Screen};
use crate::console::msg::{Changed, Cmd, LogFrom};
use crate::model::Span;
use crate::model::limits::{LOG_FOLLOW_EVERY, LOG_WINDOW_BYTES};

/// Scrolls, and asks for more where what is held ends.
pub fn scroll(model: &mut Model, motion: Motion) -> (Changed, Vec<Cmd>) {
    let rows = page_rows(model);
    let Screen::Log(log) = model.screen_mut() else { return (Changed::No, Vec::new()) };
    let last = log.len().saturating_sub(1);
    if log.follow {
        // Who scrolls wants to read: the end runs on without them.
        log.follow = false;
        log.top = log.len().saturating_sub(rows);
    }
    let before = log.top;
    log.top = moved(motion, before.min(last), last, rows);
    let cmds = match motion {
        Motion::Last if log.next() < log.size => ask(log, LogFrom::End, Span::default()),
        Motion::First if log.begin() > 0 => ask(log, LogFrom::Offset(0), Span::default()),
        Motion::Down | Motion::HalfDown if log.top + rows >= log.len() && log.next() < log.size => {
            let next = log.next();
            ask(log, LogFrom::Offset(next), Span::default())
        }
        Motion::Up | Motion::HalfUp if before == 0 && log.begin() > 0 => {
            let window = u64::try_from(LOG_WINDOW_BYTES).unwrap_or(u64::MAX);
            let from = log.begin().saturating_sub(window);
            ask(log, LogFrom::Offset(from), Span::default())
        }
        Motion::Down | Motion::Up | Motion::HalfDown | Motion::HalfUp | Motion::First | Motion::Last => {
            Vec::new()
        }
    };
    (Changed::Yes, cmds)
}

/// Asks once; a second question waits for the answer to the first.
fn ask(log: &mut LogView, from: LogFrom, after: Span) -> Vec<Cmd> {
    if log.asking {
        return Vec::new();
    }
    log.asking = true;
    vec![Cmd::Log { id: log.id.clone(), from, after }]
}

/// Follows or stays, breaks or cuts lines.
pub fn mode(model: &mut Model, action: Action) -> (Changed, Vec<Cmd>) {
    let rows = page_rows(model);
    let Screen::Log(log) = model.screen_mut() else { return (Changed::No, Vec::new()) };
    if action == Action::Wrap {
        log.wrap = !log.wrap;
        return (Changed::Yes, Vec::new());
    }
    log.follow = !log.follow;
    if !log.follow {
        log.top = log.len().saturating_sub(rows);
        return (Changed::Yes, Vec::new());
    }
    let from = if log.next() >= log.size { LogFrom::Offset(log.next()) } else { LogFrom::End };
    let cmds = ask(log, from, Span::default());
    (Changed::Yes, cmds)
}

/// A window arrived.
pub fn window(model: &mut Model, id: &str, window: Result<Window, String>) -> (Changed, Vec<Cmd>) {
    let on_top = matches!(model.screen(), Screen::Log(log) if log.id == id);
    let log = model.stack.iter_mut().find_map(|screen| {
        if let Screen::Log(log) = screen { Some(log).filter(|log| log.id == id) } else { None }
    });
    let Some(log) = log else { return (Changed::No, Vec::new()) };
    let before = (log.len(), log.open, log.reading == Reading::Shown);
    match window {
        Ok(window) => log.take(&window),
        Err(why) => {
            log.asking = false;
            log.reading = Reading::Failed(why);
        }
    }
    let after = (log.len(), log.open, log.reading == Reading::Shown);
    let goes_on = log.follow && log.open && log.reading == Reading::Shown;
    let behind = log.next() < log.size;
    let wait = if behind { Span::default() } else { LOG_FOLLOW_EVERY };
    let next = log.next();
    let cmds = if goes_on && on_top { ask(log, LogFrom::Offset(next), wait) } else { Vec::new() };
    ((before != after || !after.2).into(), cmds)
}
