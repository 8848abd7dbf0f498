//! Nothing new lands on a node before what is there is known, and nobody has any of that in hand when it is moved.

use super::locks::soaking_deploy;
use super::*;
use crate::engine::tests::restart::away;
use crate::model::Waiting;

const ASKED: &str = "cordon node w1";

fn work(names: &[&str]) -> BTreeMap<WorkloadId, u32> {
    names.iter().map(|name| (workload(name), 1)).collect()
}

/// A step that is about to be cordoned; of `other` alone it is known that it is on the node. `web` soaks in run 1.
fn about_to(pool: Pool) -> Fleet {
    let mut fleet = soaking_deploy();
    let mut setup = fleet.world.state.setup.clone();
    setup.pools.insert(workers(), pool);
    fleet.fact(EventKind::ConfigLoaded { setup: Box::new(setup) });
    for look in fleet.truth.values_mut() {
        look.work = work(&["other"]);
    }
    fleet.is_seen();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked().contains(&ASKED.to_owned()));
    assert_eq!(fleet.stage("w1"), "cordoning");
    fleet
}

/// A task of what is being deployed lands on the node just before it is cordoned.
fn lands(fleet: &mut Fleet, names: &[&str]) {
    fleet.truth.get_mut("w1").unwrap().work.extend(work(names));
    assert!(fleet.does_one());
}

/// That run 1 has let go of `web`.
fn web_is_well(fleet: &mut Fleet) {
    fleet.world.wait(10);
    fleet.world.looks(Action::Look, "web", fleet.world.ours("web"));
    assert_eq!(fleet.world.stage(&dep("web")), "healthy");
}

fn why(fleet: &Fleet) -> Waiting {
    fleet.world.state.node_waiting(fleet.rollout(), fleet.step("w1")).unwrap()
}

fn available(fleet: &Fleet) -> Availability {
    fleet.truth["w1"].availability
}

fn in_place() -> Pool {
    Pool { strategy: Strategy::InPlace, ..pool() }
}

#[test]
fn what_a_deploy_put_on_the_node_before_its_cordon_is_waited_for_by_name() {
    for pool in [pool(), in_place()] {
        let mut fleet = about_to(pool);
        lands(&mut fleet, &["web"]);
        assert_eq!((fleet.stage("w1"), available(&fleet)), ("cordoning", Availability::Cordoned));
        let said = why(&fleet);
        assert!(said.what.starts_with("run 1 to let go of deploy web, which is soaking since "), "{said:?}");
        assert_eq!(said.next, "it takes no new work meanwhile; its work is moved as soon as that is so");
        let idle = |fleet: &Fleet| fleet.world.pending.iter().all(|job| matches!(job, Job::Watch(_)));
        assert!(idle(&fleet), "nothing of it is looked at or moved: {:?}", fleet.world.asked());
        web_is_well(&mut fleet);
        // What is there is asked again, and then all of it is looked at.
        assert!(fleet.world.asked().contains(&ASKED.to_owned()), "{:?}", fleet.world.asked());
        assert!(fleet.does_one());
        assert_eq!(fleet.stage("w1"), "shifting");
        assert_eq!(
            fleet.step("w1").watched.keys().collect::<Vec<_>>(),
            [&workload("other"), &workload("web")]
        );
        fleet.to("w1", "done");
        assert_eq!(fleet.world.state.incidents.len(), 0);
        fleet.world.replay();
    }
}

#[test]
fn only_what_is_there_when_nothing_new_can_come_is_looked_at_and_held() {
    let mut fleet = about_to(pool());
    // The preflight and the last look named it, and it is gone since.
    fleet.truth.get_mut("w1").unwrap().work = work(&["tool"]);
    assert!(fleet.does_one());
    assert_eq!(fleet.stage("w1"), "shifting");
    assert_eq!(fleet.step("w1").watched.keys().collect::<Vec<_>>(), [&workload("tool")]);
    assert_eq!(fleet.world.state.nodes[&node("w1")].work, work(&["tool"]));
    // Also when the node goes before it could be moved.
    fleet.until(|fleet| fleet.world.asked().contains(&"shift node w1".to_owned()));
    fleet.truth.remove("w1");
    assert!(fleet.does_one());
    assert_eq!(fleet.stage("w1"), "soaking");
    assert_eq!(fleet.step("w1").watched.keys().collect::<Vec<_>>(), [&workload("tool")]);
}

#[test]
fn while_the_cordon_is_asked_for_no_deploy_of_what_is_known_to_be_there_begins() {
    let mut fleet = Fleet::of(1, pool());
    fleet.world.sees("os", "os 2");
    fleet.world.makes_all();
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked().contains(&ASKED.to_owned()));
    fleet.world.approve(ana(), &dep("web")).unwrap();
    assert_eq!(fleet.world.stage(&dep("web")), "held");
    let run = &fleet.world.state.runs[&RUN];
    let said = fleet.world.state.waiting(run, &run.steps[&dep("web")]).unwrap().what;
    assert!(said.starts_with("rollout 2 to let go of it: node w1 is cordoning since "), "{said}");
}

#[test]
fn a_step_that_waits_cordoned_holds_nothing() {
    let mut fleet = about_to(pool());
    lands(&mut fleet, &["web", "api"]);
    web_is_well(&mut fleet);
    // It has `api` on it too, and has not got all: so the deploy goes first.
    assert_eq!((fleet.world.stage(&dep("api")), fleet.stage("w1")), ("updating", "cordoning"));
    assert!(why(&fleet).what.starts_with("run 1 to let go of deploy api"), "{:?}", why(&fleet));
}

#[test]
fn of_two_steps_that_find_each_others_work_one_goes_first_and_none_waits_for_ever() {
    for first in ["w1", "w2"] {
        let waves = vec![WaveSize::Nodes(4)];
        let mut fleet = Fleet::of(2, Pool { max_unavailable: 2, waves, ..pool() });
        fleet.truth.get_mut("w1").unwrap().work = work(&["web"]);
        fleet.truth.get_mut("w2").unwrap().work = work(&["api"]);
        fleet.is_seen();
        fleet.starts("r2");
        for _ in 0..20 {
            let waits = |job: &&Job| job.id().action != Action::Cordon;
            let Some(job) = fleet.world.pending.iter().find(waits).cloned() else { break };
            fleet.does(&job);
        }
        assert_eq!(fleet.world.asked(), [ASKED, "cordon node w2"]);
        fleet.truth.get_mut("w1").unwrap().work = work(&["api", "web"]);
        fleet.truth.get_mut("w2").unwrap().work = work(&["api", "web"]);
        let second = if first == "w1" { "w2" } else { "w1" };
        for name in [first, second] {
            let job = fleet.world.job(Action::Cordon, &key(name));
            fleet.does(&job);
        }
        assert_eq!((fleet.stage(first), fleet.stage(second)), ("cordoning", "shifting"));
        let said = fleet.world.state.node_waiting(fleet.rollout(), fleet.step(first)).unwrap();
        assert_eq!(said.what, format!("node {second} to have moved a workload of it"));
        fleet.goes_to_the_end();
        assert_eq!((fleet.stage("w1"), fleet.stage("w2")), ("done", "done"));
    }
}

#[test]
fn a_pause_or_a_freeze_gives_a_node_back_that_waits_cordoned() {
    let run = RunId(2);
    let pause = Command::Pause { run, reason: None, until: None };
    let resume = Command::Resume { run, reason: None };
    let freeze = Command::Freeze { reason: None, until: None };
    for (halt, go_on) in [(pause, resume), (freeze, Command::Thaw { reason: None })] {
        let mut fleet = about_to(pool());
        lands(&mut fleet, &["web"]);
        fleet.world.command(ben(), halt).unwrap();
        assert!(fleet.world.asked().contains(&"uncordon node w1".to_owned()), "{:?}", fleet.world.asked());
        assert!(fleet.does_one());
        assert_eq!((fleet.stage("w1"), available(&fleet)), ("cordoning", Availability::Active));
        assert!(why(&fleet).what.contains("by ben"), "{:?}", why(&fleet));
        web_is_well(&mut fleet);
        assert!(!fleet.does_one(), "{:?}", fleet.world.asked());
        fleet.world.command(ben(), go_on).unwrap();
        assert!(fleet.does_one());
        assert_eq!((fleet.stage("w1"), available(&fleet)), ("shifting", Availability::Cordoned));
        fleet.to("w1", "done");
    }
}

#[test]
fn a_pause_while_nobody_answers_the_cordon_takes_it_back_too() {
    let mut fleet = about_to(pool());
    let id = fleet.world.take(Action::Cordon, &key("w1"));
    fleet.fact(EventKind::NodeChanged { id, answer: Answer::Unreachable(away("fleet lab")) });
    assert_eq!(why(&fleet).what, "fleet lab: connection refused");
    fleet.world.command(ben(), Command::Pause { run: RunId(2), reason: None, until: None }).unwrap();
    // It may have been cordoned before the answer was lost.
    assert!(fleet.world.asked().contains(&"uncordon node w1".to_owned()), "{:?}", fleet.world.asked());
    assert!(fleet.does_one());
    fleet.world.wait(60);
    assert!(!fleet.does_one(), "{:?}", fleet.world.asked());
    fleet.world.command(ben(), Command::Resume { run: RunId(2), reason: None }).unwrap();
    fleet.to("w1", "done");
}

#[test]
fn an_abort_gives_a_node_back_that_waits_cordoned() {
    for (pool, back) in [
        (pool(), &["uncordon w1", "shift_back w1", "retire w1", "deprovision w1"][..]),
        (in_place(), &["uncordon w1"][..]),
    ] {
        let mut fleet = about_to(pool);
        lands(&mut fleet, &["web"]);
        let done = fleet.deeds.len();
        let abort = Command::Abort { run: RunId(2), reason: "not now".to_owned() };
        fleet.world.command(ben(), abort).unwrap();
        fleet.until(|fleet| fleet.stage("w1") == "restored");
        assert_eq!(fleet.deeds[done..], *back);
        assert_eq!(available(&fleet), Availability::Active);
        assert!(fleet.rollout().ended.is_some());
    }
}

#[test]
fn a_cordon_that_is_refused_is_taken_back_and_the_release_is_not_to_blame() {
    let mut fleet = about_to(pool());
    let id = fleet.world.take(Action::Cordon, &key("w1"));
    let report = NodeReport::Refused("no rights".to_owned());
    fleet.fact(EventKind::NodeChanged { id, answer: Answer::Done(report) });
    fleet.to("w1", "restored");
    let cause = fleet.step("w1").stage.cause().unwrap();
    assert_eq!(
        (cause.word(), cause.to_string().as_str()),
        ("node_change_refused", "the orchestrator refused: no rights")
    );
    assert_eq!(fleet.world.state.bad_releases, []);
}

#[test]
fn what_a_node_had_that_is_gone_before_its_cordon_is_watched_all_the_same() {
    let mut fleet = about_to(pool());
    fleet.truth.remove("w1");
    assert!(fleet.does_one());
    assert_eq!(fleet.stage("w1"), "shifting");
    assert_eq!(fleet.step("w1").watched.keys().collect::<Vec<_>>(), [&workload("other")]);
    fleet.to("w1", "done");
}

#[test]
fn a_node_that_is_gone_when_a_pause_gives_it_back_is_found_out_when_that_ends() {
    let mut fleet = about_to(pool());
    lands(&mut fleet, &["web"]);
    fleet.world.command(ben(), Command::Pause { run: RunId(2), reason: None, until: None }).unwrap();
    fleet.truth.remove("w1");
    let id = fleet.world.take(Action::Uncordon, &key("w1"));
    fleet.fact(EventKind::NodeChanged { id, answer: Answer::Done(NodeReport::Gone) });
    assert_eq!(fleet.stage("w1"), "cordoning");
    web_is_well(&mut fleet);
    fleet.world.command(ben(), Command::Resume { run: RunId(2), reason: None }).unwrap();
    fleet.to("w1", "done");
}

#[test]
fn a_late_baseline_of_an_earlier_round_takes_nothing_in_hand() {
    let mut fleet = Fleet::of(1, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    let run = fleet.starts("r2");
    fleet.to("w1", "restored");
    fleet.faults.clear();
    let retry = Command::Retry { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ben(), retry).unwrap();
    fleet.until(|fleet| fleet.world.asked() == [ASKED]);
    let late = |event: &&Event| event.kind.effect().is_some_and(|id| id.action == Action::Baseline);
    let late = fleet.world.log().iter().find(late).unwrap().kind.clone();
    fleet.fact(late);
    assert_eq!((fleet.stage("w1"), fleet.world.asked()), ("cordoning", vec![ASKED.to_owned()]));
}

/// A journal of a version that had no cordon of its own: the same facts without its answers.
#[test]
fn a_journal_from_before_the_cordon_is_replayed_to_where_it_was() {
    for (strategy, stage) in [
        (Strategy::Surge, "soaking"),
        (Strategy::Surge, "done"),
        (Strategy::InPlace, "updating"),
        (Strategy::InPlace, "done"),
    ] {
        let mut fleet = Fleet::of(2, Pool { strategy, ..pool() });
        if strategy == Strategy::InPlace {
            // Nothing to look at: the shift is the first that was asked for.
            fleet.truth.get_mut("w1").unwrap().work.clear();
            fleet.is_seen();
        }
        fleet.starts("r2");
        fleet.to("w1", stage);
        let old = |event: &&Event| event.kind.effect().is_none_or(|id| id.action != Action::Cordon);
        let mut state = State::default();
        fleet.world.log().iter().filter(old).for_each(|event| drop(state.step(event)));
        assert_eq!(state.anomalies, Vec::<String>::new());
        let step = |state: &State| state.node_step_of(fleet.rollout().id, &key("w1")).unwrap().clone();
        assert_eq!(step(&state).word(), stage);
        assert_eq!(state.outstanding(), fleet.world.state.outstanding());
        assert_eq!(step(&state).traces, step(&fleet.world.state).traces);
    }
}

#[test]
fn a_step_that_an_older_version_left_in_the_middle_of_its_move_goes_on() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.to("w1", "shifting");
    let mut state = serde_json::to_value(&fleet.world.state).unwrap();
    let mut found = 0;
    forget(&mut state, &mut found);
    assert_eq!(found, 1, "the one step has it");
    fleet.world.state = serde_json::from_value(state).unwrap();
    fleet.world.state.restore_derived();
    assert_eq!(fleet.step("w1").carried, None);
    fleet.to("w1", "done");
}

fn forget(value: &mut serde_json::Value, found: &mut u32) {
    if let Some(fields) = value.as_object_mut() {
        *found += u32::from(fields.remove("carried").is_some());
        fields.values_mut().for_each(|value| forget(value, found));
    }
    if let Some(values) = value.as_array_mut() {
        values.iter_mut().for_each(|value| forget(value, found));
    }
}
