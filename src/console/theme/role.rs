//! The roles: what a theme can give a style to.

use crate::api::rows::Mark;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a cell is, for a theme. A role without a style of its own takes that of its first part
        /// (`state.held` that of `state`), at last that of `text`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Role { $($(#[$doc])* $variant,)* }

        impl Role {
            /// Every role.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// Its name in a theme's file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

roles! {
    /// Everything that has no role of its own.
    Text = "text",
    /// The past, the pending, the secondary.
    Dim = "text.dim",
    /// The first line.
    Header = "header",
    /// The first line while the link is lost.
    HeaderLost = "header.lost",
    /// A view's name in the second line.
    Tab = "tab",
    /// The name of the view that is shown.
    TabHere = "tab.here",
    /// Lines between regions.
    Rule = "rule",
    /// Titles in those lines.
    Title = "rule.title",
    /// The fixed column of labels.
    Label = "label",
    /// The selected row.
    Selection = "selection",
    /// A verdict was given, and it is good.
    Good = "state.good",
    /// It failed, or users are hurt.
    Failed = "state.failed",
    /// Sick, no verdict yet.
    Sick = "state.sick",
    /// Nobody knows.
    Unknown = "state.unknown",
    /// Waits for an approval.
    Held = "state.held",
    /// Paused by a person.
    Paused = "state.paused",
    /// Work goes on.
    Working = "state.working",
    /// Not begun.
    Pending = "state.pending",
    /// Cannot go on because of another.
    Blocked = "state.blocked",
    /// A tag moved, or something is behind.
    Moved = "state.moved",
    /// Put back.
    Restored = "state.restored",
    /// A key in the footer and in help.
    Key = "key",
    /// A sheet's title line.
    Sheet = "sheet",
    /// A sheet's field.
    Field = "sheet.field",
    /// What was done.
    Done = "notice.done",
    /// What was refused, and what moved under an open sheet.
    Refused = "notice.refused",
    /// The line of a log at which the error begins.
    LogError = "log.error",
}

impl Role {
    /// The role of a state.
    pub const fn of(mark: Mark) -> Self {
        match mark {
            Mark::Good => Self::Good,
            Mark::Failed => Self::Failed,
            Mark::Sick => Self::Sick,
            Mark::Unknown => Self::Unknown,
            Mark::Held => Self::Held,
            Mark::Paused => Self::Paused,
            Mark::Working => Self::Working,
            Mark::Pending => Self::Pending,
            Mark::Blocked => Self::Blocked,
            Mark::Moved => Self::Moved,
            Mark::Restored => Self::Restored,
        }
    }
}
