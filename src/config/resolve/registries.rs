//! Registries and upstreams: how they are watched, and how to log in.

use super::super::file::{RegistryFile, UpstreamFile, heading};
use super::super::read::At;
use super::super::{Credentials, Resolved};
use super::{Resolver, value};
use crate::model::limits::POLL_UNCONFIGURED;
use crate::model::setup::{Recipe, RegistrySetup, Upstream};
use crate::model::{ImageRef, Registry, Setup, Span};
use std::collections::{BTreeMap, BTreeSet};

/// Between two looks where nothing else is said; `[registry]` declares the same.
const POLL: Span = Span::from_secs(60);

impl Resolver<'_> {
    pub(super) fn registries(
        &mut self,
        registries: &BTreeMap<String, At<RegistryFile>>,
    ) -> (BTreeMap<Registry, RegistrySetup>, BTreeMap<Registry, Credentials>) {
        let (mut setups, mut credentials) = (BTreeMap::new(), BTreeMap::new());
        for (host, at) in registries {
            let section = format!("[registry.{host:?}]");
            let poll = self.positive(&at.value.poll, "poll", &section);
            let aliases = self.aliases(&at.value);
            let login = self.login(at, &section);
            let Some(registry) = heading::<Registry>(host, at.line, &mut self.reader) else { continue };
            let setup = RegistrySetup { insecure: at.value.insecure.value, poll, aliases };
            if setups.insert(registry.clone(), setup).is_some() {
                self.error(
                    at.line,
                    format!("the registry {registry} is there twice"),
                    "take one of the sections out",
                );
            }
            credentials.extend(login.map(|login| (registry, login)));
        }
        (setups, credentials)
    }

    fn aliases(&mut self, file: &RegistryFile) -> BTreeSet<Registry> {
        let line = file.aliases.line;
        file.aliases.value.iter().filter_map(|alias| heading(alias, line, &mut self.reader)).collect()
    }

    fn login(&mut self, at: &At<RegistryFile>, section: &str) -> Option<Credentials> {
        let file = &at.value;
        let (from_file, from_env) = (file.password_file.as_ref(), file.password_env.as_ref());
        let keys = super::access::Keys { file: "password_file", env: "password_env", section };
        match (&file.username, from_file.or(from_env)) {
            (None, None) => None,
            (Some(username), Some(_)) => {
                let password = self.secret(from_file, from_env, &keys)?;
                Some(Credentials { username: username.value.clone(), password })
            }
            (Some(username), None) => {
                self.error(
                    username.line,
                    format!("{section} has a `username` and no password"),
                    "add `password_file` or `password_env`",
                );
                None
            }
            (None, Some(password)) => {
                self.error(
                    password.line,
                    format!("{section} has a password and no `username`"),
                    "add `username`",
                );
                None
            }
        }
    }

    pub(super) fn upstreams(
        &mut self,
        upstreams: &BTreeMap<String, At<UpstreamFile>>,
        recipes: &BTreeMap<ImageRef, Recipe>,
    ) -> BTreeMap<ImageRef, Upstream> {
        let mut out = BTreeMap::new();
        for (name, at) in upstreams {
            let section = format!("[upstream.{name:?}]");
            let poll = at.value.poll.as_ref().map(|poll| self.positive(poll, "poll", &section));
            let Some(image) = heading::<ImageRef>(name, at.line, &mut self.reader) else { continue };
            if recipes.contains_key(&image) {
                self.error(
                    at.line,
                    format!("{section} is built by a recipe"),
                    "take the section out; set `owner` in the recipe",
                );
            }
            let owner = value(at.value.owner.as_ref());
            if out.insert(image, Upstream { owner, poll }).is_some() {
                self.error(
                    at.line,
                    format!("{section} is there twice, under two spellings"),
                    "take one of them out",
                );
            }
        }
        out
    }
}

/// Every registry that the setup names has its defaults.
pub(super) fn with_defaults(mut setup: Setup) -> Setup {
    let images = setup.recipes.keys().chain(setup.upstreams.keys());
    let named: BTreeSet<Registry> = images.map(|image| image.registry.clone()).collect();
    for registry in named {
        let default = || RegistrySetup { insecure: false, poll: POLL, aliases: BTreeSet::new() };
        setup.registries.entry(registry).or_insert_with(default);
    }
    setup
}

impl Resolved {
    /// Between two looks at an image's tag: its own, its registry's, or what holds for a registry that only a Dockerfile names.
    pub fn poll(&self, image: &ImageRef) -> Span {
        let own = self.setup.upstreams.get(image).and_then(|upstream| upstream.poll);
        let registry = || self.setup.registries.get(&image.registry).map(|registry| registry.poll);
        own.or_else(registry).unwrap_or(POLL_UNCONFIGURED)
    }
}
