//! Tests on a real engine: commands, services, limits, leftovers.

use crate::lab::{BASE, Lab, Told, effect, lab};
use bollard::query_parameters::ListContainersOptionsBuilder;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tidegate::adapters::engine_client::Engine;
use tidegate::adapters::tester::EngineTester;
use tidegate::model::ids::Action;
use tidegate::model::jobs::TestJob;
use tidegate::model::reports::{Answer, Cases, TestOutcome};
use tidegate::model::setup::{TestKind, TestSpec};
use tidegate::model::{PinnedRef, Span};
use tidegate::ports::Tester;

fn command(name: &str, script: &str) -> TestSpec {
    TestSpec {
        name: name.to_owned(),
        kind: TestKind::Command,
        run: ["sh", "-c", script].map(ToOwned::to_owned).to_vec(),
        env: BTreeMap::from([("WORD".to_owned(), "hello".to_owned())]),
        timeout: Span::from_secs(30),
        memory: None,
        network: false,
        junit: None,
    }
}

fn service(name: &str, script: &str, healthy_within: Span) -> TestSpec {
    let kind = TestKind::Service { healthy_within, client: None, service_env: BTreeMap::new() };
    TestSpec { kind, ..command(name, script) }
}

async fn subject(lab: &Lab, name: &str, more: &str) -> PinnedRef {
    let image = lab.image(name, "1");
    let digest = lab.built(&image, &image, &format!("{BASE}{more}")).await;
    image.at(digest)
}

fn job(lab: &Lab, name: &str, subject: &PinnedRef, tests: Vec<TestSpec>) -> TestJob {
    TestJob { id: effect(&lab.image(name, "1"), Action::Test), subject: subject.clone(), tests }
}

async fn run(lab: &Lab, job: &TestJob, told: &Told) -> Vec<TestOutcome> {
    let tester = EngineTester::new(lab.engine.clone(), BTreeMap::new());
    let Answer::Done(report) = tester.test(job, told).await else { panic!("no answer: {}", told.text()) };
    report.tests
}

async fn leftovers(lab: &Lab, job: &TestJob) -> usize {
    let docker = lab.engine.docker().await.unwrap();
    let filters = HashMap::from([("label", vec![format!("tidegate.effect={}", job.id)])]);
    let all = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    docker.list_containers(Some(all)).await.unwrap().len()
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn commands_are_judged_by_exit_code_junit_and_time() {
    let lab = lab();
    let image = subject(&lab, "commands", "ENTRYPOINT [\"/bin/false\"]\n").await;
    let xml = "<testsuite name='s'><testcase name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>";
    let mut junit = command("junit", &format!("echo \"{xml}\" > /tmp/j.xml"));
    junit.junit = Some("/tmp/j.xml".to_owned());
    let mut absent = command("absent", "true");
    absent.junit = Some("/tmp/none.xml".to_owned());
    let mut folder = command("folder", "true");
    folder.junit = Some("/etc".to_owned());
    let mut broken = command("broken", "echo '<testsuite>' > /tmp/j.xml");
    broken.junit = Some("/tmp/j.xml".to_owned());
    let mut slow = command("slow", "sleep 600");
    slow.timeout = Span::from_secs(2);
    let mut missing = command("missing", "");
    missing.run = vec!["/no/such".to_owned()];
    let tests = vec![
        command("passes", "echo $WORD; echo to stderr >&2"),
        command("fails", "exit 3"),
        junit,
        absent,
        folder,
        broken,
        slow,
        missing,
        command("alone", "ip addr | grep -q eth0 && exit 1 || exit 0"),
    ];
    let job = job(&lab, "commands", &image, tests);
    let told = Told::default();
    let outcomes = run(&lab, &job, &told).await;
    let shown: Vec<(&str, bool, Option<&str>)> =
        outcomes.iter().map(|o| (o.name.as_str(), o.passed, o.reason.as_deref())).collect();
    assert_eq!(shown[0], ("passes", true, None));
    assert_eq!(shown[1], ("fails", false, Some("exit code 3")));
    assert_eq!(shown[2], ("junit", false, None));
    assert_eq!(outcomes[2].cases, Some(Cases { total: 2, failed: 1, skipped: 0 }));
    assert_eq!(
        (outcomes[2].failing[0].name.as_str(), outcomes[2].failing[0].message.as_str()),
        ("s.b", "no")
    );
    assert_eq!(shown[3], ("absent", false, Some("the JUnit file /tmp/none.xml was not written")));
    assert_eq!(shown[4], ("folder", false, Some("the JUnit file /etc is not a plain file")));
    assert!(shown[5].2.unwrap().starts_with("the JUnit file /tmp/j.xml cannot be read"), "{shown:?}");
    assert_eq!(shown[6], ("slow", false, Some("timed out after 2s")));
    assert!(shown[7].2.unwrap().starts_with("it could not be started"), "{shown:?}");
    assert_eq!(shown[8], ("alone", true, None));
    assert!(
        told.text().contains("[passes] hello") && told.text().contains("[passes] to stderr"),
        "{}",
        told.text()
    );
    eprintln!("MEASURED: a command that does nothing: {} ms", outcomes[0].took.as_millis());
    assert_eq!(leftovers(&lab, &job).await, 0);
    lab.clean().await;
}

const HTTP: &str = "RUN mkdir /www && echo ok > /www/index.html\nCMD [\"httpd\", \"-f\", \"-p\", \"80\", \"-h\", \"/www\"]\n";

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_is_waited_for_and_reached_as_candidate() {
    let lab = lab();
    let check = "HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD wget -q -O - http://127.0.0.1/\n";
    let image = subject(&lab, "service", &format!("{HTTP}{check}")).await;
    let within = Span::from_secs(20);
    let tests = vec![
        service("reaches", "wget -q -O - http://candidate/ | grep ok", within),
        service("misses", "wget -q -O - http://candidate/none", within),
    ];
    let job = job(&lab, "service", &image, tests);
    let told = Told::default();
    let outcomes = run(&lab, &job, &told).await;
    assert!(outcomes[0].passed, "{:?} {}", outcomes[0], told.text());
    assert!(!outcomes[1].passed);
    eprintln!("MEASURED: a service test, healthy after 1 s: {} ms", outcomes[0].took.as_millis());
    assert_eq!(leftovers(&lab, &job).await, 0);
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_without_a_health_check_must_run_for_a_second() {
    let lab = lab();
    let image = subject(&lab, "plain", HTTP).await;
    let job = job(
        &lab,
        "plain",
        &image,
        vec![service("reaches", "wget -q -O - http://candidate/", Span::from_secs(20))],
    );
    let told = Told::default();
    let outcomes = run(&lab, &job, &told).await;
    assert!(outcomes[0].passed, "{:?} {}", outcomes[0], told.text());
    assert!(outcomes[0].took >= Span::from_secs(1));
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_that_never_becomes_healthy_fails_with_its_last_words() {
    let lab = lab();
    let sick = "HEALTHCHECK --interval=1s --retries=1 CMD echo no database; exit 1\nCMD [\"sh\", \"-c\", \"echo starting; sleep 600\"]\n";
    let dies = "CMD [\"sh\", \"-c\", \"echo dying; exit 7\"]\n";
    let sick = subject(&lab, "sick", sick).await;
    let told = Told::default();
    let outcomes =
        run(&lab, &job(&lab, "sick", &sick, vec![service("s", "true", Span::from_secs(4))]), &told).await;
    let reason = outcomes[0].reason.clone().unwrap();
    assert!(
        reason.starts_with("never became healthy within 4s") && reason.contains("no database"),
        "{reason}"
    );
    assert!(told.text().contains("[s] candidate: starting"), "{}", told.text());

    let dies = subject(&lab, "dies", dies).await;
    let outcomes =
        run(&lab, &job(&lab, "dies", &dies, vec![service("s", "true", Span::from_secs(20))]), &told).await;
    assert_eq!(outcomes[0].reason.as_deref(), Some("never became healthy: it ended with exit code 7"));
    assert!(told.text().contains("[s] candidate: dying"), "{}", told.text());
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_silent_command_may_take_longer_than_an_answer_of_the_engine() {
    let lab = lab();
    let image = subject(&lab, "silent", "").await;
    let job = job(&lab, "silent", &image, vec![command("silent", "sleep 4")]);
    let engine = Engine::new("builder", &lab.engine_host, Duration::from_secs(2)).unwrap();
    let answer = EngineTester::new(Arc::new(engine), BTreeMap::new()).test(&job, &Told::default()).await;
    let Answer::Done(report) = answer else { panic!("{answer:?}") };
    assert!(report.passed(), "{report:?}");
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn an_engine_that_goes_away_during_a_test_is_silence() {
    let lab = lab();
    let image = subject(&lab, "cut", "").await;
    let job = job(&lab, "cut", &image, vec![command("cut", "echo now; sleep 600")]);
    let (engine, cutter) = lab.engine_that_can_be_cut().await;
    let told = Told::that_cuts("[cut] now", cutter);
    let answer = EngineTester::new(engine, BTreeMap::new()).test(&job, &told).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
    let quick = TestJob { tests: vec![command("q", "true")], ..job.clone() };
    assert!(run(&lab, &quick, &told).await[0].passed);
    assert_eq!(leftovers(&lab, &job).await, 0);
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_client_may_have_an_image_of_its_own_and_its_time_ends_with_the_tests() {
    let lab = lab();
    let image = subject(&lab, "server", HTTP).await;
    let client = lab.image("client", "1");
    lab.built(&client, &client, &format!("{BASE}RUN touch /client\n")).await;
    let mut test = service("t", "test -e /client && wget -q -O - http://candidate/", Span::from_secs(20));
    let TestKind::Service { client: named, .. } = &mut test.kind else { unreachable!() };
    *named = Some(client);
    let mut slow = service("slow", "sleep 600", Span::from_secs(20));
    slow.timeout = Span::from_secs(4);
    let told = Told::default();
    let outcomes = run(&lab, &job(&lab, "server", &image, vec![test, slow]), &told).await;
    assert!(outcomes[0].passed, "{:?} {}", outcomes[0], told.text());
    assert_eq!(outcomes[1].reason.as_deref(), Some("timed out after 4s"));
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_memory_limit_holds_or_its_absence_is_said() {
    let lab = lab();
    let image = subject(&lab, "memory", "").await;
    let mut hungry = command("hungry", "x=$(dd if=/dev/zero bs=1M count=64 | tr '\\0' x); echo ${#x}");
    hungry.memory = Some(16 << 20);
    let told = Told::default();
    let outcomes = run(&lab, &job(&lab, "memory", &image, vec![hungry]), &told).await;
    let limited = !told.text().contains("engine: ");
    eprintln!("memory limits on this engine: {limited}; {:?}", outcomes[0].reason);
    assert_eq!(outcomes[0].passed, !limited, "{:?} {}", outcomes[0], told.text());
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_test_that_is_dropped_leaves_nothing_for_the_next_attempt() {
    let lab = lab();
    let image = subject(&lab, "dropped", HTTP).await;
    let job = job(&lab, "dropped", &image, vec![service("s", "sleep 600", Span::from_secs(20))]);
    let told = Told::default();
    // A runtime of its own, as a process that is killed: not even the removal at drop comes to run.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let cut = runtime.block_on(async {
                tokio::time::timeout(Duration::from_secs(4), run(&lab, &job, &told)).await
            });
            assert!(cut.is_err());
        });
    });
    assert_eq!(leftovers(&lab, &job).await, 2, "the service and its client");
    let quick = TestJob { tests: vec![command("q", "true")], ..job.clone() };
    let started = Instant::now();
    assert!(run(&lab, &quick, &told).await[0].passed);
    eprintln!("MEASURED: leftovers removed and a test run: {:?}", started.elapsed());
    assert_eq!(leftovers(&lab, &job).await, 0);
    lab.clean().await;
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_subject_that_is_nowhere_fails_its_tests_and_a_registry_that_is_gone_does_not() {
    let lab = lab();
    let digest = tidegate::model::Digest::of(b"nothing");
    let nowhere = lab.image("nowhere", "1").at(digest.clone());
    let told = Told::default();
    let outcomes = run(&lab, &job(&lab, "nowhere", &nowhere, vec![command("c", "true")]), &told).await;
    assert!(outcomes[0].reason.as_deref().unwrap().contains("cannot be pulled"), "{outcomes:?}");
    let gone: PinnedRef = format!("127.0.0.1:1/a@{digest}").parse().unwrap();
    let tester = EngineTester::new(lab.engine.clone(), BTreeMap::new());
    let answer = tester.test(&job(&lab, "nowhere", &gone, vec![command("c", "true")]), &told).await;
    assert!(matches!(answer, Answer::Unreachable(_)), "{answer:?}");
}
