//! Simulated people who look now and then, and in the end decide whatever waits for them.

use fastrand::Rng;
use tidegate::engine::{NodeStage, Rollout, State};
use tidegate::model::nodes::Strategy;
use tidegate::model::{Command, Seen, Span, Timestamp};
use tidegate::play::{self, Stage};
use tidegate::ports::Clock as _;
use tidegate::sim::file::{Happens, Person, PersonDoes};

const NAMES: [&str; 3] = ["ana", "ben", "cleo"];

fn person(name: &str, does: PersonDoes) -> Person {
    Person { name: name.to_owned(), does, on: None, release: None, nodes: None, because: None, stale: false }
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

/// A rollout that stopped is ended, one way or the other; what could be neither finished nor taken back is tried again, not for ever.
async fn decide_rollouts(stage: &Stage) {
    // Where nothing happens the state's own time stands still.
    let now = stage.sim().clock().now();
    for command in stage.handle().read(|state| rollout_commands(state, now)) {
        stage.handle().command(play::actor(NAMES[0]), command).await;
    }
}

/// Nodes that its release took down are waited for, and never come back.
fn stands(rollout: &Rollout, now: Timestamp) -> bool {
    rollout.in_flight().next().is_none() && now.since(rollout.started) > GIVEN_UP
}

/// How old a rollout is that people give up when it stands still.
const GIVEN_UP: Span = Span::from_secs(900);

/// So often a step's stage may have changed until nobody tries it again.
const TRIED: u64 = 60;

fn rollout_commands(state: &State, now: Timestamp) -> Vec<Command> {
    let because = || "it cannot stay so".to_owned();
    let stopped =
        state.rolling().filter(|rollout| !rollout.is_ending() && (rollout.stopped() || stands(rollout, now)));
    // Where nothing can be taken back the second command ends it.
    let ends = stopped.flat_map(|rollout| {
        let run = rollout.id;
        let back = (run.0 % 2 == 1).then(|| Command::RollBackAll { run, reason: because() });
        back.into_iter().chain([Command::Abort { run, reason: because() }])
    });
    let steps =
        state.rollouts.values().flat_map(|rollout| rollout.steps.values().map(move |step| (rollout, step)));
    let stuck = steps.filter(|(rollout, step)| {
        let surge = rollout.how.strategy == Strategy::Surge;
        surge && matches!(step.stage, NodeStage::Quarantined(_)) && step.generation < TRIED
    });
    let again = stuck.map(|(rollout, step)| Command::Retry {
        run: rollout.id,
        step: step.key.clone(),
        seen: Seen::default(),
        reason: None,
    });
    ends.chain(again).collect()
}

/// Decides whatever waits for a person, once.
pub async fn decide(stage: &Stage) {
    for does in [PersonDoes::Thaw, PersonDoes::Resume] {
        stage.perform(Happens::Person(&person(NAMES[0], does))).await;
    }
    decide_rollouts(stage).await;
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
