//! Pools, their nodes, and the plan of a rollout before it is started.

use crate::fixture::{at, daemon, edge_plan, model_of, now, rows_with_rollouts};
use crate::press::press;
use crate::screen::picture;
use tidegate::api::rollout::PlanRow;
use tidegate::api::rows::{DaemonRow, Freeze, PoolRow, Row};
use tidegate::api::stream::Frame;
use tidegate::console::model::NoPlan;
use tidegate::console::{Cmd, Model, Msg, update};
use tidegate::model::{Actor, Command, RunId, Seq};

fn model(width: u16, height: u16) -> Model {
    model_of(rows_with_rollouts(), width, height)
}

fn answer(model: &mut Model, plan: Result<PlanRow, NoPlan>) {
    let PlanRow { pool, release, .. } = edge_plan();
    update(model, Msg::Plan { pool, release, plan: plan.map(Box::new) });
}

/// Presses keys, lets the daemon answer, and presses more.
fn planned(width: u16, height: u16, keys: &str, more: &str) -> Model {
    let mut model = model(width, height);
    press(&mut model, keys);
    answer(&mut model, Ok(edge_plan()));
    press(&mut model, more);
    model
}

fn both(name: &str, keys: &str, more: &str) {
    for (width, height) in [(80, 24), (200, 50)] {
        let model = planned(width, height, keys, more);
        insta::assert_snapshot!(format!("{name}_{width}"), picture(&model));
    }
}

macro_rules! pictures {
    ($($name:ident: $keys:literal, $more:literal;)*) => {
        $(#[test] fn $name() { both(stringify!($name), $keys, $more); })*
    };
}

pictures! {
    pools: "4", "";
    pool: "4j⏎", "";
    pin_sheet: "4", "p";
    skip_sheet: "4n", "x";
    node: "4j⏎jj⏎", "";
    node_that_took_a_place: "'node prod/n01b⏎", "";
    plan: "4n", "";
    plan_start_sheet: "4n", "S";
}

#[test]
fn a_plan_is_asked_for_and_says_so_until_the_answer_comes() {
    let mut model = model(80, 24);
    let asked = press(&mut model, "4n");
    assert!(
        matches!(&asked[..], [Cmd::Plan { pool, release }] if pool.as_str() == "edge" && release.as_str() == "2026.11.2")
    );
    let shown = picture(&model);
    assert!(shown.contains("The fleet is asked"), "{shown}");
    assert_eq!(press(&mut model, "S"), [], "nothing is started that was not seen");
    let why = "no node of fleet prod was seen yet; it must be reachable first".to_owned();
    answer(&mut model, Err(NoPlan::Refused(why)));
    let shown = picture(&model);
    assert!(shown.contains("There is nothing to start: no node of fleet prod was seen yet"), "{shown}");
    assert_eq!(press(&mut model, "n").len(), 1, "n asks anew");
}

#[test]
fn a_daemon_that_is_not_reached_does_not_say_that_there_is_nothing_to_start() {
    let mut model = model(80, 24);
    press(&mut model, "4n");
    let why = "no answer within 10s".to_owned();
    answer(&mut model, Err(NoPlan::Unknown(why)));
    let shown = picture(&model);
    assert!(shown.contains("The plan is not known: no answer within 10s; n asks again"), "{shown}");
    assert!(!shown.contains("nothing to start"), "{shown}");
}

#[test]
fn the_arrows_lead_to_the_plans_of_other_releases_and_no_further() {
    let mut model = planned(80, 24, "4n", "");
    assert_eq!(press(&mut model, "→"), []);
    let asked = press(&mut model, "←");
    assert!(
        matches!(&asked[..], [Cmd::Plan { release, .. }] if release.as_str() == "2026.11.1"),
        "{asked:?}"
    );
    assert_eq!(press(&mut model, "←"), []);
    // An answer about the release that is not shown any more changes nothing.
    answer(&mut model, Ok(edge_plan()));
    assert!(picture(&model).contains("The fleet is asked"));
}

fn sent(mut model: Model, keys: &str) -> Option<Command> {
    press(&mut model, keys).into_iter().find_map(|cmd| match cmd {
        Cmd::Send { command, .. } => Some(command),
        _ => None,
    })
}

#[test]
fn a_rollout_is_started_by_its_name_and_with_the_plan_that_was_seen() {
    for keys in ["S⏎", "Sedge⏎", "S2026.11⏎"] {
        assert_eq!(sent(planned(80, 24, "4n", ""), keys), None, "{keys} was enough");
    }
    let Some(Command::StartRollout { pool, release, seen, reason }) =
        sent(planned(80, 24, "4n", ""), "S2026.11.2⇥new kernel⏎")
    else {
        panic!("nothing was sent");
    };
    assert_eq!(
        (pool.as_str(), release.as_str(), reason.as_deref()),
        ("edge", "2026.11.2", Some("new kernel"))
    );
    assert_eq!(seen.plan, Some(edge_plan().plan));
}

#[test]
fn a_release_in_quarantine_needs_a_reason() {
    let with = || {
        let mut model = planned(80, 24, "4n", "");
        update(&mut model, edge(|row| row.announced[1].quarantine = Some(SICK.to_owned())));
        model
    };
    assert_eq!(sent(with(), "S2026.11.2⏎"), None);
    assert!(sent(with(), "S2026.11.2⇥it was the probe⏎").is_some());
}

const SICK: &str = "rollout 9: prod/web was not well";

/// A plan is asked for once; whether its release is kept out is read as it is now.
#[test]
fn what_came_into_quarantine_after_its_plan_is_shown_and_needs_a_reason() {
    let mut model = planned(80, 24, "4n", "");
    update(&mut model, edge(|row| row.announced[1].quarantine = Some(SICK.to_owned())));
    let said = "kept out  quarantined: rollout 9: prod/web was not well; a start ends that";
    assert!(picture(&model).contains(said), "{}", picture(&model));

    let mut open = planned(80, 24, "4n", "S2026.11.2");
    update(&mut open, edge(|row| row.announced[1].quarantine = Some(SICK.to_owned())));
    let shown = picture(&open);
    for said in
        ["MOVED     2026.11.2 is kept out now: a reason is needed", "2026.11.2 is quarantined: rollout 9"]
    {
        assert!(shown.contains(said), "{said} is not in {shown}");
    }
    assert_eq!(sent(open, "⏎2026.11.2⏎"), None);
}

#[test]
fn what_was_skipped_after_its_plan_needs_a_reason() {
    let with = || {
        let mut model = planned(80, 24, "4n", "");
        update(&mut model, edge(|row| row.announced[1].skipped = Some(kept("old driver"))));
        press(&mut model, "S");
        model
    };
    let shown = picture(&with());
    assert!(
        shown.contains("kept out  2026.11.2 is skipped by ben 02:14: old driver; this ends that"),
        "{shown}"
    );
    assert_eq!(sent(with(), "2026.11.2⏎"), None);
    assert!(sent(with(), "2026.11.2⇥it has the new one⏎").is_some());
}

#[test]
fn a_plan_says_of_when_it_is() {
    let mut model = planned(80, 24, "4n", "");
    update(&mut model, Msg::Clock(at("02:40")));
    assert!(picture(&model).contains("as of     02:14: "), "{}", picture(&model));
    press(&mut model, "n");
    answer(&mut model, Ok(edge_plan()));
    assert!(picture(&model).contains("as of     02:40: "), "{}", picture(&model));
}

#[test]
fn a_rollout_that_somebody_began_meanwhile_cannot_be_started_again() {
    let mut model = planned(80, 24, "4n", "S");
    update(&mut model, edge(|row| row.run = Some(RunId(19))));
    let shown = picture(&model);
    assert!(shown.contains("this can no longer be started: rollout 19 is under way"), "{shown}");
    assert_eq!(press(&mut model, "2026.11.2⏎"), []);
}

#[test]
fn where_there_is_no_pool_there_is_no_view_of_pools() {
    let mut model = crate::fixture::model(80, 24);
    let before = picture(&model);
    press(&mut model, "4n");
    assert_eq!(picture(&model), before);
}

#[test]
fn a_pool_says_who_pinned_it_and_what_is_skipped() {
    let mut model = model(200, 50);
    let change = edge(|row| {
        (row.pinned, row.next) = (Some(kept("disks are being swapped")), None);
        row.announced[1].skipped = Some(kept("it has the old driver"));
    });
    update(&mut model, change);
    press(&mut model, "4");
    let shown = picture(&model);
    for said in ["disks are being swapped", "skipped by ben", "it has the old driver", "P ends that"] {
        assert!(shown.contains(said), "{said} is not in {shown}");
    }
}

/// The row of the pool `edge`, changed.
fn edge(change: impl FnOnce(&mut PoolRow)) -> Msg {
    let pool = rows_with_rollouts().into_iter().find_map(|row| match row {
        Row::Pool(row) if row.pool.as_str() == "edge" => Some(row),
        _ => None,
    });
    let mut pool = pool.expect("it is in the fixture");
    change(&mut pool);
    Msg::Rows(vec![Frame::Delta { seq: Seq(9), upsert: vec![Row::Pool(pool)], remove: vec![] }], now())
}

fn kept(why: &str) -> Freeze {
    let by = Actor::Person { name: "ben".to_owned(), uid: 1001 };
    Freeze { by, reason: Some(why.to_owned()), since: now(), until: None }
}

#[test]
fn a_pool_is_pinned_for_a_reason_and_its_pin_ended_by_its_name() {
    assert_eq!(sent(model(80, 24), "4p⏎"), None);
    let Some(Command::Pin { pool, reason }) = sent(model(80, 24), "4pdisks are swapped⏎") else {
        panic!("nothing was sent");
    };
    assert_eq!((pool.as_str(), reason.as_str()), ("edge", "disks are swapped"));

    let pinned = || {
        let mut model = model(80, 24);
        update(&mut model, edge(|row| row.pinned = Some(kept("disks"))));
        model
    };
    assert_eq!(sent(pinned(), "4pagain⏎"), None, "it is pinned");
    assert_eq!(sent(pinned(), "4P⏎"), None);
    let Some(Command::Unpin { pool, reason: None }) = sent(pinned(), "4Pedge⏎") else {
        panic!("nothing was sent");
    };
    assert_eq!(pool.as_str(), "edge");
}

#[test]
fn where_a_rollout_is_under_way_p_pauses_that() {
    for keys in ["4jp⏎", "4j⏎p⏎"] {
        let sent = sent(model(80, 24), keys);
        assert!(matches!(sent, Some(Command::Pause { run: RunId(17), .. })), "{keys}: {sent:?}");
    }
}

#[test]
fn on_a_pools_own_screen_p_is_its_pin_whichever_node_is_selected() {
    let pin = sent(model(80, 24), "4⏎jpdisks⏎");
    assert!(matches!(&pin, Some(Command::Pin { pool, .. }) if pool.as_str() == "edge"), "{pin:?}");

    // Also while everything is frozen: the freeze is ended where no pin is.
    let frozen = DaemonRow { freeze: Some(kept("sale")), ..daemon() };
    let upsert = vec![Row::Daemon(frozen)];
    let freeze =
        || Msg::Rows(vec![Frame::Delta { seq: Seq(8), upsert: upsert.clone(), remove: vec![] }], now());
    let mut unpinned = model(80, 24);
    update(&mut unpinned, freeze());
    let thaw = sent(unpinned, "4⏎Pprod⏎");
    assert!(matches!(thaw, Some(Command::Thaw { .. })), "{thaw:?}");
    let mut pinned = model(80, 24);
    update(&mut pinned, freeze());
    update(&mut pinned, edge(|row| row.pinned = Some(kept("disks"))));
    let unpin = sent(pinned, "4⏎jPedge⏎");
    assert!(matches!(&unpin, Some(Command::Unpin { pool, .. }) if pool.as_str() == "edge"), "{unpin:?}");
}

#[test]
fn a_release_is_skipped_on_its_plan_for_a_reason() {
    assert_eq!(sent(planned(80, 24, "4n", ""), "x⏎"), None);
    let Some(Command::SkipRelease { pool, release, reason }) =
        sent(planned(80, 24, "4n", ""), "xold driver⏎")
    else {
        panic!("nothing was sent");
    };
    assert_eq!((pool.as_str(), release.as_str(), reason.as_str()), ("edge", "2026.11.2", "old driver"));

    let skipped = || {
        let mut model = planned(80, 24, "4n", "");
        update(&mut model, edge(|row| row.announced[1].skipped = Some(kept("old driver"))));
        model
    };
    assert!(picture(&skipped()).contains("skipped   by ben 02:14: old driver"), "{}", picture(&skipped()));
    assert_eq!(sent(skipped(), "xagain⏎"), None, "it is skipped");
    assert_eq!(sent(skipped(), "U2026.11.2⏎"), None, "a reason is needed");
    assert!(matches!(sent(skipped(), "U2026.11.2⇥mended⏎"), Some(Command::UnskipRelease { .. })));
}

#[test]
fn a_release_that_has_begun_cannot_be_skipped() {
    let mut model = planned(80, 24, "4n", "");
    update(&mut model, edge(|row| row.announced[1].taken = true));
    assert_eq!(sent(model, "xold driver⏎"), None);
}

#[test]
fn a_sheet_says_that_somebody_else_was_quicker() {
    let mut pin = planned(80, 24, "4", "p");
    update(&mut pin, edge(|row| row.pinned = Some(kept("disks"))));
    assert!(picture(&pin).contains("this is done already: pinned by ben"), "{}", picture(&pin));
    assert_eq!(sent(pin, "me too⏎"), None);

    let mut skip = planned(80, 24, "4n", "x");
    update(&mut skip, edge(|row| row.announced[1].taken = true));
    assert!(picture(&skip).contains("a rollout of 2026.11.2 has begun"), "{}", picture(&skip));
    assert_eq!(sent(skip, "old driver⏎"), None);
}
