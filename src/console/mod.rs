//! The console: what an operator sees of a daemon, and steers it with. It is only a client; leaving it stops nothing.
//!
//! ```text
//!  prod  ● live   needs you 4   incidents 2   no freeze              ana 02:14Z   header   view/chrome
//! [0 now] 1 lineage  2 updates  3 runs  6 incidents  7 journal                    tabs     view/chrome
//! ── needs you ─────────────────────────────────── if nobody acts ───             body     view/overview, list,
//! >✗ run 42      billing:3.2 update broke 2 of 210    stays on 77b2                        log, states
//!  ◆ run 42      mycriticalapp:1.4 held, 1 of 2       03:31 rejected
//! ── run 42 billing:3.2 ─────────────────────────────────────────────             details  about/*, or in their
//!  waits     since 01:34:20 for a commit by team-pay                              sheet    place view/sheet
//!  unblocks  team-pay, oncall
//!  by itself the next move of debian:jessie tries again
//!  02:11:50 ‖ run 44: paused: vendor ticket 8812                                  notice   view/chrome
//!  Enter open  T try again  w why  l log                       ? help             footer   actions
//! ```
//!
//! ```text
//!  Msg ──▶ update(&mut Model, Msg) ──▶ Changed ──▶ view(&Model, &Theme, &mut Buffer) ──▶ terminal
//!   ▲              │   pure                              pure, reads rows through
//!   │              ▼                                     about (what there is to say about a thing)
//!  shell ◀──────  Cmd                                    replica (rows, and lists kept sorted by deltas)
//! ```
//!
//! [`actions`] is the one table of keys. [`shell`] is the only part that touches the world. Invariants:
//!
//! 1. No message, no frame; an unchanged frame, no bytes.
//! 2. The selection is an identity, never a place in a list.
//! 3. Nothing that changes production is sent without what its author saw, typed back from a sheet that showed it.
//! 4. Every text from outside is cleaned again before it reaches a cell.

pub mod about;
pub mod actions;
pub mod doc;
mod finder;
pub mod key;
mod layout;
mod list;
mod log;
mod missing;
pub mod model;
pub mod msg;
mod plain;
mod rank;
pub mod replica;
pub mod sheet;
pub mod shell;
mod target;
pub mod text;
pub mod theme;
mod tree;
pub mod update;
mod view;

pub use model::Model;
pub use msg::{Changed, Cmd, Msg};
pub use plain::{plain, word};
pub use shell::{Coach, ConsoleError, Options, Read, Source, Time, read, run};
pub use theme::Theme;
pub use update::update;
pub use view::view;
