//! The lab's own provisioner, tried by `tidegate check`, and its node releases: that each kind shows the fault that the rollout's tests count on.

use super::harness::{Lab, http, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const WEB: u16 = 8081;
const API: u16 = 8082;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn check_makes_a_machine_finds_it_again_and_leaves_nothing_behind() {
    let lab = Lab::begin("provisioner");
    let before = names(&lab);
    let refused = check(&lab, &["--make", "nobody-announced-it"]);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("there is no release nobody-announced-it"), "{refused:?}");
    lab.script(&["release", "good", "2026.11"]);
    let made = check(&lab, &["--make", "2026.11"]);
    assert!(made.status.success(), "{made:?}");
    let said = text(&made.stdout);
    let name = said.split("provision    made ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(said.contains(&format!("again: found {name}")), "{said}");
    assert_eq!(names(&lab), before);
    assert_eq!(traces(&lab, name), Vec::<String>::new());
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn every_kind_of_release_makes_a_node_with_its_fault() {
    let lab = Lab::begin("releases");
    let mut made = Made { lab: &lab, nodes: Vec::new() };
    let good = made.node("good");
    let silent = made.node("never-joins");
    let cut = made.node("breaks-network");
    let sick = made.node("sick-app");
    let joining = [&good, &cut, &sick];
    until("three of the four have joined", 60, || joining.iter().all(|(name, _)| ready(&lab, name)));
    until("forwarding is off", 10, || network_says(&lab, &cut.0, "ip_forward", "0"));
    for service in ["web", "api"] {
        lab.docker(&["service", "scale", "-d", &format!("{service}=6")]);
    }
    for (name, _) in joining {
        until(&format!("both apps are healthy on {name}"), 90, || healthy(&lab, name) == 2);
    }

    assert!(get(&good.1, WEB).contains("200 OK") && get(&good.1, API).contains("200 OK"));
    // Of one app only, and the container is well all the same.
    assert!(get(&sick.1, WEB).contains("500 Internal"), "{}", get(&sick.1, WEB));
    assert!(get(&sick.1, API).contains("200 OK"));
    assert_eq!(healthy(&lab, &sick.0), 2);
    for port in [WEB, API] {
        let address = format!("{}:{port}", cut.1).parse().unwrap();
        let refused = TcpStream::connect_timeout(&address, Duration::from_secs(1)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TimedOut, "{refused}");
    }
    assert_eq!(healthy(&lab, &cut.0), 2);
    // Its engine runs, and it has had as long as the others had.
    assert_eq!(
        engine(&lab, &silent.0, &["info", "--format", "{{.Swarm.LocalNodeState}}"]).trim(),
        "inactive"
    );
    assert!(!ready(&lab, &silent.0));
}

/// Machines of this test; they go with it, also when it fails.
struct Made<'a> {
    lab: &'a Lab,
    nodes: Vec<(String, String)>,
}

impl Made<'_> {
    /// A machine of a release of this kind: its name and its address.
    fn node(&mut self, kind: &str) -> (String, String) {
        let release = format!("test-{kind}");
        self.lab.script(&["release", kind, &release]);
        let answer = machines(
            self.lab,
            &json!({"action": "provision", "pool": "workers", "release": release, "token": format!("test-{kind}")}),
        );
        let said = |key: &str| answer[key].as_str().unwrap().to_owned();
        let node = (said("node"), said("address"));
        self.nodes.push(node.clone());
        node
    }
}

impl Drop for Made<'_> {
    fn drop(&mut self) {
        // First out of the Swarm: it counts the tasks of a node that is down as running.
        for (name, _) in &self.nodes {
            self.lab.docker(&["node", "rm", "--force", name]);
            ask(self.lab, &json!({"action": "deprovision", "pool": "workers", "node": name}));
        }
        for (app, replicas) in [("web", 3), ("api", 2)] {
            self.lab.docker(&["service", "scale", "-d", &format!("{app}={replicas}")]);
        }
        for (name, _) in &self.nodes {
            assert!(std::thread::panicking() || traces(self.lab, name).is_empty(), "{name} left something");
        }
    }
}

/// The provisioner's answer, which must be a good one.
pub fn machines(lab: &Lab, question: &Value) -> Value {
    let out = ask(lab, question);
    assert!(out.status.success(), "{question}: {out:?}");
    serde_json::from_slice(&out.stdout).unwrap()
}

fn ask(lab: &Lab, question: &Value) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab/machines");
    let mut child = Command::new(script)
        .env("LAB_NAME", &lab.name)
        .env("LAB_SUBNET", &lab.subnet)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// The names of the pool's machines.
pub fn names(lab: &Lab) -> BTreeSet<String> {
    let answer = machines(lab, &json!({"action": "list", "pool": "workers"}));
    answer["machines"].as_array().unwrap().iter().map(|at| at["node"].as_str().unwrap().to_owned()).collect()
}

fn check(lab: &Lab, more: &[&str]) -> Output {
    let config = lab.home.join("tidegate.toml");
    Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["check", "--provisioner", "workers", "--config"])
        .arg(config)
        .args(more)
        .output()
        .unwrap()
}

/// What there is of a machine on this host.
pub fn traces(lab: &Lab, name: &str) -> Vec<String> {
    let places = [
        lab.state.join("machines").join(name),
        lab.state.join("nodes").join(name),
        Path::new("/run").join(&lab.name).join(name),
        Path::new("/run/netns").join(format!("{}-{name}", lab.name)),
        Path::new("/sys/class/net").join(format!("{}-{name}", lab.name)),
    ];
    places.iter().filter(|place| place.exists()).map(|place| place.display().to_string()).collect()
}

fn ready(lab: &Lab, name: &str) -> bool {
    let out = lab.docker(&["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]);
    text(&out.stdout).lines().any(|line| line == format!("{name} Ready"))
}

/// Containers that the node's own engine calls healthy.
fn healthy(lab: &Lab, name: &str) -> usize {
    engine(lab, name, &["ps", "-q", "--filter", "health=healthy"]).lines().count()
}

fn engine(lab: &Lab, name: &str, args: &[&str]) -> String {
    let host = format!("unix:///run/{}/{name}/docker.sock", lab.name);
    text(&Command::new("/usr/bin/docker").arg("-H").arg(host).args(args).output().unwrap().stdout)
}

/// Whether a setting of the node's network has this value.
fn network_says(lab: &Lab, name: &str, setting: &str, value: &str) -> bool {
    let out = Command::new("nsenter")
        .arg(format!("--net=/run/netns/{}-{name}", lab.name))
        .args(["cat", &format!("/proc/sys/net/ipv4/{setting}")])
        .output()
        .unwrap();
    text(&out.stdout).trim() == value
}

fn get(address: &str, port: u16) -> String {
    http(&format!("{address}:{port}"), "GET /health HTTP/1.0\r\n\r\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
