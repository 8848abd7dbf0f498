//! Goal, harm and debriefing; and every drill of this program as somebody plays it who knows the answer, or does nothing.

use super::{DRILLS, Referee, debriefing, hurts, lesson, together};
use crate::model::drill::{Debriefing, Ended, Who};
use crate::model::{Span, Timestamp};
use crate::play::Stage;
use crate::sim::file::DrillFile;
use crate::sim::{Deed, Doing, Hand, Sim, SimClock, WorldFile};
use std::sync::Arc;

/// Plays a drill on virtual time: its best answer, or nothing.
async fn played(text: &str, answers: bool) -> (Ended, Debriefing, Box<DrillFile>) {
    let world = WorldFile::parse(text).unwrap();
    let drill = world.drill.clone().unwrap();
    let clock = Arc::new(SimClock::new(world.begins().unwrap(), 1));
    let dir = tempfile::tempdir().unwrap();
    let stage = Stage::start(Sim::new(world, 1, clock).unwrap(), dir.path().to_owned()).await.unwrap();
    let mut referee = Referee::of(&stage, &drill);
    let answer: &[_] = if answers { &drill.best.answer } else { &[] };
    let beside = async {
        tokio::join!(stage.courier(), stage.play(|_, _| {}), stage.play_all(answer, |_, _| {}));
    };
    let ended = tokio::select! {
        biased;
        ended = referee.watch() => ended,
        () = beside => unreachable!("the courier never ends"),
    };
    let told = debriefing(&stage, &drill, ended, &[]).unwrap();
    (ended, told, drill)
}

#[tokio::test(start_paused = true)]
async fn the_best_known_answer_of_every_drill_reaches_its_goal_in_the_stated_time() {
    for text in DRILLS {
        let (ended, told, drill) = played(text, true).await;
        let Ended::Reached(after) = ended else { panic!("{}", told.lines()) };
        assert!(after <= drill.best.within.0, "{}", told.lines());
        assert!(told.yours().next().is_some(), "{}", told.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn doing_nothing_reaches_no_goal() {
    for text in DRILLS {
        let (ended, told, _) = played(text, false).await;
        assert_eq!(ended, Ended::TimeOver, "{}", told.lines());
        assert_eq!(told.yours().count(), 0, "{}", told.lines());
    }
}

#[tokio::test(start_paused = true)]
async fn a_debriefing_tells_all_of_it() {
    let (_, told, _) = played(DRILLS[0], true).await;
    insta::assert_snapshot!(told.lines());
    insta::assert_snapshot!("a_debriefing_as_markdown", told.markdown());
}

#[tokio::test(start_paused = true)]
async fn what_a_pause_holds_back_is_not_told_as_begun() {
    let text = DRILLS[0].replace(
        "at = \"82s\", person = { name = \"you\", does = \"freeze\"",
        "at = \"25s\", person = { name = \"you\", does = \"freeze\"",
    );
    let (_, told, _) = played(&text, true).await;
    let said: Vec<String> = told.timeline.iter().map(|moment| moment.text.clone()).collect();
    assert!(said.iter().any(|text| text == "run 1: deploy search held back"), "{}", told.lines());
    assert!(!said.iter().any(|text| text == "run 1: deploy search updating"), "{}", told.lines());
}

#[tokio::test(start_paused = true)]
async fn a_debriefing_names_users_people_and_machines_apart() {
    let (_, told, _) = played(DRILLS[2], true).await;
    for who in [Who::You, Who::Person, Who::World, Who::Tidegate] {
        assert!(told.timeline.iter().any(|moment| moment.who == who), "{who:?}: {}", told.lines());
    }
}

#[test]
fn the_shipped_drills_have_different_names_and_a_lesson_each() {
    let mut names = Vec::new();
    for text in DRILLS {
        let world = WorldFile::parse(text).unwrap();
        let drill = world.drill.as_deref().unwrap();
        let lesson = lesson(&world, drill).unwrap();
        assert!(lesson.briefing.len() > 1 && !lesson.hints.is_empty());
        names.push(lesson.name);
    }
    names.dedup();
    assert_eq!(names, ["sick-app", "bad-approval", "stuck", "sick-node", "blocked-drain"]);
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_millis(secs * 1_000)
}

fn deed(secs: i64, doing: Doing) -> Deed {
    Deed { at: at(secs), by: Hand::Outside, doing }
}

#[test]
fn harm_that_lies_over_each_other_counts_once_and_what_is_open_counts_to_the_end() {
    let web = || "prod/web".parse().unwrap();
    let api = || "prod/api".parse().unwrap();
    let deeds = [
        deed(10, Doing::Hurt { workload: web() }),
        deed(15, Doing::Hurt { workload: api() }),
        deed(20, Doing::Well { workload: web() }),
        deed(90, Doing::Hurt { workload: web() }),
    ];
    let all = hurts(&deeds, &[], at(40));
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].lasted(), all[0].open), (Span::from_secs(10), false));
    assert_eq!((all[1].lasted(), all[1].open), (Span::from_secs(25), true));
    assert_eq!(together(&all), Span::from_secs(30));
    let only = hurts(&deeds, &[web()], at(40));
    assert_eq!(together(&only), Span::from_secs(10));
}
