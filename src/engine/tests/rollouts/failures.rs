//! What goes wrong with a node, and how it is taken back.

use super::*;
use crate::engine::rollout::NodeCause;
use crate::engine::{Cause, Incident};

/// A rollout over three nodes, the first of which has this fault, until nothing goes on by itself.
fn with_fault(fault: Fault) -> Fleet {
    let mut fleet = Fleet::of(3, pool());
    fleet.faults.insert("w1".to_owned(), fault);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    fleet
}

fn incident(fleet: &Fleet) -> &Incident {
    fleet.world.state.incidents.values().next_back().unwrap()
}

fn word(fleet: &Fleet) -> &'static str {
    incident(fleet).cause.word()
}

/// The pool is as it was: its three old nodes, taking work, and no machine besides.
fn is_as_before(fleet: &Fleet) {
    assert_eq!(fleet.truth.keys().collect::<Vec<_>>(), ["w1", "w2", "w3"]);
    assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), ["w1", "w2", "w3"]);
    assert_eq!(fleet.out(), Vec::<&str>::new());
    let work: u32 = fleet.truth.values().flat_map(|look| look.work.values()).sum();
    assert_eq!(work, 3);
}

/// It waits for a person, no other node was begun, and nothing goes on by itself.
fn has_stopped(fleet: &mut Fleet) {
    assert!(fleet.waits().starts_with("a person: it stopped, node w1: "), "{}", fleet.waits());
    assert_eq!((fleet.stage("w2"), fleet.stage("w3")), ("pending", "pending"));
    fleet.world.wait(86_400);
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w2"), fleet.stage("w3")), ("pending", "pending"));
    assert!(fleet.rollout().ended.is_none());
    assert_eq!(fleet.world.pending.len(), 0);
    fleet.world.replay();
}

#[test]
fn a_machine_that_is_not_made_stops_the_rollout_and_what_may_have_been_made_is_removed() {
    let mut fleet = with_fault(Fault::NeverMade);
    assert_eq!(fleet.deeds, ["preflight w1", "provision w1", "find w1", "deprovision w1"]);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_never_provisioned"));
    assert!(incident(&fleet).cause.to_string().contains("no capacity"));
    is_as_before(&fleet);
    has_stopped(&mut fleet);
    // That the provisioner failed says nothing of the release.
    assert_eq!(fleet.world.state.bad_releases.len(), 0);
}

#[test]
fn a_machine_that_was_made_unsaid_is_found_by_its_token_and_leaves_the_fleet_before_it_is_removed() {
    let mut fleet = with_fault(Fault::MadeUnsaid);
    let back = ["find w1", "shift_back w1", "retire w1", "deprovision w1"];
    assert_eq!(fleet.deeds[2..], back);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_never_provisioned"));
    is_as_before(&fleet);
    has_stopped(&mut fleet);
}

#[test]
fn where_the_list_cannot_be_read_what_may_have_been_made_goes_by_its_token_alone() {
    let mut fleet = Fleet::of(1, pool());
    fleet.faults.insert("w1".to_owned(), Fault::MadeUnsaid);
    fleet.starts("r2");
    fleet.to("w1", "restoring");
    let id = fleet.world.take(Action::Find, &key("w1"));
    let unread = ProvisionReport::Failed { what: "list ended with 1".to_owned(), stderr: String::new() };
    fleet.fact(EventKind::MachineFound { id, answer: Answer::Done(unread) });
    let Job::Deprovision(job) = fleet.world.job(Action::Deprovision, &key("w1")) else { panic!() };
    assert_eq!((job.node, job.token), (None, fleet.step("w1").traces.token.clone()));
}

#[test]
fn a_token_that_is_found_on_a_node_which_was_there_before_leaves_that_node_alone() {
    let mut fleet = Fleet::of(2, pool());
    fleet.faults.insert("w1".to_owned(), Fault::NeverMade);
    fleet.starts("r2");
    fleet.to("w1", "restoring");
    let id = fleet.world.take(Action::Find, &key("w1"));
    let machine = Machine {
        node: "w2".parse().unwrap(),
        address: None,
        token: fleet.step("w1").traces.token.clone(),
        release: None,
    };
    fleet.fact(EventKind::MachineFound { id, answer: Answer::Done(ProvisionReport::Done(Some(machine))) });
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds[2..], ["deprovision w1"]);
    assert!(fleet.truth.contains_key("w2"));
}

#[test]
fn a_node_that_never_joins_is_removed_at_its_deadline_and_the_old_one_was_never_touched() {
    let mut fleet = Fleet::of(3, pool());
    fleet.faults.insert("w1".to_owned(), Fault::NeverJoins);
    fleet.starts("r2");
    fleet.to("w1", "joining");
    let name = fleet.step("w1").traces.machine.clone().unwrap().node;
    assert_eq!(fleet.waits(), format!("{name} to join its fleet"));
    fleet.world.wait(119);
    assert_eq!(fleet.stage("w1"), "joining");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_never_joined"));
    assert_eq!(fleet.deeds, ["preflight w1", "provision w1", "deprovision w1"]);
    is_as_before(&fleet);
    has_stopped(&mut fleet);
}

#[test]
fn a_drain_that_is_blocked_names_by_what_and_the_old_node_takes_work_again_first() {
    let mut fleet = with_fault(Fault::DrainBlocked);
    let back = ["cordon w1", "shift w1", "uncordon w1", "shift_back w1", "retire w1", "deprovision w1"];
    assert_eq!(fleet.deeds[3..], back);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "drain_blocked"));
    let said = incident(&fleet).cause.to_string();
    assert_eq!(said, "its work could not be moved: lab/web: it may not be disrupted");
    is_as_before(&fleet);
    has_stopped(&mut fleet);
}

#[test]
fn what_is_sick_after_the_move_goes_back_at_once_and_both_sides_are_named() {
    let mut fleet = Fleet::of(3, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.to("w1", "restoring");
    // Nothing comes before the old node takes work again.
    assert_eq!(fleet.world.asked(), ["uncordon node w1"]);
    fleet.goes_to_the_end();
    let back = ["cordon w1", "shift w1", "uncordon w1", "shift_back w1", "retire w1", "deprovision w1"];
    assert_eq!(fleet.deeds[3..], back);
    let (stage, word) = (fleet.stage("w1"), word(&fleet));
    assert_eq!((stage, word), ("restored", "workload_unhealthy_after_move"));
    let (state, found) = (&fleet.world.state, incident(&fleet));
    let owner = |owner: Option<&crate::model::Owner>| owner.map(ToString::to_string);
    assert_eq!(owner(crate::engine::outbox::vendor(state, found)).as_deref(), Some("hosts"));
    assert_eq!(owner(crate::engine::outbox::customer(state, found)).as_deref(), Some("shop"));
    assert!(
        found.seen.iter().any(|line| line.contains("lab/web before: 2 of 2 tasks run")),
        "{:?}",
        found.seen
    );
    assert!(found.seen.iter().any(|line| line.contains("status 500")), "{:?}", found.seen);
    // Who fell sick is told first, however much moved beside it.
    assert!(found.seen[0].starts_with("lab/web before: "), "{:?}", found.seen);
    assert!(found.seen[1].starts_with("lab/web now: "), "{:?}", found.seen);
    assert_eq!(state.bad_releases[0].release, release("r2"));
    is_as_before(&fleet);
    has_stopped(&mut fleet);
}

#[test]
fn a_new_node_that_goes_down_in_its_soak_is_taken_back() {
    let mut fleet = with_fault(Fault::Dies);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_unhealthy"));
    assert!(incident(&fleet).cause.to_string().contains("heartbeat failure"));
    is_as_before(&fleet);
    has_stopped(&mut fleet);
}

#[test]
fn a_new_node_that_leaves_the_fleet_before_the_work_moves_is_taken_back() {
    let mut fleet = Fleet::of(3, pool());
    fleet.starts("r2");
    fleet.to("w1", "shifting");
    let name = fleet.step("w1").traces.joined.clone().unwrap().0.name.to_string();
    fleet.truth.remove(&name);
    fleet.is_seen();
    assert_eq!(fleet.stage("w1"), "restoring");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_unhealthy"));
    is_as_before(&fleet);
}

#[test]
fn what_cannot_be_taken_back_is_quarantined_and_a_person_is_told_with_an_incident_of_its_own() {
    let mut fleet = with_fault(Fault::SickForGood);
    assert_eq!(fleet.stage("w1"), "quarantined");
    let words: Vec<_> = fleet.world.state.incidents.values().map(|one| one.cause.word()).collect();
    assert_eq!(words, ["workload_unhealthy_after_move", "put_back_failed"]);
    assert!(incident(&fleet).cause.to_string().contains("it may not be disrupted"));
    assert_eq!(fleet.truth["w1"].availability, Availability::Active);
    has_stopped(&mut fleet);
    // What stood in its way is gone: the same is tried again, and ends.
    fleet.faults.clear();
    let retry = Command::Retry { run: RunId(1), step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ana(), retry).unwrap();
    assert_eq!(fleet.stage("w1"), "restoring");
    fleet.goes_to_the_end();
    assert_eq!(fleet.stage("w1"), "restored");
    is_as_before(&fleet);
}

#[test]
fn an_old_machine_that_cannot_be_removed_takes_nothing_back_and_is_tried_again_by_a_person() {
    let mut fleet = with_fault(Fault::NotRemoved);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("quarantined", "machine_not_removed"));
    assert!(fleet.machines.contains_key("w1") && !fleet.truth.contains_key("w1"));
    assert_eq!(fleet.out(), Vec::<&str>::new());
    has_stopped(&mut fleet);
    fleet.faults.clear();
    let retry = Command::Retry { run: RunId(1), step: key("w1"), seen: fleet.seen("w1"), reason: None };
    fleet.world.command(ana(), retry).unwrap();
    fleet.goes_to_the_end();
    assert!(fleet.rollout().ended.is_some());
    assert_eq!(fleet.machines.keys().collect::<Vec<_>>(), fleet.truth.keys().collect::<Vec<_>>());
}

#[test]
fn what_fits_nowhere_is_named_before_anything_is_touched() {
    let mut fleet = Fleet::of(3, pool());
    let blocks = vec![finding(FindingKind::FitsNowhere, "no other node has label disk=ssd")];
    fleet.blocks.insert("w1".to_owned(), blocks);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!(fleet.deeds, ["preflight w1"]);
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("failed", "preflight_blocked"));
    assert!(fleet.waits().contains("no other node has label disk=ssd"), "{}", fleet.waits());
    is_as_before(&fleet);
    has_stopped(&mut fleet);
    assert_eq!(fleet.world.state.bad_releases.len(), 0);
}

#[test]
fn a_step_that_would_break_the_quorum_is_refused_before_anything_is_touched() {
    let mut fleet = Fleet::of(1, pool());
    let quorum =
        Finding { workload: None, kind: FindingKind::Quorum, what: "1 of 3 would be left".to_owned() };
    fleet.blocks.insert("w1".to_owned(), vec![quorum]);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.deeds.len()), ("failed", 1));
}

#[test]
fn what_may_pass_by_itself_is_waited_out_and_said() {
    let mut fleet = Fleet::of(1, pool());
    let block = finding(FindingKind::Disruption, "1 of 2 are healthy, it needs 2");
    fleet.blocks.insert("w1".to_owned(), vec![block]);
    fleet.starts("r2");
    fleet.until(|fleet| fleet.deeds.len() == 3);
    assert_eq!(fleet.waits(), "preflight: lab/web: 1 of 2 are healthy, it needs 2");
    fleet.blocks.clear();
    fleet.to("w1", "done");
}

#[test]
fn what_does_not_pass_by_itself_fails_once_moving_would_have_taken_as_long() {
    let mut fleet = Fleet::of(1, pool());
    let block = finding(FindingKind::Disruption, "1 of 2 are healthy, it needs 2");
    fleet.blocks.insert("w1".to_owned(), vec![block]);
    fleet.starts("r2");
    let began = fleet.world.now;
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("failed", "preflight_blocked"));
    let took = fleet.step("w1").since.since(began).as_secs();
    assert!((240..260).contains(&took), "{took}");
}

#[test]
fn a_provisioner_that_names_a_node_which_is_there_has_that_node_left_alone() {
    let mut fleet = Fleet::of(3, pool());
    // Neither one of the pool nor any other.
    fleet.truth.get_mut("w2").unwrap().pool = None;
    fleet.is_seen();
    fleet.starts("r2");
    fleet.to("w1", "provisioning");
    let id = fleet.world.take(Action::Provision, &key("w1"));
    let machine = Machine { node: "w2".parse().unwrap(), address: None, token: None, release: None };
    let report = ProvisionReport::Done(machine);
    fleet.fact(EventKind::NodeProvisioned { id, answer: Answer::Done(report) });
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), word(&fleet)), ("restored", "node_never_provisioned"));
    is_as_before(&fleet);
}

#[test]
fn so_has_one_of_a_pool_that_joined_while_the_stamps_stood_still() {
    let mut fleet = Fleet::of(3, pool());
    fleet.starts("r2");
    fleet.to("w1", "provisioning");
    let asked = fleet.step("w1").since;
    fleet.world.state.joined.insert(node("w2"), asked);
    let id = fleet.world.take(Action::Provision, &key("w1"));
    let machine = Machine { node: "w2".parse().unwrap(), address: None, token: None, release: None };
    fleet.fact(EventKind::NodeProvisioned { id, answer: Answer::Done(ProvisionReport::Done(machine)) });
    assert_eq!(fleet.stage("w1"), "restoring");
    assert_eq!(fleet.step("w1").traces.machine, None);
}

#[test]
fn an_orchestrator_that_is_silent_past_the_deadline_is_no_verdict_on_the_drain() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    let end = fleet.world.now + Span::from_secs(600);
    while fleet.world.now < end {
        fleet.is_silent(Action::Shift);
        assert_eq!(fleet.waits(), "fleet lab: refused");
        fleet.world.wait(15);
    }
    assert_eq!(fleet.stage("w1"), "shifting");
    fleet.to("w1", "done");
}

#[test]
fn a_shift_that_nobody_ends_is_taken_back_at_its_deadline() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    fleet.world.wait(249);
    assert_eq!(fleet.stage("w1"), "shifting");
    fleet.world.wait(1);
    assert_eq!((fleet.stage("w1"), fleet.world.asked()), ("restoring", vec!["uncordon node w1".to_owned()]));
    assert_eq!(incident(&fleet).cause, Cause::Node(NodeCause::DrainBlocked(Vec::new())));
}

#[test]
fn a_shift_that_hangs_after_silence_has_its_whole_time_and_is_then_taken_back() {
    let mut fleet = Fleet::of(1, pool());
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift node w1"]);
    fleet.world.wait(240);
    fleet.is_silent(Action::Shift);
    fleet.world.wait(1);
    assert_eq!(fleet.world.asked(), ["shift node w1"]);
    fleet.world.wait(249);
    assert_eq!(fleet.stage("w1"), "shifting");
    fleet.world.wait(1);
    assert_eq!((fleet.stage("w1"), fleet.world.asked()), ("restoring", vec!["uncordon node w1".to_owned()]));
}

#[test]
fn a_move_back_that_hangs_after_silence_has_its_whole_time_and_then_a_person_is_told() {
    let mut fleet = Fleet::of(1, pool());
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.until(|fleet| fleet.world.asked() == ["shift_back node w1"]);
    fleet.is_silent(Action::ShiftBack);
    fleet.world.wait(1);
    fleet.world.wait(249);
    assert_eq!(fleet.stage("w1"), "restoring");
    fleet.world.wait(1);
    assert_eq!(fleet.stage("w1"), "quarantined");
}

#[test]
fn within_its_budget_a_rollout_goes_on_over_it_it_stops() {
    let mut fleet = Fleet::of(4, Pool { failure_budget: 1, waves: vec![WaveSize::Nodes(4)], ..pool() });
    for name in ["w1", "w3"] {
        fleet.faults.insert(name.to_owned(), Fault::Sick);
    }
    fleet.starts("r2");
    fleet.goes_to_the_end();
    let stages = ["w1", "w2", "w3", "w4"].map(|name| fleet.stage(name));
    assert_eq!(stages, ["restored", "done", "restored", "pending"]);
    assert!(fleet.waits().starts_with("a person: it stopped, node w3: "), "{}", fleet.waits());
}

#[test]
fn a_rollout_with_failures_within_its_budget_ends_by_itself() {
    let mut fleet = Fleet::of(2, Pool { failure_budget: 1, ..pool() });
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.goes_to_the_end();
    assert_eq!((fleet.stage("w1"), fleet.stage("w2")), ("restored", "done"));
    assert!(fleet.rollout().ended.is_some());
}

#[test]
fn the_incident_is_told_to_the_owner_of_the_hosts_and_to_the_owner_of_what_broke() {
    use crate::model::notices::{Channel, ChannelKind, VendorSees};
    let mut setup = setup();
    setup.pools.insert(workers(), pool());
    setup.workloads.get_mut(&workload("web")).unwrap().owner = Some("shop".parse().unwrap());
    for owner in ["hosts", "shop"] {
        let channel = Channel {
            owner: owner.parse().unwrap(),
            kind: ChannelKind::Webhook,
            vendor_sees: VendorSees::Summary,
        };
        setup.channels.insert(owner.parse().unwrap(), channel);
    }
    let mut fleet = Fleet::with(2, setup);
    fleet.faults.insert("w1".to_owned(), Fault::Sick);
    fleet.starts("r2");
    fleet.to("w1", "restored");
    let told: Vec<String> = fleet.world.told.iter().map(|job| job.id.to_string()).collect();
    let wanted = [
        "1/opened/vendor/hosts",
        "1/opened/customer/shop",
        "1/put_back/vendor/hosts",
        "1/put_back/customer/shop",
    ];
    assert_eq!(told, wanted);
    let vendor = &fleet.world.told[0].notice;
    assert_eq!(vendor.changed, "release r2 of pool workers");
    assert_eq!(vendor.subject, "a node that gets it");
    assert!(!format!("{vendor:?}").contains("web"), "{vendor:?}");
    let customer = &fleet.world.told[1].notice;
    assert_eq!(customer.cause, "workload_unhealthy_after_move");
    assert!(customer.subject.starts_with("lab/web, moved from node w1 to "), "{}", customer.subject);
    assert_eq!(customer.probes, Some((3, 10)));
}

#[test]
fn the_dossier_tells_what_was_to_change_what_moved_and_how_it_was_before_and_after() {
    use crate::engine::dossier::{make, sources};
    let fleet = with_fault(Fault::Sick);
    let id = incident(&fleet).id;
    let dossier = make(&fleet.world.state, id, fleet.world.log(), &[]).unwrap();
    assert!(dossier.complete);
    let released = dossier.changed.release.unwrap();
    assert_eq!((released.release, released.before), (release("r2"), Some(release("r1"))));
    let part = dossier.node.unwrap();
    assert_eq!((part.node, part.ended.as_str()), (node("w1"), "restored"));
    let web = &part.workloads[0];
    assert_eq!((web.workload.clone(), web.tasks, web.to.len()), (workload("web"), 1, 1));
    let failed = |seen: &Option<crate::model::dossier::Seen>| {
        seen.as_ref().and_then(|seen| seen.probes.as_ref()).map(|tally| tally.failed)
    };
    assert_eq!((failed(&web.before), failed(&web.last)), (Some(0), Some(3)));
    assert_eq!(dossier.timeline[0].text, "release r2 announced for pool workers");
    let told: Vec<&str> = dossier.timeline.iter().map(|moment| moment.text.as_str()).collect();
    assert!(told.contains(&"node w1: takes work again"), "{told:?}");
    assert!(!told.iter().any(|text| text.contains("r3")), "{told:?}");
    assert_eq!(dossier.reproduce, ["tidegate rollout workers r2"]);
    let (_, logs) = sources(&fleet.world.state, id).unwrap();
    assert_eq!(logs[0].to_string(), "r1/node:lab/w1/provision/1");
}
