//! The candidate as in production, and a client against it.
//!
//! Both are on a bridge network of their own, where the candidate is the host `candidate`; it leads nowhere unless the recipe lets it.
//! The client starts once the candidate is ready:
//!
//! 1. With an engine health check (the image's own): it says healthy.
//! 2. Without one: it has been seen running for a whole second. That proves little; the client's command has to prove the rest.

use super::super::lines::Lines;
use super::command::{Bench, Ended, env, silent, state};
use super::fetch::message_of;
use crate::model::Span;
use crate::model::limits::{MESSAGE_CHARS, SERVICE_LOG_LINES};
use crate::model::text::clean;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerState, EndpointSettings, HealthStatusEnum, NetworkCreateRequest,
    NetworkingConfig,
};
use bollard::query_parameters::LogsOptions;
use futures_util::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

/// Between two looks at a container that is not ready yet.
const LOOK: Duration = Duration::from_millis(200);
/// How long a container without a health check must have been running.
const SETTLED: Duration = Duration::from_secs(1);

/// What is started, and with what.
pub struct Service<'a> {
    /// The candidate.
    pub image: &'a str,
    /// The client's image.
    pub client: &'a str,
    /// The candidate's environment.
    pub env: &'a BTreeMap<String, String>,
    /// The longest until it is ready.
    pub within: Span,
}

/// What one look at a starting container says.
#[derive(Debug, PartialEq, Eq)]
enum Ready {
    Yes,
    /// It runs and has no health check.
    Runs,
    NotYet,
    Never(String),
}

impl Bench<'_> {
    /// Runs the spec's command against the service.
    pub async fn service(&self, service: &Service<'_>) -> Result<Ended, Error> {
        let network = self.network().await?;
        let id = match self.start(self.service_body(service, &network)).await {
            Ok(id) => id,
            Err(error @ Error::DockerResponseServerError { status_code: 400..=500, .. })
                if !silent(&error) =>
            {
                let reason = Some(format!("the candidate could not be started: {}", message_of(&error)));
                return Ok(Ended { reason, ..Ended::default() });
            }
            Err(error) => return Err(error),
        };
        if let Some(reason) = self.wait_ready(&id, service.within).await? {
            self.tail(&id).await;
            return Ok(Ended { reason: Some(clean(&reason, MESSAGE_CHARS)), ..Ended::default() });
        }
        let mut ended = self.timed_command(service.client, &network).await?;
        if ended.exit != Some(0) {
            let after = state(self.docker, &id).await?;
            if after.running == Some(false) {
                let end = end_of(&after);
                ended.reason.get_or_insert_with(|| format!("the candidate {end} during the test"));
            }
            self.tail(&id).await;
        }
        Ok(ended)
    }

    async fn network(&self) -> Result<String, Error> {
        let name = self.traces.name(self.effect);
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            internal: Some(!self.spec.network),
            labels: Some(self.traces.labels()),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map(|_| name)
    }

    fn service_body(&self, service: &Service<'_>, network: &str) -> ContainerCreateBody {
        let endpoint =
            EndpointSettings { aliases: Some(vec!["candidate".to_owned()]), ..EndpointSettings::default() };
        ContainerCreateBody {
            image: Some(service.image.to_owned()),
            env: Some(env(service.env)),
            labels: Some(self.traces.labels()),
            host_config: Some(self.host(network)),
            networking_config: Some(NetworkingConfig {
                endpoints_config: Some(HashMap::from([(network.to_owned(), endpoint)])),
            }),
            ..ContainerCreateBody::default()
        }
    }

    /// None once it is ready, else why it never was.
    async fn wait_ready(&self, id: &str, within: Span) -> Result<Option<String>, Error> {
        let started = Instant::now();
        let mut running_since = None;
        loop {
            let state = state(self.docker, id).await?;
            match ready(&state) {
                Ready::Yes => return Ok(None),
                Ready::Never(why) => return Ok(Some(why)),
                Ready::Runs => {
                    let since: &mut Instant = running_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= SETTLED {
                        return Ok(None);
                    }
                }
                Ready::NotYet => running_since = None,
            }
            if tokio::time::Instant::now() >= self.deadline {
                let reason = format!(
                    "timed out after {}, before it was healthy{}",
                    self.spec.timeout,
                    last_check(&state)
                );
                return Ok(Some(reason));
            }
            if started.elapsed() >= within.to_std() {
                return Ok(Some(format!("never became healthy within {within}{}", last_check(&state))));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The last lines of the candidate's log. The test has failed already: what stands in the way here is not worth another word.
    async fn tail(&self, id: &str) {
        let tail = SERVICE_LOG_LINES.to_string();
        let options = LogsOptions { stdout: true, stderr: true, tail, ..LogsOptions::default() };
        let mut logs = self.docker.logs(id, Some(options));
        let mut lines = Lines::default();
        while let Some(Ok(piece)) = logs.next().await {
            lines.push(&piece.into_bytes(), |line| self.line(&format!("candidate: {line}")));
        }
        lines.end(|line| self.line(&format!("candidate: {line}")));
    }
}

fn ready(state: &ContainerState) -> Ready {
    if state.running != Some(true) {
        let over = state.status.is_some_and(|status| {
            use bollard::models::ContainerStateStatusEnum as Status;
            matches!(status, Status::EXITED | Status::DEAD)
        });
        return if over {
            Ready::Never(format!("never became healthy: it {}", end_of(state)))
        } else {
            Ready::NotYet
        };
    }
    match state.health.as_ref().and_then(|health| health.status) {
        Some(HealthStatusEnum::HEALTHY) => Ready::Yes,
        Some(HealthStatusEnum::STARTING | HealthStatusEnum::UNHEALTHY) => Ready::NotYet,
        Some(HealthStatusEnum::EMPTY | HealthStatusEnum::NONE) | None => Ready::Runs,
    }
}

fn end_of(state: &ContainerState) -> String {
    let memory = if state.oom_killed == Some(true) { ", out of memory" } else { "" };
    format!("ended with exit code {}{memory}", state.exit_code.unwrap_or(-1))
}

/// `: exit code 1, cannot connect`: what the last health check said, if there was one.
fn last_check(state: &ContainerState) -> String {
    let last = state.health.as_ref().and_then(|health| health.log.as_ref()).and_then(|log| log.last());
    last.map_or(String::new(), |check| {
        let code = check.exit_code.unwrap_or(-1);
        let said = clean(check.output.as_deref().unwrap_or_default().trim(), MESSAGE_CHARS / 2);
        let comma = if said.is_empty() { "" } else { ", " };
        format!(": the last check ended with exit code {code}{comma}{said}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bollard::models::{ContainerStateStatusEnum, Health, HealthcheckResult};

    fn running(health: Option<HealthStatusEnum>) -> ContainerState {
        let health = health.map(|status| Health { status: Some(status), ..Health::default() });
        ContainerState { running: Some(true), health, ..ContainerState::default() }
    }

    #[test]
    fn only_a_health_check_or_lasting_running_makes_ready() {
        assert_eq!(ready(&running(Some(HealthStatusEnum::HEALTHY))), Ready::Yes);
        assert_eq!(ready(&running(Some(HealthStatusEnum::UNHEALTHY))), Ready::NotYet);
        assert_eq!(ready(&running(Some(HealthStatusEnum::NONE))), Ready::Runs);
        assert_eq!(ready(&running(None)), Ready::Runs);
        assert_eq!(ready(&ContainerState::default()), Ready::NotYet);
        let status = Some(ContainerStateStatusEnum::EXITED);
        let over =
            ContainerState { status, running: Some(false), exit_code: Some(3), ..ContainerState::default() };
        assert_eq!(ready(&over), Ready::Never("never became healthy: it ended with exit code 3".to_owned()));
    }

    #[test]
    fn the_last_check_speaks_and_is_cleaned() {
        let check = HealthcheckResult {
            exit_code: Some(1),
            output: Some("no\u{1b}[2J\n".to_owned()),
            ..HealthcheckResult::default()
        };
        let health = Some(Health { log: Some(vec![check]), ..Health::default() });
        let state = ContainerState { health, ..ContainerState::default() };
        assert_eq!(last_check(&state), ": the last check ended with exit code 1, no");
    }
}
