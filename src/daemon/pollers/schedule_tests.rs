//! Which tag is asked for when, by hand.

use super::*;

fn image(name: &str) -> ImageRef {
    format!("{name}:1").parse().unwrap()
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_millis(0) + Span::from_secs(secs)
}

fn schedule(names: &[&str]) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.watch(&names.iter().map(|name| image(name)).collect(), &Setup::default(), at(0));
    schedule
}

#[test]
fn tags_of_a_registry_are_spread_over_the_interval_after_the_first_time() {
    let names = ["r:1/a", "r:1/b", "r:1/c"];
    let mut schedule = schedule(&names);
    let first = schedule.due(at(0));
    assert_eq!(first.len(), 3);
    first.iter().for_each(|image| schedule.answered(image, None, at(0)));
    let mut asked = Vec::new();
    for secs in 1..=600 {
        for image in schedule.due(at(secs)) {
            asked.push(secs);
            schedule.answered(&image, None, at(secs));
        }
    }
    assert_eq!(asked, [100, 200, 300, 400, 500, 600]);
}

#[test]
fn a_clock_that_is_set_back_by_a_day_puts_nothing_off() {
    let mut schedule = schedule(&["r:1/a"]);
    let day = 86_400;
    schedule.turn(at(2 * day));
    assert_eq!(schedule.due(at(2 * day)).len(), 1);
    schedule.answered(&image("r:1/a"), None, at(2 * day));
    schedule.turn(at(2 * day + 100));
    // A hundred seconds of the 300 were over.
    schedule.turn(at(day));
    assert!(schedule.due(at(day + 199)).is_empty());
    assert_eq!(schedule.due(at(day + 200)).len(), 1);
    let next = schedule.silent(&image("r:1/a"), Some(Span::from_secs(60)), at(day + 200));
    assert_eq!(next, at(day + 260));
    schedule.turn(at(day + 200));
    schedule.turn(at(0));
    assert!(schedule.due(at(59)).is_empty());
    assert_eq!(schedule.due(at(60)).len(), 1);
    schedule.answered(&image("r:1/a"), None, at(60));
    schedule.turn(at(70));
    schedule.turn(at(10));
    schedule.hint(&image("r:1/a"), None, at(10));
    assert_eq!(schedule.due(at(10)).len(), 1, "a notification is not put off either");
}

#[test]
fn a_registry_is_asked_for_a_few_tags_at_a_time_and_no_tag_is_forgotten() {
    let names: Vec<String> = (0..20).map(|nth| format!("r:1/i{nth}")).collect();
    let mut schedule = schedule(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut seen = BTreeSet::new();
    while let due = schedule.due(at(0))
        && !due.is_empty()
    {
        assert!(due.len() <= limits::POLLS_AT_ONCE);
        for image in due {
            schedule.answered(&image, None, at(0));
            seen.insert(image);
        }
    }
    assert_eq!(seen.len(), 20);
}

#[test]
fn a_silent_registry_is_asked_for_one_tag_after_doubling_waits_and_another_is_not_touched() {
    let mut schedule = schedule(&["r:1/a", "r:1/b", "other:1/c"]);
    for image in schedule.due(at(0)) {
        if image.registry.as_str() == "r:1" {
            schedule.silent(&image, None, at(0));
        } else {
            schedule.answered(&image, None, at(0));
        }
    }
    let mut tries = Vec::new();
    for secs in 1..60 {
        let due = schedule.due(at(secs));
        assert!(due.len() <= 1);
        for image in due {
            tries.push(secs);
            schedule.silent(&image, None, at(secs));
        }
    }
    // Both tags of the first round count as one failure each: the wait was two seconds already.
    assert_eq!(tries, [2, 6, 14, 29, 44, 59]);
    let image = schedule.due(at(80)).remove(0);
    schedule.answered(&image, None, at(80));
    assert_eq!(schedule.due(at(80)).len(), 1, "once it answers, the rest follows at once");
}

#[test]
fn a_registry_that_names_a_time_is_left_alone_until_then() {
    let mut schedule = schedule(&["r:1/a"]);
    let image = schedule.due(at(0)).remove(0);
    assert_eq!(schedule.silent(&image, Some(Span::from_secs(90)), at(0)), at(90));
    assert_eq!(schedule.next(), Some(at(90)));
    assert!(schedule.due(at(89)).is_empty());
    assert_eq!(schedule.due(at(90)), [image]);
}

/// A schedule whose one tag was asked for at second 0 and is not due for long.
fn idle() -> (Schedule, ImageRef) {
    let mut schedule = schedule(&["r:1/a"]);
    let image = schedule.due(at(0)).remove(0);
    schedule.answered(&image, None, at(0));
    (schedule, image)
}

fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

#[test]
fn a_hint_asks_at_once_and_once_when_the_answer_is_what_it_said() {
    let (mut schedule, image) = idle();
    schedule.hint(&image, Some(digest("new")), at(9));
    assert_eq!(schedule.due(at(9)), std::slice::from_ref(&image));
    schedule.answered(&image, Some(&digest("new")), at(9));
    assert!(schedule.due(at(60)).is_empty());
}

#[test]
fn a_registry_that_notified_before_it_moved_the_tag_is_asked_again_soon_and_not_for_ever() {
    for (said, expected) in [(Some(digest("new")), &[0, 25, 75, 175, 375][..]), (None, &[0, 200])] {
        let (mut schedule, image) = idle();
        schedule.hint(&image, said, at(9));
        let mut asked = Vec::new();
        while let Some(now) = schedule.next().filter(|due| *due < at(60)) {
            assert_eq!(schedule.due(now), std::slice::from_ref(&image));
            asked.push(now.since(at(9)).as_millis());
            schedule.answered(&image, Some(&digest("old")), now);
        }
        assert_eq!(asked, expected);
    }
}

#[test]
fn a_registry_that_fails_while_it_moves_the_tag_is_not_down_and_one_that_goes_on_failing_is() {
    let (mut schedule, image) = idle();
    schedule.hint(&image, Some(digest("new")), at(9));
    let mut early = 0;
    while let Some(now) = schedule.next().filter(|due| *due < at(60)) {
        assert_eq!(schedule.due(now), std::slice::from_ref(&image));
        if !schedule.too_early(&image, now) {
            assert!(schedule.silent(&image, None, now) >= now + limits::RETRY_FIRST);
            break;
        }
        early += 1;
    }
    assert_eq!(early, 4);
    assert!(!schedule.too_early(&image, at(60)), "no notification asks for it any more");
}

#[test]
fn hints_soon_after_a_look_share_the_next_one() {
    let (mut schedule, image) = idle();
    schedule.hint(&image, Some(digest("1")), at(9));
    assert_eq!(schedule.due(at(9)), std::slice::from_ref(&image));
    schedule.answered(&image, Some(&digest("1")), at(9));
    for said in ["2", "3", "4"] {
        schedule.hint(&image, Some(digest(said)), at(9));
        assert!(schedule.due(at(9)).is_empty());
    }
    assert_eq!(schedule.due(at(9) + limits::HINTS_WITHIN), std::slice::from_ref(&image));
    schedule.answered(&image, Some(&digest("4")), at(10));
    assert!(schedule.due(at(60)).is_empty());
}

#[test]
fn a_hint_while_a_tag_is_on_its_way_asks_once_more() {
    let mut schedule = schedule(&["r:1/a"]);
    let image = schedule.due(at(0)).remove(0);
    schedule.hint(&image, Some(digest("new")), at(0));
    schedule.hint(&image, Some(digest("new")), at(0));
    assert!(schedule.due(at(0)).is_empty());
    schedule.answered(&image, Some(&digest("new")), at(1));
    assert_eq!(schedule.due(at(2)), [image]);
}

#[test]
fn a_hint_for_what_nobody_watches_is_nothing() {
    let mut schedule = schedule(&["r:1/a"]);
    schedule.hint(&image("r:1/other"), None, at(0));
    assert_eq!(schedule.due(at(0)), [image("r:1/a")]);
}
