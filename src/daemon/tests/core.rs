//! The core without a runtime: order, stamps, a full disk, replay.

use super::script::{digest, image, setup};
use crate::daemon::Reply;
use crate::daemon::core::{Acted, Core, Input, Store};
use crate::daemon::inbox::{Ask, Fact};
use crate::engine::{EventKind, State};
use crate::journal::Journal;
use crate::journal::tests::{no_room, room};
use crate::model::{Actor, Command, Seq, Timestamp};
use std::sync::Arc;
use tempfile::TempDir;

struct Bench {
    core: Core,
    store: Arc<Store>,
    _dir: TempDir,
}

fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::new(Journal::open(dir.path()).unwrap(), State::default()));
    let mut core = Core::new(store.clone());
    let facts = [
        EventKind::Installed { install: "i".to_owned() },
        EventKind::ConfigLoaded { setup: Box::new(setup()) },
    ];
    core.handle(at(1_000), facts.into_iter().map(ours).collect());
    Bench { core, store, _dir: dir }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn ours(kind: EventKind) -> Input {
    Input::Fact(Fact::ours(kind))
}

fn seen(content: &str) -> EventKind {
    EventKind::TagSeen { image: image("os:1"), digest: Some(digest(content)), before: None }
}

fn ben() -> Actor {
    Actor::Person { name: "ben".to_owned(), uid: 1000 }
}

fn freeze(ticket: usize) -> Input {
    let command = Command::Freeze { reason: Some("release day".to_owned()), until: None };
    Input::Ask(ticket, Ask::Command { by: ben(), command })
}

fn thaw(ticket: usize) -> Input {
    Input::Ask(ticket, Ask::Command { by: ben(), command: Command::Thaw { reason: None } })
}

fn replies(acted: &Acted) -> Vec<(usize, &'static str)> {
    let word = |reply: &Reply| match reply {
        Reply::Accepted { .. } => "accepted",
        Reply::Already { .. } => "already",
        Reply::Rejected { .. } => "rejected",
    };
    acted.replies.iter().map(|(ticket, reply)| (*ticket, word(reply))).collect()
}

fn words(bench: &Bench) -> Vec<&'static str> {
    let events = bench.store.journal().as_ref().unwrap().events(Seq(2), 99).unwrap();
    events.iter().map(|(_, event)| event.kind.word()).collect()
}

#[test]
fn a_stamp_never_goes_backwards() {
    let mut bench = bench();
    bench.core.handle(at(9_000), vec![ours(seen("a"))]);
    bench.core.handle(at(2_000), vec![ours(seen("b"))]);
    let tail = bench.store.journal().as_ref().unwrap().tail(1).unwrap();
    assert_eq!(tail[0].1.at, at(9_000));
}

#[test]
fn a_command_is_decided_on_what_was_before_it_in_the_same_batch() {
    let mut bench = bench();
    let acted = bench.core.handle(at(2_000), vec![freeze(0), ours(seen("a")), thaw(1), thaw(2)]);
    assert_eq!(replies(&acted)[..2], [(0, "accepted"), (1, "accepted")]);
    assert_ne!(replies(&acted)[2].1, "accepted", "there is nothing left to thaw");
    assert_eq!(words(&bench)[..3], ["commanded", "tag_seen", "commanded"]);
}

#[test]
fn an_accepted_command_is_answered_with_its_place_and_a_sentence() {
    let mut bench = bench();
    let acted = bench.core.handle(at(2_000), vec![freeze(5)]);
    let [(5, Reply::Accepted { seq: Seq(3), message })] = &acted.replies[..] else { panic!("{acted:?}") };
    assert!(!message.is_empty());
}

#[test]
fn a_full_disk_refuses_commands_keeps_facts_and_steps_nothing() {
    let mut bench = bench();
    no_room(bench.store.journal().as_ref().unwrap());
    let before = bench.store.read(Clone::clone);
    let mut inputs: Vec<Input> = (0..200).map(|nth| ours(seen(&nth.to_string()))).collect();
    inputs.push(freeze(0));
    let acted = bench.core.handle(at(2_000), inputs);
    assert_eq!((acted.effects.len(), acted.stepped), (0, 0));
    let [(0, Reply::Rejected { reason, stale: false })] = &acted.replies[..] else { panic!("{acted:?}") };
    assert_eq!(
        reason,
        "cannot write the journal: no space left on device; nothing was changed; it goes on by itself when there is room"
    );
    assert_eq!(bench.store.read(Clone::clone), before);
    assert_eq!(bench.core.stuck().map(|stuck| stuck.since), Some(at(2_000)));

    assert_eq!(bench.core.retry(at(3_000)).stepped, 0);
    room(bench.store.journal().as_ref().unwrap());
    let acted = bench.core.retry(at(4_000));
    assert_eq!((acted.stepped, bench.core.stuck()), (200, None));
    assert_eq!(bench.store.read(|state| state.digest_of(&image("os:1")).cloned()), Some(digest("199")));
    assert!(!words(&bench).contains(&"commanded"), "a refused command must not come back");
}

#[test]
fn a_daemon_that_only_refused_a_command_finds_out_by_itself_that_there_is_room() {
    let mut bench = bench();
    let journal = |bench: &Bench, change: fn(&Journal)| change(bench.store.journal().as_ref().unwrap());
    journal(&bench, no_room);
    let reason = Some("x".repeat(100_000));
    let big = Ask::Command { by: ben(), command: Command::Freeze { reason, until: None } };
    let acted = bench.core.handle(at(2_000), vec![Input::Ask(0, big)]);
    assert_eq!((replies(&acted), bench.core.stuck().is_some()), (vec![(0, "rejected")], true));
    journal(&bench, room);
    bench.core.retry(at(3_000));
    assert_eq!(bench.core.stuck(), None);
}

#[test]
fn what_a_registry_said_before_our_own_move_is_dropped() {
    let mut bench = bench();
    bench.core.handle(at(2_000), vec![ours(seen("a"))]);
    let asked = |known: Option<&str>| {
        Input::Fact(Fact { unless_moved: Some(known.map(digest)), ..Fact::ours(seen("late")) })
    };
    let acted = bench.core.handle(at(3_000), vec![asked(None)]);
    assert_eq!(acted.stepped, 0);
    let acted = bench.core.handle(at(3_000), vec![asked(Some("a"))]);
    assert_eq!(acted.stepped, 1);
}

#[test]
fn a_replay_of_the_journal_is_the_state_byte_for_byte() {
    let mut bench = bench();
    bench.core.handle(at(2_000), vec![freeze(0), ours(seen("a")), thaw(1), ours(seen("b"))]);
    let mut replayed = State::default();
    let journal = bench.store.journal();
    journal.as_ref().unwrap().replay(Seq(0), |_, event| drop(replayed.step(event))).unwrap();
    let bytes = |state: &State| serde_json::to_string(state).unwrap();
    assert_eq!(bytes(&replayed), bench.store.read(bytes));
}
