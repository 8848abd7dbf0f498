//! The real Swarm that a test runs on, and the person who works on it with the `docker` command.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tidegate::adapters::fleet::swarm::Swarm;
use tidegate::model::jobs::{DeployJob, RestoreJob};
use tidegate::model::reports::{Answer, Look, LookReport, SpecMark};
use tidegate::model::{Action, Digest, EffectId, ImageRef, PinnedRef, RunId, StepKey, Timestamp, WorkloadId};
use tidegate::ports::Fleet;

const FLEET: &str = "lab";
/// What the images do, by their tags: `1` and `2` run and stop when asked, `crash` fails at once, `done` ends well at once, `http` answers on
/// port 8080 two seconds after its start.
const TAGS: [&str; 5] = ["1", "2", "crash", "done", "http"];
const SCRIPT: &str = "stop() { kill $server 2>/dev/null; /bin/busybox sleep 0.3; exit 0; }
trap stop TERM
if [ \"$V\" = http ]; then
  /bin/busybox mkdir -p /www
  printf ok >/www/health
  /bin/busybox sleep 2 & wait $!
  /bin/busybox httpd -f -p 8080 -h /www &
  server=$!
fi
case \"$V\" in crash) exit 3 ;; done) exit 0 ;; esac
while :; do /bin/busybox sleep 1 & wait $!; done
";
const DOCKERFILE: &str =
    "FROM scratch\nARG V\nCOPY busybox /bin/busybox\nCOPY busybox /bin/sh\nCOPY run /run.sh\nENV V=$V
ENTRYPOINT [\"/bin/busybox\", \"sh\", \"/run.sh\"]\n";
/// Longer than any convergence that was seen (a rollback takes 25 s), on a machine that has other work too.
const PATIENCE: Duration = Duration::from_secs(120);

/// A manager and a registry.
pub struct Lab {
    pub host: String,
    registry: String,
    http: reqwest::Client,
}

impl Lab {
    /// The lab that the environment names, with its images pushed.
    pub fn find() -> Self {
        let find = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let (Some(host), Some(registry)) = (find("TIDEGATE_TEST_SWARM"), find("TIDEGATE_TEST_REGISTRY"))
        else {
            panic!("TIDEGATE_TEST_SWARM and TIDEGATE_TEST_REGISTRY are not set; ./check sets them");
        };
        tidegate::adapters::tls::install_provider();
        let socket = host.strip_prefix("unix://").expect("TIDEGATE_TEST_SWARM is unix:///…");
        let http = reqwest::Client::builder().unix_socket(socket).no_proxy().build().unwrap();
        let lab = Self { host, registry, http };
        lab.push_images();
        lab
    }

    pub fn swarm(&self) -> Swarm {
        Swarm::new(FLEET.parse().unwrap(), &self.host).unwrap()
    }

    pub fn image(&self, tag: &str) -> ImageRef {
        format!("{}/flt-app:{tag}", self.registry).parse().unwrap()
    }

    /// What a tag points to now.
    pub fn pinned(&self, tag: &str) -> PinnedRef {
        let image = self.image(tag);
        let found =
            self.docker(&["image", "inspect", "-f", "{{join .RepoDigests \"\\n\"}}", &image.to_string()]);
        found.lines().next().expect("a pushed image has a digest").parse().unwrap()
    }

    /// Runs `docker ARGS` as a person would, on the manager.
    pub fn docker(&self, args: &[&str]) -> String {
        let out = Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .args(["-H", &self.host])
            .args(args)
            .output()
            .expect("the docker command is installed");
        assert!(out.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// Runs `docker ARGS` on the engine of another node.
    pub fn docker_on(&self, node: &str, args: &[&str]) -> String {
        let host = self.host.replace("/m1/", &format!("/{node}/"));
        assert_ne!(host, self.host, "the manager of the lab is m1");
        let out = Command::new("docker").args(["-H", &host]).args(args).output().unwrap();
        assert!(out.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    /// A service of `tag` with these further arguments, gone when the value is dropped.
    pub fn service(&self, name: &str, tag: &str, args: &[&str]) -> Service<'_> {
        let _ = Command::new("docker").args(["-H", &self.host, "service", "rm", name]).output();
        let pinned = self.pinned(tag);
        let image = format!("{}@{}", self.image(tag), pinned.digest);
        let fixed =
            ["service", "create", "-d", "--name", name, "--endpoint-mode", "dnsrr", "--no-resolve-image"];
        let quick = ["--restart-delay", "200ms", "--stop-grace-period", "2s"];
        self.docker(&[&fixed[..], &quick[..], args, &[&image]].concat());
        Service { lab: self, name: name.to_owned(), id: format!("{FLEET}/{name}").parse().unwrap() }
    }

    /// A network, a secret and a config called `name`, gone when the value is dropped.
    pub fn things(&self, name: &'static str) -> Things<'_> {
        let things = Things { lab: self, name };
        things.remove();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "content\n").unwrap();
        let path = file.path().to_str().unwrap();
        self.docker(&["network", "create", "-d", "overlay", name]);
        self.docker(&["secret", "create", name, path]);
        self.docker(&["config", "create", name, path]);
        things
    }

    fn push_images(&self) {
        static ONCE: OnceLock<()> = OnceLock::new();
        ONCE.get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let busybox = ["/bin/busybox", "/usr/bin/busybox"].into_iter().find(|p| Path::new(p).exists());
            std::fs::copy(busybox.expect("busybox-static is installed"), dir.path().join("busybox")).unwrap();
            std::fs::write(dir.path().join("run"), SCRIPT).unwrap();
            std::fs::write(dir.path().join("Dockerfile"), DOCKERFILE).unwrap();
            for tag in TAGS {
                let (image, arg) = (self.image(tag).to_string(), format!("V={tag}"));
                let dir = dir.path().to_str().unwrap();
                self.docker(&["build", "-q", "--build-arg", &arg, "-t", &image, dir]);
                self.docker(&["push", "-q", &image]);
            }
        });
    }
}

/// What a service can be given that has a life of its own.
pub struct Things<'a> {
    lab: &'a Lab,
    name: &'static str,
}

impl Things<'_> {
    pub fn args(&self) -> [&str; 6] {
        ["--network", self.name, "--secret", self.name, "--config", self.name]
    }

    fn remove(&self) {
        for kind in ["secret", "config", "network"] {
            let _ = Command::new("docker").args(["-H", &self.lab.host, kind, "rm", self.name]).output();
        }
    }
}

impl Drop for Things<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

/// A service of a test's own.
pub struct Service<'a> {
    pub lab: &'a Lab,
    pub name: String,
    pub id: WorkloadId,
}

impl Service<'_> {
    /// The service as the manager's API has it.
    pub async fn raw(&self) -> Value {
        let url = format!("http://manager/services/{}", self.name);
        self.lab.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub async fn look(&self) -> Look {
        match self.lab.swarm().look(&self.id, Timestamp::from_millis(1)).await {
            Answer::Done(LookReport::Seen(look)) => *look,
            other => panic!("{other:?}"),
        }
    }

    /// Looks until `wanted`. A real Swarm tells nobody when it is done, so this has to ask.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Look) -> bool) -> Look {
        let start = Instant::now();
        loop {
            let look = self.look().await;
            if wanted(&look) {
                return look;
            }
            assert!(start.elapsed() < PATIENCE, "{what} never came: {look:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// All tasks of the present spec run and nothing else does.
    pub async fn settled(&self) -> Look {
        self.until("convergence", |look| look.running == look.desired && look.tasks.iter().all(|t| t.current))
            .await
    }

    pub fn deploy(&self, tag: &str, mark: &str, before: &SpecMark) -> DeployJob {
        DeployJob {
            id: self.effect(Action::Deploy),
            workload: self.id.clone(),
            image: self.lab.pinned(tag),
            named: self.lab.image(tag),
            mark: mark.to_owned(),
            before: before.clone(),
        }
    }

    pub fn restore(&self, mark: &str, before: &SpecMark) -> RestoreJob {
        RestoreJob {
            id: self.effect(Action::Restore),
            workload: self.id.clone(),
            mark: mark.to_owned(),
            before: before.clone(),
        }
    }

    pub fn digest(&self, tag: &str) -> Option<Digest> {
        Some(self.lab.pinned(tag).digest)
    }

    fn effect(&self, action: Action) -> EffectId {
        EffectId { run: RunId(1), step: StepKey::Deploy(self.id.clone()), subject: None, action, attempt: 1 }
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["-H", &self.lab.host, "service", "rm", &self.name]).output();
    }
}

pub fn done<T: std::fmt::Debug>(answer: Answer<T>) -> T {
    match answer {
        Answer::Done(done) => done,
        Answer::Unreachable(silence) => panic!("{silence:?}"),
    }
}
