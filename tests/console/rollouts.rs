//! Rollouts on the screen, and the keys that steer them.

use crate::fixture::{at, model_of, person, rows_with_rollouts, step_key};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::rows::{Freeze, KeptRow, Mark, May, Row, StepRow};
use tidegate::console::{Cmd, Model};
use tidegate::model::{Command, RunId};

fn model(width: u16, height: u16) -> Model {
    model_of(rows_with_rollouts(), width, height)
}

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
    rollout_needs_you: "j";
    rollout_page: "'rollout 17⏎";
    rollout_node: "'rollout 17⏎⏎";
    rollout_node_soaking: "'rollout 18⏎gj⏎";
    rollout_back_sheet: "jR";
    rollout_forward_sheet: "jF";
    rollout_abort_sheet: "jX";
    rollout_pause_sheet: "jp";
    rollout_skip_sheet: "'rollout 17⏎K";
    rollout_retry_sheet: "'rollout 17⏎T";
    rollout_node_back_sheet: "'rollout 18⏎gjR";
    rollout_impact: "'rollout 18⏎gji";
}

fn sent(keys: &str) -> Option<Command> {
    let mut model = model(80, 24);
    press(&mut model, keys).into_iter().find_map(|cmd| match cmd {
        Cmd::Send { command, .. } => Some(command),
        _ => None,
    })
}

#[test]
fn what_is_typed_is_the_name_of_what_it_is_about() {
    let forward = sent("jF2026.11.2⇥new probe⏎");
    assert!(matches!(forward, Some(Command::RollForward { run: RunId(17), .. })), "{forward:?}");
    let back = sent("jRrollout 17⇥bad kernel⏎");
    assert!(matches!(back, Some(Command::RollBackAll { run: RunId(17), .. })), "{back:?}");
    let skip = sent("'rollout 17⏎Kn03⇥old disks⏎");
    assert!(matches!(skip, Some(Command::SkipNode { run: RunId(17), .. })), "{skip:?}");
    let one = sent("jKn03⇥old disks⏎");
    assert!(
        matches!(one, Some(Command::SkipNode { run: RunId(17), .. })),
        "the only one that failed: {one:?}"
    );
    let retry = sent("'rollout 17⏎Tn03⏎");
    assert!(matches!(retry, Some(Command::Retry { run: RunId(17), .. })), "{retry:?}");
    let node = sent("'rollout 18⏎gjRg2⏎");
    assert!(matches!(node, Some(Command::Rollback { run: RunId(18), .. })), "{node:?}");
}

#[test]
fn an_order_back_names_what_keeps_the_release_and_why() {
    let mut rows = rows_with_rollouts();
    let part = rows.iter_mut().find_map(|row| match row {
        Row::Run(row) if row.run == RunId(17) => row.rollout.as_mut(),
        _ => None,
    });
    let why = "it carries the work of n02, whose machine was not removed".to_owned();
    part.unwrap().keeps = vec![KeptRow { node: "n02b".parse().unwrap(), why }];
    let mut model = model_of(rows, 200, 50);
    press(&mut model, "jR");
    let said = "keeps     2026.11.2: n02b (it carries the work of n02, whose machine was not removed)";
    assert!(picture(&model).contains(said), "{}", picture(&model));
}

/// Rollout 17, whose release is in quarantine or not.
fn rows_where(quarantined: bool, paused: bool) -> Vec<Row> {
    let mut rows = rows_with_rollouts();
    for row in &mut rows {
        match row {
            Row::Run(row) if row.run == RunId(17) && paused => {
                let reason = Some("vendor ticket 8812".to_owned());
                row.paused = Some(Freeze { by: person("ben"), reason, since: at("02:11"), until: None });
            }
            Row::Pool(row) if row.pool.as_str() == "general" && !quarantined => {
                row.announced[1].quarantine = None;
            }
            _ => {}
        }
    }
    rows
}

#[test]
fn a_roll_forward_says_that_it_ends_a_quarantine_and_a_pause() {
    let mut model = model_of(rows_where(true, true), 80, 24);
    press(&mut model, "jF");
    let shown = picture(&model);
    for said in [
        "2026.11.2 is quarantined: rollout 17: prod/web was not well on n03;",
        "paused    by ben 02:11: vendor ticket 8812; this ends that too",
        "a rollout of 2026.11.2 again",
    ] {
        assert!(shown.contains(said), "{said:?} is not in:\n{shown}");
    }
}

#[test]
fn a_roll_forward_to_what_is_not_in_quarantine_wants_no_reason() {
    let mut model = model_of(rows_where(false, false), 80, 24);
    let cmds = press(&mut model, "jF2026.11.2⏎");
    let forward = cmds
        .into_iter()
        .find_map(|cmd| if let Cmd::Send { command, .. } = cmd { Some(command) } else { None });
    assert!(matches!(forward, Some(Command::RollForward { reason: None, .. })), "{forward:?}");
}

#[test]
fn what_could_be_chosen_says_what_is_in_quarantine() {
    let shown = |quarantined: bool| {
        let mut model = model_of(rows_where(quarantined, false), 200, 50);
        press(&mut model, "j");
        picture(&model)
    };
    assert!(shown(true).contains("F forward to 2026.11.2 (quarantined), R roll"), "{}", shown(true));
    assert!(shown(false).contains("F forward to 2026.11.2 (the same release), R roll"), "{}", shown(false));
}

#[test]
fn less_than_that_sends_nothing() {
    for keys in [
        "jF⏎",
        "jF17⏎",
        "jF2026.11.2⏎",
        "jRrollout 17⏎",
        "jR17⇥why⏎",
        "'rollout 17⏎Kn03⏎",
        "'rollout 17⏎K⇥why⏎",
        "'rollout 18⏎gjR18⏎",
    ] {
        assert_eq!(sent(keys), None, "{keys} was enough");
    }
}

#[test]
fn no_screen_of_a_rollout_speaks_of_images() {
    for keys in [
        "'rollout 17⏎",
        "'rollout 17⏎⏎",
        "'rollout 18⏎gj⏎",
        "jR",
        "jF",
        "jX",
        "jp",
        "'rollout 17⏎K",
        "'rollout 18⏎gji",
    ] {
        let mut model = model(80, 24);
        press(&mut model, keys);
        let shown = picture(&model);
        let below: String = shown.lines().skip(2).collect();
        assert!(!below.contains("image"), "{keys}:\n{shown}");
    }
}

/// Not that of taking it back, which came last and went well.
#[test]
fn the_log_of_a_node_that_was_put_back_is_that_of_the_move() {
    let log = |keys: &str| {
        let mut model = model(80, 24);
        press(&mut model, keys).into_iter().find_map(|cmd| match cmd {
            Cmd::Log { id, .. } => Some(id),
            _ => None,
        })
    };
    let moved = Some("r17/node:prod/n03/shift/1".to_owned());
    assert_eq!(log("'rollout 17⏎⏎l"), moved);
    assert_eq!(log("jl"), moved, "a rollout's log is that of the node that failed");
    assert_eq!(log("'rollout 18⏎gj⏎l"), None, "nothing was logged of this one");
}

/// The rollouts, with one step of rollout 17 changed.
fn rows_with(name: &str, change: impl FnOnce(&mut StepRow)) -> Vec<Row> {
    let mut rows = rows_with_rollouts();
    let key = step_key(&format!("node:prod/{name}"));
    let found = rows.iter_mut().find_map(|row| match row {
        Row::Step(row) if row.run == RunId(17) && row.step == key => Some(row),
        _ => None,
    });
    change(found.expect("it is in the fixture"));
    rows
}

/// The rollouts, with rollout 17 paused, and everything frozen where that is asked for.
fn held_rows(frozen: bool) -> Vec<Row> {
    let stop = |by: &str, why: &str| {
        let (since, reason) = (at("02:13"), Some(why.to_owned()));
        Some(Freeze { by: person(by), reason, since, until: None })
    };
    let mut rows = rows_with_rollouts();
    for row in &mut rows {
        match row {
            Row::Run(row) if row.run == RunId(17) => row.paused = stop("ana", "ask the vendor"),
            Row::Daemon(row) if frozen => row.freeze = stop("cto", "black friday"),
            _ => {}
        }
    }
    rows
}

fn shown(rows: Vec<Row>, keys: &str) -> String {
    let mut model = model_of(rows, 80, 24);
    press(&mut model, keys);
    picture(&model)
}

#[test]
fn a_rollout_tries_no_node_again_that_somebody_left_out() {
    let left_out = |row: &mut StepRow| {
        (row.state, row.mark, row.may) = ("skipped".to_owned(), Mark::Blocked, vec![May::Retry]);
    };
    let shown = shown(rows_with("n02", left_out), "jT");
    assert!(shown.contains("TRY AGAIN node n03"), "{shown}");
}

#[test]
fn where_several_nodes_failed_a_person_chooses() {
    let failed = |row: &mut StepRow| {
        (row.state, row.mark) = ("failed".to_owned(), Mark::Failed);
        row.may = vec![May::Retry, May::Skip];
    };
    for key in ["T", "K"] {
        let shown = shown(rows_with("n04", failed), &format!("j{key}"));
        assert!(shown.contains("several nodes could be meant; Enter, then choose one"), "{shown}");
        assert!(shown.contains("Enter choose"), "{shown}");
    }
}

#[test]
fn all_of_a_rollout_goes_back_from_its_row_and_its_own_screen_says_so() {
    let shown = shown(rows_with_rollouts(), "'rollout 17⏎R");
    for said in ["R all: on its row (3)", "all of rollout 17: R on its row (3)", "stopped, 2 of 6 nodes done"]
    {
        assert!(shown.contains(said), "{said} is not in {shown}");
    }
}

#[test]
fn a_rollout_that_stopped_and_is_paused_says_both_and_what_ends_each() {
    for keys in ["j", "3G"] {
        let row = shown(held_rows(false), keys);
        assert!(row.contains("P, which ends the pause") && !row.contains("stopped   by ana"), "{row}");
        assert_eq!(row.matches(" by itself ").count(), 1, "{row}");
    }
    let row = shown(held_rows(false), "3G");
    assert!(row.contains("paused    by ana since 02:13: ask the vendor; no end set"), "{row}");
    let sheet = shown(held_rows(false), "jP");
    assert!(sheet.contains("but stays stopped: F, R, T, K or X"), "{sheet}");
}

#[test]
fn the_sheets_of_a_node_name_what_else_holds_its_rollout_back() {
    for key in ["K", "T"] {
        let sheet = shown(held_rows(true), &format!("'rollout 17⏎{key}"));
        for said in ["it is paused by ana", "all is frozen by cto"] {
            assert!(sheet.contains(said), "{said} is not in {sheet}");
        }
    }
}

#[test]
fn a_key_that_does_nothing_here_says_what_it_would_need() {
    for (keys, said) in [
        ("jA", "A approve: nothing is held here"),
        ("4P", "P resume: nothing is paused, pinned or frozen here"),
        ("4jjS", "S start: only an image, or the plan (n) of a pool that is idle and not pinned"),
        ("jU", "U unquarantine: nothing is quarantined or skipped here"),
    ] {
        let before = shown(rows_with_rollouts(), keys);
        assert!(before.contains(said), "{before}");
        let after = shown(rows_with_rollouts(), &format!("{keys}k"));
        assert!(!after.contains(said), "the next key ends it: {after}");
    }
}
