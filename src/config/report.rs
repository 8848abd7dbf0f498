//! What `tidegate lineage` prints: the images that Dockerfiles take something from, as a tree or as JSON.

use super::discover::discover;
use super::{Resolved, recipes};
use crate::lineage::{DockerfileRead, Lineage, LineageError, Runtime, read_dockerfile};
use crate::model::ImageRef;
use crate::model::jobs::{BaseName, Ingredients, Need, Role, Unknown};
use crate::model::limits::MESSAGE_CHARS;
use crate::model::text::clean;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Something was named that is neither a path nor an image of the configuration.
    #[error("find {0:?}: it is no file, no folder, and no image of the configuration")]
    NotFound(String),
    /// A folder cannot be searched.
    #[error("search {}: {source}", path.display())]
    Unreadable {
        /// Which folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The recipes make no graph.
    #[error(transparent)]
    Lineage(#[from] LineageError),
}

/// The answer; its JSON form is described in `docs/configuration.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LineageReport {
    /// The version of this form: 1.
    pub version: u32,
    /// Dockerfiles, in the order they were asked for; those of a folder by path.
    pub files: Vec<ReportedFile>,
    /// Images of the configuration that were asked for.
    pub images: Vec<ReportedImage>,
}

/// One Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReportedFile {
    /// Its path as it was found.
    pub file: String,
    /// The image that the configuration builds from it.
    pub image: Option<String>,
    /// The runtime base; none for `scratch` and where it is unknown.
    pub runtime: Option<String>,
    /// Whether the final stage stands on nothing.
    pub scratch: bool,
    /// Images that other stages and copies take from.
    pub build: Vec<String>,
    /// What could not be resolved.
    pub unknown: Vec<Unknown>,
    /// The first line that needs BuildKit.
    pub buildkit: Option<Need>,
    /// Why the file could not be read at all.
    pub error: Option<String>,
}

/// One image of the configuration's lineage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportedImage {
    /// Its name.
    pub image: String,
    /// Whether a recipe builds it.
    pub built: bool,
    /// The image its final stage stands on, and those it otherwise takes from.
    pub runtime: Vec<String>,
    /// The images that it otherwise takes from.
    pub build: Vec<String>,
    /// What is rebuilt when it changes, in order.
    pub affects: Vec<String>,
}

/// Reports on `targets`: files, folders, and images of the configuration. With no target: the configuration's recipes, or the
/// current folder where there is no configuration.
pub fn lineage_report(targets: &[String], config: Option<&Resolved>) -> Result<LineageReport, ReportError> {
    let mut report = LineageReport { version: 1, files: Vec::new(), images: Vec::new() };
    match (targets, config) {
        ([], Some(config)) => {
            report.files.extend(config.setup.recipes.keys().filter_map(|image| recipe(config, image)));
        }
        ([], None) => folder(Path::new("."), &mut report)?,
        (targets, config) => {
            for name in targets {
                target(name, config, &mut report)?;
            }
        }
    }
    Ok(report)
}

fn target(name: &str, config: Option<&Resolved>, report: &mut LineageReport) -> Result<(), ReportError> {
    let path = Path::new(name);
    if path.is_dir() {
        return folder(path, report);
    }
    if path.is_file() {
        report.files.push(file(path));
        return Ok(());
    }
    let (Some(config), Ok(wanted)) = (config, name.parse::<ImageRef>()) else {
        return Err(ReportError::NotFound(clean(name, MESSAGE_CHARS)));
    };
    let lineage = lineage_of(config)?;
    if !lineage.contains(&wanted) {
        return Err(ReportError::NotFound(clean(name, MESSAGE_CHARS)));
    }
    report.files.extend(recipe(config, &wanted));
    report.images.push(image(&wanted, &lineage, config.setup.build_edges));
    Ok(())
}

fn folder(path: &Path, report: &mut LineageReport) -> Result<(), ReportError> {
    let unreadable = |source| ReportError::Unreadable { path: path.to_owned(), source };
    report.files.extend(discover(path).map_err(unreadable)?.iter().map(|path| file(path)));
    Ok(())
}

fn file(path: &Path) -> ReportedFile {
    let shown = clean(&path.to_string_lossy(), MESSAGE_CHARS);
    let read = match recipes::text_of(path) {
        Ok(Some(text)) => {
            read_dockerfile(&text, &BTreeMap::new(), None, None).map_err(|error| error.to_string())
        }
        Ok(None) => Err("read it: it is too long for a Dockerfile".to_owned()),
        Err(error) => Err(format!("read it: {error}")),
    };
    reported(shown, None, read)
}

fn recipe(config: &Resolved, image: &ImageRef) -> Option<ReportedFile> {
    let recipe = config.setup.recipes.get(image)?;
    let path = Path::new(&recipe.context).join(&recipe.dockerfile);
    let read = recipes::read_dockerfile_of(recipe).map(|(_, read)| read).map_err(|error| error.to_string());
    Some(reported(clean(&path.to_string_lossy(), MESSAGE_CHARS), Some(image.to_string()), read))
}

fn reported(file: String, image: Option<String>, read: Result<DockerfileRead, String>) -> ReportedFile {
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            return ReportedFile {
                file,
                image,
                error: Some(clean(&error, MESSAGE_CHARS)),
                ..ReportedFile::default()
            };
        }
    };
    let of = |role| read.bases.iter().filter(move |base| base.role == role).map(|base| named(&base.from));
    ReportedFile {
        file,
        image,
        runtime: of(Role::Runtime).next(),
        scratch: read.runtime == Runtime::Scratch,
        build: of(Role::Build).collect(),
        unknown: read.unknown,
        buildkit: read.buildkit,
        error: None,
    }
}

fn named(name: &BaseName) -> String {
    match name {
        BaseName::Tag(image) => image.to_string(),
        BaseName::Pinned(pinned) => pinned.to_string(),
    }
}

/// The graph of what can be read; recipes that cannot are left out, and their files say why.
fn lineage_of(config: &Resolved) -> Result<Lineage, LineageError> {
    let mut known = BTreeMap::new();
    for (image, recipe) in &config.setup.recipes {
        if let Ok((text, found)) = recipes::read_dockerfile_of(recipe) {
            let digest = crate::model::Digest::of(text.as_bytes());
            let (bases, unknown, buildkit) = (found.bases, found.unknown, found.buildkit);
            known.insert(
                image.clone(),
                Ingredients { dockerfile: digest.clone(), recipe: digest, bases, unknown, buildkit },
            );
        }
    }
    Lineage::new(&known)
}

fn image(image: &ImageRef, lineage: &Lineage, build_edges: bool) -> ReportedImage {
    let parents = lineage.parents(image);
    let of = |role| {
        parents.iter().filter(move |edge| edge.role == role).map(|edge| edge.image.to_string()).collect()
    };
    let affects = lineage.affected(std::slice::from_ref(image), build_edges);
    ReportedImage {
        image: image.to_string(),
        built: lineage.is_built(image),
        runtime: of(Role::Runtime),
        build: of(Role::Build),
        affects: affects.iter().map(ToString::to_string).collect(),
    }
}

impl LineageReport {
    /// The report as JSON, one line a value.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report has only texts, numbers and lists")
    }
}

impl fmt::Display for LineageReport {
    /// One tree a file or image.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.files.is_empty() && self.images.is_empty() {
            return writeln!(f, "no Dockerfile found");
        }
        for file in &self.files {
            let title = file
                .image
                .as_ref()
                .map_or_else(|| file.file.clone(), |image| format!("{image}  {}", file.file));
            tree(f, &title, &file.branches())?;
        }
        for image in &self.images {
            tree(f, &image.image, &image.branches())?;
        }
        Ok(())
    }
}

fn tree(f: &mut fmt::Formatter<'_>, title: &str, branches: &[(&str, String)]) -> fmt::Result {
    writeln!(f, "{title}")?;
    for (index, (label, text)) in branches.iter().enumerate() {
        let arm = if index + 1 == branches.len() { "└─" } else { "├─" };
        writeln!(f, "{arm} {label:<9}{text}")?;
    }
    Ok(())
}

impl ReportedFile {
    fn branches(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::new();
        out.extend(self.error.as_ref().map(|error| ("error", format!("failed to {error}"))));
        out.extend(self.runtime.as_ref().map(|runtime| ("runtime", runtime.clone())));
        out.extend(self.scratch.then(|| ("runtime", "scratch".to_owned())));
        out.extend(self.build.iter().map(|build| ("build", build.clone())));
        let unknown = |unknown: &Unknown| {
            ("unknown", format!("line {}: {}: {}", unknown.line, unknown.text, unknown.why))
        };
        out.extend(self.unknown.iter().map(unknown));
        out.extend(
            self.buildkit.as_ref().map(|need| ("buildkit", format!("line {}: {}", need.line, need.what))),
        );
        out
    }
}

impl ReportedImage {
    fn branches(&self) -> Vec<(&'static str, String)> {
        let runtime = self.runtime.iter().map(|image| ("runtime", image.clone()));
        let build = self.build.iter().map(|image| ("build", image.clone()));
        runtime.chain(build).chain(self.affects.iter().map(|image| ("affects", image.clone()))).collect()
    }
}
