//! Recipes' Dockerfiles and contexts, read and digested: what the `Recipes` port answers.

use super::context::{self, ContextError};
use crate::lineage::{DockerfileError, DockerfileRead, read_dockerfile};
use crate::model::jobs::Ingredients;
use crate::model::limits::{DOCKERFILE_BYTES, MESSAGE_CHARS};
use crate::model::setup::Recipe;
use crate::model::text::clean;
use crate::model::{Digest, ImageRef, Setup};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Why a recipe cannot be read now.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// There is no such Dockerfile, or no such context.
    #[error("find the Dockerfile {}", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The Dockerfile is there and cannot be read as text.
    #[error("read the Dockerfile {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A symbolic link leads out of the context.
    #[error("read the Dockerfile {}: it is a link that leads out of the context", path.display())]
    Outside {
        /// Which one.
        path: PathBuf,
    },
    /// It is longer than any Dockerfile.
    #[error("read the Dockerfile {}: it has more than {DOCKERFILE_BYTES} bytes", path.display())]
    TooLong {
        /// Which one.
        path: PathBuf,
    },
    /// What stands in it cannot be read.
    #[error(transparent)]
    Dockerfile(#[from] DockerfileError),
    /// The context cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
}

/// Every recipe's ingredients, or why it cannot be read now, by image.
pub fn read(setup: &Setup) -> BTreeMap<ImageRef, Result<Ingredients, String>> {
    let one = |recipe| ingredients(recipe).map_err(|error| clean(&error.to_string(), MESSAGE_CHARS));
    setup.recipes.iter().map(|(image, recipe)| (image.clone(), one(recipe))).collect()
}

/// One recipe's ingredients.
pub fn ingredients(recipe: &Recipe) -> Result<Ingredients, RecipeError> {
    let (text, found) = read_dockerfile_of(recipe)?;
    let dockerfile = Digest::of(text.as_bytes());
    let recipe = digest(recipe, &dockerfile)?;
    Ok(Ingredients {
        dockerfile,
        recipe,
        bases: found.bases,
        unknown: found.unknown,
        buildkit: found.buildkit,
    })
}

/// A recipe's Dockerfile and what was found in it.
pub(super) fn read_dockerfile_of(recipe: &Recipe) -> Result<(String, DockerfileRead), RecipeError> {
    let text = dockerfile_text(Path::new(&recipe.context), &recipe.dockerfile)?;
    let found = read_dockerfile(&text, &recipe.args, recipe.target.as_deref(), recipe.platform.as_deref())?;
    Ok((text, found))
}

fn dockerfile_text(context: &Path, name: &str) -> Result<String, RecipeError> {
    let path = context.join(name);
    let (Ok(inside), Ok(real)) = (fs::canonicalize(context), fs::canonicalize(&path)) else {
        return Err(RecipeError::Missing { path });
    };
    if !real.starts_with(inside) {
        return Err(RecipeError::Outside { path });
    }
    text_of(&real)
        .map(|text| text.ok_or(RecipeError::TooLong { path: path.clone() }))
        .unwrap_or_else(|source| Err(RecipeError::Unreadable { path, source }))
}

/// A file's text, or none when it is too long for a Dockerfile. What is no file is never opened: a pipe would never end.
pub(super) fn text_of(path: &Path) -> io::Result<Option<String>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file"));
    }
    let mut text = String::new();
    File::open(path)?.take(DOCKERFILE_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok((text.len() <= DOCKERFILE_BYTES).then_some(text))
}

/// Everything that a build reads: Dockerfile, target, arguments, platform and context.
fn digest(recipe: &Recipe, dockerfile: &Digest) -> Result<Digest, ContextError> {
    let mut hash = Sha256::new();
    context::part(&mut hash, b"tidegate recipe 1");
    context::part(&mut hash, dockerfile.as_str().as_bytes());
    for optional in [&recipe.target, &recipe.platform] {
        context::part(&mut hash, if optional.is_some() { b"+" } else { b"-" });
        context::part(&mut hash, optional.as_deref().unwrap_or("").as_bytes());
    }
    context::part(&mut hash, recipe.args.len().to_string().as_bytes());
    for (name, value) in &recipe.args {
        context::part(&mut hash, name.as_bytes());
        context::part(&mut hash, value.as_bytes());
    }
    context::digest(Path::new(&recipe.context), &recipe.dockerfile, &mut hash)?;
    Ok(context::finish(hash))
}
