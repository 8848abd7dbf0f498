//! The notification listener, as a registry and as somebody with bad manners.

use super::harness::{Lab, http, run_of};
use super::updates::without_gate;
use std::fs;
use std::time::{Duration, Instant};

fn post(lab: &Lab, secret: &str, body: &str) -> (String, Duration) {
    let request = format!(
        "POST /v1/webhook/distribution HTTP/1.0\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/vnd.docker.distribution.events.v2+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let begun = Instant::now();
    let answer = http(&format!("{}.1:8377", lab.subnet), &request);
    let status = answer.split_whitespace().nth(1).unwrap_or("none").to_owned();
    (status, begun.elapsed())
}

fn notification(lab: &Lab, id: &str) -> String {
    let host = format!("{}.1:5000", lab.subnet);
    let digest = lab.public("os");
    format!(
        r#"{{"events":[{{"id":"{id}","timestamp":"2026-01-01T00:00:00Z","action":"push","target":{{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"{digest}","repository":"os","url":"http://{host}/v2/os/manifests/{digest}","tag":"1"}},"request":{{"host":"{host}","method":"PUT"}}}}]}}"#
    )
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn every_kind_of_webhook_is_answered_and_none_starts_what_did_not_happen() {
    let mut lab = Lab::begin("webhooks");
    lab.configure(without_gate);
    lab.start_settled();
    let token = fs::read_to_string(lab.home.join("webhook.token")).unwrap();
    let token = token.trim();
    let body = notification(&lab, "one");
    assert_eq!(post(&lab, "wrong", &body).0, "401");
    for _ in 0..10 {
        let (status, took) = post(&lab, token, &body);
        assert!(status.starts_with('2'), "answered {status}");
        assert!(took < Duration::from_secs(1), "took {took:?}");
    }
    for garbage in ["", "{", "null", "[]", "\u{0}\u{1b}[2J", r#"{"events":[{"action":5}]}"#] {
        let (status, _) = post(&lab, token, garbage);
        assert!(
            status.starts_with('2'),
            "{garbage:?} was answered {status}: a registry would send it for ever"
        );
    }
    let (status, _) = post(&lab, token, &"x".repeat(10 << 20));
    assert!(status == "413" || status == "none", "10 MB were answered {status}");
    std::thread::sleep(Duration::from_secs(2));
    let status = lab.status().unwrap();
    assert_eq!(status["runs"].as_array().unwrap().len(), 0, "nothing had moved");
}

#[test]
#[ignore = "needs the lab; ./check runs it"]
fn a_real_push_sets_a_run_off_long_before_the_next_poll() {
    let mut lab = Lab::begin("a notification");
    lab.configure(|text| without_gate(text).replace("poll = \"10s\"", "poll = \"1h\""));
    lab.start_settled();
    lab.patch(&["good"]);
    let status = lab.wait("a run begins", 5, |status| run_of(status, 1).is_some());
    eprintln!("set off by {}", run_of(&status, 1).unwrap()["run"]["by"]);
    let status = lab.wait("the run ends", 240, |status| super::harness::ended(status, 1));
    assert_eq!(status["runs"].as_array().unwrap().len(), 1, "our own pushes started a run");
}
