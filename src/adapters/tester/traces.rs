//! What a test leaves on an engine, how it is called, and its removal.

use crate::model::EffectId;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// The label with the effect's id.
const EFFECT: &str = "tidegate.effect";
/// The label that tells one call from another of the same effect.
const CALL: &str = "tidegate.call";

/// The traces of one call; dropping it removes them.
#[derive(Debug)]
pub struct Traces {
    docker: Docker,
    effect: String,
    step: String,
    call: String,
    count: AtomicU64,
    gone: bool,
}

impl Traces {
    /// Of a new call for `effect`.
    pub fn new(docker: Docker, effect: &EffectId) -> Self {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        let call = format!("{}-{}", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed));
        let step = format!("r{}/{}/", effect.run, effect.step);
        Self { docker, effect: effect.to_string(), step, call, count: AtomicU64::new(0), gone: false }
    }

    /// A name that nothing else on the engine has.
    pub fn name(&self, effect: &EffectId) -> String {
        let n = self.count.fetch_add(1, Ordering::Relaxed);
        format!("tidegate-test-r{}-{}-{n}", effect.run, self.call)
    }

    /// The labels of everything that is made.
    pub fn labels(&self) -> HashMap<String, String> {
        HashMap::from([(EFFECT.to_owned(), self.effect.clone()), (CALL.to_owned(), self.call.clone())])
    }

    /// Removes what earlier calls for the same step left behind. One step's tests, second try and control never run at a time.
    pub async fn sweep_earlier(&self) -> Result<(), Error> {
        let ours = |labels: &HashMap<String, String>| {
            let step = labels.get(EFFECT).is_some_and(|effect| effect.starts_with(&self.step));
            step && labels.get(CALL) != Some(&self.call)
        };
        sweep(&self.docker, EFFECT, ours).await
    }

    /// Removes what this call has made so far.
    pub async fn sweep(&self) -> Result<(), Error> {
        let ours = |labels: &HashMap<String, String>| labels.get(CALL) == Some(&self.call);
        sweep(&self.docker, &format!("{CALL}={}", self.call), ours).await
    }

    /// Removes what this call has made, for good.
    pub async fn end(mut self) {
        match self.sweep().await {
            Ok(()) => self.gone = true,
            Err(error) => tracing::debug!(%error, "a test's containers stay until the step's next attempt"),
        }
    }
}

impl Drop for Traces {
    /// The future was dropped, or the engine did not answer: try once more from a task of its own. Whatever stays is the next attempt's.
    fn drop(&mut self) {
        if self.gone {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (docker, call) = (self.docker.clone(), self.call.clone());
        runtime.spawn(async move {
            let ours = |labels: &HashMap<String, String>| labels.get(CALL) == Some(&call);
            let _ = sweep(&docker, &format!("{CALL}={call}"), ours).await;
        });
    }
}

/// Containers first: a network with containers in it cannot be removed.
async fn sweep(
    docker: &Docker,
    label: &str,
    ours: impl Fn(&HashMap<String, String>) -> bool,
) -> Result<(), Error> {
    let filters = HashMap::from([("label", vec![label])]);
    let all = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    for found in docker.list_containers(Some(all)).await? {
        if found.labels.as_ref().is_some_and(&ours) {
            remove_container(docker, found.id.as_deref().unwrap_or_default()).await?;
        }
    }
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    for found in docker.list_networks(Some(networks)).await? {
        if found.labels.as_ref().is_some_and(&ours) {
            gone_is_fine(docker.remove_network(found.id.as_deref().unwrap_or_default()).await)?;
        }
    }
    Ok(())
}

/// Ends and removes a container with its anonymous volumes.
pub async fn remove_container(docker: &Docker, id: &str) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    gone_is_fine(docker.remove_container(id, Some(options)).await)
}

/// 404: gone already. 409: somebody removes it at this moment.
fn gone_is_fine(answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(Error::DockerResponseServerError { status_code: 404 | 409, .. }) => Ok(()),
        other => other,
    }
}
