//! Builds on a real engine: found, built, failed, and cut off.

use crate::lab::{BASE, Told, build_job, context, lab};
use bollard::models::ContainerSummary;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, RemoveImageOptions, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate::adapters::builder::EngineBuilder;
use tidegate::model::jobs::{Edit, Need, Place, PublishJob};
use tidegate::model::reports::{Answer, BuildCause, BuildReport, PublishReport};
use tidegate::model::{ImageRef, Span};
use tidegate::ports::{Builder, Registries, Resolved};

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_candidate_is_built_on_a_parent_by_digest_and_found_the_second_time() {
    let lab = lab();
    let base = lab.image("parent", "1");
    let digest = lab.built(&base, &base, BASE).await;

    let (image, candidate) = (lab.image("child", "1"), lab.image("child", "c-1"));
    let dockerfile = "FROM nowhere.example/os:1\nARG WORD\nRUN echo hello $WORD > /word\n";
    let dir = context(dockerfile);
    let mut job = build_job(&image, &candidate, dir.path(), dockerfile);
    let place = Place { start: 5, end: 25, line: 1 };
    job.edits = vec![Edit { place, text: base.at(digest).to_string() }];
    job.args.insert("WORD".to_owned(), "world".to_owned());
    let told = Told::default();
    let started = Instant::now();
    let Answer::Done(BuildReport::Built { digest, found: false }) = lab.builder().build(&job, &told).await
    else {
        panic!("not built: {}", told.text())
    };
    eprintln!("MEASURED: a small build and push: {:?}", started.elapsed());
    assert!(told.text().contains("Step 3/5 : RUN echo hello"), "{}", told.text());
    assert_eq!(told.progress.lock().unwrap()[0].total, 5);

    let again = lab.builder().build(&job, &told).await;
    assert_eq!(again, Answer::Done(BuildReport::Built { digest, found: true }));
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn an_instruction_that_fails_is_a_failure_with_its_own_words() {
    let lab = lab();
    let dockerfile = format!("{BASE}RUN echo connection refused; exit 3\n");
    let dir = context(&dockerfile);
    let image = lab.image("fails", "1");
    let job = build_job(&image, &image, dir.path(), &dockerfile);
    let told = Told::default();
    let Answer::Done(BuildReport::Failed { cause, message }) = lab.builder().build(&job, &told).await else {
        panic!("{}", told.text())
    };
    assert_eq!(cause, BuildCause::Instruction);
    assert!(message.contains("returned a non-zero code: 3"), "{message}");
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_parent_whose_registry_is_gone_is_silence_and_one_that_is_not_there_a_refusal() {
    let lab = lab();
    let image = lab.image("orphan", "1");
    let none = format!("sha256:{}", "0".repeat(64));
    let gone = format!("FROM 127.0.0.1:1/a@{none}\n");
    let dir = context(&gone);
    let answer = lab.builder().build(&build_job(&image, &image, dir.path(), &gone), &Told::default()).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");

    let absent = format!("FROM {}/adp-absent@{none}\n", lab.host);
    let dir = context(&absent);
    let answer = lab.builder().build(&build_job(&image, &image, dir.path(), &absent), &Told::default()).await;
    let Answer::Done(BuildReport::Failed { cause: BuildCause::Refused, .. }) = answer else {
        panic!("{answer:?}")
    };
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_build_that_takes_too_long_is_ended_and_leaves_no_container() {
    let lab = lab();
    let dockerfile = format!("{BASE}RUN sleep 600.{}\n", std::process::id());
    let dir = context(&dockerfile);
    let image = lab.image("slow", "1");
    let mut job = build_job(&image, &image, dir.path(), &dockerfile);
    job.timeout = Span::from_secs(6);
    let answer = lab.builder().build(&job, &Told::default()).await;
    let Answer::Done(BuildReport::Failed { cause: BuildCause::Timeout, .. }) = answer else {
        panic!("{answer:?}")
    };
    let docker = lab.engine.docker().await.unwrap();
    let sleep = format!("sleep 600.{}", std::process::id());
    let ours =
        |found: &ContainerSummary| found.command.as_ref().is_some_and(|command| command.contains(&sleep));
    let all = ListContainersOptionsBuilder::new().all(true).build();
    for found in docker.list_containers(Some(all)).await.unwrap().into_iter().filter(ours) {
        let removed = WaitContainerOptionsBuilder::new().condition("removed").build();
        let id = found.id.unwrap();
        let gone = async { docker.wait_container(&id, Some(removed)).next().await };
        let in_time = tokio::time::timeout(Duration::from_secs(20), gone).await;
        assert!(in_time.is_ok(), "the build's container stays");
    }
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn an_engine_that_goes_away_during_a_build_is_silence() {
    let lab = lab();
    let dockerfile = format!("{BASE}RUN echo now {}; sleep 600\n", std::process::id());
    let dir = context(&dockerfile);
    let image = lab.image("away", "1");
    let job = build_job(&image, &image, dir.path(), &dockerfile);
    let (engine, cutter) = lab.engine_that_can_be_cut().await;
    let told = Told::that_cuts(&format!("now {}", std::process::id()), cutter);
    let answer = EngineBuilder::new(engine, lab.registry.clone(), BTreeMap::new()).build(&job, &told).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
    lab.clean().await;
}

/// Has nothing, whatever it is asked for.
struct Empty;

#[async_trait::async_trait]
impl Registries for Empty {
    async fn resolve(&self, _: &ImageRef) -> Answer<Resolved> {
        Answer::Done(Resolved::Missing)
    }
    async fn publish(&self, _: &PublishJob) -> Answer<PublishReport> {
        unreachable!("a build publishes nothing")
    }
    async fn discard(&self, _: &ImageRef, _: &[ImageRef]) -> Answer<bool> {
        unreachable!("a build discards nothing")
    }
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_registry_that_is_gone_at_the_push_is_silence() {
    let lab = lab();
    let dir = context(BASE);
    let candidate: ImageRef = format!("127.0.0.1:1/adp-push-{}:c-1", std::process::id()).parse().unwrap();
    let job = build_job(&candidate, &candidate, dir.path(), BASE);
    let builder = EngineBuilder::new(lab.engine.clone(), Arc::new(Empty), BTreeMap::new());
    let answer = builder.build(&job, &Told::default()).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
    let docker = lab.engine.docker().await.unwrap();
    docker.remove_image(&candidate.to_string(), None::<RemoveImageOptions>, None).await.unwrap();
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn only_the_newest_candidate_of_an_image_stays_on_the_engine() {
    let lab = lab();
    let image = lab.image("sweep", "1");
    let docker = lab.engine.docker().await.unwrap();
    for n in 1..=2 {
        let candidate = lab.image("sweep", &format!("c-{n}"));
        lab.built(&image, &candidate, &format!("{BASE}LABEL n={n}\n")).await;
    }
    assert!(docker.inspect_image(&lab.image("sweep", "c-1").to_string()).await.is_err());
    assert!(docker.inspect_image(&lab.image("sweep", "c-2").to_string()).await.is_ok());
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_dockerfile_that_changed_since_it_was_read_is_not_built() {
    let lab = lab();
    let dir = context("FROM scratch\n# changed\n");
    let image = lab.image("changed", "1");
    let job = build_job(&image, &image, dir.path(), "FROM scratch\n");
    let answer = lab.builder().build(&job, &Told::default()).await;
    let Answer::Done(BuildReport::Failed { cause: BuildCause::Context, .. }) = answer else {
        panic!("{answer:?}")
    };
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn what_needs_buildkit_is_built_by_buildkit() {
    let lab = lab();
    let dockerfile = format!("{BASE}RUN --mount=type=tmpfs,target=/t echo kit > /t/x && cat /t/x > /y\n");
    let dir = context(&dockerfile);
    let image = lab.image("kit", "1");
    let mut job = build_job(&image, &image, dir.path(), &dockerfile);
    job.buildkit = Some(Need { line: 5, what: "RUN --mount".to_owned() });
    let told = Told::default();
    let answer = lab.builder().build(&job, &told).await;
    let Answer::Done(BuildReport::Built { found: false, .. }) = answer else {
        panic!("{answer:?} {}", told.text())
    };
    let fails = dockerfile.replace("> /y", "> /y && exit 4");
    let dir = context(&fails);
    let image = lab.image("kit", "2");
    let mut job = build_job(&image, &image, dir.path(), &fails);
    job.buildkit = Some(Need { line: 5, what: "RUN --mount".to_owned() });
    let answer = lab.builder().build(&job, &told).await;
    let Answer::Done(BuildReport::Failed { cause: BuildCause::Instruction, message }) = answer else {
        panic!("{answer:?}")
    };
    assert!(message.contains("exit code: 4"), "{message}");
    lab.clean().await;
}
