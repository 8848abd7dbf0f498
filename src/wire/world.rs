//! The ports, made of adapters.

use super::Trouble;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tidegate::adapters::builder::EngineBuilder;
use tidegate::adapters::clock::SystemClock;
use tidegate::adapters::engine_client::Engine;
use tidegate::adapters::fleet::swarm::Swarm;
use tidegate::adapters::notify::Channels;
use tidegate::adapters::probe::HttpProber;
use tidegate::adapters::provisioner::Commands;
use tidegate::adapters::registry::{self, RegistryAccess, RegistryClient};
use tidegate::adapters::tester::EngineTester;
use tidegate::config::{self, Resolved};
use tidegate::model::jobs::Ingredients;
use tidegate::model::notices::Target;
use tidegate::model::setup::{FleetKind, FleetSetup, Setup};
use tidegate::model::{ChannelName, FleetName, ImageRef, Owner, Registry};
use tidegate::ports::{Fleet, Nodes, Recipes, World};

/// The longest that one request to the builder's engine may take where no job says otherwise.
const ENGINE_WITHIN: Duration = Duration::from_secs(60);

/// The real world of a configuration.
pub fn world(resolved: &Resolved) -> Result<World, Trouble> {
    let credentials = credentials(resolved);
    let registries =
        Arc::new(RegistryClient::new(access(resolved, &credentials)).map_err(|e| Trouble::failed(&e))?);
    let engine =
        Engine::new("builder", &resolved.builder_host, ENGINE_WITHIN).map_err(|e| Trouble::usage(&e))?;
    let engine = Arc::new(engine);
    Ok(World {
        builder: Box::new(EngineBuilder::new(engine.clone(), registries.clone(), credentials.clone())),
        tester: Box::new(EngineTester::new(engine, credentials)),
        registries: Box::new(registries),
        fleets: fleets(resolved)?,
        nodes: nodes(resolved)?,
        provisioner: Box::new(provisioner(resolved)),
        prober: Box::new(HttpProber::new().map_err(|e| Trouble::failed(&e))?),
        recipes: Box::new(Files),
        notifier: Box::new(channels(resolved)?),
        clock: Arc::new(SystemClock),
    })
}

fn credentials(resolved: &Resolved) -> BTreeMap<Registry, registry::Credentials> {
    let given = resolved.credentials.iter();
    given
        .map(|(registry, given)| {
            let password = given.password.clone();
            (registry.clone(), registry::Credentials::Password { user: given.username.clone(), password })
        })
        .collect()
}

/// The owners' channels.
pub fn channels(resolved: &Resolved) -> Result<Channels, Trouble> {
    Channels::new(targets(resolved)).map_err(|e| Trouble::failed(&e))
}

/// The pools' commands.
pub fn provisioner(resolved: &Resolved) -> Commands {
    Commands::new(resolved.provisioners.clone())
}

/// Where the channels lead, and whose each is.
fn targets(resolved: &Resolved) -> BTreeMap<ChannelName, (Owner, Target)> {
    let owned = resolved.setup.channels.iter();
    owned
        .filter_map(|(name, channel)| {
            Some((name.clone(), (channel.owner.clone(), resolved.channels.get(name)?.clone())))
        })
        .collect()
}

fn access(
    resolved: &Resolved,
    credentials: &BTreeMap<Registry, registry::Credentials>,
) -> BTreeMap<Registry, RegistryAccess> {
    let setup = resolved.setup.registries.iter();
    setup
        .map(|(name, setup)| {
            let access =
                RegistryAccess { insecure: setup.insecure, credentials: credentials.get(name).cloned() };
            (name.clone(), access)
        })
        .collect()
}

fn fleets(resolved: &Resolved) -> Result<BTreeMap<FleetName, Box<dyn Fleet>>, Trouble> {
    let auths = auths(resolved);
    let mut fleets: BTreeMap<FleetName, Box<dyn Fleet>> = BTreeMap::new();
    for (name, setup) in &resolved.setup.fleets {
        fleets.insert(name.clone(), Box::new(fleet(name, setup)?.with_registry_auths(auths.clone())));
    }
    Ok(fleets)
}

/// The nodes of those fleets that have a pool; of others nobody asks.
fn nodes(resolved: &Resolved) -> Result<BTreeMap<FleetName, Box<dyn Nodes>>, Trouble> {
    let auths = auths(resolved);
    let mut nodes: BTreeMap<FleetName, Box<dyn Nodes>> = BTreeMap::new();
    for name in resolved.setup.pools.values().map(|pool| &pool.fleet) {
        if let Some(setup) = resolved.setup.fleets.get(name) {
            nodes.insert(name.clone(), Box::new(fleet(name, setup)?.with_registry_auths(auths.clone())));
        }
    }
    Ok(nodes)
}

fn fleet(name: &FleetName, setup: &FleetSetup) -> Result<Swarm, Trouble> {
    match setup.kind {
        FleetKind::Swarm => Swarm::new(name.clone(), &setup.host).map_err(|e| Trouble::usage(&e)),
    }
}

/// `X-Registry-Auth` of the Engine API: base64url of JSON.
fn auths(resolved: &Resolved) -> BTreeMap<Registry, String> {
    let given = resolved.credentials.iter();
    given
        .map(|(registry, given)| {
            let auth = serde_json::json!({
                "username": given.username,
                "password": given.password.expose(),
                "serveraddress": registry.as_str(),
            });
            (registry.clone(), BASE64_URL_SAFE.encode(auth.to_string()))
        })
        .collect()
}

/// Recipes in the folders that the configuration names.
struct Files;

#[async_trait]
impl Recipes for Files {
    async fn read(&self, setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>> {
        let names: Vec<ImageRef> = setup.recipes.keys().cloned().collect();
        let setup = setup.clone();
        let read = tokio::task::spawn_blocking(move || config::recipes::read(&setup)).await;
        read.unwrap_or_else(|error| {
            tracing::error!(%error, "reading the recipes did not end well");
            let why = || Err("reading it did not end well; the daemon's log says more".to_owned());
            names.into_iter().map(|image| (image, why())).collect()
        })
    }
}
