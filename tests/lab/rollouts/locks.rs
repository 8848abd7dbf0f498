//! Who waits for whom: a deploy and a rollout that want the same work, and two daemons on one fleet.

use super::pool::{Rolling, ready};
use crate::harness::{Lab, ended, state_of, step, steps, until};
use crate::machines::names;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_deploy_and_a_rollout_that_want_the_same_work_wait_for_each_other_and_say_so() {
    let rolling = Rolling::begin("a deploy and a rollout", ToOwned::to_owned);
    let lab = &rolling.lab;
    lab.settle();
    lab.does(&["start", &lab.image("web")]);
    lab.wait("web is tested", 120, |status| state_of(status, 1, "/web:1") == "testing");
    // Tests are gone through to their end; then it waits.
    lab.does(&["pause", "1"]);
    waits(lab, 1, "/web:1", "paused by");
    let mark = || lab.service("web")["Spec"]["Labels"]["tidegate.mark"].clone();
    let before = mark();
    let release = rolling.release("good");
    let plan = rolling.plan(&release);
    let first = plan["nodes"][0]["node"].as_str().unwrap().to_owned();
    rolling.roll(&release);

    // The node step has the work in hand, so the deploy waits.
    rolling.node(2, &first, "soaking", 90);
    lab.does(&["resume", "1"]);
    let row = waits(lab, 1, "deploy:lab/web", "rollout 2 to let go of it");
    assert_eq!(row, format!("rollout 2 to let go of it: node {first} is soaking since {}", clock(&row)));
    assert_eq!(mark(), before, "the deploy did not wait");

    // Then the deploy has it, so the next node step waits that would move it: a node that has none of it by then goes on.
    let for_web = |status: &Value| {
        let mut all = steps(status, 2).into_iter();
        all.find(|step| said(step).contains("run 1 to let go of deploy web"))
    };
    let status = lab.wait("a node step waits for the deploy", 60, |status| for_web(status).is_some());
    let waits_for_it = for_web(&status).unwrap();
    let (row, second) = (said(&waits_for_it), waits_for_it["node"]["node"].as_str().unwrap().to_owned());
    let second = second.strip_prefix("lab/").unwrap().to_owned();
    assert!(row.contains("which is updating since") || row.contains("which is soaking since"), "{row}");
    assert_eq!(rolling.inspect(&second)["Spec"]["Availability"], "active", "the node step did not wait");
    let row = waits(lab, 2, &format!("node:lab/{second}"), "which is soaking since");
    assert!(row.starts_with("run 1 to let go of deploy web"), "{row}");
    assert_ne!(mark(), before, "nothing was deployed");
    let status = lab.wait("the run ends", 120, |status| ended(status, 1));
    for step in steps(&status, 1) {
        assert_eq!(step["mark"], "good", "{step:#}");
    }
    rolling.node(2, &second, "shifting", 20);

    lab.does(&["abort", "2", "--reason", "enough was seen"]);
    lab.wait("the rollout ends", 90, |status| ended(status, 2));
    rolling.nothing_is_left_behind();
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_second_daemon_on_the_fleet_is_refused_and_names_the_first() {
    let rolling = Rolling::begin("two daemons on one fleet", ToOwned::to_owned);
    let first = format!("process {}", rolling.lab.status().unwrap()["daemon"]["pid"]);
    let before = names(&rolling.lab);
    let versions = rolling.versions(&before);
    let release = rolling.release("good");
    let second = Second::start(&rolling.lab);
    let held = |status: &Value| {
        let needs = status["needs"].as_array().unwrap();
        let need = needs.iter().find(|need| need["subject"] == "fleet lab")?;
        Some(need["text"].as_str().unwrap().to_owned())
    };
    second.until("it knows that the fleet is held", |status| held(status).is_some());
    let said = held(&second.status().unwrap()).unwrap();
    assert!(said.starts_with("held by another daemon: ") && said.ends_with(&first), "{said}");

    // It is told of a release and a rollout, and changes nothing.
    second.until("it knows the pool's nodes", |status| ready(status) == 3);
    for command in [&["release", "workers", &release][..], &["rollout", "workers", &release, "--yes"]] {
        let out = second.tidegate(command);
        assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    let what = |status: &Value| steps(status, 1).first().map(|step| step["waiting"]["what"].clone());
    second.until("the rollout waits for the fleet", |status| {
        what(status).is_some_and(|what| {
            what.as_str()
                .is_some_and(|what| what.starts_with("fleet lab: it is held by") && what.ends_with(&first))
        })
    });
    assert_eq!(rolling.asked("provision"), Vec::<Value>::new());
    assert_eq!(rolling.versions(&before), versions);
    assert!(held(&rolling.lab.status().unwrap()).is_none(), "the first one lost its fleet");
}

/// Waits until a step waits for this; all that it says.
fn waits(lab: &Lab, run: u64, key: &str, what: &str) -> String {
    let now = |status: &Value| said(&step(status, run, key));
    let status = lab.wait(&format!("{key} waits for {what}"), 60, |status| now(status).contains(what));
    now(&status)
}

/// What a step waits for; empty where it waits for nothing.
fn said(step: &Value) -> String {
    step["waiting"]["what"].as_str().unwrap_or("").to_owned()
}

/// The time at the end of a sentence.
fn clock(said: &str) -> &str {
    said.rsplit(' ').next().unwrap()
}

/// Another installation with the same fleet; it ends with this.
struct Second {
    home: PathBuf,
    child: Child,
}

impl Second {
    fn start(lab: &Lab) -> Self {
        let home = lab.home.join("second");
        fs::create_dir(&home).unwrap();
        let text = fs::read_to_string(lab.home.join("tidegate.toml")).unwrap();
        let text = text.replace(":8377\"", ":8378\"").replace("\"webhook.token\"", "\"../webhook.token\"");
        fs::write(home.join("tidegate.toml"), text.replace("context = \"images/", "context = \"../images/"))
            .unwrap();
        let log = fs::File::create(lab.state.join("test-second-daemon.log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["daemon", "--config"])
            .arg(home.join("tidegate.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { home, child }
    }

    fn tidegate(&self, args: &[&str]) -> std::process::Output {
        let socket = self.home.join("state/tidegate.sock");
        Command::new(env!("CARGO_BIN_EXE_tidegate")).args(args).arg("--socket").arg(socket).output().unwrap()
    }

    fn status(&self) -> Option<Value> {
        let out = self.tidegate(&["status", "--json"]);
        out.status.success().then(|| serde_json::from_slice(&out.stdout).unwrap())
    }

    fn until(&self, what: &str, ready: impl Fn(&Value) -> bool) {
        until(what, 30, || self.status().is_some_and(|status| ready(&status)));
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
