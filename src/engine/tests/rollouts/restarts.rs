//! Restarts in every stage, late and double results.

use super::*;

/// What a daemon would be asked to do that starts from this state's snapshot: whole jobs, not only their ids.
pub(super) fn after_a_restart(state: &State) -> Vec<Job> {
    let text = serde_json::to_string(state).unwrap();
    let mut state: State = serde_json::from_str(&text).unwrap();
    state.restore_derived();
    let jobs = state.outstanding().into_iter().filter_map(|effect| match effect {
        Effect::Do(job) => Some(job),
        Effect::Notify(_) | Effect::Cancel(_) => None,
    });
    let mut jobs: Vec<Job> = jobs.collect();
    jobs.sort_by_key(|job| job.id().clone());
    jobs
}

/// What is asked for and not answered.
pub(super) fn pending(fleet: &Fleet) -> Vec<Job> {
    let mut jobs = fleet.world.pending.clone();
    jobs.sort_by_key(|job| job.id().clone());
    jobs
}

#[test]
fn a_restart_in_every_stage_asks_for_the_very_same_jobs() {
    let faults = [
        None,
        Some(Fault::Sick),
        Some(Fault::NeverJoins),
        Some(Fault::SickForGood),
        Some(Fault::DrainBlocked),
    ];
    let mut stages = BTreeSet::new();
    for (fault, strategy) in
        faults.into_iter().flat_map(|fault| [(fault, Strategy::Surge), (fault, Strategy::InPlace)])
    {
        let mut fleet = Fleet::of(2, Pool { strategy, ..pool() });
        fleet.faults.extend(fault.map(|fault| ("w1".to_owned(), fault)));
        fleet.starts("r2");
        let mut seen = BTreeSet::new();
        for _ in 0..200 {
            assert_eq!(after_a_restart(&fleet.world.state), pending(&fleet));
            seen.extend(fleet.rollout().in_flight().map(NodeStep::word));
            if !fleet.does_one() {
                let Some((at, _)) = fleet.world.state.next_deadline() else { break };
                fleet.world.wait(at.since(fleet.world.now).as_millis().div_ceil(1000));
            }
        }
        stages.extend(seen);
    }
    let all = [
        "cordoning",
        "joining",
        "preflight",
        "provisioning",
        "rejoining",
        "restoring",
        "retiring",
        "shifting",
        "soaking",
        "updating",
    ];
    assert_eq!(stages.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn a_rollout_survives_a_snapshot_at_every_fact() {
    let mut fleet = Fleet::of(3, Pool { failure_budget: 1, ..pool() });
    fleet.faults.insert("w2".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    let mut state = State::default();
    for event in fleet.world.log() {
        let text = serde_json::to_string(&state).unwrap();
        state = serde_json::from_str(&text).unwrap();
        state.restore_derived();
        let text = serde_json::to_string(event).unwrap();
        state.step(&serde_json::from_str(&text).unwrap());
    }
    assert_eq!(state, fleet.world.state);
}

#[test]
fn a_second_result_of_the_same_effect_changes_nothing() {
    let mut fleet = Fleet::of(1, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.to("w1", "restored");
    let results: Vec<EventKind> = fleet
        .world
        .log()
        .iter()
        .map(|event| event.kind.clone())
        .filter(|kind| kind.effect().is_some())
        .collect();
    assert!(results.len() > 8);
    let before = serde_json::to_string(&fleet.world.state.rollouts).unwrap();
    for kind in results {
        fleet.world.fact(kind);
    }
    assert_eq!(serde_json::to_string(&fleet.world.state.rollouts).unwrap(), before);
    assert_eq!(fleet.world.pending.len(), 0);
}

#[test]
fn a_machine_that_is_asked_for_again_has_the_same_token() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "provisioning");
    let token = |fleet: &Fleet| {
        let Job::Provision(job) = fleet.world.job(Action::Provision, &key("w1")) else { panic!() };
        job.token
    };
    let first = token(&fleet);
    let id = fleet.world.take(Action::Provision, &key("w1"));
    let who = Unreachable { who: "provisioner".to_owned(), why: "killed".to_owned(), retry_after: None };
    fleet.fact(EventKind::NodeProvisioned { id, answer: Answer::Unreachable(who) });
    fleet.world.wait(1);
    assert_eq!(token(&fleet), first);
}

#[test]
fn which_nodes_are_out_is_known_after_a_snapshot_too() {
    let mut fleet = Fleet::of(3, pool());
    fleet.truth.get_mut("w3").unwrap().up = false;
    fleet.is_seen();
    let text = serde_json::to_string(&fleet.world.state).unwrap();
    let mut state: State = serde_json::from_str(&text).unwrap();
    state.restore_derived();
    assert_eq!(state.out, BTreeSet::from([node("w3")]));
    assert_eq!(state, fleet.world.state);
    fleet.truth.remove("w3");
    fleet.is_seen();
    assert_eq!(fleet.world.state.out, BTreeSet::new());
}
