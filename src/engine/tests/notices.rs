//! What vendors and customers are told: for whom, once, again until it arrives, given up in the open.

use super::*;
use crate::engine::outbox::{Delivery, of_incident};
use crate::model::notices::{Channel, ChannelKind, NoticeId, Occasion, Party, VendorSees};
use crate::model::reports::{FailingCase, Unreachable};
use crate::model::setup::Upstream;
use crate::model::{IncidentId, limits};

fn channel(owner: &str, vendor_sees: VendorSees) -> Channel {
    Channel { owner: owner.parse().unwrap(), kind: ChannelKind::Webhook, vendor_sees }
}

fn told_setup(vendor_sees: VendorSees) -> Setup {
    let mut setup = setup();
    setup.upstreams.insert(image("os"), Upstream { owner: Some("os-team".parse().unwrap()), poll: None });
    for recipe in setup.recipes.values_mut() {
        recipe.owner = Some("team-web".parse().unwrap());
        recipe.tests[0].env.insert("PASSWORD".to_owned(), "hunter2".to_owned());
    }
    setup.channels.insert("os-hook".parse().unwrap(), channel("os-team", vendor_sees));
    setup.channels.insert("web-hook".parse().unwrap(), channel("team-web", VendorSees::Summary));
    setup
}

/// The runtime's tests fail on the new base and pass on the old one.
fn broken(vendor_sees: VendorSees) -> World {
    let mut world = World::with(told_setup(vendor_sees));
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", false);
    world.tests(Action::Retest, "runtime", false);
    world.tests(Action::Control, "runtime", true);
    world
}

fn to(world: &World, party: Party) -> NoticeJob {
    world.told.iter().rev().find(|job| job.id.party == party).unwrap().clone()
}

fn away() -> Unreachable {
    Unreachable { who: "channel os-hook".to_owned(), why: "status 503".to_owned(), retry_after: None }
}

fn fails(world: &mut World, job: &NoticeJob) {
    let kind = EventKind::NoticeFailed { id: job.id.clone(), attempt: job.attempt, cause: away() };
    world.fact(kind);
}

fn arrives(world: &mut World, job: &NoticeJob) {
    world.fact(EventKind::NoticeSent { id: job.id.clone(), attempt: job.attempt });
}

fn standing(world: &World, id: &NoticeId) -> Delivery {
    world.state.outbox[id].standing.clone()
}

#[test]
fn a_failure_is_told_once_to_the_owner_of_what_changed_and_to_the_owner_of_what_broke() {
    let world = broken(VendorSees::Summary);
    let ids: Vec<String> = world.told.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(ids, ["1/opened/vendor/os-hook", "1/opened/customer/web-hook"]);
    let customer = to(&world, Party::Customer).notice;
    assert_eq!(customer.id, "abc/1/opened/customer/web-hook");
    assert_eq!(customer.cause, "tests_failed_because_of_update");
    assert!(customer.text.contains("the update of os:1"), "{}", customer.text);
    assert!(customer.reproduce[1].ends_with(" /test"), "{:?}", customer.reproduce);
    world.replay();
}

#[test]
fn a_vendor_sees_neither_names_nor_words_of_the_customer_unless_that_is_allowed() {
    let vendor = to(&broken(VendorSees::Summary), Party::Vendor).notice;
    let text = serde_json::to_string(&vendor).unwrap();
    assert!(vendor.tests.is_some() && vendor.evidence.is_empty() && vendor.candidate.is_none(), "{text}");
    assert!(!text.contains("runtime"), "{text}");
    let allowed = to(&broken(VendorSees::Evidence), Party::Vendor).notice;
    assert!(!allowed.evidence.is_empty() && allowed.reproduce.is_empty());
}

#[test]
fn no_environment_reaches_anybody() {
    for job in broken(VendorSees::Evidence).told {
        let text = serde_json::to_string(&job.notice).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("PASSWORD"), "{text}");
    }
}

#[test]
fn a_channel_that_does_not_answer_is_tried_again_later_each_time_with_the_same_notice() {
    let mut world = broken(VendorSees::Summary);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let job = to(&world, Party::Vendor);
        fails(&mut world, &job);
        let Delivery::Waiting(retry) = standing(&world, &job.id) else { panic!() };
        let span = retry.at.since(world.state.now).as_secs();
        waits.push(span);
        world.wait(span);
        let again = to(&world, Party::Vendor);
        assert_eq!((again.attempt, &again.notice), (job.attempt + 1, &job.notice));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    let job = to(&world, Party::Vendor);
    arrives(&mut world, &job);
    assert!(matches!(standing(&world, &job.id), Delivery::Sent { .. }));
    world.replay();
}

#[test]
fn a_notice_that_does_not_arrive_for_a_day_is_given_up_and_says_so() {
    let mut world = broken(VendorSees::Summary);
    let since = world.state.now;
    let id = to(&world, Party::Vendor).id;
    while !matches!(standing(&world, &id), Delivery::GivenUp { .. }) {
        let job = to(&world, Party::Vendor);
        fails(&mut world, &job);
        if let Delivery::Waiting(retry) = standing(&world, &id) {
            let span = retry.at.since(world.state.now).as_secs();
            world.wait(span);
        }
    }
    assert!(world.state.now <= since + limits::NOTICE_FOR);
    let Delivery::GivenUp { why, .. } = standing(&world, &id) else { panic!() };
    assert_eq!(why, "status 503");
    // Of many tries the first and the last have a line that people see, and only the last says that it was the last.
    let (state, tries) =
        (&world.state, |event: &&Event| matches!(event.kind, EventKind::NoticeFailed { .. }));
    let shown: Vec<String> = world
        .log()
        .iter()
        .filter(tries)
        .filter(|event| !state.is_routine(event))
        .map(|event| crate::engine::describe::sentence(state, event))
        .collect();
    let last: Vec<bool> = shown.iter().map(|text| text.contains("GIVEN UP, nobody tries again")).collect();
    assert_eq!(last, [false, true], "{shown:?}");
    world.replay();
}

#[test]
fn late_and_double_answers_change_nothing() {
    let mut world = broken(VendorSees::Summary);
    let first = to(&world, Party::Vendor);
    fails(&mut world, &first);
    world.wait(1);
    let before = standing(&world, &first.id);
    arrives(&mut world, &first);
    assert_eq!(standing(&world, &first.id), before);
    let second = to(&world, Party::Vendor);
    arrives(&mut world, &second);
    fails(&mut world, &second);
    assert!(matches!(standing(&world, &first.id), Delivery::Sent { .. }));
}

#[test]
fn what_was_being_told_is_told_again_after_a_restart() {
    let mut world = broken(VendorSees::Summary);
    let vendor = to(&world, Party::Vendor);
    arrives(&mut world, &vendor);
    let customer = to(&world, Party::Customer);
    let again = world.replay().outstanding();
    let told: Vec<NoticeJob> = again
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Notify(job) => Some(*job),
            Effect::Do(_) | Effect::Cancel(_) => None,
        })
        .collect();
    assert_eq!(told, [customer]);
}

#[test]
fn a_close_is_told_to_those_who_were_told_of_the_failure() {
    let mut world = broken(VendorSees::Summary);
    let close = Command::Close { incident: IncidentId(1), reason: "fixed".to_owned() };
    world.command(ana(), close).unwrap();
    let occasions: Vec<Occasion> = world.told.iter().map(|job| job.id.occasion).collect();
    let (opened, closed) = (Occasion::Opened, Occasion::Closed);
    assert_eq!(occasions, [opened, opened, closed, closed]);
    assert_eq!(of_incident(&world.state, IncidentId(1)).count(), 4);
    world.replay();
}

#[test]
fn a_channel_that_comes_later_is_not_told_of_the_past() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.fails_to_build("runtime");
    world.fact(EventKind::ConfigLoaded { setup: Box::new(told_setup(VendorSees::Summary)) });
    let close = Command::Close { incident: IncidentId(1), reason: "fixed".to_owned() };
    world.command(ana(), close).unwrap();
    assert!(world.told.is_empty(), "{:?}", world.told);
}

#[test]
fn what_is_on_its_way_over_a_channel_that_is_gone_or_somebody_elses_is_given_up_and_says_so() {
    for new_owner in [None, Some("team-web")] {
        let mut world = broken(VendorSees::Summary);
        let vendor = to(&world, Party::Vendor);
        fails(&mut world, &vendor);
        let mut setup = told_setup(VendorSees::Summary);
        setup.channels.remove(&vendor.id.channel);
        if let Some(owner) = new_owner {
            setup.channels.insert(vendor.id.channel.clone(), channel(owner, VendorSees::Summary));
        }
        world.fact(EventKind::ConfigLoaded { setup: Box::new(setup) });
        let Delivery::GivenUp { why, .. } = standing(&world, &vendor.id) else { panic!() };
        assert_eq!(why, "channel os-hook is not os-team's any more");
        let told = crate::engine::describe::sentence(&world.state, world.log().last().unwrap());
        assert!(told.contains("GIVEN UP") && told.contains("channel os-hook is not os-team's"), "{told}");
        world.replay();
    }
}

#[test]
fn evidence_that_a_vendor_may_not_see_any_more_is_not_sent_later() {
    let mut world = broken(VendorSees::Evidence);
    let vendor = to(&world, Party::Vendor);
    assert!(!vendor.notice.evidence.is_empty());
    fails(&mut world, &vendor);
    world.fact(EventKind::ConfigLoaded { setup: Box::new(told_setup(VendorSees::Summary)) });
    world.wait(1);
    let again = to(&world, Party::Vendor);
    assert_eq!(again.attempt, 2);
    assert!(again.notice.evidence.is_empty());
}

#[test]
fn who_answers_for_both_sides_is_told_once_as_the_customer() {
    let mut setup = told_setup(VendorSees::Summary);
    setup.upstreams.insert(image("os"), Upstream { owner: Some("team-web".parse().unwrap()), poll: None });
    let mut world = World::with(setup);
    world.sees("os", "os 2");
    world.fails_to_build("runtime");
    let ids: Vec<String> = world.told.iter().map(|job| job.id.to_string()).collect();
    assert_eq!(ids, ["1/opened/customer/web-hook"]);
}

#[test]
fn many_failing_cases_are_cut_to_what_a_person_reads() {
    let mut world = World::with(told_setup(VendorSees::Evidence));
    world.sees("os", "os 2");
    world.builds("runtime");
    let case = |n: usize| FailingCase { name: format!("case {n}"), message: "no".to_owned() };
    let outcome = TestOutcome {
        name: "unit".to_owned(),
        passed: false,
        exit: Some(1),
        cases: None,
        failing: (0..limits::FAILING_CASES).map(case).collect(),
        reason: None,
        took: Span::from_secs(1),
    };
    for action in [Action::Test, Action::Retest, Action::Control] {
        let id = world.take(action, &img("runtime"));
        let report = TestReport { tests: vec![outcome.clone()] };
        world.fact(EventKind::TestsFinished { id, answer: Answer::Done(report) });
    }
    let vendor = to(&world, Party::Vendor).notice;
    assert_eq!((vendor.failing.len(), vendor.evidence.len()), (limits::NOTICE_LINES, limits::NOTICE_LINES));
    assert_eq!(vendor.cause, "tests_failed_before_too");
}
