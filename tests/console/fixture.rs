//! An invented installation in a bad night: rows of every kind, in every state a console must show.
#![allow(dead_code, reason = "shared by tests, the bench and the example, each of which uses a part")]

use tidegate::api::Me;
use tidegate::api::rows::*;
use tidegate::api::stream::Frame;
use tidegate::console::{Model, Msg, model::Size, update};
use tidegate::model::jobs::Role;
use tidegate::model::reports::*;
use tidegate::model::setup::OnFailure;
use tidegate::model::*;

/// 2026-11-23T00:00:00Z.
const MIDNIGHT: i64 = 1_795_392_000_000;

/// A time of the night: `at("02:14:02")`.
pub fn at(text: &str) -> Timestamp {
    let parts: Vec<i64> = text.split(':').map(|part| part.parse().unwrap()).collect();
    let seconds = parts[0] * 3600 + parts[1] * 60 + parts.get(2).copied().unwrap_or(0);
    Timestamp::from_millis(MIDNIGHT + seconds * 1000)
}

pub fn now() -> Timestamp {
    at("02:14:20")
}

/// A digest that begins with these digits.
pub fn digest(head: &str) -> Digest {
    format!("sha256:{head}{}", "0".repeat(64 - head.len())).parse().unwrap()
}

pub fn image(text: &str) -> ImageRef {
    text.parse().unwrap()
}

pub fn workload(text: &str) -> WorkloadId {
    text.parse().unwrap()
}

fn step_key(text: &str) -> StepKey {
    text.parse().unwrap()
}

pub fn person(name: &str) -> Actor {
    Actor::Person { name: name.to_owned(), uid: 1000 }
}

pub fn waiting(what: &str, since: &str, deadline: Option<&str>, who: &str, next: &str) -> Waiting {
    Waiting {
        what: what.to_owned(),
        since: at(since),
        deadline: deadline.map(at),
        who: who.to_owned(),
        next: next.to_owned(),
    }
}

pub fn daemon() -> DaemonRow {
    DaemonRow {
        name: "prod".to_owned(),
        version: "0.1.0".to_owned(),
        pid: 4711,
        since: at("00:10"),
        read_only: false,
        freeze: None,
        stuck: None,
        config: Some(at("00:10")),
    }
}

fn image_row(name: &str, base: Option<(&str, &str)>, tag_at: &str, mark: Mark, state: &str) -> ImageRow {
    ImageRow {
        image: image(name),
        upstream: base.is_none(),
        owner: base.map(|_| "team-web".parse().unwrap()),
        digest: Some(digest(tag_at)),
        mark,
        state: state.to_owned(),
        since: Some(at("01:20")),
        bases: base
            .map(|(base, at)| BaseRow {
                name: base.to_owned(),
                image: Some(image(base)),
                role: Role::Runtime,
                digest: Some(digest(at)),
            })
            .into_iter()
            .collect(),
        unknown: Vec::new(),
        stands_on: Some((
            image(base.map_or(name, |_| "debian:jessie")),
            Some(digest(if base.is_some() { "b71e" } else { tag_at })),
        )),
        behind: false,
        why_behind: None,
        run: base.map(|_| RunId(42)),
        workloads: Vec::new(),
        polled: Some(at("02:14")),
    }
}

fn images() -> Vec<ImageRow> {
    let old = Some((image("debian:jessie"), Some(digest("9f3c"))));
    let mut critical = image_row(
        "mycriticalapp:1.4",
        Some(("microsoft/aspnetcore:1.0.1", "c40d")),
        "5e1d",
        Mark::Held,
        "held 1 of 2",
    );
    critical.stands_on.clone_from(&old);
    critical.behind = true;
    critical.why_behind = Some("the rebuilt one is held for approval by gate prod".to_owned());
    critical.workloads = vec![workload("prod/jobs"), workload("prod/web")];
    let mut billing = image_row(
        "registry.example.com:5000/billing:3.2",
        Some(("microsoft/aspnetcore:1.0.1", "c40d")),
        "77b2",
        Mark::Failed,
        "2 of 210 failed",
    );
    billing.stands_on.clone_from(&old);
    billing.behind = true;
    billing.why_behind =
        Some("tests fail on the new base and pass on the old: this update broke it".to_owned());
    billing.owner = Some("team-pay".parse().unwrap());
    billing.workloads = vec![workload("prod/billing")];
    let mut status = image_row(
        "status:0.9",
        Some(("microsoft/aspnetcore:1.0.1", "c40d")),
        "19fe",
        Mark::Good,
        "published",
    );
    status.workloads = vec![workload("prod/status")];
    let mut edge = image_row("edge:2.1", Some(("nginx:1.27", "e07a")), "c655", Mark::Working, "testing");
    edge.stands_on = Some((image("nginx:1.27"), Some(digest("e07a"))));
    edge.run = Some(RunId(43));
    edge.workloads = vec![workload("prod/edge")];
    let mut scratch = image_row("scratch-tool:2", None, "0badc", Mark::Unknown, "unknown");
    scratch.stands_on = None;
    scratch.unknown = vec![jobs::Unknown {
        text: "FROM ${BASE}".to_owned(),
        line: 3,
        why: "BASE has no default and the recipe gives none".to_owned(),
    }];
    vec![
        image_row("debian:jessie", None, "b71e", Mark::Moved, "moved 01:20"),
        image_row(
            "microsoft/dotnet:1.0.1-core",
            Some(("debian:jessie", "b71e")),
            "3ac1",
            Mark::Good,
            "published",
        ),
        image_row(
            "microsoft/aspnetcore:1.0.1",
            Some(("microsoft/dotnet:1.0.1-core", "3ac1")),
            "c40d",
            Mark::Good,
            "published",
        ),
        critical,
        billing,
        status,
        image_row("nginx:1.27", None, "e07a", Mark::Moved, "moved 02:09"),
        edge,
        image_row("alpine:3.20", None, "88ab", Mark::Good, "current"),
        scratch,
    ]
}

fn task(name: &str, node: &str, of: &str, state: TaskState) -> TaskLook {
    TaskLook {
        id: format!("{name}-id").parse().unwrap(),
        name: name.to_owned(),
        node: Some(node.parse().unwrap()),
        digest: Some(digest(of)),
        current: true,
        state,
        message: None,
        address: Some("10.0.9.14".to_owned()),
        probe: Some(ProbeAnswer { ok: true, took: Span::from_millis(38), why: None }),
    }
}

fn workload_row(name: &str, of: Option<&str>, at_digest: &str, base: &str, tasks: u32) -> WorkloadRow {
    WorkloadRow {
        workload: workload(name),
        image: of.map(image),
        runs: format!("{}@{}", of.unwrap_or("unknown"), digest(at_digest)),
        digest: Some(digest(at_digest)),
        stands_on: Some(digest(base)),
        owner: Some("team-web".parse().unwrap()),
        mark: Mark::Good,
        state: "healthy".to_owned(),
        running: tasks,
        desired: tasks,
        tasks: (1..=tasks.min(3))
            .map(|n| {
                task(
                    &format!("{}.{n}", name.trim_start_matches("prod/")),
                    &format!("n0{n}"),
                    at_digest,
                    TaskState::Running,
                )
            })
            .collect(),
        probes: None,
        update: UpdateState::None,
        quarantine: Vec::new(),
        run: None,
        seen: Some(now()),
    }
}

fn workloads() -> Vec<WorkloadRow> {
    let mut web = workload_row("prod/web", Some("mycriticalapp:1.4"), "5e1d", "9f3c", 12);
    web.run = Some(RunId(42));
    let mut jobs = workload_row("prod/jobs", Some("mycriticalapp:1.4"), "5e1d", "9f3c", 4);
    jobs.run = Some(RunId(42));
    let mut edge = workload_row("prod/edge", Some("edge:2.1"), "c655", "e07a", 8);
    edge.run = Some(RunId(41));
    edge.quarantine = vec![QuarantineRow {
        digest: digest("dead"),
        since: at("01:05"),
        run: RunId(41),
        why: "12 of 50 probes failed: status 500, not 200".to_owned(),
        ends: "the next move of nginx:1.27, or U".to_owned(),
    }];
    edge.probes = Some(ProbeTally {
        since: at("01:06"),
        total: 4_100,
        failed: 0,
        sick_tasks: 0,
        first: None,
        last: None,
        broken: None,
    });
    let mut cron = workload_row("prod/cron", None, "4444", "4444", 1);
    (cron.image, cron.stands_on, cron.mark, cron.state) = (None, None, Mark::Unknown, "unknown".to_owned());
    let mut billing =
        workload_row("prod/billing", Some("registry.example.com:5000/billing:3.2"), "77b2", "9f3c", 6);
    billing.owner = Some("team-pay".parse().unwrap());
    vec![web, jobs, edge, cron, billing, workload_row("prod/status", Some("status:0.9"), "19fe", "b71e", 2)]
}

fn run_row(
    run: u64,
    cause: &str,
    of: &str,
    from: &str,
    to: &str,
    started: &str,
    mark: Mark,
    state: &str,
) -> RunRow {
    RunRow {
        run: RunId(run),
        cause: cause.to_owned(),
        image: image(of),
        from: Some(digest(from)),
        to: Some(digest(to)),
        by: Actor::Webhook("registry.example.com".to_owned()),
        started: at(started),
        ended: None,
        mark,
        state: state.to_owned(),
        doing: String::new(),
        done: 0,
        failed: 0,
        steps: 1,
        paused: None,
        waiting: None,
        left: None,
        usual: None,
        plan: digest("aaaa"),
    }
}

fn runs() -> Vec<RunRow> {
    let held =
        waiting("1 of 2 approvals (gate prod)", "01:34:20", Some("03:31"), "oncall, platform", "rejected");
    let mut critical = run_row(
        42,
        "debian:jessie 9f3c→b71e, moved 01:20:11",
        "debian:jessie",
        "9f3c",
        "b71e",
        "01:20:11",
        Mark::Held,
        "5 of 8 done, 1 failed",
    );
    critical.doing = "mycriticalapp:1.4 held, 1 of 2 approvals".to_owned();
    (critical.done, critical.failed, critical.steps) = (5, 1, 8);
    critical.waiting = Some(held);
    critical.usual = Some(Span::from_secs(2_400));
    let mut nginx = run_row(
        43,
        "nginx:1.27 c0de→e07a, moved 02:09:00",
        "nginx:1.27",
        "c0de",
        "e07a",
        "02:09:00",
        Mark::Working,
        "0 of 2 done",
    );
    nginx.doing = "edge:2.1 testing, 31 of 64 cases".to_owned();
    nginx.left = Some(Span::from_secs(240));
    nginx.usual = Some(Span::from_secs(300));
    nginx.steps = 2;
    let mut redis = run_row(
        44,
        "redis:7.4 1111→2222, moved 02:11:40",
        "redis:7.4",
        "1111",
        "2222",
        "02:11:40",
        Mark::Paused,
        "paused by ben",
    );
    redis.doing = "paused by ben 22:40, vendor ticket 8812".to_owned();
    redis.paused = Some(Freeze {
        by: person("ben"),
        reason: Some("vendor ticket 8812".to_owned()),
        since: at("02:11:50"),
        until: None,
    });
    redis.usual = Some(Span::from_secs(180));
    let mut edge = run_row(
        41,
        "nginx:1.27 beef→c0de, moved 00:40:00",
        "nginx:1.27",
        "beef",
        "c0de",
        "00:40:00",
        Mark::Restored,
        "edge was put back",
    );
    edge.ended = Some(at("01:06:10"));
    edge.usual = Some(Span::from_secs(300));
    vec![critical, nginx, redis, edge]
}

pub fn step_row(run: u64, step: &str, place: u32, mark: Mark, state: &str, result: &str) -> StepRow {
    StepRow {
        run: RunId(run),
        step: step_key(step),
        place,
        title: match step_key(step) {
            StepKey::Image(image) => image.short(),
            StepKey::Deploy(workload) => format!("deploy {}", workload.name),
        },
        mark,
        state: state.to_owned(),
        result: result.to_owned(),
        digest: None,
        before: None,
        started: None,
        ended: None,
        usual: Some(Span::from_secs(170)),
        cases: None,
        failing: Vec::new(),
        progress: None,
        waiting: None,
        hold: None,
        verdict: None,
        seen: Vec::new(),
        logs: Vec::new(),
        expect: Seen { digest: None, plan: Some(digest("aaaa")), generation: Some(3) },
        may: Vec::new(),
        owner: Some("team-web".parse().unwrap()),
    }
}

fn hold() -> HoldRow {
    HoldRow {
        gate: "prod".to_owned(),
        approvals: vec![ApprovalRow {
            by: person("ben"),
            at: at("01:40"),
            note: Some("read the diff".to_owned()),
        }],
        needed: 2,
        approvers: vec!["oncall".to_owned(), "platform".to_owned()],
        expires: Some(at("03:31")),
        at_once: "tag 1.4 moves to 77a0; lock prod is free and will be taken".to_owned(),
        then: vec![
            "+0 to +6m  web   12 tasks in waves 1, 4, 7; soak 60s a wave".to_owned(),
            "+6 to +8m  jobs  4 tasks in waves 1, 3".to_owned(),
        ],
        if_sick: "5e1d is put back by itself, about 40s; 77a0 is quarantined".to_owned(),
        undo: "R at any time, about 40s; nothing in this plan is irreversible".to_owned(),
        if_nobody: "03:31 rejected; these 16 tasks stay on debian 9f3c".to_owned(),
        affects: "team-web; 16 tasks on 9 nodes".to_owned(),
        on_failure: OnFailure::Rollback,
    }
}

fn steps_of_42() -> Vec<StepRow> {
    let mut dotnet =
        step_row(42, "image:microsoft/dotnet:1.0.1-core", 0, Mark::Good, "published", "3ac1, tests 12/12");
    (dotnet.started, dotnet.ended) = (Some(at("01:20:12")), Some(at("01:23:14")));
    let mut aspnet =
        step_row(42, "image:microsoft/aspnetcore:1.0.1", 1, Mark::Good, "published", "c40d, tests 48/48");
    (aspnet.started, aspnet.ended) = (Some(at("01:23:14")), Some(at("01:27:25")));
    vec![dotnet, aspnet, held_step(), failed_step(), blocked_step(), deploy_step()]
}

pub fn held_step() -> StepRow {
    let mut step = step_row(42, "image:mycriticalapp:1.4", 2, Mark::Held, "held", "77a0, tests 210/210");
    step.digest = Some(digest("77a0"));
    step.before = Some(digest("5e1d"));
    step.expect.digest = Some(digest("77a0"));
    step.started = Some(at("01:27:25"));
    step.cases = Some((210, 210));
    step.waiting = Some(waiting(
        "1 of 2 approvals (gate prod)",
        "01:34:20",
        Some("03:31"),
        "oncall, platform",
        "rejected",
    ));
    step.hold = Some(hold());
    step.may = vec![May::Approve, May::Reject];
    step.logs = vec![
        "r42/image:mycriticalapp:1.4/build/1".to_owned(),
        "r42/image:mycriticalapp:1.4/test/1".to_owned(),
    ];
    step
}

fn failed_step() -> StepRow {
    let mut step = step_row(
        42,
        "image:registry.example.com:5000/billing:3.2",
        3,
        Mark::Failed,
        "failed",
        "tests 208/210, this update broke it",
    );
    (step.started, step.ended) = (Some(at("01:27:25")), Some(at("01:34:20")));
    step.cases = Some((208, 210));
    step.before = Some(digest("77b2"));
    step.digest = Some(digest("abcd"));
    step.failing = vec![
        FailingCase { name: "Tls.LegacyHandshake".to_owned(), message: "no protocols available".to_owned() },
        FailingCase {
            name: "Tls.PinnedCipher".to_owned(),
            message: "expected AES128-SHA, got none".to_owned(),
        },
    ];
    step.verdict = Some(
        "The tests fail on the new base and pass on the old one (control 210/210): this update broke it."
            .to_owned(),
    );
    step.waiting = Some(waiting(
        "a commit by team-pay, or T (try again)",
        "01:34:20",
        None,
        "team-pay, oncall",
        "the next move of debian:jessie tries again",
    ));
    step.seen =
        vec!["first run 208/210, second run 208/210".to_owned(), "control on 77b2: 210/210".to_owned()];
    step.logs = vec!["r42/image:billing:3.2/test/1".to_owned()];
    step.may = vec![May::Retry];
    step.owner = Some("team-pay".parse().unwrap());
    step
}

fn blocked_step() -> StepRow {
    let mut step = step_row(42, "deploy:prod/billing", 4, Mark::Blocked, "blocked", "by billing:3.2");
    step.waiting =
        Some(waiting("billing:3.2 to be published", "01:34:20", None, "team-pay, oncall", "nothing"));
    step
}

fn deploy_step() -> StepRow {
    let mut step = step_row(42, "deploy:prod/web", 5, Mark::Pending, "waiting", "");
    step.before = Some(digest("5e1d"));
    step.waiting = Some(waiting(
        "mycriticalapp:1.4 to be published",
        "01:20:11",
        None,
        "nobody: it ends by itself",
        "nothing",
    ));
    step
}

fn other_steps() -> Vec<StepRow> {
    let mut testing = step_row(43, "image:edge:2.1", 0, Mark::Working, "testing", "");
    testing.digest = Some(digest("f00d"));
    testing.started = Some(at("02:10:00"));
    testing.progress = Some("31 of 64 cases".to_owned());
    testing.logs = vec!["r43/image:edge:2.1/test/1".to_owned()];
    let mut deploy = step_row(43, "deploy:prod/edge", 1, Mark::Pending, "waiting", "");
    deploy.waiting =
        Some(waiting("edge:2.1 to be published", "02:09:00", None, "nobody: it ends by itself", "nothing"));
    let mut redis = step_row(44, "image:cache:7", 0, Mark::Pending, "waiting", "");
    redis.waiting =
        Some(waiting("the pause of run 44", "02:11:50", None, "anyone on the socket (P)", "nothing"));
    let mut restored =
        step_row(41, "deploy:prod/edge", 0, Mark::Restored, "restored", "edge runs c655 again");
    (restored.digest, restored.before) = (Some(digest("dead")), Some(digest("c655")));
    (restored.started, restored.ended) = (Some(at("01:04:00")), Some(at("01:06:10")));
    restored.verdict = Some("edge was well on c655 and failed on dead; it is well on c655 again.".to_owned());
    restored.expect.digest = Some(digest("dead"));
    restored.may = vec![May::Retry];
    let mut healthy = step_row(41, "deploy:prod/status", 1, Mark::Good, "healthy", "soaked 10m");
    (healthy.digest, healthy.before) = (Some(digest("19fe")), Some(digest("18aa")));
    (healthy.started, healthy.ended) = (Some(at("00:44:00")), Some(at("00:54:40")));
    healthy.usual = Some(Span::from_secs(640));
    healthy.may = vec![May::Rollback];
    vec![testing, deploy, redis, restored, healthy]
}

fn incidents() -> Vec<IncidentRow> {
    vec![
        IncidentRow {
            incident: IncidentId(32),
            cause: "workload unhealthy after the update".to_owned(),
            verdict: "edge failed on dead; on c655 it was well before and is well again.".to_owned(),
            run: RunId(41),
            step: step_key("deploy:prod/edge"),
            opened: at("01:05:43"),
            closed: None,
            claimed: None,
            users: "fine: 0 of 4100 probes failed since 01:06:10; were hurt: 12 of 50, 01:05:13 to 01:05:46"
                .to_owned(),
            restored: "✓ edge runs c655 since 01:06:10, nothing was left behind".to_owned(),
            seen: vec![
                "GET /health   200 48/48 before, 500 12/50 on dead, 200 33/33 after".to_owned(),
                "first error   01:05:13 edge.7: dial 10.0.9.14:5432: no route to host".to_owned(),
            ],
            vendor: Some("os-team".parse().unwrap()),
            customer: Some("team-web".parse().unwrap()),
        },
        IncidentRow {
            incident: IncidentId(33),
            cause: "tests fail after the update".to_owned(),
            verdict:
                "billing:3.2 fails 2 of 210 cases on the new base, none on the old: this update broke it."
                    .to_owned(),
            run: RunId(42),
            step: step_key("image:registry.example.com:5000/billing:3.2"),
            opened: at("01:34:20"),
            closed: None,
            claimed: Some((person("ben"), at("01:41"))),
            users: "fine: nothing was deployed".to_owned(),
            restored: "nothing to put back".to_owned(),
            seen: vec!["control 210/210".to_owned()],
            vendor: None,
            customer: Some("team-pay".parse().unwrap()),
        },
    ]
}

fn need(
    subject: &str,
    mark: Mark,
    harm: u8,
    object: &str,
    text: &str,
    outcome: &str,
    leads_to: RowKey,
) -> NeedRow {
    NeedRow {
        subject: subject.to_owned(),
        mark,
        harm,
        object: object.to_owned(),
        text: text.to_owned(),
        outcome: outcome.to_owned(),
        deadline: outcome.contains("03:31").then(|| at("03:31")),
        since: at("01:34:20"),
        leads_to: Some(leads_to),
    }
}

fn needs() -> Vec<NeedRow> {
    let billing = step_key("image:registry.example.com:5000/billing:3.2");
    vec![
        need(
            "incident 32",
            Mark::Failed,
            0,
            "incident 32",
            "edge sick on dead, put back",
            "stays on c655",
            RowKey::Incident(IncidentId(32)),
        ),
        need(
            "run 42 billing",
            Mark::Failed,
            1,
            "run 42",
            "billing:3.2 update broke 2 of 210 tests",
            "stays on 77b2",
            RowKey::Step(RunId(42), billing),
        ),
        need(
            "run 42 mycriticalapp",
            Mark::Held,
            2,
            "run 42",
            "mycriticalapp:1.4 held, 1 of 2 approvals",
            "03:31 rejected",
            RowKey::Step(RunId(42), step_key("image:mycriticalapp:1.4")),
        ),
        need(
            "run 44",
            Mark::Paused,
            3,
            "run 44",
            "redis: paused by ben 02:11, vendor ticket 8812",
            "stays, no end set",
            RowKey::Run(RunId(44)),
        ),
    ]
}

fn coming() -> Vec<ComingRow> {
    let row = |at_text: &str, text: &str| ComingRow {
        subject: text.to_owned(),
        at: at(at_text),
        text: text.to_owned(),
    };
    vec![
        row("03:31", "run 42: approval expires, rejected by gate prod"),
        row("06:00", "window weekday opens: 3 queued changes may start"),
        row("09:00", "freeze black-friday begins, by cto, ends Mon 09:00"),
    ]
}

fn events() -> Vec<EventRow> {
    let row =
        |seq: u64, time: &str, by: Actor, kind: &str, text: &str, run: Option<u64>, mark: Option<Mark>| {
            EventRow {
                seq: Seq(seq),
                at: at(time),
                by,
                kind: kind.to_owned(),
                text: text.to_owned(),
                run: run.map(RunId),
                step: None,
                fleet: None,
                mark,
            }
        };
    vec![
        row(1, "00:10:00", Actor::Daemon, "started", "tidegate 0.1.0 started", None, None),
        row(
            2,
            "01:05:43",
            Actor::Daemon,
            "unhealthy",
            "run 41: edge is sick on dead, 12 of 50 probes failed",
            Some(41),
            Some(Mark::Failed),
        ),
        row(
            3,
            "01:06:10",
            Actor::Daemon,
            "restored",
            "run 41: edge runs c655 again",
            Some(41),
            Some(Mark::Restored),
        ),
        row(
            4,
            "01:20:11",
            Actor::Webhook("registry.example.com".to_owned()),
            "tag_moved",
            "debian:jessie moved 9f3c→b71e",
            Some(42),
            Some(Mark::Moved),
        ),
        row(
            5,
            "01:34:20",
            Actor::Daemon,
            "tests_judged",
            "run 42: billing:3.2 tests failed 208/210, control on the old base 210/210",
            Some(42),
            Some(Mark::Failed),
        ),
        row(
            6,
            "01:40:00",
            person("ben"),
            "approved",
            "run 42: ben approved mycriticalapp:1.4 77a0, tests 210/210: read the diff",
            Some(42),
            Some(Mark::Held),
        ),
        row(
            7,
            "02:09:00",
            Actor::Webhook("registry.example.com".to_owned()),
            "tag_moved",
            "nginx:1.27 moved c0de→e07a",
            Some(43),
            Some(Mark::Moved),
        ),
        row(
            8,
            "02:11:50",
            person("ben"),
            "paused",
            "run 44: paused: vendor ticket 8812",
            Some(44),
            Some(Mark::Paused),
        ),
    ]
}

pub fn rows() -> Vec<Row> {
    let source = |name: &str| SourceRow { name: name.to_owned(), seen: Some(now()), lost: None, next: None };
    let mut rows =
        vec![Row::Daemon(daemon()), Row::Source(source("fleet prod")), Row::Source(source("builder"))];
    rows.extend(images().into_iter().map(Row::Image));
    rows.extend(workloads().into_iter().map(Row::Workload));
    rows.extend(runs().into_iter().map(Row::Run));
    rows.extend(steps_of_42().into_iter().chain(other_steps()).map(|row| Row::Step(Box::new(row))));
    rows.extend(incidents().into_iter().map(Row::Incident));
    rows.extend(needs().into_iter().map(Row::Need));
    rows.extend(coming().into_iter().map(Row::Coming));
    rows.extend(events().into_iter().map(Row::Event));
    rows
}

pub fn snapshot(rows: Vec<Row>) -> Vec<Frame> {
    let mut frames = vec![Frame::Begin { epoch: 1 }];
    frames.extend(rows.into_iter().map(|row| Frame::Row { row: Box::new(row) }));
    frames.push(Frame::End { epoch: 1, seq: Seq(8) });
    frames
}

pub fn me() -> Me {
    Me { actor: person("ana"), version: "0.1.0".to_owned(), api: 1, pid: 4711, read_only: false }
}

/// A console that has just loaded these rows.
pub fn model_of(rows: Vec<Row>, width: u16, height: u16) -> Model {
    let mut model = Model::new(Size { width, height }, now(), false);
    update(&mut model, Msg::Me(me()));
    update(&mut model, Msg::Rows(snapshot(rows), now()));
    model
}

/// A console on the bad night.
pub fn model(width: u16, height: u16) -> Model {
    model_of(rows(), width, height)
}

/// Many rows, for figures: images in chains of ten, each with a workload, and a tenth of them with a run.
pub fn many(count: usize) -> Vec<Row> {
    let mut rows = vec![Row::Daemon(daemon())];
    for n in 0..count / 2 {
        let name = format!("registry.example.com:5000/team-{}/app-{n}:1.{}", n % 17, n % 9);
        let base = format!(
            "registry.example.com:5000/team-{}/app-{}:1.{}",
            n.wrapping_sub(1) % 17,
            n.wrapping_sub(1),
            n.wrapping_sub(1) % 9
        );
        let mark = if n % 5 == 0 { Mark::Moved } else { Mark::Good };
        let mut row = image_row(
            &name,
            if n % 10 == 0 { None } else { Some((&base, "b71e")) },
            "77a0",
            mark,
            "published",
        );
        row.behind = n % 5 == 0;
        row.workloads = vec![workload(&format!("prod/app-{n}"))];
        rows.push(Row::Image(row));
        rows.push(Row::Workload(workload_row(&format!("prod/app-{n}"), Some(&name), "77a0", "b71e", 3)));
    }
    rows
}
