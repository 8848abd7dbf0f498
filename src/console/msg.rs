//! What comes into the console, and what it asks of its shell. Time comes in with a message; nobody else has a clock.

use super::key::Key;
use super::model::NoPlan;
use crate::api::logs::Window;
use crate::api::rollout::PlanRow;
use crate::api::stream::Frame;
use crate::api::why::Why;
use crate::api::{Me, Reply};
use crate::model::{Command, IncidentId, PoolName, ReleaseName, Span, Timestamp};

/// Something happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key, and when.
    Key(Key, Timestamp),
    /// A text that was pasted.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// A new minute.
    Clock(Timestamp),
    /// The link to the daemon.
    Link(LinkEvent),
    /// Rows came, and when.
    Rows(Vec<Frame>, Timestamp),
    /// Who we are to the daemon.
    Me(Me),
    /// What became of a command.
    Reply {
        /// The ticket that was given with it.
        ticket: u64,
        /// The reply, or why there is none.
        reply: Result<Reply, String>,
    },
    /// A part of a log, or why there is none.
    Log {
        /// Which log.
        id: String,
        /// The window.
        window: Result<Window, String>,
    },
    /// Where something was saved, or why it was not.
    Saved(Result<String, String>),
    /// The answer to a question, or why there is none.
    Why {
        /// What was asked for.
        id: String,
        /// The answer.
        why: Result<Why, String>,
    },
    /// What a rollout would do, or why that is not known.
    Plan {
        /// The pool that was asked for.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
        /// The answer.
        plan: Result<Box<PlanRow>, NoPlan>,
    },
}

/// What became of the link.
#[derive(Debug, Clone)]
pub enum LinkEvent {
    /// The stream of rows is open.
    Up,
    /// It is not; it will be tried again.
    Down {
        /// What was seen.
        why: String,
        /// When.
        at: Timestamp,
    },
    /// What answers will never do: another version of the wire.
    Hopeless {
        /// What was seen, and what to do.
        why: String,
    },
}

/// What the shell is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cmd {
    /// Send a command; the reply brings the ticket back.
    Send {
        /// Tells replies apart.
        ticket: u64,
        /// The command.
        command: Command,
    },
    /// Read a part of a log.
    Log {
        /// Which log.
        id: String,
        /// From where.
        from: LogFrom,
        /// How long to wait before: following asks again after a while.
        after: Span,
    },
    /// Ask why.
    Why {
        /// About what: `42`, `42/image:web:1`, `incident 3`.
        id: String,
    },
    /// Ask what a rollout would do.
    Plan {
        /// The pool.
        pool: PoolName,
        /// The release.
        release: ReleaseName,
    },
    /// Save the dossier of an incident.
    Dossier(IncidentId),
    /// Save a text.
    Save {
        /// The file's name, without its ending.
        name: String,
        /// What it says.
        text: String,
    },
    /// Put a text into the terminal's clipboard.
    Copy(String),
    /// A hint of the drill was given, at this time.
    Hint(Timestamp),
    /// Draw everything anew.
    Redraw,
    /// Stop until the user's shell continues us.
    Suspend,
    /// End.
    Quit,
}

/// Where in a log to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFrom {
    /// From this byte on.
    Offset(u64),
    /// Around the first error.
    FirstError,
    /// The last window.
    End,
}

/// Whether a frame must be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// The picture may be another one now.
    Yes,
    /// Nothing that is shown has changed.
    No,
}

impl From<bool> for Changed {
    fn from(changed: bool) -> Self {
        if changed { Self::Yes } else { Self::No }
    }
}
