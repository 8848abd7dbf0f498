//! The questions of an operator at two in the morning: so many keys, and the answer stands on an 80x24 screen.
//! Rows further down cost one `j` each; those are counted apart.

use crate::fixture::{edge_plan, model, model_of, rows_with_rollouts};
use crate::press::press;
use crate::screen::picture;
use tidegate::console::{Msg, update};

/// Presses `keys` (of which `down` only choose the row) and looks for every one of the words.
fn answers(down: &str, keys: &str, count: usize, words: &[&str]) {
    assert_eq!(keys.chars().count(), count, "so many keys are allowed");
    let mut model = model(80, 24);
    press(&mut model, down);
    press(&mut model, keys);
    let shown = picture(&model);
    for word in words {
        assert!(shown.contains(word), "{word:?} is not on the screen:\n{shown}");
    }
}

#[test]
fn q01_what_needs_a_person_and_what_happens_if_nobody_acts() {
    answers("", "", 0, &["needs you 4", "run 42", "if nobody acts", "03:31 rejected", "stays on 77b2"]);
}

#[test]
fn q02_are_users_hurt_now_and_did_we_do_it() {
    answers("", "", 0, &["users", "0 of 4100 probes failed since 01:06:10", "were hurt: 12 of 50"]);
}

#[test]
fn q03_is_this_screen_live_and_who_am_i() {
    answers("", "", 0, &["● live", "ana 02:14Z"]);
}

#[test]
fn q04_how_do_i_stop_this_and_what_finishes_anyway() {
    answers("jjj", "", 0, &["run 44"]);
    answers("jjjjj", "p", 1, &["PAUSE run 43", "finishes", "edge:2.1 (testing)", "Enter does it"]);
    answers("", "!", 1, &["FREEZE EVERYTHING", "finishes", "edge:2.1 (testing)", "Enter does it"]);
}

#[test]
fn q05_why_is_it_waiting_until_when_who_unblocks_it_what_happens_by_itself() {
    answers(
        "jj",
        "",
        0,
        &[
            "waits     since 01:34:20 for 1 of 2 approvals",
            "unblocks  oncall, platform",
            "by itself 03:31 rejected",
        ],
    );
}

#[test]
fn q06_if_i_approve_now_what_happens_and_can_i_undo_it() {
    answers(
        "jj",
        "A",
        1,
        &[
            "APPROVE mycriticalapp:1.4 77a0",
            "in place of 5e1d",
            "+0 to +6m",
            "undo",
            "about 40s",
            "nothing in this plan is irreversible",
            "03:31 rejected",
            "type 77a0, then Enter",
        ],
    );
}

#[test]
fn q07_what_broke() {
    answers("", "⏎", 1, &["verdict", "edge failed on dead", "GET /health   200 48/48 before"]);
    answers("j", "⏎", 1, &["this update broke it", "Tls.LegacyHandshake", "Tls.PinnedCipher", "control"]);
}

#[test]
fn q08_was_it_put_back_completely() {
    answers("", "", 0, &["put back", "edge runs c655 since 01:06:10", "nothing was left behind"]);
}

#[test]
fn q09_what_still_stands_on_the_old_base_and_why() {
    answers(
        "",
        "b",
        1,
        &[
            "behind only ── 2 of 10",
            "mycriticalapp:1.4",
            "9f3c",
            "12/12",
            "billing:3.2",
            "held 1 of 2",
            "6/6",
        ],
    );
}

#[test]
fn q11_which_node_is_sick_what_moved_there_was_it_sick_before() {
    let mut model = model_of(rows_with_rollouts(), 80, 24);
    press(&mut model, "j");
    press(&mut model, "⏎");
    let shown = picture(&model);
    for word in ["n03", "restored", "moves", "prod/web: 2 tasks", "before: 2 of 2", "now: 2 of 2"] {
        assert!(shown.contains(word), "{word:?} is not on the screen:\n{shown}");
    }
}

#[test]
fn q22_what_will_block_this_rollout() {
    let mut model = model_of(rows_with_rollouts(), 80, 24);
    press(&mut model, "4n");
    let (pool, release) = ("edge".parse().unwrap(), "2026.11.2".parse().unwrap());
    update(&mut model, Msg::Plan { pool, release, plan: Ok(Box::new(edge_plan())) });
    let shown = picture(&model);
    for word in [
        "1 of 3 fit",
        "1 with something in the way",
        "1 not known",
        "prod/cron: it holds port 9000",
        "wave 2",
    ] {
        assert!(shown.contains(word), "{word:?} is not on the screen:\n{shown}");
    }
}

#[test]
fn q12_what_would_roll_back_do() {
    let mut model = model(80, 24);
    press(&mut model, "3jjj⏎gj");
    press(&mut model, "R");
    let shown = picture(&model);
    for word in [
        "ROLL BACK deploy status to 18aa",
        "goes from 19fe back to 18aa",
        "quarantined",
        "not measured yet",
        "public tag",
        "type 18aa",
    ] {
        assert!(shown.contains(word), "{word:?} is not on the screen:\n{shown}");
    }
}

#[test]
fn q13_who_paused_this_why_until_when() {
    answers("jjj", "", 0, &["paused by ben", "vendor ticket 8812", "stays, no end set"]);
}

#[test]
fn q14_how_long_is_left_and_is_that_usual() {
    answers("", "", 0, &["left", "usual", "4m00   5m00"]);
}

#[test]
fn q15_will_it_come_back_by_itself() {
    answers("j", "", 0, &["by itself the next move of debian:jessie tries again"]);
}

#[test]
fn q16_what_changed_and_by_whom() {
    answers("", "7", 1, &["by people", "ben approved mycriticalapp:1.4 77a0", "you last looked here"]);
}

#[test]
fn q18_who_else_is_affected() {
    answers("jj", "i", 1, &["reach", "2 workloads, 16 tasks", "owners", "team-web"]);
}

#[test]
fn q20_who_holds_what_i_wait_for() {
    answers("jj", "w", 1, &["why: run 42", "waits", "unblocks"]);
}

#[test]
fn q21_where_does_it_run_which_digest_what_before() {
    answers(
        "",
        "'bill⏎",
        6,
        &["prod/billing", "runs      77b2", "stands on debian:jessie 9f3c", "billing.1 on n01"],
    );
}

#[test]
fn q23_may_i_sleep() {
    answers("", "", 0, &["coming up", "03:31", "06:00", "freeze black-friday begins"]);
}

#[test]
fn q24_who_approved_which_digest_on_which_tests() {
    answers("jj", "e", 1, &["journal of run 42", "ben approved mycriticalapp:1.4 77a0, tests 210/210"]);
}
