//! Deploying and putting back, on a real Swarm.

use crate::lab::{Lab, Service, done};
use serde_json::{Value, json};
use tidegate::model::reports::{ChangeReport, UpdateState};
use tidegate::ports::Fleet;

/// Settings that few services have: all of them must come through an update of ours.
const UNUSUAL: &[&str] = &[
    "--replicas",
    "2",
    "--env",
    "A=b",
    "--user",
    "0",
    "--init",
    "--cap-add",
    "NET_ADMIN",
    "--cap-drop",
    "MKNOD",
    "--ulimit",
    "nofile=100:200",
    "--sysctl",
    "net.core.somaxconn=99",
    "--limit-cpu",
    ".123",
    "--limit-pids",
    "50",
    "--mount",
    "type=tmpfs,destination=/t,tmpfs-size=1048576,tmpfs-mode=1770",
    "--mount",
    "type=volume,destination=/v,volume-label=k=l,volume-nocopy",
    "--placement-pref",
    "spread=node.labels.zone",
    "--replicas-max-per-node",
    "2",
    "--constraint",
    "node.platform.os==linux",
    "--dns",
    "192.0.2.1",
    "--dns-option",
    "ndots:1",
    "--host",
    "a.example:192.0.2.2",
    "--hostname",
    "{{.Node.Hostname}}",
    "--log-driver",
    "json-file",
    "--log-opt",
    "max-size=1m",
    "--update-parallelism",
    "2",
    "--update-max-failure-ratio",
    "0.15",
    "--update-order",
    "start-first",
    "--rollback-monitor",
    "3s",
    "--label",
    "team=shop",
    "--container-label",
    "x=y",
    "--read-only",
    "--tty",
    "--stop-signal",
    "TERM",
    "--health-cmd",
    "/bin/busybox true",
    "--health-interval",
    "1s",
    "--group",
    "7",
    "--restart-condition",
    "any",
    "--restart-window",
    "7s",
    "--isolation",
    "default",
];

fn without_ours(raw: &Value) -> Value {
    let mut spec = raw["Spec"].clone();
    spec["TaskTemplate"]["ContainerSpec"]["Image"] = json!("");
    spec["Labels"].as_object_mut().unwrap().retain(|name, _| !name.starts_with("tidegate."));
    spec
}

fn changed(report: &ChangeReport) -> Option<bool> {
    match report {
        ChangeReport::Changed { found, .. } => Some(*found),
        ChangeReport::ChangedByOthers { .. } | ChangeReport::Gone | ChangeReport::Refused(_) => None,
    }
}

async fn tasks_of(service: &Service<'_>, tag: &str) -> usize {
    let digest = service.digest(tag).unwrap();
    let list = service.lab.docker(&["service", "ps", "--no-trunc", "--format", "{{.Image}}", &service.name]);
    list.lines().filter(|image| image.ends_with(digest.as_str())).count()
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn deploying_twice_is_one_update() {
    let lab = Lab::find();
    let service = lab.service("flt-twice", "1", &["--replicas", "2", "--update-parallelism", "0"]);
    let swarm = lab.swarm();
    let job = service.deploy("2", "r1/a", &service.settled().await.spec);
    assert_eq!(changed(&done(swarm.deploy(&job).await)), Some(false));
    let look = service.settled().await;
    assert_eq!((look.spec.mark.as_deref(), look.digest), (Some("r1/a"), service.digest("2")));
    assert_eq!(changed(&done(swarm.deploy(&job).await)), Some(true));
    assert_eq!(service.settled().await.spec.rest, look.spec.rest);
    assert_eq!(tasks_of(&service, "2").await, 2, "the second deploy made tasks of its own");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn every_setting_survives_a_deploy_and_a_restore() {
    let lab = Lab::find();
    let things = lab.things("flt-unusual");
    let service = lab.service("flt-unusual", "1", &[UNUSUAL, &things.args()].concat());
    let swarm = lab.swarm();
    let before = service.settled().await.spec;
    let raw = service.raw().await;
    let report = done(swarm.deploy(&service.deploy("2", "r1/b", &before)).await);
    assert_eq!(changed(&report), Some(false), "{report:?}");
    let deployed = service.raw().await;
    assert_ne!(deployed["Spec"], raw["Spec"]);
    assert_eq!(without_ours(&deployed), without_ours(&raw));
    assert_eq!(service.settled().await.spec.rest, before.rest);
    let restore = service.restore("r1/b", &before);
    assert_eq!(changed(&done(swarm.restore(&restore).await)), Some(false));
    let back = service.raw().await;
    assert_eq!(back["Spec"].to_string(), raw["Spec"].to_string());
    assert_eq!(changed(&done(swarm.restore(&restore).await)), Some(true));
    assert_eq!(service.settled().await.digest, service.digest("1"));
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_spec_that_somebody_changed_is_left_alone() {
    let lab = Lab::find();
    let service = lab.service("flt-others", "1", &[]);
    let swarm = lab.swarm();
    let before = service.settled().await.spec;
    lab.docker(&["service", "update", "-d", "--env-add", "HOTFIX=1", &service.name]);
    let theirs = service.raw().await;
    for report in [
        done(swarm.deploy(&service.deploy("2", "r1/c", &before)).await),
        done(swarm.restore(&service.restore("r1/c", &before)).await),
    ] {
        let ChangeReport::ChangedByOthers { found, .. } = report else { panic!("{report:?}") };
        assert_ne!(found.rest, before.rest);
    }
    assert_eq!(service.raw().await["Spec"], theirs["Spec"]);
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_hotfix_over_our_deploy_is_not_put_back() {
    let lab = Lab::find();
    let service = lab.service("flt-hotfix", "1", &[]);
    let swarm = lab.swarm();
    let before = service.settled().await.spec;
    assert_eq!(changed(&done(swarm.deploy(&service.deploy("2", "r1/d", &before)).await)), Some(false));
    let hotfix = lab.image("done").to_string();
    lab.docker(&["service", "update", "-d", "--no-resolve-image", "--image", &hotfix, &service.name]);
    assert_eq!(service.look().await.spec.mark, None);
    let report = done(swarm.restore(&service.restore("r1/d", &before)).await);
    assert!(matches!(report, ChangeReport::ChangedByOthers { .. }), "{report:?}");
    assert_eq!(service.look().await.spec.image, hotfix);
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn of_two_deploys_at_once_one_wins_and_the_other_is_told() {
    let lab = Lab::find();
    let service = lab.service("flt-race", "1", &[]);
    let (one, two) = (lab.swarm(), lab.swarm());
    let before = service.settled().await.spec;
    let (a, b) = (service.deploy("2", "r1/x", &before), service.deploy("2", "r2/y", &before));
    let (a, b) = tokio::join!(one.deploy(&a), two.deploy(&b));
    let reports = [changed(&done(a)), changed(&done(b))];
    assert_eq!(reports.iter().filter(|r| **r == Some(false)).count(), 1, "{reports:?}");
    assert_eq!(reports.iter().filter(|r| r.is_none()).count(), 1, "{reports:?}");
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn what_swarm_rolled_back_by_itself_is_seen_and_not_deployed_again() {
    let lab = Lab::find();
    let rollback = [
        "--update-failure-action",
        "rollback",
        "--update-monitor",
        "3s",
        "--health-cmd",
        "/bin/busybox true",
        "--health-interval",
        "1s",
    ];
    let service = lab.service("flt-rollback", "1", &rollback);
    let swarm = lab.swarm();
    let before = service.settled().await.spec;
    let job = service.deploy("crash", "r1/e", &before);
    assert_eq!(changed(&done(swarm.deploy(&job).await)), Some(false));
    let rolled_back =
        |look: &tidegate::model::reports::Look| matches!(look.update, UpdateState::RolledBack(_));
    let look = service.until("Swarm's own rollback", rolled_back).await;
    assert_eq!((&look.spec.mark, &look.spec.image), (&None, &before.image));
    let report = done(swarm.deploy(&job).await);
    let ChangeReport::ChangedByOthers { found, update } = report else { panic!("{report:?}") };
    assert_eq!((found.rest, found.image), (before.rest.clone(), before.image.clone()));
    assert!(matches!(update, UpdateState::RolledBack(_)), "{update:?}");
    assert_eq!(changed(&done(swarm.restore(&service.restore("r1/e", &before)).await)), Some(true));
    // Seen afresh, the old rollback does not stand in the way of the next deploy.
    let next = service.deploy("2", "r2/e", &service.look().await.spec);
    assert_eq!(changed(&done(swarm.deploy(&next).await)), Some(false));
}

#[tokio::test]
#[ignore = "needs the lab; ./check runs it"]
async fn a_service_that_is_gone_is_told_as_gone() {
    let lab = Lab::find();
    let service = lab.service("flt-gone", "1", &[]);
    let before = service.look().await.spec;
    lab.docker(&["service", "rm", &service.name]);
    let report = done(lab.swarm().deploy(&service.deploy("2", "r1/f", &before)).await);
    assert_eq!(report, ChangeReport::Gone);
}
