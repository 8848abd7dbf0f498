//! The file's type: every section with its keys, declared once.
//!
//! A declaration gives the field's type, whether it is required, its default as TOML, and its meaning. Reading, "did you mean" and
//! the tables of `docs/configuration.md` come from it; a test holds the documentation to it.

use super::read::{
    At, Bytes, Field, Key, KindName, Place, Reader, Section, field, field_needed, field_or, section,
};
use crate::model::ids::{NodeId, WorkloadName};
use crate::model::nodes::{Strategy, WaveSize};
use crate::model::setup::{FleetKind, GateBefore, Newer, OnFailure};
use crate::model::{FleetName, GateName, ImageRef, Owner, Span};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

macro_rules! kept {
    ([default $default:literal] $type:ty) => { At<$type> };
    ([$presence:ident] $type:ty) => { Option<At<$type>> };
}

macro_rules! declared {
    ([default $default:literal]) => {
        $default
    };
    ([required]) => {
        "required"
    };
    ([optional]) => {
        "none"
    };
}

macro_rules! taken {
    ([default $default:literal] $table:ident, $place:expr, $line:ident, $reader:ident) => {
        field_or($table, $place, $default, $reader)
    };
    ([required] $table:ident, $place:expr, $line:ident, $reader:ident) => {
        field_needed($table, $place, $line, $reader)
    };
    ([optional] $table:ident, $place:expr, $line:ident, $reader:ident) => {
        field($table, $place, $reader)
    };
}

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident $title:literal { $($kind:tt $key:ident : $type:ty, $meaning:literal;)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone)]
            pub(super) struct $name { $(pub(super) $key: kept!($kind $type),)* }

            impl Section for $name {
                const TITLE: &'static str = $title;
                const KEYS: &'static [Key] = &[
                    $(Key { name: stringify!($key), default: declared!($kind), meaning: $meaning },)*
                ];
                fn fields(table: &DeTable<'_>, line: usize, reader: &mut Reader) -> Self {
                    let _unused_without_required_keys = line;
                    Self {
                        $($key: taken!($kind table, Place { key: stringify!($key), section: $title }, line, reader),)*
                    }
                }
            }

            impl Field for $name {
                fn read(value: &Spanned<DeValue<'_>>, place: Place<'_>, reader: &mut Reader) -> Option<Self> {
                    section(value, place, reader)
                }
            }
        )*

        /// Every section's heading with its keys, for the documentation and its test.
        pub fn sections() -> Vec<(&'static str, &'static [Key])> {
            vec![$(($title, $name::KEYS),)*]
        }
    };
}

sections! {
    /// The whole file.
    File "" {
        [required] version: u32, "The version of this format: 1.";
        [default "\"state\""] state_dir: String, "The folder of the journal, the logs and the socket, relative to this file.";
        [optional] socket: String, "The control socket, relative to this file; `tidegate.sock` in `state_dir` without it.";
        [default "\"finish\""] newer: Newer, "What a newer change of an image does to a run under way: `finish` lets the run end first, `supersede` drops what is not published yet.";
        [default "true"] build_edges: bool, "Whether other stages and `COPY --from` carry a change on, as the base of the final stage does.";
        [optional] webhook: WebhookFile, "Where registries send notifications.";
        [default "{}"] retention: RetentionFile, "How long things are kept.";
        [default "{}"] registry: BTreeMap<String, At<RegistryFile>>, "How a registry is watched and logged in to.";
        [default "{}"] builder: BuilderFile, "The engine that builds and tests.";
        [default "{}"] upstream: BTreeMap<String, At<UpstreamFile>>, "What is known of an image that somebody else publishes.";
        [default "[]"] recipe: Vec<At<RecipeFile>>, "An image that is built here.";
        [default "{}"] gate: BTreeMap<String, At<GateFile>>, "Who must approve.";
        [default "{}"] channel: BTreeMap<String, At<ChannelFile>>, "How an owner is told of incidents.";
        [default "{}"] fleet: BTreeMap<String, At<FleetFile>>, "An orchestrator.";
        [default "[]"] workload: Vec<At<WorkloadFile>>, "What runs an image and is moved onto new ones.";
        [default "{}"] pools: BTreeMap<String, At<PoolFile>>, "The part of a fleet's nodes that is updated together.";
    }
    /// The listener for notifications.
    WebhookFile "[webhook]" {
        [required] listen: SocketAddr, "The address and port to listen on.";
        [optional] token_file: String, "A file with the token that notifications must carry, relative to this file.";
        [optional] token_env: String, "The environment variable with that token; one of the two is required.";
        [optional] release_token_file: String, "A file with the token that announcements of releases must carry, relative to this file; without one none is taken.";
        [optional] release_token_env: String, "The environment variable with that token.";
    }
    /// How long things are kept.
    RetentionFile "[retention]" {
        [default "\"7d\""] candidates: Span, "Candidate tags of ended runs.";
        [default "\"30d\""] logs: Span, "Build and test logs.";
        [default "\"365d\""] journal: Span, "Events of ended runs.";
    }
    /// A registry.
    RegistryFile "[registry.\"HOST\"]" {
        [default "false"] insecure: bool, "Plain HTTP instead of HTTPS.";
        [default "\"60s\""] poll: Span, "Between two looks at each tag.";
        [default "[]"] aliases: Vec<String>, "Other names under which its notifications may call it.";
        [optional] username: String, "The account to log in with.";
        [optional] password_file: String, "A file with the account's password or token, relative to this file.";
        [optional] password_env: String, "The environment variable with it.";
    }
    /// The engine that builds and tests.
    BuilderFile "[builder]" {
        [default "\"unix:///var/run/docker.sock\""] host: String, "The Docker Engine's API: `unix:///path` or `http://host:port`.";
    }
    /// An image of somebody else.
    UpstreamFile "[upstream.\"IMAGE\"]" {
        [optional] owner: Owner, "Who answers for it: the vendor of an incident.";
        [optional] poll: Span, "Between two looks, where it differs from its registry's.";
    }
    /// An image of ours.
    RecipeFile "[[recipe]]" {
        [required] image: ImageRef, "The name under which it is published.";
        [required] context: String, "The folder that is sent to the engine, relative to this file.";
        [default "\"Dockerfile\""] dockerfile: String, "The Dockerfile, relative to the context.";
        [optional] target: String, "The stage that is built; the last one without it.";
        [default "{}"] args: BTreeMap<String, String>, "Build arguments; they also fill the variables of `FROM`.";
        [optional] platform: String, "`os/architecture[/variant]`; the engine's own without it.";
        [optional] owner: Owner, "Who answers for it.";
        [optional] gate: GateName, "A gate with `before = \"publish\"`; nobody is asked without it.";
        [default "\"30m\""] build_timeout: Span, "The longest that a build may take.";
        [default "[]"] test: Vec<At<TestFile>>, "What is run against a candidate, in order.";
    }
    /// A test of a recipe.
    TestFile "[[recipe.test]]" {
        [required] name: String, "Its name in reports, unique in its recipe.";
        [default "\"command\""] kind: KindName, "`command` runs in a container of the candidate; `service` starts the candidate and runs a client against it as host `candidate`.";
        [required] run: Vec<String>, "The command as a list of words; it never goes through a shell.";
        [default "{}"] env: BTreeMap<String, String>, "Environment of the command.";
        [default "\"5m\""] timeout: Span, "The longest that it may take.";
        [optional] memory: Bytes, "Memory limit of each container; none without it.";
        [default "false"] network: bool, "Whether the command reaches a network beyond the test's own.";
        [optional] junit: String, "The path of a JUnit XML file in the command's container.";
        [default "\"60s\""] healthy_within: Span, "`service` only: the longest that the candidate may take to become healthy.";
        [optional] client: ImageRef, "`service` only: the image that the client runs in; the candidate itself without it.";
        [default "{}"] service_env: BTreeMap<String, String>, "`service` only: environment of the started candidate.";
    }
    /// A gate.
    GateFile "[gate.NAME]" {
        [required] before: GateBefore, "What waits for it: `publish` (the public tag moves) or `deploy` (a workload is touched).";
        [default "1"] approvals: u32, "How many different people must approve. Who started the run by hand (`tidegate start`, `S`) is none of them.";
        [default "[]"] approvers: Vec<String>, "Login names that may; everybody on the socket when empty.";
        [optional] expires: Span, "When an unanswered hold is rejected by itself; never without it.";
    }
    /// How an owner is told.
    ChannelFile "[channel.NAME]" {
        [required] owner: Owner, "Who is told over it: an `owner` of an upstream, a recipe, a workload or a pool.";
        [optional] webhook_file: String, "A file with the URL that notices are POSTed to, relative to this file; a URL is often a secret.";
        [optional] webhook_env: String, "The environment variable with that URL.";
        [optional] secret_file: String, "Webhook only: a file with the secret that notices are signed with (HMAC-SHA256), relative to this file.";
        [optional] secret_env: String, "The environment variable with that secret; a webhook needs one of the two.";
        [default "[]"] command: Vec<String>, "A command instead of a webhook, as argv; it gets the notice as JSON on its standard input.";
        [default "\"15s\""] timeout: Span, "The longest that one try may take.";
        [default "false"] evidence: bool, "Whether a vendor who is told over it sees what tests, tasks and probes of the customer said.";
    }
    /// An orchestrator.
    FleetFile "[fleet.NAME]" {
        [required] kind: FleetKind, "What it is: `swarm`.";
        [default "\"unix:///var/run/docker.sock\""] host: String, "Its API: `unix:///path` or `http://host:port`.";
    }
    /// A workload.
    WorkloadFile "[[workload]]" {
        [required] fleet: FleetName, "The fleet that it runs on.";
        [required] service: WorkloadName, "Its name there: the Swarm service.";
        [required] image: ImageRef, "The image that it follows; a recipe must build it.";
        [default "0"] order: u32, "Lower ones are deployed first, equal ones in the order of their names.";
        [default "\"60s\""] soak: Span, "How long it is watched after it has converged.";
        [default "\"5m\""] deadline: Span, "The longest from the update to convergence.";
        [default "\"rollback\""] on_failure: OnFailure, "When it is unhealthy: `rollback` puts the spec from before back, `stop` stops and asks for a person (a schema migration).";
        [default "false"] accept_running: bool, "Whether \"running\" is proof of health where there is neither a health check nor a probe.";
        [optional] gate: GateName, "A gate with `before = \"deploy\"`; nobody is asked without it.";
        [optional] owner: Owner, "Who answers for it: the customer of an incident.";
        [default "[]"] probe: Vec<At<ProbeFile>>, "Our own HTTP requests, one per running task.";
    }
    /// A pool of nodes.
    PoolFile "[pools.NAME]" {
        [required] fleet: FleetName, "The fleet that its nodes are in.";
        [default "\"surge\""] strategy: Strategy, "How a node gets a release: `surge` makes a new node first and removes the old one last, `in_place` empties the node and updates it.";
        [default "[1, \"25%\", \"100%\"]"] waves: Vec<WaveSize>, "Nodes in the first wave, the second, and so on, as numbers or shares of the pool; the last one is repeated.";
        [default "1"] max_unavailable: u32, "Nodes that may be out (down, cordoned, drained) at the same time.";
        [default "\"5m\""] soak: Span, "How long the work that moved is watched before a node counts as good.";
        [default "0"] failure_budget: u32, "Nodes that may fail before a rollout stops; 0 stops at the first.";
        [default "{}"] limits: LimitsFile, "The longest that each part of a node's step may take.";
        [default "[]"] zones: Vec<String>, "Zones in the order in which they are done; others follow by their names.";
        [optional] owner: Owner, "Who answers for the nodes' releases: the vendor of an incident.";
        [optional] automatic_after: Span, "How long a release must have been announced before it is taken by itself; only a person starts a rollout without it.";
        [optional] own_node: NodeId, "The node that Tidegate itself runs on, which goes last.";
        [default "[]"] provision: Vec<String>, "The command that makes a machine, as argv; `surge` needs it.";
        [default "[]"] deprovision: Vec<String>, "The command that removes one; needed beside `provision`.";
        [default "[]"] list: Vec<String>, "The command that lists the pool's machines; needed beside `provision`.";
        [default "[]"] update: Vec<String>, "The command that updates a node where it stands; `in_place` needs it. `{node}`, `{address}` and `{release}` in it are replaced.";
        [default "{}"] env: BTreeMap<String, String>, "Environment of the commands; a secret does not belong here, the path of its file does.";
    }
    /// The longest that each part of a node's step may take.
    LimitsFile "[pools.NAME.limits]" {
        [default "\"15m\""] provision: Span, "Making a machine, or removing one.";
        [default "\"10m\""] join: Span, "From then until it has joined the fleet.";
        [default "\"30m\""] shift: Span, "Moving a node's work.";
        [default "\"30m\""] update: Span, "Updating a node where it stands.";
        [default "\"1m\""] list: Span, "Listing the machines.";
    }
    /// A probe of a workload.
    ProbeFile "[[workload.probe]]" {
        [required] url: String, "The URL, with `{node}` for the address of the node that the task runs on.";
        [default "200"] status: u32, "The status that is expected.";
        [optional] body: String, "A text that the body must contain.";
        [default "\"5s\""] every: Span, "Between two requests to the same task.";
        [default "\"2s\""] timeout: Span, "The longest that one may take.";
        [default "0"] budget: u32, "Failed requests that are let pass during one deploy.";
    }
}

/// A name in a section's heading, or the problem with it.
pub(super) fn heading<T: std::str::FromStr<Err: std::fmt::Display>>(
    text: &str,
    line: usize,
    reader: &mut Reader,
) -> Option<T> {
    match text.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            reader.problems.error(line, error, "");
            None
        }
    }
}
