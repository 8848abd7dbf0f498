//! After a stop: forward, back, or left as it is.

use super::*;

fn stopped_at(name: &str) -> (Fleet, RunId) {
    let mut fleet = Fleet::of(4, Pool { waves: vec![WaveSize::Nodes(1)], ..pool() });
    fleet.faults.insert(name.to_owned(), Fault::Sick);
    let run = fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage(name), "restored");
    (fleet, run)
}

fn releases(fleet: &Fleet) -> Vec<String> {
    fleet.truth.values().map(|look| look.release.as_ref().unwrap().to_string()).collect()
}

#[test]
fn a_rollout_that_is_rolled_forward_takes_every_node_that_is_not_there_yet() {
    let (mut fleet, run) = stopped_at("w3");
    fleet.faults.clear();
    let command = Command::RollForward { run, release: release("r3"), reason: None };
    fleet.world.command(ben(), command).unwrap();
    let first = &fleet.world.state.rollouts[&run];
    assert!(first.ended.is_some());
    assert_eq!(first.choice.as_ref().unwrap().begun, Some(RunId(2)));
    let words: Vec<_> = first.steps.values().map(NodeStep::word).collect();
    assert_eq!(words, ["done", "done", "restored", "superseded"]);
    assert_eq!(fleet.rollout().by, ben());
    fleet.goes_to_the_end();
    assert_eq!(releases(&fleet), ["r3"; 4]);
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.machines.len(), 4);
    fleet.world.replay();
}

#[test]
fn forward_to_the_same_release_plans_the_rest_anew_and_it_is_in_quarantine_no_more() {
    let (mut fleet, run) = stopped_at("w3");
    assert_eq!(fleet.world.state.bad_releases.len(), 1);
    fleet.faults.clear();
    let command = Command::RollForward { run, release: release("r2"), reason: None };
    fleet.world.command(ben(), command).unwrap();
    assert!(fleet.rollout().steps.keys().eq([&key("w3"), &key("w4")]));
    assert_eq!(fleet.world.state.bad_releases.len(), 0);
    fleet.goes_to_the_end();
    assert_eq!(releases(&fleet), ["r2"; 4]);
}

#[test]
fn a_rollout_that_is_rolled_back_takes_every_node_that_was_done_back() {
    let (mut fleet, run) = stopped_at("w3");
    fleet.faults.clear();
    let command = Command::RollBackAll { run, reason: "r2 is bad".to_owned() };
    fleet.world.command(ben(), command.clone()).unwrap();
    let back = fleet.rollout();
    assert_eq!((back.back_of, back.release.clone(), back.steps.len()), (Some(run), release("r1"), 2));
    assert!(fleet.world.command(ben(), command).unwrap_err().to_string().starts_with("ben ended rollout 1"));
    fleet.goes_to_the_end();
    assert_eq!(releases(&fleet), ["r1"; 4]);
    assert_eq!(fleet.out(), Vec::<&str>::new());
    assert_eq!(fleet.machines.len(), 4);
    fleet.world.replay();
}

fn kept(fleet: &Fleet, run: RunId) -> Vec<(String, String)> {
    let kept = fleet.world.state.kept(&fleet.world.state.rollouts[&run]).into_iter();
    kept.map(|one| (one.node.name.to_string(), one.why)).collect()
}

#[test]
fn a_node_whose_old_machine_stays_keeps_the_release_and_that_is_said() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(3)], ..pool() });
    fleet.faults.insert("w2".to_owned(), Fault::NotRemoved);
    let run = fleet.starts("r2");
    fleet.to("w2", "soaking");
    assert_eq!(kept(&fleet, run), [], "it would be taken back");
    fleet.goes_to_the_end();
    let new = fleet.step("w2").traces.joined.clone().unwrap().0.name.to_string();
    let carries = "it carries the work of w2, whose machine was not removed";
    assert_eq!(kept(&fleet, run), [(new.clone(), format!("{carries}; try that again first"))]);
    let (step, seen) = (key("w2"), fleet.seen("w2"));
    let skip = Command::SkipNode { run, step, seen, reason: "later".to_owned() };
    fleet.world.command(ben(), skip).unwrap();
    assert_eq!(kept(&fleet, run), [(new.clone(), format!("{carries}, and ben left it so"))]);
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "slow".to_owned() }).unwrap();
    let said = kept(&fleet, run);
    fleet.goes_to_the_end();
    let on_r2 = fleet.truth.iter().filter(|(_, look)| look.release == Some(release("r2")));
    let on_r2: Vec<&str> = on_r2.map(|(name, _)| name.as_str()).collect();
    assert_eq!(on_r2, said.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
    assert_eq!(on_r2, [new]);
}

#[test]
fn a_node_that_was_updated_and_is_empty_keeps_the_release_and_one_of_which_nothing_is_known() {
    let in_place = Pool { strategy: Strategy::InPlace, failure_budget: 1, max_unavailable: 2, ..pool() };
    let mut fleet = Fleet::of(3, in_place);
    fleet.truth.get_mut("w2").unwrap().release = None;
    fleet.is_seen();
    fleet.faults.insert("w1".to_owned(), Fault::NotUpdated);
    let run = fleet.starts("r2");
    fleet.until(|fleet| fleet.stage("w2") == "done");
    let said = kept(&fleet, run);
    let empty = ("w1".to_owned(), "it was updated and is empty; a person must look".to_owned());
    let unknown = ("w2".to_owned(), "which release w2 had before is not known".to_owned());
    assert_eq!(said, [empty, unknown]);
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "slow".to_owned() }).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(fleet.truth["w2"].release, Some(release("r2")));
}

#[test]
fn what_is_in_flight_is_taken_back_before_what_was_done() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(3)], ..pool() });
    let run = fleet.starts("r2");
    fleet.to("w2", "soaking");
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "x".to_owned() }).unwrap();
    let words: Vec<_> = fleet.rollout().steps.values().map(NodeStep::word).collect();
    assert_eq!(words, ["done", "restoring", "superseded"]);
    fleet.goes_to_the_end();
    assert_eq!(fleet.world.state.rollouts.len(), 2);
    assert_eq!(releases(&fleet), ["r1"; 3]);
    // A person ordered it: nothing is an incident, and the release does not come back by itself.
    assert_eq!(fleet.world.state.incidents.len(), 0);
    assert_eq!(fleet.world.state.bad_releases[0].release, release("r2"));
}

#[test]
fn a_rollout_that_has_ended_well_can_be_rolled_back_later() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(3)], ..pool() });
    let run = fleet.starts("r2");
    fleet.goes_to_the_end();
    fleet.world.wait(86_400);
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "slow".to_owned() }).unwrap();
    fleet.goes_to_the_end();
    assert_eq!(releases(&fleet), ["r1"; 3]);
}

#[test]
fn one_node_that_was_done_can_be_taken_back_once_the_rollout_has_ended() {
    let mut fleet = Fleet::of(2, pool());
    let run = fleet.starts("r2");
    fleet.to("w2", "soaking");
    let back =
        |fleet: &Fleet| Command::Rollback { run, step: key("w1"), seen: fleet.seen("w1"), reason: None };
    let command = back(&fleet);
    let said = fleet.world.command(ben(), command).unwrap_err().to_string();
    assert!(said.starts_with("node:lab/w1 is done; roll back all"), "{said}");
    fleet.goes_to_the_end();
    let command = back(&fleet);
    fleet.world.command(ben(), command).unwrap();
    assert_eq!(fleet.rollout().steps.len(), 1);
    fleet.goes_to_the_end();
    let mut found = releases(&fleet);
    found.sort();
    assert_eq!(found, ["r1", "r2"]);
}

#[test]
fn a_rollout_that_has_done_nothing_cannot_be_rolled_back() {
    let (mut fleet, run) = stopped_at("w1");
    let command = Command::RollBackAll { run, reason: "x".to_owned() };
    let said = fleet.world.command(ben(), command).unwrap_err().to_string();
    assert_eq!(said, "rollout 1 has done nothing that could be taken back");
}

#[test]
fn an_abort_leaves_what_is_done_and_takes_back_what_is_half_done() {
    let mut fleet = Fleet::of(3, Pool { waves: vec![WaveSize::Nodes(3)], ..pool() });
    let run = fleet.starts("r2");
    fleet.to("w2", "soaking");
    fleet.world.command(ben(), Command::Abort { run, reason: "enough".to_owned() }).unwrap();
    fleet.goes_to_the_end();
    let words: Vec<_> = fleet.rollout().steps.values().map(NodeStep::word).collect();
    assert_eq!(words, ["done", "restored", "aborted"]);
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.world.state.incidents.len(), 0);
    let retry = Command::Retry { run, step: key("w3"), seen: Seen::default(), reason: None };
    let said = fleet.world.command(ben(), retry).unwrap_err().to_string();
    assert_eq!(said, "rollout 1 was ended; start a new one");
}

#[test]
fn a_stopped_rollout_that_is_left_as_it_is_lets_the_pool_go() {
    let (mut fleet, run) = stopped_at("w3");
    fleet.world.command(ben(), Command::Abort { run, reason: "left".to_owned() }).unwrap();
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.world.state.rollout_plan(&workers(), &release("r3")).unwrap().nodes.len(), 4);
}

#[test]
fn a_rollout_that_goes_back_and_fails_does_not_blame_the_old_release() {
    let (mut fleet, run) = stopped_at("w3");
    fleet.world.command(ben(), Command::RollBackAll { run, reason: "x".to_owned() }).unwrap();
    let first = fleet.rollout().at(0).unwrap().node.clone();
    fleet.faults.insert(first.name.to_string(), Fault::Sick);
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage(first.name.as_str()), "restored");
    assert_eq!(fleet.world.state.bad_releases.len(), 1);
    assert!(fleet.waits().starts_with("a person: it stopped"));
}
