//! One build, from the look at the registry to the pushed candidate.

use super::super::engine_client::{Engine, engine_credentials};
use super::super::registry::Credentials;
use super::context::{Context, read_dockerfile};
use super::parts::Parts;
use super::sweep::{CANDIDATE_LABEL, failed_steps, older_candidates};
use super::verdict::{self, Verdict};
use crate::model::edit;
use crate::model::jobs::{BuildJob, Need};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::reports::{Answer, BuildCause, BuildReport, Unreachable};
use crate::model::text::clean;
use crate::model::{Digest, Registry};
use crate::ports::{Builder, Progress, Registries, Reporter, Resolved};
use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{BuildImageOptions, BuilderVersion, PushImageOptionsBuilder};
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Builds on one engine.
pub struct EngineBuilder {
    engine: Arc<Engine>,
    registries: Arc<dyn Registries>,
    credentials: BTreeMap<Registry, Credentials>,
}

/// Why a build ends before its candidate is pushed.
#[derive(Debug)]
enum Stop {
    Failed(BuildCause, String),
    Silent(Unreachable),
}

type Go<T> = Result<T, Stop>;

fn failed<T>(cause: BuildCause, message: &str) -> Go<T> {
    Err(Stop::Failed(cause, clean(message, MESSAGE_CHARS)))
}

#[async_trait]
impl Builder for EngineBuilder {
    async fn build(&self, job: &BuildJob, reporter: &dyn Reporter) -> Answer<BuildReport> {
        let attempt = tokio::time::timeout(job.timeout.to_std(), self.attempt(job, reporter));
        match attempt.await {
            Ok(Ok((digest, found))) => Answer::Done(BuildReport::Built { digest, found }),
            Ok(Err(Stop::Failed(cause, message))) => Answer::Done(BuildReport::Failed { cause, message }),
            Ok(Err(Stop::Silent(silence))) => Answer::Unreachable(silence),
            Err(_) => {
                let message = format!("the build took longer than {}", job.timeout);
                Answer::Done(BuildReport::Failed { cause: BuildCause::Timeout, message })
            }
        }
    }
}

impl EngineBuilder {
    /// Builds on `engine`, looks into `registries`, and lets the engine pull and push with `credentials`.
    pub fn new(
        engine: Arc<Engine>,
        registries: Arc<dyn Registries>,
        credentials: BTreeMap<Registry, Credentials>,
    ) -> Self {
        Self { engine, registries, credentials }
    }

    async fn attempt(&self, job: &BuildJob, reporter: &dyn Reporter) -> Go<(Digest, bool)> {
        if let Some(digest) = self.look(job, reporter).await? {
            return Ok((digest, true));
        }
        let docker = self.engine.docker().await.map_err(Stop::Silent)?;
        if let Some(need) = &job.buildkit {
            offers_buildkit(&docker, need)?;
        }
        let (context, dockerfile) = prepare(job).await?;
        reporter.line(&format!("sending {} files, {} bytes", context.files(), context.bytes()));
        // The engine's first word comes after the whole context; the job's own timeout is the one that counts.
        let patient = docker.clone().with_timeout(job.timeout.to_std());
        self.carry_out(&patient, job, context, dockerfile, reporter).await?;
        self.push(&patient, job, reporter).await?;
        match self.look(job, reporter).await? {
            Some(digest) => {
                older_candidates(&docker, &job.image, &job.candidate).await;
                Ok((digest, false))
            }
            None => failed(BuildCause::Refused, "the registry took the candidate, but does not have it"),
        }
    }

    /// Where the candidate is. A registry that will not say (one that hides what does not exist yet) has none, and says so
    /// again at the push.
    async fn look(&self, job: &BuildJob, reporter: &dyn Reporter) -> Go<Option<Digest>> {
        match self.registries.resolve(&job.candidate).await {
            Answer::Done(Resolved::At(digest)) => Ok(Some(digest)),
            Answer::Done(Resolved::Missing) => Ok(None),
            Answer::Done(Resolved::Refused(why)) => {
                reporter.line(&format!("the registry does not say whether the candidate is there: {why}"));
                Ok(None)
            }
            Answer::Unreachable(silence) => Err(Stop::Silent(silence)),
        }
    }

    async fn carry_out(
        &self,
        docker: &Docker,
        job: &BuildJob,
        context: Context,
        dockerfile: String,
        reporter: &dyn Reporter,
    ) -> Go<()> {
        let options = options(job, context.dockerfile());
        let (chunks, sent) = context.send(dockerfile);
        let body = bollard::body_try_stream(tokio_stream(chunks));
        let mut stream = docker.build_image(options, Some(self.all_credentials()), Some(body));
        let mut parts = Parts::default();
        let mut error = None;
        while let Some(part) = stream.next().await {
            match part {
                Ok(part) => parts.take(part, reporter),
                Err(found) => {
                    error = Some(found);
                    break;
                }
            }
        }
        drop(stream);
        parts.end(reporter);
        match error {
            None if parts.image => Ok(()),
            None => Err(self.silent("the engine ended the build without a result")),
            Some(error) => {
                // The engine sees only a broken stream when we could not read the context.
                match sent.await {
                    Ok(Err(why)) if !why.reader_gone() => {
                        return failed(BuildCause::Context, &why.to_string());
                    }
                    Ok(_) | Err(_) => {}
                }
                Err(self.judge(docker, error, &parts, reporter).await)
            }
        }
    }

    async fn judge(&self, docker: &Docker, error: Error, parts: &Parts, reporter: &dyn Reporter) -> Stop {
        let said = message_of(&error);
        reporter.line(&said);
        let first = parts.error.clone().unwrap_or_else(|| said.clone());
        let verdict = match &error {
            Error::DockerStreamError { .. } => verdict::of_build(&first),
            Error::DockerResponseServerError { status_code: 400..=499, .. } => verdict::of_build(&said),
            // An engine reports a Dockerfile that it cannot read by a 500, if it comes to speak at all.
            Error::DockerResponseServerError { status_code: 500, .. } => verdict::of_build(&said),
            _ => match self.engine.unreachable(&error) {
                Some(silence) => return Stop::Silent(silence),
                None => Verdict::Failed(BuildCause::Refused),
            },
        };
        match verdict {
            Verdict::Silent => self.silent(&first),
            Verdict::Failed(cause) => {
                // An engine that shuts down kills its builds first: their exit code then says nothing about the instruction.
                if let Err(error) = docker.ping().await {
                    return self.silent(&format!("the engine went away: {}", message_of(&error)));
                }
                failed_steps(docker, parts.last_step.as_deref()).await;
                Stop::Failed(cause, clean(&first, MESSAGE_CHARS))
            }
        }
    }

    async fn push(&self, docker: &Docker, job: &BuildJob, reporter: &dyn Reporter) -> Go<()> {
        reporter.progress(Progress { doing: format!("pushing {}", job.candidate), done: 0, total: 0 });
        let name = format!("{}/{}", job.candidate.registry, job.candidate.repository);
        let options = PushImageOptionsBuilder::new().tag(job.candidate.tag.as_str()).build();
        let registry = &job.candidate.registry;
        let credentials = self.credentials.get(registry).map(|who| engine_credentials(registry, who));
        let mut stream = docker.push_image(&name, Some(options), credentials);
        while let Some(part) = stream.next().await {
            let error = match part {
                Ok(part) => {
                    let moving = part.progress_detail.is_some_and(|detail| detail.current.is_some());
                    part.status.iter().filter(|_| !moving).for_each(|status| reporter.line(status));
                    continue;
                }
                Err(error) => error,
            };
            let said = message_of(&error);
            reporter.line(&said);
            return match self.engine.unreachable(&error) {
                Some(silence) => Err(Stop::Silent(silence)),
                None if verdict::of_push(&said) == Verdict::Silent => Err(self.silent(&said)),
                None => failed(BuildCause::Refused, &said),
            };
        }
        Ok(())
    }

    /// For every registry, because the engine pulls the parents by itself.
    fn all_credentials(&self) -> HashMap<String, bollard::auth::DockerCredentials> {
        let each = self.credentials.iter().map(|(registry, who)| engine_credentials(registry, who));
        each.map(|credentials| (credentials.serveraddress.clone().unwrap_or_default(), credentials)).collect()
    }

    fn silent(&self, why: &str) -> Stop {
        let why = clean(why, MESSAGE_CHARS);
        Stop::Silent(Unreachable { who: self.engine.who().to_owned(), why, retry_after: None })
    }
}

/// The context and the Dockerfile with its edits, read in a thread that may wait for a disk.
async fn prepare(job: &BuildJob) -> Go<(Context, String)> {
    let job = job.clone();
    let read = tokio::task::spawn_blocking(move || {
        let text = read_dockerfile(&job.context, &job.dockerfile).map_err(|error| error.to_string())?;
        if Digest::of(text.as_bytes()) != job.dockerfile_digest {
            return Err(format!(
                "{} is not the Dockerfile that was read when this run began",
                job.dockerfile
            ));
        }
        let edited = edit::apply(&text, &job.edits).map_err(|error| error.to_string())?;
        let context = Context::scan(&job.context, &job.dockerfile).map_err(|error| error.to_string())?;
        Ok((context, edited))
    });
    match read.await {
        Ok(Ok(ready)) => Ok(ready),
        Ok(Err(why)) => failed(BuildCause::Context, &why),
        Err(_) => failed(BuildCause::Context, "the context could not be read"),
    }
}

fn tokio_stream(
    receiver: tokio::sync::mpsc::Receiver<std::io::Result<bytes::Bytes>>,
) -> impl futures_util::Stream<Item = std::io::Result<bytes::Bytes>> {
    futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    })
}

fn options(job: &BuildJob, dockerfile: String) -> BuildImageOptions {
    let pairs = |map: &BTreeMap<String, String>| -> HashMap<String, String> {
        map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut labels = pairs(&job.labels);
    labels.insert(CANDIDATE_LABEL.to_owned(), job.image.to_string());
    let buildkit = job.buildkit.is_some();
    BuildImageOptions {
        dockerfile,
        t: Some(job.candidate.to_string()),
        rm: true,
        forcerm: true,
        buildargs: Some(pairs(&job.args)),
        labels: Some(labels),
        platform: job.platform.clone().unwrap_or_default(),
        target: job.target.clone().unwrap_or_default(),
        version: if buildkit { BuilderVersion::BuilderBuildKit } else { BuilderVersion::BuilderV1 },
        // Unique for each attempt: an engine refuses a session whose name is still in use.
        session: buildkit.then(session_name),
        ..BuildImageOptions::default()
    }
}

fn session_name() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("tidegate-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// BuildKit is part of engines from API 1.39 on (docs.docker.com, "Engine API version history").
fn offers_buildkit(docker: &Docker, need: &Need) -> Go<()> {
    let version = docker.client_version();
    if (version.major_version, version.minor_version) >= (1, 39) {
        return Ok(());
    }
    let Need { line, what } = need;
    failed(
        BuildCause::NeedsBuildkit,
        &format!("line {line} needs BuildKit ({what}), which this engine does not offer"),
    )
}

fn message_of(error: &Error) -> String {
    match error {
        Error::DockerStreamError { error } => clean(error, MESSAGE_CHARS),
        Error::DockerResponseServerError { message, .. } => clean(message, MESSAGE_CHARS),
        other => clean(&other.to_string(), MESSAGE_CHARS),
    }
}
