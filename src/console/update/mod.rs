//! What a message does to the model. Pure: no clock, no file, no socket; what is to be done outside comes back as [`Cmd`]s.
//!
//! ```text
//!   Msg::Key ─▶ keys ─▶ (mode) normal ─▶ moving | opening | saving | logs | sheets (opened)
//!                              sheet  ─▶ sheets (typed into, sent)
//!                              prompt ─▶ prompts
//!   Msg::Rows, Link, Me, Reply, Log, Why, Plan, Saved ─▶ arriving
//! ```
//!
//! Invariants: a message that changes nothing on screen says [`Changed::No`]; a paste never reaches a field that proves
//! that something was read; nothing is sent while the link is down.

mod arriving;
mod keys;
mod logs;
mod moving;
mod opening;
mod plans;
mod prompts;
mod saving;
mod sheets;

use super::model::Model;
use super::msg::{Changed, Cmd, Msg};

/// Takes one message.
pub fn update(model: &mut Model, msg: Msg) -> (Changed, Vec<Cmd>) {
    match msg {
        Msg::Key(key, at) => keys::key(model, key, at),
        Msg::Paste(text) => (keys::paste(model, &text), Vec::new()),
        Msg::Resize(width, height) => (arriving::resize(model, width, height), Vec::new()),
        Msg::Clock(at) => (arriving::clock(model, at), Vec::new()),
        Msg::Link(event) => (arriving::link(model, event), Vec::new()),
        Msg::Rows(frames, at) => (arriving::rows(model, frames, at), Vec::new()),
        Msg::Me(me) => (arriving::me(model, me), Vec::new()),
        Msg::Reply { ticket, reply } => (sheets::reply(model, ticket, reply), Vec::new()),
        Msg::Log { id, window } => logs::window(model, &id, window),
        Msg::Saved(where_to) => (arriving::saved(model, where_to), Vec::new()),
        Msg::Plan { pool, release, plan } => (arriving::plan(model, &pool, &release, plan), Vec::new()),
        Msg::Why { id, why } => (arriving::why(model, &id, why), Vec::new()),
    }
}
