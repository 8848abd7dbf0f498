//! Rows kept up to date equal rows made anew; and what they say.

use crate::world::{Memory, Nothing, image, img};
use std::collections::BTreeMap;
use std::sync::Arc;
use tidegate::api::rows::{Mark, May, Row, RowKey, StepRow};
use tidegate::model::{Command, RunId, Seen};
use tidegate::server::{Source, rows};

fn person(name: &str, uid: u32) -> tidegate::model::Actor {
    tidegate::model::Actor::Person { name: name.to_owned(), uid }
}

fn kept(memory: &Memory) -> BTreeMap<RowKey, Row> {
    let all = memory.table.rows().1.into_iter().map(|row| (row.key(), (*row).clone()));
    all.filter(|(key, _)| !matches!(key, RowKey::Event(_))).collect()
}

fn anew(memory: &Memory) -> BTreeMap<RowKey, Row> {
    memory.read(|state| rows::all(state, &Nothing)).into_iter().map(|row| (row.key(), row)).collect()
}

pub fn same(memory: &Memory, when: &str) {
    let (kept, anew) = (kept(memory), anew(memory));
    for (key, row) in &anew {
        assert_eq!(kept.get(key), Some(row), "{when}: {key:?}");
    }
    assert_eq!(kept.len(), anew.len(), "{when}: a row that has gone was kept");
}

fn step(memory: &Memory, name: &str) -> StepRow {
    match &*memory.table.row(&RowKey::Step(RunId(1), img(name))).unwrap() {
        Row::Step(step) => (**step).clone(),
        other => panic!("{other:?}"),
    }
}

async fn approve(memory: &Arc<Memory>, name: &str, by: tidegate::model::Actor) {
    let seen: Seen = step(memory, name).expect;
    let command = Command::Approve { run: RunId(1), step: img(name), seen, note: None };
    let reply = memory.command(by, command).await;
    assert!(matches!(reply, tidegate::api::Reply::Accepted { .. }), "{reply:?}");
}

#[tokio::test]
async fn rows_kept_up_to_date_equal_rows_made_anew() {
    let memory = Memory::new();
    same(&memory, "at the start");
    memory.sees("os", "new");
    same(&memory, "a base moved");
    memory.builds("web");
    same(&memory, "web is built");
    approve(&memory, "web", person("ana", 1)).await;
    same(&memory, "one of two approved");
    memory.builds("api");
    same(&memory, "api is built");
    approve(&memory, "web", person("ben", 2)).await;
    same(&memory, "web is approved");
    let pause = Command::Pause { run: RunId(1), reason: Some("lunch".to_owned()), until: None };
    memory.command(person("ana", 1), pause).await;
    same(&memory, "paused");
    memory.sees("os", "newer");
    same(&memory, "the base moved again");
    let abort = Command::Abort { run: RunId(1), reason: "enough".to_owned() };
    memory.command(person("ana", 1), abort).await;
    same(&memory, "aborted");
}

#[tokio::test]
async fn a_held_step_says_what_an_approval_means() {
    let memory = Memory::one_held();
    let row = step(&memory, "web");
    assert_eq!((row.mark, row.state.as_str()), (Mark::Held, "held"));
    assert_eq!(row.may, [May::Approve, May::Reject]);
    assert!(row.expect.digest.is_some() && row.expect.plan.is_some());
    let hold = row.hold.unwrap();
    assert!(hold.at_once.starts_with("nothing: 1 more must approve"), "{hold:?}");
    assert_eq!(hold.then, ["prod/web is updated and watched for 10m00"]);
    assert_eq!(hold.affects, "prod/web (shop)");
    approve(&memory, "web", person("ana", 1)).await;
    let hold = step(&memory, "web").hold.unwrap();
    assert!(hold.at_once.starts_with("tag 1 moves to "), "{hold:?}");
    assert_eq!(hold.approvals.len(), 1);
}

#[test]
fn an_approval_that_waits_is_a_need_and_leads_to_its_step() {
    let memory = Memory::one_held();
    let subject = RowKey::Need(format!("run 1 {}", img("web")));
    let row = memory.table.row(&subject).unwrap();
    let Row::Need(need) = &*row else { panic!("{row:?}") };
    assert_eq!(need.text, "web:1 held 0 of 2 approvals");
    assert_eq!(need.leads_to, Some(RowKey::Step(RunId(1), img("web"))));
}

#[test]
fn an_upstream_that_moved_is_marked_and_names_its_run() {
    let memory = Memory::one_held();
    let row = memory.table.row(&RowKey::Image(image("os"))).unwrap();
    let Row::Image(os) = &*row else { panic!("{row:?}") };
    assert_eq!((os.mark, os.run, os.upstream), (Mark::Moved, Some(RunId(1)), true));
}
