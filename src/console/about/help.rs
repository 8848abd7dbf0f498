//! The keys, from the table, those that work here marked.

use crate::api::rows::Mark;
use crate::console::actions::{ACTIONS, Group, Spec};
use crate::console::doc::Doc;
use crate::console::model::Model;
use crate::console::target::is_legal;
use crate::console::theme::{Role, glyph, word_of};

/// The help page.
pub fn help(model: &Model) -> Doc {
    let mut doc = Doc::new("keys ── dim: not here, or not now");
    // The page lies over the screen that it helps with.
    let below = model.stack.len().checked_sub(2).map(|at| &model.stack[at]);
    for group in Group::ALL {
        doc.rule(group.title());
        for spec in ACTIONS.iter().filter(|spec| spec.group == group) {
            let works = below.is_none() || is_legal(model, spec.action);
            doc.led(lead(spec), spec.help, if works { Role::Text } else { Role::Dim });
        }
    }
    doc.rule("signs");
    for mark in MARKS {
        doc.text(format!("{}  {}", glyph(mark), word_of(mark)), Role::of(mark));
    }
    doc
}

const MARKS: [Mark; 11] = [
    Mark::Good,
    Mark::Failed,
    Mark::Sick,
    Mark::Unknown,
    Mark::Held,
    Mark::Paused,
    Mark::Working,
    Mark::Pending,
    Mark::Blocked,
    Mark::Moved,
    Mark::Restored,
];

/// The keys and the name: what its help stands beside.
fn lead(spec: &Spec) -> String {
    let keys: Vec<String> = spec.keys.iter().map(ToString::to_string).collect();
    format!("{:<14} {:<18} ", keys.join(" "), spec.name)
}
