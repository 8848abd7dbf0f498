//! Screens that are opened and left.

use super::arriving::newest;
use super::moving::keep_in_sight;
use crate::api::rows::{Row, RowKey};
use crate::console::log::LogView;
use crate::console::model::{About, Asked, Model, Picker, Question, Screen, Tree};
use crate::console::msg::{Changed, Cmd, LogFrom};
use crate::console::rank::urgency;
use crate::console::target::{log_of, resolve, run_of, target, why_id};
use crate::model::{RunId, Span, Timestamp};

/// Screens that can lie on each other; the deepest way through the console has six.
const DEEPEST: usize = 16;

/// Shows another view; the screens that lay on the old one are left.
pub fn view(model: &mut Model, screen: Screen) -> (Changed, Vec<Cmd>) {
    leaving(model);
    model.stack.clear();
    model.stack.push(screen);
    shown(model)
}

/// Puts a screen on top.
pub fn push(model: &mut Model, screen: Screen) -> (Changed, Vec<Cmd>) {
    if *model.screen() == screen {
        return (Changed::No, Vec::new());
    }
    leaving(model);
    if model.stack.len() == DEEPEST {
        model.stack.remove(1);
    }
    model.stack.push(screen);
    shown(model)
}

fn shown(model: &mut Model) -> (Changed, Vec<Cmd>) {
    model.rebuild();
    keep_in_sight(model);
    (Changed::Yes, Vec::new())
}

/// Who leaves the journal has looked at it.
fn leaving(model: &mut Model) {
    if matches!(model.screen(), Screen::Journal(_, None)) {
        model.looked = newest(model).or(model.looked);
    }
}

/// Closes the message, then the filter, then the screen; `leave` ends the console at the first screen.
pub fn back(model: &mut Model, leave: bool) -> (Changed, Vec<Cmd>) {
    if !leave && model.notice.take().is_some() {
        return (Changed::Yes, Vec::new());
    }
    if let Some(picker) = model.screen_mut().picker_mut()
        && !leave
        && !picker.filter.is_empty()
    {
        picker.filter.clear();
        return shown(model);
    }
    if model.stack.len() > 1 {
        leaving(model);
        model.stack.pop();
        return shown(model);
    }
    if matches!(model.screen(), Screen::Overview(_)) {
        return (Changed::No, if leave { vec![Cmd::Quit] } else { Vec::new() });
    }
    view(model, Screen::Overview(Picker::default()))
}

/// Into the selected row.
pub fn deeper(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let Some(key) = model.selected().map(|key| (**key).clone()) else { return (Changed::No, Vec::new()) };
    if let (Screen::Journal(..), RowKey::Event(seq)) = (model.screen(), &key) {
        return push(model, Screen::Page(About::Event(*seq), 0));
    }
    match screen_of(model, resolve(&model.replica, key)) {
        Some(screen) => push(model, screen),
        None => (Changed::No, Vec::new()),
    }
}

/// The screen that shows what a row is about.
pub fn screen_of(model: &Model, key: RowKey) -> Option<Screen> {
    // A need that leads nowhere (a freeze) has said all it knows on its own screen.
    Some(match key {
        RowKey::Run(run) => Screen::Run(run, at_worst_step(model, run)),
        RowKey::Step(run, step) => match step_incident(model, &RowKey::Step(run, step.clone())) {
            Some(incident) if matches!(model.screen(), Screen::Overview(_)) => {
                Screen::Page(About::Incident(incident), 0)
            }
            Some(_) | None => Screen::Page(About::Step(run, step), 0),
        },
        RowKey::Incident(incident) => Screen::Page(About::Incident(incident), 0),
        RowKey::Image(image) => Screen::Page(About::Image(image), 0),
        RowKey::Workload(workload) => Screen::Page(About::Workload(workload), 0),
        RowKey::Event(seq) => Screen::Page(About::Event(seq), 0),
        RowKey::Pool(pool) => Screen::Pool(pool, Picker::default()),
        RowKey::Node(node) => Screen::Page(About::Node(node), 0),
        RowKey::Daemon | RowKey::Source(_) | RowKey::Need(_) | RowKey::Coming(_) => return None,
    })
}

/// The step of a run that a person should look at first is selected.
fn at_worst_step(model: &Model, run: RunId) -> Picker {
    let steps = model.replica.steps(run).iter().enumerate();
    let urgency_of = |key: &RowKey| match model.replica.row(key) {
        Some(Row::Step(step)) => urgency(step.mark),
        _ => i64::MAX,
    };
    let worst = steps.min_by_key(|(_, (_, key))| urgency_of(key));
    let (index, selected) = worst.map_or((0, None), |(at, (_, key))| (at, Some(key.clone())));
    Picker { selected, index, ..Picker::default() }
}

fn step_incident(model: &Model, key: &RowKey) -> Option<crate::model::IncidentId> {
    crate::console::target::open_incident(&model.replica, key).map(|row| row.incident)
}

/// Opens a screen about what is selected.
pub fn with_target(model: &mut Model, screen: impl FnOnce(RowKey) -> Screen) -> (Changed, Vec<Cmd>) {
    match target(model) {
        Some(key) => push(model, screen(key)),
        None => (Changed::No, Vec::new()),
    }
}

/// Why what is selected waits; the daemon is asked for the chain. On such a page it is asked anew, and the page stays the only one.
pub fn why(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let Some(key) = target(model) else { return (Changed::No, Vec::new()) };
    let Some(id) = why_id(&model.replica, &key) else { return (Changed::No, Vec::new()) };
    let question = Question { id: id.clone(), asked: Asked::Waiting };
    let screen = Screen::Page(About::Why(key, Box::new(question)), 0);
    let changed = if matches!(model.screen(), Screen::Page(About::Why(..), _)) {
        *model.screen_mut() = screen;
        Changed::Yes
    } else {
        push(model, screen).0
    };
    (changed, vec![Cmd::Why { id }])
}

/// Its newest log, at the first error.
pub fn log(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let Some(key) = target(model) else { return (Changed::No, Vec::new()) };
    let Some(id) = log_of(&model.replica, &key) else { return (Changed::No, Vec::new()) };
    let (changed, _) = push(model, Screen::Log(Box::new(LogView::new(id.clone(), key))));
    (changed, vec![Cmd::Log { id, from: LogFrom::FirstError, after: Span::default() }])
}

/// The journal of the run that it belongs to.
pub fn events(model: &mut Model) -> (Changed, Vec<Cmd>) {
    let run = target(model).and_then(|key| run_of(&model.replica, &key));
    match run {
        Some(run) => push(model, Screen::Journal(Picker::default(), Some(run))),
        None => (Changed::No, Vec::new()),
    }
}

/// One more hint of the drill, shown with the others.
pub fn hint(model: &mut Model, at: Timestamp) -> (Changed, Vec<Cmd>) {
    let Some(drill) = &mut model.drill else { return (Changed::No, Vec::new()) };
    drill.hints += 1;
    if matches!(model.screen(), Screen::Page(About::Drill, _)) {
        return (Changed::Yes, vec![Cmd::Hint(at)]);
    }
    let (changed, _) = push(model, Screen::Page(About::Drill, 0));
    (changed, vec![Cmd::Hint(at)])
}

/// The lineage cut down to what is behind, or whole again.
pub fn behind(model: &mut Model) -> (Changed, Vec<Cmd>) {
    if let Screen::Lineage(_, tree) = model.screen_mut() {
        tree.behind_only = !tree.behind_only;
        return shown(model);
    }
    let tree = Tree { behind_only: true, ..Tree::default() };
    // Where an image or a workload is selected, it stays selected.
    let selected =
        model.selected().filter(|key| matches!(***key, RowKey::Image(_) | RowKey::Workload(_))).cloned();
    push(model, Screen::Lineage(Picker { selected, ..Picker::default() }, tree))
}
