//! What always holds, each a function whose doc is its sentence; checked after every event on what it touched.
//!
//! The truth comes from the world's deeds and from people's commands, not from the engine's own books.
//!
//! ```text
//!   1 tested       5 liveness  play.rs       8 quarantine
//!   2 approved     6 replay    twin.rs       9 consoles   consoles.rs
//!   3 one_hand     7 once                   10 sane, and logs.rs
//!   4 put_back                             11 told, when all has settled
//!  12 machines, also when all has settled  13, 14 nodes_out   15 says_why
//! ```

mod approved;
pub mod machines;
mod nodes_out;
mod once;
mod one_hand;
mod put_back;
mod quarantine;
mod sane;
mod says_why;
mod tested;
pub mod told;

use crate::moment::{Moment, Violation};
use crate::reference::Reference;
use tidegate::sim::Sim;

type Check = fn(&mut Past, &Moment<'_>) -> Result<(), String>;

const ALL: [(u8, &str, Check); 12] = [
    (
        1,
        "a workload only ever runs, and a tag of ours only ever names, what passed its tests or was there before",
        tested::check,
    ),
    (
        2,
        "nothing is published or deployed without the approvals that its policy asks for, of that very digest",
        approved::check,
    ),
    (3, "never do two runs, or a run and a node step, have one workload in hand", one_hand::check),
    (
        4,
        "a deploy that failed is put back, or says that it was not, and an incident tells a person",
        put_back::check,
    ),
    (7, "any effect done twice leaves the same world", once::check),
    (8, "what a workload fell sick of is not deployed to it again by itself", quarantine::check),
    (
        12,
        "no machine is made twice for one token, and no node step has two of its own at a time",
        machines::check,
    ),
    (13, "never are more nodes of a pool out by our hand than its rollout allows", nodes_out::check),
    (14, "after a node step was taken back, its old node can take work again", nodes_out::taken_back),
    (
        15,
        "a node step that has not ended does something, or says what it waits for; a rollout that stopped asks a person",
        says_why::check,
    ),
    (10, "no anomaly, and the state stays within its limits", sane::check),
    (10, "a run does only what the reference model lets it do", |past, moment| past.reference.check(moment)),
];

/// What the invariants remember.
pub struct Past {
    tested: tested::Truth,
    approved: approved::Truth,
    hands: one_hand::Truth,
    once: once::Truth,
    sick: quarantine::Truth,
    specs: put_back::Truth,
    machines: machines::Truth,
    out: nodes_out::Truth,
    reference: Reference,
}

/// All invariants that look at events.
pub struct Checks(Past);

impl Checks {
    /// At the beginning of a world.
    pub fn new(sim: &Sim) -> Self {
        Self(Past {
            tested: tested::Truth::new(sim),
            approved: approved::Truth::default(),
            hands: one_hand::Truth::default(),
            once: once::Truth::default(),
            sick: quarantine::Truth::default(),
            specs: put_back::Truth::new(sim),
            machines: machines::Truth::default(),
            out: nodes_out::Truth::default(),
            reference: Reference::default(),
        })
    }

    /// After an event.
    pub fn after(&mut self, moment: &Moment<'_>) -> Result<(), Violation> {
        for (invariant, sentence, check) in ALL {
            check(&mut self.0, moment).map_err(|what| Violation { invariant, sentence, what })?;
        }
        Ok(())
    }
}
