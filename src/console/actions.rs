//! Everything a key can do, declared once: the keymap, the footer, the help screen, the palette and docs/keys.md
//! come from this table.

use super::key::Key;
use super::key::Key::{
    Backspace, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Up,
};

/// How dangerous an action is, and so what its sheet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// It only shows.
    None,
    /// It leads towards safety: Enter confirms, a reason may be given.
    Safe,
    /// It changes what runs in production: what the sheet shows must be typed.
    Production,
    /// It overrides a safeguard or ends work: the full name and a reason must be typed.
    Override,
}

/// The groups of the help screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Moving about.
    Move,
    /// Finding.
    Find,
    /// Looking closer.
    Look,
    /// In a log.
    Log,
    /// Towards safety.
    Safer,
    /// Production.
    Production,
    /// Everything else.
    Other,
}

impl Group {
    /// The groups in the order of the help screen.
    pub const ALL: [Self; 7] =
        [Self::Move, Self::Find, Self::Look, Self::Log, Self::Safer, Self::Production, Self::Other];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "move",
            Self::Find => "find",
            Self::Look => "look",
            Self::Log => "in a log",
            Self::Safer => "towards safety: a sheet, then Enter",
            Self::Production => "production: a sheet, then what it shows typed back",
            Self::Other => "other",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The action.
    pub action: Action,
    /// Its name in the palette and the footer.
    pub name: &'static str,
    /// Its keys; the first is shown.
    pub keys: &'static [Key],
    /// Its group.
    pub group: Group,
    /// How dangerous it is.
    pub danger: Danger,
    /// What it does, and where it is legal.
    pub help: &'static str,
}

macro_rules! actions {
    ($($variant:ident, $name:literal, [$($key:expr),+], $group:ident, $danger:ident, $help:literal;)*) => {
        /// What a key can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $(#[doc = $help] $variant,)* }

        /// The table, in the order of the help screen.
        pub const ACTIONS: &[Spec] = &[$(Spec {
            action: Action::$variant,
            name: $name,
            keys: &[$($key),+],
            group: Group::$group,
            danger: Danger::$danger,
            help: $help,
        },)*];
    };
}

actions! {
    Down, "down", [Char('j'), Down], Move, None, "Next row; a line down where there are no rows.";
    Up, "up", [Char('k'), Up], Move, None, "Row before; a line up where there are no rows.";
    First, "first", [Char('g'), Home], Move, None, "First row or line.";
    Last, "last", [Char('G'), End], Move, None, "Last row or line.";
    HalfDown, "half a page down", [Ctrl('d'), PageDown], Move, None, "Half a page down.";
    HalfUp, "half a page up", [Ctrl('u'), PageUp], Move, None, "Half a page up.";
    Fold, "fold", [Left], Move, None, "Fold what stands on this image; a log: scroll left; a plan: an older release.";
    Unfold, "unfold", [Right], Move, None, "Unfold it again; a log: scroll right; a plan: a newer release.";
    Open, "open", [Enter], Move, None, "Deeper into the selected row.";
    Back, "back", [Esc, Backspace], Move, None, "Close the message, the filter or the screen, in this order.";
    Now, "now", [Char('0')], Move, None, "What needs you, what is on its way, what comes.";
    Lineage, "lineage", [Char('1')], Move, None, "The tree of images and the workloads on it.";
    Updates, "updates", [Char('2')], Move, None, "Updates that are not through, those that need a person first.";
    Runs, "runs", [Char('3')], Move, None, "Changes on their way through the lineage, releases through pools.";
    Pools, "pools", [Char('4')], Move, None, "Pools of nodes: their releases, what is under way, what comes next.";
    Incidents, "incidents", [Char('6')], Move, None, "Failures with their dossiers.";
    Journal, "journal", [Char('7')], Move, None, "What happened: people first, then everything, newest first.";
    Drill, "drill", [Char('9')], Move, None, "In a drill: its briefing, its goal, and the hints that were given.";

    Filter, "filter", [Char('/')], Find, None, "Show only rows that contain what you type; Esc ends it.";
    Jump, "jump", [Char('\''), Ctrl('p')], Find, None, "Go to an image, workload, run, incident, pool or node by a few letters.";
    Palette, "palette", [Char(':')], Find, None, "Every action by its name.";

    Why, "why", [Char('w')], Look, None, "Why it waits: the chain of waits up to who can end it.";
    Impact, "impact", [Char('i')], Look, None, "Who else is affected: images, workloads, tasks, owners.";
    Log, "log", [Char('l')], Look, None, "Its newest log, opened at the first error.";
    Events, "events", [Char('e')], Look, None, "The journal of the run it belongs to.";
    Plan, "next release", [Char('n')], Look, None, "What a rollout of a pool's newest release would do and meet; again: asked anew.";
    Behind, "behind only", [Char('b')], Look, None, "The lineage cut down to what is behind, or whole again.";
    Save, "save", [Char('o')], Look, None, "Save an incident's dossier, elsewhere what is shown, into a file here.";
    Hint, "next hint", [Char('.')], Look, None, "In a drill: one more hint; they are counted.";
    Copy, "copy", [Char('y')], Look, None, "Copy what is shown as text, through the terminal (OSC 52).";

    Follow, "follow", [Char('f')], Log, None, "Go to the end and stay there, or stay here.";
    Wrap, "wrap", [Char('-')], Log, None, "Break long lines, or cut them.";

    Pause, "pause", [Char('p')], Safer, Safe, "Start nothing new in this run or rollout; a pool: begin no release there, a reason is needed.";
    Reject, "reject", [Char('x')], Safer, Safe, "Refuse a held step, close an incident, or on a plan: never take its release by itself; a reason is needed.";
    Claim, "claim", [Char('a')], Safer, Safe, "Take an incident: the others see who looks at it.";
    Freeze, "freeze everything", [Char('!')], Safer, Safe, "Start no new step anywhere.";

    Approve, "approve", [Char('A')], Production, Production, "Let a held step go on, or a node about which you are asked.";
    Resume, "resume", [Char('P')], Production, Production, "Take a pause, a pool's pin or the freeze back.";
    Start, "start", [Char('S')], Production, Production, "Start a run of this image, as if it had moved; on a plan: that rollout.";
    Retry, "try again", [Char('T')], Production, Production, "Try a failed step again, and what it blocked.";
    Rollback, "roll back", [Char('R')], Production, Production, "Put a workload back, or a node's work; on a rollout's row: all it did.";
    Forward, "roll forward", [Char('F')], Production, Production, "End a rollout and go on with the newest release.";
    Skip, "skip the node", [Char('K')], Production, Override, "Leave a node out of its rollout; a reason is needed.";
    Abort, "abort", [Char('X')], Production, Override, "End a run or rollout; what is in flight is put back.";
    Unquarantine, "unquarantine", [Char('U')], Production, Override, "Let a workload take again what made it sick; on a plan: skip its release no more.";

    Help, "help", [Char('?')], Other, None, "This list.";
    Leave, "leave", [Char('q')], Other, None, "Leave this screen; at the start: quit.";
    Quit, "quit", [Char('Q')], Other, None, "Quit the console; the daemon goes on.";
    Redraw, "redraw", [Ctrl('l')], Other, None, "Draw everything anew.";
    Suspend, "suspend", [Ctrl('z')], Other, None, "Back to the shell; `fg` returns.";
    Interrupt, "close sheet", [Ctrl('c')], Other, None, "Close the sheet; elsewhere a hint at q.";
}

impl Action {
    /// Its line in the table.
    pub fn spec(self) -> &'static Spec {
        // The table has one line for each variant, in the order of declaration.
        &ACTIONS[self as usize]
    }
}

/// What a key does.
pub fn bound(key: Key) -> Option<Action> {
    ACTIONS.iter().find(|spec| spec.keys.contains(&key)).map(|spec| spec.action)
}

/// docs/keys.md.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Keys\n\nMade from `src/console/actions.rs`; a test fails when the two differ. No lower-case key and no Ctrl key\n\
         changes what runs in production.\n",
    );
    for group in Group::ALL {
        out.push_str(&format!(
            "\n## {}\n\n| keys | name | what it does |\n| --- | --- | --- |\n",
            group.title()
        ));
        for spec in ACTIONS.iter().filter(|spec| spec.group == group) {
            let keys: Vec<String> = spec.keys.iter().map(|key| format!("`{key}`")).collect();
            out.push_str(&format!("| {} | {} | {} |\n", keys.join(" "), spec.name, spec.help));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn no_key_is_bound_twice() {
        let mut seen = BTreeMap::new();
        for spec in ACTIONS {
            for key in spec.keys {
                assert_eq!(seen.insert(*key, spec.name), None, "{key} is bound twice");
            }
        }
    }

    #[test]
    fn every_action_finds_its_own_line() {
        for spec in ACTIONS {
            assert_eq!(spec.action.spec().name, spec.name);
        }
    }

    #[test]
    fn only_capitals_change_what_runs_in_production() {
        for spec in ACTIONS {
            let dangerous = matches!(spec.danger, Danger::Production | Danger::Override);
            for key in spec.keys {
                let capital = matches!(key, Char(c) if c.is_ascii_uppercase());
                assert!(!dangerous || capital, "{key} does {}", spec.name);
            }
        }
    }

    #[test]
    fn keys_that_multiplexers_and_keyboards_take_are_left_alone() {
        for key in ['h', 'm', 'u', '~', '[', ']', '{', '}']
            .map(Char)
            .into_iter()
            .chain(['a', 'b', 's', 'q'].map(Ctrl))
        {
            assert_eq!(bound(key), None, "{key} is bound");
        }
    }

    #[test]
    fn the_keys_document_is_made_from_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
        if std::env::var_os("TIDEGATE_WRITE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == markdown(),
            "docs/keys.md differs; run with TIDEGATE_WRITE_DOCS=1 to write it anew"
        );
    }
}
