//! One command in one container, from its creation to its judgement.

use super::super::lines::Lines;
use super::fetch::{self, FileError, message_of};
use super::junit::{self, Junit};
use super::traces::Traces;
use crate::model::EffectId;
use crate::model::limits::{MESSAGE_CHARS, TEST_LOG_BYTES, TEST_PROCESSES};
use crate::model::setup::TestSpec;
use crate::model::text::clean;
use crate::ports::Reporter;
use bollard::Docker;
use bollard::container::LogOutput;
use bollard::errors::Error;
use bollard::models::{ContainerCreateBody, ContainerState, HealthConfig, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, LogsOptions, StartContainerOptions,
    WaitContainerOptions,
};
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};

/// What all containers of a test share.
pub struct Bench<'a> {
    pub docker: &'a Docker,
    pub traces: &'a Traces,
    pub effect: &'a EffectId,
    pub spec: &'a TestSpec,
    pub reporter: &'a dyn Reporter,
    /// When the test has taken all of its time.
    pub deadline: tokio::time::Instant,
}

/// How a command ended, before the judgement.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    pub exit: Option<i64>,
    pub junit: Option<Junit>,
    /// Why it failed, where neither the exit code nor a case says it.
    pub reason: Option<String>,
}

impl Ended {
    /// It took longer than it may.
    pub fn timed_out(spec: &TestSpec) -> Self {
        Self { reason: Some(format!("timed out after {}", spec.timeout)), ..Self::default() }
    }
}

impl Bench<'_> {
    /// A line of the test's log, with its name.
    pub fn line(&self, text: &str) {
        self.reporter.line(&format!("[{}] {text}", self.spec.name));
    }

    /// Creates and starts a container; the error of an engine that refuses is the container's own.
    pub async fn start(&self, body: ContainerCreateBody) -> Result<String, Error> {
        let name = self.traces.name(self.effect);
        let options = CreateContainerOptionsBuilder::new().name(&name).build();
        let made = self.docker.create_container(Some(options), body).await?;
        for warning in made.warnings {
            // "Your kernel does not support memory limit capabilities": the test runs without the limit, and its log says so.
            self.line(&format!("engine: {warning}"));
        }
        self.docker.start_container(&made.id, None::<StartContainerOptions>).await?;
        Ok(made.id)
    }

    /// [`command`](Self::command), ended at the deadline.
    pub async fn timed_command(&self, image: &str, network: &str) -> Result<Ended, Error> {
        let command = tokio::time::timeout_at(self.deadline, self.command(image, network));
        command.await.unwrap_or_else(|_| Ok(Ended::timed_out(self.spec)))
    }

    /// Runs the spec's command in `image`, on `network` (an engine's network name, or `none`).
    async fn command(&self, image: &str, network: &str) -> Result<Ended, Error> {
        let id = match self.start(self.command_body(image, network)).await {
            Ok(id) => id,
            Err(error @ Error::DockerResponseServerError { status_code: 400..=500, .. })
                if !silent(&error) =>
            {
                let reason = Some(format!("it could not be started: {}", message_of(&error)));
                return Ok(Ended { reason, ..Ended::default() });
            }
            Err(error) => return Err(error),
        };
        self.follow(&id).await?;
        let state = self.ended(&id).await?;
        let exit = state.exit_code;
        let out_of_memory = state.oom_killed == Some(true);
        let mut ended = Ended { exit, ..Ended::default() };
        if out_of_memory {
            ended.reason = Some("out of memory".to_owned());
        }
        if let Some(path) = &self.spec.junit {
            self.read_junit(&id, path, &mut ended).await?;
        }
        Ok(ended)
    }

    /// Own entrypoint and command of the image are replaced by argv: no shell, nothing added.
    fn command_body(&self, image: &str, network: &str) -> ContainerCreateBody {
        let mut host = self.host(network);
        // What a test hardly needs and an escape does.
        host.security_opt = Some(vec!["no-new-privileges".to_owned()]);
        host.cap_drop = Some(["MKNOD", "NET_RAW", "AUDIT_WRITE"].map(ToOwned::to_owned).to_vec());
        ContainerCreateBody {
            image: Some(image.to_owned()),
            entrypoint: Some(Vec::new()),
            cmd: Some(self.spec.run.clone()),
            env: Some(env(&self.spec.env)),
            // The image's own check is of its service, which does not run here.
            healthcheck: Some(HealthConfig {
                test: Some(vec!["NONE".to_owned()]),
                ..HealthConfig::default()
            }),
            labels: Some(self.traces.labels()),
            host_config: Some(host),
            ..ContainerCreateBody::default()
        }
    }

    /// Limits, and a log that the engine can read back whatever its default driver is.
    pub fn host(&self, network: &str) -> HostConfig {
        let size = TEST_LOG_BYTES.to_string();
        HostConfig {
            network_mode: Some(network.to_owned()),
            memory: self.spec.memory.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            pids_limit: Some(TEST_PROCESSES),
            log_config: Some(HostConfigLogConfig {
                typ: Some("json-file".to_owned()),
                config: Some(HashMap::from([("max-size".to_owned(), size)])),
            }),
            ..HostConfig::default()
        }
    }

    /// Reports the container's lines until it ends.
    async fn follow(&self, id: &str) -> Result<(), Error> {
        let options = LogsOptions {
            follow: true,
            stdout: true,
            stderr: true,
            tail: "all".to_owned(),
            ..LogsOptions::default()
        };
        let mut logs = self.docker.logs(id, Some(options));
        let (mut out, mut err) = (Lines::default(), Lines::default());
        while let Some(piece) = logs.next().await {
            match piece? {
                LogOutput::StdErr { message } => err.push(&message, |line| self.line(line)),
                LogOutput::StdOut { message }
                | LogOutput::Console { message }
                | LogOutput::StdIn { message } => {
                    out.push(&message, |line| self.line(line));
                }
            }
        }
        out.end(|line| self.line(line));
        err.end(|line| self.line(line));
        Ok(())
    }

    /// Waits for the end, should the log have ended before, and says how it was.
    async fn ended(&self, id: &str) -> Result<ContainerState, Error> {
        match self.docker.wait_container(id, None::<WaitContainerOptions>).next().await {
            Some(Err(Error::DockerContainerWaitError { .. })) | Some(Ok(_)) | None => {}
            Some(Err(error)) => return Err(error),
        }
        state(self.docker, id).await
    }

    async fn read_junit(&self, id: &str, path: &str, ended: &mut Ended) -> Result<(), Error> {
        let problem = match fetch::file(self.docker, id, path).await {
            Ok(bytes) => match tokio::task::spawn_blocking(move || junit::read(&bytes)).await {
                Ok(Ok(junit)) => {
                    ended.junit = Some(junit);
                    return Ok(());
                }
                Ok(Err(error)) => format!("cannot be read: {error}"),
                Err(_) => "cannot be read".to_owned(),
            },
            Err(FileError::Engine(error)) => return Err(error),
            Err(other) => other.to_string(),
        };
        ended.reason.get_or_insert_with(|| clean(&format!("the JUnit file {path} {problem}"), MESSAGE_CHARS));
        Ok(())
    }
}

/// How a container is.
pub async fn state(docker: &Docker, id: &str) -> Result<ContainerState, Error> {
    let found = docker.inspect_container(id, None::<InspectContainerOptions>).await?;
    Ok(found.state.unwrap_or_default())
}

/// `NAME=value`, as the engine wants it.
pub fn env(map: &BTreeMap<String, String>) -> Vec<String> {
    map.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Whether an error is nobody's answer.
pub fn silent(error: &Error) -> bool {
    super::super::engine_client::unreachable("", error).is_some()
}
