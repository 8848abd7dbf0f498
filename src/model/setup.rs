//! The resolved configuration: every default filled in, every reference checked.
//!
//! [`config`](crate::config) makes it from the file; the journal carries it, so that a replay needs no file.
//! It never holds a secret: credentials stay in the adapters that need them.

use super::ids::{ChannelName, FleetName, GateName, Owner, PoolName, WorkloadId};
use super::image::{ImageRef, Registry};
use super::nodes::Pool;
use super::notices::Channel;
use super::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All that the engine must know of what the operator wants.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Where to ask for tags, and how often.
    pub registries: BTreeMap<Registry, RegistrySetup>,
    /// What is known of images that somebody else publishes. Others are found from the Dockerfiles.
    pub upstreams: BTreeMap<ImageRef, Upstream>,
    /// The images that we build, by the name under which they are published.
    pub recipes: BTreeMap<ImageRef, Recipe>,
    /// The orchestrators.
    pub fleets: BTreeMap<FleetName, FleetSetup>,
    /// What runs there and is ours to move.
    pub workloads: BTreeMap<WorkloadId, Workload>,
    /// Who must approve what.
    pub gates: BTreeMap<GateName, Gate>,
    /// How owners are told of incidents.
    #[serde(default)]
    pub channels: BTreeMap<ChannelName, Channel>,
    /// The parts of fleets whose nodes are ours to replace.
    #[serde(default)]
    pub pools: BTreeMap<PoolName, Pool>,
    /// How long things are kept.
    pub retention: Retention,
    /// What a newer change of an image does to a run that is under way.
    pub newer: Newer,
    /// Whether build edges (other stages, `COPY --from`) carry a change on, as runtime edges do.
    pub build_edges: bool,
}

/// How a registry is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrySetup {
    /// Plain HTTP.
    pub insecure: bool,
    /// Between two looks at each tag.
    pub poll: Span,
    /// Other names under which notifications may call it.
    pub aliases: BTreeSet<Registry>,
}

/// An image that somebody else publishes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Upstream {
    /// Who answers for it: the vendor of an incident.
    pub owner: Option<Owner>,
    /// Between two looks, where it differs from its registry's.
    pub poll: Option<Span>,
}

/// How a built image is made and judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The folder that is sent to the engine, absolute.
    pub context: String,
    /// The Dockerfile, relative to the context.
    pub dockerfile: String,
    /// The stage that is built; the last one when absent.
    pub target: Option<String>,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// `os/architecture[/variant]`; the engine's own when absent.
    pub platform: Option<String>,
    /// How it is judged, in order.
    pub tests: Vec<TestSpec>,
    /// Who answers for it.
    pub owner: Option<Owner>,
    /// Who must approve it before it is published; nobody when absent.
    pub gate: Option<GateName>,
    /// The longest that a build may take.
    pub build_timeout: Span,
}

/// What is run against a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestSpec {
    /// Its name in reports, unique in its recipe.
    pub name: String,
    /// In the candidate, or against it.
    pub kind: TestKind,
    /// The command, as argv; never a shell's line.
    pub run: Vec<String>,
    /// Environment of the command.
    pub env: BTreeMap<String, String>,
    /// The longest that it may take, start to end.
    pub timeout: Span,
    /// Memory limit of each container, in bytes; none when absent.
    pub memory: Option<u64>,
    /// Whether the command's container reaches a network beyond the test's own.
    pub network: bool,
    /// The path of a JUnit XML file in the command's container.
    pub junit: Option<String>,
}

/// The two kinds of tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// A command in a container of the candidate.
    Command,
    /// The candidate is started as in production, waited for, and a client runs against it as host `candidate`.
    Service {
        /// The longest that it may take to become healthy.
        healthy_within: Span,
        /// The image that the client runs in; the candidate itself when absent.
        client: Option<ImageRef>,
        /// Environment of the started candidate.
        service_env: BTreeMap<String, String>,
    },
}

/// One orchestrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetSetup {
    /// What kind it is.
    pub kind: FleetKind,
    /// Where its API is: `unix:///…` or `http://host:port`.
    pub host: String,
}

/// The kinds of orchestrators behind the one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetKind {
    /// Docker Swarm.
    Swarm,
}

/// What runs an image and is moved by deploy steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// The image that it follows.
    pub image: ImageRef,
    /// Its place: lower ones are deployed first, equal ones in the order of their names.
    pub order: u32,
    /// How long it is watched after it has converged.
    pub soak: Span,
    /// The longest from the update to convergence.
    pub deadline: Span,
    /// Our own requests, one per running task.
    pub probes: Vec<ProbeSpec>,
    /// What happens when it is unhealthy.
    pub on_failure: OnFailure,
    /// Whether "running" counts as proof of health where there is neither a health check nor a probe.
    pub accept_running: bool,
    /// Who must approve it before it is deployed; nobody when absent.
    pub gate: Option<GateName>,
    /// Who answers for it: the customer of an incident.
    pub owner: Option<Owner>,
}

/// What happens when a deploy is unhealthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The spec from before is put back.
    Rollback,
    /// Irreversible (a schema migration): stop, and page a person.
    Stop,
}

/// One HTTP request of ours, per running task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// The URL, with `{node}` for the address of the node that the task runs on.
    pub url: String,
    /// The status that is expected.
    pub status: u16,
    /// A text that the body must contain.
    pub body: Option<String>,
    /// Between two requests to the same task.
    pub every: Span,
    /// The longest that one may take.
    pub timeout: Span,
    /// Failed requests that are let pass during one deploy.
    pub budget: u32,
}

/// Who must approve, before what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// What waits for it.
    pub before: GateBefore,
    /// How many different people.
    pub approvals: u32,
    /// Login names that may; everybody on the socket when empty.
    pub approvers: BTreeSet<String>,
    /// When an unanswered hold is rejected by itself; never when absent.
    pub expires: Option<Span>,
}

/// What a gate stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateBefore {
    /// Before the public tag moves.
    Publish,
    /// Before a workload is touched.
    Deploy,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Candidate tags of ended runs.
    pub candidates: Span,
    /// Build and test logs.
    pub logs: Span,
    /// Events of ended runs.
    pub journal: Span,
}

impl Default for Retention {
    fn default() -> Self {
        let day = 86_400;
        Self {
            candidates: Span::from_secs(7 * day),
            logs: Span::from_secs(30 * day),
            journal: Span::from_secs(365 * day),
        }
    }
}

/// What a newer change of an image does to a run that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Newer {
    /// The run goes on; the newer change starts after it.
    #[default]
    Finish,
    /// What has not been published yet is dropped for the newer change.
    Supersede,
}
