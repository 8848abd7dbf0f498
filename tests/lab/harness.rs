//! One lab, one daemon, one question at a time.

use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub const APPS: [(&str, u16, usize); 2] = [("api", 8082, 2), ("web", 8081, 3)];

pub struct Lab {
    pub name: String,
    pub subnet: String,
    pub state: PathBuf,
    /// The daemon's own folder: new for each test.
    pub home: PathBuf,
    daemon: Option<Child>,
    test: &'static str,
    begun: Instant,
}

fn env(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

impl Lab {
    /// The lab with its services well and no daemon.
    pub fn begin(test: &'static str) -> Self {
        let (name, subnet) = (env("LAB_NAME", "tglab"), env("LAB_SUBNET", "10.77.0"));
        let state = PathBuf::from(format!("/var/lib/{name}"));
        assert!(
            state.join("tidegate.toml").exists(),
            "there is no lab {name} here: run `lab/up --no-daemon` first"
        );
        let home = state.join("test");
        let lab = Self { name, subnet, state, home, daemon: None, test, begun: Instant::now() };
        eprintln!("── {test}");
        lab.clean();
        lab
    }

    /// As after `lab/up`: registry and nodes up, everybody on a good base, no claim, no folder of an earlier daemon.
    fn clean(&self) {
        let _ = Command::new("umount").arg(&self.home).stderr(Stdio::null()).status();
        let _ = fs::remove_dir_all(&self.home);
        fs::create_dir_all(&self.home).unwrap();
        self.script(&["registry", "start"]);
        let _ = self.docker(&["config", "rm", "tidegate-claim"]);
        self.configure(ToOwned::to_owned);
        for (app, _, replicas) in APPS {
            let ready = || self.replicas(app) == (replicas, replicas);
            until(&format!("service {app} is complete"), 90, ready);
        }
    }

    /// Writes the configuration of the lab, changed by `edit`, for a daemon of this test.
    pub fn configure(&self, edit: impl FnOnce(&str) -> String) {
        let text = fs::read_to_string(self.state.join("tidegate.toml")).unwrap();
        let images = self.home.join("images");
        if !images.exists() {
            run(Command::new("cp").arg("-r").arg(self.state.join("images")).arg(&images));
        }
        fs::copy(self.state.join("webhook.token"), self.home.join("webhook.token")).unwrap();
        fs::write(self.home.join("tidegate.toml"), edit(&text)).unwrap();
    }

    /// The addresses of the workers that there are now: releases of nodes bring others.
    pub fn workers(&self) -> Vec<String> {
        addresses(&self.state, &self.subnet)
    }

    pub fn image(&self, name: &str) -> String {
        format!("{}.1:5000/{name}:1", self.subnet)
    }

    pub fn socket(&self) -> PathBuf {
        self.home.join("state/tidegate.sock")
    }

    pub fn start(&mut self) {
        assert!(self.daemon.is_none(), "the daemon runs already");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["daemon", "--config"])
            .arg(self.home.join("tidegate.toml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.daemon = Some(child);
        let socket = self.socket();
        until("the daemon answers", 30, || {
            self.tidegate(&["status", "--json"]).status.success() && socket.exists()
        });
    }

    /// Started, and every public tag known: a patch from here on is a move.
    pub fn start_settled(&mut self) {
        self.start();
        self.settle();
    }

    /// Waits until every public tag is known.
    pub fn settle(&self) {
        self.wait("every tag was looked at", 60, |status| {
            let images = status["images"].as_array().unwrap();
            images.len() >= 6 && images.iter().all(|image| image["digest"].is_string())
        });
    }

    fn log(&self) -> PathBuf {
        self.state.join("test-daemon.log")
    }

    /// `kill -9`, at once.
    pub fn kill(&mut self) {
        let mut child = self.daemon.take().expect("no daemon to kill");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The daemon is gone, if there was one.
    pub fn end(&mut self) {
        if let Some(mut child) = self.daemon.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub fn tidegate(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(args)
            .arg("--socket")
            .arg(self.socket())
            .output()
            .unwrap()
    }

    /// A one-shot command that must succeed; its standard output.
    pub fn does(&self, args: &[&str]) -> String {
        let out = self.tidegate(args);
        assert!(out.status.success(), "tidegate {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    pub fn status(&self) -> Option<Value> {
        let out = self.tidegate(&["status", "--json"]);
        out.status.success().then(|| serde_json::from_slice(&out.stdout).unwrap())
    }

    /// Waits for a state; at the end of patience says what there is instead.
    pub fn wait(&self, what: &str, secs: u64, ready: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + Duration::from_secs(secs);
        loop {
            if let Some(status) = self.status().filter(|status| ready(status)) {
                return status;
            }
            assert!(Instant::now() < end, "{}: waited {secs} s for: {what}\n{}", self.test, self.dump());
            std::thread::sleep(Duration::from_millis(150));
        }
    }

    fn dump(&self) -> String {
        let plain = String::from_utf8_lossy(&self.tidegate(&["status"]).stdout).into_owned();
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(25)..].join("\n");
        let events = String::from_utf8_lossy(&self.tidegate(&["events"]).stdout).into_owned();
        format!("status:\n{plain}\nevents:\n{events}\ndaemon's log:\n{tail}")
    }

    pub fn script(&self, args: &[&str]) -> String {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("lab").join(args[0]);
        let mut command = Command::new(script);
        command.args(&args[1..]).env("LAB_NAME", &self.name).env("LAB_SUBNET", &self.subnet);
        run(&mut command)
    }

    pub fn patch(&self, kind: &[&str]) {
        self.script(&[&["patch"], kind].concat());
    }

    pub fn docker(&self, args: &[&str]) -> Output {
        let host = format!("unix:///run/{}/m1/docker.sock", self.name);
        Command::new("/usr/bin/docker").arg("-H").arg(host).args(args).output().unwrap()
    }

    pub fn service(&self, app: &str) -> Value {
        let out = self.docker(&["service", "inspect", app]);
        serde_json::from_slice::<Value>(&out.stdout).unwrap()[0].clone()
    }

    /// The image that the service's spec names.
    pub fn service_image(&self, app: &str) -> String {
        let spec = self.service(app);
        spec["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].as_str().unwrap().to_owned()
    }

    /// Tasks that run, and tasks that should.
    pub fn replicas(&self, app: &str) -> (usize, usize) {
        let out =
            self.docker(&["service", "ls", "--filter", &format!("name={app}"), "--format", "{{.Replicas}}"]);
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let mut parts =
            text.split_whitespace().next().unwrap_or("").split('/').map(|n| n.parse().unwrap_or(0));
        (parts.next().unwrap_or(0), parts.next().unwrap_or(1))
    }

    /// Where a public tag points now, asked of the registry itself.
    pub fn public(&self, name: &str) -> String {
        let answer = http(
            &format!("{}.1:5000", self.subnet),
            &format!(
                "HEAD /v2/{name}/manifests/1 HTTP/1.0\r\nAccept: application/vnd.docker.distribution.manifest.v2+json\r\n\r\n"
            ),
        );
        let line =
            answer.lines().find(|line| line.to_ascii_lowercase().starts_with("docker-content-digest:"));
        line.unwrap_or_else(|| panic!("no digest of {name} in {answer:?}"))
            .split_once(':')
            .unwrap()
            .1
            .trim()
            .to_owned()
    }

    /// Requests that the registry has answered so far, as lines of its log.
    pub fn requests(&self) -> Vec<String> {
        let log = fs::read_to_string(self.state.join("registry/access.log")).unwrap();
        log.lines().map(ToOwned::to_owned).collect()
    }

    pub fn approve(&self, run: u64, step: &str) {
        self.does(&["approve", &format!("{run}/{step}")]);
    }

    /// Gets everybody onto a good base again, by Tidegate itself.
    pub fn heal(&self, run: u64) {
        self.patch(&["good"]);
        self.finish_good(run);
    }

    /// Approves what is held, until this run has ended with every step good.
    pub fn finish_good(&self, run: u64) -> Value {
        self.wait(&format!("run {run} holds web"), 180, |status| {
            state_of(status, run, "deploy:lab/web") == "held"
        });
        // A person takes a moment, and the console shows the hold meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        self.approve(run, "web");
        let status = self.wait(&format!("run {run} ends"), 180, |status| ended(status, run));
        for step in steps(&status, run) {
            assert_eq!(step["mark"], "good", "{step:#}");
        }
        status
    }
}

/// The addresses of a lab's machines, in the order of their numbers: `w7` has `….17`.
pub fn addresses(state: &Path, subnet: &str) -> Vec<String> {
    let entries = fs::read_dir(state.join("machines")).unwrap();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut numbers: Vec<u8> = names.filter_map(|name| name.strip_prefix('w')?.parse().ok()).collect();
    numbers.sort_unstable();
    numbers.iter().map(|number| format!("{subnet}.1{number}")).collect()
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.end();
        let _ = Command::new("umount").arg(&self.home).stderr(Stdio::null()).status();
        eprintln!("── {}: {} s", self.test, self.begun.elapsed().as_secs());
    }
}

pub fn run(command: &mut Command) -> String {
    let out = command.stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

pub fn until(what: &str, secs: u64, ready: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(secs);
    while !ready() {
        assert!(Instant::now() < end, "waited {secs} s for: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// One HTTP/1.0 exchange; what came, as text. Empty when nobody answers.
pub fn http(address: &str, request: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else { return String::new() };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn run_of(status: &Value, run: u64) -> Option<&Value> {
    status["runs"].as_array()?.iter().find(|found| found["run"]["run"] == run)
}

pub fn ended(status: &Value, run: u64) -> bool {
    run_of(status, run).is_some_and(|run| run["run"]["ended"].is_number())
}

pub fn steps(status: &Value, run: u64) -> Vec<Value> {
    run_of(status, run).map(|run| run["steps"].as_array().unwrap().clone()).unwrap_or_default()
}

/// A step whose key ends so: `deploy:lab/web`, `/web:1`.
pub fn step(status: &Value, run: u64, key: &str) -> Value {
    let found = steps(status, run).into_iter().find(|step| step["step"].as_str().unwrap().ends_with(key));
    found.unwrap_or(Value::Null)
}

pub fn state_of(status: &Value, run: u64, key: &str) -> String {
    step(status, run, key)["state"].as_str().unwrap_or("").to_owned()
}
