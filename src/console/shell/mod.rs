//! The only part of the console that touches the world: terminal, clock, signals, socket.
//!
//! ```text
//!   keyboard ─▶ input ─┐
//!   daemon   ─▶ link  ─┼─▶ Msg ─▶ update ─▶ changed? ─▶ view ─▶ compare with the last frame ─▶ one write
//!   clock, signals ────┘             └─▶ Cmd ─▶ link | terminal
//! ```
//!
//! Invariants: without a message there is no frame, and an unchanged frame is no bytes; two frames are at least
//! [`FRAME_EVERY`](crate::model::limits::FRAME_EVERY) apart, and the first change after a pause is drawn at once; the
//! terminal is given back as it was, also after a panic and on SIGTERM and SIGHUP.

mod file;
mod input;
mod link;
mod paper;
mod run;
mod terminal;
mod time;

pub use paper::{Read, read};
pub use run::run;
pub use time::Time;

use super::theme::{Depth, ThemeError};
use crate::api::stream::Frame;
use crate::model::Timestamp;
use crate::model::drill::Lesson;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// How the console is started.
#[derive(Debug)]
pub struct Options {
    /// Where the rows come from.
    pub source: Source,
    /// The theme's name; see [`names`](super::theme::names).
    pub theme: String,
    /// ASCII signs, whatever the terminal and the locale promise.
    pub ascii: bool,
    /// So many colours, whatever the environment says.
    pub colour: Option<Depth>,
    /// Send no commands.
    pub read_only: bool,
    /// What time it is.
    pub time: Time,
    /// The drill that is played on it, if one is.
    pub drill: Option<Coach>,
}

/// What a console knows of a drill.
#[derive(Debug)]
pub struct Coach {
    /// What its player is told.
    pub lesson: Lesson,
    /// Gets the time of each hint that is given.
    pub hints: mpsc::UnboundedSender<Timestamp>,
}

/// Where the rows come from.
#[derive(Debug)]
pub enum Source {
    /// A daemon, by its socket.
    Socket(PathBuf),
    /// An observer in this process. There is nobody to take commands; start it `read_only`.
    Feed(mpsc::Receiver<Frame>),
}

/// Why the console did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// There is nothing to draw on.
    #[error("the console needs a terminal; `tidegate status` prints the same as text")]
    NoTerminal,
    /// The theme cannot be used.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The terminal cannot be read or written.
    #[error("the terminal is gone or refuses: {0}")]
    Terminal(#[from] std::io::Error),
}
