//! The real parts that the tests run against.

use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tidegate::adapters::builder::EngineBuilder;
use tidegate::adapters::engine_client::Engine;
use tidegate::adapters::registry::{RegistryAccess, RegistryClient};
use tidegate::model::ids::{Action, EffectId, RunId, StepKey};
use tidegate::model::jobs::BuildJob;
use tidegate::model::reports::{Answer, BuildReport};
use tidegate::model::{Digest, ImageRef, Span};
use tidegate::ports::{Builder, Progress, Registries, Reporter, Resolved};

/// One engine, one registry.
pub struct Lab {
    pub engine: Arc<Engine>,
    pub registry: Arc<RegistryClient>,
    pub host: String,
    pub engine_host: String,
    made: Mutex<Vec<ImageRef>>,
}

/// The lab that the environment names.
pub fn lab() -> Lab {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(engine), Some(host)) = (var("TIDEGATE_TEST_ENGINE"), var("TIDEGATE_TEST_REGISTRY")) else {
        panic!("TIDEGATE_TEST_ENGINE and TIDEGATE_TEST_REGISTRY are not set; ./check sets them");
    };
    let engine_host = engine;
    let engine = Engine::new("builder", &engine_host, Duration::from_secs(60)).unwrap();
    let access = RegistryAccess { insecure: true, credentials: None };
    let registry = RegistryClient::new(BTreeMap::from([(host.parse().unwrap(), access)])).unwrap();
    Lab { engine: Arc::new(engine), registry: Arc::new(registry), host, engine_host, made: Mutex::default() }
}

impl Lab {
    /// An image of this test process: its repository is nobody else's.
    pub fn image(&self, name: &str, tag: &str) -> ImageRef {
        let image: ImageRef =
            format!("{}/adp-{name}-{}:{tag}", self.host, std::process::id()).parse().unwrap();
        self.made.lock().unwrap().push(image.clone());
        image
    }

    pub fn builder(&self) -> EngineBuilder {
        EngineBuilder::new(self.engine.clone(), self.registry.clone(), BTreeMap::new())
    }

    /// Builds `dockerfile` beside a static busybox and pushes it as `candidate`.
    pub async fn built(&self, image: &ImageRef, candidate: &ImageRef, dockerfile: &str) -> Digest {
        let dir = context(dockerfile);
        let job = build_job(image, candidate, dir.path(), dockerfile);
        match self.builder().build(&job, &Told::default()).await {
            Answer::Done(BuildReport::Built { digest, .. }) => digest,
            other => panic!("not built: {other:?}"),
        }
    }

    /// The engine behind a relay, and what cuts it: every connection at once, and no new ones.
    pub async fn engine_that_can_be_cut(&self) -> (Arc<Engine>, Cutter) {
        let path = self.engine_host.strip_prefix("unix://").unwrap().to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let (cutter, mut cut) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut relays = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    _ = &mut cut => break,
                    Ok((mut from, _)) = listener.accept() => {
                        let path = path.clone();
                        relays.spawn(async move {
                            let mut to = tokio::net::UnixStream::connect(path).await.unwrap();
                            let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
                        });
                    }
                }
            }
        });
        (Arc::new(Engine::new("builder", &host, Duration::from_secs(60)).unwrap()), cutter)
    }

    /// Takes away what the test left in the registry and on the engine.
    pub async fn clean(self) {
        let docker = self.engine.docker().await.unwrap();
        let mine = format!("-{}", std::process::id());
        let made = self.made.into_inner().unwrap();
        // What was built on another goes first.
        for image in made.into_iter().rev() {
            // Not by `discard`: it keeps what two tags share.
            if let Answer::Done(Resolved::At(digest)) = self.registry.resolve(&image).await {
                let url = format!("http://{}/v2/{}/manifests/{digest}", self.host, image.repository);
                reqwest::Client::new().delete(url).send().await.unwrap();
            }
            let name = format!("{}/{}", image.registry, image.repository);
            assert!(name.ends_with(&mine));
            let filters = HashMap::from([("reference", vec![name])]);
            let found =
                docker.list_images(Some(ListImagesOptionsBuilder::new().filters(&filters).build())).await;
            for local in found.unwrap() {
                let force = RemoveImageOptionsBuilder::new().force(true).build();
                let _ = docker.remove_image(&local.id, Some(force), None).await;
            }
        }
    }
}

/// A folder with the Dockerfile and a busybox.
pub fn context(dockerfile: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Dockerfile"), dockerfile).unwrap();
    std::fs::copy("/bin/busybox", dir.path().join("busybox")).unwrap();
    dir
}

/// A base with a shell and the usual commands.
pub const BASE: &str = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nRUN mkdir -p /tmp /etc && echo root:x:0:0::/:/bin/sh > /etc/passwd\n";

pub fn effect(image: &ImageRef, action: Action) -> EffectId {
    EffectId {
        run: RunId(u64::from(std::process::id())),
        step: StepKey::Image(image.clone()),
        subject: None,
        action,
        attempt: 1,
    }
}

pub fn build_job(image: &ImageRef, candidate: &ImageRef, dir: &Path, dockerfile: &str) -> BuildJob {
    BuildJob {
        id: effect(image, Action::Build),
        image: image.clone(),
        candidate: candidate.clone(),
        context: dir.to_str().unwrap().to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        dockerfile_digest: Digest::of(dockerfile.as_bytes()),
        edits: Vec::new(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        labels: BTreeMap::from([("adp.test".to_owned(), "yes".to_owned())]),
        buildkit: None,
        timeout: Span::from_secs(120),
    }
}

/// Cuts an engine off.
pub type Cutter = tokio::sync::oneshot::Sender<()>;

/// Remembers what it was told.
#[derive(Default)]
pub struct Told {
    cut_at: Option<String>,
    cutter: Mutex<Option<Cutter>>,
    pub lines: Mutex<Vec<String>>,
    pub progress: Mutex<Vec<Progress>>,
}

impl Told {
    /// Cuts the engine off when it is told `line`.
    pub fn that_cuts(line: &str, cutter: Cutter) -> Self {
        Self { cut_at: Some(line.to_owned()), cutter: Mutex::new(Some(cutter)), ..Self::default() }
    }

    pub fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

impl Reporter for Told {
    fn line(&self, line: &str) {
        if self.cut_at.as_deref() == Some(line) {
            self.cutter.lock().unwrap().take().unwrap().send(()).unwrap();
        }
        self.lines.lock().unwrap().push(line.to_owned());
    }
    fn progress(&self, progress: Progress) {
        self.progress.lock().unwrap().push(progress);
    }
}
