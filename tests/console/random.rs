//! Whatever comes and whatever the size: a picture, no panic, nothing that a terminal would obey.

use crate::fixture::{image, model_of, now, rows, workload};
use crate::screen::{buffer, theme};
use proptest::prelude::*;
use tidegate::api::logs::Window;
use tidegate::api::rows::{Row, RowKey};
use tidegate::api::stream::Frame;
use tidegate::console::key::Key;
use tidegate::console::{Cmd, Msg, update};
use tidegate::model::{Seq, Span};

/// Texts that want to be more than text.
fn nasty() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        Just("\u{1b}[2J\u{1b}]0;pwned\u{7}".to_owned()),
        Just("日本語のとても長い名前がここに立っています".to_owned()),
        Just("a\u{202e}b\r\n\t\u{0}\u{9b}31mc".to_owned()),
        Just("e\u{301}\u{301}\u{301}👩‍👩‍👧‍👦".to_owned()),
        Just("x".repeat(2_000)),
        Just(String::new()),
    ]
}

fn spoil(row: Row, text: &str) -> Row {
    let text = text.to_owned();
    match row {
        Row::Need(mut row) => {
            (row.object, row.text, row.outcome) = (text.clone(), text.clone(), text);
            Row::Need(row)
        }
        Row::Run(mut row) => {
            (row.cause, row.state, row.doing) = (text.clone(), text.clone(), text);
            Row::Run(row)
        }
        Row::Step(mut row) => {
            (row.title, row.result, row.state) = (text.clone(), text.clone(), text.clone());
            (row.verdict, row.progress, row.seen) =
                (Some(text.clone()), Some(text.clone()), vec![text.clone(); 30]);
            if let Some(hold) = &mut row.hold {
                (hold.at_once, hold.then, hold.undo) = (text.clone(), vec![text.clone(); 20], text);
            }
            Row::Step(row)
        }
        Row::Incident(mut row) => {
            (row.cause, row.verdict, row.users) = (text.clone(), text.clone(), text);
            Row::Incident(row)
        }
        Row::Event(mut row) => {
            row.text = text;
            Row::Event(row)
        }
        Row::Daemon(mut row) => {
            row.name = text;
            Row::Daemon(row)
        }
        Row::Image(mut row) => {
            (row.state, row.why_behind) = (text.clone(), Some(text));
            // A circle of bases, and a base that nobody knows.
            if let Some(base) = row.bases.first_mut() {
                base.image = Some(image(if base.name.len() % 2 == 0 { "edge:2.1" } else { "nobody:1" }));
            }
            Row::Image(row)
        }
        Row::Workload(mut row) => {
            row.state = text;
            row.image = Some(image("nobody:2"));
            Row::Workload(row)
        }
        other @ (Row::Source(_) | Row::Coming(_) | Row::Pool(_) | Row::Node(_)) => other,
    }
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    let one = prop_oneof![
        4 => prop::sample::select("jkgG0123677bwile?/:'APSTRFKXUpxa!fc-y7a0".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        1 => prop::sample::select(vec![
            Key::Enter, Key::Enter, Key::Enter, Key::Esc, Key::Tab, Key::Backspace, Key::Left, Key::Right,
            Key::PageDown, Key::PageUp, Key::Ctrl('d'), Key::Ctrl('c'), Key::Home, Key::End,
        ]),
    ];
    prop::collection::vec(one, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn a_picture_whatever_comes(
        width in 0u16..220,
        height in 0u16..60,
        text in nasty(),
        keys in keys(),
        drop in 0usize..40,
    ) {
        let spoiled: Vec<Row> = rows().into_iter().map(|row| spoil(row, &text)).collect();
        let mut model = model_of(spoiled, width, height);
        for (n, key) in keys.into_iter().enumerate() {
            let at = now() + Span::from_secs(n as u64);
            for cmd in update(&mut model, Msg::Key(key, at)).1 {
                if let Cmd::Log { id, .. } = cmd {
                    let window = Window {
                        id: id.clone(), offset: 0, next: 9, size: 90, open: true, lines: vec![text.clone(); 40], first_error: Some(3),
                    };
                    update(&mut model, Msg::Log { id, window: Ok(window) });
                }
            }
            if n == drop % 7 {
                let remove: Vec<RowKey> = rows().iter().skip(drop).step_by(3).map(Row::key).collect();
                update(&mut model, Msg::Rows(vec![Frame::Delta { seq: Seq(9), upsert: vec![], remove }], at));
            }
            if n == 11 {
                update(&mut model, Msg::Resize(height * 3, width / 4));
            }
            let buffer = buffer(&model, &theme());
            for cell in &buffer.content {
                prop_assert!(!cell.symbol().chars().any(char::is_control), "{:?}", cell.symbol());
                let turns = cell.symbol().contains('\u{202e}');
                prop_assert!(!turns);
            }
        }
        let _ = workload("prod/web");
    }
}
