//! The lines that are always there: header, tabs, message, footer.

use super::canvas::Canvas;
use super::prompt;
use crate::api::rows::{Mark, Row, RowKey};
use crate::console::actions::{Action, Danger, Spec};
use crate::console::layout::SMALLEST;
use crate::console::model::{Link, Mode, Model, Notice, Screen};
use crate::console::rank::List;
use crate::console::sheet::Order;
use crate::console::target::{all_from_row, is_legal, must_choose, order};
use crate::console::text::{exactly_when, when, width};
use crate::console::theme::{Role, glyph};
use ratatui::layout::Rect;

type Part = (String, Role);

/// What is connected, how it stands, who I am. Parts that do not fit are left out from the right.
pub fn header(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    canvas.paint(area, Role::Header);
    let me = identity(model);
    let start = canvas.put_right(area.right(), area.y, area.width, &me, Role::Header);
    let mut x = area.x + 1;
    for (text, role) in parts(model) {
        let room = start.saturating_sub(x + 1);
        if room < 6 {
            break;
        }
        x = canvas.put(x, area.y, room, &text, role) + 3;
    }
    if matches!(model.link, Link::Lost { .. } | Link::Hopeless { .. }) {
        canvas.paint(area, Role::HeaderLost);
    }
}

fn identity(model: &Model) -> String {
    let who = model.me.as_ref().map_or(String::new(), |me| me.actor.to_string());
    let how = match model.can_act() {
        Err(why) if why.starts_with("read-only") => "read-only ",
        Err(_) | Ok(()) => "",
    };
    format!("{how}{who} {}Z", model.now.hours_minutes())
}

fn parts(model: &Model) -> Vec<Part> {
    let replica = &model.replica;
    let daemon = replica.daemon();
    let name = daemon.map_or("tidegate".to_owned(), |daemon| daemon.name.clone());
    let mut parts = vec![(format!("{name}  {}", link(model).0), link(model).1)];
    if let Some(stuck) = daemon.and_then(|daemon| daemon.stuck.as_ref()) {
        let since = when(stuck.since, model.now);
        parts.push((format!("✗ cannot write since {since}: {}", stuck.why), Role::Failed));
    }
    parts.extend(lost_sources(model));
    if replica.place().is_none() {
        return parts;
    }
    let needs = replica.list(List::Needs).len();
    let incidents = replica.list(List::Incidents).partition_point(|(rank, _)| rank.0 == 0);
    parts.push((format!("needs you {needs}"), if needs > 0 { Role::Held } else { Role::Header }));
    parts.push((format!("incidents {incidents}"), if incidents > 0 { Role::Failed } else { Role::Header }));
    parts.push(match daemon.and_then(|daemon| daemon.freeze.as_ref()) {
        Some(freeze) => {
            (format!("‖ frozen by {} {}", freeze.by, when(freeze.since, model.now)), Role::Paused)
        }
        None => ("no freeze".to_owned(), Role::Dim),
    });
    parts
}

fn link(model: &Model) -> (String, Role) {
    match &model.link {
        Link::Connecting => ("○ connecting".to_owned(), Role::Pending),
        Link::Loading => ("● loading".to_owned(), Role::Working),
        Link::Live => ("● live".to_owned(), Role::Good),
        Link::Lost { since, .. } => (format!("✗ LOST since {}", when(*since, model.now)), Role::Failed),
        Link::Hopeless { .. } => ("✗ NO LINK".to_owned(), Role::Failed),
    }
}

fn lost_sources(model: &Model) -> Vec<Part> {
    let lost = model.replica.list(List::Lost);
    let text = |key: &RowKey| match model.replica.row(key) {
        Some(Row::Source(row)) => {
            row.lost.as_ref().map(|lost| format!("{} lost {}", row.name, when(lost.since, model.now)))
        }
        _ => None,
    };
    let first = lost.first().and_then(|(_, key)| text(key));
    let more = if lost.len() > 1 { format!(" +{}", lost.len() - 1) } else { String::new() };
    first.map(|text| (format!("? {text}{more}"), Role::Unknown)).into_iter().collect()
}

const TABS: [(Action, &str); 8] = [
    (Action::Now, "0 now"),
    (Action::Lineage, "1 lineage"),
    (Action::Updates, "2 updates"),
    (Action::Runs, "3 runs"),
    (Action::Pools, "4 pools"),
    (Action::Incidents, "6 incidents"),
    (Action::Journal, "7 journal"),
    (Action::Drill, "9 drill"),
];

/// The views, the one that is shown in brackets.
pub fn tabs(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let here = here(&model.stack[0]);
    let mut x = area.x;
    for (action, name) in TABS.into_iter().filter(|(action, _)| is_legal(model, *action)) {
        let (text, role) = if action == here {
            (format!("[{name}]"), Role::TabHere)
        } else {
            (format!(" {name} "), Role::Tab)
        };
        x = canvas.put(x, area.y, area.right().saturating_sub(x), &text, role);
    }
}

/// The goal of the drill and the time that is left.
pub fn drill(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    let Some(drill) = model.drill.as_ref().filter(|_| area.height > 0) else { return };
    let left = drill.lesson.ends().since(model.now);
    let hints = format!("{left} left  . hint {} of {}", drill.hints, drill.lesson.hints.len());
    let start = canvas.put_right(area.right().saturating_sub(1), area.y, area.width, &hints, Role::Held);
    let x = canvas.put(area.x + 1, area.y, start.saturating_sub(area.x + 2), "goal", Role::Key);
    canvas.put(x + 2, area.y, start.saturating_sub(x + 4), &drill.lesson.goal, Role::Text);
}

/// The view that a stack began with.
fn here(bottom: &Screen) -> Action {
    match bottom {
        Screen::Lineage(..) => Action::Lineage,
        Screen::Updates(_) => Action::Updates,
        Screen::Runs(_) => Action::Runs,
        Screen::Pools(_) | Screen::Pool(..) => Action::Pools,
        Screen::Incidents(_) => Action::Incidents,
        Screen::Journal(..) => Action::Journal,
        Screen::Overview(_) | Screen::Run(..) | Screen::Page(..) | Screen::Log(_) => Action::Now,
    }
}

/// A message until it was read; else that the terminal is small; else the newest event.
pub fn notice(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    let (text, role) = match (&model.notice, &model.link) {
        (Some(Notice::Refused(text)), _) => (format!("✗ {text}  (Esc)"), Role::Refused),
        (Some(Notice::Done(text)), _) => (format!("✓ {text}"), Role::Done),
        (Some(Notice::Nothing(text)), _) => (text.clone(), Role::Text),
        (None, Link::Lost { why, since }) => (
            format!("link lost since {}: {why}; tried again", exactly_when(*since, model.now)),
            Role::Refused,
        ),
        (None, Link::Hopeless { why }) => (why.clone(), Role::Refused),
        (None, Link::Connecting | Link::Loading | Link::Live) => quiet(model),
    };
    canvas.put(area.x + 1, area.y, area.width.saturating_sub(1), &text, role);
}

fn quiet(model: &Model) -> (String, Role) {
    let (size, least) = (model.size, SMALLEST);
    if size.width < least.width || size.height < least.height {
        let small = format!(
            "{}x{} is small: {}x{} shows everything",
            size.width, size.height, least.width, least.height
        );
        return (small, Role::Dim);
    }
    let newest = model.replica.list(List::Events).first().map(|(_, key)| &**key);
    // In the journal the selected line is told in full: its row may be cut.
    let selected = model.selected().map(|key| &**key).filter(|key| matches!(key, RowKey::Event(_)));
    let event = match selected.or(newest) {
        Some(RowKey::Event(seq)) => model.replica.event(*seq),
        _ => None,
    };
    let sign = |mark: Option<Mark>| mark.map_or(String::new(), |mark| format!("{} ", glyph(mark)));
    let text = event.map_or(String::new(), |event| {
        format!("{} {}{}", exactly_when(event.at, model.now), sign(event.mark), event.text)
    });
    (text, Role::Dim)
}

/// What is offered first, where it is legal.
const OFFERED: [Action; 24] = [
    Action::Open,
    Action::Plan,
    Action::Approve,
    Action::Reject,
    Action::Retry,
    Action::Rollback,
    Action::Forward,
    Action::Skip,
    Action::Resume,
    Action::Pause,
    Action::Claim,
    Action::Unquarantine,
    Action::Start,
    Action::Follow,
    Action::Wrap,
    Action::Why,
    Action::Log,
    Action::Impact,
    Action::Events,
    Action::Behind,
    Action::Save,
    Action::Copy,
    Action::Filter,
    Action::Freeze,
];

/// The keys that work here; `?` always stands at the end.
pub fn footer(model: &Model, canvas: &mut Canvas<'_>, area: Rect) {
    if area.height == 0 {
        return;
    }
    match &model.mode {
        Mode::Normal => {}
        Mode::Sheet(_) => {
            canvas.put(
                area.x + 1,
                area.y,
                area.width.saturating_sub(1),
                "Esc leaves without doing anything",
                Role::Dim,
            );
            return;
        }
        Mode::Filter | Mode::Palette(..) | Mode::Jump(..) => {
            prompt::line(model, canvas, area);
            return;
        }
    }
    canvas.put_right(area.right().saturating_sub(1), area.y, 8, "? help", Role::Key);
    let end = area.right().saturating_sub(9);
    let mut x = area.x + 1;
    let acts = model.can_act().is_ok();
    for spec in OFFERED.iter().filter(|action| is_legal(model, **action)).map(|action| action.spec()) {
        if !acts && spec.danger != Danger::None {
            continue;
        }
        let key = spec.keys[0].to_string();
        let name = name_here(model, spec);
        let needed = width(&key) + 1 + width(name);
        if usize::from(end.saturating_sub(x)) < needed {
            break;
        }
        x = canvas.put(x, area.y, end - x, &key, Role::Key);
        x = canvas.put(x + 1, area.y, end.saturating_sub(x + 1), name, Role::Text) + 2;
        if spec.action == Action::Open && acts && must_choose(model) {
            let hint = "R: open the run to choose";
            x = canvas.put(x, area.y, end.saturating_sub(x), hint, Role::Dim) + 2;
        }
        if spec.action == Action::Open && acts && all_from_row(model) {
            let hint = "R all: on its row (3)";
            x = canvas.put(x, area.y, end.saturating_sub(x), hint, Role::Dim) + 2;
        }
    }
}

/// What an action is called where it does one of two things.
fn name_here(model: &Model, spec: &Spec) -> &'static str {
    match order(model, spec.action) {
        Some(Order::Close(_)) => "close it",
        Some(Order::Thaw) => "end the freeze",
        Some(Order::Pin(_)) => "pin",
        Some(Order::Unpin(_)) => "end the pin",
        Some(Order::SkipRelease(..)) => "skip it",
        Some(Order::UnskipRelease(..)) => "skip no more",
        Some(Order::StartRollout(_)) => "start it",
        Some(Order::RollBackAll(_)) => "roll back all",
        Some(_) | None => spec.name,
    }
}
