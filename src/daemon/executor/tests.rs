//! A watch by hand: what it tells, what it counts, whom it asks.

use super::watching::Watching;
use crate::daemon::tests::script::{look, probe, silence, task};
use crate::model::jobs::WatchJob;
use crate::model::reports::{Answer, EndedTask, Look, LookReport, ProbeAnswer, TaskState, UpdateState};
use crate::model::setup::ProbeSpec;
use crate::model::{Action, EffectId, Span, StepKey, Timestamp, limits};

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(0) + Span::from_secs(secs)
}

fn watching(probes: Vec<ProbeSpec>) -> Watching {
    let workload = crate::daemon::tests::script::web();
    let step = StepKey::Deploy(workload.clone());
    let id = EffectId { run: crate::model::RunId(1), step, subject: None, action: Action::Watch, attempt: 1 };
    let image = "reg:5000/app:1".parse::<crate::model::ImageRef>().unwrap();
    let image = image.at(crate::model::Digest::of(b"x"));
    Watching::new(&WatchJob { id, workload, image: Some(image), probes }, at(0))
}

fn seen(look: Look) -> Answer<LookReport> {
    Answer::Done(LookReport::Seen(Box::new(look)))
}

fn answer(ok: bool) -> ProbeAnswer {
    let why = (!ok).then(|| "GET /health: status 500, not 200".to_owned());
    ProbeAnswer { ok, took: Span::from_millis(3), why }
}

/// One round: looks at the fleet, then asks every task that is due. Returns how many were asked.
fn round(watching: &mut Watching, look: Look, ok: bool, now: Timestamp) -> usize {
    watching.looked(seen(Look { at: now, ..look }), now);
    let questions = watching.probes_now(now);
    for question in &questions {
        watching.probed(question, answer(ok), now);
    }
    questions.len()
}

#[test]
fn a_watch_tells_its_first_look_and_then_only_what_is_new() {
    let mut watching = watching(vec![probe(1_000)]);
    assert_eq!(watching.news(at(0)), None, "nothing was seen yet");
    round(&mut watching, look(), true, at(0));
    assert!(watching.news(at(0)).is_some());
    for secs in 1..60 {
        assert_eq!(round(&mut watching, look(), true, at(secs)), 1);
        assert_eq!(watching.news(at(secs)), None, "second {secs}");
    }
    assert_eq!(watching.look().unwrap().probes.map(|tally| (tally.total, tally.failed)), Some((60, 0)));
}

#[test]
fn every_material_change_is_told() {
    let ended = EndedTask {
        id: "t0".parse().unwrap(),
        name: "web.1".to_owned(),
        node: None,
        exit: Some(0),
        message: String::new(),
        at: at(1),
    };
    let starting = |state| vec![crate::model::reports::TaskLook { state, ..task("t1") }];
    let mut other = look().spec;
    other.version += 1;
    let changes = [
        Look { running: 0, ..look() },
        Look { desired: 2, ..look() },
        Look { ended: vec![ended], ..look() },
        Look { update: UpdateState::RollingBack("by itself".to_owned()), ..look() },
        Look { tasks: vec![task("t2")], ..look() },
        Look { tasks: starting(TaskState::Starting), ..look() },
        Look { spec: other, ..look() },
    ];
    for changed in changes {
        let mut watching = watching(Vec::new());
        watching.looked(seen(look()), at(1));
        watching.news(at(1));
        watching.looked(seen(changed.clone()), at(2));
        assert!(watching.news(at(2)).is_some(), "{changed:?}");
        assert_eq!(watching.news(at(2)), None);
    }
}

#[test]
fn failed_probes_are_counted_from_the_start_and_a_flap_is_not_lost() {
    let mut watching = watching(vec![probe(1_000)]);
    for (secs, ok) in [(0, true), (1, false), (2, true), (3, true), (4, false)] {
        round(&mut watching, look(), ok, at(secs));
        watching.news(at(secs));
    }
    let tally = watching.look().unwrap().probes.unwrap();
    assert_eq!((tally.total, tally.failed, tally.sick_tasks), (5, 2, 1));
    assert_eq!((tally.first.unwrap().at, tally.last.unwrap().at), (at(1), at(4)));
}

#[test]
fn a_task_is_asked_as_often_as_its_probe_says_and_never_twice_at_a_time() {
    let mut watching = watching(vec![probe(5_000)]);
    let asked: Vec<usize> = (0..12).map(|secs| round(&mut watching, look(), true, at(secs))).collect();
    assert_eq!(asked, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
    watching.looked(seen(look()), at(20));
    assert_eq!(watching.probes_now(at(20)).len(), 1);
    assert_eq!(watching.probes_now(at(40)).len(), 0, "the one of second 20 is still on its way");
}

#[test]
fn a_task_that_was_told_to_stop_while_it_was_asked_is_not_counted() {
    let mut watching = watching(vec![probe(1_000)]);
    watching.looked(seen(look()), at(0));
    let question = watching.probes_now(at(0)).remove(0);
    let mut stopping = task("t1");
    stopping.state = TaskState::Stopping;
    watching.looked(seen(Look { tasks: vec![stopping], ..look() }), at(1));
    watching.probed(&question, answer(false), at(1));
    assert_eq!(watching.look().unwrap().probes.map(|tally| (tally.total, tally.failed)), Some((0, 0)));
}

#[test]
fn a_task_without_an_address_makes_the_probe_broken_and_nobody_sick() {
    let mut watching = watching(vec![probe(1_000)]);
    let mut nowhere = task("t1");
    nowhere.address = None;
    let look = Look { tasks: vec![nowhere], ..look() };
    assert_eq!(round(&mut watching, look, true, at(0)), 0);
    let tally = watching.look().unwrap().probes.unwrap();
    assert_eq!(
        (tally.failed, tally.broken.as_deref()),
        (0, Some("web.1: the address of its node is not known"))
    );
}

#[test]
fn a_silent_fleet_is_told_once_and_its_return_too() {
    let mut watching = watching(Vec::new());
    watching.looked(seen(look()), at(0));
    assert!(watching.news(at(0)).is_some());
    let stale = limits::LOOK_STALE.as_secs();
    let told: Vec<u64> = (1..30)
        .filter(|secs| {
            watching.looked(silence(), at(*secs));
            watching.news(at(*secs)).is_some()
        })
        .collect();
    assert_eq!(told, [stale]);
    watching.looked(seen(look()), at(30));
    assert!(matches!(watching.news(at(30)), Some(Answer::Done(_))), "the same look is news after silence");
}

#[test]
fn a_short_silence_is_not_told() {
    let mut watching = watching(Vec::new());
    for secs in 0..30 {
        let silent = secs % 9 != 0;
        watching.looked(if silent { silence() } else { seen(look()) }, at(secs));
        let news = watching.news(at(secs));
        assert!(!matches!(news, Some(Answer::Unreachable(_))), "second {secs}");
    }
}

#[test]
fn a_fleet_is_asked_once_a_second_and_never_twice_at_a_time() {
    let mut watching = watching(Vec::new());
    assert!(watching.look_now(at(0)));
    assert!(!watching.look_now(at(9)), "it has not answered yet");
    watching.looked(seen(look()), at(9));
    assert!(watching.look_now(at(9)));
    watching.looked(silence(), at(9));
    assert!(!watching.look_now(at(9)));
}
