//! Simulated people who look now and then, and in the end decide whatever waits for them.

use fastrand::Rng;
use tidegate::engine::State;
use tidegate::model::Span;
use tidegate::play::{self, Stage};
use tidegate::ports::Clock as _;
use tidegate::sim::file::{Happens, Person, PersonDoes};

const NAMES: [&str; 3] = ["ana", "ben", "cleo"];

fn person(name: &str, does: PersonDoes) -> Person {
    Person { name: name.to_owned(), does, on: None, because: None, stale: false }
}

/// Looks every minute or so, and mostly says yes.
pub async fn now_and_then(stage: &Stage, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x6f70_6572);
    loop {
        stage.sim().clock().sleep(Span::from_secs(rng.u64(10..120))).await;
        let name = NAMES[rng.usize(..NAMES.len())];
        let does = if rng.u8(..12) == 0 { PersonDoes::Reject } else { PersonDoes::Approve };
        stage.perform(Happens::Person(&person(name, does))).await;
    }
}

/// Decides whatever waits for a person, once.
pub async fn decide(stage: &Stage) {
    for does in [PersonDoes::Thaw, PersonDoes::Resume] {
        stage.perform(Happens::Person(&person(NAMES[0], does))).await;
    }
    for name in NAMES {
        for _ in 0..8 {
            let person = person(name, PersonDoes::Approve);
            let some = stage.handle().read(|state: &State| play::command(state, &person).is_some());
            if !some {
                break;
            }
            stage.perform(Happens::Person(&person)).await;
        }
        // Who may not approve refuses, so that nothing waits for ever.
        if name == NAMES[2] {
            stage
                .perform(Happens::Person(&Person {
                    does: PersonDoes::Reject,
                    ..person(name, PersonDoes::Reject)
                }))
                .await;
        }
    }
}
