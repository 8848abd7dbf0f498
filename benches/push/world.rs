//! The daemon's world in the bench: the real registry client, with a stopwatch, and nobody else at home.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tidegate::adapters::clock::SystemClock;
use tidegate::adapters::registry::{RegistryAccess, RegistryClient};
use tidegate::model::jobs::{Base, BaseName, BuildJob, Ingredients, PublishJob, Role, TestJob};
use tidegate::model::notices::NoticeJob;
use tidegate::model::reports::{Answer, BuildReport, ProbeAnswer, PublishReport, TestReport, Unreachable};
use tidegate::model::setup::{ProbeSpec, Recipe, RegistrySetup, Setup};
use tidegate::model::{Digest, ImageRef, Span};
use tidegate::ports::{Builder, Notifier, Prober, Recipes, Registries, Reporter, Resolved, Tester, World};

/// When each HEAD began and ended.
pub type Looks = Arc<Mutex<Vec<(Instant, Instant)>>>;

/// One upstream and one image that is built on it; nothing is polled while the bench runs.
pub fn setup(upstream: &ImageRef, built: &ImageRef) -> Setup {
    let hour = Span::from_secs(3_600);
    let registry = RegistrySetup { insecure: true, poll: hour, aliases: [].into() };
    let recipe = Recipe {
        context: "/nowhere".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        platform: None,
        tests: Vec::new(),
        owner: None,
        gate: None,
        build_timeout: hour,
    };
    Setup {
        registries: [(upstream.registry.clone(), registry)].into(),
        upstreams: [(upstream.clone(), tidegate::model::setup::Upstream::default())].into(),
        recipes: [(built.clone(), recipe)].into(),
        ..Setup::default()
    }
}

/// The world, and what its registry client was asked.
pub fn world(upstream: &ImageRef) -> (World, Looks) {
    let access = RegistryAccess { insecure: true, ..RegistryAccess::default() };
    let client = RegistryClient::new([(upstream.registry.clone(), access)].into()).unwrap();
    let looks = Looks::default();
    let world = World {
        registries: Box::new(Timed { client, looks: looks.clone() }),
        builder: Box::new(Nobody),
        tester: Box::new(Nobody),
        fleets: BTreeMap::new(),
        nodes: BTreeMap::new(),
        provisioner: Box::new(tidegate::ports::NoProvisioner),
        prober: Box::new(Nobody),
        notifier: Box::new(Nobody),
        recipes: Box::new(On(upstream.clone())),
        clock: Arc::new(SystemClock),
    };
    (world, looks)
}

struct Timed {
    client: RegistryClient,
    looks: Looks,
}

#[async_trait]
impl Registries for Timed {
    async fn resolve(&self, image: &ImageRef) -> Answer<Resolved> {
        let began = Instant::now();
        let answer = self.client.resolve(image).await;
        self.looks.lock().unwrap().push((began, Instant::now()));
        answer
    }

    async fn publish(&self, job: &PublishJob) -> Answer<PublishReport> {
        self.client.publish(job).await
    }

    async fn discard(&self, candidate: &ImageRef, keep: &[ImageRef]) -> Answer<bool> {
        self.client.discard(candidate, keep).await
    }
}

/// Does no work: what the bench measures is over before any would begin.
struct Nobody;

fn nobody<T>() -> Answer<T> {
    let why = "the bench does no work".to_owned();
    Answer::Unreachable(Unreachable {
        who: "builder".to_owned(),
        why,
        retry_after: Some(Span::from_secs(3_600)),
    })
}

#[async_trait]
impl Builder for Nobody {
    async fn build(&self, _: &BuildJob, _: &dyn Reporter) -> Answer<BuildReport> {
        nobody()
    }
}

#[async_trait]
impl Tester for Nobody {
    async fn test(&self, _: &TestJob, _: &dyn Reporter) -> Answer<TestReport> {
        nobody()
    }
}

#[async_trait]
impl Prober for Nobody {
    async fn probe(&self, _: &ProbeSpec, _: &str) -> ProbeAnswer {
        ProbeAnswer { ok: false, took: Span::default(), why: None }
    }
}

#[async_trait]
impl Notifier for Nobody {
    async fn notify(&self, _: &NoticeJob) -> Answer<()> {
        Answer::Done(())
    }
}

/// Every recipe is built on this image.
struct On(ImageRef);

#[async_trait]
impl Recipes for On {
    async fn read(&self, setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>> {
        let ingredients = Ingredients {
            dockerfile: Digest::of(b"dockerfile"),
            recipe: Digest::of(b"recipe"),
            bases: vec![Base {
                from: BaseName::Tag(self.0.clone()),
                role: Role::Runtime,
                places: Vec::new(),
            }],
            unknown: Vec::new(),
            buildkit: None,
        };
        setup.recipes.keys().map(|image| (image.clone(), Ok(ingredients.clone()))).collect()
    }
}
