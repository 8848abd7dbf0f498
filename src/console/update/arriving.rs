//! What comes from outside: rows, the link, the clock, answers.

use super::moving::keep_in_sight;
use crate::api::Me;
use crate::api::rollout::PlanRow;
use crate::api::rows::RowKey;
use crate::api::stream::Frame;
use crate::api::why::Why;
use crate::console::model::{About, Asked, Link, Mode, Model, NoPlan, Notice, Screen, Size};
use crate::console::msg::{Changed, LinkEvent};
use crate::console::rank::List;
use crate::model::{PoolName, ReleaseName, Seq, Timestamp};

/// The terminal has another size.
pub fn resize(model: &mut Model, width: u16, height: u16) -> Changed {
    let size = Size { width, height };
    let changed = model.size != size;
    model.size = size;
    keep_in_sight(model);
    changed.into()
}

/// A new minute: only what shows it changes.
pub fn clock(model: &mut Model, at: Timestamp) -> Changed {
    let before = model.now;
    model.now = at;
    // The time that a drill leaves is shown to the second.
    let changed = if model.drill.is_some() {
        before.hours_minutes_seconds() != at.hours_minutes_seconds()
    } else {
        before.hours_minutes() != at.hours_minutes()
    };
    changed.into()
}

/// The link came up or went down.
pub fn link(model: &mut Model, event: LinkEvent) -> Changed {
    let before = model.link.clone();
    model.link = match event {
        // The stream goes on where it broke; a daemon that cannot do that begins anew, and then it is loading.
        LinkEvent::Up if model.replica.place().is_some() => Link::Live,
        LinkEvent::Up => Link::Loading,
        LinkEvent::Down { why, at } => match &before {
            Link::Lost { since, .. } => Link::Lost { why, since: *since },
            Link::Connecting | Link::Loading | Link::Live | Link::Hopeless { .. } => {
                Link::Lost { why, since: at }
            }
        },
        LinkEvent::Hopeless { why } => Link::Hopeless { why },
    };
    (model.link != before).into()
}

/// Rows came.
pub fn rows(model: &mut Model, frames: Vec<Frame>, at: Timestamp) -> Changed {
    let mut changed = false;
    let moves = frames.iter().any(|frame| reaches(model.screen(), frame));
    for frame in frames {
        let link = match frame {
            Frame::Begin { .. } => Some(Link::Loading),
            Frame::End { .. } => Some(Link::Live),
            Frame::Row { .. } | Frame::Delta { .. } => None,
        };
        changed |= model.replica.apply(frame);
        if let Some(link) = link {
            changed |= model.link != link;
            model.link = link;
            model.looked = model.looked.or_else(|| newest(model));
        }
    }
    if !changed {
        return Changed::No;
    }
    if let Mode::Sheet(sheet) = &mut model.mode {
        sheet.recheck(&model.replica, at);
    }
    if moves {
        model.rebuild();
    }
    keep_in_sight(model);
    Changed::Yes
}

/// Whether a frame can put rows into the list on top or take them out. Only the lineage and a pool's nodes are dear enough to ask.
fn reaches(screen: &Screen, frame: &Frame) -> bool {
    let in_tree = |key: &RowKey| matches!(key, RowKey::Image(_) | RowKey::Workload(_));
    match (screen, frame) {
        (Screen::Lineage(..), Frame::Delta { upsert, remove, .. }) => {
            upsert.iter().any(|row| in_tree(&row.key())) || remove.iter().any(in_tree)
        }
        (Screen::Pool(..), Frame::Delta { upsert, remove, .. }) => {
            let node = |key: &RowKey| matches!(key, RowKey::Node(_));
            upsert.iter().any(|row| node(&row.key())) || remove.iter().any(node)
        }
        (_, Frame::Begin { .. } | Frame::Row { .. } | Frame::End { .. } | Frame::Delta { .. }) => true,
    }
}

/// The newest line of the journal.
pub fn newest(model: &Model) -> Option<Seq> {
    match model.replica.list(List::Events).first().map(|(_, key)| &**key) {
        Some(RowKey::Event(seq)) => Some(*seq),
        _ => None,
    }
}

/// Who we are.
pub fn me(model: &mut Model, me: Me) -> Changed {
    let changed = model.me.as_ref() != Some(&me);
    model.me = Some(me);
    changed.into()
}

/// Where something was saved, or why it was not.
pub fn saved(model: &mut Model, to: Result<String, String>) -> Changed {
    model.notice = Some(match to {
        Ok(path) => Notice::Done(format!("saved as {path}")),
        Err(why) => Notice::Refused(why),
    });
    Changed::Yes
}

/// The answer to why.
pub fn why(model: &mut Model, id: &str, answer: Result<Why, String>) -> Changed {
    let waits = model.stack.iter_mut().find_map(|screen| match screen {
        Screen::Page(About::Why(_, question), _) if question.id == id && question.asked == Asked::Waiting => {
            Some(question)
        }
        _ => None,
    });
    let Some(question) = waits else { return Changed::No };
    question.asked = match answer {
        Ok(why) => Asked::Answered(Box::new(why)),
        Err(why) => Asked::Failed(why),
    };
    Changed::Yes
}

/// What a rollout would do.
pub fn plan(
    model: &mut Model,
    pool: &PoolName,
    release: &ReleaseName,
    plan: Result<Box<PlanRow>, NoPlan>,
) -> Changed {
    let waits = model.stack.iter_mut().find_map(|screen| match screen {
        Screen::Page(About::Plan(planning), _)
            if planning.pool == *pool && planning.release == *release && planning.asked == Asked::Waiting =>
        {
            Some(planning)
        }
        _ => None,
    });
    let Some(planning) = waits else { return Changed::No };
    planning.asked = match plan {
        Ok(plan) => Asked::Answered(plan),
        Err(why) => Asked::Failed(why),
    };
    keep_in_sight(model);
    Changed::Yes
}
