//! What is said of a machine that nobody needs.

use crate::pool::{Hands, workers};
use crate::rows::same;
use crate::world::Memory;
use tidegate::api::rows::{Row, RowKey};
use tidegate::engine::{Effect, EventKind, State};
use tidegate::model::nodes::{Machine, ProvisionReport};
use tidegate::model::reports::Answer;
use tidegate::model::{EffectId, FleetName, Seq, limits, token};
use tidegate::server::Source as _;

fn seen(memory: &Memory) {
    let token = Some(token::make("abc", "a rollout that is forgotten"));
    let machine = Machine { node: "left".parse().unwrap(), address: None, token, release: None };
    memory.fact(EventKind::OrphansSeen { pool: workers(), machines: vec![machine] });
}

fn state(memory: &Memory) -> String {
    match &*memory.table.row(&RowKey::Pool(workers())).unwrap() {
        Row::Pool(row) => row.state.clone(),
        other => panic!("{other:?}"),
    }
}

/// What is said of the machine beside its pool's own row.
fn said(memory: &Memory) -> Vec<String> {
    let rows = memory.table.rows().1;
    let lines = rows.iter().filter_map(|row| match &**row {
        Row::Coming(row) if row.subject == "machine prod/left" => Some(row.text.clone()),
        Row::Need(row) if row.subject == "machine prod/left" => {
            Some(format!("{} {}: {}", row.object, row.text, row.outcome))
        }
        _ => None,
    });
    lines.collect()
}

fn asked(memory: &Memory) -> Option<EffectId> {
    memory.read(State::outstanding).into_iter().find_map(|effect| match effect {
        Effect::Do(job) => Some(job.id().clone()),
        Effect::Cancel(_) | Effect::Notify(_) => None,
    })
}

fn answered(memory: &Memory, report: ProvisionReport<()>) -> Seq {
    let id = asked(memory).unwrap();
    memory.fact(EventKind::NodeRemoved { id, answer: Answer::Done(report) })
}

#[tokio::test]
async fn a_machine_that_is_left_behind_is_said_with_what_comes_then_with_what_is_in_the_way() {
    let hands = Hands::new();
    let memory = &hands.memory;
    seen(memory);
    same(memory, "suspected");
    assert_eq!(state(memory), "3 nodes on r1; 1 machine left behind");
    assert_eq!(said(memory), ["pool workers: machine left is removed, should nobody need it then either"]);
    for _ in 0..limits::ORPHAN_SURE.as_secs() {
        memory.fact(EventKind::DeadlinePassed);
    }
    seen(memory);
    same(memory, "being removed");
    assert_eq!((state(memory).as_str(), said(memory).len()), ("3 nodes on r1; 1 machine left behind", 0));
    let what = "deprovision ended with exit code 1".to_owned();
    let seq = answered(memory, ProvisionReport::Failed { what, stderr: "quota exceeded".to_owned() });
    same(memory, "not removed");
    let need = "machine left of pool workers is left behind: provisioner of workers: deprovision ended with exit code 1 \
        (quota exceeded): tried again by itself";
    assert_eq!(said(memory), [need]);
    let line = memory.events(Seq(seq.0 - 1), 1).await.unwrap().remove(0);
    assert_eq!(line.text, "node left: the machine was not removed: deprovision ended with exit code 1");
    assert_eq!((line.run, line.fleet.as_ref().map(FleetName::as_str)), (None, Some("prod")));
    while asked(memory).is_none() {
        memory.fact(EventKind::DeadlinePassed);
    }
    answered(memory, ProvisionReport::Done(()));
    same(memory, "removed");
    assert_eq!((state(memory).as_str(), said(memory)), ("3 nodes on r1", Vec::<String>::new()));
}
