//! A daemon on a stage: what comes of a story.

use super::Stage;
use crate::engine::State;
use crate::model::{Seq, Span, Timestamp};
use crate::ports::Clock as _;
use crate::sim::file::{Happens, Length, Machine};
use crate::sim::{Sim, SimClock, WorldFile};
use std::sync::Arc;

const WORLD: &str = r#"
title = "small"
[fleets.prod]
nodes = ["n01", "n02"]
[gates.people]
before = "deploy"
approvals = 1
[images."debian:jessie"]
[images."shop/base:1"]
from = "debian:jessie"
[images."shop/web:1"]
from = "shop/base:1"
gate = "release"
[gates.release]
before = "publish"
approvals = 1
[workloads."prod/web"]
image = "shop/web:1"
gate = "people"
order = 1
[workloads."prod/api"]
image = "shop/base:1"
order = 2
[[story]]
at = "1s"
world.webhooks = { name = "docker.io", how = "at_once" }
[[story]]
at = "4s"
world.moves = { image = "debian:jessie", flaws = [{ hits = "prod/api", how = "health_lies", after = "5s" }] }
"#;

async fn stage(story: &str) -> (Arc<Stage>, tempfile::TempDir) {
    let clock = Arc::new(SimClock::new(Timestamp::from_millis(1_478_913_590_000), 1));
    let file = WorldFile::parse(&format!("{WORLD}{story}")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let sim = Sim::new(file, 3, clock).unwrap();
    let stage = Arc::new(Stage::start(sim, dir.path().to_owned()).await.unwrap());
    let courier = stage.clone();
    tokio::spawn(async move { courier.courier().await });
    (stage, dir)
}

/// Plays the story, and then goes on for so long.
async fn played(story: &str, then: u64) -> (Arc<Stage>, tempfile::TempDir) {
    let (stage, dir) = stage(story).await;
    stage.play(|_, _| {}).await;
    stage.sim().clock().sleep(Span::from_secs(then)).await;
    (stage, dir)
}

const PEOPLE: &str = r#"
[[story]]
at = "8m"
person = { name = "ana", does = "approve", on = "shop/web:1" }
[[story]]
at = "10m"
person = { name = "ben", does = "approve", on = "prod/web" }
"#;

fn texts(stage: &Stage) -> Vec<String> {
    stage.memory().stored(Seq(0), usize::MAX).iter().map(|stored| format!("{stored:?}")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_story_with_people_ends_with_one_deployed_and_one_put_back() {
    let (stage, _dir) = played(PEOPLE, 300).await;
    let state = stage.handle().read(State::clone);
    assert!(state.runs.values().all(|run| run.ended.is_some()), "{:#?}", state.runs);
    let run = &state.runs[&state.last_run];
    let words: Vec<String> = run.steps.values().map(|step| format!("{} {}", step.key, step.word())).collect();
    assert_eq!(
        words,
        [
            "image:shop/base:1 published",
            "image:shop/web:1 published",
            "deploy:prod/web healthy",
            "deploy:prod/api restored"
        ]
    );
    assert_eq!(state.anomalies, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_same_story_is_the_same_journal() {
    let (first, _one) = played(PEOPLE, 60).await;
    let (second, _two) = played(PEOPLE, 60).await;
    assert!(texts(&first).len() > 30);
    assert_eq!(texts(&first), texts(&second));
}

#[tokio::test(start_paused = true)]
async fn crashes_at_every_place_change_nothing_of_how_it_ends() {
    let crashes: String = (10..300)
        .step_by(13)
        .map(|at| {
            let how = ["crash", "crash_before_write", "crash_after_write", "restart"][at % 4];
            format!("[[story]]\nat = \"{at}s\"\nmachine = {{ {how} = \"2s\" }}\n")
        })
        .collect();
    let (stage, _dir) = played(&format!("{crashes}{PEOPLE}"), 400).await;
    let state = stage.handle().read(State::clone);
    assert!(state.runs.values().all(|run| run.ended.is_some()), "{:#?}", state.runs);
    assert_eq!(state.anomalies, Vec::<String>::new());
    let deeds = stage.sim().deeds(0);
    let published = deeds.iter().filter(|deed| {
        matches!(&deed.doing, crate::sim::Doing::Tagged { .. })
            && matches!(deed.by, crate::sim::Hand::Effect(_))
    });
    let web = stage.sim().tag(&"shop/web:1".parse().unwrap());
    assert_eq!(stage.sim().runs(&"prod/web".parse().unwrap()), web);
    assert!(published.count() >= 2);
}

const CHANNELS: &str = r#"
[channels.debian-hook]
owner = "debian"
[channels.api-hook]
owner = "team-api"
[images."debian:testing"]
owner = "debian"
[images."shop/api:1"]
from = "debian:testing"
[workloads."prod/sick"]
image = "shop/api:1"
owner = "team-api"
[[story]]
at = "5s"
world.channel = { name = "api-hook", how = "loses_answers" }
[[story]]
at = "6s"
world.moves = { image = "debian:testing", flaws = [{ hits = "prod/sick", how = "health_lies", after = "5s" }] }
[[story]]
at = "4m"
world.channel = { name = "api-hook", how = "well" }
"#;

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_both_sides_also_where_answers_are_lost_and_its_dossier_is_written_once() {
    let (stage, dir) = played(CHANNELS, 1_200).await;
    let handle = stage.handle();
    let sick = |state: &State| {
        let found = state.incidents.values().find(|incident| incident.step.to_string().contains("sick"));
        found.map(|incident| incident.id)
    };
    let id = handle.read(sick).unwrap();
    let heard: Vec<String> = stage
        .sim()
        .heard(0)
        .into_iter()
        .filter(|one| one.id.incident == id)
        .map(|one| one.id.to_string())
        .collect();
    for part in ["opened/vendor/debian-hook", "opened/customer/api-hook", "put_back/customer/api-hook"] {
        assert!(heard.contains(&format!("{id}/{part}")), "{part}: {heard:?}");
    }
    let repeated = heard.iter().filter(|one| one.ends_with("opened/customer/api-hook")).count();
    assert!(repeated > 1, "an answer that was lost brings it again: {heard:?}");
    assert!(handle.read(|state| state.outbox.values().all(crate::engine::outbox::Outgoing::is_over)));
    let first = handle.dossier(id).await.unwrap().unwrap();
    assert!(first.complete && first.deployed.as_ref().unwrap().before.is_some(), "{first:?}");
    let files = || std::fs::read_dir(dir.path().join("dossiers")).unwrap().map(|entry| entry.unwrap().path());
    let file =
        files().find(|path| path.file_name().unwrap().to_string_lossy().starts_with(&format!("{id}-")));
    let (file, count) = (file.unwrap(), files().count());
    let restart = Happens::Machine(&Machine::Restart(Length::secs(5)));
    stage.perform(restart).await;
    stage.sim().clock().sleep(Span::from_secs(60)).await;
    assert_eq!(stage.handle().dossier(id).await.unwrap().unwrap(), first);
    assert_eq!(files().count(), count);
    let changed = std::fs::read_to_string(&file).unwrap().replace("sick", "well");
    std::fs::write(&file, changed).unwrap();
    let refused = stage.handle().dossier(id).await.unwrap_err().to_string();
    assert!(refused.contains("is not as it was written"), "{refused}");
}
