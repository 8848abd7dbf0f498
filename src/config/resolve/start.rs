//! Where loading begins: the file, then every part of it, then the whole.

use super::super::file::File;
use super::super::problem::ConfigError;
use super::super::read::{Place, Reader, Section};
use super::super::{Resolved, file};
use super::{Resolver, value};
use crate::model::setup::{FleetSetup, Retention};
use crate::model::{FleetName, Setup, Span};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The only version of the format.
const VERSION: u32 = 1;
/// A Unix socket's path must fit into `sun_path`, 108 bytes with its end (unix(7)).
const SOCKET_PATH_BYTES: usize = 107;

/// Reads, checks and resolves a configuration file, with this process's environment.
pub fn load(path: &Path) -> Result<Resolved, ConfigError> {
    load_with(path, &|name| std::env::var(name).ok())
}

/// [`load`] with another environment.
pub fn load_with(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Resolved, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { file: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let file = std::path::absolute(path).map_err(unreadable)?;
    parse(&text, &file, env)
}

/// [`load_with`], of a text that was read already, as if it stood in `file`, which must be absolute. Dockerfiles are still read from disk.
pub fn parse(text: &str, file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Resolved, ConfigError> {
    let base = file.parent().map_or_else(PathBuf::new, Path::to_owned);
    let (mut reader, table) = Reader::parse(text);
    // What stands around a syntax error would only be wrong in more places.
    reader.problems.checked(file)?;
    reader.unknown_keys(table.get_ref(), File::TITLE, File::KEYS);
    let read = File::fields(table.get_ref(), 1, &mut reader);
    let mut resolver = Resolver { reader, base: &base, env };
    let resolved = resolver.resolve(&read, file.to_owned());
    let warnings = resolver.reader.problems.finish(file)?;
    Ok(Resolved { warnings, ..resolved })
}

impl Resolver<'_> {
    fn resolve(&mut self, file: &File, path: PathBuf) -> Resolved {
        self.version(file);
        let state_dir = self.path(&file.state_dir.value);
        let gates = self.gates(&file.gate.value);
        let fleets = self.fleets(&file.fleet.value);
        let recipes = self.recipes(&file.recipe.value, &gates);
        let workloads = self.workloads(&file.workload.value, &gates, &fleets, &recipes);
        let upstreams = self.upstreams(&file.upstream.value, &recipes);
        let (registries, credentials) = self.registries(&file.registry.value);
        self.unused_gates(&file.gate.value, &recipes, &workloads);
        let (channels, targets) = self.channels(&file.channel.value);
        let (pools, provisioners) = self.pools(&file.pools.value, &fleets);
        let owners = super::channels::owners(&upstreams, &recipes, &workloads, &pools);
        self.unused_channels(&file.channel.value, &owners);
        let setup = Setup {
            channels,
            pools,
            registries,
            upstreams,
            recipes,
            fleets,
            workloads,
            gates,
            retention: self.retention(file),
            newer: file.newer.value,
            build_edges: file.build_edges.value,
        };
        self.lineage(file, &setup);
        Resolved {
            setup: super::registries::with_defaults(setup),
            file: path,
            socket: self.socket(file, &state_dir),
            state_dir,
            webhook: self.webhook(file),
            builder_host: self.host(&file.builder.value.host, "[builder]"),
            channels: targets,
            provisioners,
            credentials,
            warnings: Vec::new(),
        }
    }

    fn version(&mut self, file: &File) {
        let line = file.version.as_ref().map_or(1, |at| at.line);
        if let Some(version) = value(file.version.as_ref())
            && version != VERSION
        {
            self.error(line, format!("version {version} is not known"), format!("write version = {VERSION}"));
        }
    }

    fn retention(&mut self, file: &File) -> Retention {
        let kept = &file.retention.value;
        Retention { candidates: kept.candidates.value, logs: kept.logs.value, journal: kept.journal.value }
    }

    fn socket(&mut self, file: &File, state_dir: &Path) -> PathBuf {
        let socket = match &file.socket {
            Some(at) => self.path(&at.value),
            None => state_dir.join("tidegate.sock"),
        };
        let length = socket.as_os_str().len();
        if length > SOCKET_PATH_BYTES {
            let line = file.socket.as_ref().map_or(file.state_dir.line, |at| at.line);
            self.error(
                line,
                format!(
                    "the control socket's path has {length} bytes, and the system takes {SOCKET_PATH_BYTES}"
                ),
                "set `socket` to a shorter path",
            );
        }
        socket
    }

    fn fleets(
        &mut self,
        fleets: &BTreeMap<String, super::At<file::FleetFile>>,
    ) -> BTreeMap<FleetName, FleetSetup> {
        let mut out = BTreeMap::new();
        for (name, at) in fleets {
            let section = format!("[fleet.{name}]");
            let host = self.host(&at.value.host, &section);
            let kind = value(at.value.kind.as_ref());
            let name: Option<FleetName> = file::heading(name, at.line, &mut self.reader);
            if let (Some(name), Some(kind)) = (name, kind) {
                out.insert(name, FleetSetup { kind, host });
            }
        }
        out
    }

    fn host(&mut self, host: &super::At<String>, section: &str) -> String {
        let known = ["unix:///", "http://"].iter().any(|start| host.value.starts_with(start));
        if !known {
            let place = Place { key: "host", section };
            self.error(
                host.line,
                format!("{place} is {:?}", host.value),
                "write `unix:///path` or `http://host:port`",
            );
        }
        host.value.clone()
    }

    /// Notes a length of time of nothing, where only a longer one makes sense.
    pub(super) fn positive(&mut self, span: &super::At<Span>, key: &str, section: &str) -> Span {
        if span.value == Span::from_millis(0) {
            let place = Place { key, section };
            self.error(
                span.line,
                format!("{place} is zero, so it would always be over at once"),
                "write a longer time",
            );
        }
        span.value
    }
}
