//! An idle console stays idle; a selection stays where it was.

use crate::fixture::{at, me, model, now, rows};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::rows::{Mark, NeedRow, Row, RowKey};
use tidegate::api::stream::Frame;
use tidegate::console::key::Key;
use tidegate::console::msg::LinkEvent;
use tidegate::console::{Changed, Model, Msg, update};
use tidegate::model::Seq;

#[test]
fn what_changes_nothing_on_screen_asks_for_no_frame() {
    let mut model = model(80, 24);
    let before = picture(&model);
    let empty = Frame::Delta { seq: Seq(9), upsert: vec![], remove: vec![] };
    for msg in [
        Msg::Clock(at("02:14:59")),
        Msg::Rows(vec![empty], now()),
        Msg::Me(me()),
        Msg::Resize(80, 24),
        Msg::Link(LinkEvent::Up),
        Msg::Key(Key::Char('h'), now()),
        Msg::Key(Key::Char('k'), now()),
        Msg::Paste("x".to_owned()),
    ] {
        let (changed, cmds) = update(&mut model, msg.clone());
        assert_eq!((changed, cmds.len()), (Changed::No, 0), "{msg:?}");
    }
    assert_eq!(picture(&model), before);
}

#[test]
fn a_new_minute_changes_only_the_clock() {
    let mut model = model(80, 24);
    let before = picture(&model);
    assert_eq!(update(&mut model, Msg::Clock(at("02:15"))).0, Changed::Yes);
    assert_eq!(picture(&model), before.replace("ana 02:14Z", "ana 02:15Z"));
    assert_eq!(update(&mut model, Msg::Clock(at("02:15:59"))).0, Changed::No);
}

fn selected(model: &Model) -> RowKey {
    (**model.selected().expect("a row is selected")).clone()
}

#[test]
fn the_selection_follows_its_row_when_others_come_and_go() {
    let mut model = model(80, 24);
    press(&mut model, "jj");
    let key = selected(&model);
    let worse = Row::Need(NeedRow {
        subject: "worse".to_owned(),
        mark: Mark::Failed,
        harm: 0,
        object: "run 99".to_owned(),
        text: "everything is down".to_owned(),
        outcome: "stays".to_owned(),
        deadline: Some(at("02:20")),
        since: at("02:14"),
        leads_to: None,
    });
    update(
        &mut model,
        Msg::Rows(vec![Frame::Delta { seq: Seq(9), upsert: vec![worse], remove: vec![] }], now()),
    );
    assert_eq!(selected(&model), key);
    assert!(picture(&model).contains(">◆ run 42"));
    update(
        &mut model,
        Msg::Rows(vec![Frame::Delta { seq: Seq(10), upsert: vec![], remove: vec![key] }], now()),
    );
    assert!(model.selected().is_some(), "a neighbour takes over");
}

#[test]
fn a_link_that_comes_back_whole_is_live_again() {
    let mut model = model(80, 24);
    update(&mut model, Msg::Link(LinkEvent::Down { why: "gone".to_owned(), at: at("02:15") }));
    update(&mut model, Msg::Link(LinkEvent::Down { why: "still gone".to_owned(), at: at("02:16") }));
    assert!(picture(&model).contains("LOST since 02:15"), "the first loss counts");
    update(&mut model, Msg::Link(LinkEvent::Up));
    let mut frames = crate::fixture::snapshot(rows());
    let end = frames.pop().unwrap();
    update(&mut model, Msg::Rows(frames, now()));
    let half = picture(&model);
    assert!(
        half.contains("loading") && half.contains("run 42"),
        "the old rows stay until the new are whole:\n{half}"
    );
    update(&mut model, Msg::Rows(vec![end], now()));
    assert!(picture(&model).contains("● live"));
}

#[test]
fn q_leaves_screen_by_screen_and_then_the_console() {
    let mut model = model(80, 24);
    press(&mut model, "3⏎⏎");
    assert!(press(&mut model, "qqq").is_empty());
    assert_eq!(press(&mut model, "q"), [tidegate::console::Cmd::Quit]);
}
