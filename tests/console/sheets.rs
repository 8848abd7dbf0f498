//! Sheets: nothing is sent by reflex, by paste, on an old screen, or without a link.

use crate::fixture::{held_step, me, model, now};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::Reply;
use tidegate::api::rows::{Row, RowKey};
use tidegate::api::stream::Frame;
use tidegate::console::key::Key;
use tidegate::console::msg::LinkEvent;
use tidegate::console::{Changed, Cmd, Model, Msg, update};
use tidegate::model::setup::OnFailure;
use tidegate::model::{Command, Seq, Span};

fn sent(cmds: &[Cmd]) -> Vec<&Command> {
    cmds.iter()
        .filter_map(|cmd| if let Cmd::Send { command, .. } = cmd { Some(command) } else { None })
        .collect()
}

fn delta(model: &mut Model, upsert: Vec<Row>, remove: Vec<RowKey>) {
    let frame = Frame::Delta { seq: Seq(9), upsert, remove };
    update(model, Msg::Rows(vec![frame], now() + Span::from_secs(60)));
}

#[test]
fn an_approval_wants_the_digest_typed_and_carries_what_was_seen() {
    let mut model = model(80, 24);
    let cmds = press(&mut model, "jjA77a0⏎");
    let Command::Approve { seen, run, .. } = sent(&cmds)[0] else { panic!("{cmds:?}") };
    assert_eq!((run.0, seen), (42, &held_step().expect));
}

#[test]
fn y_and_enter_approve_nothing() {
    for keys in ["jjAy⏎", "jjA⏎", "jjA77a⏎", "jjA77a01⏎", "jjA⏎⏎⏎"] {
        let mut model = model(80, 24);
        assert!(sent(&press(&mut model, keys)).is_empty(), "{keys} was enough");
        assert!(picture(&model).contains("type 77a0"), "the sheet stays open after {keys}");
    }
}

#[test]
fn keys_of_the_first_moments_are_dropped() {
    let mut model = model(80, 24);
    press(&mut model, "jj");
    let at = now() + Span::from_secs(9);
    update(&mut model, Msg::Key(Key::Char('p'), at));
    let early = update(&mut model, Msg::Key(Key::Enter, at + Span::from_millis(299)));
    assert_eq!(early, (Changed::No, vec![]));
    let (_, cmds) = update(&mut model, Msg::Key(Key::Enter, at + Span::from_millis(300)));
    assert!(matches!(sent(&cmds)[..], [Command::Pause { .. }]));
}

#[test]
fn a_paste_never_proves_that_a_sheet_was_read() {
    let mut model = model(80, 24);
    press(&mut model, "jjA");
    update(&mut model, Msg::Paste("77a0".to_owned()));
    assert!(sent(&press(&mut model, "⏎")).is_empty());
    press(&mut model, "77a0⇥");
    update(&mut model, Msg::Paste("read\u{1b}[2J the diff".to_owned()));
    let cmds = press(&mut model, "⏎");
    let Command::Approve { note, .. } = sent(&cmds)[0] else { panic!("{cmds:?}") };
    assert_eq!(note.as_deref(), Some("read the diff"));
}

#[test]
fn a_paste_outside_a_field_does_nothing() {
    let mut model = model(80, 24);
    assert_eq!(update(&mut model, Msg::Paste("A77a0\n".to_owned())), (Changed::No, vec![]));
}

#[test]
fn when_the_row_moves_the_sheet_says_what_and_empties_its_field() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77");
    let mut step = held_step();
    step.digest = Some(crate::fixture::digest("81bb"));
    step.expect.digest = Some(crate::fixture::digest("81bb"));
    delta(&mut model, vec![Row::Step(Box::new(step))], vec![]);
    let shown = picture(&model);
    assert!(shown.contains("the digest was 77a0 and is 81bb now"), "{shown}");
    assert!(shown.contains("type 81bb, then Enter: _"), "{shown}");
    let (changed, _) = update(&mut model, Msg::Key(Key::Char('8'), now() + Span::from_secs(60)));
    assert_eq!(changed, Changed::No, "it must be read first");
}

#[test]
fn when_the_row_is_gone_nothing_can_be_sent() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77a0");
    let step = held_step();
    delta(&mut model, vec![], vec![RowKey::Step(step.run, step.step)]);
    let late = now() + Span::from_secs(90);
    for key in [Key::Char('7'), Key::Char('7'), Key::Char('a'), Key::Char('0'), Key::Enter] {
        assert!(update(&mut model, Msg::Key(key, late)).1.is_empty());
    }
}

#[test]
fn without_a_link_or_read_only_a_sheet_has_no_field() {
    let mut lost = model(80, 24);
    let event = LinkEvent::Down { why: "gone".to_owned(), at: now() };
    update(&mut lost, Msg::Link(event));
    let mut observer = model(80, 24);
    update(&mut observer, Msg::Me(tidegate::api::Me { read_only: true, ..me() }));
    for (mut model, word) in [(lost, "link is down"), (observer, "read-only")] {
        assert!(sent(&press(&mut model, "jjA77a0⏎")).is_empty());
        let shown = picture(&model);
        assert!(shown.contains(word) && !shown.contains("then Enter"), "{shown}");
    }
}

#[test]
fn an_emergency_freeze_is_two_keys() {
    let mut model = model(80, 24);
    let cmds = press(&mut model, "!⏎");
    assert!(matches!(sent(&cmds)[..], [Command::Freeze { reason: None, until: None }]));
}

#[test]
fn a_rejection_wants_a_reason() {
    let mut model = model(80, 24);
    assert!(sent(&press(&mut model, "jjx⏎")).is_empty());
    let cmds = press(&mut model, "no⏎");
    assert!(matches!(sent(&cmds)[..], [Command::Reject { reason, .. }] if reason == "no"));
}

#[test]
fn an_abort_wants_the_full_name_and_a_reason() {
    let mut model = model(80, 24);
    assert!(sent(&press(&mut model, "jjX42⏎")).is_empty());
    press(&mut model, "⎋");
    assert!(sent(&press(&mut model, "Xrun 42⏎")).is_empty(), "a reason is missing");
    let cmds = press(&mut model, "wrong base⏎");
    assert!(matches!(sent(&cmds)[..], [Command::Abort { reason, .. }] if reason == "wrong base"));
}

#[test]
fn what_was_sent_is_not_sent_twice() {
    let mut model = model(80, 24);
    assert_eq!(press(&mut model, "!⏎").len(), 1);
    assert!(press(&mut model, "⏎⏎").is_empty());
}

#[test]
fn a_refusal_stays_until_it_was_read() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77a0⏎");
    let reply = Reply::Rejected { reason: "the digest is 81bb now".to_owned(), stale: true };
    update(&mut model, Msg::Reply { ticket: 1, reply: Ok(reply) });
    press(&mut model, "jkjk");
    assert!(picture(&model).contains("refused, since it has moved: the digest is 81bb now"));
    press(&mut model, "⎋");
    assert!(!picture(&model).contains("refused"));
}

#[test]
fn what_somebody_else_did_is_no_error() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77a0⏎");
    let reply = Reply::Already { message: "ben did this 02:31:40".to_owned() };
    update(&mut model, Msg::Reply { ticket: 1, reply: Ok(reply) });
    let shown = picture(&model);
    assert!(shown.contains("nothing was done: ben did this 02:31:40") && !shown.contains("✓ ben"), "{shown}");
    press(&mut model, "j");
    assert!(!picture(&model).contains("nothing was done"));
}

#[test]
fn a_step_that_is_no_longer_held_leaves_its_sheet_without_a_field() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77");
    let mut step = held_step();
    (step.state, step.ended) = ("aborted".to_owned(), Some(crate::fixture::at("02:14:40")));
    (step.hold, step.waiting, step.may) = (None, None, vec![]);
    step.expect.generation = Some(4);
    delta(&mut model, vec![Row::Step(Box::new(step))], vec![]);
    let shown = picture(&model);
    for word in ["this is no longer held: it is aborted since 02:14:40", "nothing can be done here; Esc"] {
        assert!(shown.contains(word), "{word:?} is not on the screen:\n{shown}");
    }
    assert!(!shown.contains("then Enter"), "{shown}");
    let late = now() + Span::from_secs(90);
    for key in [Key::Char('7'), Key::Char('7'), Key::Char('a'), Key::Char('0'), Key::Enter] {
        assert_eq!(update(&mut model, Msg::Key(key, late)), (Changed::No, vec![]));
    }
}

#[test]
fn a_claim_asks_for_nothing_that_is_not_sent() {
    let mut model = model(80, 24);
    press(&mut model, "a");
    assert!(!picture(&model).contains("reason"), "{}", picture(&model));
    assert!(matches!(sent(&press(&mut model, "⏎"))[..], [Command::Claim { .. }]));
}

#[test]
fn ctrl_u_empties_the_field_that_is_typed_into() {
    let mut model = model(80, 24);
    press(&mut model, "jjA77b9⇥wrong");
    let late = now() + Span::from_secs(86_400);
    update(&mut model, Msg::Key(Key::Ctrl('u'), late));
    let (typed, reason) = model.sheet().map(|sheet| (sheet.typed.clone(), sheet.reason.clone())).unwrap();
    assert_eq!((typed.as_str(), reason.as_str()), ("77b9", ""));
    press(&mut model, "⇥");
    update(&mut model, Msg::Key(Key::Ctrl('u'), late));
    assert!(matches!(sent(&press(&mut model, "77a0⏎"))[..], [Command::Approve { note: None, .. }]));
}

/// An approval whose plan has more lines than 24 rows have room for, and cannot be undone.
fn long(width: u16, height: u16) -> Model {
    let mut model = model(width, height);
    let mut step = held_step();
    let hold = step.hold.as_mut().expect("it is held in the fixture");
    hold.then =
        (1..=12).map(|n| format!("+{n}m  shop{n}   3 tasks in waves 1, 2; soak 60s a wave")).collect();
    (hold.undo, hold.on_failure) = ("R, as long as no task of it runs;".to_owned(), OnFailure::Stop);
    delta(&mut model, vec![Row::Step(Box::new(step))], vec![]);
    press(&mut model, "jjA");
    model
}

#[test]
fn a_sheet_that_is_cut_says_so_and_is_read_with_pgdn() {
    for (width, height) in [(80, 24), (200, 50)] {
        insta::assert_snapshot!(format!("long_sheet_{width}"), picture(&long(width, height)));
    }
    let mut model = long(80, 24);
    press(&mut model, "⇟⇟");
    insta::assert_snapshot!("long_sheet_at_its_end", picture(&model));
}

#[test]
fn nothing_is_sent_from_a_sheet_whose_end_was_not_in_sight() {
    let mut model = long(80, 24);
    assert!(sent(&press(&mut model, "77a0⏎")).is_empty());
    let shown = picture(&model);
    assert!(shown.contains("read to the end first: PgDn") && !shown.contains("IRREVERSIBLE"), "{shown}");
    press(&mut model, "⇟⇟");
    assert!(picture(&model).contains("IRREVERSIBLE"), "{}", picture(&model));
    // Back at its begin it has been read all the same.
    assert_eq!(sent(&press(&mut model, "⇞⇞⏎")).len(), 1);
    assert_eq!(sent(&press(&mut long(200, 50), "77a0⏎")).len(), 1, "all of it was in sight");
}

#[test]
fn a_sheet_that_has_become_another_one_is_read_again() {
    let mut model = long(80, 24);
    press(&mut model, "⇟⇟77a0");
    let mut step = held_step();
    step.hold.as_mut().unwrap().then = vec!["+1m  shop   3 tasks".to_owned(); 14];
    step.digest = Some(crate::fixture::digest("81bb"));
    step.expect.digest = step.digest.clone();
    delta(&mut model, vec![Row::Step(Box::new(step))], vec![]);
    assert!(
        picture(&model).contains("MOVED     the digest was 77a0"),
        "its begin is in sight: {}",
        picture(&model)
    );
    let late = now() + Span::from_secs(90);
    let mut cmds = Vec::new();
    for key in [Key::Char('8'), Key::Char('1'), Key::Char('b'), Key::Char('b'), Key::Enter] {
        cmds.extend(update(&mut model, Msg::Key(key, late)).1);
    }
    assert_eq!(cmds, [], "{}", picture(&model));
    assert!(picture(&model).contains("read to the end first"), "{}", picture(&model));
}

#[test]
fn an_emergency_waits_for_no_reader() {
    let mut model = model(80, 24);
    let busy = |n: u32| {
        let mut step = held_step();
        step.step = format!("image:shop/component-with-a-long-name-{n}:1").parse().unwrap();
        step.title = step.step.to_string();
        (step.state, step.hold) = ("testing".to_owned(), None);
        (step.started, step.ended) = (Some(now()), None);
        Row::Step(Box::new(step))
    };
    delta(&mut model, (0..60).map(busy).collect(), vec![]);
    press(&mut model, "!");
    assert!(picture(&model).contains("more lines: PgDn"), "{}", picture(&model));
    assert_eq!(sent(&press(&mut model, "⏎")).len(), 1);
}
