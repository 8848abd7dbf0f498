//! A pool of ten thousand nodes: what an event costs does not grow with it.

use super::*;
use crate::engine::Event;
use std::time::{Duration, Instant};

/// Steps events of a rollout over `nodes` nodes, and says how long the slower ones took: the 99th of a hundred.
fn p99(nodes: usize, events: usize) -> Duration {
    let mut state = State::default();
    let mut now = Timestamp::from_millis(1_700_000_000_000);
    let mut setup = setup();
    // Nothing is waited for: the clock of this test moves a millisecond an event.
    let (soak, waves) = (Span::from_millis(0), vec![WaveSize::Percent(100)]);
    setup.pools.insert(workers(), Pool { max_unavailable: 4, waves, soak, ..pool() });
    let seen: Vec<NodeLook> = (0..nodes).map(|n| look(&format!("w{n}"), "r1")).collect();
    let mut step = |state: &mut State, kind: EventKind| {
        now = now + Span::from_millis(1);
        let event = Event { at: now, by: Actor::Daemon, kind };
        let began = Instant::now();
        let outcome = state.step(&event);
        state.next_deadline();
        (began.elapsed(), outcome)
    };
    step(&mut state, EventKind::Installed { install: "abc".to_owned() });
    step(&mut state, EventKind::ConfigLoaded { setup: Box::new(setup) });
    let fleet: crate::model::FleetName = "lab".parse().unwrap();
    step(&mut state, EventKind::NodesSeen { fleet: fleet.clone(), nodes: seen, gone: Vec::new() });
    step(&mut state, EventKind::ReleaseAnnounced { pool: workers(), release: release("r2") });
    let plan = state.rollout_plan(&workers(), &release("r2")).unwrap().hash();
    let seen = Seen { plan: Some(plan), ..Seen::default() };
    let start = Command::StartRollout { pool: workers(), release: release("r2"), seen, reason: None };
    let (_, outcome) = step(&mut state, EventKind::Commanded { command: start });
    let mut effects: std::collections::VecDeque<Effect> = outcome.effects.into();
    let mut took = Vec::new();
    while took.len() < events {
        let kinds = match effects.pop_front() {
            Some(Effect::Do(job)) => answers(&state, &job),
            Some(Effect::Cancel(_) | Effect::Notify(_)) => Vec::new(),
            None => vec![EventKind::DeadlinePassed],
        };
        for kind in kinds {
            let (span, outcome) = step(&mut state, kind);
            took.push(span);
            effects.extend(outcome.effects);
        }
    }
    assert_eq!(state.anomalies, Vec::<String>::new());
    took.sort();
    took[took.len() * 99 / 100]
}

fn answers(state: &State, job: &Job) -> Vec<EventKind> {
    let id = job.id().clone();
    let done = || NodeReport::Done { found: false };
    match job {
        Job::Preflight(_) => {
            let moves = BTreeMap::from([(workload("web"), 1)]);
            let report = PreflightReport { moves, ..PreflightReport::default() };
            vec![EventKind::NodePreflighted { id, answer: Answer::Done(Some(report)) }]
        }
        Job::Provision(job) => {
            let name = format!("n-{}", job.token);
            let machine = Machine { node: name.parse().unwrap(), address: None, token: None, release: None };
            let joined = NodeLook { pool: None, release: None, work: BTreeMap::new(), ..look(&name, "r1") };
            let seen =
                EventKind::NodesSeen { fleet: "lab".parse().unwrap(), nodes: vec![joined], gone: Vec::new() };
            let made = ProvisionReport::Done(machine);
            vec![EventKind::NodeProvisioned { id, answer: Answer::Done(made) }, seen]
        }
        Job::Admit(_) | Job::Retire(_) | Job::Avail(_) => {
            vec![EventKind::NodeChanged { id, answer: Answer::Done(done()) }]
        }
        // Nothing moves, so that there is nothing to soak but the node.
        Job::Shift(_) => {
            let report = ShiftReport::Shifted { moved: Vec::new() };
            vec![EventKind::NodeShifted { id, answer: Answer::Done(report) }]
        }
        Job::Deprovision(_) => {
            vec![EventKind::NodeRemoved { id, answer: Answer::Done(ProvisionReport::Done(())) }]
        }
        Job::Look(_) => {
            let look = Box::new(look_at("web@old", None, 5));
            let answer = Answer::Done(LookReport::Seen(look));
            vec![EventKind::WorkloadLooked { id, answer }]
        }
        _ => panic!("{id} in {}", state.now),
    }
}

#[test]
fn an_event_of_a_large_pool_costs_what_one_of_a_small_pool_costs() {
    // The measure is for a debug build on a busy machine: it finds work that grows with the pool, and no more. benches/ has the figure.
    let (small, large) = (p99(100, 400), p99(10_000, 2_000));
    assert!(large < small * 8 + Duration::from_millis(1), "100 nodes: {small:?}, 10,000 nodes: {large:?}");
}
