//! Where a key goes: into an open sheet or prompt, else to what the table binds it to.

use super::moving::Motion;
use super::{logs, moving, opening, plans, prompts, saving, sheets};
use crate::console::actions::{Action, bound};
use crate::console::key::Key;
use crate::console::missing::missing;
use crate::console::model::{About, Mode, Model, Notice, Picker, Screen, Tree};
use crate::console::msg::{Changed, Cmd};
use crate::console::target::is_legal;
use crate::model::Timestamp;

/// Takes a key.
pub fn key(model: &mut Model, key: Key, at: Timestamp) -> (Changed, Vec<Cmd>) {
    match &model.mode {
        Mode::Normal => normal(model, key, at),
        Mode::Sheet(_) => sheets::key(model, key, at),
        Mode::Filter => (prompts::filter(model, key), Vec::new()),
        Mode::Palette(..) => prompts::palette(model, key, at),
        Mode::Jump(..) => (prompts::jump(model, key), Vec::new()),
    }
}

/// Takes a pasted text: it goes into text fields only, never into what proves that a sheet was read.
pub fn paste(model: &mut Model, text: &str) -> Changed {
    let text = crate::console::text::safe(text);
    match &mut model.mode {
        Mode::Normal | Mode::Palette(..) => Changed::No,
        Mode::Sheet(_) => sheets::paste(model, &text),
        Mode::Filter | Mode::Jump(..) => {
            prompts::paste(model, &text);
            Changed::Yes
        }
    }
}

fn normal(model: &mut Model, key: Key, at: Timestamp) -> (Changed, Vec<Cmd>) {
    let done = matches!(model.notice, Some(Notice::Done(_) | Notice::Nothing(_)));
    if done {
        model.notice = None;
    }
    let Some(action) = bound(key) else { return (done.into(), Vec::new()) };
    let (changed, cmds) = act(model, action, at);
    (if done { Changed::Yes } else { changed }, cmds)
}

/// Does what an action says.
pub fn act(model: &mut Model, action: Action, at: Timestamp) -> (Changed, Vec<Cmd>) {
    if !is_legal(model, action) {
        return (not_here(model, action), Vec::new());
    }
    let list = Picker::default;
    match action {
        Action::Down => moving::moving(model, Motion::Down),
        Action::Up => moving::moving(model, Motion::Up),
        Action::First => moving::moving(model, Motion::First),
        Action::Last => moving::moving(model, Motion::Last),
        Action::HalfDown => moving::moving(model, Motion::HalfDown),
        Action::HalfUp => moving::moving(model, Motion::HalfUp),
        Action::Fold | Action::Unfold if matches!(model.screen(), Screen::Page(..)) => {
            plans::other(model, action == Action::Unfold)
        }
        Action::Fold | Action::Unfold => (moving::fold(model, action == Action::Fold), Vec::new()),
        Action::Follow | Action::Wrap => logs::mode(model, action),
        Action::Filter => set_mode(model, Mode::Filter),
        Action::Palette => set_mode(model, Mode::Palette(String::new(), 0)),
        Action::Jump => set_mode(model, Mode::Jump(String::new(), 0)),
        Action::Now => opening::view(model, Screen::Overview(list())),
        Action::Lineage => opening::view(model, Screen::Lineage(list(), Tree::default())),
        Action::Updates => opening::view(model, Screen::Updates(list())),
        Action::Runs => opening::view(model, Screen::Runs(list())),
        Action::Pools => opening::view(model, Screen::Pools(list())),
        Action::Plan => plans::open(model),
        Action::Incidents => opening::view(model, Screen::Incidents(list())),
        Action::Journal => opening::view(model, Screen::Journal(list(), None)),
        Action::Drill => opening::push(model, Screen::Page(About::Drill, 0)),
        Action::Hint => opening::hint(model, at),
        Action::Help => opening::push(model, Screen::Page(About::Help, 0)),
        Action::Open => opening::deeper(model),
        Action::Back => opening::back(model, false),
        Action::Leave => opening::back(model, true),
        Action::Why => opening::why(model),
        Action::Impact => opening::with_target(model, |key| Screen::Page(About::Impact(key), 0)),
        Action::Log => opening::log(model),
        Action::Events => opening::events(model),
        Action::Behind => opening::behind(model),
        Action::Copy => saving::copy(model),
        Action::Save => saving::save(model),
        Action::Pause
        | Action::Reject
        | Action::Claim
        | Action::Freeze
        | Action::Approve
        | Action::Resume
        | Action::Start
        | Action::Retry
        | Action::Rollback
        | Action::Forward
        | Action::Skip
        | Action::Abort
        | Action::Unquarantine => (sheets::open(model, action, at), Vec::new()),
        Action::Quit => (Changed::No, vec![Cmd::Quit]),
        Action::Redraw => (Changed::Yes, vec![Cmd::Redraw]),
        Action::Suspend => (Changed::No, vec![Cmd::Suspend]),
        Action::Interrupt => {
            model.notice = Some(Notice::Done("q leaves this screen, Q the console".to_owned()));
            (Changed::Yes, Vec::new())
        }
    }
}

/// Says what an action would need; a refusal that nobody has read yet stays.
fn not_here(model: &mut Model, action: Action) -> Changed {
    let said = missing(model, action).filter(|_| model.notice.is_none());
    let Some(text) = said else { return Changed::No };
    model.notice = Some(Notice::Nothing(text));
    Changed::Yes
}

fn set_mode(model: &mut Model, mode: Mode) -> (Changed, Vec<Cmd>) {
    model.mode = mode;
    (Changed::Yes, Vec::new())
}
