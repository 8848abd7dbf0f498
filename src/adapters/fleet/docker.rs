//! A plain Docker host: its containers are seen and never changed.
//!
//! This is what runs where there is no configuration. A container cannot be moved onto another image in place: it would have to be
//! made anew from settings that only its maker (a person, Compose, systemd) knows. So deploy and restore are refused, and the refusal
//! says what to do. For the same reason there is no claim: who changes nothing keeps nobody out.

use crate::adapters::engine_client::{ConnectError, Engine};
use crate::model::jobs::{DeployJob, RestoreJob};
use crate::model::limits::{MESSAGE_CHARS, ORCHESTRATOR_ANSWERS};
use crate::model::reports::{
    Answer, ChangeReport, EndedTask, Look, LookReport, SpecMark, TaskLook, TaskState, Unreachable,
    UpdateState,
};
use crate::model::text::clean;
use crate::model::{Digest, FleetName, ImageRef, PinnedRef, Timestamp, WorkloadId};
use crate::ports::{Claim, Claimed, Fleet, Running};
use async_trait::async_trait;
use bollard::Docker;
use bollard::errors::Error;
use bollard::models::{ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummaryStateEnum};
use bollard::query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;

const REFUSAL: &str = "plain Docker hosts are observed only: a container cannot change its image in place; pull the image and make the \
    container anew, or run the workload as a Swarm service";

/// A Docker Engine whose containers are observed.
#[derive(Debug)]
pub struct DockerHost {
    fleet: FleetName,
    engine: Engine,
}

impl DockerHost {
    /// The host called `fleet` behind the engine at `host`; nothing is sent yet.
    pub fn new(fleet: FleetName, host: &str) -> Result<Self, ConnectError> {
        let engine = Engine::new(&format!("fleet {fleet}"), host, ORCHESTRATOR_ANSWERS.to_std())?;
        Ok(Self { fleet, engine })
    }

    /// Everything that runs (or is paused, or being restarted) there, by name.
    pub async fn observe(&self) -> Answer<Vec<Running>> {
        match self.asked(|docker| async move { observe(&docker).await }).await {
            Ok((host, seen)) => {
                let mut all: Vec<Running> =
                    seen.iter().filter_map(|c| c.running(&self.fleet, &host)).collect();
                all.sort_by(|a, b| a.workload.cmp(&b.workload));
                Answer::Done(all)
            }
            Err(silence) => Answer::Unreachable(silence),
        }
    }

    /// Asks the engine, for as long as an answer may take. Refusals are no verdict on what runs there, and count as silence.
    async fn asked<T, F>(&self, ask: impl FnOnce(Docker) -> F + Send) -> Result<T, Unreachable>
    where
        F: Future<Output = Result<T, Error>> + Send,
    {
        let silence = |why: &str| Unreachable {
            who: self.engine.who().to_owned(),
            why: clean(why, MESSAGE_CHARS),
            retry_after: None,
        };
        let work = async {
            let docker = self.engine.docker().await?;
            ask(docker)
                .await
                .map_err(|e| self.engine.unreachable(&e).unwrap_or_else(|| silence(&e.to_string())))
        };
        match tokio::time::timeout(ORCHESTRATOR_ANSWERS.to_std(), work).await {
            Ok(answer) => answer,
            Err(_) => Err(silence(&format!("no answer within {ORCHESTRATOR_ANSWERS}"))),
        }
    }
}

/// A container as a list shows it, with the digests that its image was pulled or pushed under.
#[derive(Debug, Clone, Default)]
struct Seen {
    name: String,
    image: String,
    repo_digests: Vec<String>,
    runs: bool,
}

impl Seen {
    fn running(&self, fleet: &FleetName, host: &str) -> Option<Running> {
        Some(Running {
            workload: WorkloadId { fleet: fleet.clone(), name: self.name.parse().ok()? },
            image: clean(&self.image, 1024),
            digest: digest_of(&self.image, &self.repo_digests),
            running: u32::from(self.runs),
            desired: 1,
            nodes: host.parse().into_iter().collect(),
        })
    }
}

/// The digest of an image under the repository that it is called by.
///
/// An image has one entry in `RepoDigests` for each repository that it came from or went to, in no order that means anything; the
/// first one may be of another registry. None where it was built here and never pushed.
fn digest_of(image: &str, repo_digests: &[String]) -> Option<Digest> {
    if let Ok(pinned) = image.parse::<PinnedRef>() {
        return Some(pinned.digest);
    }
    let image: ImageRef = image.parse().ok()?;
    repo_digests
        .iter()
        .filter_map(|entry| entry.parse::<PinnedRef>().ok())
        .find(|entry| (&entry.registry, &entry.repository) == (&image.registry, &image.repository))
        .map(|entry| entry.digest)
}

/// A container's own name; others are `/user/alias`, made by links.
fn own_name(names: &[String]) -> String {
    let own = names.iter().find(|name| name.matches('/').count() <= 1).or(names.first());
    own.map(|name| name.trim_start_matches('/').to_owned()).unwrap_or_default()
}

async fn observe(docker: &Docker) -> Result<(String, Vec<Seen>), Error> {
    let host = docker.info().await?.name.unwrap_or_default();
    let alive = HashMap::from([("status", vec!["running", "paused", "restarting"])]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&alive).build();
    let mut digests: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut all = Vec::new();
    for container in docker.list_containers(Some(options)).await? {
        let image_id = container.image_id.unwrap_or_default();
        if !digests.contains_key(&image_id) {
            digests.insert(image_id.clone(), repo_digests(docker, &image_id).await?);
        }
        let mut image = container.image.unwrap_or_default();
        if image.starts_with("sha256:") {
            // Its tag has moved on to another image: only the container still knows what it was made from.
            image = made_from(docker, &container.id.unwrap_or_default()).await?.unwrap_or(image);
        }
        all.push(Seen {
            name: own_name(&container.names.unwrap_or_default()),
            image,
            repo_digests: digests.get(&image_id).cloned().unwrap_or_default(),
            runs: container.state == Some(ContainerSummaryStateEnum::RUNNING),
        });
    }
    Ok((host, all))
}

async fn repo_digests(docker: &Docker, image: &str) -> Result<Vec<String>, Error> {
    Ok(present(docker.inspect_image(image).await)?.and_then(|image| image.repo_digests).unwrap_or_default())
}

async fn made_from(docker: &Docker, container: &str) -> Result<Option<String>, Error> {
    let there = present(docker.inspect_container(container, None::<InspectContainerOptions>).await)?;
    Ok(there.and_then(|container| container.config).and_then(|config| config.image))
}

/// What is gone between two looks is no error.
fn present<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(there) => Ok(Some(there)),
        Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(None),
        Err(other) => Err(other),
    }
}

fn ended_at(text: Option<&str>) -> Option<Timestamp> {
    let time = chrono::DateTime::parse_from_rfc3339(text?).ok()?;
    Some(time.to_utc().into())
}

/// One container as a look: a workload of one task whose settings never change, so that its id stands for them.
fn look(name: &str, container: ContainerInspectResponse, digests: &[String], at: Timestamp) -> Option<Look> {
    let id = container.id.unwrap_or_default();
    let config = container.config.unwrap_or_default();
    let state = container.state.unwrap_or_default();
    let image = clean(&config.image.unwrap_or_default(), 1024);
    let digest = digest_of(&image, digests);
    let said = clean(&state.error.unwrap_or_default(), MESSAGE_CHARS);
    let checks = config.healthcheck.and_then(|check| check.test).unwrap_or_default();
    let health = state.health.and_then(|health| health.status).map(|status| status.to_string());
    let folded = match state.status {
        Some(ContainerStateStatusEnum::RUNNING)
            if health.as_deref().is_none_or(|h| matches!(h, "healthy" | "none" | "")) =>
        {
            TaskState::Running
        }
        Some(ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD) => TaskState::Ended,
        Some(ContainerStateStatusEnum::REMOVING | ContainerStateStatusEnum::STOPPING) => TaskState::Stopping,
        _ => TaskState::Starting,
    };
    let task = TaskLook {
        id: id.parse().ok()?,
        name: name.to_owned(),
        node: None,
        digest: digest.clone(),
        current: true,
        state: folded,
        message: Some(said.clone()).filter(|said| !said.is_empty()),
        address: None,
        probe: None,
    };
    let end = EndedTask {
        id: task.id.clone(),
        name: task.name.clone(),
        node: None,
        exit: state.exit_code,
        message: said,
        at: ended_at(state.finished_at.as_deref()).unwrap_or(at),
    };
    Some(Look {
        at,
        spec: SpecMark { version: 0, image, mark: None, rest: Digest::of(id.as_bytes()) },
        digest,
        desired: 1,
        running: u32::from(folded == TaskState::Running),
        tasks: vec![task],
        ended: if folded == TaskState::Ended { vec![end] } else { Vec::new() },
        update: UpdateState::None,
        health_check: checks.first().is_some_and(|first| first != "NONE"),
        probes: None,
    })
}

#[async_trait]
impl Fleet for DockerHost {
    /// Nothing is changed here, so nobody is kept out.
    async fn claim(&self, _: &Claim) -> Answer<Claimed> {
        Answer::Done(Claimed::Ours)
    }

    async fn workloads(&self) -> Answer<Vec<Running>> {
        self.observe().await
    }

    async fn look(&self, workload: &WorkloadId, at: Timestamp) -> Answer<LookReport> {
        let name = workload.name.as_str();
        let asked = self.asked(|docker| async move {
            let container = docker.inspect_container(name, None::<InspectContainerOptions>).await;
            let Some(container) = present(container)? else { return Ok(None) };
            let digests = repo_digests(&docker, container.image.as_deref().unwrap_or_default()).await?;
            Ok(Some((container, digests)))
        });
        match asked.await {
            Ok(found) => Answer::Done(
                found
                    .filter(|(container, _)| {
                        container.name.as_deref().is_some_and(|n| n.trim_start_matches('/') == name)
                    })
                    .and_then(|(container, digests)| look(name, container, &digests, at))
                    .map_or(LookReport::Gone, |look| LookReport::Seen(Box::new(look))),
            ),
            Err(silence) => Answer::Unreachable(silence),
        }
    }

    async fn deploy(&self, _: &DeployJob) -> Answer<ChangeReport> {
        Answer::Done(ChangeReport::Refused(REFUSAL.to_owned()))
    }

    async fn restore(&self, _: &RestoreJob) -> Answer<ChangeReport> {
        Answer::Done(ChangeReport::Refused(REFUSAL.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_one_of_the_repository_that_the_container_names() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let entries = [format!("mirror.example/web@{a}"), format!("r.example/shop/web@{b}")];
        assert_eq!(digest_of("r.example/shop/web:1", &entries), Some(b));
        assert_eq!(digest_of("mirror.example/web", &entries), Some(a.clone()));
        assert_eq!(digest_of("web:1", &entries), None);
        assert_eq!(digest_of(&format!("other/web@{a}"), &[]), Some(a));
    }

    #[test]
    fn links_do_not_rename_a_container() {
        assert_eq!(own_name(&["/app/db".to_owned(), "/db".to_owned()]), "db");
        assert_eq!(own_name(&[]), "");
    }

    #[test]
    fn a_container_that_ended_is_told_with_its_exit_code() {
        let container: ContainerInspectResponse = serde_json::from_value(serde_json::json!({
            "Id": "c1", "Name": "/web", "Config": {"Image": "r.example/web:1", "Healthcheck": {"Test": ["CMD", "x"]}},
            "State": {"Status": "exited", "ExitCode": 137, "Error": "", "FinishedAt": "2026-11-23T14:04:22Z"}
        }))
        .unwrap();
        let look = look("web", container, &[], Timestamp::default()).unwrap();
        assert_eq!((look.running, look.ended[0].exit, look.health_check), (0, Some(137), true));
    }
}
