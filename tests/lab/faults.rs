//! What goes away for a minute: the registry, the engine, the network, the room on the disk; and a Dockerfile that does not parse.

use super::harness::{Lab, ended, run, state_of, step, steps};
use super::updates::without_gate;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Some step of the run waits, and says this.
fn says(status: &Value, word: &str) -> bool {
    let waits = |step: &Value| step["waiting"]["what"].as_str().is_some_and(|what| what.contains(word));
    steps(status, 1).iter().any(waits)
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_registry_that_is_away_for_a_minute_is_waited_for_without_a_storm() {
    let mut lab = Lab::begin("registry away");
    lab.configure(without_gate);
    lab.start_settled();
    lab.patch(&["good"]);
    lab.wait("something is built", 60, |status| state_of(status, 1, "/runtime:1") == "building");
    lab.script(&["registry", "stop"]);
    let stand_in = StandIn::listen(&format!("{}.1:5000", lab.subnet));
    let begun = Instant::now();
    lab.wait("it says that the registry is away", 60, |status| says(status, "registry"));
    std::thread::sleep(Duration::from_secs(60).saturating_sub(begun.elapsed()));
    let asked = stand_in.end();
    lab.script(&["registry", "start"]);
    eprintln!("{asked} connections to the registry in {} s", begun.elapsed().as_secs());
    // One poller a registry with a wait that doubles up to 15 s, and as much for each step in flight; an engine's own
    // pushes and pulls try a few times each.
    assert!(asked < 240, "a storm: {asked} connections in a minute");
    let status = lab.wait("the run ends", 300, |status| ended(status, 1));
    for step in steps(&status, 1) {
        assert_eq!(step["mark"], "good", "{step:#}");
    }
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn an_engine_that_is_cut_off_for_a_minute_is_waited_for() {
    let mut lab = Lab::begin("engine away");
    lab.configure(without_gate);
    lab.start_settled();
    lab.patch(&["good"]);
    lab.wait("something is built", 60, |status| state_of(status, 1, "/runtime:1") == "building");
    lab.script(&["node", "stop", "m1"]);
    lab.wait("it says that the builder is away", 30, |status| {
        says(status, "builder") || says(status, "engine")
    });
    std::thread::sleep(Duration::from_secs(60));
    lab.script(&["node", "start", "m1"]);
    let status = lab.wait("the run ends", 300, |status| ended(status, 1));
    for step in steps(&status, 1) {
        assert_eq!(step["mark"], "good", "{step:#}");
    }
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_network_that_is_cut_for_a_minute_is_waited_for() {
    let mut lab = Lab::begin("network away");
    lab.configure(without_gate);
    lab.start_settled();
    lab.patch(&["good"]);
    lab.wait("something is built", 60, |status| state_of(status, 1, "/runtime:1") == "building");
    lab.script(&["net", "cut", "m1"]);
    let cut = Instant::now();
    lab.wait("a wait is shown", 60, |status| {
        steps(status, 1)
            .iter()
            .any(|step| step["waiting"]["next"].as_str().is_some_and(|next| next.contains("tried again")))
    });
    std::thread::sleep(Duration::from_secs(60).saturating_sub(cut.elapsed()));
    lab.script(&["net", "heal", "m1"]);
    let status = lab.wait("the run ends", 300, |status| ended(status, 1));
    for step in steps(&status, 1) {
        assert_eq!(step["mark"], "good", "{step:#}");
    }
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_move_that_happens_while_the_daemon_is_down_is_found_at_its_start() {
    let mut lab = Lab::begin("moved while down");
    lab.configure(without_gate);
    lab.start_settled();
    lab.kill();
    lab.patch(&["good"]);
    lab.start();
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "deploy:lab/web"), "healthy");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_dockerfile_that_does_not_parse_is_said_and_stops_nobody_else() {
    let mut lab = Lab::begin("a Dockerfile that does not parse");
    lab.configure(without_gate);
    lab.start_settled();
    fs::write(lab.home.join("images/tool/Dockerfile"), "FORM nothing\n").unwrap();
    lab.wait("the recipe's fault is known", 60, |status| {
        let images = status["images"].as_array().unwrap();
        images.iter().any(|image| image["state"] == "recipe unreadable")
    });
    lab.patch(&["good"]);
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "deploy:lab/web"), "healthy");
    assert_ne!(step(&status, 1, "/tool:1")["state"], "published");
    let out = lab.tidegate(&["check", lab.home.join("tidegate.toml").to_str().unwrap()]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("Dockerfile"), "{said}");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn on_a_full_disk_nothing_is_done_and_it_goes_on_by_itself_when_there_is_room() {
    let mut lab = Lab::begin("a full disk");
    let home = lab.home.clone();
    run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "tmpfs"]).arg(&home));
    lab.configure(without_gate);
    lab.start_settled();
    let filler = home.join("filler");
    fill(&filler);
    lab.patch(&["good"]);
    lab.wait("it says that it cannot write", 60, |status| status["daemon"]["stuck"].is_object());
    let refused = lab.tidegate(&["start", &lab.image("os")]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(4), "{said}");
    assert!(said.contains("space") || said.contains("full"), "{said}");
    assert_eq!(
        lab.status().unwrap()["runs"].as_array().unwrap().len(),
        0,
        "something was done without being written"
    );
    fs::remove_file(&filler).unwrap();
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "deploy:lab/web"), "healthy");
}

fn fill(path: &std::path::Path) {
    let mut file = fs::File::create(path).unwrap();
    let block = vec![0_u8; 4096];
    while file.write_all(&block).is_ok() {}
    assert!(file.write_all(&[0]).is_err(), "there is still room");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_second_daemon_is_refused_with_the_first_ones_pid() {
    let mut lab = Lab::begin("a second daemon");
    lab.start();
    let out = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["daemon", "--config"])
        .arg(lab.home.join("tidegate.toml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    let pid = lab.status().unwrap()["daemon"]["pid"].to_string();
    assert!(!out.status.success());
    assert!(said.contains(&pid), "the first one is {pid}, but it says {said}");
}

/// In the registry's place: takes every connection, counts it, and closes it.
struct StandIn {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU32>,
    thread: std::thread::JoinHandle<()>,
}

impl StandIn {
    fn listen(address: &str) -> Self {
        let end = Instant::now() + Duration::from_secs(10);
        let listener = loop {
            match TcpListener::bind(address) {
                Ok(listener) => break listener,
                Err(why) => assert!(Instant::now() < end, "cannot listen at {address}: {why}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        listener.set_nonblocking(true).unwrap();
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let thread = std::thread::spawn({
            let (stop, count) = (stop.clone(), count.clone());
            move || {
                while !stop.load(Ordering::Relaxed) {
                    match listener.accept() {
                        Ok(_) => _ = count.fetch_add(1, Ordering::Relaxed),
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            }
        });
        Self { stop, count, thread }
    }

    fn end(self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        self.count.load(Ordering::Relaxed)
    }
}
