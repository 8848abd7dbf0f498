//! Restarts, late and double results, and waiting for who cannot be reached.

use super::*;
use crate::model::reports::Unreachable;

pub(super) fn away(who: &str) -> Unreachable {
    Unreachable { who: who.to_owned(), why: "connection refused".to_owned(), retry_after: None }
}

#[test]
fn a_second_result_of_the_same_effect_changes_nothing() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let id = world.take(Action::Build, &img("tool"));
    let report = |text: &str| BuildReport::Built { digest: digest(text), found: false };
    world.fact(EventKind::BuildFinished { id: id.clone(), answer: Answer::Done(report("one")) });
    let before = serde_json::to_string(&world.state.runs).unwrap();
    world.fact(EventKind::BuildFinished { id, answer: Answer::Done(report("two")) });
    assert_eq!(serde_json::to_string(&world.state.runs).unwrap(), before);
}

#[test]
fn who_cannot_be_reached_is_waited_for_longer_each_time_and_said() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let mut waits = Vec::new();
    for _ in 0..6 {
        let id = world.take(Action::Build, &img("tool"));
        world.fact(EventKind::BuildFinished { id, answer: Answer::Unreachable(away("builder")) });
        let run = &world.state.runs[&RUN];
        let waiting = world.state.waiting(run, &run.steps[&img("tool")]).unwrap();
        assert!(waiting.what.contains("builder: connection refused"), "{waiting:?}");
        let span = waiting.deadline.unwrap().since(world.now).as_secs();
        waits.push(span);
        world.wait(span);
    }
    assert_eq!(waits, [1, 2, 4, 8, 15, 15]);
    world.makes("tool");
    world.replay();
}

#[test]
fn a_servers_own_word_on_when_to_come_back_is_respected() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let id = world.take(Action::Build, &img("tool"));
    let cause = Unreachable { retry_after: Some(Span::from_secs(40)), ..away("registry") };
    world.fact(EventKind::BuildFinished { id, answer: Answer::Unreachable(cause) });
    world.wait(39);
    assert_eq!(world.asked(), ["build runtime:1"]);
    world.wait(1);
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
}

#[test]
fn an_update_that_may_have_happened_is_asked_again_with_the_same_fence() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    world.looks(Action::Baseline, "web", world.before("web"));
    let id = world.take(Action::Deploy, &dep("web"));
    world.fact(EventKind::WorkloadChanged { id, answer: Answer::Unreachable(away("fleet lab")) });
    world.wait(2);
    let Job::Deploy(again) = world.job(Action::Deploy, &dep("web")) else { panic!() };
    assert_eq!(again.before, world.before("web").spec);
    assert_eq!(again.id.attempt, 2);
}

#[test]
fn a_baseline_that_grew_old_in_a_pause_is_taken_anew() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    world.command(ana(), Command::Pause { run: RUN, reason: None, until: None }).unwrap();
    world.looks(Action::Baseline, "web", world.before("web"));
    assert_eq!(world.asked(), Vec::<String>::new());
    world.wait(600);
    world.command(ana(), Command::Resume { run: RUN, reason: None }).unwrap();
    assert_eq!(world.asked(), ["baseline deploy web"]);
}

#[test]
fn a_run_survives_a_snapshot_at_every_fact() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.makes_all();
    world.approve(ana(), &dep("web")).unwrap();
    world.converges("web");
    world.wait(11);
    let mut state = State::default();
    for event in &world.log {
        let text = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&text).unwrap();
        state.restore_derived();
        state.step(event);
    }
    assert_eq!(state, world.state);
}
