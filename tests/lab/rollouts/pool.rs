//! The pool `workers` of the lab and a daemon that rolls releases through it.

use crate::harness::{Lab, run_of, step, until};
use crate::machines::{machines, names, traces};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub const POOL: &str = "workers";

/// The lab for one test of rollouts. When it goes, the pool is fit for the next test, whatever became of this one.
pub struct Rolling {
    pub lab: Lab,
}

impl Rolling {
    /// A daemon that knows the pool's nodes. `edit` changes the lab's configuration; deploys wait for nobody there, the owners of hosts
    /// and apps are told into files, and the provisioner is the one with faults.
    pub fn begin(test: &'static str, edit: impl FnOnce(&str) -> String) -> Self {
        let lab = Lab::begin(test);
        fs::create_dir(lab.home.join("faults")).unwrap();
        let mut rolling = Self { lab };
        rolling.lab.configure(|text| edit(&configured(text, &rolling.lab.home)));
        rolling.lab.start();
        rolling.lab.wait("the pool's nodes are known", 30, |status| ready(status) == 3);
        rolling
    }

    /// The vendor makes a release of this kind and announces it: its name, which no other test has.
    pub fn release(&self, kind: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let name = format!("{kind}-{}", now.as_secs());
        self.lab.script(&["release", kind, &name]);
        self.lab.does(&["release", POOL, &name]);
        name
    }

    pub fn roll(&self, release: &str) {
        self.lab.does(&["rollout", POOL, release, "--yes"]);
    }

    /// What the provisioner shall do wrong when it is asked this next; nothing when `fault` is empty.
    pub fn fault(&self, action: &str, fault: &str) {
        fs::write(self.faults().join(action), fault).unwrap();
    }

    /// Every question of this kind that the provisioner was asked.
    pub fn asked(&self, action: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.faults().join("asked")).unwrap_or_default();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|question| question["action"] == action).collect()
    }

    fn faults(&self) -> PathBuf {
        self.lab.home.join("faults")
    }

    /// Waits until a node step is in this state; its row.
    pub fn node(&self, run: u64, node: &str, state: &str, secs: u64) -> Value {
        let key = key(node);
        let status = self
            .lab
            .wait(&format!("{node} is {state}"), secs, |status| step(status, run, &key)["state"] == state);
        step(&status, run, &key)
    }

    /// Waits until the rollout has stopped and nothing of it is in flight any more.
    pub fn stopped(&self, run: u64, secs: u64) -> Value {
        self.lab.wait("the rollout has stopped", secs, |status| {
            let stopped = run_of(status, run).is_some_and(|row| row["run"]["rollout"]["stopped"] == true);
            stopped && crate::harness::steps(status, run).iter().all(|step| step["state"] != "restoring")
        })
    }

    /// The node whose turn is first, as the plan has it.
    pub fn first(&self, release: &str) -> String {
        let plan = self.plan(release);
        plan["nodes"][0]["node"].as_str().unwrap().to_owned()
    }

    /// What a rollout would do. Nothing is started by that, which its exit code says.
    pub fn plan(&self, release: &str) -> Value {
        let out = self.lab.tidegate(&["rollout", POOL, release, "--json"]);
        serde_json::from_slice(&out.stdout).unwrap()
    }

    /// A node as the Swarm has it.
    pub fn inspect(&self, node: &str) -> Value {
        let out = self.lab.docker(&["node", "inspect", node]);
        serde_json::from_slice::<Value>(&out.stdout).unwrap()[0].clone()
    }

    /// The versions of these nodes: the Swarm counts them up with every change.
    pub fn versions(&self, nodes: &BTreeSet<String>) -> Vec<Value> {
        nodes.iter().map(|node| self.inspect(node)["Version"].clone()).collect()
    }

    /// The tasks of a service that shall run, as the Swarm has them.
    pub fn tasks(&self, service: &str) -> Vec<Value> {
        let out = self.lab.docker(&["service", "ps", "-q", "--no-trunc", service]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let ids: Vec<&str> = text.lines().collect();
        let out = self.lab.docker(&[&["inspect", "--type", "task"], &ids[..]].concat());
        let all: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap();
        all.into_iter().filter(|task| task["DesiredState"] == "running").collect()
    }

    /// A service has this many replicas, and all of them run.
    pub fn scale(&self, service: &str, replicas: usize) {
        scale(&self.lab, service, replicas);
    }

    /// The Swarm's workers are exactly the provisioner's machines, and each of them is up and takes work.
    pub fn nothing_is_left_behind(&self) {
        let machines = names(&self.lab);
        until("the Swarm's workers are the machines that there are", 10, || workers(&self.lab) == machines);
        for node in &machines {
            assert_eq!(self.inspect(node)["Spec"]["Availability"], "active", "{node}");
        }
    }

    /// A machine that was made is no member of the Swarm, no machine of the provisioner's, and nothing on this host.
    pub fn is_gone(&self, machine: &str) {
        assert!(!workers(&self.lab).contains(machine), "{machine} is still a member");
        assert_eq!(traces(&self.lab, machine), Vec::<String>::new());
    }
}

impl Drop for Rolling {
    fn drop(&mut self) {
        self.lab.end();
        if std::thread::panicking() {
            repair(&self.lab);
        }
        forget_the_dead(&self.lab);
        for (app, _, replicas) in crate::harness::APPS {
            self.lab.docker(&["service", "scale", "-d", &format!("{app}={replicas}")]);
        }
    }
}

/// A machine that joined by itself and was removed before its provisioner had told its name stays a member that is down.
fn forget_the_dead(lab: &Lab) {
    let args = ["node", "ls", "--filter", "role=worker", "--format", "{{.ID}} {{.Status}}"];
    let out = lab.docker(&args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    for dead in text.lines().filter_map(|line| line.strip_suffix(" Down")) {
        lab.docker(&["node", "rm", "--force", dead]);
    }
}

/// After a failure: what is down goes, what is left takes work, and there are three again. The next test says whether that was enough.
fn repair(lab: &Lab) {
    let remove = |node: &str| {
        lab.docker(&["node", "rm", "--force", node]);
        machines(lab, &json!({"action": "deprovision", "pool": POOL, "node": node}));
    };
    let ready = workers(lab);
    names(lab).iter().filter(|node| !ready.contains(*node)).for_each(|node| remove(node));
    names(lab).iter().skip(3).for_each(|node| remove(node));
    for node in names(lab) {
        lab.docker(&[
            "node",
            "update",
            "--availability",
            "active",
            "--label-add",
            "tidegate.pool=workers",
            &node,
        ]);
    }
}

/// Workers of the Swarm that are up, by name.
fn workers(lab: &Lab) -> BTreeSet<String> {
    let out = lab.docker(&["node", "ls", "--filter", "role=worker", "--format", "{{.Hostname}} {{.Status}}"]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().filter_map(|line| line.strip_suffix(" Ready")).map(ToOwned::to_owned).collect()
}

pub fn scale(lab: &Lab, service: &str, replicas: usize) {
    lab.docker(&["service", "scale", "-d", &format!("{service}={replicas}")]);
    until(&format!("{service} has {replicas} replicas"), 60, || {
        lab.replicas(service) == (replicas, replicas)
    });
}

/// Nodes of the pool that are up, as a daemon has them.
pub fn ready(status: &Value) -> usize {
    let nodes = status["nodes"].as_array().unwrap();
    nodes.iter().filter(|node| node["pool"] == POOL && node["up"] == true).count()
}

/// A node step's key.
pub fn key(node: &str) -> String {
    format!("node:lab/{node}")
}

fn configured(text: &str, home: &Path) -> String {
    let faulty = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/rollouts/faulty");
    let faults = home.join("faults");
    let line = |line: &str| match line.split(" = ").next() {
        Some(name @ ("provision" | "deprovision" | "list" | "update")) if line.contains('[') => {
            format!("{name} = [{:?}]\n", faulty.display().to_string())
        }
        Some("env") => line.replace("env = {", &format!("env = {{ FAULTS = {:?},", faults.display())) + "\n",
        Some("gate") => String::new(),
        _ => format!("{line}\n"),
    };
    let text: String = text.lines().map(line).collect();
    let channels = ["host-team", "team-web", "team-api"].map(|owner| channel(owner, home));
    text + &channels.concat()
}

/// Notices for this owner go into a file of its name, one object after the other.
fn channel(owner: &str, home: &Path) -> String {
    let file = home.join(owner).display().to_string();
    format!("\n[channel.{owner}]\nowner = \"{owner}\"\ncommand = [\"/usr/bin/tee\", \"-a\", {file:?}]\n")
}
