//! What the console knows at one moment. Only `update` changes it, `view` only reads it.

use super::list::Entry;
use super::log::LogView;
use super::replica::{Replica, Shared};
use super::sheet::Sheet;
use crate::api::Me;
use crate::api::rollout::PlanRow;
use crate::api::rows::RowKey;
use crate::api::why::Why;
use crate::model::drill::Lesson;
use crate::model::{
    ImageRef, IncidentId, NodeRef, PoolName, ReleaseName, RunId, Seq, StepKey, Timestamp, WorkloadId,
};
use std::collections::BTreeSet;

/// The terminal's size in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// The link to the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Not yet there.
    Connecting,
    /// Rows are coming in for the first time.
    Loading,
    /// What is shown is what is.
    Live,
    /// What is shown is what was.
    Lost {
        /// What was seen.
        why: String,
        /// Since when.
        since: Timestamp,
    },
    /// There will be none: what answers speaks another version of the wire.
    Hopeless {
        /// What was seen, and what to do.
        why: String,
    },
}

/// The selected row of a list, and which part of it is in sight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picker {
    /// What is selected: an identity, so that it stays when rows move.
    pub selected: Option<Shared>,
    /// Where it was last seen in the list: the neighbour takes over when it goes.
    pub index: usize,
    /// The first line in sight.
    pub top: usize,
    /// Only rows that contain this are shown; all when it is empty.
    pub filter: String,
}

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A step of a run.
    Step(RunId, StepKey),
    /// An incident.
    Incident(IncidentId),
    /// A workload.
    Workload(WorkloadId),
    /// An image.
    Image(ImageRef),
    /// A node of a fleet.
    Node(NodeRef),
    /// A rollout that could be started.
    Plan(Box<Planning>),
    /// A line of the journal.
    Event(Seq),
    /// Who else is affected by what this row is about.
    Impact(RowKey),
    /// Why this row is as it is.
    Why(RowKey, Box<Question>),
    /// The keys.
    Help,
    /// What the drill is about, and the hints that were given.
    Drill,
}

/// What a rollout would do, before it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planning {
    /// The pool.
    pub pool: PoolName,
    /// The release.
    pub release: ReleaseName,
    /// When the daemon was asked.
    pub at: Timestamp,
    /// What the daemon says of it.
    pub asked: Asked<PlanRow, NoPlan>,
}

/// Why something is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What the daemon was asked about: the row may belong to another run by the time the answer comes.
    pub id: String,
    /// What the daemon says.
    pub asked: Asked<Why>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlan {
    /// The daemon says that there is nothing to start, and why.
    Refused(String),
    /// The daemon has not said anything of it, and why.
    Unknown(String),
}

/// A question to the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked<T, E = String> {
    /// On its way.
    Waiting,
    /// Answered.
    Answered(Box<T>),
    /// Not answered, and why.
    Failed(E),
}

/// One screen of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// What needs a person, what is on its way, what comes.
    Overview(Picker),
    /// The tree of images and workloads.
    Lineage(Picker, Tree),
    /// Updates that are not through.
    Updates(Picker),
    /// Runs.
    Runs(Picker),
    /// One run with its steps.
    Run(RunId, Picker),
    /// Pools of nodes.
    Pools(Picker),
    /// One pool with its nodes.
    Pool(PoolName, Picker),
    /// Incidents.
    Incidents(Picker),
    /// The journal, or the part of it that belongs to one run.
    Journal(Picker, Option<RunId>),
    /// One thing, line by line, and the first line in sight.
    Page(About, usize),
    /// A log.
    Log(Box<LogView>),
}

/// How the lineage is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// Images whose children were hidden by hand.
    pub folded: BTreeSet<ImageRef>,
    /// Images whose children were shown by hand; else they are hidden where all is well.
    pub unfolded: BTreeSet<ImageRef>,
    /// Hide nothing by itself: a filter looks everywhere.
    pub whole: bool,
    /// Only what is behind, and what leads there.
    pub behind_only: bool,
}

/// Where keys go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// To the keymap.
    Normal,
    /// Into the filter of the list.
    Filter,
    /// Into the palette: what was typed, and which match is selected.
    Palette(String, usize),
    /// Into the jump: what was typed, and which match is selected.
    Jump(String, usize),
    /// Into a sheet.
    Sheet(Box<Sheet>),
}

/// A line that stays until it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something was done or is being done; the next key ends it.
    Done(String),
    /// Nothing was done, since it was so already; the next key ends it.
    Nothing(String),
    /// Something was refused; Esc ends it.
    Refused(String),
}

/// The drill that is played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drill {
    /// What it is about.
    pub lesson: Lesson,
    /// How many hints were given.
    pub hints: usize,
}

/// Everything.
#[derive(Debug)]
pub struct Model {
    /// The daemon's rows.
    pub replica: Replica,
    /// The screens, the last on top; never empty.
    pub stack: Vec<Screen>,
    /// Where keys go.
    pub mode: Mode,
    /// The link.
    pub link: Link,
    /// Who we are.
    pub me: Option<Me>,
    /// This console may not send commands: asked for on the command line, or nobody is there to take them.
    pub read_only: bool,
    /// The latest minute, and the time of the latest message that had one.
    pub now: Timestamp,
    /// The terminal.
    pub size: Size,
    /// The line that stays until it was read.
    pub notice: Option<Notice>,
    /// The rows of the screen on top, filtered, folded and sorted.
    pub shown: Vec<Entry>,
    /// The journal as it was when somebody last looked at it here.
    pub looked: Option<Seq>,
    /// The latest ticket.
    pub ticket: u64,
    /// The drill, where this is one.
    pub drill: Option<Box<Drill>>,
}

impl Model {
    /// Before anything has come.
    pub fn new(size: Size, now: Timestamp, read_only: bool) -> Self {
        Self {
            replica: Replica::default(),
            stack: vec![Screen::Overview(Picker::default())],
            mode: Mode::Normal,
            link: Link::Connecting,
            me: None,
            read_only,
            now,
            size,
            notice: None,
            shown: Vec::new(),
            looked: None,
            ticket: 0,
            drill: None,
        }
    }

    /// The screen on top.
    pub fn screen(&self) -> &Screen {
        self.stack.last().expect("the stack is never empty: the last screen is not popped")
    }

    /// The screen on top, to change it.
    pub fn screen_mut(&mut self) -> &mut Screen {
        self.stack.last_mut().expect("the stack is never empty: the last screen is not popped")
    }

    /// Whether commands can be sent now, or why not.
    pub fn can_act(&self) -> Result<(), &'static str> {
        let daemon_observes = self.replica.daemon().is_some_and(|daemon| daemon.read_only);
        let observes = daemon_observes || self.me.as_ref().is_some_and(|me| me.read_only);
        match &self.link {
            Link::Live if self.read_only => Err("read-only: this console sends nothing"),
            Link::Live if observes => Err("read-only: this daemon only observes"),
            Link::Live => Ok(()),
            Link::Connecting | Link::Loading => Err("nothing can be sent before the link is up"),
            Link::Lost { .. } | Link::Hopeless { .. } => Err("the link is down: nothing can be sent"),
        }
    }

    /// The sheet, when one is open.
    pub fn sheet(&self) -> Option<&Sheet> {
        match &self.mode {
            Mode::Sheet(sheet) => Some(sheet),
            Mode::Normal | Mode::Filter | Mode::Palette(..) | Mode::Jump(..) => None,
        }
    }

    /// The selected row's key.
    pub fn selected(&self) -> Option<&Shared> {
        self.screen().picker().and_then(|picker| picker.selected.as_ref())
    }
}

impl Screen {
    /// Its picker, where it is a list.
    pub fn picker(&self) -> Option<&Picker> {
        match self {
            Self::Overview(picker)
            | Self::Lineage(picker, _)
            | Self::Updates(picker)
            | Self::Runs(picker)
            | Self::Run(_, picker)
            | Self::Pools(picker)
            | Self::Pool(_, picker)
            | Self::Incidents(picker)
            | Self::Journal(picker, _) => Some(picker),
            Self::Page(..) | Self::Log(_) => None,
        }
    }

    /// Its picker, to change it.
    pub fn picker_mut(&mut self) -> Option<&mut Picker> {
        match self {
            Self::Overview(picker)
            | Self::Lineage(picker, _)
            | Self::Updates(picker)
            | Self::Runs(picker)
            | Self::Run(_, picker)
            | Self::Pools(picker)
            | Self::Pool(_, picker)
            | Self::Incidents(picker)
            | Self::Journal(picker, _) => Some(picker),
            Self::Page(..) | Self::Log(_) => None,
        }
    }
}
