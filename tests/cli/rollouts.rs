//! Rollouts on the wire and on the command line.

use crate::pool::{Hands, node, release, workers};
use crate::rows::same;
use crate::world::{Memory, serve};
use std::future::Future;
use std::sync::Arc;
use tidegate::api::rows::{IncidentRow, Mark, May, NeedRow, Row, RowKey, RunRow, StepRow};
use tidegate::model::nodes::{Availability, NodeChange};
use tidegate::model::{Actor, Command, Digest, RunId, Seen};
use tidegate::server::Source;

fn ana() -> Actor {
    Actor::Person { name: "ana".to_owned(), uid: 1 }
}

fn plan(memory: &Memory) -> Digest {
    memory.read(|state| state.rollout_plan(&workers(), &release("r2")).unwrap().hash())
}

async fn starts(memory: &Arc<Memory>) {
    let seen = Seen { plan: Some(plan(memory)), ..Seen::default() };
    let (pool, release) = (workers(), release("r2"));
    let command = Command::StartRollout { pool, release, seen, reason: None };
    let reply = memory.command(ana(), command).await;
    assert!(matches!(reply, tidegate::api::Reply::Accepted { .. }), "{reply:?}");
}

/// For tests that run commands, each of which has a runtime of its own.
fn now<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn stopped() -> Hands {
    let mut hands = Hands::new();
    hands.sick = Some("w1");
    starts(&hands.memory).await;
    hands.to(1, "w1", "restored");
    hands
}

fn run(memory: &Memory, run: u64) -> RunRow {
    match &*memory.table.row(&RowKey::Run(RunId(run))).unwrap() {
        Row::Run(row) => row.clone(),
        other => panic!("{other:?}"),
    }
}

fn step(memory: &Memory, run: u64, name: &str) -> StepRow {
    match &*memory.table.row(&RowKey::Step(RunId(run), node(name))).unwrap() {
        Row::Step(row) => (**row).clone(),
        other => panic!("{other:?}"),
    }
}

fn needs(memory: &Memory) -> Vec<NeedRow> {
    let rows = memory.table.rows().1;
    rows.iter()
        .filter_map(|row| if let Row::Need(need) = &**row { Some(need.clone()) } else { None })
        .collect()
}

fn incident(memory: &Memory) -> IncidentRow {
    let rows = memory.table.rows().1;
    rows.iter()
        .find_map(|row| if let Row::Incident(row) = &**row { Some(row.clone()) } else { None })
        .unwrap()
}

#[tokio::test]
async fn rows_of_a_rollout_that_are_kept_up_to_date_equal_rows_made_anew() {
    let mut hands = Hands::new();
    same(&hands.memory, "at the start");
    starts(&hands.memory).await;
    same(&hands.memory, "started");
    hands.until(
        |state| state.rollouts[&RunId(1)].ended.is_some(),
        |memory| same(memory, &memory.read(|state| state.now.to_string())),
    );
    let row = run(&hands.memory, 1);
    assert_eq!((row.mark, row.state.as_str(), row.done), (Mark::Good, "3 of 3 nodes done", 3));
    let part = row.rollout.unwrap();
    assert!(part.back && part.forward.is_none(), "{part:?}");
    assert_eq!(
        step(&hands.memory, 1, "w1").may,
        [May::Rollback],
        "a done node goes back by a rollout of its own"
    );

    let command = Command::RollBackAll { run: RunId(1), reason: "slow disks".to_owned() };
    hands.memory.command(ana(), command).await;
    same(&hands.memory, "ordered back");
    assert!(step(&hands.memory, 1, "w1").may.is_empty(), "another rollout has the pool now");
    let back = run(&hands.memory, 2);
    assert!(back.cause.contains("takes back rollout 1, by ana"), "{}", back.cause);
    hands.until(
        |state| state.rollouts[&RunId(2)].ended.is_some(),
        |memory| same(memory, &memory.read(|state| state.now.to_string())),
    );
}

#[tokio::test]
async fn rows_stay_right_while_a_rollout_is_paused_frozen_stopped_and_steered() {
    let mut hands = stopped().await;
    same(&hands.memory, "stopped");
    let (memory, run) = (hands.memory.clone(), RunId(1));
    let seen = || step(&memory, 1, "w1").expect;
    let commands = [
        Command::Pause { run, reason: Some("lunch".to_owned()), until: None },
        Command::Resume { run, reason: None },
        Command::Freeze { reason: None, until: None },
        Command::Thaw { reason: None },
        Command::SkipNode { run, step: node("w1"), seen: seen(), reason: "old disks".to_owned() },
    ];
    for command in commands {
        let when = format!("{command:?}");
        let reply = memory.command(ana(), command).await;
        assert!(matches!(reply, tidegate::api::Reply::Accepted { .. }), "{when}: {reply:?}");
        same(&memory, &when);
    }
    hands.sick = None;
    hands.until(|state| state.rollouts[&run].ended.is_some(), |memory| same(memory, "it goes on without w1"));
    assert_eq!(self::run(&memory, 1).state, "2 of 3 nodes done, 1 skipped");
}

#[tokio::test]
async fn a_rollout_that_stopped_says_what_was_seen_and_what_may_be_chosen() {
    let hands = stopped().await;
    let memory = &hands.memory;
    let row = run(memory, 1);
    assert_eq!((row.mark, row.state.as_str()), (Mark::Failed, "stopped, 0 of 3 nodes done, 1 failed"));
    assert!(row.cause.starts_with("workers r1→r2, started by ana "), "{}", row.cause);
    let part = row.rollout.unwrap();
    assert_eq!((part.failures, part.budget, part.stopped), (1, 0, true));
    assert_eq!(part.forward, Some(release("r2")));
    assert!(!part.back, "nothing was done that could go back");

    let w1 = step(memory, 1, "w1");
    assert_eq!((w1.state.as_str(), w1.mark), ("restored", Mark::Restored));
    assert_eq!(w1.may, [May::Retry, May::Skip]);
    let moved = &w1.node.as_ref().unwrap().moved[0];
    assert_eq!(moved.before.as_deref(), Some("3 of 3 tasks run, 0 of 9 probes failed"));
    assert_eq!(moved.mark, Mark::Restored);
    assert!(w1.verdict.unwrap().contains("w1 takes work again"));

    let incident = incident(memory);
    assert_eq!(incident.cause, "workload unhealthy after the move");
    assert!(incident.restored.starts_with("w1 took its work back at "), "{}", incident.restored);
    let texts: Vec<String> =
        needs(memory).into_iter().map(|need| format!("{} {}", need.object, need.text)).collect();
    let stopped = "rollout 1 workers stopped: node w1 workload unhealthy after the move";
    assert!(texts.iter().any(|text| text == stopped), "{texts:?}");
}

#[test]
fn a_gap_is_asked_about_and_let_be_with_an_approval() {
    let mut hands = Hands::new();
    hands.gap = Some("w1");
    now(starts(&hands.memory));
    hands.to(1, "w1", "undecided");
    let row = step(&hands.memory, 1, "w1");
    assert_eq!((row.mark, row.may.as_slice()), (Mark::Unknown, &[May::Approve, May::Skip][..]));
    assert_eq!(row.result, "prod/web: it is down while it moves");
    let found = &run(&hands.memory, 1).rollout.unwrap().findings;
    assert!(found.len() == 1 && found[0].blocks, "{found:?}");
    let served = serve(&hands.memory);
    let ran = served.tidegate(&["approve", "1/w1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    hands.to(1, "w1", "done");
}

#[test]
fn a_rollout_is_shown_first_and_started_by_its_plan() {
    let hands = Hands::new();
    let served = serve(&hands.memory);
    let hash = plan(&hands.memory).short().to_owned();
    let ran = served.tidegate(&["rollout", "workers", "r2"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(
        ran.err.contains(&format!(
            "nothing was started; exactly this is started with `tidegate rollout workers r2 --plan {hash}`"
        )),
        "{ran:?}"
    );
    for part in ["3 nodes in 2 waves", "out now: none", "at most 1 out at a time"] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    for part in [
        "fits, 1 to know",
        "1 in the way",
        "w1: to know: prod/web: it runs once per node",
        "w2: in the way: prod/web: no other node takes it",
        "w3: not known: it hangs",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    assert!(hands.memory.read(|state| state.rollouts.is_empty()));
    let ran = served.tidegate(&["rollout", "workers", "r2", "--plan", "0123"]);
    assert!(ran.code == 6 && ran.err.contains("the plan is"), "{ran:?}");
    assert_eq!(served.tidegate(&["rollout", "workers", "r2", "--plan", "xy"]).code, 2);
    let ran = served.tidegate(&["rollout", "workers", "r2", "--plan", &hash, "--reason", "kernel"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(run(&hands.memory, 1).run, RunId(1));
    let again = served.tidegate(&["rollout", "workers", "r2", "--yes"]);
    assert!(again.code == 4 && again.err.contains("rollout 1 of pool workers has not ended"), "{again:?}");
}

#[test]
fn a_pool_is_scaled_from_the_plan_that_was_shown() {
    let hands = Hands::new();
    let served = serve(&hands.memory);
    let hash = hands.memory.read(|state| state.scale_plan(&workers(), 2).unwrap().hash());
    let ran = served.tidegate(&["scale", "workers", "2"]);
    let again = format!(
        "nothing was started; exactly this is started with `tidegate scale workers 2 --plan {}`",
        hash.short()
    );
    assert!(ran.code == 2 && ran.err.contains(&again), "{ran:?}");
    for part in ["pool workers of fleet prod: 3→2 nodes in 1 waves", "then the node leaves", "leaves"] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    let ran = served.tidegate(&["scale", "workers", "5"]);
    for part in
        ["3→5 nodes", "2 nodes with r1 are made and join; no work is moved", "(new) x2", "4 at a time"]
    {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    let ran = served.tidegate(&["scale", "workers", "2", "--plan", "0123"]);
    assert!(ran.code == 6 && ran.err.contains("look again with `tidegate scale workers 2`"), "{ran:?}");
    let ran = served.tidegate(&["scale", "workers", "3", "--yes"]);
    assert!(ran.code == 4 && ran.err.contains("pool workers has 3 nodes already"), "{ran:?}");
    let ran = served.tidegate(&["scale", "workers", "5", "--yes", "--reason", "sale on friday"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let row = run(&hands.memory, 1);
    assert!(row.cause.starts_with("workers 3→5 nodes, started by "), "{}", row.cause);
    let part = row.rollout.unwrap();
    assert_eq!((part.scale.map(|scale| scale.to), part.forward, part.back), (Some(5), None, false));
    let row = step(&hands.memory, 1, "new:1");
    assert_eq!(row.node.unwrap().change, NodeChange::Grow);
    let ran = served.tidegate(&["rollback", "1", "--all", "--reason", "no"]);
    assert!(ran.code == 4 && ran.err.contains("`tidegate scale workers 3`"), "{ran:?}");
}

#[test]
fn what_cannot_be_rolled_out_is_refused_with_its_reason() {
    let hands = Hands::new();
    let served = serve(&hands.memory);
    for (args, why) in [
        (&["rollout", "workers", "r9", "--yes"][..], "release r9 was not announced for pool workers"),
        (&["rollout", "gpu", "r2", "--yes"], "there is no pool gpu in the configuration"),
        (&["release", "gpu", "r2"], "there is no pool gpu"),
    ] {
        let ran = served.tidegate(args);
        assert!(ran.code == 4 && ran.err.contains(why), "{args:?} {ran:?}");
    }
    assert!(served.tidegate(&["release", "workers", "r2"]).out.starts_with("nothing to do: "));
    assert_eq!(served.tidegate(&["release", "workers", "r3"]).code, 0);
    assert_eq!(served.tidegate(&["rollout", "workers", "r1", "--yes"]).code, 4, "it was never announced");
}

#[test]
fn a_rollout_is_steered_by_number() {
    let hands = now(stopped());
    let served = serve(&hands.memory);
    for (args, code) in [
        (&["pause", "1"][..], 0),
        (&["resume", "1"], 0),
        (&["rollback", "1/w1"], 0),
        (&["rollback", "1", "--all"], 2),
        (&["rollback", "1", "--all", "--reason", "no"], 4),
        (&["skip", "1", "w2", "--reason", "busy"], 0),
        (&["retry", "1/w1"], 0),
        (&["forward", "7"], 5),
        (&["forward", "1", "r9"], 4),
        (&["release", "workers", "r3"], 0),
        (&["forward", "1"], 0),
        (&["abort", "1", "--reason", "it has ended"], 4),
        (&["abort", "2", "--reason", "done with it"], 0),
    ] {
        let ran = served.tidegate(args);
        assert_eq!(ran.code, code, "{args:?} {ran:?}");
        same(&hands.memory, &format!("{args:?}"));
        if args[0] == "retry" {
            let restored = incident(&hands.memory).restored;
            assert!(restored.starts_with("w1 was tried again since: it is "), "{restored}");
        }
    }
}

#[test]
fn what_landed_on_a_node_before_its_cordon_is_among_what_it_moves() {
    let mut hands = Hands::new();
    now(starts(&hands.memory));
    let moves = |hands: &Hands| {
        let part = step(&hands.memory, 1, "w1").node.unwrap();
        part.moved.iter().map(|one| one.workload.to_string()).collect::<Vec<_>>()
    };
    hands.to(1, "w1", "cordoning");
    assert_eq!(step(&hands.memory, 1, "w1").mark, Mark::Working);
    assert_eq!(moves(&hands), ["prod/web"]);
    hands.lands("w1", "prod/cron");
    hands.to(1, "w1", "shifting");
    assert_eq!(moves(&hands), ["prod/cron", "prod/web"]);
    same(&hands.memory, "shifting");
}

#[test]
fn an_order_back_names_what_keeps_the_release_and_why() {
    let mut hands = Hands::new();
    now(starts(&hands.memory));
    hands.to(1, "w2", "preflight");
    hands.stays = true;
    hands.to(1, "w2", "quarantined");
    let part = run(&hands.memory, 1).rollout.unwrap();
    let said: Vec<_> = part.keeps.iter().map(|one| (one.node.as_str(), one.why.as_str())).collect();
    let why = "it carries the work of w2, whose machine was not removed; try that again first";
    assert_eq!(said, [("new-w2", why)]);
    let ran = serve(&hands.memory).tidegate(&["rollback", "1", "--all", "--reason", "slow disks"]);
    assert!(ran.code == 0 && ran.out.contains(&format!("new-w2 keeps r2: {why}")), "{ran:?}");
    let back = hands.memory.read(|state| state.rollouts[&RunId(2)].steps.keys().cloned().collect::<Vec<_>>());
    assert_eq!(back, [node("new-w1")], "what is said to keep it is not taken back");
}

#[test]
fn why_tells_what_a_rollout_waits_for_and_what_led_there() {
    let hands = now(stopped());
    let served = serve(&hands.memory);
    let ran = served.tidegate(&["why", "1"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for part in [
        "rollout 1: ",
        "it has stopped: 1 failed, and 0 may",
        "who can end it: anyone on the socket",
        "release r2 was announced",
        "a rollout of release r2 through pool workers started",
    ] {
        assert!(ran.out.contains(part), "{part:?} is not in {}", ran.out);
    }
    let ran = served.tidegate(&["why", "rollout 1 w2"]);
    assert!(ran.code == 0 && ran.out.starts_with("rollout 1 node w2: pending since "), "{ran:?}");
    let ran = served.tidegate(&["why", "i1"]);
    assert!(ran.code == 0 && ran.out.starts_with("incident 1: rollout 1 node w1: "), "{ran:?}");
    let ran = served.tidegate(&["events", "-n", "5"]);
    assert!(ran.out.contains("rollout 1: "), "{ran:?}");
}

fn pool(memory: &Memory) -> (Mark, String) {
    match &*memory.table.row(&RowKey::Pool(workers())).unwrap() {
        Row::Pool(row) => (row.mark, row.state.clone()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pool_says_first_what_its_sign_stands_for() {
    let mut hands = Hands::new();
    let memory = hands.memory.clone();
    let said = |mark: Mark, words: &str| {
        same(&memory, words);
        assert_eq!(pool(&memory), (mark, words.to_owned()));
    };
    hands.stands("w1", false, Availability::Active);
    said(Mark::Failed, "w1 down; 3 nodes on r1");
    hands.stands("w2", true, Availability::Drained);
    said(Mark::Failed, "w1 down; w2 drained; 3 nodes on r1");
    hands.stands("w1", true, Availability::Active);
    said(Mark::Paused, "w2 drained; 3 nodes on r1");
    hands.stands("w2", true, Availability::Active);
    said(Mark::Good, "3 nodes on r1");
    memory.command(ana(), Command::Pin { pool: workers(), reason: "sale".to_owned() }).await;
    said(Mark::Paused, "pinned; 3 nodes on r1");
}

#[tokio::test]
async fn a_pool_says_first_that_its_rollout_stopped_or_is_paused() {
    let hands = stopped().await;
    let (memory, run) = (&hands.memory, RunId(1));
    assert_eq!(pool(memory), (Mark::Failed, "rollout 1 stopped; 3 nodes on r1".to_owned()));
    memory.command(ana(), Command::Pause { run, reason: None, until: None }).await;
    let again = Command::Retry { run, step: node("w1"), seen: step(memory, 1, "w1").expect, reason: None };
    memory.command(ana(), again).await;
    same(memory, "paused");
    assert_eq!(pool(memory), (Mark::Paused, "rollout 1 paused; 3 nodes on r1".to_owned()));
}

#[test]
fn nodes_and_pools_are_listed() {
    let hands = now(stopped());
    let served = serve(&hands.memory);
    let ran = served.tidegate(&["nodes"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(ran.code == 0 && lines[0].starts_with("NODE"), "{ran:?}");
    let w1 = lines.iter().find(|line| line.starts_with("prod/w1")).unwrap();
    assert!(w1.contains("workers") && w1.contains("r1") && w1.contains("ready"), "{w1}");
    let nodes: serde_json::Value = serde_json::from_str(&served.tidegate(&["nodes", "--json"]).out).unwrap();
    assert_eq!(nodes[0]["pool"], "workers");
    let ran = served.tidegate(&["status"]);
    assert!(
        ran.out.contains("pools: 1\n") && ran.out.contains("workers: rollout 1 stopped; 3 nodes on r1"),
        "{ran:?}"
    );
    assert!(ran.out.contains("quarantined: r2: rollout 1: "), "{ran:?}");
    assert!(ran.out.contains("rollout 1  workers r1→r2"), "{ran:?}");
}

#[test]
fn a_pool_is_pinned_and_a_release_skipped_and_both_are_shown() {
    let hands = Hands::new();
    let served = serve(&hands.memory);
    let refused = "pool workers is pinned by ";
    for (args, code, said) in [
        (&["pin", "workers"][..], 2, "to pin a pool needs its reason"),
        (&["pin", "gpu", "--reason", "sale"], 4, "there is no pool gpu"),
        (&["pin", "workers", "--reason", "sale"], 0, ""),
        (&["pin", "workers", "--reason", "sale"], 0, "nothing to do: pool workers is pinned by "),
        (&["rollout", "workers", "r2", "--yes"], 4, refused),
        (&["skip-release", "workers", "r2"], 2, "to skip a release needs its reason"),
        (&["skip-release", "workers", "r9", "--reason", "leaks"], 4, "there is no release r9"),
        (&["skip-release", "workers", "r2", "--reason", "leaks"], 0, ""),
        (&["status"], 0, ": leaks"),
        (&["status"], 0, ": sale"),
        (&["status"], 0, ": pinned; "),
        (&["unskip-release", "workers", "r2", "--reason", "patched"], 0, ""),
        (&["unpin", "workers"], 0, ""),
        (&["unpin", "workers"], 0, "nothing to do: pool workers is not pinned"),
        (&["events"], 0, "pool workers pinned: sale"),
        (&["rollout", "workers", "r2", "--yes"], 0, ""),
    ] {
        let ran = served.tidegate(args);
        let all = format!("{}{}", ran.out, ran.err);
        assert!(ran.code == code && all.contains(said), "{args:?} {ran:?}");
        same(&hands.memory, &format!("{args:?}"));
    }
    assert_eq!(hands.memory.read(|state| state.rollouts.len()), 1);
}
