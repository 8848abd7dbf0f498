//! Channels: whose each is, and where it leads.

use super::super::file::{ChannelFile, heading};
use super::super::read::At;
use super::access::Keys;
use super::{Resolver, value};
use crate::model::nodes::Pool;
use crate::model::notices::{Channel, Target, VendorSees};
use crate::model::secret::Secret;
use crate::model::setup::{Recipe, Upstream, Workload};
use crate::model::{ChannelName, ImageRef, Owner, PoolName, WorkloadId};
use std::collections::{BTreeMap, BTreeSet};

/// What the engine knows of channels, and what only their adapter does.
pub(super) type Channels = (BTreeMap<ChannelName, Channel>, BTreeMap<ChannelName, Target>);

impl Resolver<'_> {
    pub(super) fn channels(&mut self, channels: &BTreeMap<String, At<ChannelFile>>) -> Channels {
        let mut out = Channels::default();
        for (name, at) in channels {
            let target = self.target(at, &format!("[channel.{name}]"));
            let name: Option<ChannelName> = heading(name, at.line, &mut self.reader);
            let owner = value(at.value.owner.as_ref());
            let (Some(name), Some(owner), Some(target)) = (name, owner, target) else { continue };
            let kind = target.kind();
            let vendor_sees =
                if at.value.evidence.value { VendorSees::Evidence } else { VendorSees::Summary };
            out.0.insert(name.clone(), Channel { owner, kind, vendor_sees });
            out.1.insert(name, target);
        }
        out
    }

    /// A channel leads to exactly one place.
    fn target(&mut self, at: &At<ChannelFile>, section: &str) -> Option<Target> {
        let file = &at.value;
        let within = self.positive(&file.timeout, "timeout", section);
        let url = file.webhook_file.as_ref().or(file.webhook_env.as_ref());
        match (url, file.command.value.as_slice()) {
            (None, []) => {
                let hint = "add `webhook_file`, `webhook_env` or `command`";
                self.error(at.line, format!("{section} leads nowhere"), hint);
                None
            }
            (Some(url), [_, ..]) => {
                let message = format!("{section} has both a webhook and a `command`");
                self.error(url.line, message, "keep one of them; an owner may have several channels");
                None
            }
            (None, argv) => Some(Target::Command { argv: argv.to_vec(), within }),
            (Some(line), []) => {
                let line = line.line;
                let url = self.url(file, section, line);
                let secret = self.signing_secret(at, section);
                Some(Target::Webhook { url: url?, secret: secret?, within })
            }
        }
    }

    /// The URL is not shown, also when it is wrong: it may hold a token.
    fn url(&mut self, file: &ChannelFile, section: &str, line: usize) -> Option<Secret> {
        let keys = Keys { file: "webhook_file", env: "webhook_env", section };
        let url = self.secret(file.webhook_file.as_ref(), file.webhook_env.as_ref(), &keys)?;
        let good = ["http://", "https://"].iter().any(|scheme| url.expose().starts_with(scheme));
        if !good || url.expose().contains(char::is_whitespace) {
            let message = format!("the URL of {section} is none");
            self.error(line, message, "write one line that begins with https:// there");
            return None;
        }
        Some(url)
    }

    fn signing_secret(&mut self, at: &At<ChannelFile>, section: &str) -> Option<Secret> {
        let (from_file, from_env) = (at.value.secret_file.as_ref(), at.value.secret_env.as_ref());
        if from_file.or(from_env).is_none() {
            let message = format!("{section} has no secret, so its receiver could not tell who wrote");
            self.error(at.line, message, "add `secret_file` or `secret_env`");
        }
        self.secret(from_file, from_env, &Keys { file: "secret_file", env: "secret_env", section })
    }

    /// A channel of an owner who owns nothing is never used.
    pub(super) fn unused_channels(
        &mut self,
        files: &BTreeMap<String, At<ChannelFile>>,
        owners: &BTreeSet<Owner>,
    ) {
        for (name, at) in files {
            let Some(owner) = &at.value.owner else { continue };
            if !owners.contains(&owner.value) {
                self.warning(
                    owner.line,
                    format!("[channel.{name}] is of {:?}, who owns nothing", owner.value.as_str()),
                    "name it as `owner` of an upstream, a recipe, a workload or a pool",
                );
            }
        }
    }
}

/// Everybody who owns something.
pub(super) fn owners(
    upstreams: &BTreeMap<ImageRef, Upstream>,
    recipes: &BTreeMap<ImageRef, Recipe>,
    workloads: &BTreeMap<WorkloadId, Workload>,
    pools: &BTreeMap<PoolName, Pool>,
) -> BTreeSet<Owner> {
    let upstreams = upstreams.values().filter_map(|upstream| upstream.owner.clone());
    let recipes = recipes.values().filter_map(|recipe| recipe.owner.clone());
    let workloads = workloads.values().filter_map(|workload| workload.owner.clone());
    let pools = pools.values().filter_map(|pool| pool.owner.clone());
    upstreams.chain(recipes).chain(workloads).chain(pools).collect()
}
