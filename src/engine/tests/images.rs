//! Images: order, builds, tests, publication.

use super::*;
use crate::engine::incident::{Blame, Cause};

#[test]
fn a_first_look_at_a_tag_starts_nothing_and_a_move_builds_what_stands_on_it_in_order() {
    let mut world = World::new();
    assert_eq!(world.asked(), Vec::<String>::new());
    world.sees("os", "os 2");
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
    world.builds("runtime");
    world.tests(Action::Test, "runtime", true);
    assert_eq!(world.asked(), ["build tool:1", "publish runtime:1", "build framework:1"]);
    world.replay();
}

#[test]
fn a_child_is_built_from_the_digest_that_this_run_tested() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let Job::Build(job) = world.job(Action::Build, &img("runtime")) else { panic!() };
    assert_eq!(job.edits[0].text, image("os").at(digest("os 2")).to_string());
    world.sees("os", "os 3");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", true);
    let Job::Build(job) = world.job(Action::Build, &img("framework")) else { panic!() };
    assert_eq!(job.edits[0].text, image("runtime").at(digest("new runtime r1")).to_string());
    assert!(job.candidate.tag.as_str().starts_with("tidegate-r1-"), "{}", job.candidate);
}

#[test]
fn a_failed_build_blocks_its_own_subtree_only() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.fails_to_build("runtime");
    world.makes("tool");
    assert_eq!(world.stage(&img("runtime")), "failed");
    for blocked in [img("framework"), img("web"), img("api"), dep("web"), dep("api")] {
        assert_eq!(world.stage(&blocked), "blocked", "{blocked}");
    }
    assert_eq!(world.stage(&img("tool")), "published");
    assert!(world.ended());
    assert_eq!(world.state.incidents.len(), 1);
    assert_eq!(world.state.digest_of(&image("web")), Some(&digest("old web")));
    world.replay();
}

#[test]
fn failing_tests_that_pass_on_the_old_image_are_the_updates_fault() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", false);
    world.tests(Action::Retest, "runtime", false);
    let Job::Test(control) = world.job(Action::Control, &img("runtime")) else { panic!() };
    assert_eq!(control.subject.digest, digest("old runtime"));
    world.tests(Action::Control, "runtime", true);
    let ImageStage::Failed(cause) = world.image_stage("runtime") else { panic!() };
    assert!(matches!(cause, Cause::Tests { blame: Blame::ThisUpdate, .. }));
    assert!(cause.to_string().contains("this update broke it"), "{cause}");
    assert!(!world.done.contains(&"publish runtime:1".to_owned()));
}

#[test]
fn failing_tests_that_fail_on_the_old_image_too_are_not() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", false);
    world.tests(Action::Retest, "runtime", false);
    world.tests(Action::Control, "runtime", false);
    let ImageStage::Failed(cause) = world.image_stage("runtime") else { panic!() };
    assert!(cause.to_string().contains("they fail on the old image too"), "{cause}");
}

#[test]
fn a_test_that_passes_the_second_time_is_counted_as_flaky_and_goes_on() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", false);
    world.tests(Action::Retest, "runtime", true);
    assert_eq!(world.state.flaky[&image("runtime")], 1);
    assert_eq!(world.stage(&img("runtime")), "publishing");
}

#[test]
fn a_tag_that_moves_twice_quickly_is_finished_first_and_then_only_the_latest_is_built() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.sees("os", "os 3");
    world.sees("os", "os 4");
    assert_eq!(world.state.runs.len(), 1);
    world.fails_to_build("runtime");
    world.makes("tool");
    assert_eq!(world.state.runs.len(), 2);
    let second = &world.state.runs[&RunId(2)];
    assert_eq!(second.change.to, Some(digest("os 4")));
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
    world.replay();
}

#[test]
fn superseding_drops_what_is_not_published_and_begins_with_the_newer() {
    let mut setup = setup();
    setup.newer = crate::model::setup::Newer::Supersede;
    let mut world = World::with(setup);
    world.sees("os", "os 2");
    world.makes("tool");
    world.sees("os", "os 3");
    assert_eq!(world.stage(&img("runtime")), "superseded");
    assert_eq!(world.stage(&img("tool")), "published");
    assert!(world.ended());
    assert_eq!(world.asked(), ["build runtime:1", "build tool:1"]);
    let Job::Build(job) = world.job(Action::Build, &img("runtime")) else { panic!() };
    assert_eq!(job.id.run, RunId(2));
    world.replay();
}

#[test]
fn our_own_push_starts_nothing_also_when_it_is_seen_before_its_report() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("runtime");
    world.tests(Action::Test, "runtime", true);
    world.sees("runtime", "new runtime r1");
    world.publishes("runtime");
    world.sees("runtime", "new runtime r1");
    assert_eq!(world.state.runs.len(), 1);
}

#[test]
fn an_image_of_ours_that_somebody_else_pushes_starts_nothing_and_is_said() {
    let mut world = World::new();
    world.sees("web", "theirs");
    assert!(world.state.runs.is_empty());
    let said = world.said_last();
    assert!(said.contains("somebody else") && said.contains("starts nothing"), "{said}");
}

#[test]
fn what_was_said_of_a_move_stays_true_when_the_tag_moves_on() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let place = world.log.len() - 1;
    let said = world.said(place);
    world.sees("os", "os 3");
    assert_eq!(world.said(place), said);
    assert!(said.contains(digest("old os").short()) && said.contains(digest("os 2").short()), "{said}");
}

#[test]
fn a_public_tag_that_somebody_moved_meanwhile_is_left_alone() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.builds("tool");
    world.tests(Action::Test, "tool", true);
    let id = world.take(Action::Publish, &img("tool"));
    let report = PublishReport::MovedByOthers { to: Some(digest("theirs")) };
    world.fact(EventKind::TagPublished { id, answer: Answer::Done(report) });
    let ImageStage::Failed(cause) = world.image_stage("tool") else { panic!() };
    assert!(cause.to_string().contains("somebody else moved the public tag"), "{cause}");
}

#[test]
fn candidates_of_an_ended_run_are_removed_after_their_time_and_only_once() {
    let mut world = World::new();
    world.sees("os", "os 2");
    world.fails_to_build("runtime");
    world.makes("tool");
    assert!(world.ended());
    world.wait(8 * 86_400);
    assert_eq!(world.asked(), ["discard runtime:1", "discard tool:1"]);
    for name in ["runtime", "tool"] {
        let id = world.take(Action::Discard, &img(name));
        world.fact(EventKind::CandidateDiscarded { id, answer: Answer::Done(true) });
    }
    world.wait(86_400);
    assert_eq!(world.asked(), Vec::<String>::new());
    world.replay();
}

#[test]
fn a_recipe_that_changes_under_a_build_is_built_again_from_what_it_is_now() {
    let mut world = World::new();
    world.sees("os", "os 2");
    let mut changed = recipes();
    changed.insert(
        image("tool"),
        Ok(Ingredients { recipe: digest("tool, changed"), ..ingredients("tool", "os") }),
    );
    world.fact(EventKind::RecipesRead { recipes: changed });
    let id = world.take(Action::Build, &img("tool"));
    let report =
        BuildReport::Failed { cause: BuildCause::Context, message: "not the one that was read".to_owned() };
    world.fact(EventKind::BuildFinished { id, answer: Answer::Done(report) });
    world.makes("tool");
    assert_eq!(world.state.made[&image("tool")].recipe, digest("tool, changed"));
}
