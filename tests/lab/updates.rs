//! Good and bad updates, from the upstream's push to the end.

use super::harness::{APPS, Lab, ended, http, run_of, state_of, step, steps};
use super::load::Load;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_good_update_reaches_every_node_with_no_failed_request_and_the_console_shows_every_step() {
    let mut lab = Lab::begin("a good update");
    lab.start_settled();
    let loads: Vec<(&str, Load)> = APPS.iter().map(|(app, ..)| (*app, Load::on(&lab, app))).collect();
    let screen = Screen::watch(&lab);
    lab.patch(&["good"]);
    lab.finish_good(1);
    let seen = screen.end();
    for (app, load) in loads {
        let (asked, failed, first) = load.end();
        eprintln!("{app}: {failed} of {asked} requests failed");
        // It asks 20 times a second, and an update takes tens of seconds.
        assert!(asked > 100, "only {asked} requests of {app}");
        assert_eq!(failed, 0, "{app}: {first:#?}");
    }
    for (app, port, replicas) in APPS {
        assert!(lab.service_image(app).ends_with(&lab.public(app)), "{app} does not run its public digest");
        let versions: Vec<String> = lab.workers().iter().filter_map(|host| version(host, port)).collect();
        assert_eq!(versions.len(), replicas, "{app} answers on {} nodes", versions.len());
        assert_eq!(versions.iter().collect::<BTreeSet<_>>().len(), 1, "{app} stands on {versions:?}");
    }
    for word in ["building", "testing", "published", "held", "updating", "soaking", "healthy"] {
        assert!(seen.contains(word), "the console never showed {word:?}; it showed {seen:?}");
    }
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn the_same_client_catches_a_careless_restart() {
    let lab = Lab::begin("a careless restart");
    let load = Load::on(&lab, "api");
    std::thread::sleep(Duration::from_secs(2));
    let out = lab.docker(&["service", "update", "--detach", "--force", "--update-parallelism", "0", "api"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    std::thread::sleep(Duration::from_secs(10));
    let (asked, failed, _) = load.end();
    lab.docker(&["service", "update", "--detach", "--update-parallelism", "1", "api"]);
    eprintln!("all at once: {failed} of {asked} requests failed");
    assert!(failed > 0, "{asked} requests, and none failed");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_build_that_breaks_blocks_its_subtree_and_moves_no_tag_of_it() {
    let mut lab = Lab::begin("breaks-build");
    lab.start_settled();
    let before: Vec<String> = ["framework", "web", "api"].iter().map(|name| lab.public(name)).collect();
    let ran: Vec<String> = APPS.iter().map(|(app, ..)| lab.service_image(app)).collect();
    let tool = lab.public("tool");
    lab.patch(&["breaks-build"]);
    let status = lab.wait("the run ends", 180, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "/framework:1"), "failed");
    for blocked in ["/web:1", "/api:1", "deploy:lab/web", "deploy:lab/api"] {
        assert_eq!(state_of(&status, 1, blocked), "blocked", "{blocked}");
    }
    for good in ["/runtime:1", "/tool:1"] {
        assert_eq!(state_of(&status, 1, good), "published", "{good}");
    }
    assert_eq!(["framework", "web", "api"].map(|name| lab.public(name)).to_vec(), before);
    assert_eq!(APPS.map(|(app, ..)| lab.service_image(app)).to_vec(), ran);
    assert_ne!(lab.public("tool"), tool, "the sibling did not go on");
    let said = step(&status, 1, "/framework:1")["verdict"].as_str().unwrap_or("").to_owned();
    assert!(said.contains("awk") || said.contains("non-zero code"), "the report says {said:?}");
    lab.heal(2);
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn tests_that_break_publish_and_deploy_nothing_and_say_whose_fault_it_is() {
    let mut lab = Lab::begin("breaks-tests");
    lab.start_settled();
    let (tag, ran) = (lab.public("web"), lab.service_image("web"));
    lab.patch(&["breaks-tests"]);
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!((lab.public("web"), lab.service_image("web")), (tag, ran));
    let web = step(&status, 1, "/web:1");
    let verdict = web["verdict"].as_str().unwrap();
    assert!(verdict.contains("this update broke it"), "{verdict}");
    let failing = web["failing"].to_string();
    assert!(failing.contains("invoice_late_in_the_evening_is_dated_the_next_day_in_berlin"), "{failing}");
    assert!(failing.contains("expected 2024-03-02, got 2024-03-01"), "{failing}");
    let why = lab.does(&["why", "1/web:1"]);
    assert!(why.contains("this update broke it"), "{why}");
    lab.heal(2);
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn tests_that_fail_on_the_old_image_too_are_not_blamed_on_the_update() {
    let mut lab = Lab::begin("breaks-tests --also-old");
    let everywhere = |text: &str| {
        let web = text.find("images/web").unwrap();
        let (head, tail) = text.split_at(web);
        let tail = tail.replacen("\"/test/unit.sh\"]", "\"/test/unit.sh\", \"fails_everywhere\"]", 1);
        format!("{head}{tail}")
    };
    lab.configure(everywhere);
    lab.start_settled();
    let tag = lab.public("web");
    lab.patch(&["good"]);
    let status = lab.wait("web failed", 240, |status| state_of(status, 1, "/web:1") == "failed");
    let verdict = step(&status, 1, "/web:1")["verdict"].as_str().unwrap().to_owned();
    assert!(verdict.contains("fail on the old image too"), "{verdict}");
    assert!(!verdict.contains("this update broke it"), "{verdict}");
    assert_eq!(lab.public("web"), tag);
    lab.wait("the run ends", 120, |status| ended(status, 1));
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn what_is_sick_in_production_is_put_back_and_stays_away() {
    let mut lab = Lab::begin("breaks-health");
    lab.start_settled();
    let (tag, ran) = (lab.public("api"), lab.service_image("api"));
    let web = lab.service("web")["Spec"].clone();
    lab.patch(&["breaks-health"]);
    let status = lab.wait("the run ends", 240, |status| ended(status, 1));
    assert_eq!(state_of(&status, 1, "deploy:lab/api"), "restored");
    assert_eq!(state_of(&status, 1, "deploy:lab/web"), "blocked");
    assert_eq!(lab.service_image("api"), ran, "the first app is not back on what it ran");
    assert_eq!(lab.service("web")["Spec"], web, "the second app was touched");
    assert_eq!(lab.public("api"), tag, "the public tag is not back");
    let incident = &status["incidents"][0];
    let seen = incident["seen"].to_string();
    assert!(seen.contains("before: 2 of 2 tasks run"), "{seen}");
    assert!(seen.contains("first failed probe") || seen.contains("ended"), "{seen}");
    // The next polls find nothing new.
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(lab.status().unwrap()["runs"].as_array().unwrap().len(), 1);
    // A rebuild of the same inputs has another digest, and is kept away all the same.
    lab.does(&["start", &lab.image("api")]);
    let status = lab.wait("the rebuild ends", 120, |status| ended(status, 2));
    assert_ne!(step(&status, 2, "/api:1")["digest"], step(&status, 1, "/api:1")["digest"]);
    assert_eq!(state_of(&status, 2, "deploy:lab/api"), "quarantined");
    assert_eq!(lab.service_image("api"), ran);
    lab.heal(3);
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_tag_that_moves_twice_quickly_ends_on_the_latest() {
    let mut lab = Lab::begin("moves twice");
    lab.configure(without_gate);
    lab.start_settled();
    lab.patch(&["good"]);
    lab.wait("the first run builds", 60, |status| run_of(status, 1).is_some());
    lab.patch(&["good"]);
    lab.patch(&["good"]);
    let status = lab.wait("the second run ends", 400, |status| ended(status, 2));
    assert!(ended(&status, 1));
    for run in [1, 2] {
        let bad: Vec<_> = steps(&status, run).into_iter().filter(|step| step["mark"] != "good").collect();
        assert!(bad.is_empty(), "run {run}: {bad:#?}");
    }
    assert_eq!(run_of(&status, 2).unwrap()["run"]["to"].as_str().unwrap(), lab.public("os"));
    assert_eq!(status["runs"].as_array().unwrap().len(), 2, "the move in between had a run of its own");
}

/// No gate: nobody has to approve.
pub fn without_gate(text: &str) -> String {
    text.replace("gate = \"prod\"\n", "")
}

fn version(host: &str, port: u16) -> Option<String> {
    let answer = http(&format!("{host}:{port}"), "GET /version HTTP/1.0\r\n\r\n");
    answer.contains(" 200 ").then(|| answer.rsplit("\r\n").next().unwrap().to_owned())
}

/// The real console in a real terminal of 80 by 24: every word that it showed while a run went on.
struct Screen {
    stop: Arc<AtomicBool>,
    reader: std::thread::JoinHandle<BTreeSet<String>>,
}

impl Screen {
    fn watch(lab: &Lab) -> Self {
        let session = format!("{}-screen", lab.name);
        let tmux = move |session: &str, args: &[&str]| {
            let out = Command::new("tmux").args(["-L", session]).args(args).output().unwrap();
            String::from_utf8_lossy(&out.stdout).into_owned()
        };
        let console = format!("{} --socket {}", env!("CARGO_BIN_EXE_tidegate"), lab.socket().display());
        tmux(&session, &["kill-server"]);
        tmux(&session, &["new-session", "-d", "-x", "80", "-y", "24", &console]);
        std::thread::sleep(Duration::from_secs(1));
        tmux(&session, &["send-keys", "3"]);
        let stop = Arc::new(AtomicBool::new(false));
        let reader = std::thread::spawn({
            let stop = stop.clone();
            move || {
                let mut seen = BTreeSet::new();
                let mut entered = false;
                while !stop.load(Ordering::Relaxed) {
                    let text = tmux(&session, &["capture-pane", "-p"]);
                    if !entered && text.contains("os:1") {
                        tmux(&session, &["send-keys", "Enter"]);
                        entered = true;
                    }
                    seen.extend(text.split_whitespace().map(|word| word.trim_matches([',', ':']).to_owned()));
                    std::thread::sleep(Duration::from_millis(60));
                }
                tmux(&session, &["kill-server"]);
                seen
            }
        });
        Self { stop, reader }
    }

    fn end(self) -> BTreeSet<String> {
        std::thread::sleep(Duration::from_millis(500));
        self.stop.store(true, Ordering::Relaxed);
        self.reader.join().unwrap()
    }
}
