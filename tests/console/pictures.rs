//! Pictures of every screen, at the smallest size that shows everything and on a large terminal.

use crate::fixture::{self, at, daemon, model, model_of, now, snapshot};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::logs::Window;
use tidegate::api::rows::{Row, SourceRow, Stuck};
use tidegate::api::why::{Fact, Link, Why};
use tidegate::console::model::Size;
use tidegate::console::msg::LinkEvent;
use tidegate::console::{Model, Msg, update};
use tidegate::model::Seq;

/// A picture at both sizes of the bad night after some keys.
fn both(name: &str, keys: &str) {
    for (width, height) in [(80, 24), (200, 50)] {
        let mut model = model(width, height);
        press(&mut model, keys);
        insta::assert_snapshot!(format!("{name}_{width}"), picture(&model));
    }
}

macro_rules! pictures {
    ($($name:ident: $keys:literal;)*) => { $(#[test] fn $name() { both(stringify!($name), $keys); })* };
}

pictures! {
    overview: "";
    overview_with_a_hold_selected: "jj";
    lineage: "1";
    lineage_behind_only: "b";
    updates: "2";
    runs: "3";
    run: "3jj⏎";
    step: "3jj⏎gjjj⏎";
    incidents: "6";
    incident: "⏎";
    journal: "7";
    workload: "'edge⏎";
    image: "1jjjj⏎";
    impact: "ji";
    help: "?";
    palette: ":re";
    jump: "'bil";
    filter: "2/deb";
    approve_sheet: "jjA";
    approve_sheet_over_the_run: "3jj⏎gjjA";
    reject_sheet: "jjx";
    rollback_sheet: "3jjj⏎gjR";
    pause_sheet: "jjp";
    resume_sheet: "jjjP";
    abort_sheet: "jjX";
    freeze_sheet: "!";
    unquarantine_sheet: "'edge⏎U";
}

fn fresh() -> Model {
    Model::new(Size { width: 80, height: 24 }, now(), false)
}

#[test]
fn connecting() {
    insta::assert_snapshot!(picture(&fresh()));
}

#[test]
fn loading() {
    let mut model = fresh();
    update(&mut model, Msg::Link(LinkEvent::Up));
    let mut frames = snapshot(fixture::rows());
    frames.truncate(12);
    update(&mut model, Msg::Rows(frames, now()));
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn no_daemon() {
    let mut model = fresh();
    let why = "no daemon at /run/tidegate.sock; start one with `tidegate daemon`".to_owned();
    update(&mut model, Msg::Link(LinkEvent::Down { why, at: now() }));
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn link_lost() {
    let mut model = model(80, 24);
    let why = "lost the daemon: the stream ended".to_owned();
    update(&mut model, Msg::Link(LinkEvent::Down { why, at: at("02:14:30") }));
    press(&mut model, "jjA");
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn nothing_to_do() {
    let model = model_of(vec![Row::Daemon(daemon())], 80, 24);
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn every_empty_list_says_what_would_stand_there() {
    let mut out = String::new();
    for key in ["1", "2", "3", "6", "7", "b"] {
        let mut model = model_of(vec![Row::Daemon(daemon())], 80, 24);
        press(&mut model, key);
        let shown = picture(&model);
        for line in shown.lines().skip(1).take(4) {
            out.push_str(line);
            out.push('\n');
        }
    }
    insta::assert_snapshot!(out);
}

#[test]
fn a_source_that_does_not_answer_and_a_disk_that_is_full() {
    let stuck = |why: &str| Some(Stuck { why: why.to_owned(), since: at("02:01") });
    let mut rows = fixture::rows();
    rows.push(Row::Source(SourceRow {
        name: "fleet prod".to_owned(),
        seen: None,
        lost: stuck("connection refused"),
        next: None,
    }));
    rows.push(Row::Daemon(tidegate::api::rows::DaemonRow { stuck: stuck("no space left"), ..daemon() }));
    insta::assert_snapshot!(picture(&model_of(rows, 80, 24)).lines().next().unwrap().to_owned());
}

#[test]
fn log_at_its_first_error() {
    let mut model = model(80, 24);
    let cmds = press(&mut model, "jl");
    assert_eq!(cmds.len(), 1);
    let mut lines: Vec<String> = (1..=40).map(|n| format!("case {n} passed")).collect();
    lines[19] = "\u{1b}[31mError\u{1b}[0m: Tls.LegacyHandshake: no protocols available, and a line that is so long that it must be broken".to_owned();
    let window = Window {
        id: "r42/image:billing:3.2/test/1".to_owned(),
        offset: 0,
        next: 900,
        size: 900,
        open: false,
        lines,
        first_error: Some(19),
    };
    update(&mut model, Msg::Log { id: window.id.clone(), window: Ok(window) });
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn why_with_its_chain() {
    let mut model = model(80, 24);
    press(&mut model, "jjw");
    insta::assert_snapshot!("why_asked", picture(&model));
    let link = |subject: &str, what: &str| Link {
        subject: subject.to_owned(),
        waiting: fixture::waiting(what, "01:34:20", Some("03:31"), "oncall, platform", "rejected"),
    };
    let why = Why {
        subject: "run 42 mycriticalapp:1.4".to_owned(),
        state: "held, 1 of 2 approvals".to_owned(),
        chain: vec![
            link("deploy web", "mycriticalapp:1.4 to be published"),
            link("mycriticalapp:1.4", "1 of 2 approvals (gate prod)"),
        ],
        facts: vec![Fact {
            at: at("01:20:11"),
            who: "webhook".to_owned(),
            text: "debian:jessie moved 9f3c→b71e".to_owned(),
        }],
    };
    update(&mut model, Msg::Why { id: "42/image:mycriticalapp:1.4".to_owned(), why: Ok(why) });
    insta::assert_snapshot!("why_answered", picture(&model));
}

#[test]
fn a_small_terminal_says_so_and_shows_what_it_can() {
    insta::assert_snapshot!(picture(&model(60, 14)));
}

#[test]
fn ascii() {
    use tidegate::console::theme::{Depth, GlyphSet};
    let model = model(80, 24);
    let theme = tidegate::console::Theme::load("mono", Depth::None, GlyphSet::Ascii).unwrap();
    let buffer = crate::screen::buffer(&model, &theme);
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
    insta::assert_snapshot!(crate::screen::text(&buffer));
}

#[test]
fn the_journal_marks_where_somebody_last_looked() {
    let mut model = model(80, 24);
    let mut event = fixture::rows().into_iter().rev().find(|row| matches!(row, Row::Event(_))).unwrap();
    if let Row::Event(event) = &mut event {
        (event.seq, event.at, event.text) = (Seq(9), at("02:14:10"), "something new".to_owned());
        event.by = tidegate::model::Actor::Daemon;
    }
    let delta = tidegate::api::stream::Frame::Delta { seq: Seq(9), upsert: vec![event], remove: vec![] };
    update(&mut model, Msg::Rows(vec![delta], now()));
    press(&mut model, "7");
    insta::assert_snapshot!(picture(&model));
}
