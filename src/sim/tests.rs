//! The simulated world through its ports, on a paused clock.

use super::file::{Flaw, Fleet as Answers, HandDoes, Happening, How, Length};
use super::*;
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::reports::{Answer, ChangeReport, Look, LookReport, UpdateState};
use crate::model::{Action, Digest, EffectId, ImageRef, RunId, Span, StepKey, Timestamp, WorkloadId};
use crate::ports::{Clock as _, World};
use std::sync::Arc;

const WORLD: &str = r#"
title = "small"
[fleets.prod]
nodes = ["n01", "n02"]
[images."debian:jessie"]
[images."shop/web:1"]
from = "debian:jessie"
[workloads."prod/web"]
image = "shop/web:1"
tasks = 2
"#;

fn web() -> WorkloadId {
    "prod/web".parse().unwrap()
}

fn image() -> ImageRef {
    "shop/web:1".parse().unwrap()
}

struct There {
    sim: Sim,
    world: World,
}

impl There {
    fn new(text: &str) -> Self {
        let clock = Arc::new(SimClock::new(Timestamp::from_millis(1_000_000), 1));
        let sim = Sim::new(WorldFile::parse(text).unwrap(), 7, clock).unwrap();
        let world = sim.world();
        Self { sim, world }
    }

    async fn after(&self, secs: u64) {
        self.sim.clock().sleep(Span::from_secs(secs)).await;
    }

    /// Somebody publishes content with this flaw under the image's tag.
    fn flawed(&self, how: How, after: u64) -> Digest {
        let flaws = vec![Flaw { hits: "prod/web".to_owned(), how, after: Some(Length::secs(after)) }];
        self.sim.apply(&Happening::Moves { image: image(), flaws });
        self.sim.tag(&image()).unwrap()
    }

    fn hand(&self, does: HandDoes) {
        self.sim.apply(&Happening::Hand { workload: web(), does });
    }

    fn fleet(&self) -> &dyn crate::ports::Fleet {
        &*self.world.fleets[&web().fleet]
    }

    async fn look(&self) -> Look {
        match self.fleet().look(&web(), self.sim.now()).await {
            Answer::Done(LookReport::Seen(look)) => *look,
            other => panic!("{other:?}"),
        }
    }

    async fn job(&self, digest: &Digest) -> DeployJob {
        let step = StepKey::Deploy(web());
        DeployJob {
            id: EffectId { run: RunId(1), step, subject: None, action: Action::Deploy, attempt: 1 },
            workload: web(),
            image: image().at(digest.clone()),
            named: image(),
            mark: "tidegate-x-r1".to_owned(),
            before: self.look().await.spec,
        }
    }

    async fn deploy(&self, digest: &Digest) -> (DeployJob, ChangeReport) {
        let job = self.job(digest).await;
        match self.fleet().deploy(&job).await {
            Answer::Done(report) => (job, report),
            Answer::Unreachable(silence) => panic!("{silence:?}"),
        }
    }

    async fn restore(&self, job: &DeployJob) -> ChangeReport {
        let restore = RestoreJob {
            id: EffectId { action: Action::Restore, ..job.id.clone() },
            workload: web(),
            mark: job.mark.clone(),
            before: job.before.clone(),
        };
        match self.fleet().restore(&restore).await {
            Answer::Done(report) => report,
            Answer::Unreachable(silence) => panic!("{silence:?}"),
        }
    }

    /// When users were hurt, in milliseconds from the beginning.
    fn hurt(&self) -> Vec<(bool, i64)> {
        drop(self.sim.tag(&image()));
        let deeds = self.sim.deeds(0);
        let when = |deed: &Deed| deed.at.as_millis() - 1_000_000;
        deeds
            .iter()
            .filter_map(|deed| match deed.doing {
                Doing::Hurt { .. } => Some((true, when(deed))),
                Doing::Well { .. } => Some((false, when(deed))),
                _ => None,
            })
            .collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_deploy_goes_slot_by_slot_hurts_nobody_and_is_found_when_asked_for_again() {
    let there = There::new(WORLD);
    let digest = there.flawed(How::TestsFail, 0);
    let (job, report) = there.deploy(&digest).await;
    assert!(matches!(report, ChangeReport::Changed { found: false, .. }), "{report:?}");
    let look = there.look().await;
    assert_eq!((look.running, look.desired, &look.update), (0, 2, &UpdateState::Updating));
    assert_eq!(look.tasks.iter().filter(|task| task.current).count(), 1, "one slot at a time");
    there.after(20).await;
    let look = there.look().await;
    assert_eq!((look.running, look.tasks.len(), &look.update), (2, 2, &UpdateState::Completed));
    assert_eq!(look.digest, Some(digest));
    assert_eq!(there.hurt(), []);
    let again = there.fleet().deploy(&job).await;
    assert!(matches!(again, Answer::Done(ChangeReport::Changed { found: true, .. })), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn a_put_back_brings_the_spec_of_before_and_finds_it_the_second_time() {
    let there = There::new(WORLD);
    let before = there.sim.fingerprint();
    let first = there.sim.runs(&web());
    let digest = there.flawed(How::TestsFail, 0);
    let (job, _) = there.deploy(&digest).await;
    there.after(5).await;
    assert!(matches!(there.restore(&job).await, ChangeReport::Changed { found: false, .. }));
    assert!(matches!(there.restore(&job).await, ChangeReport::Changed { found: true, .. }));
    there.after(20).await;
    let look = there.look().await;
    assert_eq!((look.running, look.digest), (2, first));
    there.sim.apply(&Happening::MovesBack { image: image() });
    assert_eq!(there.sim.fingerprint(), before);
}

#[tokio::test(start_paused = true)]
async fn every_flaw_shows_as_it_is_said_to() {
    // How it shows how long after the start; whether a minute later every task runs and none ended; whether users were hurt.
    let cases = [
        (How::NoPlace, 0, false, false, false),
        (How::NeverHealthy, 0, false, true, false),
        (How::Crashes, 1, false, true, false),
        (How::ExitsZero, 1, false, true, false),
        (How::Sick, 1, false, true, true),
        (How::HealthLies, 4, true, false, true),
        (How::HealthHangs, 1, false, true, true),
    ];
    for (how, after, runs, ends, hurts) in cases {
        let there = There::new(WORLD);
        let digest = there.flawed(how, after);
        there.deploy(&digest).await;
        there.after(60).await;
        let look = there.look().await;
        assert_eq!(look.running == 2 && look.ended.is_empty(), runs, "{how:?}: {look:?}");
        assert_eq!(!look.ended.is_empty(), ends, "{how:?}: {look:?}");
        assert_eq!(!there.hurt().is_empty(), hurts, "{how:?}: {:?}", there.hurt());
        if how == How::ExitsZero {
            assert_eq!(look.ended[0].exit, Some(0));
        }
        if how == How::NoPlace {
            assert!(look.tasks.iter().any(|task| task.message.is_some()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn users_are_hurt_from_the_moment_a_task_is_sick_until_none_is() {
    let there = There::new(&WORLD.replace("tasks = 2", "tasks = 1\nchecks = \"probe\""));
    let digest = there.flawed(How::HealthLies, 10);
    let (job, _) = there.deploy(&digest).await;
    there.after(60).await;
    let hurt = there.hurt();
    assert_eq!((hurt.len(), hurt[0].0), (1, true), "{hurt:?}");
    there.restore(&job).await;
    there.after(20).await;
    let hurt = there.hurt();
    assert_eq!((hurt.len(), hurt[1].0), (2, false), "{hurt:?}");
    assert!(hurt[1].1 > 60_000 && hurt[0].1 < 20_000, "{hurt:?}");
}

#[tokio::test(start_paused = true)]
async fn a_probe_says_what_users_see() {
    let there = There::new(WORLD);
    let spec = &there.sim.setup().workloads[&web()].probes[0];
    let address = there.look().await.tasks[0].address.clone().unwrap();
    assert!(there.world.prober.probe(spec, &address).await.ok);
    let digest = there.flawed(How::HealthLies, 1);
    there.deploy(&digest).await;
    there.after(30).await;
    assert!(!there.world.prober.probe(spec, &address).await.ok, "that task is gone");
    let address = there.look().await.tasks[0].address.clone().unwrap();
    let answer = there.world.prober.probe(spec, &address).await;
    assert_eq!(answer.why.as_deref(), Some("GET /health: status 500, not 200"));
}

#[tokio::test(start_paused = true)]
async fn an_orchestrator_that_rolls_back_by_itself_is_somebody_elses_change() {
    let there = There::new(&WORLD.replace("nodes =", "rolls_back = true\nnodes ="));
    let digest = there.flawed(How::Crashes, 1);
    let (job, _) = there.deploy(&digest).await;
    there.after(60).await;
    let look = there.look().await;
    assert!(matches!(look.update, UpdateState::RolledBack(_)), "{:?}", look.update);
    assert_eq!((look.running, look.spec.mark), (2, None));
    let again = there.fleet().deploy(&job).await;
    assert!(matches!(again, Answer::Done(ChangeReport::ChangedByOthers { .. })), "{again:?}");
    assert!(matches!(there.restore(&job).await, ChangeReport::Changed { found: true, .. }));
    assert!(there.sim.deeds(0).iter().any(|deed| deed.by == Hand::Orchestrator));
}

#[tokio::test(start_paused = true)]
async fn what_a_person_changed_is_left_alone() {
    let there = There::new(WORLD);
    let digest = there.flawed(How::TestsFail, 0);
    let job = there.job(&digest).await;
    there.hand(HandDoes::Scales(3));
    let report = there.fleet().deploy(&job).await;
    assert!(matches!(report, Answer::Done(ChangeReport::ChangedByOthers { .. })), "{report:?}");
    there.after(10).await;
    assert_eq!(there.look().await.running, 3);
    let (job, _) = there.deploy(&digest).await;
    there.hand(HandDoes::SetsImage("shop/web:hotfix".to_owned()));
    assert!(matches!(there.restore(&job).await, ChangeReport::ChangedByOthers { .. }));
    there.hand(HandDoes::Removes);
    assert_eq!(there.restore(&job).await, ChangeReport::Gone);
    there.hand(HandDoes::Remakes);
    assert_eq!(there.look().await.running, 2);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_of_something_that_was_done() {
    let there = There::new(WORLD);
    let digest = there.flawed(How::TestsFail, 0);
    let job = there.job(&digest).await;
    there.sim.apply(&Happening::Fleet { name: web().fleet, how: Answers::LosesAnswers });
    assert!(matches!(there.fleet().deploy(&job).await, Answer::Unreachable(_)));
    there.sim.apply(&Happening::Heals);
    assert!(matches!(
        there.fleet().deploy(&job).await,
        Answer::Done(ChangeReport::Changed { found: true, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn the_same_world_is_the_same_twice() {
    let mut told = Vec::new();
    for _ in 0..2 {
        let there = There::new(WORLD);
        let digest = there.flawed(How::Sick, 4);
        there.deploy(&digest).await;
        there.after(300).await;
        there.look().await;
        told.push(there.sim.deeds(0));
    }
    assert!(told[0].len() > 5);
    assert_eq!(told[0], told[1]);
}
